"""Reads the texts out of a model's reply, in whatever wrapping and under whatever keys models send them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from services.copy.domain import VARIANT_COUNT, Headline, Variant
from services.copy.providers.model_prompt import HEADLINE_PROMPT, SYSTEM_PROMPT

MAX_ANGLE: Final = 40  # characters
MAX_CALL_TO_ACTION: Final = 40
_MAX_ROWS: Final = 4 * VARIANT_COUNT
_MAX_STARTS: Final = 50  # places at which a document may begin
_LISTS: Final = (
    "variants",
    "ads",
    "ad_copy",
    "copies",
    "copy",
    "results",
    "options",
    "variations",
    "texts",
    "items",
    "data",
)
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "angle": ("angle", "approach", "type", "theme", "argument"),
    "hook": ("hook", "headline", "title", "opening", "opener", "head"),
    "body": ("body", "text", "primary_text", "body_text", "description", "copy", "content", "message", "caption"),
    "cta": ("cta", "call_to_action", "calltoaction", "button", "cta_text", "action"),
    "hashtags": ("hashtags", "tags", "hash_tags"),
    "facts": ("facts", "used_facts", "fact_ids", "ids", "used"),
    "headline": ("headline", "title", "hook", "head"),
    "subline": (
        "subline",
        "sub_line",
        "subheadline",
        "subtitle",
        "subhead",
        "sub_headline",
        "body",
        "text",
        "description",
    ),
}
_THOUGHTS: Final = re.compile(
    r"(?s)<(think|thinking|reasoning|thought)>.*?</\1>|<\|channel\|>analysis.*?(?=<\|channel\|>final)"
)
_OPEN_THOUGHTS: Final = re.compile(r"<(?:think|thinking|reasoning|thought)>")
_END_OF_THOUGHTS: Final = re.compile(
    r"(?s)^.*</(?:think|thinking|reasoning|thought)>"
)  # the opening tag is part of some prompts
_TASK_WORDS: Final = re.compile(
    r"\b(?:variants?_?wanted|customer_wishes|system prompt|hook_characters|json|as an ai|language model|"
    r"words_never_used|must_be_said|fact id)\b|\bf\d{1,2}\b(?=[\])])",
    re.I,
)
_PROMPT_EXCERPT: Final = 40  # characters of a system prompt that count as a quotation of it


def read_variants(text: str) -> list[Variant]:
    """The variants in a model's reply; empty when it cannot be read.

    Tolerates thoughts, code fences and talk around the JSON, a bare list, other names of the fields, trailing commas,
    and a reply that was cut off.
    """
    text = _unwrapped(text)
    said = _said(text)
    found = _most_variants(_OPEN_THOUGHTS.split(said)[0])
    if found or not _OPEN_THOUGHTS.search(said):
        return found
    drafts = _most_variants(said)
    return drafts if len(drafts) >= VARIANT_COUNT else []  # fewer are drafts within a thought that never ended


def _most_variants(text: str) -> list[Variant]:
    best: list[Variant] = []
    for document in _documents(text):
        found = [variant for row in _rows(document)[:_MAX_ROWS] if (variant := _variant(row))]
        found = [_numbered(variant, place) for place, variant in enumerate(found, start=1)]
        if len(found) > len(best):
            best = found
        if len(best) >= VARIANT_COUNT:
            break
    return best


def _unwrapped(text: str) -> str:
    """The text itself where a model sends the JSON document as a JSON string."""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return inner if isinstance(inner, str) else text


def _said(text: str) -> str:
    """The text without its finished thoughts."""
    return _END_OF_THOUGHTS.sub("", _THOUGHTS.sub("", text))


def read_headline(text: str) -> tuple[Headline, tuple[str, ...]] | None:
    """The lines of a picture and the ids of the facts in them; None when the reply cannot be read."""
    for document in _documents(_said(_unwrapped(text))):
        for row in [document, *_rows(document)[:1]]:
            if isinstance(row, dict) and (headline := _string(row, "headline")):
                lines = Headline(headline=headline, subline=_string(row, "subline"), cta=_string(row, "cta"))
                return lines, _strings(row, "facts")
    return None


def is_unfinished_thought(text: str) -> bool:
    """Whether the reply is a thought that never ended, with no text after it."""
    return _OPEN_THOUGHTS.search(_THOUGHTS.sub("", text)) is not None


def _documents(text: str) -> list[Any]:
    """The JSON documents in a text, and after them the complete objects of broken ones."""
    found = _decoded(text)
    if rows := _complete_objects(text):
        found.append(rows)
    return found


def _decoded(text: str) -> list[Any]:
    text = re.sub(r",\s*([}\]])", r"\1", text)
    decoder = json.JSONDecoder(strict=False)  # some models break lines inside of strings
    found: list[Any] = []
    position = 0
    for _ in range(_MAX_STARTS):
        start = min((place for place in (text.find("{", position), text.find("[", position)) if place >= 0), default=-1)
        if start < 0:
            break
        try:
            document, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
            continue
        found.append(document)
    return [document for document in found if isinstance(document, dict | list) and document]


def _complete_objects(text: str) -> list[Any]:
    """The innermost complete JSON objects of a broken document, in order."""
    found: list[Any] = []
    for match in re.finditer(r"\{[^{}]*\}", text):
        try:
            found.append(json.loads(match.group(0), strict=False))
        except (ValueError, RecursionError):
            continue
    return found


def _rows(document: Any) -> list[Any]:
    """The list of variants in a document: itself, under a known key, or the values of numbered keys ("variant_1")."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return []
    for key in _LISTS:
        value = next((value for name, value in document.items() if str(name).lower() == key), None)
        if isinstance(value, list | dict) and value:
            return _rows(value) if isinstance(value, dict) else value
    nested = [value for value in document.values() if isinstance(value, dict)]
    return nested if len(nested) > 1 else [document]


