"""Says how messy a text is, per line and whole, and which of its lines state nothing about the product.

Pasted pages, feeds and letters hold menus, greetings, instructions to whoever makes the ad, and shorthand between the
statements. What an ad may quote of such a text is judged here; the words are data, in data/mess.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "mess.toml").read_text(encoding="utf-8"))

MESSY: Final = 0.21  # share of a text's lines with signs of mess, from which only whole clean statements count
FEW_LINES: Final = 8  # of a text that is too short to be called messy
SIGNS: Final = 2.0  # of a line that may not be quoted from any text
SIGN: Final = 1.0  # of a line that may not be quoted from a messy text
MAX_PHRASE_WORDS: Final = 9  # of a noun phrase; longer lines need a verb
MAX_CHARACTERS: Final = 400  # of a line that are judged
MAX_LINES: Final = 200
LEAST_GREETED: Final = 3  # words behind a greeting that are a sentence of their own
LEAST_LINKS: Final = 3  # of a row of links with spaces between them
MAX_LINKS: Final = 120  # characters of one
LEAST_SENTENCE: Final = 4  # words of a line that is judged at all


def any_of(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


_NAVIGATION = re.compile(any_of(DATA["navigation"]["words"]))
_MENU_DIVIDER = re.compile(r"\s*[|>»›/·•\u2022.:–—!]+\s*|\s+-\s+|\s{2,}")
_ROW_DIVIDER = re.compile(r"\s*[|»›·•\u2022]+\s*|\s+/+\s+|\s{3,}")
_PAGE = re.compile(rf"\W*(?:{any_of(DATA['page']['patterns'])})\W*")
_OPENING = re.compile(rf"\W*(?:{any_of(DATA['letter']['openings'])})(?!\w)")
_CLOSING = re.compile(rf"\W*(?:{any_of(DATA['letter']['closings'])})(?!\w)(?:\W+\w+){{0,3}}\W*")
_LETTER = re.compile(rf"(?<!\w)(?:{any_of(DATA['letter']['phrases'])})(?!\w)")


def _for_maker(kind: str) -> str:
    """Returns a pattern of the instructions of a kind; "{object}" and "{detail}" stand for their lists of words."""
    maker = DATA["maker"]
    pattern = any_of(maker[kind])
    return pattern.replace("{object}", maker["object"]).replace("{detail}", maker["detail"])


_CERTAIN = re.compile(rf"(?<!\w)(?:{_for_maker('certain')})|^\W*(?:{_for_maker('beginning')})")
_LIKELY = re.compile(rf"(?<!\w)(?:{_for_maker('likely')})")
_COLLEAGUE = re.compile(rf"\W*(?:{any_of(DATA['colleague']['patterns'])})\W*")
_SHORTHAND = re.compile(rf"(?<![\w/'’.-])(?:{any_of(DATA['shorthand']['patterns'])})(?![\w'’])")
_SPELLED = frozenset(DATA["shorthand"]["spelled"].split())
_SENTENCE = re.compile(rf"(?<![\w-])(?:{any_of(DATA['sentence']['words'])})(?![\w-])")

_DOUBT = re.compile(rf"(?<!\w)(?:{any_of(DATA['doubt']['patterns'])})")
_RECALLED = re.compile(rf"^\W*[A-ZÀ-Ý][a-zà-ÿ]{{1,14}} (?:{any_of(DATA['doubt']['recalled'])})(?![\d.,]* ?[%/])")
_ASKED = re.compile(rf"(?<!\w)(?:{any_of(DATA['doubt']['asked'])})")
ENDED = re.compile(rf"(?<![\w-])(?:{any_of(DATA['ended']['patterns'])})")
_ENDED_KEPT = re.compile(rf"(?<!\w)(?:{any_of(DATA['ended']['kept'])})(?!\w)")
_GREETING = re.compile(
    rf"^\W*(?:{any_of(DATA['greeting']['words'])})(?: (?:{any_of(DATA['greeting']['whom'])}))?\s?[,!.–-]+\s+",
    re.IGNORECASE,
)
_NOTE_FOR = re.compile(rf"^\W*(?:{any_of(DATA['note_for']['patterns'])})(?: ?[-–—:,]|$)")
_WAITING = re.compile(rf"^\W*(?:{any_of(DATA['waiting']['patterns'])})")
_NAMING = re.compile(any_of(DATA["naming"]["patterns"]))
_FILLER = frozenset(DATA["filler"]["words"].split())
_FILLER_PHRASE = re.compile(rf"\W*(?:{any_of(DATA['filler']['phrases'])})\W*")
LEAST_FILLER: Final = 3  # words of filler that make a line one
_LISTED_WORDS = re.compile(r"[^\W\d_]{3,}")
KEYWORDS: Final = 4  # parts of a row of search terms
KEYWORD_LENGTH: Final = 4  # words of one
LEAST_CELLS: Final = 3  # of a row of links
MAX_LINK: Final = 5  # words of one

_STAFF = DATA["staff"]
_ADDRESSED = re.compile(
    r"\W*(?i:(?:note|nb|n\.b|hinweis|nota|notiz)[.:]? (?:to |for |an |für |para |pour |per )?)?"
    rf"(?:(?i:(?P<role>{any_of(_STAFF['roles'])}))"
    rf"|(?!(?i:{any_of(_STAFF['no_names'])})(?!\w))(?P<name>[A-ZÀ-Ý][a-zà-ÿ]{{1,14}}(?: [A-ZÀ-Ý]\w+)?(?<!s)))"
    rf"(?:(?P<comma> ?, ?)| ?[:–—] ?| - | (?=(?i:{any_of(_STAFF['requests'])})(?!\w)))",
)
_REQUEST = re.compile(rf"(?:{any_of(_STAFF['requests'])})(?!\w)")
_EDITS = re.compile(rf"(?<!\w)(?:{any_of(_STAFF['edits'])})(?!\w)")
_PUBLISHING = re.compile(rf"(?<!\w)(?:{any_of(_STAFF['publishing'])})(?!\w)")
_FIGURE = re.compile(rf"(?<!\w)(?:{any_of(_STAFF['figures'])})(?!\w)")
_LIMIT = re.compile(rf"(?<!\w)(?:{any_of(_STAFF['limits'])})[^.!?]{{0,20}}\d")
_FLOOR = re.compile(rf"(?<!\w)(?:{any_of(_STAFF['floors'])})[^.!?]{{0,20}}\d")
_CUSTOMER = re.compile(
    r"(?<!\w)(?:you|yours?|votre|vos|ihre?[nmrs]?|eure?[nmrs]?|deine?[nmrs]?|tus?|vuestr[oa]s?|vostr[oaie]|seus?|suas?"
    r"|uw|jouw|twoj\w+)(?!\w)"
)

_VOWELLESS = re.compile(r"(?<![\w.’'-])[bcdfghjklmnpqrstvwxz]{2,5}(?![\w’'-])")
_MONEY_UNIT = re.compile(
    r"(?:[€$£¥₺₹]|eur|zł|kr|rs\.?)? ?\d[\d.,]* ?(?:[€$£¥₺₹]|eur|zł|kr|rs\.?)? ?(?:,-)? ?/ ?[^\W\d]"
)
_SPACED_SLASH = re.compile(r"\w\)? / \(?\w|^/|/$")
_SLASHES = re.compile(r"[^\W\d]/[^\W\d]")
_JOINED_WORDS = re.compile(r"[^\W\d]\)? ?\+ ?\(?[^\W\d]")
_TAX = re.compile(r"\+ ?(?:vat|mwst|ust|iva|tva|gst|hst|tax|btw|moms|kdv|ggf)(?!\w)")
_DRAWN = re.compile(
    r" = |->|<-|→|=>|>{2}|<{2}|~|[{}_|\\]|//|::|\*{2}|#\w|!!| \.(?=\s|$)|(?<=\w) ,|\.\.(?!\.)| -- |^\W*\*"
)
_STUCK = re.compile(r"[a-zà-ÿ](?:,[a-zà-ÿ]|\.[A-ZÀ-Ý][a-zà-ÿ])")
_CAPITAL_LABEL = re.compile(r"^[A-ZÀ-ÝİŞĞ][A-ZÀ-ÝİŞĞ ]{2,24}: ?\S")
_LABEL = re.compile(r"^[^\W\d]\w{2,24}(?: \w+)?: \S")
_SMALL_LABEL = re.compile(r"^[a-zà-ÿ]+(?: [a-zà-ÿ]+)?: \S")  # of a feed: "color: navy"
_SHOUTED = re.compile(r"(?<![\w/-])[A-ZÀ-ÝİŞĞ]{4,}(?![\w/-])")
_SMALL = re.compile(r"[a-zà-ÿ]{3}")
_NUMBER = re.compile(r"\d[\d.,]*")
_AMOUNT = re.compile(
    r"(?:[€$£¥₺₹]|R\$|Rs\.?|(?<!\w)(?:EUR|CHF|AED|USD)) ?\d[\d.,]*|\d[\d.,]* ?(?:[€$£¥₺₹]|zł|kr|EUR|TL)(?!\w)|\d,-"
)
_LIST_PRICE = re.compile(r"[^\W\d]: ?\d+[.,]\d\d$")
_REFERENCE = re.compile(
    r"(?<!\w)(?:(?:photo|foto|pic|bild|image|imagen|fig|seite|page|p[aá]g(?:ina)?)s?\.? ?\d+"
    r"|see (?:below|above|faq|photo|pic|attach)\w*"
    r"|siehe (?:unten|oben|aushang|anhang|foto|bild)|voir (?:photo|ci-dessous)|ver (?:foto|abajo)|vedi (?:foto|sotto))",
    re.IGNORECASE,
)
_TORN_START = re.compile(r"^[)\]},;:/&+=%]|^\)|^(?:\d{1,2}[-–]\d{1,2} \()")
_TORN_END = re.compile(
    r"[(\[{&+=/,–-]$|(?<!\w)(?:and|or|the|an?|of|with|for|to"
    r"|und|oder|der|die|das|mit|für|von|et|ou|le|la|les|de|du|avec|y|o"
    r"|el|los|con|para|e|il|lo|per|do|da|com)$"
)
_MASKED = re.compile(r"\dx{3,}|x{4,}\d|(?<!\d)0{3,}[ -]0{2,}")
_DEFINITION = re.compile(
    r"^\W*([A-Z]{2,8})\.? ?(?:=|:|–|-|stands for|means|bedeutet|steht für|signifie|significa) ?([^\d.;]{6,80})\.?$"
)
_ODD_PHONE = re.compile(r"(?<!\d)\d{4}[- ]\d{4}(?!\d)")
_LETTERS = re.compile(r"[^\W\d_]")


def is_no_statement(line: str, *, binds: bool = False) -> bool:
    """Returns True for a line that is no statement about the product, whatever the text around it is like.

    That is a menu, a footer, a cookie line, a phrase of a letter, an instruction to whoever makes the ad, a question or
    remark to a colleague, what a thing is called in the house, or the definition of an abbreviation. `binds`: the line
    reads as a condition or a legal line; it then counts as an instruction only where it names the ad.
    """
    lowered = _lowered(line)
    if _is_menu(lowered) or _PAGE.fullmatch(lowered) or _COLLEAGUE.fullmatch(lowered):
        return True
    if _NAMING.fullmatch(lowered) and not binds:
        return True
    if is_in_doubt(line) or is_ended(line) or _is_filler(lowered) or _are_keywords(lowered):
        return True
    if _OPENING.match(lowered) or _CLOSING.fullmatch(lowered) or _LETTER.search(lowered):
        return True
    is_instruction = is_certainly_for_maker(line) if binds else is_for_maker(line)
    return is_instruction or is_for_staff(line) or is_definition(line)


def _lowered(line: str) -> str:
    return line[:MAX_CHARACTERS].lower().replace("’", "'").strip()


def is_for_maker(line: str) -> bool:
    """Returns True for an instruction to whoever makes the ad: "please no pictures of children"."""
    return is_certainly_for_maker(line) or _LIKELY.search(_lowered(line)) is not None


def is_certainly_for_maker(line: str) -> bool:
    """Returns True for an instruction that names the ad or a part of it, whatever else the line says."""
    return _CERTAIN.search(_lowered(line)) is not None


def is_for_staff(line: str) -> bool:
    """Returns True for a note to a colleague: a name or role, then a request about the ad or an internal figure.

    None of these alone is proof: "please book on our page" asks a customer, "Anna, baker: …" names a person.
    """
    text = line[:MAX_CHARACTERS].replace("’", "'").strip()
    addressed = _ADDRESSED.match(text)
    if addressed is None:
        return False
    said = text[addressed.end() :].lower()
    request = _REQUEST.match(said)
    rest = said[request.end() :] if request else said
    is_told = request or addressed["comma"] or addressed["role"]
    if _CUSTOMER.search(rest):
        return False
    edits = is_told and (_EDITS.search(rest) if request else _EDITS.match(rest))
    if edits and _PUBLISHING.search(rest):
        return True
    is_limited = _LIMIT.search(said) or (addressed["role"] and _FLOOR.search(said))
    return bool(is_limited and _FIGURE.search(said))


def is_in_doubt(line: str) -> bool:
    """Returns True for a statement that its writer leaves to be checked, and for a note to whoever makes the page."""
    lowered = _lowered(line)
    if _DOUBT.search(lowered) or _NOTE_FOR.match(lowered):
        return True
    text = line[:MAX_CHARACTERS].replace("’", "'")
    return _RECALLED.match(text) is not None or _ASKED.search(text) is not None or _WAITING.match(text) is not None


def is_ended(line: str) -> bool:
    """Returns True for a statement about what is not offered, for now or no longer: "Tractor rides cancelled."

    What it says of a price, a refund or who may buy is kept: "Lunch is no longer included."
    """
    lowered = _lowered(line)
    return ENDED.search(lowered) is not None and _ENDED_KEPT.search(lowered) is None


def without_greeting(sentence: str) -> str:
    """Returns a sentence without the greeting that it begins with ("Hi, we come to your home.")."""
    rest = _GREETING.sub("", sentence, count=1)
    return f"{rest[:1].upper()}{rest[1:]}" if rest != sentence and len(rest.split()) >= LEAST_GREETED else sentence


def is_note_for(note: str) -> bool:
    """Returns True for a note in brackets that begins with whom it is for: "for the web designer - …"."""
    return _NOTE_FOR.match(_lowered(note)) is not None


def _is_filler(lowered: str) -> bool:
    """Returns True for the Latin, or the phrase, that stands where a text is to come."""
    words = _LISTED_WORDS.findall(lowered)
    fillers = sum(word in _FILLER for word in words)
    return (fillers >= LEAST_FILLER and 2 * fillers > len(words)) or _FILLER_PHRASE.fullmatch(lowered) is not None


def _are_keywords(lowered: str) -> bool:
    """Returns True for a row of search terms: short parts without figures, most of which repeat one word."""
    parts = [part.strip() for part in lowered.rstrip(".").split(",")]
    if len(parts) < KEYWORDS or any(not part or len(part.split()) > KEYWORD_LENGTH for part in parts):
        return False
    if re.search(r"\d|(?<!\w)(?:and|or|und|oder|et|ou|y|o|e|i|ve|en)(?!\w)", lowered):
        return False
    words = [set(_LISTED_WORDS.findall(part)) for part in parts]
    return any(2 * sum(word in others for others in words) > len(parts) for word in words[0] | words[1])


def is_menu_row(line: str) -> bool:
    """Returns True for a row of links among which at least two are a menu's: "Home | Sizes | Areas | Contact"."""
    parts = [part.strip(" *[]()").lower() for part in _ROW_DIVIDER.split(line) if part.strip(" *[]()")]
    menu = sum(_NAVIGATION.fullmatch(part) is not None for part in parts)
    return len(parts) >= LEAST_CELLS and menu >= 2 and all(len(part.split()) <= MAX_LINK for part in parts)


