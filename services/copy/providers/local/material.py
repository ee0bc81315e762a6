"""What one brief holds to write with: its facts as quotations, its price, offer and ratings in words, its names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from services.chassis.amounts import western
from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief, Format, Platform, Tone
from services.copy.providers.local.amounts import amounts_of, first_amount, has_unit, same_amount
from services.copy.providers.local.description_lines import Line, lines_of
from services.copy.providers.local.fitness import (
    WEAK,
    Setting,
    is_demand,
    is_late,
    is_shorthand,
    is_titled,
    is_torn,
    lead_in_of,
    lead_loss,
    may_open,
    may_stand,
    opening_of,
    stands_for,
)
from services.copy.providers.local.names import short_name, spoken_name, what_is_sold, without_sender
from services.copy.providers.local.price_phrase import is_of_one_size, price_phrase, priced_clause
from services.copy.providers.local.prices import amount_text, is_amount, readable_amounts
from services.copy.providers.local.proof import is_clean
from services.copy.providers.local.quotes import (
    Quote,
    content_words,
    first_word,
    fold,
    head_before_price,
    head_of,
    names_day,
    priced_head,
    quote,
    upper_first,
)
from services.copy.providers.local.strengths import LEADS_NOTHING, SELLING
from services.copy.providers.local.words import LANGUAGES, Words, signs, words_of

KEPT_BRIEFS = 64  # that have been read lately, at most some 100 kB each
FEW_FEATURES = 3  # from which a customer has chosen what to say, beside a description that says more
FEW_TEXTS = 4  # facts of a brief that is a line or two
OPENS = 0.601  # strength of a first sentence that limits what it says
SURE, LIKELY = "sure", "likely"  # confidences of an understanding
UNPRICED = frozenset({"cause", "job", "credit"})  # kinds and fields whose amounts are gifts, pay and rates
MADE = frozenset({"good", "food", "software"})  # kinds of which one says that they come from somebody
MAX_AUDIENCE = 60
FEW_OF_LIST = 4  # words of an audience that others follow behind a comma
MAX_ALWAYS = 64  # characters of a limit that every text carries
SHORT_CLAUSE = 46  # characters of the clause of a longer text that names the price with its limit
SHORT_PRICE = 60  # characters of the beginning of a line that says all
SHORTER = 0.02  # less for it
MAX_PRICE = 72  # characters of a text that is a price
PRICE_WITHIN = 12  # characters before the amount of a text that is a price ("From £95")
HEAD_WITHIN = 3  # words: "busy parents", "small local shops"
STRICT = frozenset({"housing", "jobs", "credit", "health", "gambling", "alcohol", "finance"})
_AUDIENCE_END = re.compile(r"[;.(\n]|,\s| – | - ")
FEWEST_LEGAL = 3  # words of a legal line: less is the link to a page
SAID_FIRST = 2  # words by which two such lines are the same
DATED = frozenset({"event", "cause", "public_body", ""})  # kinds of which a day says when they are
GRAVE = frozenset({"credit", "gambling"})  # about which one does not joke either
_TAXES = "|".join(map(re.escape, signs("taxes")))
_TIERS = re.compile(r"[^\W\d]+ ?\d[\d.,]+k? ?/ ?[^\W\d]+ ?\d[\d.,]+")  # "nursery 24,500 / primary 28,000"
_SIZES = re.compile(  # "€16 for a small reel and €52 for a large one"
    r"\d\s?[€$£]?\s(?P<joint>for|pour|für|para|por|per|voor|za)\s[^.;]{3,90}[€$£]?\s?\d[\d.,]*\s?[€$£]?\s(?P=joint)\s"
)
_VAT_BESIDE = re.compile(  # tax that is added to prices
    rf"(?<!\w)(?:{'|'.join(map(re.escape, signs('tax_before')))})\s?(?:{_TAXES})\b"
    rf"|(?<!\w)(?:{'|'.join(map(re.escape, signs('tax_alone')))})(?!\w)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|;\s")
_DETERMINERS = frozenset(signs("determiners"))
_ELIDED = re.compile(r"[ldLD]['’]")  # "l'équipe"
_ZERO_FOR_O = re.compile(r"\b(?:[A-Z]{2,}0[A-Z]+|N0)\b")
_VAT = re.compile(r"\b(?:VAT|MwSt|USt|IVA|TVA|TTC|HT|GST)\b", re.IGNORECASE)
_EMERGENCIES = "|".join(signs("emergency"))
_EMERGENCY = re.compile(  # at the end of a clause, so that it counts nothing
    rf"\b(?:{'|'.join(signs('calls'))})\b:?(?: [^\W\d_]+){{0,2}} (?:{_EMERGENCIES})"
    rf"(?!\s?(?:{'|'.join(signs('units'))})\b)(?=\W*$|[.,;)](?!\d)|\s[^\W\d]{{1,3}}\b)"
    rf"|(?<![\d.,-])(?<!\d\s)(?:{_EMERGENCIES}) (?:{'|'.join(signs('calls_behind'))})\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, signs('hedges')))})(?!\w)", re.IGNORECASE)
SHORT_LINE = 32  # characters of a line that is a price with a word or two
HEDGED = 25  # characters before an amount in which a word says that it is not exact
_MONEY = re.compile(r"[$€£₹¥]|\b\d{1,3}p\b|\b(?:EUR|USD|GBP|CHF|zł|kr)\b")
_COUNTRY_DOLLAR = re.compile(r"(?<![A-Z])[A-Z]{1,2}\$(?=\d)")  # "CA$34"
_AMOUNT = re.compile(r"\d[\d.,\u00a0 ]*\d|\d")
_BARE_DOLLAR = re.compile(r"(?<![A-Za-z])\$ ?\d")


LEADS_IN = 0.5  # strength of a sentence with which the customer begins and that limits nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The brief, ready to write with.

    `quotes`: facts that may be used, strongest first; `spare`: others, for a text that were empty without. `must`:
    texts that every variant carries where there is room, because the law asks for them. `conditions`: limits in the
    customer's words. `what`: the line that says what is advertised. `price`: in words, empty where the brief has
    none; `amount`: its decimal number; `price_phrase`: the amount with the words that belong to it, where a longer
    text says it. `audience`: a plural phrase, or empty. `solemn`: no jokes, no questions. `closing`: the goal whose
    closing lines may stand, empty for neutral ones; `is_sure`: whether trade and goal are more than likely,
    `is_known`: whether they are likely at least. `opening`: the sentence of the description that says what is
    offered; `lead_in`: the first sentence or two of the description, where they open an ad; `is_begun_only`:
    whether the sentence behind it leans on it; `sentences`: its sentences in their order; `dated`: whether a fact
    names a day. `said`: all texts of the product, case folded; `written`: the same with their capitals.
    """

    words: Words
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
    is_known: bool
    quotes: tuple[Quote, ...]
    spare: tuple[Quote, ...]
    must: tuple[Quote, ...]
    conditions: tuple[Quote, ...]
    price: str
    amount: str
    price_is_quoted: bool
    price_phrase: str
    audience: str
    solemn: bool
    opening: Quote | None
    lead_in: tuple[Quote, ...]
    is_begun_only: bool
    sentences: tuple[Line, ...]
    dated: bool
    regulated: frozenset[str]
    sensitive: frozenset[str]
    written: str
    said: str

    @property
    def own_names(self) -> tuple[str, ...]:
        """What the customer calls the product and its sender, as it is written."""
        return tuple(filter(None, (self.full_name, self.what, self.name, self.brand)))

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

    def opening_clause(self, limit: int) -> str | None:
        """The first clause of the opening; None where there is none, or where a limit or offer would lose its end."""
        found = self.opening
        if found is None or found.role in {"offer", "legal"} or found.strength == OPENS:
            return None
        return head_of(found.text, limit, self.words)

    def says_the_name(self, text: str) -> bool:
        """Whether a text says what the product's name says, in whatever order."""
        return self.is_named_in(text) or stands_for(self.name, text, self.words)

    @property
    def spoken(self) -> bool:
        """Whether the engine has words of its own in the brief's language; otherwise it only quotes."""
        return self.language in LANGUAGES


