"""Facts as they are quoted: whole, in the customer's words. Nothing is conjugated, nothing is joined into a clause."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from unicodedata import east_asian_width

from babel.dates import get_day_names, get_month_names

from services.copy.providers.local.words import LANGUAGES, Words, signs

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_WIDE_RUN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
_SEPARATOR = re.compile(r"\s[–—-]\s|[,;:]\s")
_LIMITING = re.compile(r"[\d%*†$€£₹¥₺₽]")  # what may limit the words before it: a number, money, a footnote
# "On a bail of $5,000 that is $500": of what?
_THAT_IS = re.compile(
    r"(?<!\w)(?:that(?:['’]s| is| makes| comes to)|das (?:sind|macht|ergibt)|(?:ça|cela) fait|eso (?:es|son|hace)"
    r"|(?:questo|sono) fa|(?:isso|isto) (?:dá|faz)) (?:about |around |only |just |rund |etwa )?"
    r"(?:[$€£¥₹]\d|\d[\d.,]*\s?(?:[$€£]|kr|zł))",
    re.IGNORECASE,
)
_PRICED = re.compile(r"[%$€£₹¥₺₽]|\b(?:EUR|USD|GBP|CHF|zł|kr)\b")  # what a limit may follow
_PRICED_WORD = re.compile(
    r"(?:[$€£₹¥₺₽]\s?\d|\d[\d.,]*\s?(?:[$€£₹¥₺₽%]|EUR|USD|GBP|CHF|zł|kr|[^\W\d_]{4,}))"
)  # "480 pesos"
_WEEK = "|".join(map(re.escape, signs("weeks")))
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NUMBER = re.compile(r"[\d$€£₹¥₺₽%]")
_LEAST_STEM = 4  # letters that two forms of a short word have in common
_ENDING = 3  # letters by which two forms of a word differ
_STEM = 6  # letters that two forms of a word have in common
_ENDS = ".!?…。！？।"
_QUOTED_ENDS = tuple(f"{stop}{space}{close}" for stop in ".!?…" for space in ("", " ", "\u00a0") for close in "”»")
_ARE = frozenset(signs("linking"))
_QUANTITIES = frozenset(signs("quantities"))
_OTHERS = re.compile(
    rf"(?:(?:for|to|für|pour|à|para|per|a) )?(?:{'|'.join(map(re.escape, signs('others')))})(?!\w)", re.IGNORECASE
)
_DEDUCTED = re.compile(rf"(?:{'|'.join(map(re.escape, signs('deducted')))})(?!\w)", re.IGNORECASE)
FEWEST_CHARACTERS = 24  # of a sentence; what is shorter is a heading or a call
FEWEST_WORDS = 3  # of a text that was cut
FEWEST_WIDE = 4  # signs of a text in Chinese, Japanese or Korean
POINTING_AT_END = 12  # words of a sentence whose last one points back; what it means stands within a longer one
POINTING_WORDS = 4  # a pronoun among the first words has its noun in the sentence before
PLURAL = 3  # letters of what is shorter than a plural
ITEM_WORDS = 10  # of one item of a list, with "and" and the item behind it
ECHO = 0.34  # share of a text's words that another has from which it says them again
HEAD_WORDS = 5  # fewest of a clause that says what is offered, or
NEAR_WORDS = 3  # first words behind a comma
LIST_ITEM = 3  # words of an item of a list of which each counts
LEAST_ITEM = 2  # words behind the last comma of a text that is cut before a phrase
SHORT_ITEM = 6  # words of an item of a list
HEAD_CHARACTERS = 24  # fewest of one
MOST_ITEMS = 6  # of a list that are looked at
_WHOLE = frozenset({"offer", "price", "condition", "legal", "proof"})  # roles of facts that are never cut
PARTICIPLE = "ed"  # end of an English word that what follows belongs to
LEAST_KEPT = 0.3  # share of a text: what remains of less is not what the customer said


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One fact. `text` is the customer's; role, strength, source, limited_by are those of adwright.catalog.v1.Fact."""

    id: str
    text: str
    role: str
    strength: float
    source: str
    words: frozenset[str] = field(default=frozenset())
    dangling: bool = False  # refers back to a sentence before it
    loss: float = 0.0  # what it loses as an opening
    late: bool = False  # stands in a text only where nothing else does
    limited_by: tuple[str, ...] = ()  # ids of the facts that limit this price or offer
    same_as: tuple[str, ...] = ()  # ids of the facts that say the same in other words

    @property
    def sentence(self) -> str:
        """The fact as a sentence."""
        return as_sentence(self.text)

    @property
    def is_prose(self) -> bool:
        """Whether the customer wrote it as a sentence: a capital at its start, a stop at its end."""
        text = self.text
        return text.endswith((*_ENDS, "”", "»")) and not text[:1].islower() and len(text) >= FEWEST_CHARACTERS

    def within(self, limit: int, words: Words) -> str | None:
        """The fact within `limit` characters, as `shortened`; an offer, a price and a legal line stand whole."""
        if self.role in _WHOLE:
            return self.text if len(self.text) <= limit else None
        return shortened(self.text, limit, words)

    @property
    def place(self) -> int:
        """Where the fact stands in the customer's text: facts are numbered in its order."""
        return int(self.id[1:]) if self.id[1:].isdigit() else 0