def is_row_of_terms(line: str) -> bool:
    """Returns True for search terms between bars: most begin small, none has a figure ("plug spawn | champignon")."""
    parts = [part.strip() for part in line.split("|")]
    small = sum(part[:1].islower() for part in parts)
    return (
        len(parts) >= LEAST_CELLS
        and 2 * small > len(parts)
        and not any(sign.isdigit() or sign in ".!?:" for sign in line)
        and all(0 < len(part.split()) < KEYWORD_LENGTH for part in parts)
    )


def is_sentence(line: str) -> bool:
    """Returns True for a line with a verb or a pronoun."""
    return _SENTENCE.search(_lowered(line)) is not None


def is_page(line: str) -> bool:
    """Returns True for a line of the page around a text: a footer, a cookie line, the date of its last change."""
    return _PAGE.fullmatch(_lowered(line)) is not None


def is_definition(line: str) -> bool:
    """Returns True for an abbreviation with its own words: "APR = annual percentage rate"."""
    match = _DEFINITION.match(line)
    if match is None:
        return False
    words = re.findall(r"[^\W\d_]+", match[2])
    initials = "".join(word[0] for word in words).upper()
    capitals = "".join(word[0] for word in words if len(word) > 3).upper()
    return match[1] in (initials, capitals)


def _is_menu(lowered: str) -> bool:
    parts = [part for part in _MENU_DIVIDER.split(lowered.strip(" *[]()")) if part]
    if bool(parts) and all(_NAVIGATION.fullmatch(part) for part in parts):
        return True
    return len(lowered) <= MAX_LINKS and all(_are_links(part.split()) for part in parts) and bool(parts)


