"""Banned words of a project: how they match, and the refusal of a brief that cannot be served because of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from services.chassis.errors import Kind, Refusal

_STRAIGHT = str.maketrans({**dict.fromkeys("‘’‚‛ʼ′`´", "'"), **dict.fromkeys("“”„‟«»″", '"')})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class BriefNotPossible(Refusal):
    """No creative can be made of this brief as it stands; only a change of the brief helps."""

    kind = Kind.UNPROCESSABLE
    reason = "BRIEF_NOT_POSSIBLE"


def plain(text: str) -> str:
    """The text as words are compared: in folded case ("ß" is "ss"), with straight quotation marks and apostrophes, and
    without invisible characters and compatibility forms such as full width and ligatures."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKC", text).translate(_STRAIGHT).casefold()
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", folded))


@dataclass(frozen=True, slots=True)
class BannedWord:
    """A banned word or phrase, ready to be looked for: whole words, in any case, with any white space between them.

    A boundary is asked for only beside a letter or digit, so "100%" matches in "100% cotton" and "%" in "5% off".
    """

    word: str
    _pattern: re.Pattern[str]

    @classmethod
    def of(cls, word: str, *, endings: str = "") -> BannedWord:
        """`endings` is a regular expression for what may follow a word that ends in a letter or digit. Raises
        ValueError for a word without a visible character."""
        parts = plain(word).split()
        if not parts:
            raise ValueError(f"{word!r} has no visible character")
        body = r"\s+".join(re.escape(part) for part in parts)
        before = r"(?<!\w)" if re.match(r"\w", parts[0]) else ""
        after = rf"{endings}(?!\w)" if re.search(r"\w\Z", parts[-1]) else ""
        return cls(word.strip(), re.compile(f"{before}{body}{after}"))

    def search(self, text: str) -> bool:
        """Whether it stands in the text."""
        return self._pattern.search(plain(text)) is not None


def banned_words(words: Iterable[str], *, endings: str = "") -> tuple[BannedWord, ...]:
    """Those of the words that have a visible character. `endings` as of BannedWord.of."""
    return tuple(BannedWord.of(word, endings=endings) for word in words if plain(word).strip())


def first_banned(text: str, words: Iterable[str]) -> str | None:
    """The first of the banned words that stands in the text; None if none does."""
    return next((banned.word for banned in banned_words(words) if banned.search(text)), None)


def check_product_name(name: str, words: Iterable[str]) -> None:
    """Raises BriefNotPossible when the product's name, which every picture and video shows, holds a banned word."""
    word = first_banned(name, words)
    if word is not None:
        raise BriefNotPossible(name_holds(word))


def name_holds(word: str, *, ruled_out_by: str = "project's banned words") -> str:
    """The words for the customer whose product's name holds a banned word."""
    return (
        f"The product's name holds “{word}”, which the {ruled_out_by} rule out. "
        "Change the product's name or the banned words."
    )