def fold(text: str) -> str:
    """The text as texts are compared: small letters, straight apostrophes."""
    return text.casefold().replace("’", "'")


def content_words(text: str, words: Words) -> frozenset[str]:
    """What two texts are compared by: the beginnings of words that carry meaning, and numbers."""
    found: set[str] = set()
    for written in _WORD.findall(text):
        word = written.casefold()
        if _WIDE_RUN.search(word):  # of scripts without spaces, pairs of signs
            found.update(word[place : place + 2] for place in range(len(word) - 1))
        elif word not in words.empty and (len(word) > 3 or word.isdigit() or _is_sign(written)):
            found.add(word[:_STEM])
    return frozenset(found)


def same_word(one: str, other: str) -> bool:
    """Whether two words are forms of one: the same beginning, and endings of at most two letters."""
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter[: max(_LEAST_STEM, len(shorter) - 2)]) and len(longer) - len(shorter) <= _ENDING


def _is_sign(word: str) -> bool:
    """Whether a short word carries meaning by its form: "LED", "M4", "UV"."""
    return len(word) > 1 and (word.isupper() or (word[0].isalpha() and word[-1].isdigit()))


def says_something(text: str) -> bool:
    """Whether a text is more than one word. Scripts without spaces are measured by their signs."""
    return len(text.split()) > 1 or sum(east_asian_width(sign) in "WF" for sign in text) >= FEWEST_WIDE


def first_word(text: str) -> str:
    """The first word of a text, case folded; empty if there is none."""
    found = _WORD.search(text)
    return found[0].casefold().replace("’", "'") if found else ""


def last_word(text: str) -> str:
    found = _WORD.findall(text)
    return found[-1].casefold() if found else ""


def upper_first(text: str) -> str:
    """The text with its first letter as a capital, unless its first word has capitals of its own ("iPhone")."""
    for place, character in enumerate(text):
        if character.isalpha():
            word = _WORD.match(text, place)
            if word is not None and any(letter.isupper() for letter in word[0]):
                return text
            return text[:place] + character.upper() + text[place + 1 :]
        if character.isdigit():
            return text
    return text


def as_sentence(text: str) -> str:
    """The text with a capital at its start and a stop at its end."""
    text = upper_first(_without_tail(text))
    text = f"{text[:-2]})" if text.endswith(".)") else text
    return text if not text or text.endswith((*_ENDS, *_QUOTED_ENDS)) else f"{text}{_stop_of(text)}"


def _stop_of(text: str) -> str:
    """The full stop of the script that a text ends in."""
    last = next((sign for sign in reversed(text) if sign.isalpha()), "a")
    if east_asian_width(last) in "WF" and not "\uac00" <= last <= "\ud7af":  # Korean has the point
        return "。"
    return "।" if "\u0900" <= last <= "\u097f" else "."


def _without_tail(text: str) -> str:
    """The text without separators at its end; the dash of "5,-" stays."""
    text = text.strip()
    return text if re.search(r"\d[,.][-–—]$", text) else text.rstrip(",;:–—- ")


def as_line(text: str) -> str:
    """The text as a title: a capital at its start and no full stop at its end."""
    text = upper_first(_without_tail(text))
    return text[:-1] if text.endswith(".") and not text.endswith("..") and text.count(". ") == 0 else text