def _are_links(words: Sequence[str]) -> bool:
    """Returns True for words that are links of a menu one behind the other: "menu search accessibility sign in"."""
    count = place = 0
    while place < len(words):
        length = next(
            (
                size
                for size in range(min(MAX_LINK, len(words) - place), 0, -1)
                if _NAVIGATION.fullmatch(" ".join(words[place : place + size]))
            ),
            0,
        )
        if not length:
            return False
        place, count = place + length, count + 1
    return count >= LEAST_LINKS


def is_torn(line: str) -> bool:
    """Returns True for a piece that something was cut off from: an open bracket, an article at the end."""
    stripped = line[-MAX_CHARACTERS:].strip() if len(line) > MAX_CHARACTERS else line.strip()
    return (
        any(stripped.count(opening) != stripped.count(closing) for opening, closing in ("()", "[]"))
        or (stripped.count('"') % 2 == 1 and re.search(r'\d ?"', stripped) is None)
        or _TORN_START.match(stripped) is not None
        or _TORN_END.search(stripped.lower()) is not None
    )


@lru_cache(maxsize=512)
def signs(line: str) -> float:
    """Returns how many signs of mess a line has: shorthand, drawn marks, labels, shouted words, rows of numbers."""
    line = line[:MAX_CHARACTERS]
    lowered = line.lower()
    found = 0.0
    found += len(set(_SHORTHAND.findall(lowered)))
    found += sum(word not in _SPELLED for word in _VOWELLESS.findall(line))
    plain = _MONEY_UNIT.sub("1 ", _TAX.sub("", lowered))
    found += bool(_SPACED_SLASH.search(plain)) + (len(_SLASHES.findall(plain)) >= 2)
    found += bool(_JOINED_WORDS.search(plain))
    found += len(set(_DRAWN.findall(line)))
    found += bool(_STUCK.search(line))
    found += 1.0 if _CAPITAL_LABEL.match(line) or _SMALL_LABEL.match(line) else 0.5 * bool(_LABEL.match(line))
    if _SMALL.search(line):
        found += 0.5 * min(2, len(_SHOUTED.findall(line)))
    found += bool(_REFERENCE.search(line)) + 2 * bool(_MASKED.search(lowered)) + bool(_ODD_PHONE.search(line))
    words = line.split()
    numbers = sum(any(sign.isdigit() for sign in word) for word in words)
    found += (numbers >= 3 and numbers >= 0.4 * len(words)) + 0.5 * (numbers >= 5 and numbers >= 0.3 * len(words))
    found += bool(_LIST_PRICE.search(line))
    found += 0.5 * (len(_AMOUNT.findall(line)) >= 3 and not _SENTENCE.search(lowered))
    return found


