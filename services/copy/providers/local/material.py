"""What one brief holds to write with: its facts as quotations, its price, offer and ratings in words, its names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief
from services.copy.providers.local.prices import amount_text
from services.copy.providers.local.quotes import Quote, first_word, fold, last_word, quote
from services.copy.providers.local.words import LANGUAGES, TradeLines, Words, trade_lines, words_of

# Roles that an ad may lead with or list; the others stand in it only where they must.
SELLING = frozenset({"benefit", "feature", "figure", "offer", "price", "proof", "logistics"})
FEW_FEATURES = 3  # from which a customer has chosen what to say, beside a description that says more
LISTED = 0.25  # of strength that such features gain
SURE = "sure"  # the confidence of an understanding
MADE = frozenset({"good", "food", "software"})  # kinds of which one says that they come from somebody
LEAST_NAME = 5  # letters of a name
MAX_WHAT = 56  # characters of a name that a text can repeat
MAX_AUDIENCE = 60
PRICE_WITHIN = 12  # characters before the amount of a text that is a price ("From £95")
HEAD_WITHIN = 3  # words: "busy parents", "small local shops"
STRICT = frozenset({"housing", "jobs", "credit", "health", "gambling", "alcohol", "finance"})
_NAME_END = re.compile(r"\s[–—|-]\s|\s*[|:;(\[]\s*|,\s")
_AUDIENCE_END = re.compile(r"[;.(\n]|,\s| – | - ")
GRAVE = frozenset({"credit", "gambling"})  # about which one does not joke either
_VAT_BESIDE = re.compile(  # tax that is added to prices
    r"(?:\+|plus|excl\w*\.?|excluding|zzgl\.?|más|más el|mais|più|hors)\s?(?:VAT|MwSt|USt|IVA|TVA|GST|tax)\b"
    r"|\bH\.?T\.?(?!\w)",
    re.IGNORECASE,
)
_ZERO_FOR_O = re.compile(r"\b(?:[A-Z]{2,}0[A-Z]+|N0)\b")
_VAT = re.compile(r"\b(?:VAT|MwSt|USt|IVA|TVA|TTC|HT|GST)\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£₹¥]|\b\d{1,3}p\b|\b(?:EUR|USD|GBP|CHF|zł|kr)\b")
_CURRENCY_BESIDE = re.compile(
    r"[$€£₹¥₺₽]|,-|(?<![a-z])(?:eur|euros?|usd|gbp|chf|zł|kr|cad|aud|inr)(?![a-z])", re.IGNORECASE
)
_UNIT_BEHIND = re.compile(
    r"\s?(?:[€$£₹¥]|EUR|USD|GBP|CHF|zł|kr)?(?:,-)?\s?(?:/|p\.|(?:an?|per|each|pro|je|par|la|le|al|por|ao|à|all['’]?a?|die|im|pp|pcm|pw|pa)\b)",
    re.IGNORECASE,
)
_COUNTRY_DOLLAR = re.compile(r"(?<![A-Z])[A-Z]{1,2}\$(?=\d)")  # "CA$34"
_BARE_DOLLAR = re.compile(r"(?<![A-Za-z])\$ ?\d")
_AMOUNT = re.compile(r"\d+(?:[.,'\u2019\u00a0\u202f ]\d+)*")  # "2, 24.90" are two
_LAKHS = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?=$|\.\d{1,2}$)")  # "1,29,999"
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,'\u2019\u00a0\u202f ])\d{3})(?:\1\d{3})*(?=$|[.,]\d{1,2}$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The brief, ready to write with.

    `quotes`: facts that may be used, strongest first. `must`: texts that every variant carries where there is room,
    because the law asks for them. `conditions`: limits in the customer's words. `what`: the line that says what is
    advertised. `price`: in words, empty where the brief has none; `amount`: its decimal number. `audience`: a plural
    phrase, or empty. `solemn`: no jokes, no questions. `closing`: the goal whose closing lines may stand, empty for
    neutral ones; `is_sure`: whether trade and goal are more than likely. `said`: all texts of the product, case folded.
    """

    words: Words
    lines: TradeLines
    language: str
    name: str
    what: str
    full_name: str
    brand: str
    subject: str
    kind: str
    trade_words: tuple[str, ...]
    goal: str
    closing: str
    is_sure: bool
    quotes: tuple[Quote, ...]
    must: tuple[Quote, ...]
    conditions: tuple[Quote, ...]
    price: str
    amount: str
    price_is_quoted: bool
    audience: str
    solemn: bool
    regulated: frozenset[str]
    sensitive: frozenset[str]
    said: str

    @property
    def names(self) -> tuple[str, ...]:
        """What a text may call the product, case folded; the sender where it has no name."""
        return tuple(dict.fromkeys(text.casefold() for text in (self.what, self.name) if text)) or (
            (self.brand.casefold(),) if self.brand else ()
        )

    def is_named_in(self, text: str) -> bool:
        """Whether a text names the product; True where it has no name."""
        folded = fold(text)
        return not self.names or any(fold(name) in folded for name in self.names)

    @property
    def spoken(self) -> bool:
        """Whether the engine has words of its own in the brief's language; otherwise it only quotes."""
        return self.language in LANGUAGES


