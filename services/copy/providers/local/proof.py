"""The last reading of a text: structural signs of junk that no good ad has. The signs are data, in data/proof.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from services.copy.providers.local.quotes import fold
from services.copy.providers.local.words import read_data

CACHED: Final = 4096  # sentences whose faults are kept: a request reads the same ones again
NAME: Final = "Name"  # stands for the product's own names, which are the customer's choice
FEWEST_SAME: Final = 3  # words of a sentence that stands twice
SHOUTED: Final = 4  # words in capitals, one behind the other, that are a menu and no acronyms
SHORT_NAME: Final = 3  # characters of a name that is not masked
MAX_LABEL: Final = 34  # characters of each of two labels before one text

_DATA = read_data("proof.toml")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[^a-zà-ÿ])|\n+|(?<=[。！？])")
_BULLET = re.compile(r"^[•–-]\s*")
_LABEL = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, _DATA['labels']))})\s?:", re.IGNORECASE)
_PAGE = re.compile(rf"(?:{'|'.join(_DATA['page'])})[.!]?", re.IGNORECASE)
_UNFILLED = re.compile("|".join(_DATA["unfilled"]), re.IGNORECASE)
_REPEATED = re.compile(r"[,;:]{2,}|(?<!\.)\.\.(?!\.)|[!?]{3,}|\s[,.](?=\s|$)|[,;:][.!?](?=\s|$)|[!?]\.(?!\.)")
_TRAIL = re.compile(r"\S\s[>»|]\s\S")
_MACHINE_AMOUNT = re.compile(r"(?<![\d.])\d+\.\d\d\s?[A-Z]{3}(?![\w])|(?<!\w)[A-Z]{3}\s?\d+\.\d\d(?!\d)")
_CODE = re.compile(r"(?<!\w)(?:\w+_\w+|\S+\.(?:png|jpe?g|gif|webp|pdf|html?|csv)|\d{12,14})(?!\w)", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z][^<>]*>|&(?:amp|nbsp|lt|gt|quot|#\d+);|�|Ã[\x80-\xbf©¨¤¶¼]|\*\*|~~|^#+\s")
_SHOUTING = re.compile(rf"(?:(?<!\w)[A-ZÀ-Þ]{{3,}}(?!\w)[ ,|/]*){{{SHOUTED},}}")
_TWO_LABELS = re.compile(rf"[^.:\n]{{2,{MAX_LABEL}}}\s?: [^.:\n]{{2,{MAX_LABEL}}}\s?: \S")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_INCHES = re.compile(r"\d ?[\"″]")
_PAIRS: Final = ("()", "[]", "“”", "«»")


@dataclass(frozen=True, slots=True)
class Fault:
    """One sign of junk: its kind, and the sentence or line that has it."""

    kind: str
    sentence: str


def faults(hook: str, body: str, language: str, names: tuple[str, ...] = ()) -> list[Fault]:
    """Signs of junk in a text of a headline and what stands below it, either of which may be empty.

    `names`: what the customer calls the product and its sender; what stands in these is no fault.
    """
    masked_hook, masked_body = _masked(hook, names), _masked(body, names)
    found: list[Fault] = []
    for text in (masked_hook, masked_body):
        for sentence in _sentences(text):
            found += [Fault(kind, sentence) for kind in _kinds(sentence, language)]
        if any(text.count(pair[0]) != text.count(pair[1]) for pair in _PAIRS if pair != "«»") or _has_odd_marks(text):
            found.append(Fault("unbalanced", text))
    lines = masked_body.split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.rstrip().endswith(":") and not _BULLET.match(below):
            found.append(Fault("label", line))
    if masked_hook.rstrip().endswith(":"):
        found.append(Fault("label", masked_hook))
    return [*found, *_said_twice(hook, body)]


def is_clean(text: str, language: str, names: tuple[str, ...] = ()) -> bool:
    """Whether a fact by itself has no sign of junk."""
    return not faults("", text, language, names)


def is_placeholder(text: str) -> bool:
    """Whether a text only points to another one or waits for it ("See above", "TBC")."""
    plain = text.strip()
    return _PAGE.fullmatch(plain) is not None or _UNFILLED.search(plain) is not None


def _masked(text: str, names: tuple[str, ...]) -> str:
    for name in sorted(names, key=len, reverse=True):
        if len(name) > SHORT_NAME:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", NAME, text, flags=re.IGNORECASE)
    return text


def _sentences(text: str) -> list[str]:
    return [part for line in _SENTENCE_END.split(text) if (part := _BULLET.sub("", line.strip()))]


@lru_cache(maxsize=CACHED)
def _kinds(sentence: str, language: str) -> tuple[str, ...]:
    """The kinds of faults of one sentence."""
    patterns = (
        ("punctuation", _REPEATED), ("field", _LABEL), ("trail", _TRAIL), ("amount", _MACHINE_AMOUNT), ("code", _CODE),
        ("markup", _MARKUP), ("unfilled", _UNFILLED), ("shouted", _SHOUTING), ("labels", _TWO_LABELS),
    )  # fmt: skip
    found = [kind for kind, pattern in patterns if pattern.search(sentence)]
    if _PAGE.fullmatch(sentence):
        found.append("page")
    written = _WORD.findall(sentence.rstrip(".!… "))
    if len(written) > 1 and sentence.rstrip(".!… ")[-1:].isalpha() and written[-1].islower():
        found += ["torn"] if written[-1] in _never_last(language) else []
    return tuple(found)


@cache
def _never_last(language: str) -> frozenset[str]:
    return frozenset(_DATA["never_last"].get(language, ()))


def _has_odd_marks(text: str) -> bool:
    return text.count('"') % 2 == 1 and not _INCHES.search(text)


def _said_twice(hook: str, body: str) -> list[Fault]:
    """Sentences that stand twice, and those that the headline is."""
    seen: set[str] = {_plain(hook)} - {""}
    found = []
    for sentence in _sentences(body):
        plain = _plain(sentence)
        if plain in seen and (len(_WORD.findall(sentence)) >= FEWEST_SAME or plain == _plain(hook)):
            found.append(Fault("twice", sentence))
        seen.add(plain)
    return found


def _plain(text: str) -> str:
    return "".join(sign for sign in fold(text) if sign.isalnum())