def material_of(brief: CopyBrief) -> Material:
    """Reads a brief. What was read is kept: a product is asked for on several platforms, one after the other."""
    of_any = replace(brief, platform=Platform.UNIVERSAL, format=Format.SHORT, tone=Tone.PROFESSIONAL)
    return _read(replace(of_any, custom_instructions=""))


@lru_cache(maxsize=KEPT_BRIEFS)
def _read(brief: CopyBrief) -> Material:
    is_free = bool(brief.price) and not Decimal(brief.price or "")  # "$0" is no price: its texts say that it is free
    if is_free:
        brief = replace(brief, price=None)
    subject = brief.understanding or BriefUnderstanding()
    code = (subject.language or "und").split("-")[0]
    facts = subject.facts or _plain_facts(brief)
    if code == "und" and not facts and not brief.description.strip():
        code = "en"  # a name alone has no language: that of the API's own words
    words = words_of(code)
    quotes = [
        quote(
            id=fact.id,
            text=_with_its_question(fact, brief),
            role=fact.role,
            strength=fact.strength,
            source=fact.source,
            words=words,
            limited_by=fact.limited_by,
            same_as=fact.same_as,
        )
        for fact in facts
        if fact.text.strip() and not fact.text.rstrip().endswith(":") and not (is_free and fact.source == "price")
    ]
    is_sure = subject.confidence == SURE
    strict = bool(STRICT.intersection(subject.regulated))
    solemn = bool(subject.sensitive) or bool(GRAVE.intersection(subject.regulated))
    written = "\n".join((brief.description, *brief.features))
    name = spoken_name(subject.name or brief.product_name.strip(), brief.product_name, written)
    name = without_sender(name, subject.brand or brief.brand_name.strip())
    if code == "de":  # nouns have capitals
        name = upper_first(name)
    price, quoted = _price(brief, quotes, words, code)
    phrase = _price_phrase(brief, quotes, code) if not ({subject.kind, *subject.regulated} & UNPRICED) else ""
    if phrase and not quoted:  # "£310" says less than "£310 for two days"
        price = phrase
    if subject.kind == "cause" and not quoted:
        price = ""  # "£12 feeds one hedgehog": a gift is no price
    setting = Setting(
        words=words,
        kind=subject.kind,
        dated=subject.kind in DATED and any(names_day(found.text, code) for found in quotes),
        few=len(quotes) <= FEW_TEXTS,
        begins=min((found.place for found in quotes if found.source == "description"), default=0),
        capitals=2 * sum(found.text[:1].islower() for found in quotes if found.source == "description")
        <= sum(found.source == "description" for found in quotes),
        listed=sum(fact.source == "features" for fact in facts) >= FEW_FEATURES,
        titled=2 * sum(is_titled(found.text) for found in quotes) > len(quotes),
        is_priced=lambda text: not brief.price or same_amount(text, brief.price),
        prices=frozenset[Decimal]().union(*(amounts_of(found.text) for found in quotes if found.source == "features")),
    )
    quotes = _with_cases_before(quotes, brief.description, words)
    alone = _stands_alone(quotes, brief)
    doubted = {fact.id for fact in facts if fact.strength <= LEADS_NOTHING}
    described = re.sub(r"[ \t\u00a0]+", " ", brief.description).casefold()
    called = tuple(filter(None, (name, subject.name, subject.brand or brief.brand_name)))

    def is_proper(found: Quote) -> bool:
        if found.role == "price" and found.source != "price" and brief.price and is_amount(found.text):
            return False  # it is the price by itself, which stands beside the name
        return is_clean(readable_amounts(found.text, code), code, called)

    fit = [
        replace(
            found,
            loss=max(lead_loss(found, setting), WEAK if found.id in doubted else 0.0),
            late=is_late(found, setting),
        )
        for found in quotes
        if alone(found) and may_stand(found, setting) and not is_torn(found, described) and is_proper(found)
    ]
    lead_in: tuple[Quote, ...] = ()
    if "credit" not in subject.regulated:
        leading = [found for found in quotes if found.id not in doubted or found.role == "condition"]
        # "Most knives aren't bad" says what is wrong, and limits nothing
        lead_in = tuple(
            replace(found, role="feature", strength=LEADS_IN) if found.role == "condition" else found
            for found in lead_in_of(leading, setting)
        )
        if len(lead_in) == 1:  # of two, none stands without the other
            fit += [found for found in lead_in if is_proper(found) and not any(found.id == other.id for other in fit)]
        else:
            fit = [found for found in fit if not any(found.id == other.id for other in lead_in)]
    begun = {found.id for found in lead_in}
    if setting.few:  # a line with all in it, shorter where a text has no room for it
        priced = [
            found for found in fit if found.role == "price" or (brief.price and same_amount(found.text, brief.price))
        ]
        for found in priced:
            if len(found.text) <= SHORT_PRICE:
                continue
            head = priced_head(found.text, SHORT_PRICE, setting.is_priced, words)
            head = head or head_before_price(found.text, SHORT_PRICE, words)
            if head is not None:
                fit.append(
                    replace(found, text=head, strength=found.strength - SHORTER, words=content_words(head, words))
                )
    first = min(
        (found for found in quotes if found.source == "description"), key=lambda found: found.place, default=None
    )
    if first is not None and may_open(first, words):  # a proof is quoted whole, and its limit with it
        fit.append(replace(first, role="proof", strength=OPENS, loss=lead_loss(first, setting)))
    opening = opening_of(fit, quotes, setting)
    if opening is None or opening.strength != OPENS:
        fit = [found for found in fit if found.strength != OPENS or found.role != "proof" or found is opening]
    return Material(
        words=words,
        # a line of another trade is worse than none
        language=code,
        name=short_name(name),
        what=what_is_sold(name, subject.subject if is_sure else "", words, said=written)
        if not (" / " in name and subject.subject)
        else upper_first(subject.subject),
        full_name=name,
        brand=subject.brand or brief.brand_name.strip(),
        subject=subject.subject,
        kind=subject.kind,
        trade_words=subject.trade_words if is_sure else (),
        goal=subject.goal,
        is_sure=is_sure,
        is_known=subject.confidence in {SURE, LIKELY},
        # what a text asks for must fit; a button is one of a few that the platform has
        closing=subject.goal if is_sure and not subject.sensitive else "",
        quotes=tuple(sorted(fit, key=lambda found: -found.strength)),
        spare=tuple(
            found
            for found in quotes
            if alone(found) and is_proper(found) and not any(found.id == other.id for other in fit)
        ),
        must=tuple(
            found
            for found in quotes
            if (
                is_always_said(found, words)
                or (found.role == "legal" and is_line(found.text) and (strict or subject.kind == "cause"))
            )
            and not (found.dangling or _is_said_longer(found, quotes))
        ),
        conditions=tuple(
            found
            for found in quotes
            if found.role == "condition"
            and found.id not in begun
            and not is_always_said(found, words)
            and is_proper(found)
            and not _is_request(found, words)
        ),
        price=price,
        amount=brief.price or "",
        price_is_quoted=quoted,
        price_phrase=phrase,
        audience="" if strict or subject.sensitive else audience_phrase(subject.audience or brief.audience, words),
        solemn=solemn,
        opening=opening,
        lead_in=lead_in,
        is_begun_only=bool(lead_in)
        and any(
            found.dangling and found.place == lead_in[-1].place + 1 for found in quotes if found.source == "description"
        ),
        sentences=_sentences_of(quotes, lead_in, doubted, brief, name, setting, is_proper, solemn=solemn)
        if code in LANGUAGES
        else (),
        dated=setting.dated,
        regulated=frozenset(subject.regulated),
        sensitive=frozenset(subject.sensitive),
        written=f"{name}\n{written}",
        said=f"{name}\n{written}".casefold(),
    )