def shortened(text: str, limit: int, words: Words) -> str | None:
    """The text within `limit` characters, cut where what remains is still true; None if there is no such place.

    A text is cut at a comma, colon, dash or semicolon only. A number, a day, money, a negation, a condition or a
    parenthesis is never cut off, nothing is cut off from money or a percentage, and a text is not cut behind a
    negation: "Gym pass for £20 a month, 12-month contract" stands whole or not at all.
    """
    text = text.strip()
    if len(text) <= limit:
        return text
    if not words.joints or "? " in text:  # of a language without data no word is known that limits
        return None
    for cut in reversed(list(_SEPARATOR.finditer(text))):
        kept, dropped = text[: cut.start()].rstrip(), text[cut.start() :]
        if len(kept) > limit:
            continue
        if _LIMITING.search(dropped) or _calendar(words.language).search(dropped) or _PRICED.search(kept):
            continue
        if words.guards.search(dropped) or words.negations.search(kept):
            continue
        if len(_WORD.findall(kept)) < FEWEST_WORDS or len(kept) < LEAST_KEPT * len(text):
            continue
        if last_word(kept) in words.open_end or first_word(dropped) in words.joints:
            continue
        if first_word(kept) in words.weak_start or _goes_on_as_list(dropped, words):
            continue
        if (
            "(" in dropped
            or kept.count("(") != kept.count(")")
            or kept.count("“") != kept.count("”")
            or kept.count('"') % 2
        ):
            continue
        return kept
    return None


def echoes(text: str, other: str) -> bool:
    """Whether a good part of a text's words and figures stand in another text, too ("Oak pew. 14 pews, 9 ft oak")."""
    said, known = _stems(text), _stems(other)
    return len(said & known) > ECHO * len(said) if said else False


def _stems(text: str) -> frozenset[str]:
    found = (word.casefold().rstrip("s") for word in _WORD.findall(text))
    return frozenset(word[:_STEM] for word in found if len(word) > 2 or word[:1].isdigit())


def head_of(text: str, limit: int, words: Words) -> str | None:
    """The first clause of a sentence that says what is offered, within `limit` characters; None without one.

    Amounts and what limits them may be cut off together ("Hives for cherry trees | , from €38, minimum 20"): the clause
    itself names no number. A negation, or a limit of anything else, is never cut off.
    """
    if not words.joints or "? " in text:
        return None
    for cut in _SEPARATOR.finditer(text):
        kept, dropped = text[: cut.start()].rstrip(), text[cut.start() :]
        if len(kept) > limit:
            return None
        if len(_WORD.findall(kept)) < HEAD_WORDS and len(kept) < HEAD_CHARACTERS:
            continue
        if _NUMBER.search(kept) or words.negations.search(kept) or "(" in kept or last_word(kept) in words.open_end:
            return None
        if first_word(kept) in words.weak_start or first_word(kept) in words.dangling:
            return None
        if not _may_be_cut_off(dropped, words) or _ends_within_list(kept, dropped, words):
            return None
        if _begins_list(kept, dropped):
            return None
        parts = [part for part in re.split(r"[,;:–—]\s", dropped) if part.strip()]
        if words.negations.search(dropped) or any(
            words.guards.search(part) and not _NUMBER.search(part) for part in parts
        ):
            return None
        return kept
    return None


def _begins_list(kept: str, dropped: str) -> bool:
    """Whether a text is cut between the items of a list behind a colon ("We lend you everything: bow | , arrows")."""
    return dropped.startswith(",") and ": " in kept


def _ends_within_list(kept: str, dropped: str, words: Words) -> bool:
    """Whether a text is cut between the items of a list: "We measure up, check the floors | , and send a drawing"."""
    if "," not in kept or not dropped.startswith(","):
        return False
    behind = [word.casefold().strip(",.") for word in dropped.split()[:ITEM_WORDS]]
    return any(word in words.joints for word in behind)


