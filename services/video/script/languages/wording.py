"""Abbreviations by their place, Roman numerals, codes, acronyms and signs in words."""

from __future__ import annotations

import re
from typing import Final

from services.video.script.languages.words import FEMININE, MASCULINE, Words
from services.video.script.spans import Rule
from services.video.script.vocabulary import one_of

ROMAN: Final = r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})(?<=[IVX])"
VALUES: Final = {"I": 1, "V": 5, "X": 10}
SHORT_ACRONYM: Final = 4  # letters; longer words in capitals are words


def _roman(numeral: str) -> int:
    total = 0
    for place, letter in enumerate(numeral):
        value = VALUES[letter]
        following = VALUES.get(numeral[place + 1 : place + 2], 0)
        total += -value if value < following else value
    return total


def _kept_stop(found: re.Match[str]) -> str:
    """The full stop that ends both an abbreviation and its sentence."""
    rest = found.string[found.end() :]
    ends = found[0].endswith(".") and re.match(r"[\"')”»]?(?:\s+[\"'“«(¿¡]?[A-ZÁÉÍÓÚÑÀÈÌÒÙ]|\s*$)", rest) is not None
    return "." if ends else ""


def references(words: Words) -> tuple[Rule, ...]:
    """Labels before a figure: "nº 5", "n. 5", "km 5"."""
    labels: dict[str, str] = words.data["abbreviations"]["before_figure"]

    def said(found: re.Match[str]) -> str:
        label = labels.get(found["label"]) or labels[found["label"].lower()]
        return f"{label} {words.figure(found['amount'])}"

    return (
        (
            re.compile(rf"(?<!\w)(?P<label>(?i:{one_of(labels)}))\s?(?P<amount>\d{{1,6}})(?![\w%€]|[.,/]\d|\s?[€%])"),
            said,
        ),
    )


def abbreviations(words: Words) -> tuple[Rule, ...]:
    """Abbreviations anywhere, at the end of a sentence, and before a name."""
    data = words.data["abbreviations"]
    anywhere: dict[str, str] = data["anywhere"]
    before_name: dict[str, str] = data["before_name"]
    loans: dict[str, str] = words.data["loans"]

    def known(found: re.Match[str]) -> str:
        return f"{anywhere[found[0]]}{_kept_stop(found)}"

    def title(found: re.Match[str]) -> str:
        return before_name[found[0]]

    def loan(found: re.Match[str]) -> str:
        return loans[found[0].casefold()]

    return (
        (re.compile(rf"(?<![\w.]){_any(before_name)}(?=\s?[A-ZÁÉÍÓÚÑÀÈÌÒÙ][^\W\d_]|\sde(?:l|i|lla)?\s)"), title),
        (re.compile(rf"(?<![\w.]){_any(anywhere)}(?!\w)"), known),
        (re.compile(rf"\b(?i:{one_of(loans)})\b"), loan),
    )


def _any(written: dict[str, str]) -> str:
    return f"(?:{one_of(written)})" if written else "(?!)"


def numerals(words: Words) -> tuple[Rule, ...]:
    """Roman numerals behind a heading, a monarch or a century."""
    data = words.data["numerals"]

    shortened: dict[str, str] = data["shortened"]

    def heading(found: re.Match[str]) -> str:
        name = shortened.get(found["name"], found["name"])
        said = f"{name} {words.cardinal(_roman(found['numeral']))}"
        return f"{said} {found['joint']} {words.cardinal(_roman(found['next']))}" if found["next"] else said

    def monarch(found: re.Match[str]) -> str:
        gender = FEMININE if found["name"] in data["queens"].split() else MASCULINE
        value = _roman(found["numeral"])
        return (
            f"{found['name']} {words.ordinal(value, gender) if value <= data['ordinals_to'] else words.cardinal(value)}"
        )

    def century(found: re.Match[str]) -> str:
        return f"{words.ordinal(_roman(found['numeral']))} {found['name']}"

    names = one_of(f"{data['monarchs']} {data['queens']}".split())
    made: list[Rule] = [
        (
            re.compile(
                rf"(?<![\w.])(?P<name>(?i:{one_of(data['headings'].split())})\b|{_any(shortened)})\s?(?P<numeral>{ROMAN})\b"
                rf"(?:\s(?P<joint>{data['joints']})\s(?P<next>{ROMAN})\b)?"
            ),
            heading,
        ),
        (re.compile(rf"\b(?P<name>{names})\s(?P<numeral>{ROMAN})\b"), monarch),
    ]
    if data["centuries"]:
        made.append((re.compile(rf"\b(?P<numeral>{ROMAN})\s(?P<name>{data['centuries']})\b"), century))
    return tuple(made)


def codes(words: Words) -> tuple[Rule, ...]:
    """Letters and figures in one word, and acronyms that are no word."""
    letters: dict[str, str] = words.data["letters"]
    spelled_words = frozenset(words.data["words"]["spelled"].split())
    sayable = re.compile(words.data["words"]["sayable"])

    def spelled(text: str) -> str:
        return " ".join(letters.get(letter.lower(), letter) for letter in text)

    def piece(part: str, *, alone: bool) -> str:
        if part[0].isdecimal():
            return (
                words.digits(part) if len(part) > 4 or (part.startswith("0") and len(part) > 1) else words.figure(part)
            )
        if len(part) == 1 or (part.isupper() and (part in spelled_words or _is_spelled(part, sayable))):
            return spelled(part)
        return part if alone else part.lower()

    def mixed(found: re.Match[str]) -> str | None:
        parts = re.findall(r"\d+(?:[.,]\d+)?|[^\W\d_]+", found[0])
        return " ".join(piece(part, alone=False) for part in parts)

    def acronym(found: re.Match[str]) -> str | None:
        text = found[0]
        if "-" in text:
            return spelled(text.replace("-", ""))
        if text in spelled_words or _is_spelled(text, sayable):
            return spelled(text)
        return None

    return (
        (re.compile(r"(?<![\w.])(?=[\w-]*\d)(?=[\w-]*[^\W\d_])(?:[^\W_]+(?:-[^\W_]+)*)(?![\w])"), mixed),
        (re.compile(r"(?<![\w.'’])[A-ZÑ]{2,5}(?:-[A-Z])?(?![\w])"), acronym),
        (
            re.compile(r"(?<![\w'’])(?:[A-Z]\.){2,5}(?!\w)"),
            lambda found: f"{spelled(found[0].replace('.', ''))}{_kept_stop(found)}",
        ),
    )


def _is_spelled(text: str, sayable: re.Pattern[str]) -> bool:
    return len(text) <= SHORT_ACRONYM and sayable.fullmatch(text.lower()) is None


def signs(words: Words) -> tuple[Rule, ...]:
    """Signs by their names."""
    names: dict[str, str] = words.data["signs"]

    def said(found: re.Match[str]) -> str:
        return f" {names[found[0].strip()]} "

    return ((re.compile(rf"\s?(?:{one_of(names)})\s?"), said),)
