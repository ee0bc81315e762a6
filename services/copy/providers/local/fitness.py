"""Which facts may open an ad, and which may stand in one: by their form, and by the words that ask or refuse."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.chassis.amounts import western
from services.copy.providers.local.amounts import amounts_of
from services.copy.providers.local.quotes import Quote, first_word, head_of, last_word, names_day, same_word
from services.copy.providers.local.telephones import has_telephone
from services.copy.providers.local.words import LANGUAGES, Words, signs

WEAK: Final = 0.6  # less for a text that begins with "if"
FRAGMENT: Final = 0.6  # less for two words of a description: often a heading
TWO_WORDS: Final = 0.15  # less for two words that the customer lists
FIRST: Final = 0.85  # strength of what a customer lists first
SPECIFICATION: Final = 0.3  # less for a size or a count by itself: it informs and does not open an ad
INFORMS: Final = 0.55  # less for what customers want to know and do not buy for
BESIDE: Final = 0.9  # less for opening hours and addresses, and for the price of something beside the product
UNFIT: Final = 1.4  # less for what asks something of the customer, and for a part of a sentence
NOT_CHOSEN: Final = 0.2  # less for a weaker sentence of the description
BESIDE_LIST: Final = 0.0  # less for a strong one beside the features that a customer lists
LISTED: Final = 0.07  # strength that it needs there beyond the usual
STRONG: Final = 0.55  # strength of a sentence that leads
LABEL: Final = 0.15  # less for "Key: value" that the customer lists
SHORTHAND: Final = 0.5  # less for notes: strokes, capitals, "w/"
TELLING: Final = 0.45  # strength from which a place or a time is a reason to buy
FEW_WORDS: Final = 4
BEGINNING: Final = 4  # first words
PRICE_LIST: Final = 3  # amounts of a text that is a list of prices
DAY_WORDS: Final = 10  # of a text that says a day and little else
KEY_WORDS: Final = 7  # of a key and its value
PLACES: Final = frozenset({"place", "event"})  # kinds whose address is worth a line
CONTEXT: Final = 40  # characters before a word of demand in which a negation of the same clause turns it
LEAST_WORDS: Final = 3  # of a text of the description
FEW_TEXTS: Final = 2  # of a description that is a line or two
LEAST_PRICED: Final = 60  # characters of a price that says what is offered, too
LEAST_OPENING: Final = (28, 5)  # characters and words of a sentence that says what is sold
REFUSAL: Final = 4  # words among which a refusal begins
FEWEST_DESCRIBED: Final = 4  # statements of a description that is written to be read
SENTENCES: Final = 0.5  # share of them that are sentences
LEAD_IN: Final = 70  # characters of two sentences that open an ad together
SHARED: Final = 0.6  # share of the name's words that such a sentence needs to stand for the name
_MEASURES: Final = "|".join(map(re.escape, (*signs("units"), *signs("spans"))))
_BARE_MEASURE: Final = re.compile(
    rf"(?:[~±+]|\w{{1,6}}\.? )?\d[\d.,/–-]*\+?[\s-]?(?:{_MEASURES})\+?",
    re.IGNORECASE,
)
_CHAT: Final = frozenset(signs("chat"))
_KEY_AND_VALUE: Final = re.compile(r"[^\W\d][\w ]{1,20}: \S{1,20}(?: \S{1,12})?")  # "Seats: PTFE"
_KEY: Final = re.compile(r"[^\W\d][\w /]{1,24}\s?: \S")
_CAPITAL_KEY: Final = re.compile(r"[A-Z][A-Z &/]+\s?[:.]\s?\S")  # "SEO: storage near me"
_OTHER_ONE: Final = re.compile(
    r"(?<!one to )(?<!one on )(?<!no )(?<!number )(?<!loved )(?<!little )(?<!young )\bones?[.!?]*$", re.IGNORECASE
)
_BARE_COUNT: Final = re.compile(
    rf"\W{{0,2}}\d[\d.,]*\s(?:{'|'.join(map(re.escape, signs('counted_times')))})(?!\w)", re.IGNORECASE
)
_STREETS: Final = "|".join(map(re.escape, signs("streets")))
_STREET_ENDS: Final = "|".join(map(re.escape, signs("street_ends")))
_FIRST: Final = "|".join(map(re.escape, signs("streets_first")))
_FIRST_CAPITAL: Final = "|".join(re.escape(word.capitalize()) for word in signs("streets_first"))
_BETWEEN: Final = "|".join(map(re.escape, signs("streets_between")))
_HOUSE: Final = (  # the number of a house counts nothing
    rf"(?<!\d)\d{{1,4}}[a-z]?(?![\w%]|[.,]\d)(?!\s?(?:{'|'.join(map(re.escape, signs('units')))})\b)(?! [a-zà-ÿ])"
)
_NAMED: Final = r" (?:[a-zà-ÿ'’]{1,5} ){0,2}[A-ZÀ-Þ][\w'’-]*(?: [\w'’-]+){0,3}"
_STREET: Final = re.compile(
    rf"\d+[a-z]?,? [A-Z][\w'’]+ (?:{_STREETS})(?!\w)"  # "12 Mill Lane"
    rf"|(?<!\w)(?:(?:{_FIRST_CAPITAL}){_NAMED},? |(?:{_FIRST}){_NAMED}, ){_HOUSE}"  # "Rua Belém Velho, 418"
    rf"|(?<!\d)\d{{1,4}}[a-z]?,? (?i:{_BETWEEN}) (?:\w{{1,3}} )*[A-Z]"  # "12 rue du Moulin"
    rf"|\b[A-ZÄÖÜ][\w-]{{2,}}(?:{_STREET_ENDS}) {_HOUSE}",  # "Ziegelweg 4", and no "Umweg 4"
)
_ADDRESS: Final = re.compile(r"\d+[a-z]? [A-Z]")
_HOURS: Final = re.compile(r"\d ?[–-] ?\d|\d[:.h]\d\d|\d ?[ap]\.?m\b|\buhr\b", re.IGNORECASE)
_CLOCK: Final = re.compile(r"\d[:.h]\d\d|\d ?[ap]\.?m\b|\buhr\b", re.IGNORECASE)
_HOURS_FIRST: Final = re.compile(r"\d{1,2}(?:[:.h]\d\d)? ?[–-] ?\d{1,2}(?:[:.h]\d\d)?\s?[,;]")
_SLASHES: Final = re.compile(r"(?<![\d\w])[wcpnm]/|\s/\s|/\S*/|^\W*/|\bu\b|\||>|\d{5,}|\.{2,}|\+$|\b[xX]{3,}")
_NOTE: Final = re.compile(r"\b[xX] ?\d+ [$€£]|\b[xX] \d+\b|\bp\.?a\b\.?,")  # "raised beds x 2 £15 pa"
_PATH = re.compile(r"\S > \S")  # the trail of a page
_MARK_START: Final = re.compile(r"\s*[-–—/(+*>=&.]")  # the rest of a text
_SHOUTED: Final = 4  # letters of a word in capitals
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_MANY_SHOUTED: Final = 2
_MONEY: Final = re.compile(r"[$€£₹¥₺₽%]|\b(?:EUR|USD|GBP|CHF|zł|kr|TL|RM|AED)\b")
_AMOUNT_OF_MONEY: Final = re.compile(r"[$€£₹¥₺₽]|\b(?:EUR|USD|GBP|CHF|zł|kr|TL|RM|AED)\b")
_TAIL: Final = re.compile(r"(?:\b[b-df-hj-np-tv-z]{2,4}|[–-])\.?$")  # ends in an abbreviation without a vowel
_CLAUSE_END: Final = re.compile(r"[,.;:–]\s")
_CLOCK_END: Final = re.compile(r"\d\s?[ap]\.?m\.?$", re.IGNORECASE)
_TORN_TAIL: Final = re.compile(r"^(?:[^\W\d_]{1,2}|[^\W\d_]{2}[^aeiouy\W\d_]|[^\W\d_]*[b-df-hj-np-tv-z]{2}|\w\.\w)$")
_QUANTITIES: Final = frozenset(signs("quantities"))
# Words of scripts without spaces stand anywhere in a text.
_REFUSALS: Final = re.compile(
    "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" if word < "\u2e80" else re.escape(word) for word in signs("refusals")),
    re.IGNORECASE,
)
_BESIDES: Final = frozenset(signs("besides"))
_THERE: Final = frozenset(signs("there"))
_UNITS: Final = frozenset(signs("units"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What facts are judged in: the language, the kind of product, and what else the brief holds."""

    words: Words
    kind: str
    dated: bool
    listed: bool  # whether the customer lists enough features to lead with
    is_priced: Callable[[str], bool]  # whether a text names the product's own price
    titled: bool  # whether most texts have capitals throughout, so that these name no place
    few: bool  # whether the brief is a line or two
    begins: int  # place of the description's first text
    capitals: bool  # whether the customer begins sentences with a capital
    prices: frozenset[Decimal]  # amounts of the prices that the customer lists