def material_of(brief: CopyBrief) -> Material:
    """Reads a brief."""
    subject = brief.understanding or BriefUnderstanding()
    code = (subject.language or "und").split("-")[0]
    facts = subject.facts or _plain_facts(brief)
    if code == "und" and not facts and not brief.description.strip():
        code = "en"  # a name alone has no language: that of the API's own words
    words = words_of(code)
    listed = sum(fact.source == "features" for fact in facts) >= FEW_FEATURES and bool(brief.description.strip())
    quotes = [
        quote(
            id=fact.id,
            text=fact.text,
            role=fact.role,
            strength=fact.strength + (LISTED if listed and fact.source == "features" else 0.0),
            source=fact.source,
            words=words,
        )
        for fact in facts
        if fact.text.strip() and not fact.text.rstrip().endswith(":")
    ]
    is_sure = subject.confidence == SURE
    strict = bool(STRICT.intersection(subject.regulated))
    name = subject.name or brief.product_name.strip()
    price, quoted = _price(brief, quotes, words, code)
    return Material(
        words=words,
        # a line of another trade is worse than none
        lines=trade_lines(subject.trade, subject.sector, code) if is_sure else TradeLines(),
        language=code,
        name=short_name(name),
        what=what_is_sold(name, subject.subject if is_sure else "", words),
        full_name=name,
        brand=subject.brand or brief.brand_name.strip(),
        subject=subject.subject,
        kind=subject.kind,
        trade_words=subject.trade_words if is_sure else (),
        goal=subject.goal,
        is_sure=is_sure,
        # what a text asks for must fit; a button is one of a few that the platform has
        closing=subject.goal if is_sure and not subject.sensitive else "",
        quotes=tuple(sorted(filter(_stands_alone(quotes, brief), quotes), key=lambda found: -found.strength)),
        must=tuple(found for found in quotes if found.role == "legal")
        if strict or subject.kind == "cause"  # a charity's number
        else (),
        conditions=tuple(found for found in quotes if found.role == "condition"),
        price=price,
        amount=brief.price or "",
        price_is_quoted=quoted,
        audience="" if strict or subject.sensitive else audience_phrase(subject.audience or brief.audience, words),
        solemn=bool(subject.sensitive) or bool(GRAVE.intersection(subject.regulated)),
        regulated=frozenset(subject.regulated),
        sensitive=frozenset(subject.sensitive),
        said="\n".join((name, brief.description, *brief.features)).casefold(),
    )


