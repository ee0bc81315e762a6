"""Cleans a customer's text, once, before anything reads it, and divides it into sentences and list items."""

from __future__ import annotations

import html
import re
import unicodedata

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BLOCK = re.compile(r"</?(?:br|p|li|ul|ol|div|h[1-6]|tr|td)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[/a-zA-Z][^<>]{0,300}>")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\ufe0f]")
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\u2022\u203c]+")
_FEED = re.compile(r"(?m)^\s*(?:g:)?(?:id|gtin|mpn|availability|condition|link|image_link|sku|price)\s?[:=][^\n;]*")
_KEY = re.compile(r"(?m)^\s*(?:g:)?(?:title|description|desc)\s?[:=]\s?")
_SEGMENT = re.compile(r"(?<=[.!?])\s+|\n+|\s*[;|]\s*")


def clean(raw: str) -> str:
    """Returns a text's lines without markup, styled letters, pictures and feed fields."""
    text = html.unescape(_TAG.sub(" ", _BLOCK.sub("\n", _COMMENT.sub(" ", html.unescape(raw)))))
    text = unicodedata.normalize("NFKC", _squared(_INVISIBLE.sub("", text)))
    text = _KEY.sub("", _FEED.sub("", _PICTURES.sub("\n", text)))
    lines = (re.sub(r"\s+", " ", line).strip(" -–—*·,;") for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def clean_name(raw: str) -> str:
    """Returns the name of a product or project on one line; its parts stand between commas."""
    return ", ".join(clean(raw.replace("\n", " ")).split("\n"))


def segments(raw: str) -> list[str]:
    """Returns the sentences and list items of a text."""
    return [part for part in _SEGMENT.split(clean(raw)) if any(sign.isalnum() for sign in part)]


def _squared(text: str) -> str:
    """Returns a text with letters in squares and circles as letters, which NFKC leaves as they are."""
    if text.isascii():
        return text
    return "".join(
        chr((ord(sign) - 0x1F130) % 26 + 65)
        if 0x1F130 <= ord(sign) <= 0x1F149
        else chr((ord(sign) - 0x1F150) % 32 + 65)
        if 0x1F150 <= ord(sign) <= 0x1F169 or 0x1F170 <= ord(sign) <= 0x1F189
        else sign
        for sign in text
    )