def is_demand(text: str, words: Words) -> bool:
    """Whether a text asks something of the customer, refuses, warns or charges ("own boots", "late fee £20").

    "No deposit" and "no degree needed" do not: there a negation stands before the word.
    """
    return any(
        not words.negations.search(_CLAUSE_END.split(text[max(0, found.start() - CONTEXT) : found.start()])[-1])
        for found in words.demands.finditer(text)
    )


def is_part(found: Quote, setting: Setting) -> bool:
    """Whether a text of the description is a part of a sentence: it begins with a small letter, or ends in a
    shortened word."""
    text = found.text.strip()
    if found.source != "description" or not text:
        return False
    head = text.split()[0]
    if setting.capitals and found.place > setting.begins and head.islower() and not setting.few:
        return True
    tail = _TAIL.search(text) if not _CLOCK_END.search(text) else None
    return tail is not None and tail[0].rstrip(".").casefold() not in _UNITS and not (tail[0].isupper())


def is_torn(found: Quote, description: str) -> bool:
    """Whether the description goes on behind a text in the middle of a sentence ("free within | 6 weeks")."""
    if found.source != "description":
        return False
    kept = found.text.strip().rstrip(".").casefold()
    place = description.find(kept)
    if place < 0:
        return False
    behind = description[place + len(kept) :].split("\n", 1)[0]
    if not behind.startswith("."):
        return False
    follows = behind.lstrip(".").lstrip(" ")[:1]
    tail = kept.split()[-1] if kept.split() else ""
    if follows.isdigit() or follows in "+-–(":
        is_word = found.text.strip().split()[-1][:1].isupper()  # "in the Town Hall"
        return bool(follows) and not is_word and bool(_TORN_TAIL.search(tail))
    return False


