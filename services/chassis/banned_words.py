"""Matching of a project's banned words, and the refusal of a brief that they make impossible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from services.chassis.errors import Refusal

_STRAIGHT = str.maketrans({**dict.fromkeys("‘’‚‛ʼ′`´", "'"), **dict.fromkeys("“”„‟«»″", '"')})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class BriefNotPossible(Refusal):
    reason = "BRIEF_NOT_POSSIBLE"


def comparable(text: str) -> str:
    """Normalizes a text for the comparison of words.

    Folds case ("ß" becomes "ss"), straightens quotation marks and apostrophes, removes invisible characters, and
    resolves compatibility forms such as full width and ligatures.
    """
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKC", text).translate(_STRAIGHT).casefold()
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", folded))


@dataclass(frozen=True, slots=True)
class BannedWord:
    """A compiled banned word or phrase. Matches whole words in any case, with any white space between them.

    A word boundary is required only next to a letter or digit, so "100%" matches in "100% cotton" and "%" in "5% off".
    """

    word: str
    _pattern: re.Pattern[str]

    @classmethod
    def of(cls, word: str, *, endings: str = "") -> BannedWord:
        """Compiles a word. Raises ValueError for a word without a visible character.

        endings: regular expression for an inflection that may follow a word that ends in a letter or digit.
        """
        parts = comparable(word).split()
        if not parts:
            raise ValueError(f"{word!r} has no visible character")
        body = r"\s+".join(re.escape(part) for part in parts)
        before = r"(?<!\w)" if re.match(r"\w", parts[0]) else ""
        after = rf"{endings}(?!\w)" if re.search(r"\w\Z", parts[-1]) else ""
        return cls(word.strip(), re.compile(f"{before}{body}{after}"))

    def search(self, text: str) -> bool:
        """Whether the text contains the word."""
        return self._pattern.search(comparable(text)) is not None


def banned_words(words: Iterable[str], *, endings: str = "") -> tuple[BannedWord, ...]:
    """Compiles the words that have a visible character. endings: as in BannedWord.of."""
    return tuple(BannedWord.of(word, endings=endings) for word in words if comparable(word).strip())


def first_banned_word(text: str, words: Iterable[str]) -> str | None:
    """Returns the first of the words that the text contains; None when it contains none."""
    return next((banned.word for banned in banned_words(words) if banned.search(text)), None)


def check_product_name(name: str, words: Iterable[str]) -> None:
    """Raises BriefNotPossible when the product's name, which every image and video shows, contains a banned word."""
    word = first_banned_word(name, words)
    if word is not None:
        raise BriefNotPossible(banned_name_message(word))


def banned_name_message(word: str) -> str:
    """Returns the message for a customer whose product's name contains a banned word."""
    return (
        f"The product's name contains “{word}”, one of the project's banned words. "
        "Change the product's name or the banned words."
    )
