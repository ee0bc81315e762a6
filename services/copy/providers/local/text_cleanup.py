"""The customer's text, tidied: without mark-up, addresses, emoji, shouting and odd spaces."""

from __future__ import annotations

import re

_TAG = re.compile(r"<[^>]{1,200}>")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.I)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]")


def clean(text: str) -> str:
    """The customer's text without mark-up, addresses, emoji, shouting and odd spaces."""
    return "\n".join(calm(line) for line in tidy(text).splitlines())


def tidy(text: str) -> str:
    """The customer's text without mark-up, addresses, emoji and odd spaces."""
    text = _EMOJI.sub("", _URL.sub("", _TAG.sub(" ", text)))
    text = text.replace("\u00a0", " ").replace("\t", " ").replace("’", "'")
    text = re.sub(r"([!?])[!?]+", r"\1", text)
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines()).strip()


def calm(line: str) -> str:
    """A line in capitals as one would write it; acronyms and anything with a digit in it stay as they are."""
    shouted = re.findall(r"\b[A-Z]{4,}\b", line)
    if not shouted or sum(map(len, shouted)) < 0.4 * sum(map(str.isalpha, line)):
        return line
    lowered = re.sub(r"\b(?:[A-Z]{4,}|(?:AND|FOR|THE|BUY|GET|NOW|NEW|ALL|WAS|OUT|YOU|NO|TO|OF|IN|ON|IS|IT|A|WE))\b",
                     lambda match: match.group(0).lower(), line)  # fmt: skip
    return re.sub(r"(?:^|(?<=[.!?]\s))[a-z]", lambda match: match.group(0).upper(), lowered)


def proper_words(text: str) -> frozenset[str]:
    """Words that stand with a capital inside a sentence: names, to be left alone."""
    return frozenset(match.lower() for match in re.findall(r"(?<=[a-z,] )([A-Z][a-z]+)\b", text))
