"""What a chat endpoint accepts: formats and parameters, learnt from its refusals and forgotten after a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.copy.providers.chat_reply import EndpointError

RESPONSE_FORMATS: Final = ("json_schema", "json_object", "text")  # the strictest first; "text" is never refused
TOKEN_LIMITS: Final = ("max_tokens", "max_completion_tokens", "none")  # the most widely known first
TEMPERATURES: Final = ("temperature", "none")
STREAMS: Final = ("stream", "none")  # with the usage at the end of the stream, or not at all
# Servers are upgraded and models exchanged under the same name. A refused request costs no tokens.
FORGET_SECONDS: Final = 3600.0
MIN_TOKENS: Final = 500  # five short texts; a context that holds fewer is no use
_CHOICES: Final = {"format": RESPONSE_FORMATS, "tokens": TOKEN_LIMITS, "temperature": TEMPERATURES, "stream": STREAMS}

_FORMAT_WORDS: Final = re.compile(
    r"response_format|json_schema|json_object|\bschema|structured|guided|grammar|requested parameters|json mode", re.I
)
_TOO_LONG: Final = re.compile(
    r"context (?:length|size|window)|exceed_context|maximum context|too large|too many tokens|"
    r"less than or equal to|at least 1, got -",
    re.I,
)


class EndpointFeatures:
    """The choices that one endpoint and model accept.

    Requests may be in flight with different choices at once: a refusal names the choice that was sent, so any number of
    simultaneous refusals leads to the same state. Times are seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float], max_tokens: int) -> None:
        self._clock = clock
        self._most_tokens = max_tokens
        self._max_tokens = max_tokens
        self._shortened_at = 0.0
        self._refused: dict[tuple[str, str], float] = {}  # when, by choice
        self._fingerprint: dict[str, str] = {}

    def chosen(self, choice: str) -> str:
        """The first accepted value of `format`, `tokens`, `temperature` or `stream`."""
        now = self._clock()
        for key in [key for key, at in self._refused.items() if now - at >= FORGET_SECONDS]:
            del self._refused[key]
        values = _CHOICES[choice]
        return next((value for value in values if (choice, value) not in self._refused), values[-1])

    @property
    def max_tokens(self) -> int:
        """Limit of the tokens of a reply."""
        if self._clock() - self._shortened_at >= FORGET_SECONDS:
            self._max_tokens = self._most_tokens
        return self._max_tokens

    def refuse_stream(self) -> None:
        """Takes the endpoint's next completions whole, because its streams lack the usage."""
        self._refused["stream", "stream"] = self._clock()

    def record_response(self, fingerprint: Mapping[str, str]) -> None:
        """Forgets all refusals when the server's software or model has changed. A part that is missing says nothing."""
        if any(self._fingerprint.get(name, value) != value for name, value in fingerprint.items()):
            self._refused.clear()
            self._max_tokens = self._most_tokens
        self._fingerprint |= fingerprint

    def learn(self, error: EndpointError, sent: dict[str, Any]) -> bool:
        """Learns from a refused request; returns whether another attempt with other choices may succeed.

        sent: the request's choices by the names `format`, `tokens`, `temperature`, `stream` and `max_tokens`.
        """
        message = error.message
        refused = _refused_choice(message, error.parameter, sent)
        if refused is not None:
            choice, value = refused
            self._refused[choice, value] = self._clock()
            return True
        if _TOO_LONG.search(message) and sent["max_tokens"] > MIN_TOKENS and sent["tokens"] != "none":
            self._max_tokens = min(self.max_tokens, max(MIN_TOKENS, sent["max_tokens"] // 2))
            self._shortened_at = self._clock()
            return True
        return False


def _refused_choice(message: str, parameter: str, sent: dict[str, Any]) -> tuple[str, str] | None:
    too_long = _TOO_LONG.search(message) is not None
    tokens, temperature, format_ = sent["tokens"], sent["temperature"], sent["format"]
    if tokens != "none" and not too_long and _names(tokens, message, parameter):
        return "tokens", tokens
    if temperature != "none" and _names("temperature", message, parameter):
        return "temperature", temperature
    if sent["stream"] != "none" and (
        _names("stream", message, parameter) or _names("stream_options", message, parameter.partition(".")[0])
    ):
        return "stream", sent["stream"]
    if format_ != "text" and (parameter.startswith("response_format") or _FORMAT_WORDS.search(message)):
        return "format", format_
    return None


def _names(name: str, message: str, parameter: str) -> bool:
    if parameter:
        return parameter.rsplit(".", 1)[-1] == name
    return re.search(rf"(?<![a-z_]){name}(?![a-z_])", message) is not None
