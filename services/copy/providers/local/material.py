"""What one brief holds to write with: its facts as quotations, its price, offer and ratings in words, its names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief
from services.copy.providers.local.amounts import amounts_of, first_amount, has_unit, same_amount, western
from services.copy.providers.local.fitness import (
    Setting,
    is_shorthand,
    is_torn,
    lead_loss,
    may_open,
    may_stand,
    opening_of,
)
from services.copy.providers.local.prices import amount_text
from services.copy.providers.local.quotes import Quote, first_word, fold, last_word, names_day, quote
from services.copy.providers.local.words import LANGUAGES, TradeLines, Words, trade_lines, words_of

# Roles that an ad may lead with or list; the others stand in it only where they must.
SELLING = frozenset({"benefit", "feature", "figure", "offer", "price", "proof", "logistics"})
FEW_FEATURES = 3  # from which a customer has chosen what to say, beside a description that says more
FEW_TEXTS = 4  # facts of a brief that is a line or two
OPENS = 0.601  # strength of a first sentence that limits what it says
LISTED = 0.25  # of strength that such features gain
SURE = "sure"  # the confidence of an understanding
MADE = frozenset({"good", "food", "software"})  # kinds of which one says that they come from somebody
LEAST_NAME = 5  # letters of a name
MAX_WHAT = 56  # characters of a name that a text can repeat
MAX_AUDIENCE = 60
MAX_PRICE = 72  # characters of a text that is a price
PRICE_WITHIN = 12  # characters before the amount of a text that is a price ("From £95")
HEAD_WITHIN = 3  # words: "busy parents", "small local shops"
STRICT = frozenset({"housing", "jobs", "credit", "health", "gambling", "alcohol", "finance"})
_NAME_END = re.compile(r"\s[–—|-]\s|\s*[|:;(\[]\s*|,\s")
_AUDIENCE_END = re.compile(r"[;.(\n]|,\s| – | - ")
FEWEST_LEGAL = 3  # words of a legal line: less is the link to a page
DATED = frozenset({"event", "cause", "public_body", ""})  # kinds of which a day says when they are
GRAVE = frozenset({"credit", "gambling"})  # about which one does not joke either
_VAT_BESIDE = re.compile(  # tax that is added to prices
    r"(?:\+|plus|excl\w*\.?|excluding|ex|before|zzgl\.?|exkl\.?|más|más el|mais|più|hors)\s?"
    r"(?:VAT|MwSt|USt|IVA|TVA|GST|tax|taxes|btw|KDV|moms|DPH|sales tax)\b"
    r"|\bH\.?T\.?(?!\w)|\bnetto\b|غير شامل|税別|税抜|별도",
    re.IGNORECASE,
)
_CODE = re.compile(r"^(?=\S*\d)(?=\S*[A-Z])(?=\S*-)[A-Z0-9][A-Z0-9/.-]{4,}\s+(?=\w+ \w{3})")  # "WT-22700 Round tank"
_REFERENCE = re.compile(
    r"\s*(?:[-–(]\s*)?\b(?:ref|réf|sku|art|item|req|mod|modell?o?|cod|cód)\b\.?\s?(?:no\.?|nr\.?|#|:)?\s?"
    r"[#A-Z0-9][A-Z0-9-]*\d[A-Z0-9-]*\)?\s*$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|;\s")
_ZERO_FOR_O = re.compile(r"\b(?:[A-Z]{2,}0[A-Z]+|N0)\b")
_VAT = re.compile(r"\b(?:VAT|MwSt|USt|IVA|TVA|TTC|HT|GST)\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£₹¥]|\b\d{1,3}p\b|\b(?:EUR|USD|GBP|CHF|zł|kr)\b")
_COUNTRY_DOLLAR = re.compile(r"(?<![A-Z])[A-Z]{1,2}\$(?=\d)")  # "CA$34"
_BARE_DOLLAR = re.compile(r"(?<![A-Za-z])\$ ?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The brief, ready to write with.

    `quotes`: facts that may be used, strongest first; `spare`: others, for a text that were empty without. `must`:
    texts that every variant carries where there is room, because the law asks for them. `conditions`: limits in the
    customer's words. `what`: the line that says what is advertised. `price`: in words, empty where the brief has none;
    `amount`: its decimal number. `audience`: a plural phrase, or empty. `solemn`: no jokes, no questions. `closing`:
    the goal whose closing lines may stand, empty for neutral ones; `is_sure`: whether trade and goal are more than
    likely. `opening`: the sentence of the description that says what is offered; `dated`: whether a fact names a day.
    `said`: all texts of the product, case folded; `written`: the same with their capitals.
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
    spare: tuple[Quote, ...]
    must: tuple[Quote, ...]
    conditions: tuple[Quote, ...]
    price: str
    amount: str
    price_is_quoted: bool
    audience: str
    solemn: bool
    opening: Quote | None
    dated: bool
    regulated: frozenset[str]
    sensitive: frozenset[str]
    written: str
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
    name = without_codes(subject.name or brief.product_name.strip())
    price, quoted = _price(brief, quotes, words, code)
    setting = Setting(
        words=words,
        kind=subject.kind,
        dated=subject.kind in DATED and any(names_day(found.text, code) for found in quotes),
        few=len(quotes) <= FEW_TEXTS,
        begins=min((found.place for found in quotes if found.source == "description"), default=0),
        capitals=2 * sum(found.text[:1].islower() for found in quotes if found.source == "description")
        <= sum(found.source == "description" for found in quotes),
        listed=sum(fact.source == "features" for fact in facts) >= FEW_FEATURES,
        is_priced=lambda text: not brief.price or same_amount(text, brief.price),
        prices=frozenset[Decimal]().union(*(amounts_of(found.text) for found in quotes if found.source == "features")),
    )
    alone = _stands_alone(quotes, brief)
    described = re.sub(r"[ \t\u00a0]+", " ", brief.description).casefold()
    fit = [
        replace(found, loss=lead_loss(found, setting))
        for found in quotes
        if alone(found) and may_stand(found, setting) and not is_torn(found, described)
    ]
    first = min(
        (found for found in quotes if found.source == "description"), key=lambda found: found.place, default=None
    )
    if first is not None and may_open(first, words):  # a proof is quoted whole, and its limit with it
        fit.append(replace(first, role="proof", strength=OPENS, loss=lead_loss(first, setting)))
    opening = opening_of(fit, quotes, setting)
    if opening is None or opening.strength != OPENS:
        fit = [found for found in fit if found.strength != OPENS or found.role != "proof" or found is opening]
    written = "\n".join((name, brief.description, *brief.features))
    return Material(
        words=words,
        # a line of another trade is worse than none
        lines=trade_lines(subject.trade, subject.sector, code) if is_sure else TradeLines(),
        language=code,
        name=short_name(name),
        what=what_is_sold(name, subject.subject if is_sure else "", words)
        if not (" / " in name and subject.subject)
        else subject.subject,
        full_name=name,
        brand=subject.brand or brief.brand_name.strip(),
        subject=subject.subject,
        kind=subject.kind,
        trade_words=subject.trade_words if is_sure else (),
        goal=subject.goal,
        is_sure=is_sure,
        # what a text asks for must fit; a button is one of a few that the platform has
        closing=subject.goal if is_sure and not subject.sensitive else "",
        quotes=tuple(sorted(fit, key=lambda found: -found.strength)),
        spare=tuple(found for found in quotes if alone(found) and not any(found.id == other.id for other in fit)),
        must=tuple(
            found
            for found in quotes
            if found.role == "legal"
            and is_line(found.text)
            and (strict or subject.kind == "cause")  # a charity's number
        ),
        conditions=tuple(found for found in quotes if found.role == "condition"),
        price=price,
        amount=brief.price or "",
        price_is_quoted=quoted,
        audience="" if strict or subject.sensitive else audience_phrase(subject.audience or brief.audience, words),
        solemn=bool(subject.sensitive) or bool(GRAVE.intersection(subject.regulated)),
        opening=opening,
        dated=setting.dated,
        regulated=frozenset(subject.regulated),
        sensitive=frozenset(subject.sensitive),
        written=written,
        said=written.casefold(),
    )


def is_line(text: str) -> bool:
    """Whether a legal text is a statement, rather than the link of a page or the key of a footnote ("APR = …")."""
    return len(text.split()) >= FEWEST_LEGAL and " = " not in text


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


def without_codes(name: str) -> str:
    """A title without the number of an article before or behind it, if words remain."""
    kept = _REFERENCE.sub("", _CODE.sub("", name)).strip(" -–,;:")
    return kept if sum(map(str.isalpha, kept)) >= LEAST_NAME else name


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


def _is_the_price(found: Quote, brief: CopyBrief) -> bool:
    """Whether a fact about money says what the product costs, rather than a part of it or something beside it."""
    if found.source == "price":
        return True
    if brief.price:
        return same_amount(found.text, brief.price)
    return first_amount(found.text) <= PRICE_WITHIN


def _price(brief: CopyBrief, quotes: list[Quote], words: Words, language: str) -> tuple[str, bool]:
    """The price, and whether it is the customer's own words for it.

    The amount is written by itself only where no text of the brief names it together with a limit ("from £40 for two")
    or with another amount ("uprights £78, grands £90").
    """
    named = [
        found
        for found in quotes
        if found.role == "price"
        and len(found.text) <= MAX_PRICE
        and not is_shorthand(found.text[:2])
        and _is_the_price(found, brief)
    ]
    named = [found for found in named if found.source != "price"] or named
    texts = (brief.description, *brief.features)
    for found in named:
        if found.source == "price" and brief.price and not _is_whole_price(brief, quotes, words):
            return "", False
        is_plain = _BARE_DOLLAR.search("\n".join(texts)) is not None
        return _COUNTRY_DOLLAR.sub("$", found.text) if is_plain else found.text, True
    if not brief.price or not _is_whole_price(brief, quotes, words):
        return "", False
    return amount_text(brief.price, brief.currency or "", language), False


def _is_whole_price(brief: CopyBrief, quotes: list[Quote], words: Words) -> bool:
    """Whether the amount by itself is what a customer pays: no tax is added, no text limits it or sets another amount
    beside it. Of a language without words no limit is known: then no other text may name an amount."""
    if not brief.price:
        return False
    written = "\n".join((brief.description, *brief.features))
    if _VAT_BESIDE.search(written):
        return False
    if not words.joints:
        return not any(_MONEY.search(found.text) and found.source != "price" for found in quotes) and not (
            same_amount(western(written), brief.price) or any(sign in written for sign in "万만")
        )
    near = [
        text
        for part in (brief.description, *brief.features)
        for text in _SENTENCE_END.split(part)
        if text and same_amount(text, brief.price)
    ]
    return not any(
        words.guards.search(text) or has_unit(text, brief.price) or len(_MONEY.findall(text)) > 1 for text in near
    )