def _sentences_of(
    quotes: Sequence[Quote],
    lead_in: Sequence[Quote],
    doubted: Collection[str],
    brief: CopyBrief,
    name: str,
    setting: Setting,
    is_proper: Callable[[Quote], bool],
    *,
    solemn: bool,
) -> tuple[Line, ...]:
    """The description's sentences, those that open an ad with the role that they have there."""
    begins = {found.id: found for found in lead_in}
    return lines_of(
        [begins.get(found.id, found) for found in quotes],
        brief.description,
        setting.words,
        doubted=doubted,
        may_say=lambda text: is_proper(replace(quotes[0], text=text, source="description")),
        is_price=lambda text: bool(brief.price) and same_amount(text, brief.price or ""),
        is_day=lambda text: setting.dated and names_day(text, setting.words.language),
        is_name=lambda text: bool(name) and (fold(name) in fold(text) or stands_for(name, text, setting.words)),
        questions=not solemn,
    )


def is_always_said(found: Quote, words: Words) -> bool:
    """Whether a short limit or legal line is about age or safety ("18+", "If bitten ring 000"): every text has it."""
    if found.role not in {"condition", "legal"} or len(found.text) > MAX_ALWAYS or _MONEY.search(found.text):
        return False
    said = words.always.search(found.text)
    # "Bring: photo ID, 18+, cell number" is more
    is_plain = not re.search(r"[,:;]\s", found.text[: said.start()] if said else found.text)
    return (is_plain and said is not None) or bool(_EMERGENCY.search(found.text))