def halves(text: str, limit: int, words: Words) -> list[tuple[str, str]]:
    """Where a line may be divided so that both parts can be read: the first within `limit` characters and the rest,
    longest first. A part neither begins with a word that leans on the other nor ends in one."""
    found: list[tuple[str, str]] = []
    for cut in _SEPARATOR.finditer(text) if "? " not in text else ():  # an answer stands with its question
        head, rest = text[: cut.start()].rstrip(), text[cut.end() :]
        first = first_word(rest)
        if len(head) > limit or len(_WORD.findall(head)) < FEWEST_WORDS or len(_WORD.findall(rest)) < FEWEST_WORDS:
            continue
        if (
            head.count("(") != head.count(")")
            or last_word(head) in words.open_end
            or first_word(head) in words.weak_start
        ):
            continue
        if first in words.joints or first in words.weak_start or first in words.dangling or words.guards.match(rest):
            continue
        if _goes_on_as_list(text[cut.start() :], words) and "," not in head:
            continue  # "ramen, gyoza and rice"
        if _ends_within_list(head, text[cut.start() :], words):
            continue
        found.append((head, rest))
    return found[::-1]


def beginning(text: str, limit: int, words: Words) -> str | None:
    """The longest beginning of a line that stands by itself, within `limit` characters; None without one, where it
    names a price or a share, and where what follows refuses something."""
    head = head_of(text, limit, words)
    if head is not None or not words.joints:
        return head
    for part, rest in halves(text, limit, words):
        if last_word(part).isdigit():
            continue  # "340 mouldings, 26 | in oak"
        if not _PRICED.search(part) and not words.negations.search(rest):
            return part
    return None


def phrase_head(text: str, limit: int, attached: Collection[str], words: Words) -> str | None:
    """The longest beginning of a few words, within `limit` characters, that ends before a word such as "in" or "since";
    None without one, or where what is cut off refuses, limits, or names money or a share.

    "Own workshop in Leith since 1987" is still true as "Own workshop in Leith". `attached`: those words.
    """
    if not words.joints or any(sign in text for sign in ".:;?!") or words.negations.search(text):
        return None
    said = text.split()
    for count in range(len(said) - 1, FEWEST_WORDS - 1, -1):
        kept, dropped = " ".join(said[:count]), " ".join(said[count:])
        if "," in kept and len(kept.rsplit(",", 1)[1].split()) < LEAST_ITEM:
            continue  # "13 kg, fits | in a boot"
        if len(kept) > limit or said[count].casefold() not in attached or last_word(kept).isdigit():
            continue
        if words.language == "en" and (last_word(kept).endswith(PARTICIPLE) or last_word(kept) in signs("participles")):
            continue  # "included | in the cycle price"
        limits = words.guards.search(dropped) or _calendar(words.language).search(dropped)
        is_counted = any(sign.isdigit() for sign in _YEAR.sub("", dropped))  # "for 2 years"
        if limits or is_counted or _PRICED.search(text) or "(" in text or last_word(kept) in words.open_end:
            return None
        return kept
    return None


def priced_head(text: str, limit: int, is_priced: Callable[[str], bool], words: Words) -> str | None:
    """The longest beginning of a price within `limit` characters that says the amount, cut at a comma or dash; None
    without one, or where what follows limits the amount ("€40, | plus VAT", "£95, | minimum two")."""
    if not words.joints:
        return None
    for cut in reversed(list(_SEPARATOR.finditer(text))):
        kept, dropped = text[: cut.start()].rstrip(), text[cut.end() :]
        clause = _SEPARATOR.split(dropped, maxsplit=1)[0]
        if len(kept) > limit or not is_priced(kept) or kept.count("(") != kept.count(")"):
            continue
        if words.guards.search(clause) or words.negations.search(clause) or last_word(kept) in words.open_end:
            continue
        return kept
    return None


def head_before_price(text: str, limit: int, words: Words) -> str | None:
    """The longest beginning of a line within `limit` characters that ends before its first price; None without one, or
    where what follows up to the price limits it."""
    price = _PRICED_WORD.search(text)
    if price is None or not words.joints:
        return None
    for cut in reversed(list(_SEPARATOR.finditer(text, 0, price.start()))):
        kept, dropped = text[: cut.start()].rstrip(), text[cut.end() : price.start()]
        if len(kept) > limit or len(_WORD.findall(kept)) < HEAD_WORDS or kept.count("(") != kept.count(")"):
            continue
        if words.guards.search(dropped) or words.negations.search(dropped) or last_word(kept) in words.open_end:
            continue
        return kept
    return None