def is_shorthand(text: str) -> bool:
    """Whether a text is written as a note: strokes, keys of a feed, words in capitals."""
    return (
        bool(_SLASHES.search(text))
        or sum(len(word) >= _SHOUTED and word.isupper() for word in _LETTERS.findall(text)) >= _MANY_SHOUTED
    )


def is_hours(text: str) -> bool:
    """Whether a text names hours of the day ("Weekdays 7 to 5", "9.30am")."""
    return bool(_HOURS.search(text) or _HOURS_FIRST.match(text))


def is_trail(text: str) -> bool:
    """Whether a text is the trail of a page ("Home > Services > Repairs")."""
    return _PATH.search(text) is not None


def may_stand(found: Quote, setting: Setting) -> bool:
    """Whether a fact may stand in an ad at all, apart from price and offer, which stand as they are."""
    text = found.text
    letters = sum(sign.isalpha() for sign in text)
    if is_trail(text):
        return False
    if found.role in {"price", "offer"}:
        # what something beside the product costs is no part of its price
        beside = found.role == "price" and found.source == "description" and not setting.is_priced(western(text))
        beside = beside or (found.role == "price" and is_demand(text, setting.words) and not setting.is_priced(text))
        is_note = found.source == "description" and not setting.few and _NOTE.search(text) is not None
        return letters > 0 and not (beside or is_note or is_part(found, setting) or _MARK_START.match(text))
    if letters < len(text.replace(" ", "")) * 0.4:
        return False
    if text.rstrip().endswith(("?", "…")) or "?)" in text or _MARK_START.match(text):
        return False
    if is_demand(text, setting.words) and found.source != "features":
        return False
    if not setting.few and _BARE_MEASURE.fullmatch(text.strip(" .!*")):
        return False  # "5 years": of what?
    if found.source == "features":
        return True
    count = len(re.findall(r"[^\W\d_]+", text))
    has_digit = any(sign.isdigit() for sign in text)
    if count < LEAST_WORDS - has_digit and not setting.few and not _is_wide(text):
        return False  # a heading, a link of a menu, a part of a table
    if _CAPITAL_KEY.match(text) or found.source == "name":
        return False
    is_key = _KEY.match(text) is not None and len(text.split()) < KEY_WORDS
    if setting.few and not any(word.isupper() for word in _LETTERS.findall(text) if len(word) >= _SHOUTED):
        return not (is_part(found, setting) or is_key)  # of a line or two, each text is chosen
    return not (is_part(found, setting) or is_shorthand(text) or is_key)


