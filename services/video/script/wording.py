"""Abbreviations by their place, Roman numerals, codes, model numbers, versions, tags and signs in words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from services.video.script.lexicon import is_word
from services.video.script.numbers import cardinal, digits, figure, ordinal, year
from services.video.script.spans import Rule
from services.video.script.vocabulary import DATA, one_of

ROMAN: Final = r"(?=[IVX])(X{0,3})(IX|IV|V?I{0,3})"
VALUES: Final = {"I": 1, "V": 5, "X": 10}
HEADINGS: Final = DATA["numerals"]["headings"].split()
TITLES: Final = DATA["numerals"]["titles"].split()
MONARCHS: Final = frozenset(DATA["numerals"]["monarchs"].split())
FIRST_TYPES: Final = frozenset(DATA["words"]["first_types"].split())
SPELLED: Final = 3  # letters of an acronym that are spelt although they would form no word


def _closing(found: re.Match[str]) -> str:
    """An abbreviation that may end its sentence: the full stop is said where a new sentence follows."""
    rest = found.string[found.end() :]
    ends = found[0].endswith(".") and re.match(r"[\"')”]?(?:\s+[\"'“(]?[A-Z]|\s*$)", rest) is not None
    return f"{DATA['closing'][found[0]]}{'.' if ends else ''}"


def _by_place(found: re.Match[str]) -> str:
    """ "St." and "Dr.": before a name, or after one."""
    first, last = DATA["by_place"][found[0]]
    before = found.string[: found.start()].rstrip(" ")
    after = found.string[found.end() :]
    name_before = re.search(r"(?:^|[\s(])(?P<number>\d+[A-Za-z]?\s)?(?:[\w'.]+\s)??(?P<name>[A-Z][\w']+)$", before)
    name_after = re.match(r"\s+[A-Z]", after) is not None
    if name_before is None:
        return str(first)
    if not name_after:
        return f"{last}{'.' if not after.strip() else ''}"
    if name_before["name"] in FIRST_TYPES:
        return str(first)
    addressed = re.search(r"\d+\w?\s(?:[\w'.]+\s){0,3}$", before[: name_before.start("name")]) is not None
    return f"{last}." if addressed else str(first)


def _numeral(found: re.Match[str]) -> str | None:
    """A Roman numeral after a name or a heading."""
    name, title, numeral = found["name"], found["title"], found["numeral"]
    value = _roman(numeral)
    heading = name in HEADINGS
    if title in TITLES or (name in MONARCHS and (len(numeral) > 1 or numeral in "VX")):
        return f"{found['title'] + ' ' if title else ''}{name} the {ordinal(value)}"
    if heading or (len(numeral) > 1 and set(numeral) != {"X"}):
        return f"{found['title'] + ' ' if title else ''}{name} {cardinal(value)}"
    return None


def _roman(numeral: str) -> int:
    total = 0
    for place, letter in enumerate(numeral):
        value = VALUES[letter]
        following = VALUES.get(numeral[place + 1 : place + 2], 0)
        total += -value if value < following else value
    return total


def _sizes(found: re.Match[str]) -> str:
    """A range of clothes' sizes: "XS–3XL" -> "X S to three X L"."""
    return " to ".join(
        " ".join(cardinal(int(sign)) if sign.isdecimal() else sign for sign in found[end]) for end in ("low", "high")
    )


def _version(found: re.Match[str]) -> str:
    said = " point ".join(figure(piece) for piece in found["number"].split("."))
    return f"version {said}" if found["v"] else said


def _letters(piece: str) -> str:
    """Letters of a code: a word where they are one, else spelt."""
    if piece.isupper() or len(piece) == 1:
        if len(piece) > SPELLED - 1 and is_word(piece.lower()):
            return piece.capitalize()
        return " ".join(piece.upper() if len(piece) > 1 or piece.isupper() else piece)
    return piece