def _with_cases_before(quotes: Sequence[Quote], description: str, words: Words) -> list[Quote]:
    """Facts of which those behind a sentence that names a case ("If the boats stay in, there is no box") lean on it:
    they may say what holds in that case only."""
    written = " ".join(description.split())
    folded = fold(written)

    def is_of_a_case(found: Quote) -> bool:
        at = folded.find(fold(" ".join(found.text.rstrip(".").split())))
        before = _SENTENCE_END.split(written[:at].rstrip(" .!?")) if at > 0 and found.source == "description" else []
        return bool(before) and first_word(before[-1]) in words.weak_start

    return [replace(found, dangling=True) if is_of_a_case(found) else found for found in quotes]


def _with_its_question(fact: BriefFact, brief: CopyBrief) -> str:
    """A fact of a feature with the question that stands before it there: the answer is true of that case only."""
    if fact.source == "features":
        for feature in brief.features:
            before, found, after = feature.strip().partition(fact.text)
            if found and not after.strip(" .") and before.rstrip().endswith("?"):
                return feature.strip()
    return fact.text


def _is_said_longer(found: Quote, quotes: Sequence[Quote]) -> bool:
    """Whether another line begins with the words of one of a few words ("EPC C (73)", "EPC C, freehold")."""
    head = found.text.casefold().split()[:SAID_FIRST]
    return len(found.text.split()) <= FEWEST_LEGAL and any(
        other.role == found.role
        and len(other.text) > len(found.text)
        and other.text.casefold().replace(",", "").split()[:SAID_FIRST] == head
        for other in quotes
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


def _plain_facts(brief: CopyBrief) -> tuple[BriefFact, ...]:
    """The features as facts, for a brief that was stored before the catalog understood its texts."""
    return tuple(
        BriefFact(id=f"f{number}", text=text, role="feature", strength=0.5, source="features")
        for number, text in enumerate(brief.features, 1)
    )


def audience_phrase(text: str, words: Words) -> str:
    """The audience as a plural phrase in lower case; empty where it is none, or one by personal attributes."""
    first = _AUDIENCE_END.split(text.strip(), maxsplit=1)[0].strip()
    if text.strip()[len(first) :].startswith(",") and len(first.split()) > FEW_OF_LIST:
        return ""  # "owners of houses with stuck, rattling windows"
    if not first or len(first) > MAX_AUDIENCE or words.attributes.search(first) or re.search(r"\d", first):
        return ""
    if words.language == "fr" and (
        first_word(first) in words.open_end or first_word(first) in _DETERMINERS or _ELIDED.match(first)
    ):  # the frame has the article
        return ""
    if not words.heads.intersection(first.casefold().split()[:HEAD_WITHIN]):
        return ""
    return first[0].lower() + first[1:] if words.language != "de" else first


def _is_request(found: Quote, words: Words) -> bool:
    """Whether a listed condition only asks something of the customer ("please move furniture first")."""
    is_counted = any(sign.isdigit() for sign in found.text)
    return found.source == "features" and is_demand(found.text, words) and not is_counted


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
        and "=" not in found.text  # a row of a feed
        and not is_shorthand(found.text[:2])
        and (found.source == "price" or not is_amount(found.text))
        and _is_the_price(found, brief)
    ]
    named = [found for found in named if found.source != "price"] or named
    if not [found for found in named if found.source != "price"] and brief.price:
        # "Admission €2" says more than "€2"
        named = [found for found in quotes if _is_short_price(found, brief.price)][:1] or named
    texts = (brief.description, *brief.features)
    for found in named:
        if found.source == "price" and brief.price and not _is_whole_price(brief, quotes, words):
            return "", False
        is_plain = _BARE_DOLLAR.search("\n".join(texts)) is not None
        return _COUNTRY_DOLLAR.sub("$", found.text) if is_plain else found.text, True
    if not brief.price or not _is_whole_price(brief, quotes, words):
        return "", False
    return amount_text(brief.price, brief.currency or "", language), False