def _stands_alone(quotes: Sequence[Quote], brief: CopyBrief) -> Callable[[Quote], bool]:
    """What is true of a fact by itself: it sells, has no footnote elsewhere, and its amounts are without tax to come.

    In a text of another script, lines in Latin letters alone are keys of a feed ("color: silver").
    """
    is_taxed = any(_VAT_BESIDE.search(found.text) and not _MONEY.search(found.text) for found in quotes)
    letters = [sign for sign in brief.description if sign.isalpha()]
    is_foreign = 2 * sum(not _is_latin(sign) for sign in letters) > len(letters)

    def stands(found: Quote) -> bool:
        if found.role not in SELLING or "*" in found.text:
            return False
        if is_taxed and _MONEY.search(found.text) and not _VAT.search(found.text):
            return False
        if found.text.count("(") != found.text.count(")"):  # torn
            return False
        if _ZERO_FOR_O.search(found.text):  # "N0 YELL0W"
            return False
        return not (is_foreign and found.text.isascii() and ": " in found.text)

    return stands


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")


def short_name(name: str) -> str:
    """The product's name without the description behind a dash or comma, if a name remains."""
    parts = name_parts(name)
    for count in range(1, len(parts) + 1):
        kept = name[: name.find(parts[count - 1], 0) + len(parts[count - 1])].strip(" ,:;–—|-")
        if sum(map(str.isalpha, kept)) >= LEAST_NAME:
            return kept
    return name.strip()


def name_parts(name: str) -> list[str]:
    """The parts of a product's name between dashes and commas."""
    return [part.strip() for part in _NAME_END.split(name) if part.strip()]


def what_is_sold(full_name: str, subject: str, words: Words) -> str:
    """The line that says what is advertised: the product's name, with the words for the thing where the name lacks
    them. A name that is too long to be repeated ends at a dash or comma, or else at a word."""
    name = short_name(full_name)
    if subject and subject.casefold() not in full_name.casefold() and len(name) + len(subject) + 2 <= MAX_WHAT:
        return f"{name}: {subject}"
    if len(full_name) <= MAX_WHAT:
        return full_name
    if len(name) <= MAX_WHAT:
        return name
    return title_within(name, MAX_WHAT, words)


def title_within(name: str, limit: int, words: Words) -> str:
    """As much of a title as `limit` characters hold: up to a mark, or to a word that begins another phrase ("Dining
    table | of solid oak"). Where there is neither, as many words; never one at the end that asks for another."""
    if len(name) <= limit:
        return name
    kept = phrase_within(name, limit, words)
    if kept:
        return kept
    whole = name[: limit + 1].rsplit(" ", 1)[0].split()
    while len(whole) > 1 and _asks_for_more(last_word(whole[-1]), words):
        whole.pop()
    return " ".join(whole)[:limit].rstrip(" ,:;–—|-")


def phrase_within(name: str, limit: int, words: Words) -> str:
    """The longest beginning of a title within `limit` characters that ends where a phrase ends; empty without one."""
    for end in range(min(limit, len(name) - 1), LEAST_NAME - 1, -1):
        if name[end] not in " ,:;(|/":
            continue
        kept, rest = name[:end].rstrip(" ,:;–—|(/-"), name[end:].lstrip()
        is_mark = name[end] != " " or rest[:1] in "–—|(/-"
        follows = first_word(rest)
        is_phrase = is_mark or (rest[:1].isalnum() and (follows in words.open_end or follows in words.joints))
        if (
            is_phrase
            and len(kept) >= LEAST_NAME
            and kept[-1] not in "&+"
            and not _asks_for_more(last_word(kept), words)
        ):
            return kept
    return ""


def _asks_for_more(word: str, words: Words) -> bool:
    """Whether a text cannot end with a word: none, an article, "if"."""
    return not word or word in words.open_end or word in words.weak_start or bool(words.guards.fullmatch(word))


def _plain_facts(brief: CopyBrief) -> tuple[BriefFact, ...]:
    """The features as facts, for a brief that was stored before the catalog understood its texts."""
    return tuple(
        BriefFact(id=f"f{number}", text=text, role="feature", strength=0.5, source="features")
        for number, text in enumerate(brief.features, 1)
    )