def _may_be_cut_off(dropped: str, words: Words) -> bool:
    """Whether the clause before a comma is whole: what follows is a place, an amount, another clause or the items of a
    list, but no second adjective ("free, confidential advice") and, in German, no list that a verb may follow."""
    if not dropped.startswith(","):
        return True
    item, *more = re.split(r"[,;:]\s", dropped[1:].strip())
    found = item.split()
    is_list = _goes_on_as_list(dropped, words)
    if is_list and (words.language == "de" or len(found) <= LIST_ITEM):
        return False  # "loans on guitars, tools and rings" are not on guitars
    if any(word in words.listing for word in found[1:SHORT_ITEM]):
        return False  # "a pattern of bramble, dog rose and one wren"
    if not found or not found[0][:1].islower() or first_word(item) in words.open_end:
        return True
    return any(sign.isdigit() for word in found[:NEAR_WORDS] for sign in word) or (
        len(found) <= SHORT_ITEM and bool(more) and not words.guards.search(item)
    )


@cache
def _calendar(language: str) -> re.Pattern[str]:
    """The names of days and months, short and long, and of parts of a week: they limit what stands before them."""
    names = {
        part.rstrip(".")
        for of in (get_day_names, get_month_names)
        for width in ("wide", "abbreviated")
        for name in of(width, locale=language or "en").values()
        for part in (name, name.split("-")[0])
    }
    return re.compile(rf"(?<!\w)(?:(?:{'|'.join(map(re.escape, names))})(?:s|en|e)?|{_WEEK})(?!\w)", re.IGNORECASE)


def names_day(text: str, language: str) -> bool:
    """Whether a text names a day or month with a number ("12 March", "Sunday 17 August")."""
    known = language if language in LANGUAGES else "en"
    return bool(re.search(r"\d", text)) and bool(_calendar(known).search(text))


def _points_back(text: str, words: Words) -> bool:
    """Whether one of the first words stands for something that was named before ("You post it to us")."""
    opening = text.casefold().split()[:POINTING_WORDS]
    is_quantity = bool(opening) and (opening[0].isdigit() or opening[0] in _QUANTITIES or text[:1].islower())
    if is_quantity and len(opening) > 1 and opening[1] in _ARE:  # "thirteen are by the water"
        return True
    if is_quantity and len(opening) > 2 and not opening[1].endswith("s") and opening[2][:1].isdigit():
        return not opening[0].isdigit()  # "Most run 12 to 16 inches"
    if _DEDUCTED.match(text) or _OTHERS.match(text):
        return True
    # "My sister and I got tired of that."
    if last_word(text) in words.back and len(text.split()) <= POINTING_AT_END:
        return True
    return any(word in words.pronouns for word in opening) or _leaves_it_open(text, words)


def _leaves_it_open(text: str, words: Words) -> bool:
    """Whether a text speaks of several things that it does not name ("You get 60 days to try them")."""
    said = fold(text).split()
    for place, word in enumerate(said):
        if word.strip(".,;:!?()") in words.far:
            return not any(
                other.endswith("s") and len(other) > PLURAL and other not in words.spans
                for other in (before.strip(".,;:!?()'") for before in said[:place])
            )
    return False


def _goes_on_as_list(dropped: str, words: Words) -> bool:
    """Whether what is cut off holds the other items of a list ("…, Frantoio and Moraiolo, at 420 metres")."""
    items = re.split(r",\s+", dropped.lstrip(" ,"))[:MOST_ITEMS]
    for item in items:
        found = item.casefold().split()
        if len(found) > ITEM_WORDS:
            return False
        if any(word in words.listing for word in found):
            return True
    return False


def quote(
    *,
    id: str,  # noqa: A002  (as the proto)
    text: str,
    role: str,
    strength: float,
    source: str,
    words: Words,
    limited_by: tuple[str, ...] = (),
    same_as: tuple[str, ...] = (),
) -> Quote:
    """A fact ready to be quoted."""
    text = re.sub(r"\s+", " ", text).strip()
    return Quote(
        id=id,
        text=text,
        role=role,
        strength=strength,
        source=source,
        words=content_words(text, words),
        dangling=first_word(text) in words.dangling or _points_back(text, words) or _THAT_IS.search(text) is not None,
        limited_by=limited_by,
        same_as=same_as,
    )
