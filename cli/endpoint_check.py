"""Checks a configured chat endpoint by a short real request, and tells what it supports."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

REQUEST_SECONDS = httpx.Timeout(90.0, connect=5.0)  # the first request of a local server loads the model
MAX_REQUESTS = 6
MAX_TOKENS = 300
FORMATS = ("json_schema", "json_object", "text")
TOKENS_PER_COPY = 500  # of five short texts, as JSON with the ids of their facts
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["lines"],
    "properties": {"lines": {"type": "array", "items": {"type": "string"}}},
}
_QUESTION = (
    'Answer with a JSON object {"lines": [...]} of three short advertising lines for a blue mug, and nothing else.'
)
_FORMAT_WORDS = re.compile(r"response_format|json|schema|structured|guided|grammar|requested parameters", re.I)


@dataclass(slots=True, kw_only=True)
class EndpointCheck:
    """What a check found.

    problem: why copy cannot be written there; empty: it can. format, tokens: the response format and the name of the
    token limit that the endpoint takes. temperature: whether it takes one. usage: whether it reports tokens. seconds:
    of the request that succeeded. tokens_per_second: 0 where no usage is reported. remarks: what to change.
    """

    url: str
    model: str
    problem: str = ""
    format: str = ""
    tokens: str = ""
    temperature: bool = True
    usage: bool = False
    seconds: float = 0.0
    tokens_per_second: float = 0.0
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Choices:
    format: int = 0
    tokens: str = "max_tokens"
    temperature: bool = True

    def simplify(self, message: str, parameter: str) -> bool:
        """Drops what an error names; False when nothing is left to drop."""
        if self.tokens == "max_tokens" and (parameter == "max_tokens" or "max_completion_tokens" in message):
            self.tokens = "max_completion_tokens"
        elif self.temperature and (parameter == "temperature" or "temperature" in message):
            self.temperature = False
        elif self.format < len(FORMATS) - 1 and _FORMAT_WORDS.search(f"{parameter} {message}"):
            self.format += 1
        else:
            return False
        return True


def check_endpoint(url: str, model: str, key: str, *, transport: httpx.BaseTransport | None = None) -> EndpointCheck:
    """Sends at most MAX_REQUESTS requests until one succeeds. The key is sent and never shown."""
    check = EndpointCheck(url=without_userinfo(url), model=model)
    if not (key.isascii() and key.isprintable()):
        check.problem = "ADWRIGHT_COPY_OPENAI_KEY holds a character that no key has, such as a line break."
        return check
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        client = httpx.Client(
            base_url=url.rstrip("/") + "/",
            headers=headers,
            timeout=REQUEST_SECONDS,
            trust_env=False,
            transport=transport,
        )
    except (httpx.InvalidURL, ValueError):  # the error's words may hold a password
        check.problem = "It cannot be reached: ADWRIGHT_COPY_OPENAI_URL is not a valid address."
        return check
    with client:
        choices = _Choices()
        for _ in range(MAX_REQUESTS):
            began = time.monotonic()
            try:
                response = client.post("chat/completions", json=_payload(model, choices))
            except httpx.TimeoutException:
                check.problem = "It does not respond in time."
                return check
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                check.problem = f"It cannot be reached: {error}"
                return check
            document = _object(response)
            message, parameter = _error(document, response)
            if not message:
                return _read(check, choices, document, time.monotonic() - began)
            if not choices.simplify(message, parameter):
                break
        check.problem = _explained(response.status_code, message)
        if response.status_code == httpx.codes.NOT_FOUND and not re.search(r"/v\d+\w*/?$", url):
            check.remarks.append("The URL must end in the API's version, such as /v1.")
        check.remarks += _listed_models(client, model)
    return check


def without_userinfo(url: str) -> str:
    """The URL as it may be shown: without a user's name and password."""
    return re.sub(r"^(\w+://)?.*@", r"\1", url)


def _payload(model: str, choices: _Choices) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": _QUESTION}],
        choices.tokens: MAX_TOKENS,
    }
    if choices.temperature:
        payload["temperature"] = 0.9
    if FORMATS[choices.format] == "json_schema":
        schema = {"name": "lines", "strict": True, "schema": _SCHEMA}
        payload["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif FORMATS[choices.format] == "json_object":
        payload["response_format"] = {"type": "json_object"}
    return payload


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _error(document: dict[str, Any], response: httpx.Response) -> tuple[str, str]:
    """The error's message and the parameter that it names; empty where the response is no error."""
    error = document.get("error")
    if response.status_code == httpx.codes.OK and not error and document.get("choices"):
        return "", ""
    if isinstance(error, dict):
        metadata = error.get("metadata")
        raw = metadata.get("raw", "") if isinstance(metadata, dict) else ""
        return f"{error.get('message', '')} {raw}".strip()[:500] or "an error", str(error.get("param") or "")
    text = error or document.get("message") or document.get("detail") or response.text
    return str(text)[:500] or f"status {response.status_code}", ""


def _explained(status: int, message: str) -> str:
    if status in (401, 403):
        return "It refuses the key: set ADWRIGHT_COPY_OPENAI_KEY."
    return f"It responds with status {status}: {message}"


def _read(check: EndpointCheck, choices: _Choices, document: dict[str, Any], seconds: float) -> EndpointCheck:
    check.format, check.tokens, check.temperature = FORMATS[choices.format], choices.tokens, choices.temperature
    check.seconds = seconds
    usage = document.get("usage")
    written = usage.get("completion_tokens") if isinstance(usage, dict) else None
    if isinstance(written, int) and written > 0 and seconds > 0:
        check.usage = True
        check.tokens_per_second = written / seconds
    try:
        choice = document["choices"][0]
        text = choice["message"].get("content") or ""
    except (KeyError, IndexError, TypeError, AttributeError):
        check.problem = "Its response holds no message."
        return check
    if not text and choice.get("finish_reason") == "length":
        check.problem = (
            f"It wrote nothing within {MAX_TOKENS} tokens: the model spends them on its thoughts. Choose another "
            "model, or switch its thoughts off."
        )
        return check
    if not _has_lines(str(text)):
        check.remarks.append(
            "The model thinks before it writes, or ignores the format: raise ADWRIGHT_COPY_OPENAI_MAX_TOKENS, or "
            "choose another model."
        )
    return check


def _has_lines(text: str) -> bool:
    found = re.search(r"\{.*\}", text, re.S)
    try:
        return isinstance(json.loads(found.group())["lines"], list) if found else False
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _listed_models(client: httpx.Client, model: str) -> list[str]:
    """A sentence with the models that the endpoint lists, when the configured one is not among them."""
    try:
        rows = _object(client.get("models", timeout=5.0)).get("data")
    except (httpx.HTTPError, OSError):
        return []
    names = [str(row.get("id")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not names or model in names:
        return []
    return [f"It lists these models: {', '.join(names[:20])}."]
