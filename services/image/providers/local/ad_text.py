"""The words on the picture: who says what, and where each text came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from services.chassis.amounts import amounts_in
from services.image.domain import ImageBrief, Rating
from services.image.known_price import UNPRICED
from services.image.occasion import without_occasion
from services.image.providers.local.prices import AMOUNT, price_parts, price_text
from services.media.bidi import has_right_to_left, is_right_to_left
from services.media.hyphenation import SOFT_HYPHEN
from services.media.text_shaping import unsupported_characters
from services.media.writing_systems import clean_text, is_language_right_to_left, languages_of

ROLES: Final = {"headline": "headline", "subline": "subline", "cta": "call_to_action", "badge": "badge"}  # by field
MOST_STARS: Final = 5
SUBLINE_LIMIT: Final = 110  # characters; more is not read in an ad
DEFAULT_CALLS: Final = ("", "en")  # languages in which the button may say "Learn more" when nobody wrote it
LONG_NAME: Final = 36  # characters of a name that stands on one line above the headline
SHORTEST_NAME: Final = 4
FEWEST_TELLING: Final = 2  # words of a part of a name that says what is offered
BRACKETS: Final = re.compile(r"\([^()]{8,}\)|\[[^\[\]]{8,}\]|【[^【】]*】|（[^（）]{5,}）")  # "(m/w/d)" stays
MARKS: Final = re.compile(r"\*|!!|\|")  # of listings and of notes to oneself
SEPARATOR: Final = re.compile(r"\s+[-–—+/]+\s+|\s*[|*;:•·]+\s*|!!+|,\s+|、")
SEPARATORS: Final = " -–—|*,;:•·+/"
RAW: Final = re.compile(r"[<>{}|@#*]|&\w+;|https?:")  # signs of markup, lists and notes in a description
# Likewise in a line that is to be printed: shouts, doubts, drawn-out words, surcharges as notes; and words of chats.
REMARK: Final = re.compile(
    r"[<>{}|#*=]|&\w+;|https?:|[!?]{2,}|\w_\w|([^\W\d_])\1{2,}|\+\s?[€£$¥]|(?<!\w)(?:tbd|tbc)(?!\w)", re.IGNORECASE
)
CHAT: Final = re.compile(
    r"(?<![\w&'’])(?:ur|u|diff|pls|plz|thx|lol|hehe|haha|pics?|txt\w*|b4|gr8|upto)(?![\w&])", re.IGNORECASE
)  # of English
NOTHING: Final = re.compile(r"\W*(?:null|none|nil|nan|n/?a|undefined|unknown|tbd|tbc)?\W*", re.IGNORECASE)  # a feed's
FORMER_NAME: Final = re.compile(r"\s*[(\[][^()\[\]]{6,}[)\]]\s*$")  # "(trading as …)" behind a brand
LISTING: Final = 72  # characters of a name from which it is a row of search words
MEASURE: Final = re.compile(r"\s*[(\[][^()\[\]]*\d[^()\[\]]*[)\]]")  # "(60 min)", which no name needs
MEASURED_WORD: Final = re.compile(r"(?<!\S)\d\S*")
CODE: Final = re.compile(r"^(?=\S*\d)[\w./-]+$")  # "KT-45DZ": says not what is sold
# "KT-45DZ: 45 litres" without its beginning.
CODE_FIRST: Final = re.compile(r"^(?=[^\s:]*\d)(?=[^\s:]*[^\W\d_])(?=[^\s:]*[-_/])[\w./-]+:\s+(?=\S)")
LONGEST_NAME: Final = 60  # characters of a name, from which its measures and what stands behind them go
MOST_BEFORE_PRICE: Final = 5  # words before the amount of a line that is set as a price
LONGEST_PRICE: Final = 64  # characters of a line that is set as a price
BEFORE_STOP: Final = re.compile(r"[.!?;]\s|\s[-–—·]\s")  # between sentences
AMOUNT_AT_END: Final = re.compile(rf"[,;:–—-]?\s*(?:(?<!\w)[^\W\d_]{{2,5}}\.?\s)?{AMOUNT.pattern}$")
CLAUSE: Final = re.compile(r"[,;]\s+")
BROKEN_PRICE: Final = re.compile(r"[€£$¥]|\d{2,}[.,]\d\d\b")  # a further amount behind the first
SPACED_STOP: Final = re.compile(r"(?<=\w)\s+(?=[.,](?:\s|$))")  # left where a sign that no face has was taken out
SOFT_WORD: Final = re.compile(rf"\w+(?:{SOFT_HYPHEN}\w+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Each text of the picture; "" leaves it out. `quoted` names those set verbatim from the prompt or the request.

    occasion: the days on which it takes place. old_price: what was paid before. badge: of a sticker. rating: of the
    trust line, beside stars if stars is not None, which is its share of the best rating. benefits: the items of a list;
    icons: the name of each one's icon, () for ticks. further: facts for a list where the layout has room for
    one, of which the first `joined` are those of the sub-line. figure_leads: whether the headline is the price or the
    rating. language: BCP 47 code of the texts, "" where it is not known. soft: words that came with soft hyphens, by
    the word without them in lower case.
    """

    brand: str
    eyebrow: str
    headline: str
    subline: str
    price: str
    call_to_action: str
    product_name: str
    occasion: str = ""
    quoted: tuple[str, ...] = ()
    old_price: str = ""
    badge: str = ""
    rating: str = ""
    stars: float | None = None
    benefits: tuple[str, ...] = ()
    icons: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    joined: int = 0
    figure_leads: bool = False
    language: str = ""
    soft: Mapping[str, str] = field(default_factory=dict)

    @property
    def right_to_left(self) -> bool:
        """Whether the ad is read from the right: by its language, where that is known and its letters are there; else
        by the first text that has letters."""
        texts = (self.headline, self.subline, self.call_to_action, self.product_name, *self.benefits)
        if self.language and is_language_right_to_left(self.language):
            return any(map(has_right_to_left, texts))
        spoken = next((text for text in texts if any(map(str.isalpha, text))), "")
        return is_right_to_left(spoken)


