"""Writes out the shorthand of chats, notes and price lists ("4 ur event", "abt 110", "3 hr") before a text is read.

Only what can mean one thing is written out. Names, addresses, codes and markup keep theirs: nobody is called "You" for
a sign that says "U".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.catalog.understanding.values import ProductTexts

MAX_CHARACTERS: Final = 20_000  # of one text; the rest stays as it is
_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "shorthand.toml").read_text(encoding="utf-8"))
LANGUAGES: Final = frozenset(_DATA)
LEAST_NAME: Final = 2  # letters of a sender's name that is left alone within a text
_UNIT: Final = re.compile(r"=(\w+)")  # in what replaces a pattern: a unit, to be written in the singular
_WORD_START: Final = r"(?<![\w/.'’&@#–—-])(?<!\s\d )(?<!\d\d )(?<![€$£]\d )"
_WORD_END: Final = r"(?![\w/'’&@–—-])"
_NUMBER: Final = (
    r"(?<![\w.,/:$€£-])(?P<number>(?:\d{1,3}(?:[.,]\d+)?(?: ?[-–] ?| (?:or|to|oder|bis|ou|à|o|a|e) )?)?"
    r"\d{1,4}(?:[.,]\d{1,2})?)"
)
_MONEY: Final = r"(?P<money>[€$£] ?\d[\d.,]*|\d[\d.,]* ?(?:[€$£]|eur|euros?|zł))"
_KEPT: Final = re.compile(  # markup, addresses, handles, hashtags, codes
    r"<[^<>]{0,300}>|&#?\w{1,10};|\{\{[^{}]{0,200}\}\}|https?://\S+|www\.\S+|[\w.+-]+@[\w.-]+|[@#]\w+"
    r"|(?<!\w)(?=[\w-]*\d)(?=[\w-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)+(?!\w)"
)
_CRAMPED: Final = re.compile(r"(?<![\w/:.@-])(?P<word>[A-Za-zÀ-ÿ]{3,}):(?=\d{1,3}(?![\d:.])|[^\W\d_]{2})(?!//)")
_SHOUTED_BEFORE: Final = re.compile(r"[A-ZÀ-Ý]{2,}[^\w\n]{1,3}$")
_SHOUTED_BEHIND: Final = re.compile(r"[^\w\n]{1,3}[A-ZÀ-Ý]{2,}(?![a-z])")


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    written: Callable[[re.Match[str]], str]


def written_out(texts: ProductTexts, language: str) -> ProductTexts:
    """Returns a product's texts with their shorthand written out; those of languages without data as they are.

    `language`: BCP 47 code of the texts. The sender's name stays, also where it stands within the texts.
    """
    code = language.split("-", maxsplit=1)[0]
    if code not in LANGUAGES:
        return texts

    def out(text: str) -> str:
        return without_shorthand(text, code, names=(texts.project,))

    return replace(
        texts,
        name=out(texts.name),
        description=out(texts.description),
        features=tuple(map(out, texts.features)),
        audience=out(texts.audience),
        conditions=tuple(map(out, texts.conditions)),
        description_as_sent=texts.description,
        offer=replace(texts.offer, text=out(texts.offer.text)) if texts.offer else None,
    )


def without_shorthand(text: str, language: str, *, names: Iterable[str] = ()) -> str:
    """Returns a text of a language of LANGUAGES with its shorthand written out. `names`: stand in it as they are."""
    head, rest = text[:MAX_CHARACTERS], text[MAX_CHARACTERS:]
    named = "|".join(re.escape(name.strip()) for name in names if len(name.strip()) >= LEAST_NAME)
    kept = [(match.start(), match.end()) for match in _KEPT.finditer(head)]
    if named:
        kept += [match.span() for match in re.finditer(rf"(?<!\w)(?:{named})(?!\w)", head, re.IGNORECASE)]
    parts: list[str] = []
    held: list[str] = []
    end = 0
    for start, stop in sorted(kept):
        if start < end:
            continue
        parts.append(head[end:start])
        held.append(head[start:stop])
        end = stop
    parts.append(head[end:])
    joined = "\x01".join(part.replace("\x01", "") for part in parts)
    written = _CRAMPED.sub(r"\g<word>: ", joined)
    for rule in _rules(language):
        written = rule.pattern.sub(rule.written, written)
    pieces = written.split("\x01")
    whole = "".join(piece + (held[at] if at < len(held) else "") for at, piece in enumerate(pieces))
    return whole + rest


@cache
def _rules(language: str) -> tuple[_Rule, ...]:
    data = _DATA[language]
    counted: dict[str, list[str]] = data.get("counted", {})
    apart = frozenset(data.get("apart", "").split())
    rules: list[_Rule] = []
    for pattern, written in data.get("patterns", ()):
        rules.append(_Rule(re.compile(pattern, re.IGNORECASE), _pattern(written, counted)))
    if paid := data.get("paid"):
        rules.append(
            _Rule(
                re.compile(rf"{_MONEY} ?/?(?P<short>{_any_of(paid)}){_WORD_END}", re.IGNORECASE),
                _paid(paid),
            )
        )
    if counted:
        rules.append(
            _Rule(
                re.compile(
                    rf"{_NUMBER}(?P<gap>[ -]?)(?P<short>{_any_of(counted)})(?P<stop>\.(?= (?-i:[a-z(]))|){_WORD_END}"
                    r"(?P<behind> (?P<next>[^\W\d_]{2,})(?![.:]\w))?",
                    re.IGNORECASE,
                ),
                _counted(counted, apart),
            )
        )
    if numbered := data.get("numbered"):
        rules.append(
            _Rule(
                re.compile(rf"{_WORD_START}(?P<short>{_any_of(numbered)})\.? ?(?P<mark>[€$£]?)(?=\d)", re.IGNORECASE),
                _numbered(numbered),
            )
        )
    for group, flags in (("small", re.NOFLAG), ("words", re.IGNORECASE)):
        if table := data.get(group):
            rules.append(
                _Rule(
                    re.compile(rf"{_WORD_START}(?P<short>{_any_of(table, shouted=not flags)}){_WORD_END}", flags),
                    _word(table, is_small=group == "small"),
                )
            )
    return tuple(rules)


def _any_of(table: Iterable[str], *, shouted: bool = False) -> str:
    """Returns a pattern of the shorthand of a table, the longest first."""
    found = [*table, *(short.upper() for short in table if shouted)]
    return "|".join(map(re.escape, sorted(set(found), key=lambda short: (-len(short), short))))


def _pattern(written: str, counted: dict[str, list[str]]) -> Callable[[re.Match[str]], str]:
    def replaced(match: re.Match[str]) -> str:
        expanded = _UNIT.sub(lambda unit: counted[unit[1].lower()][0], match.expand(written))
        return _with_case(expanded, match[0])

    return replaced


def _counted(table: dict[str, list[str]], apart: frozenset[str]) -> Callable[[re.Match[str]], str]:
    """Writes a unit out: "3 hr" are 3 hours, and a "48 hr guarantee" is one of 48 hours where the language says so."""

    def replaced(match: re.Match[str]) -> str:
        one, many = table[match["short"].lower()]
        behind = match["behind"] or ""
        following = (match["next"] or "").lower()
        is_single = not match["short"].lower().endswith("s")
        if apart and following and is_single and following not in apart and one != many and match["short"] != "ppl":
            return f"{match['number']}-{one}{behind}"
        return f"{match['number']} {one if match['number'] in {'1', '1.0'} else many}{behind}"

    return replaced


def _paid(table: dict[str, str]) -> Callable[[re.Match[str]], str]:
    """Writes out what an amount is for: "£4 ea"."""
    return lambda match: f"{match['money']} {table[match['short'].lower()]}"


def _numbered(table: dict[str, str]) -> Callable[[re.Match[str]], str]:
    """Writes out what stands before a number: "abt 40"."""
    return lambda match: f"{_cased(table[match['short'].lower()], match)} {match['mark']}"


def _word(table: dict[str, str], *, is_small: bool) -> Callable[[re.Match[str]], str]:
    def replaced(match: re.Match[str]) -> str:
        short = match["short"]
        if is_small and short.isupper() and not _is_in_shouted_row(match):
            return short
        if is_small and short.isupper():
            return table[short.lower()].upper()
        return _cased(table[short.lower()], match)

    return replaced


def _is_in_shouted_row(match: re.Match[str]) -> bool:
    """Returns True between words in capitals: "WHILE U WAIT"; with one beside it it may be a name: "NAILS 4 U"."""
    before = match.string[max(0, match.start() - 24) : match.start()]
    return bool(_SHOUTED_BEFORE.search(before) and _SHOUTED_BEHIND.match(match.string, match.end()))


def _cased(written: str, match: re.Match[str]) -> str:
    return _with_case(written, match["short"])


def _with_case(written: str, short: str) -> str:
    letters = [sign for sign in short if sign.isalpha()]
    if len(letters) > 1 and all(sign.isupper() for sign in letters) and len(written) < 2 * len(short) + 8:
        return written.upper()
    is_capital = short[:1].isupper() and written[:1].islower() and not any(sign.isdigit() for sign in short)
    return f"{written[0].upper()}{written[1:]}" if is_capital else written
