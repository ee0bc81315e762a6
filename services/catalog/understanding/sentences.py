"""Divides a line of a cleaned text into sentences: abbreviations, ordinal numbers and initials end none."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "sentences.toml").read_text(encoding="utf-8"))

_ABBREVIATIONS = frozenset(word.casefold() for word in _DATA["words"])
_DATES = frozenset(word.casefold() for word in _DATA["dates"])
_OFTEN_LAST = frozenset(_DATA["often_last"])
_BEFORE_SMALL = frozenset(_DATA["before_small"])
_COMMON_LAST = frozenset(_DATA["common_last"].split())
_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+[^\W\d_]{1,2}")  # "W.P", "m.in"
_NO_WORD_END = re.compile(r"[bcdfgkptvz][lr]$|[lmnr]h$|nb$")  # "wirtschaftl", "innerh"
_NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{2,5}")
# A class or a level: "kat. D opłacony", "cat. A2", "niv. B1"; no sentence begins with a capital that stands alone.
_CODE = re.compile(r"[A-ZÀ-Ý]\d{0,2}\+{0,3}(?![\w'’/&-])")
_LETTER_WORDS = frozenset(_DATA["letter_words"])
_BEFORE_CODES = frozenset(_DATA["before_codes"])
MAX_BEFORE_CODE = 5  # letters of an abbreviation before a code that no list has
MAX_ABBREVIATION, LEAST_ABBREVIATION = 4, 3  # letters
_ZONE = re.compile(r"[A-Z]{2,4}(?!\w)")
_UNITS = frozenset(_DATA["units"])
_AFTER_ORDINAL = re.compile(rf"(?:{'|'.join(_DATA['after_ordinals'])})(?!\w)")
_BEFORE_NUMBERS = frozenset(_DATA["before_numbers"])
_BEFORE_MEASURES = frozenset(_DATA["before_measures"])
_BEFORE_ORDINALS = frozenset(_DATA["before_ordinals"])
_TITLES = tuple(f"{title}." for title in _DATA["titles"])
_AFTER_TITLES = frozenset(_DATA["after_titles"])
_ORDINAL = re.compile(r"(?:\d{1,2}\.?[-–/.])?\d{1,2}")
_MEASURES = re.compile(r"\d[\d.,]* ?(?:[cm]?m )?[x×]")
_NUMBER = re.compile(r"\d|[IVX]{1,4}(?!\w)")
_SENTENCE_END = re.compile(r"([.!?…]+[\"”’»)\]]*)\s+|([。！？]+[」』）)]*)")


def sentences_of(line: str) -> list[str]:
    """Returns the sentences of one line."""
    found, start = [], 0
    for match in _SENTENCE_END.finditer(line):
        if match[1] and not _ends_sentence(line, match):
            continue
        found.append(line[start : match.end()].strip())
        start = match.end()
    found.append(line[start:].strip())
    return [sentence for sentence in found if sentence]


def _is_shortened(last: str, line: str, match: re.Match[str]) -> bool:
    """Returns True for an abbreviation that no list has: no word ends so, or a small letter goes on after it.

    A small letter begins no sentence of a writer who begins his lines with capitals.
    """
    if not last.isalpha():
        return False
    following = line[match.end() : match.end() + 2]
    if len(last) >= LEAST_ABBREVIATION and _NO_WORD_END.search(last):
        return True
    if _NO_VOWEL.fullmatch(last):
        return not following[:1].isupper()
    if last in _BEFORE_SMALL:
        return following[:1].islower() or following[:1].isdigit() or following[:1] in "-–+("
    if not following[:1].islower() or len(last) > MAX_ABBREVIATION or last in _COMMON_LAST:
        return False
    return next((sign for sign in line if sign.isalpha()), "").isupper()


def _is_before_code(last: str, line: str, at: int) -> bool:
    """Returns True for an abbreviation before a class, a level or a group: "permis cat. B", "Kl. C1"."""
    code = _CODE.match(line, at)
    if code is None or not last.isalpha():
        return False
    if last in _BEFORE_CODES:
        return True
    behind = line[code.end() : code.end() + 1]
    is_word = (code[0] in _LETTER_WORDS and behind == " ") or behind == "."  # "Mr. A. Bell"
    is_word = is_word or line[code.end() : code.end() + 2].strip().isupper()
    return len(last) <= MAX_BEFORE_CODE and last not in _COMMON_LAST and not is_word


def _ends_sentence(line: str, match: re.Match[str]) -> bool:
    following = line[match.end() : match.end() + 1]
    if not match[1].startswith("."):
        return not (following.islower() and match[1][-1] in '"”’»')
    word = line[max(0, match.start() - 24) : match.start()].rsplit(maxsplit=1)
    last = re.split("[(\"'’„“«\\[]", word[-1])[-1].casefold() if word else ""
    if not last or following == "(":
        return False
    before = line[max(0, match.start() - 24) : match.start() - len(last)].rstrip()
    is_unit = last in _UNITS and before[-1:].isdigit()
    if last in _DATES or is_unit:  # "11 h. Then"; "8 p.m. ET"
        begins = following.isupper() or (is_unit and following.isdigit())
        return begins and not _ZONE.match(line, match.end())
    if last.endswith("str") or (last in _AFTER_TITLES and before.casefold().endswith(_TITLES)):
        return False
    if _is_before_code(last, line, match.end()):
        return False
    if len(last) == 1 and before.endswith(".") and re.split(r"[\W\d]+", before[:-1])[-1].casefold() in _BEFORE_CODES:
        return following.isupper()  # "prawo jazdy kat. D. Praca od zaraz"
    if last in _BEFORE_NUMBERS:
        return not _NUMBER.match(line, match.end())
    if last in _BEFORE_MEASURES and _MEASURES.match(line, match.end()):
        return False
    if last in _ABBREVIATIONS:
        # "etc. We" and "a.m. The": abbreviations that often end a sentence do so before a capital
        return last in _OFTEN_LAST and following.isupper()
    if len(last) == 1 and last.isalpha():  # initials
        return False
    if _INITIALS.fullmatch(last):  # "r.ż. Osobom" ends one, "M.P. Sharma" does not
        return following.isupper() and word[-1][:1].islower()
    if _is_shortened(last, line, match):
        return False
    if _ORDINAL.fullmatch(last):
        return not _is_ordinal(before, line, match.end())
    return True


def _is_ordinal(before: str, line: str, at: int) -> bool:
    """Returns True for "am 1. Dezember", "4.–12. August", "ab dem 2. Lehrjahr" and "jedes 3. Heft".

    A known noun or a small letter follows; other words may as well begin a sentence. before: what
    stands before the number; at: where in the line the word behind its full stop begins.
    """
    if line[at : at + 1].islower() or _AFTER_ORDINAL.match(line, at):
        return True
    words = before.rsplit(maxsplit=1)
    return bool(words) and words[-1].casefold() in _BEFORE_ORDINALS
