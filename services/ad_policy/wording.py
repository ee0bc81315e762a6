"""Wordings as the policy tables write them, compiled to regular expressions.

A wording is a row of tokens, matched against folded text (lower case, without accents):

* `word`, `wor*` (any ending), `get_rid_of` (several words), `a|b` (either); a trailing `?`: it may be absent
* `{list}`: any word of the table's list of that name, in the wording's language
* `..3`: up to three words between; `#`: a number; `#%`: a per cent figure
* `^`: start of a sentence; `$`: end of a clause; `?`: a question mark

Nothing reaches beyond a comma, semicolon, colon, full stop or line break.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

_BETWEEN = r"[^\w.!?;:,\n]"
_GAP_WORD = r"(?:\d[\d.,]*\d|[\w'%$€£&+]+)"
_NUMBER = r"[$€£]?\s?\d[\d.,]*(?:\s?[%k](?!\w))?"
_PER_CENT = r"\d[\d.,]*\s?(?:%|percent\b|per cent\b|prozent\b|pour cent\b|por ciento\b|per cento\b|por cento\b)"
_LETTERS = re.compile(r"[^\W_]+")
_EXPANSIONS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "’": "'", "‘": "'", "ʼ": "'"})


class BadWordingError(ValueError):
    """A wording of the policy tables that cannot be compiled."""


@dataclass(frozen=True)
class Wording:
    """A wording as a regular expression, compiled when it is first needed.

    words: its words as (letters, whether more letters may follow). anchors: those of them without which a text cannot
    match.
    """

    expression: str
    anchors: tuple[tuple[str, bool], ...]
    words: tuple[tuple[str, bool], ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.expression)


def fold(text: str) -> str:
    """The text in lower case, without accents, with straight apostrophes. Its length may change."""
    if text.isascii():
        return text.lower()
    lower = text.lower().translate(_EXPANSIONS)
    return "".join(c for c in unicodedata.normalize("NFD", lower) if not unicodedata.combining(c))


def _literal(words: str) -> str:
    if words == "#":
        return _NUMBER
    parts = [
        re.escape(part[:-1]) + r"\w*" if part.endswith("*") else re.escape(part)
        for part in re.split(r"[ _]+", fold(words))
    ]
    return rf"{_BETWEEN}+".join(parts)


def _runs(words: str) -> list[tuple[str, bool]]:
    """The runs of letters of an alternative; none for a number."""
    if words == "#":
        return []
    runs = [
        (run.group(0), part[run.end() : run.end() + 1] == "*")
        for part in re.split(r"[ _]+", fold(words))
        for run in _LETTERS.finditer(part)
    ]
    if not runs:
        raise BadWordingError(f"{words!r} has no letters")
    return runs


def _alternatives(token: str, lists: Mapping[str, list[str]]) -> list[str]:
    found: list[str] = []
    for part in token.split("|"):
        if part.startswith("{"):
            name = part.strip("{}")
            if name not in lists:
                raise BadWordingError(f"no list {name!r} in this language")
            found += lists[name]
        else:
            found.append(part)
    return found


def compile_wording(wording: str, lists: Mapping[str, list[str]]) -> Wording:
    """Compiles a wording. lists: the word lists of its language. Raises BadWordingError."""
    pattern, join = "", ""
    anchors: list[tuple[tuple[str, bool], ...]] = []
    every: set[tuple[str, bool]] = set()
    for part in wording.split():
        if part == "^":
            pattern += rf"(?:\A|(?<=[.!?;:\n])){_BETWEEN}*"
            continue
        if part == "$":
            pattern += rf"(?={_BETWEEN}*(?:[.!?;:,\n]|\Z))"
            continue
        if part == "?":
            pattern += rf"(?={_BETWEEN}*\?)"
            continue
        if part.startswith(".."):
            pattern += rf"(?:{_BETWEEN}+{_GAP_WORD}){{0,{int(part[2:])}}}?"
            continue
        if part in {"#", "#%", "#?"}:
            number = (join or r"(?<![\w.,])") + (_PER_CENT if part == "#%" else _NUMBER)
            pattern += rf"(?:{number})?" if part == "#?" else number
            join = f"{_BETWEEN}*" if part != "#?" else rf"(?:{_BETWEEN}+|(?<=[\d%€$]))"
            continue
        optional = len(part) > 1 and part.endswith("?")
        words = _alternatives(part.removesuffix("?") if optional else part, lists)
        piece = rf"(?:{'|'.join(sorted(map(_literal, words), key=len, reverse=True))})(?!\w)"
        if optional and not join:
            every |= {run for word in words for run in _runs(word)}
            pattern += rf"(?:(?<!\w){piece}{_BETWEEN}+)?"
            continue
        pattern += rf"(?:{join}{piece})?" if optional else (join or r"(?<!\w)") + piece
        join = f"{_BETWEEN}+"
        every |= {run for word in words for run in _runs(word)}
        if not optional and "#" not in words:
            anchors.append(tuple(sorted({max(_runs(word), key=lambda run: len(run[0])) for word in words})))
    if not anchors:
        raise BadWordingError(f"{wording!r} has no word that must be there")
    # The alternative with the longest shortest word is in the fewest texts.
    best = max(anchors, key=lambda anchor: (min(len(letters) for letters, _ in anchor), -len(anchor)))
    return Wording(pattern, best, tuple(sorted(every)))