def wording(brief: ImageBrief, quoted: dict[str, str]) -> Wording:
    """The brief's words; `quoted` (role to text) comes from the prompt and goes before everything."""
    name = clean_text(brief.product_name)
    brand = clean_text(brief.brand_name)
    brand = FORMER_NAME.sub("", brand) or brand
    occasion = clean_text(brief.occasion)
    headline = clean_text(brief.headline) or name or brand
    if "headline" not in brief.given:
        said = CODE_FIRST.sub("", headline)
        headline = said if said == headline else said[:1].upper() + said[1:]
        headline = without_occasion(headline, occasion)
        if occasion and occasion.casefold() in headline.casefold():  # in its middle; it has a line of its own
            headline = without_occasion(short_name(name), occasion)
    subline = SPACED_STOP.sub("", clean_text(brief.subline) or _plain_subline(brief))
    if "subline" not in brief.given and occasion and says(f"{occasion} {headline}", subline):
        subline = ""
    if subline.casefold().strip(".!") == headline.casefold().strip(".!"):
        subline = ""
    language = brief.subject.language or next(iter(languages_of(f"{headline} {name}")), "")
    if "headline" not in brief.given and name and _is_chat(headline, language):
        headline = without_occasion(short_name(name, brief.subject.subject), occasion)
    if "subline" not in brief.given and is_noted(subline, language):
        subline = ""
    call = clean_text(brief.call_to_action) or ("Learn more" if language[:2] in DEFAULT_CALLS else "")
    free = _is_nothing(brief.price)  # what costs nothing is said to be free in words, which copy writes
    price = "" if free else price_text(brief.price, brief.currency, language, beside=brief.old_price)
    saved_from = brief.old_price if price and _saving(brief.price, brief.old_price) else ""
    made = Wording(
        brand=brand,
        eyebrow="",
        headline=headline,
        subline=subline,
        price=price if saved_from or free else price_text(brief.price, brief.currency, language),
        call_to_action=call,
        product_name=name,
        occasion="" if occasion.casefold() in headline.casefold() else occasion,
        old_price=price_text(saved_from, brief.currency, language, beside=brief.price),
        badge=clean_text(brief.badge) or discount_text(brief.price, brief.old_price),
        rating=rating_text(brief.rating, brief.subject.language) if brief.rating else "",
        stars=float(brief.rating.value) / brief.rating.best if brief.rating and brief.rating.value else None,
        benefits=tuple(text for text in map(clean_text, brief.benefits) if not is_noted(text, language)),
        quoted=tuple(ROLES[name] for name in sorted(brief.given)),
        language=language,
        soft=_soft_words(brief, quoted),
    )
    quoted = {role: text for role, text in quoted.items() if role not in made.quoted}  # fields go before the prompt
    if quoted:
        made = _with_quoted(made, {role: clean_text(text) for role, text in quoted.items()})
    eyebrow = eyebrow_of(made, brief.subject.subject)
    made = replace(made, eyebrow="" if is_noted(eyebrow, language) else eyebrow)
    if made.brand.casefold() == made.headline.casefold():
        made = replace(made, brand="")  # printed once
    return made