def _figures(piece: str) -> str:
    if "." in piece:
        return figure(piece)
    if len(piece) > 1 and piece.startswith("0"):
        return digits(piece)
    if len(piece) == 4 and piece[2:] != "00" and piece[:2] in ("19", "20"):
        return year(int(piece))
    return cardinal(int(piece)) if len(piece) < 5 else digits(piece)


def mixed(text: str) -> str:
    """Letters and figures in one word: "GLOW-20" -> "Glow twenty", "X200" -> "X two hundred"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    pieces = re.findall(r"[0-9]+(?:\.\d+)?|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+", parted)
    return " ".join(_figures(piece) if piece[0].isdecimal() else _letters(piece) for piece in pieces)


def _joined(found: re.Match[str]) -> str | None:
    return mixed(found[0])


def _ordinal(found: re.Match[str]) -> str:
    return ordinal(int(re.sub(r"\D", "", found[0])))


def _hashtag(found: re.Match[str]) -> str:
    return f"hashtag {mixed(found['tag'])}"


def _handle(found: re.Match[str]) -> str:
    marks = {".": "dot", "_": "underscore"}
    said = [marks.get(piece) or mixed(piece) for piece in re.split(r"([._])", found["name"])]
    return f"at {' '.join(word for word in said if word)}"


def _numbered(found: re.Match[str]) -> str:
    return f"number {figure(found['amount'])}"


def _initials(found: re.Match[str]) -> str:
    left, right = found[0].split("&")
    return f"{' '.join(left)} and {' '.join(right)}"


def _plus(found: re.Match[str]) -> str:
    return f"{figure(found['amount'])} plus"


def _greek(found: re.Match[str]) -> str:
    """A Greek letter on its own by its name."""
    named = unicodedata.name(found[0], "").split() or [found[0]]
    return named[-1].lower().replace("lamda", "lambda")


def _lines(found: re.Match[str]) -> str:
    """Lines of a picture: "1080p" -> "ten eighty P"."""
    number = int(found["lines"])
    head, tail = divmod(number, 100)
    return f"{cardinal(head)} {cardinal(tail)} {found['scan'].upper()}"


def _numbered_thing(found: re.Match[str]) -> str:
    return f"{found['thing']} number "


def _freephone(found: re.Match[str]) -> str:
    """A number with a word for its digits: "1-800-FLOWERS" -> "one, eight hundred, Flowers"."""
    area = found["area"]
    said = cardinal(int(area)) if area.endswith("00") else digits(area)
    groups = [digits(group) if group.isdecimal() else group.title() for group in found["word"].split("-")]
    return f"one, {said}, {' '.join(groups)}"


def _before_figure(found: re.Match[str]) -> str:
    return str(DATA["before_figure"][found[0]])


def _known(table: str) -> re.Pattern[str]:
    patterns = [
        rf"(?<![\w.@]){re.escape(word)}" + (r"(?!\w)" if word[-1].isalnum() else r"(?![^\W\d])")
        for word in sorted(DATA[table], key=len, reverse=True)
    ]
    return re.compile("|".join(patterns))


CLOTHES: Final = r"(?:\d?X{1,3}[SL]|[SML])"  # sizes of clothes
_DIALLED: Final = r"(?:[A-Z]{1,10}|\d{1,4})"  # a group of a telephone number
_MEASURED: Final = (
    r"(?:hundred|thousand|million|billion|dozen|per\s?cent"
    r"|seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|yrs?|times|people"
    r"|km|kg|cm|mm|m|g|lbs?|oz|ft|miles?)\b"
)
ABBREVIATIONS: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            rf"(?<![\w-])1-(?P<area>8\d\d)-(?P<word>(?=[\d-]*[A-Z]{{2}}){_DIALLED}(?:-{_DIALLED}){{0,4}})\b(?!-\w)"
        ),
        _freephone,
    ),
    (re.compile(rf"(?:(?<=\bI )|(?<=\b[Ww]e ))<3(?=\s[A-Za-z])(?!\s{_MEASURED})"), lambda _found: "love"),
    (re.compile(rf"\b(?P<thing>(?i:{one_of(DATA['words']['numbered'].split())}))\sno\.\s?(?=\d)"), _numbered_thing),
    (re.compile(rf"(?:{_known('before_figure').pattern})(?=\s?\d)"), _before_figure),
    (re.compile(rf"(?:{_known('before_name').pattern})(?=\s[A-Z])"), lambda found: DATA["before_name"][found[0]]),
    (_known("by_place"), _by_place),
    (_known("closing"), _closing),
    (_known("abbreviations"), lambda found: DATA["abbreviations"][found[0]]),
    (
        re.compile(r"\b(?P<word>[Mm]in)\.(?=\s[a-z])(?<!\d\smin\.)(?<!\dmin\.)(?<!\d-min\.)"),
        lambda found: f"{found['word']}imum",
    ),
    (
        re.compile(
            rf"\b(?:(?P<title>{one_of(TITLES)})\s)?(?P<name>[A-Z][a-z]+)\s(?P<numeral>{ROMAN})(?![\w'’])(?!\.\w)"
        ),
        _numeral,
    ),
)

CODES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"(?<![\w-])(?P<low>{CLOTHES})\s?[-–—]\s?(?P<high>{CLOTHES})(?![\w-])"), _sizes),
    (re.compile(r"\b(?P<lines>480|720|1080|1440|2160|4320)(?P<scan>[pi])\b"), _lines),
    (re.compile(r"(?<![\w.])(?P<v>[vV]\.?\s?)(?P<number>\d+(?:\.\d+){1,3})(?![\w]|\.\d)"), _version),
    (
        re.compile(r"(?<![\w.,])(?P<v>)(?!\d{1,3}(?:\.\d{3})+(?!\d))(?P<number>\d+(?:\.\d+){2,3})(?![\w]|\.\d)"),
        _version,
    ),
    (re.compile(r"(?<![\w&])#(?P<amount>\d{1,6})(?![\w])"), _numbered),
    (re.compile(r"(?<![\w&#])#(?P<tag>[^\W_]\w{0,79})"), _hashtag),
    (re.compile(r"(?<![\w@.])@(?P<name>[A-Za-z0-9_](?:[\w.]{0,38}\w)?)"), _handle),
    (re.compile(r"\b[A-Z]{1,3}&[A-Z]{1,3}\b"), _initials),
    (re.compile(r"\b(?:\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b"), _ordinal),
    (re.compile(r"(?<![\w.,])(?P<amount>\d{1,3}(?:,\d{3})+|\d+)\+(?!\w)"), _plus),
    (re.compile(r"\b(?=[A-Z][A-Z0-9-]{0,60}\d)[A-Z0-9]{1,60}+(?:-[A-Z0-9]{1,60}+){0,8}+(?:\.\d+)?\b"), _joined),
    (re.compile(r"(?<![\w-])[a-z]+-\d{1,3}\b(?![-\d])"), _joined),
)

JOINED: Final[tuple[Rule, ...]] = ((re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]+(?:\.\d+)?\b"), _joined),)

SIGNS: Final[tuple[Rule, ...]] = (
    (re.compile(r"<\s?(?=[$€£]?\d)"), lambda _found: "less than "),
    (re.compile(r">\s?(?=[$€£]?\d)"), lambda _found: "more than "),
    (re.compile(r"(?<![\u0370-\u03ff])[\u0391-\u03a9\u03b1-\u03c9](?![\w])"), _greek),
    (re.compile(r"\b(?P<letter>[A-Z])\+(?!\w)"), lambda found: f"{found['letter']} plus"),
    (re.compile(r"(?<=\w)\s[→⇒➜➡►▶]\ufe0f?\s(?=\w)"), lambda _found: ", "),
    (re.compile(f"[{''.join(re.escape(sign) for sign in DATA['signs'])}]"), lambda found: DATA["signs"][found[0]]),
)
