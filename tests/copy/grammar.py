# ruff: noqa: E501  (patterns read better unbroken)
"""A checker of finished copy for mechanical errors. It shares no code with the engine's own filters."""

from __future__ import annotations

import re

_VOWEL_SOUND = re.compile(
    r"(?:[aeio]|u(?!ni[^nm]|s[aei]|til|biq|kul|rol)|hour|honest|heir|8\d*(?!\d)|11\b|18\b|[AEFHILMNORSX](?:[A-Z0-9]|-))",
    re.I,
)
_CONSONANT_START = re.compile(r"(?:eu|one\b|one-|once|uni[^nm]|us[aei]|U[A-Z-]|[BCDGJKPQTUVWYZ][A-Z-])")


def slips(text: str, *, keep: tuple[str, ...] = ()) -> list[str]:
    """The errors in a text. keep: names and quotations, which are not checked."""
    for part in sorted(keep, key=len, reverse=True):
        text = text.replace(part, "Name")
    found = []
    if re.search(r"[{}]|\bNone\b(?! of)", text):
        found.append("leftover slot")
    for match in re.finditer(r"\b([A-Za-z]{2,}) \1\b", text, re.I):
        if match.group(1).lower() not in {"that", "had", "so"}:
            found.append(f"doubled word: {match.group(0)}")  # noqa: PERF401  (one entry per error)
    for match in re.finditer(r"\b(an?) ([A-Za-z0-9][\w-]*)", text):
        given, word = match.groups()
        sounds = _VOWEL_SOUND.match(word) is not None
        if re.fullmatch(r"[A-Z][a-z].*|[a-z].*", word):
            sounds = re.match(r"(?:[aeio]|u(?!ni[^nm]|s[aei]|ti|biq|rol)|hour|honest|heir)", word, re.I) is not None
        if _CONSONANT_START.match(word):
            sounds = False
        if (given == "an") != sounds:
            found.append(f"article: {match.group(0)}")
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", text):
        bare = sentence.lstrip('“"‘•✓ ')
        if bare and bare[0].islower() and not re.match(r"[a-z]+[A-Z0-9]", bare):
            found.append(f"small letter at the head of: {sentence[:30]}")
    if re.search(r"\s[,.;:!?](?:\s|$)|[,;:][.!?]|\.\.|,,| {2}|:\s*$\s*\.", text.replace("…", "")):
        found.append("stray punctuation")
    if re.search(
        r"\b(?:it|he|she) (?:have|are|do|were)\b|\b(?:they|we|you) (?:has|is|does|was)\b|\b(?:shoes|socks|headphones) (?:is|has|does)\b",
        text,
        re.I,
    ):
        found.append("agreement")
    if re.search(r"\b\w+ and \w+ and \w+\b(?! )", text) and text.count(" and ") > 6:
        found.append("a list held together by and")
    if text.count("“") != text.count("”") or text.count("(") != text.count(")"):
        found.append("open quotation or bracket")
    return found