def eyebrow_of(words: Wording, subject: str = "") -> str:
    """Returns what stands above the headline: the product's name, or what it says besides headline and brand; "" where
    they say it all. subject: the customer's words for what is sold."""
    name = without_occasion(words.product_name, words.occasion)
    printed = without_occasion(short_name(name, subject), words.occasion)
    if not name:
        return ""
    if not says(f"{words.headline} {words.brand}", printed):
        return _rest(printed, words)
    further = name.partition(printed)[2]
    if not says(words.brand, printed) or not further:
        return ""
    # "Camp Lanternwood, a free weekend for children": the sender's name says not what it is
    part = next((part.strip(SEPARATORS) for part in SEPARATOR.split(further) if part.strip(SEPARATORS)), "")
    tells = len(re.findall(r"[^\W\d_]{3,}", part)) >= FEWEST_TELLING and not says(words.headline, part)
    return part[:1].upper() + part[1:] if tells else ""


def _is_nothing(price: str | None) -> bool:
    """Whether a price is an amount of zero: "0", "$0"."""
    digits = re.sub(r"\D", "", price or "")
    return bool(digits) and not digits.strip("0") and len(re.findall(r"[^\W\d_]{4,}", price or "")) == 0


def _rest(name: str, words: Wording) -> str:
    """The name, or what it says besides the headline; "" where that stands below the headline."""
    head = words.headline.casefold()
    if not name.casefold().startswith(head):
        return name
    rest = name[len(head) :].strip(f"{SEPARATORS}()")
    return rest if len(rest) >= SHORTEST_NAME and rest.casefold() not in words.subline.casefold() else ""


def says(text: str, name: str) -> bool:
    """Returns whether a text holds all but one in four of a name's words, so that the name beside it would repeat
    them."""
    words = re.findall(r"\w+", name.casefold())
    said = set(re.findall(r"\w+", text.casefold()))
    known = sum(word in said for word in words)
    return name.casefold() in text.casefold() or (len(words) > 1 and known >= len(words) * 0.75)


def without_repeated_price(words: Wording) -> Wording:
    """The words with each amount once: without a price that the headline says with all its terms, or whose amount the
    headline or the sub-line says; but a price with terms takes the place of the amount at a headline's end, and
    clauses that limit it stay where the headline cannot do without it. An old price keeps the price beside it."""
    amounts = _money(words.price)
    if not words.price or words.old_price or not amounts:
        return words
    if not amounts <= _money(f"{words.headline} {words.subline}"):
        return words
    known = set(re.findall(r"\w+", f"{words.headline} {words.subline}".casefold()))
    if set(re.findall(r"\w+", words.price.casefold())) <= known:
        return replace(words, price="")
    end = AMOUNT_AT_END.search(words.headline)
    kept = words.headline[: end.start()].rstrip(" ,;:–—-") if end and "headline" not in words.quoted else ""
    if amounts <= _money(words.headline) and len(kept.split()) >= FEWEST_TELLING:
        return replace(words, headline=kept)
    left = [clause for clause in CLAUSE.split(words.price) if not _money(clause)]
    left = [clause for clause in left if not set(re.findall(r"\w+", clause.casefold())) <= known]
    terms = ", ".join(left) if amounts <= _money(words.headline) else ""
    return replace(words, price=terms[:1].upper() + terms[1:])


def _money(text: str) -> frozenset[Decimal]:
    """The values of a text's amounts of money."""
    return frozenset(found.values[0] for found in amounts_in(text) if found.is_money)


def with_price_of_line(words: Wording, kind: str) -> Wording:
    """The words with a sub-line that says what a thing costs as their price, which is set larger: "Half a dozen £2".
    kind: of what is advertised; amounts beside a job or a cause may be anyone's."""
    line = words.subline.strip()
    if kind in UNPRICED or words.price or "subline" in words.quoted or len(line) > LONGEST_PRICE or words.figure_leads:
        return words
    parts = price_parts(line)
    if parts is None or BEFORE_STOP.search(line) or BROKEN_PRICE.search(parts[2]):
        return words
    if len(parts[0].split()) > MOST_BEFORE_PRICE:  # a sentence about something else, which also costs
        return words
    return replace(words, price=line.rstrip("."), subline="")


def short_name(name: str, subject: str = "") -> str:
    """Returns what a name says first: without brackets of more than a word or with a measure, and of a long one the
    part ahead of the first dash, bar, asterisk or comma, that is no code; or the one that says `subject`."""
    kept = " ".join(BRACKETS.sub(" ", MEASURE.sub(" ", name)).split()).strip(SEPARATORS)
    if len(kept) > LONG_NAME or MARKS.search(kept):
        parts = [part.strip(SEPARATORS) for part in SEPARATOR.split(kept)]
        if subject and CODE.match(parts[0]):
            parts = [subject[:1].upper() + subject[1:], *parts]
        parts = [part for part in parts if not CODE.match(part)] or parts
        kept = next((part for part in parts if len(part) >= SHORTEST_NAME and any(map(str.isalpha, part))), kept)
    if subject and (len(kept) > LISTING or REMARK.search(kept)):
        kept = subject[:1].upper() + subject[1:]
    elif len(kept) > LONGEST_NAME:  # a row of search words: "Tarpaulin Heavy Duty 4m x 6m Green Waterproof Cover Sheet"
        first = kept[: found.start()].strip(SEPARATORS) if (found := MEASURED_WORD.search(kept)) else ""
        kept = first if len(first.split()) >= FEWEST_TELLING else kept
    return kept or name