def share(lines: Sequence[str]) -> float:
    """Returns the share of a text's lines that have signs of mess or are no statements, 0 to 1; 0 for short texts."""
    judged = [
        line
        for line in lines[:MAX_LINES]
        if (len(line.split()) >= LEAST_SENTENCE or is_no_statement(line)) and not is_in_doubt(line)
    ]
    if not judged:
        return 0.0
    messy = sum(is_no_statement(line) or signs(line) >= SIGN for line in judged)
    return messy / len(judged) if len(judged) >= FEW_LINES else 0.0


def is_quotable(statement: str, *, in_messy: bool) -> bool:
    """Returns True for a statement that an ad can print: in a messy text only whole sentences and clean phrases."""
    if is_torn(statement):
        return False
    found = signs(statement)
    if found >= SIGNS:
        return False
    if not in_messy:
        return True
    return found < SIGN and _is_whole(statement)


def _is_whole(statement: str) -> bool:
    """Returns True for a sentence with a verb or pronoun, and for a short phrase that begins as one does."""
    words = statement.split()
    letters = len(_LETTERS.findall(statement))
    if sum(len(_LETTERS.findall(word)) >= 3 for word in words) < 2 and statement.isascii():
        return False
    if letters < 0.6 * len(statement.replace(" ", "")) or letters < 6:
        return _AMOUNT.search(statement) is not None and re.search(r"[^\W\d_]{4}", statement) is not None
    first = next((sign for sign in statement if sign.isalpha()), "")
    if not first.isascii() and first.lower() == first.upper():  # a script without capitals
        return True
    if len(words) <= MAX_PHRASE_WORDS:
        return len(words) >= 2
    return _SENTENCE.search(statement.lower()) is not None


_TELEGRAPHIC = re.compile(
    r"(?<!\w)x ?\d{1,3}$|\w ?= ?\w|\+ ?[$€£]0(?!\d)|^[$€£]?[\d.,]+ ?/ ?\d+$|^[a-zà-ÿ ]{3,20}: \S+(?: \S+)?$"
)


def is_telegraphic(statement: str) -> bool:
    """Returns True for a note of a few signs, which says its writer more than a reader: "v-groove x4", "$25/10"."""
    return _TELEGRAPHIC.search(statement.strip()) is not None