def audience_phrase(text: str, words: Words) -> str:
    """The audience as a plural phrase in lower case; empty where it is none, or one by personal attributes."""
    first = _AUDIENCE_END.split(text.strip(), maxsplit=1)[0].strip()
    if not first or len(first) > MAX_AUDIENCE or words.attributes.search(first) or re.search(r"\d", first):
        return ""
    if not words.heads.intersection(first.casefold().split()[:HEAD_WITHIN]):
        return ""
    return first[0].lower() + first[1:] if words.language != "de" else first


def same_amount(text: str, amount: str) -> bool:
    """Whether a text names an amount, however its thousands and decimals are written."""
    try:
        wanted = Decimal(amount)
    except InvalidOperation:
        return False
    return any(value == wanted for found in _AMOUNT.findall(text) for value in _values(found))


def amounts_of(text: str) -> frozenset[Decimal]:
    """The amounts that a text may name."""
    return frozenset(value for found in _AMOUNT.findall(text) for value in _values(found))


def _values(figure: str) -> list[Decimal]:
    """What a figure may mean: "1.299" is 1299 or 1.299, "4.50" is 4.5 only, "1.299,00" is 1299 only.

    Thousands are groups of exactly three digits. Numbers that a space divides may also be several ("from 12 24.90").
    """
    found = []
    grouped = _THOUSANDS.match(figure) or _LAKHS.match(figure)
    if grouped is not None:
        whole = re.sub(r"\D", "", grouped[0])
        found.append(Decimal(whole + figure[grouped.end() :].replace(",", ".")))
    parts = re.split(r"[\s\u00a0\u202f]", figure) if grouped is None else [figure]
    found.extend(Decimal(part.replace(",", ".")) for part in parts if re.fullmatch(r"\d+(?:[.,]\d+)?", part))
    return found


def _has_unit(text: str, price: str) -> bool:
    """Whether a text says what the price is for ("£29 a month", "29 €/Monat"): without that the amount is not true."""
    return any(_UNIT_BEHIND.match(text[end:]) for end in _prices(text, price))


def shows_price(text: str, amount: str) -> bool:
    """Whether a text names an amount of money: the number with a currency beside it."""
    return any(True for _ in _prices(text, amount))


def _prices(text: str, amount: str) -> Iterator[int]:
    """Yields where an amount ends that has a currency beside it."""
    for found in _AMOUNT.finditer(text):
        beside = text[max(0, found.start() - 5) : found.end() + 6]
        if same_amount(found[0], amount) and _CURRENCY_BESIDE.search(beside):
            yield found.end()


def _is_the_price(found: Quote, brief: CopyBrief) -> bool:
    """Whether a fact about money says what the product costs, rather than a part of it or something beside it."""
    if found.source == "price":
        return True
    if brief.price:
        return same_amount(found.text, brief.price)
    first = _AMOUNT.search(found.text)
    return first is not None and first.start() <= PRICE_WITHIN


def _price(brief: CopyBrief, quotes: list[Quote], words: Words, language: str) -> tuple[str, bool]:
    """The price, and whether it is the customer's own words for it.

    The amount is written by itself only where no text of the brief names it together with a limit ("from £40 for two").
    """
    for found in quotes:
        if found.role == "price" and len(found.text) <= MAX_AUDIENCE and _is_the_price(found, brief):
            is_plain = _BARE_DOLLAR.search("\n".join((brief.description, *brief.features))) is not None
            return _COUNTRY_DOLLAR.sub("$", found.text) if is_plain else found.text, True
    if not brief.price or any(_VAT_BESIDE.search(found.text) and not _MONEY.search(found.text) for found in quotes):
        return "", False  # no price, or one to which the tax is added
    near = [text for text in (brief.description, *brief.features) if same_amount(text, brief.price)]
    if any(words.guards.search(text) for text in near) or any(_has_unit(text, brief.price) for text in near):
        return "", False
    return amount_text(brief.price, brief.currency or "", language), False
