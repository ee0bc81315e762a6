"""Banned words of a project: how they match, and the refusal of a brief that cannot be served because of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from adwright.catalog.v1 import catalog_pb2

from services.chassis.errors import Kind, Refusal


class BriefNotPossible(Refusal):
    """No creative can be made of this brief as it stands; only a change of the brief helps."""

    kind = Kind.UNPROCESSABLE
    reason = "BRIEF_NOT_POSSIBLE"


def banned_word_pattern(word: str, *, endings: str = "") -> re.Pattern[str]:
    """A pattern for a banned word or phrase: whole words, in any case, with any white space between them.

    A boundary is asked for only beside a letter or digit, so "100%" matches in "100% cotton" and "%" in "5% off".
    `endings` is a regular expression for what may follow a word that ends in a letter or digit.
    """
    parts = unicodedata.normalize("NFC", word).split()
    body = r"\s+".join(re.escape(part) for part in parts)
    before = r"(?<!\w)" if re.match(r"\w", parts[0]) else ""
    after = rf"{endings}(?!\w)" if re.search(r"\w\Z", parts[-1]) else ""
    return re.compile(rf"{before}{body}{after}", re.IGNORECASE)


def first_banned(text: str, banned_words: Iterable[str]) -> str | None:
    """The first of the banned words that stands in the text; None if none does."""
    composed = unicodedata.normalize("NFC", text)
    for word in banned_words:
        if word.strip() and banned_word_pattern(word).search(composed):
            return word.strip()
    return None


def check_product_name(brief: catalog_pb2.Brief) -> None:
    """Raises BriefNotPossible when the product's name, which every picture and video shows, holds a banned word."""
    word = first_banned(brief.product.name, brief.project.brand.banned_words)
    if word is not None:
        raise BriefNotPossible(name_holds(word))


def name_holds(word: str, *, ruled_out_by: str = "project's banned words") -> str:
    """The words for the customer whose product's name holds a banned word."""
    return (
        f"The product's name holds “{word}”, which the {ruled_out_by} rule out. "
        "Change the product's name or the banned words."
    )
