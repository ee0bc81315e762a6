"""Says what role a statement has in an advertisement: whether it sells, limits, proves, or merely informs.

The words by which a language shows that are data, in data/facts/. Other languages are judged by signs that need none:
money, percentages, times, units, telephone numbers. A limit that is read as a benefit is the fault to avoid: where a
negation is not known to be welcome, the statement is a condition.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale

from services.catalog.understanding.language import LATIN
from services.catalog.understanding.text import CROSS
from services.catalog.understanding.waits import wait_pattern

LANGUAGES = ("en", "es", "fr", "de", "it", "pt")
_FOLDER = Path(__file__).parent / "data" / "facts"
INCLUDED_WITHIN = 4  # characters before the word for what is included
TAX_REST = 12  # characters behind the tax, of a statement that says nothing else
DUE_WITHIN = 30  # characters before the word for a fee, of a statement that says nothing else
_NEVER = re.compile(r"(?!)")

_CURRENCY = (
    r"(?:[A-Z]{0,3}[$€£₹¥₺₽₩₪₴₦₵₱₫฿₸₾]|R\$|Rs\.?|CHF|EUR|USD|GBP|AUD|CAD|INR|BRL|PLN|SEK|NOK|DKK|CZK"
    r"|TL|TRY|HUF|RON|NZD|SGD|HKD|ZAR|AED|MXN|UAH"
    r"|kr|zł|Kč|lei|Ft|円|元|원|руб)"
)
_AMOUNT = r"\d[\d.,'’ \u202f]{0,12}"
MONEY = re.compile(
    rf"(?<![\w$€£]){_CURRENCY} ?{_AMOUNT}|{_AMOUNT} ?(?:{_CURRENCY}|[Ee]uros?)(?!\w)"
    r"|(?<![\w.,])\d{1,3}p(?=$|[/,.)]| (?:each|per|an?|for)(?!\w))|\d,-"
)
PERCENT_OFF = re.compile(r"[-–−]\s?\d{1,2} ?%|\d{1,2} ?% (?:off|de|di|rabatt|auf|sconto|menos|discount)", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\d.,/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\) ?)?\d{2,5}(?:[ .-]\d{2,7}){1,4}(?![\d.,%°€£$/-]|\s?[€£$%])"
)
ADDRESS = re.compile(
    r"https?://|www\.|(?<![\w@])[\w-]{2,40}\.(?:example|com|org|net|co\.uk|de|fr|es|it|pt|com\.br|io|app)(?!\w)",
    re.IGNORECASE,
)
EMAIL_OR_HANDLE = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.\w|(?<![\w/])@\w{3,30}")
TIME = re.compile(
    r"(?<![\d.,])(?:[01]?\d|2[0-3])[:.h][0-5]\d(?![\d,.]\d|\d)(?! ?(?:mm|cm|m|kg|g|km|l|€|£|eur)(?!\w))"
    r"|(?<![\d.,])\d{1,2} ?(?:a\.?m|p\.?m)\b|(?<!\d)\d{1,2}h(?!\w)|(?<![\d.,])\d{1,2} ?h(?= (?:à|a|-|–|bis))"
)
DATE = re.compile(
    r"(?<![\d.,/])(?!24/7)(?:\d{2}/(?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])/\d{2})(?:/\d{2,4})?(?![\d%/])"
    r"|(?<![\d.,])\d{1,2}\.\d{1,2}\.(?:\d{2,4})?(?!\d)|\d{4}-\d{2}-\d{2}|(?<!\d)\d{1,2}-\d{1,2}-\d{4}(?!\d)"
)
RATING = re.compile(
    r"(?<![\d.,])[0-5][.,]\d ?(?:/ ?5|★|⭐)|★{3,}|(?<![\d.,])(?:[0-9][.,]\d|10) ?/ ?10(?!\d)"
    r"|(?<![\d.,])[0-5][.,]\d (?:from|aus|von|sur|su|de|da|em|sobre) \d"
    r"|(?<!\d)\d{1,9}(?:[.,]\d{1,9})? ?% (?:of|der|dei|degli|des|dos|das) "
)
UNIT = re.compile(
    r"\d ?(?:mm|cm|m²|m2|m³|km/h|km|kg|mg|g|ml|mL|cl|l|L|lb|lbs|oz|ft|in|inch|inches|\"|″|hp|kW|kWh|W|Wh|mAh|V|Hz|kHz"
    r"|dB|Pa|GB|MB|Mb|TB|MP|°C|°F|º|rpm|cc|gal|miles|hours|hrs|horas|heures|Stunden|ore|m|t|TN|TOG|kcal|px|ms|%)(?![\w/])"
)
_SPAN = re.compile(
    r"(?:[^\W\d]+ ){0,2}\d{1,2}\.?(?:st|nd|rd|th)? ?(?:de )?(?P<first>[^\W\d]{3,12})\.?(?: (?:de )?\d{4})?"
    r" ?(?:[–—-]|[^\W\d]{1,3}) ?\d{1,2}\.?(?:st|nd|rd|th)? ?(?:de )?(?P<last>[^\W\d]{3,12})\.?(?: (?:de )?\d{4})?"
)
AMENITY_WORDS = 8
# What a customer said, with a name: "Best bread in town" – Ann B.
QUOTATION = re.compile(r"[\"„“”«‹'‘] ?(?=\S)[^\n]{8,300}[\"“”»›'’]\s*(?:[–—-]|\()\s*[^\W\d_]")
# Where one comes to: "Harrow and 15 miles", "dans un rayon de 30 km".
AREA = re.compile(
    r"^[^\d,.;:]{2,40} (?:and|&|\+|und|et|y|e) \d{1,3} ?(?:miles?|mi|km)"
    r"(?: (?:around|round|radius|alrededor|intorno|autour))?$"
    r"|(?<!\w)(?:rayon|radio|raggio|raio|radius|umkreis)(?: of| de| di| von)? \d{1,3} ?(?:miles?|mi|km)(?!\w)"
    r"|(?<!\w)\d{1,3}[ -]?(?:miles?|mi|km)[ -]radius(?!\w)|\d ?km (?:a la redonda|à la ronde|alentour)(?!\w)",
    re.IGNORECASE,
)
PERCENT = re.compile(r"\d ?%")
AREA_WORDS = 8  # of such a text: a longer one says more
FURTHER_ABSENCE = frozenset({"ni", "nem", "né", "nor", "noch"})  # words that go on with what is absent
_ARTICLE = re.compile(r" (?:an?|at an?|une?|una|eine?[nmr]?|uma?) ")
_BARE_AMOUNT = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{2,3})+(?![\d.,])|^\D{0,20}\d{1,5}$")  # "salary 1,310"
_NUMBER_SIGN = re.compile(r"(?<!\w)no(?=\. ?\d)")
_PRICED_ITEM = re.compile(r"[^\W\d]\D{2,28} (?:ab |from |da |desde |dès )?\d{1,4}[.,](?:\d\d|-)")  # "Yufka 7,50"
_NUMBER = re.compile(r"\d")
_COUNT = re.compile(r"(?<![\d.,:/-])(?!(?:19|20)\d\d(?!\d))\d[\d.,]*\d(?![\d%:/])")
_REGISTRATION = re.compile(r"(?<!\d)\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}(?!\d)")  # a Brazilian firm's number
_REQUIRED_AGE = re.compile(r"(?<![\d+.,€£$/-])(?:(?:16|18|21) ?\+(?! ?\d)|(?:1\d|[3-9]) ?\+(?! ?\w))")


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """The words of a language by what they show; every pattern reads small letters."""

    patterns: dict[str, re.Pattern[str]]
    bound: frozenset[str]
    joint: frozenset[str]
    needy: frozenset[str]
    stop: frozenset[str]
    numbers: dict[str, str]

    def find(self, kind: str, lowered: str) -> int:
        """Returns where a cue of a kind begins, or -1."""
        match = self.patterns[kind].search(lowered)
        return match.start() if match else -1

    def has(self, kind: str, lowered: str) -> bool:
        """Returns True if a text has a cue of a kind."""
        return self.patterns[kind].search(lowered) is not None


KINDS = (
    "legal", "condition", "negation", "limit", "unlimited", "fine", "unneeded", "proof", "offer", "unoffered", "price",
    "delivery", "logistics", "unplaced", "contact", "benefit", "vague", "routine", "without", "skip",
    "included", "sums", "opener", "harm", "lacking", "echo", "slip", "due",
    "tax", "side", "cancelling", "payment", "person", "once", "pay", "aside", "amenity",
    "upkeep", "dispatch",
)  # fmt: skip


@cache
def cues_of(language: str) -> Cues:
    """Returns the cues of a language code; of languages without data those that all share."""
    shared = _load("any")
    own = _load(language) if language in LANGUAGES else {"negation": _load("negations").get(language, ())}
    own = {**own, "condition": (*own.get("condition", ()), *_load("safety").get(language, ()))}
    patterns = {kind: _pattern((*own.get(kind, ()), *shared.get(kind, ()))) for kind in KINDS}
    patterns["wait"] = wait_pattern(language)
    words = own.get("numbers", "").split()
    return Cues(
        patterns=patterns,
        bound=frozenset(own.get("bound", ())),
        joint=frozenset(own.get("joint", ())),
        needy=frozenset(own.get("needy", ())),
        stop=frozenset(own.get("stop", "").split()),
        numbers={word: str(value) for value, word in enumerate(words)},
    )


@lru_cache(maxsize=256)  # the statements of one product are asked for several times
def role_of(text: str, cues: Cues) -> str:
    """Returns the role of a statement, as adwright.catalog.v1.Fact names roles."""
    lowered = _lowered(text)
    if QUOTATION.match(text):
        return "proof"
    if cues.has("legal", lowered) or _REGISTRATION.search(text):
        return "legal"
    due = cues.find("due", lowered)
    if 0 <= due < DUE_WITHIN and is_due(text, cues) and (len(MONEY.findall(text)) < 2 or not MONEY.search(text[:due])):
        return "condition"
    if _is_contact(text, lowered, cues):
        return "contact"
    money = MONEY.search(text)
    if beside := _beside(text, lowered, cues):
        return beside
    if _is_span_of_days(lowered) or is_amenity(text, cues) or (not money and (is_wait(text, cues) or is_area(text))):
        return "logistics"
    offer = _offer(text, lowered, cues)
    proof = _first(cues.find("proof", lowered), _at(RATING.search(text)))
    limit = condition_at(text, cues)
    delivery = cues.find("delivery", lowered)
    logistics = _logistics(text, lowered, cues)
    if limit >= 0:
        leading = _first(offer, -1 if cues.has("routine", lowered) else proof, money.start() if money else -1)
        # "two-year warranty, blades not included": the limit belongs to what it limits
        is_one_clause = (
            leading >= 0 and leading < limit == _exclusion(lowered, cues) and not _divides(text[leading:limit])
        )
        if leading < 0 or leading >= limit or (is_one_clause and offer == leading):
            return "condition"  # "Free travel passes are not accepted"
    if cues.has("upkeep", lowered):
        return "logistics"
    is_priced = money and (PERCENT_OFF.search(text) or money.start() < proof or cues.has("price", lowered))
    is_part = 0 <= cues.find("included", lowered) < INCLUDED_WITHIN  # "includes a certificate" of its own thing
    if proof >= 0 and not (0 <= offer < proof) and not is_priced and not is_part:
        return "proof"
    if offer >= 0:
        return "offer"
    if money and delivery > money.end() + 10:  # "£138, return courier included"
        return "price"
    is_absent = cues.has("unneeded", lowered) or (cues.has("negation", lowered) and cues.has("fine", lowered))
    is_incidental = logistics > 60 and cues.has("benefit", lowered)  # a day at the end of a sentence that says more
    is_rate = PERCENT.search(text) is not None and not TIME.search(text) and not DATE.search(text)
    if delivery >= 0 or (logistics >= 0 and not (money or is_incidental or is_absent or is_rate)):
        return "logistics"
    if money and cues.has("sums", lowered):
        return "figure"
    if (
        money
        or _PRICED_ITEM.fullmatch(text)
        or (cues.has("price", lowered) and _BARE_AMOUNT.search(text) and not UNIT.search(text))
    ):
        return "price"
    if proof >= 0:
        return "proof"
    if is_absent or cues.has("included", lowered) or cues.has("benefit", lowered):
        return "benefit"
    words = lowered.split()
    if len(words) <= 10 and (UNIT.search(text) or _COUNT.search(text)):
        return "figure"
    return "feature"


def _beside(text: str, lowered: str, cues: Cues) -> str:
    """Returns the role of what stands beside every sale: taxes, ways to pay, rules of cancelling, who may; or ""."""
    money = MONEY.findall(text)
    if not money and (tax := cues.patterns["tax"].match(lowered)) and len(lowered) - tax.end() < TAX_REST:
        return "condition"
    side = cues.patterns["side"].search(lowered)
    is_first = side is not None and bool(money) and side.start() <= min(DUE_WITHIN, text.find(money[0]))
    if side and len(money) == 1 and (is_first or side.end() == len(lowered)):
        return "condition"
    if cues.has("cancelling", lowered) and (money or "%" in text):
        return "condition"
    if cues.has("person", lowered):
        return "condition"
    payment = cues.patterns["payment"].search(lowered)
    if payment and payment.start() < DUE_WITHIN and 2 * len(payment[0]) > len(lowered):
        return "logistics"
    return ""


@lru_cache(maxsize=256)
def condition_at(text: str, cues: Cues) -> int:
    """Returns where a statement begins to exclude or demand something, or -1."""
    if text.startswith(CROSS):
        return 0
    lowered = _lowered(text)
    return _first(
        _demand(lowered, cues), _at(_REQUIRED_AGE.search(text)), _exclusion(lowered, cues), _limit(lowered, cues)
    )


def is_amenity(text: str, cues: Cues) -> bool:
    """Returns True for a short statement about a lift, parking, a way to pay or paper: "Lift to the first floor"."""
    return len(text.split()) <= AMENITY_WORDS and cues.patterns["amenity"].match(_lowered(text)) is not None


def is_wait(text: str, cues: Cues) -> bool:
    """Returns True for how long one waits, or how long an order takes: "About three weeks from the first call"."""
    return cues.patterns["wait"].match(_lowered(text)) is not None


def is_area(text: str) -> bool:
    """Whether a text of a few words says how far one comes."""
    return len(text.split()) <= AREA_WORDS and AREA.search(text.rstrip(".")) is not None


def is_aside(text: str, cues: Cues) -> bool:
    """Returns True for what is no reason to buy: what people can do instead, how long a thing lasts, how it is kept,
    what goes for a whole class of things, how long one waits."""
    lowered = _lowered(text)
    return cues.has("aside", lowered) or cues.has("upkeep", lowered) or is_wait(text, cues)


def is_dispatch(text: str, cues: Cues) -> bool:
    """Returns True for a statement that begins with how, when or where the thing is sent: "Delivered within 200 km"."""
    return cues.patterns["dispatch"].match(_lowered(text)) is not None


def _is_span_of_days(lowered: str) -> bool:
    """Returns True for a season alone: "5 April 2027 to 31 March 2028", "Campanha 11 out – 18 dez"."""
    span = _SPAN.fullmatch(lowered.rstrip("."))
    return span is not None and all(month[:3] in _months() for month in span.group("first", "last"))


def is_due(text: str, cues: Cues) -> bool:
    """Returns True for a fee, deposit or surcharge that is paid beside a price."""
    lowered = _lowered(text)
    position = cues.find("due", lowered)
    if position < 0 or cues.has("offer", lowered) or not (MONEY.search(text) or "%" in text):
        return False
    return not cues.has("without", lowered[max(0, position - 12) : position])


def is_of_other_than_work(fact: str, cues: Cues) -> bool:
    """Returns True for a price in an advertisement of a job that is no pay: "children's tickets from 29.50"."""
    return not cues.has("pay", _lowered(fact))


def _day_span(lowered: str) -> int:
    """Returns where two days of the week stand as from and to: "lun a vie 9 a 4", "pn–pt"."""
    return _at(_day_spans().search(lowered))


@cache
def _day_spans() -> re.Pattern[str]:
    names = {
        name.casefold().rstrip(".")
        for language in LATIN
        for width in ("wide", "abbreviated")
        for name in Locale(language).days["format"][width].values()
    }
    day = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{day})\.? ?(?:-|–|—|to|till|a|al|à|au|bis|do|til|till|t/m|e) ?(?:{day})\.?(?!\w)")


@cache
def _months() -> frozenset[str]:
    """Returns the first three letters of the names of months, in the languages with Latin letters."""
    return frozenset(
        name.casefold()[:3]
        for language in LATIN
        for width in ("wide", "abbreviated")
        for name in Locale(language).months["format"][width].values()
    )


def _divides(text: str) -> bool:
    """Returns True if a mark or a conjunction stands between two parts of a statement."""
    return (
        re.search(r"[,;:()–—.]| - |(?<!\w)(?:and|but|or|und|aber|oder|et|mais|ou|y|e|pero|ma|mas|o)(?!\w)", text)
        is not None
    )


def _lowered(text: str) -> str:
    """Returns a text as cues read it; "no. 7741" is a number and negates nothing."""
    return _NUMBER_SIGN.sub("nr", text.lower().replace("’", "'"))


def _demand(lowered: str, cues: Cues) -> int:
    """Returns where the first demand stands; "no deposit" and "no booking required" demand nothing."""
    unneeded = cues.patterns["unneeded"].search(lowered)
    for match in cues.patterns["condition"].finditer(lowered):
        if unneeded and unneeded.start() <= match.start() + 4 and match.start() <= unneeded.end() + 4:
            continue
        before = lowered[max(0, match.start() - 14) : match.start()]
        if cues.has("without", before) and not cues.has("negation", match[0]):
            continue
        return match.start()
    return -1


def _exclusion(lowered: str, cues: Cues) -> int:
    """Returns where the first negation stands that no welcome absence follows."""
    welcome = -100
    found = list(cues.patterns["negation"].finditer(lowered))
    for at, match in enumerate(found):
        if match.start() - welcome < 25 and cues.has("echo", match[0]):
            continue  # "aucune donnée ne quitte": the second half of a negation
        if match[0] in FURTHER_ABSENCE and _is_welcome_list(lowered[: match.start()], cues):
            continue  # "sin comisión de apertura ni manejo"
        unneeded = cues.patterns["unneeded"].search(lowered, max(0, match.start() - 12))
        if unneeded and unneeded.start() <= match.end() and unneeded.end() >= match.start():
            continue
        # what is absent stands within the next five words or so, up to the next comma
        reach = re.match(r"[^,.;:()]{0,48}", lowered[match.end() :])
        following = reach[0] if reach else ""
        if at + 1 < len(found) and not cues.has("echo", found[at + 1][0]):  # "no pets no fees" welcomes one only
            following = following[: found[at + 1].start() - match.end()]
        before = lowered[max(0, match.start() - 16) : match.start()]
        is_fine = cues.has("fine", following) and not cues.has("lacking", following)
        if is_fine or cues.has("harm", before):
            welcome = match.end()  # "rostet nicht": behind the verb
            continue
        # "five months, not five weeks, and …": a contrast inside of a sentence that goes on
        # and "in our own care, not a distant depot"
        if lowered[: match.start()].endswith(", ") and (
            (len(following) < 30 and lowered[match.end() + len(following) :].startswith(", "))
            or _ARTICLE.match(following)
        ):
            continue
        return match.start()
    return -1


def _is_welcome_list(before: str, cues: Cues) -> bool:
    """Whether the clause that ends here says that something unwelcome is absent: "sin comisión de apertura"."""
    clause = re.split(r"[,.;:()]", before)[-1]
    return cues.has("without", clause) and cues.has("fine", clause) and not cues.has("lacking", clause)


def _limit(lowered: str, cues: Cues) -> int:
    position = cues.find("limit", lowered)
    return -1 if position < 0 or cues.has("unlimited", lowered) else position


def _offer(text: str, lowered: str, cues: Cues) -> int:
    reduced = PERCENT_OFF.search(text)
    position = _first(cues.find("offer", lowered), _at(reduced))
    if position < 0 or reduced:
        return position
    if cues.has("unoffered", lowered):
        return cues.find("offer", cues.patterns["unoffered"].sub(lambda match: " " * len(match[0]), lowered))
    return position


def _logistics(text: str, lowered: str, cues: Cues) -> int:
    times = (_at(TIME.search(text)), _at(DATE.search(text)), _day_span(lowered))
    position = _first(cues.find("logistics", lowered), *times)
    return -1 if cues.has("unplaced", lowered) and not TIME.search(text) else position


def _is_contact(text: str, lowered: str, cues: Cues) -> bool:
    if ADDRESS.search(text) or EMAIL_OR_HANDLE.search(text):
        return True
    phone = PHONE.search(text)
    if phone and _is_phone(phone[0]):
        rest = text[: phone.start()] + text[phone.end() :]
        return not MONEY.search(rest) or cues.has("contact", lowered)
    return lowered.startswith("#") or (
        cues.find("contact", lowered) in range(12) and len(lowered) < 60 and not _NUMBER.search(text)
    )


def _is_phone(found: str) -> bool:
    """Returns True for a telephone number; dates, spans of years and amounts have fewer digits or begin otherwise."""
    digits = sum(sign.isdigit() for sign in found)
    if MONEY.search(found) or re.fullmatch(r"\d{1,2}[./ -]\d{1,2}[./ -]\d{2,4}|(?:19|20)\d\d[ -](?:19|20)\d\d", found):
        return False
    return digits >= 9 or (digits >= 7 and found[0] in "0+(")


def _at(match: re.Match[str] | None) -> int:
    return match.start() if match else -1


def _first(*positions: int) -> int:
    found = [position for position in positions if position >= 0]
    return min(found) if found else -1


def _pattern(expressions: Iterable[str]) -> re.Pattern[str]:
    """Returns a pattern of whole words; alternatives are grouped by first letter, which is five times as fast."""
    groups: dict[str, list[str]] = {}
    for written in sorted(set(expressions), key=lambda expression: (-len(expression), expression)):
        expression = f"{written}\\d*" if written.endswith(r"\d") else written.rstrip()
        has_plain_start = expression[0].isalnum() and expression[1:2] not in {"?", "*", "+", "{"}
        groups.setdefault(expression[0] if has_plain_start else "", []).append(expression)
    alternatives = groups.pop("", [])
    alternatives += [f"{letter}(?:{'|'.join(found[1:] for found in group)})" for letter, group in groups.items()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w|'t)") if alternatives else _NEVER


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
