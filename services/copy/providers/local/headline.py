"""Lines for a picture: a headline, one line below it, a call to action. A headline stands alone: it quotes a fact."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from services.copy.domain import CopyBrief, Format, Headline, Platform, Variant
from services.copy.providers import content_filters
from services.copy.providers.local.amounts import same_amount
from services.copy.providers.local.arguments import UNFIT, Argument, arguments, names_price
from services.copy.providers.local.engine import polish
from services.copy.providers.local.fitness import BESIDE
from services.copy.providers.local.picture_price import before_price, price_of, with_its_end
from services.copy.providers.local.price_phrase import names_money
from services.copy.providers.local.prices import readable_amounts
from services.copy.providers.local.proof import is_clean
from services.copy.providers.local.quotes import (
    Quote,
    as_line,
    as_sentence,
    content_words,
    fold,
    halves,
    head_before_price,
    names_day,
    shortened,
)
from services.copy.providers.local.request import Order, understand_order
from services.copy.providers.local.supply import named_limits

HEADLINE_CHARACTERS: Final = 48
SUBLINE_CHARACTERS: Final = 90
LIST_CHARACTERS: Final = 66  # of a list of features: more is not read on a picture
CTA_CHARACTERS: Final = 20
MOST_PIECES: Final = 2
SENTENCE_CHARACTERS: Final = 150  # of what is said below the headline where nothing else is
ROUGH: Final = 0.7  # loss from which a fact tells rather than sells, or is a note
NOTICE: Final = 1.0  # loss from which a day is that of a closing or a notice
NEW_WORDS: Final = 2  # of a line below the name, that the name does not say
DATED: Final = frozenset({"event", "place"})  # kinds whose pictures name the day, where there is one
VARIETY: Final = 0.4  # how much chance may turn the order, so that another job gets another headline
NEAR: Final = 1.0  # of the best argument's worth, within which others may take its place
_EMPTY: Final = frozenset({"call", "neutral"})  # lines that say nothing of the product: a picture has a button for them
_LIMITS: Final = frozenset({"condition", "legal"})  # roles of facts that stand in no headline
_TWO_SENTENCES: Final = re.compile(r"[.!?…]\s|。(?!$)")


def write_headline(brief: CopyBrief, seed: str, taken: Collection[str] = ()) -> Headline:
    """The lines for one picture. The line below never repeats the headline; offers of the instructions stand in it.

    taken: headlines that are written only if the brief holds no other, the rarest of them first.
    """
    order = understand_order(replace(brief, platform=Platform.UNIVERSAL, format=Format.HOOK))
    random_ = random.Random(f"{seed}|{brief.product_name}")
    argument, headline = _chosen(order, random_, taken)
    buttons = [label for label in order.buttons if len(label) <= CTA_CHARACTERS]
    return Headline(
        headline=headline,
        subline=_subline(order, argument, headline, price_of(order)),
        cta=buttons[0] if buttons else order.buttons[0][:CTA_CHARACTERS],
    )


def _chosen(order: Order, random_: random.Random, taken: Collection[str]) -> tuple[Argument | None, str]:
    found = []
    again: list[tuple[Argument, str]] = []
    for argument in arguments(
        order.material,
        order.tone,
        limit=HEADLINE_CHARACTERS,
        answer_limit=SUBLINE_CHARACTERS,
        topics=order.topics,
        priced=order.instructions.price,
        place="picture",
    ):
        if not order.instructions.questions and "?" in argument.hook:
            continue
        if not _may_lead(argument, order):
            continue
        found.append((argument.score + order.focus_of(argument.fact), argument))
    for argument in _drawn(found, random_):
        text = as_line(polish(argument.hook, order, title=True)).strip()
        if _may_stand(text, order):
            if text not in taken:
                return argument, text
            again.append((argument, text))
    if again:
        return min(again, key=lambda pair: list(taken).count(pair[1]))
    name = order.material.name
    short = shortened(name, HEADLINE_CHARACTERS, order.material.words)
    return None, short or name[:HEADLINE_CHARACTERS].rsplit(" ", 1)[0]


def _drawn(found: Sequence[tuple[float, Argument]], random_: random.Random) -> list[Argument]:
    """The arguments, the first of them drawn by their worth among those near the best, then the others likewise.

    Noise of Gumbel's distribution makes an argument the first as often as e to its worth has it.
    """
    best = max((worth for worth, _ in found), default=0.0)
    order = []
    for worth, argument in found:
        noise = -math.log(-math.log(random_.uniform(1e-9, 1 - 1e-9)))
        order.append((worth >= best - NEAR, worth + VARIETY * noise, argument))
    return [argument for *_, argument in sorted(order, key=lambda each: (not each[0], -each[1]))]


def _may_lead(argument: Argument, order: Order) -> bool:
    """Whether an argument may be the headline: not on what limits an offer, not on two facts that do not say what of,
    and not on what the picture says anyway: its sender, and the price, which has a line of its own. The customer's own
    focus always may."""
    found, material = argument.fact, order.material
    if argument.angle in _EMPTY:
        return False
    if argument.angle == "focus":
        return True
    if material.amount and same_amount(argument.hook, material.amount) and price_of(order):
        return False
    if material.brand and argument.angle == "name" and fold(argument.hook).startswith(fold(material.brand)):
        return fold(argument.hook) == fold(material.what)
    if found is None or order.focus_of(found) > 0:
        return True
    is_day = found.role == "logistics" and names_day(found.text, material.words.language)
    if found.role in _LIMITS or found.late or found.loss >= ROUGH or (is_day and material.kind != "event"):
        return False
    if not (argument.says_what or argument.goes_on) and _TWO_SENTENCES.search(argument.hook):
        return False
    return argument.lead is not found or _fits_below(found, order)


def _fits_below(found: Quote, order: Order) -> bool:
    """Whether all that limits a price or offer fits into the line below it."""
    return len(_limits_line(found, order)) <= SUBLINE_CHARACTERS


def _limits_line(found: Quote, order: Order) -> str:
    """What limits a price or offer, as one line; empty for a fact without limits."""
    return " ".join(limit.sentence for limit in named_limits(found, order.material))


def _is_fit(found: Quote, order: Order) -> bool:
    """Whether a fact is a reason to buy that stands alone."""
    material = order.material
    if found.loss >= UNFIT or found.late or found.role in _LIMITS:
        return False
    return material.kind == "event" or not names_day(found.text, material.words.language)


def _may_stand(text: str, order: Order, *, below: bool = False) -> bool:
    """Whether the filters of copy let a line pass: length, banned words, claims. below: it stands below a headline."""
    material = order.material
    if not is_clean(readable_amounts(text, material.language), material.language, material.own_names):
        return False
    line = Variant(angle="line", hook=text, body="-", cta="-", hashtags=())
    reading = order.brief
    if below:  # there is room for a sentence
        form = Format.SHORT if len(text) <= SUBLINE_CHARACTERS else Format.LONG
        line, reading = replace(line, hook="-", body=text), replace(reading, format=form)
    return content_filters.rejection_reason(line, reading, order.rules) is None


def _subline(order: Order, argument: Argument | None, headline: str, price: str) -> str:
    """The answer to the headline, offers, what a picture of this kind must say, or facts that the headline does not
    hold."""
    material = order.material
    offers = " ".join(order.offers)
    if offers and len(offers) <= SUBLINE_CHARACTERS:
        return offers
    if argument is not None and argument.lead is not None and (limits := _limits_line(argument.lead, order)):
        return polish(limits, order)
    if argument is not None and argument.answer is not None and not _limits_line(argument.answer, order):
        answer = argument.answer.within(SUBLINE_CHARACTERS - 1, material.words)
        if answer and _may_stand(answer, order, below=True):
            return polish(as_sentence(answer), order)
    if argument is not None and argument.rest and _may_stand(as_line(argument.rest), order, below=True):
        rest = argument.rest
        if len(rest) < SENTENCE_CHARACTERS and not (order.instructions.price is False and names_money(rest)):
            return polish(as_sentence(rest[:1].upper() + rest[1:]), order)
    needed = _needed(order, headline, price)
    if needed and (len(needed) > LIST_CHARACTERS or material.kind not in DATED):
        return polish(as_sentence(needed), order)
    # what is said before a price, and weaker facts, stand below a headline only where the brief holds no other
    fit = [found for found in material.quotes if _is_fit(found, order)]
    heads = [replace(found, text=head) for found in material.quotes if (head := _before_price(found, order))]
    weaker = [found for found in material.quotes if found.loss < BESIDE and not found.late and found not in fit]
    first = [needed] if needed else []
    for quotes in (fit, heads, weaker):
        pieces = _pieces(quotes, order, argument, headline, first)
        if len(pieces) == 1:
            return polish(as_sentence(pieces[0]), order)
        if pieces:
            return polish(" · ".join(pieces), order)
    return _sentence(order, argument, headline)


def _sentence(order: Order, argument: Argument | None, headline: str) -> str:
    """The sentence that says what is offered, where nothing shorter does."""
    material = order.material
    said = content_words(headline, material.words)
    for found in (material.opening, *material.quotes):
        if found is None or found.dangling or found.late or found.role in _LIMITS or not found.is_prose:
            continue
        if named_limits(found, material):
            continue
        if (argument is not None and found is argument.lead) or len(found.text) >= SENTENCE_CHARACTERS:
            continue
        if order.instructions.price is False and names_money(found.text):
            continue
        is_new = len(content_words(found.text, material.words) - said) >= NEW_WORDS
        if is_new and _may_stand(found.text, order, below=True):
            return polish(as_sentence(found.text), order)
    return ""


def _before_price(found: Quote, order: Order) -> str | None:
    """What a line with the price says before it."""
    material = order.material
    if found.late or found.role in _LIMITS or named_limits(found, material):
        return None
    said = before_price(found.text, material.amount, material.words) if material.amount else ""
    if said or not names_money(found.text):
        return said or None
    return head_before_price(found.text, SUBLINE_CHARACTERS - 1, material.words)


def _needed(order: Order, headline: str, price: str) -> str:
    """What must stand below the headline, empty if nothing: the day of what has one, the pay of work, what a gift of
    money does, or a price that cannot stand by itself, with all that limits it."""
    material = order.material
    said = content_words(headline, material.words)
    found: list[str] = []
    if material.kind in DATED:
        tail = material.full_name.removeprefix(material.what).strip(" ,:;–—|-()")
        days = [tail, *(quote.text for quote in material.quotes), *(quote.text for quote in material.spare)]
        late = {quote.text for quote in (*material.quotes, *material.spare) if quote.loss >= NOTICE}
        days = [text for text in days if material.kind == "event" or text not in late]
        found = [text for text in days if names_day(text, material.words.language)]
    elif material.kind in {"job", "cause"}:
        found = [
            quote.text
            for quote in material.quotes
            if names_money(quote.text)
            and quote.loss < UNFIT
            and not (quote.late or quote.dangling)
            and not named_limits(quote, material)
        ]
    elif not price and order.instructions.price is not False:
        prices = [quote for quote in material.quotes if quote.source != "price" and not quote.late]
        prices = [quote for quote in prices if names_price(quote, material, strict=bool(material.amount))]
        found = [
            " ".join(filter(None, (with_its_end(quote.text, material.written), _limits_line(quote, order))))
            for quote in prices
        ]
    for text in sorted(found, key=len) if material.kind in DATED else found:
        line = _without_beginning(as_line(text), headline)
        if (
            0 < len(line) < SUBLINE_CHARACTERS
            and not content_words(text, material.words) <= said
            and _may_stand(line, order, below=True)
        ):
            return line
    return ""


def _without_beginning(line: str, headline: str) -> str:
    """A line without its beginning where that is the headline; empty where nothing remains."""
    if not line.casefold().startswith(headline.casefold()):
        return line
    rest = line[len(headline) :].strip(" ,;:–—-·")
    return rest[:1].upper() + rest[1:]


def _first_half(found: Quote, limit: int, order: Order) -> str | None:
    """The beginning of a sentence that is too long, where it can be divided."""
    words = order.material.words
    if found.role in _LIMITS or not found.is_prose:
        return None
    whole = ((head, rest) for head, rest in halves(found.text, limit, words) if not words.guards.search(rest))
    heads = (head for head, _ in whole if not names_money(head))
    return next((head for head in heads if found.role not in {"price", "offer"}), None)


def _pieces(quotes: list[Quote], order: Order, argument: Argument | None, headline: str, first: list[str]) -> list[str]:
    """`first`, and facts up to two pieces that share no word with the headline or with each other."""
    material = order.material
    pieces = list(first)
    is_name = argument is None or argument.angle == "name"
    said = content_words(" ".join((*(() if is_name else (headline,)), *first)), material.words)
    known = content_words(headline, material.words)
    for found in quotes:
        if found.dangling or (argument is not None and found is argument.lead) or found.words & said:
            continue
        if named_limits(found, material):
            continue  # a piece has no room for what limits it
        if is_name and len(content_words(found.text, material.words) - known) < NEW_WORDS:
            continue
        # the picture shows the price by itself
        if found.source == "price" or (order.instructions.price is False and names_price(found, material)):
            continue
        limit = LIST_CHARACTERS if pieces else SUBLINE_CHARACTERS - 1
        text = found.within(limit, material.words) or _first_half(found, limit, order)
        if text is None or len(" · ".join([*pieces, text])) > limit or not _may_stand(text, order, below=True):
            continue
        if names_money(text) and not order.material.says_the_name(text):
            continue  # a price stands in its own line
        pieces.append(as_line(text))
        said |= found.words
        if len(pieces) == MOST_PIECES:
            break
    return pieces
