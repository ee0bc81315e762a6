"""Reads the responses of chat endpoints: the model's text wherever servers put it, why it ended, and errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

THOUGHT = "<think>"  # marks a text that stood in the reasoning
DEFAULT_ERROR_STATUS = 502  # of an error inside a response with status 200 that names none
_UNKNOWN_PARAMETER = re.compile(r"[a-z_]*(?:max_tokens|max_completion_tokens|response_format|temperature)[a-z_.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The model's reply.

    text: its message; empty if it has none or the model declined. cut: it ended at the token limit.
    """

    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointError:
    """An error of an endpoint.

    status: the HTTP status that it means; has_status: it names one itself. parameter: the one that it names; code: its
    stable name; failed_text: what the model wrote when the endpoint did not find the demanded form in it (Groq). Empty
    where the error has none.
    """

    status: int
    message: str
    parameter: str
    code: str = ""
    failed_text: str = ""
    has_status: bool = False


def read_reply(response: dict[str, Any]) -> Reply:
    """The reply in a response of any known shape.

    The text stands in `content` (as a text or in parts), or, where that is empty, in the arguments of a tool call or in
    the reasoning, where servers leave it when a model does not close its thoughts.
    """
    choices = response.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    finish = str(choice.get("finish_reason") or "")
    text = _text(message.get("content")) or _arguments(message) or _text(choice.get("text"))
    if not text:
        reasoning = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
        text = f"{THOUGHT}{reasoning}" if "{" in reasoning else ""
    return Reply(text=text, cut=finish in ("length", "max_tokens"))


def _text(content: object) -> str:
    if isinstance(content, list):  # some servers send the message in parts
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _arguments(message: dict[str, Any]) -> str:
    try:
        return _text(message["tool_calls"][0]["function"]["arguments"])
    except (KeyError, IndexError, TypeError):
        return ""


def error_of(body: bytes) -> EndpointError | None:
    """The error in a response's body, as OpenAI, OpenRouter, Ollama, llama.cpp, vLLM, LM Studio and FastAPI send it;
    None if there is none. A body that is no JSON counts as the error's message."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return EndpointError(status=DEFAULT_ERROR_STATUS, message=body[:2000].decode(errors="replace"), parameter="")
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if error is None and (document.get("object") == "error" or ("message" in document and "choices" not in document)):
        error = document  # older vLLM
    if error is None and "detail" in document:  # FastAPI
        error = {"message": json.dumps(document["detail"]), "param": _detail_parameter(document["detail"])}
    if error is None or error == "":
        return None
    if isinstance(error, str):  # LM Studio, and Ollama outside of /v1
        error = {"message": error}
    if not isinstance(error, dict):
        return EndpointError(status=DEFAULT_ERROR_STATUS, message=str(error)[:2000], parameter="")
    code = str(error.get("code"))
    has_status = re.fullmatch(r"[45]\d\d", code) is not None
    message = f"{error.get('message', '')} {_raw_message(error)} {error.get('type') or ''}"
    return EndpointError(
        status=int(code) if has_status else DEFAULT_ERROR_STATUS,
        has_status=has_status,
        message=message[:2000],
        parameter=str(error.get("param") or ""),
        code=f"{error.get('code') or ''} {error.get('type') or ''}",
        failed_text=_text(error.get("failed_generation")),
    )


def _raw_message(error: dict[str, Any]) -> str:
    """The words of the provider behind a router, which OpenRouter puts into the metadata."""
    metadata = error.get("metadata")
    return str(metadata.get("raw", "")) if isinstance(metadata, dict) else ""


def _detail_parameter(detail: object) -> str:
    rows = detail if isinstance(detail, list) else []
    for row in rows:
        place = row.get("loc") if isinstance(row, dict) else None
        names = [str(part) for part in place or () if _UNKNOWN_PARAMETER.fullmatch(str(part))]
        if names:
            return names[0]
    return ""