def lead_loss(found: Quote, setting: Setting) -> float:
    """What a fact loses as an opening: what informs, limits or belongs to something beside the product opens no ad."""
    text, words = found.text, setting.words
    count = len(text.split())
    has_digit = any(sign.isdigit() for sign in text)
    is_event = setting.kind == "event" or setting.dated
    less = 0.0
    is_choice = not setting.few  # of a line or two, each text is chosen
    if is_choice and found.source == "description" and found.strength < STRONG + (LISTED if setting.listed else 0.0):
        less += NOT_CHOSEN
    elif is_choice and found.source == "description" and setting.listed:
        less += BESIDE_LIST
    if found.role == "price" and not setting.is_priced(text):
        less += BESIDE
    if found.role == "price" and found.source == "description" and amounts_of(text) & setting.prices:
        less += UNFIT
    has_limit = count <= KEY_WORDS and not words.weak_start.isdisjoint(text.casefold().split())
    if first_word(text) in words.weak_start or text.rstrip().endswith("?") or has_limit:  # "Season when ice is 12 in"
        less += WEAK
    if _HOURS_FIRST.match(text) or has_telephone(text):
        less += BESIDE
    is_first = found.source == "features" and found.strength >= FIRST  # what the customer lists first is chosen
    is_count = found.role in {"feature", "figure", "logistics"} and count <= FEW_WORDS and has_digit
    if is_count and "%" not in text and not is_first:
        less += SPECIFICATION * (2 if found.source != "features" or count < 3 else 1)
    if found.role in {"feature", "proof"} and found.source == "description" and count < 3 and not has_digit:
        less += FRAGMENT if not _is_wide(text) else 0.0
    elif count < 3 and not has_digit and not _is_wide(text):
        less += TWO_WORDS
    if _KEY_AND_VALUE.fullmatch(text):
        less += BESIDE
    elif _KEY.match(text):
        less += LABEL if found.source == "features" else BESIDE
    if words.informs.search(text) or ("? " in text and found.source == "description" and count > KEY_WORDS):
        less += INFORMS  # a question of customers with its answer
    if _STREET.search(text):
        less += BESIDE if setting.kind in PLACES else UNFIT
    if found.role == "logistics" and not is_event:
        less += BESIDE if _HOURS.search(text) or _ADDRESS.match(text) else 0.0
        less += INFORMS if found.strength < TELLING else 0.0
    if not is_event and names_day(text, words.language) and (count <= DAY_WORDS or _CLOCK.search(text)):
        less += UNFIT if count <= DAY_WORDS else BESIDE
    if (is_event or not setting.titled) and _is_where_or_when(found, setting):
        less += UNFIT
    if is_demand(text, words) or is_part(found, setting):
        less += UNFIT
    if not _CHAT.isdisjoint(re.findall(r"[^\W\d_]+", text.casefold())):
        less += UNFIT  # "hehe"
    if last_word(text) in words.dangling or _BARE_COUNT.match(text):  # "no charge for that", "2,316 last spring"
        less += UNFIT
    if words.language == "en" and _OTHER_ONE.search(text):  # "we'll put you on one", "this is the spring one"
        less += UNFIT
    if setting.kind == "cause" and found.role == "offer":  # what others are given is no reason of those who give
        less += UNFIT
    if is_shorthand(text):
        less += SHORTHAND
    if words.language not in LANGUAGES and _REFUSALS.search(text):
        less += UNFIT + BESIDE
    return less


def _is_where_or_when(found: Quote, setting: Setting) -> bool:
    """Whether a text is only a day or a proper noun ("12 March", "Town Hall")."""
    written = found.text.split()
    if len(written) <= DAY_WORDS and names_day(found.text, setting.words.language):
        return True
    if len(written) > FEW_WORDS or setting.words.language == "de":
        return False
    return is_titled(found.text) and not _MONEY.search(found.text)


def is_titled(text: str) -> bool:
    """Whether each of several words has a capital ("Shropshire & Telford")."""
    words = [word for word in text.split() if word[:1].isalpha()]
    return len(words) > 1 and all(word[:1].isupper() for word in words)


def _is_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(sign) in "WF" for sign in text)


def may_open(found: Quote, words: Words) -> bool:
    """Whether a limit with which the customer begins the description says what is offered, limit and all."""
    opening = " ".join(found.text.split()[:REFUSAL])
    return (
        found.role in {"condition", "legal"} and not words.negations.search(opening) and not words.guards.match(opening)
    )