def _variant(row: Any) -> Variant | None:
    if not isinstance(row, dict):
        return None
    hook, body = _string(row, "hook"), _string(row, "body")
    if not hook or not body:
        return None
    return Variant(
        angle=_string(row, "angle").lower()[:MAX_ANGLE],
        hook=hook,
        body=body,
        cta=(_string(row, "cta") or "Learn more")[:MAX_CALL_TO_ACTION],
        hashtags=_strings(row, "hashtags")[:10],
        facts=_strings(row, "facts")[:20],
    )


def _numbered(variant: Variant, place: int) -> Variant:
    if variant.angle:
        return variant
    return replace(variant, angle=f"angle {place}")


def _value(row: dict[str, Any], name: str) -> Any:
    by_key = {re.sub(r"[\s-]+", "_", str(key)).lower(): value for key, value in row.items()}
    for key in _KEYS[name]:
        if by_key.get(key):
            return by_key[key]
    return None


def _string(row: dict[str, Any], name: str) -> str:
    value = _value(row, name)
    return value.strip() if isinstance(value, str) else ""


def _strings(row: dict[str, Any], name: str) -> tuple[str, ...]:
    value = _value(row, name)
    if isinstance(value, str):
        value = re.split(r"[\s,]+", value)
    return tuple(str(item) for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def mentions_the_task(text: str, product_texts: Iterable[str] = ()) -> bool:
    """Whether a text quotes a system prompt or speaks about the task instead of the product.

    product_texts: words of the task that stand in them are about the product ("a JSON viewer").
    """
    own = "\n".join(product_texts).lower()
    lower = text.lower()
    excerpts = (
        prompt[start : start + _PROMPT_EXCERPT].lower()
        for prompt in (SYSTEM_PROMPT, HEADLINE_PROMPT)
        for start in range(0, len(prompt) - _PROMPT_EXCERPT, _PROMPT_EXCERPT // 2)
    )
    return any(match not in own for match in _TASK_WORDS.findall(lower)) or any(
        excerpt in lower for excerpt in excerpts
    )