def _price_phrase(brief: CopyBrief, quotes: list[Quote], language: str) -> str:
    """The price with the words that belong to it, where a text says it and none limits it: see price_phrase."""
    priced = [
        found for found in quotes if brief.price and found.source != "price" and same_amount(found.text, brief.price)
    ]
    if not brief.price or any(found.limited_by for found in priced):
        return ""
    if any(is_of_one_size(found.text, brief.price, brief.product_name) for found in priced):
        return ""
    written = "\n".join((brief.description, *brief.features))
    phrase = price_phrase((found.text for found in priced), brief.price, language)
    clauses = (priced_clause(found.text, brief.price, words_of(language)) for found in priced if not phrase)
    short = [clause for clause in clauses if 0 < len(clause) <= SHORT_CLAUSE and "=" not in clause]
    phrase = phrase or min(short, key=len, default="")
    if is_amount(phrase) and any(_SIZES.search(found.text) for found in priced):
        return ""
    return "" if _VAT_BESIDE.search(written) and not _VAT_BESIDE.search(phrase) else phrase


def _is_short_price(found: Quote, price: str) -> bool:
    """Whether a line of the description is a few words with the price."""
    text = found.text
    return (
        found.source == "description"
        and found.role in {"condition", "price"}
        and len(text) <= SHORT_LINE
        and not is_amount(text)
        and _MONEY.search(text) is not None
        and same_amount(text, price)
    )


def _is_hedged(text: str, price: str) -> bool:
    """Whether a text says that the price is usual, or about so much."""
    found = next((part for part in _AMOUNT.finditer(text) if same_amount(part[0], price)), None)
    return found is not None and _HEDGE.search(text[max(0, found.start() - HEDGED) : found.start()]) is not None


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
        for sentence in _SENTENCE_END.split(part)
        for text in re.split(r"[()\[\]]", sentence)  # "$52 (that's $2.60 a piece)"
        if text and same_amount(text, brief.price)
    ]
    return not any(
        words.guards.search(text)
        or has_unit(text, brief.price)
        or len(_MONEY.findall(text)) > 1
        or any(same_amount(tier[0], brief.price) for tier in _TIERS.finditer(text))
        or _is_hedged(text, brief.price)
        or is_of_one_size(text, brief.price, brief.product_name)
        for text in near
    )