def is_noted(text: str, language: str) -> bool:
    """Returns whether a line is a note, a chat or a feed's placeholder, or empty: nothing that an ad would print."""
    return _is_chat(text, language) or NOTHING.fullmatch(text) is not None or REMARK.search(text) is not None


def _is_chat(text: str, language: str) -> bool:
    return language[:2] in DEFAULT_CALLS and CHAT.search(text) is not None


def _with_quoted(words: Wording, quoted: dict[str, str]) -> Wording:
    return replace(
        words,
        headline=quoted.get("headline", words.headline),
        subline=quoted.get("subline", words.subline),
        call_to_action=quoted.get("call_to_action", words.call_to_action),
        badge=quoted.get("badge", words.badge),
        quoted=(*words.quoted, *quoted),
    )


def reworded(words: Wording, texts: Iterable[tuple[str, str]]) -> Wording:
    """The words with other texts, each with the name of its element; an element that is missing stays missing."""
    fields = {**ROLES, "price": "price", "old_price": "old_price"}
    changed = {fields[element]: clean_text(text) for element, text in texts}
    return replace(words, **{name: text for name, text in changed.items() if getattr(words, name)})  # type: ignore[arg-type]


def discount_text(price: str | None, old_price: str | None) -> str:
    """ "45.00", "60" -> "−25%": the discount in whole per cent, rounded down; "" without one, or for less than 1 %."""
    share = int(100 * _saving(price, old_price))
    return f"−{share}%" if 1 <= share < 100 else ""


def _saving(price: str | None, old_price: str | None) -> Decimal:
    """The share of the old price that is saved; 0 where it is not higher, or one of both is no number."""
    try:
        now, before = Decimal(price or ""), Decimal(old_price or "")
    except InvalidOperation:
        return Decimal(0)
    return (before - now) / before if before > now >= 0 else Decimal(0)


def rating_text(rating: Rating, language: str) -> str:
    """A line in any language: "4.8 · Trustpilot (2,310)", or the award."""
    if not rating.value:
        return clean_text(rating.award)
    count = f"{rating.count:,}" if language in ("", "en") else f"{rating.count:,}".replace(",", "\u00a0")
    value = rating.value if rating.best == MOST_STARS else f"{rating.value}/{rating.best}"
    source = clean_text(rating.source)
    text = f"{value} · {source}" if source else value
    return f"{text} ({count})" if rating.count else text


def cleaned(brief: ImageBrief) -> ImageBrief:
    """The brief with its names as they are printed, for alternative text and metadata."""
    return replace(brief, product_name=clean_text(brief.product_name), brand_name=clean_text(brief.brand_name))


def _soft_words(brief: ImageBrief, quoted: dict[str, str]) -> dict[str, str]:
    texts = (brief.product_name, brief.brand_name, brief.headline, brief.subline, brief.description, *quoted.values())
    found = (word for text in texts for word in SOFT_WORD.findall(text))
    return {word.replace(SOFT_HYPHEN, "").casefold(): word for word in found}


def _plain_subline(brief: ImageBrief) -> str:
    """What stands below a headline without a sub-line: the first fact that it does not say; where nobody wrote a
    headline, what the description begins with. Where one was written, the description may be a note to colleagues."""
    if brief.headline:
        language = brief.subject.language
        facts = [clean_text(fact) for fact in brief.benefits if not unsupported_characters(fact, language)]
        return next((fact for fact in facts if len(fact) <= SUBLINE_LIMIT and not says(brief.headline, fact)), "")
    if RAW.search(brief.description):
        return ""
    sentences = re.split(r"(?<=[.!?])\s+", clean_text(brief.description))
    first = sentences[0] if sentences else ""
    if first and len(first) <= SUBLINE_LIMIT:
        return first
    if first:
        clause = re.split(r"\s[–—-]\s|[;:,]\s", first)[0]
        if 12 <= len(clause) <= SUBLINE_LIMIT:
            return clause.rstrip(".,;:") + "."
    features = [clean_text(feature).rstrip(".") for feature in brief.features[:3] if feature.strip()]
    while features and len(" · ".join(features)) > SUBLINE_LIMIT:
        features.pop()
    return " · ".join(features)