def opening_of(quotes: list[Quote], every: list[Quote], setting: Setting) -> Quote | None:
    """The sentence with which the customer begins the description, if it says what is offered; None without one."""
    described = [found for found in every if found.source == "description"]
    begins = min(described, key=lambda found: found.place, default=None)
    first = next((found for found in quotes if begins is not None and found.id == begins.id), None)
    if first is None or first.dangling:
        return None
    text = first.text
    if first.role == "price" and len(text) < LEAST_PRICED:
        return None
    fewest, words = LEAST_OPENING
    is_wide = _is_wide(text)
    if (len(text) < fewest or len(text.split()) < words) and not is_wide:
        return None
    if (
        (not first.is_prose and len(described) > FEW_TEXTS)
        or is_part(first, setting)
        or is_shorthand(text)
        or is_demand(head_of(text, len(text), setting.words) or text, setting.words)
    ):
        return None
    if first_word(text) in setting.words.weak_start or first_word(text) in _QUANTITIES or text.endswith("?"):
        return None  # "Most tables wobble" is about others
    clause = head_of(text, len(text), setting.words) or text
    if setting.kind != "event" and not setting.dated and _CLOCK.search(clause):
        return None
    return first


def lead_in_of(every: Sequence[Quote], setting: Setting) -> tuple[Quote, ...]:
    """The sentences with which the customer begins the description, where they open an ad as they stand: the first, and
    a short second one that belongs to it ("Most knives aren't bad. They're blunt."). Empty where they do not.

    They name no price, day or address, limit nothing, ask nothing, and the description goes on behind them.
    """
    described = sorted((found for found in every if found.source == "description"), key=lambda found: found.place)
    prose = [found for found in described if found.is_prose and not is_shorthand(found.text)]
    if len(described) < FEWEST_DESCRIBED or len(prose) < SENTENCES * len(described) or setting.few:
        return ()
    first, second = described[:2]
    is_back = first.dangling and first_word(first.text) not in _THERE  # "They're blunt": who?
    if not _leads_in(first, setting) or is_back or not first.is_prose:
        return ()
    both = len(first.text) + len(second.text) + 1
    joined = second.dangling and second.place == first.place + 1 and both <= LEAD_IN and _leads_in(second, setting)
    return (first, second) if joined else (first,)


def _leads_in(found: Quote, setting: Setting) -> bool:
    text, words = found.text, setting.words
    if found.role in {"price", "offer", "legal", "contact"} or not text.endswith(("。", ".", "!")):
        return False
    if found.role == "condition" and (any(sign.isdigit() for sign in text) or _limits(text, words)):
        return False
    return not (
        first_word(text) in words.weak_start
        or is_demand(text, words)
        or _AMOUNT_OF_MONEY.search(text)
        or _CLOCK.search(text)
        or _STREET.search(text)
        or has_telephone(text)
        or names_day(text, words.language)
        or _REFUSALS.search(text)
        or not _BESIDES.isdisjoint(text.casefold().split()[:BEGINNING])
    )


def _limits(text: str, words: Words) -> bool:
    """Whether a sentence limits something with more than a negation ("Only for members", "while stocks last")."""
    return words.guards.search(words.negations.sub(" ", text)) is not None


def is_late(found: Quote, setting: Setting) -> bool:
    """Whether a fact stands in a text only where nothing else does: it asks something of the customer, lists prices or
    says the listed price again, or is an address."""
    if found.source == "features":
        return is_demand(found.text, setting.words)
    if setting.few:  # of a line or two, each text is chosen
        return False
    if found.role == "price" and amounts_of(found.text) & setting.prices:
        return True
    if not _BESIDES.isdisjoint(found.text.casefold().split()[:BEGINNING]):  # "We also buy clothes"
        return True
    if (_STREET.search(found.text) and setting.kind not in PLACES) or has_telephone(found.text):
        return True
    if first_word(found.text) in setting.words.weak_start and found.role != "offer":
        return True
    return bool(setting.prices) and len(_MONEY.findall(found.text)) >= PRICE_LIST


def stands_for(name: str, text: str, words: Words) -> bool:
    """Whether a text says what a name says, so that the name need not stand beside it."""
    parts = [word for word in re.findall(r"[^\W\d_]{4,}", name.casefold()) if word not in words.empty]
    said = re.findall(r"[^\W\d_]{4,}", text.casefold())
    if not parts:
        return False
    matched = sum(any(same_word(part, other) for other in said) for part in parts)
    return matched >= max(SHARED * len(parts), min(len(parts), 2))
