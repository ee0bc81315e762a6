"""Reads a streamed chat completion: the text so far, and at the end a completion as one that is sent whole."""

from __future__ import annotations

import json
from typing import Any

MAX_STREAM_BYTES = 8 * 1024 * 1024  # a token takes some hundred bytes
MAX_TEXT = 256 * 1024  # characters
_DATA = "data:"
_END = "[DONE]"


class Progress:
    """The text of the latest completion so far. It outlives the call that reads it, which the time may cut off.

    broken: the stream broke off after its text had begun.
    """

    def __init__(self) -> None:
        self.text = ""
        self.broken = False
        self._reasoning = ""
        self._finish: str | None = None
        self._further: dict[str, Any] = {}

    def begin(self) -> None:
        """Forgets an earlier attempt."""
        self.text = self._reasoning = ""
        self.broken = False
        self._finish = None
        self._further = {}

    def feed(self, line: str) -> None:
        """Adds one line of the event stream. Lines that cannot be read are passed over."""
        if not line.startswith(_DATA) or (data := line[len(_DATA) :].strip()) in ("", _END):
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        for name in ("model", "usage", "error", "system_fingerprint"):
            if event.get(name):
                self._further[name] = event[name]
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        self._finish = choice.get("finish_reason") or self._finish
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._add(delta)

    def _add(self, delta: dict[str, Any]) -> None:
        if isinstance(content := delta.get("content"), str) and len(self.text) < MAX_TEXT:
            self.text += content
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str) and len(self._reasoning) < MAX_TEXT:
            self._reasoning += thought

    @property
    def characters(self) -> int:
        """Length of what the model has written so far, with its reasoning."""
        return len(self.text) + len(self._reasoning)

    @property
    def has_usage(self) -> bool:
        """Whether the endpoint has reported the tokens."""
        return "usage" in self._further

    def response(self) -> dict[str, Any]:
        """The completion in the form of one that was not streamed; without choices if it is nothing but an error."""
        if "error" in self._further and not self.text:
            return {"error": self._further["error"]}
        message = {"role": "assistant", "content": self.text, "reasoning_content": self._reasoning}
        further = {name: value for name, value in self._further.items() if name != "error"}
        return further | {"choices": [{"index": 0, "message": message, "finish_reason": self._finish or "length"}]}
