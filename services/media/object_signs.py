"""What speaks for and against each drawing that might stand for a product, as numbers between 0 and 1.

Candidates are the drawings of the product's trade and those of all things that its texts name. Signs say where the noun
stands and what is known of the product; services.media.object_model weighs them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.media.noun_phrases import Role, Word, counts, opening, phrases_of, role_of, words_of
from services.media.objects import LANGUAGES, Mention, Thing, objects

MARKUP: Final = re.compile(r"<[^<>]{1,200}>")
LISTED: Final = 3  # parts of a name, from which one of a single noun belongs to a list
SHORT: Final = 25  # words of a description that hardly describes
OFTEN: Final = 3  # mentions in a description that are many
CROWDED: Final = 8  # things that texts name, from which each says little
KINDS: Final = ("good", "food", "property", "service", "event", "place", "job", "cause", "financial", "software")
PLACES: Final = ("head", "modifier", "complement", "purpose")  # in the order of Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is advertised. The fields but name, brand and description are those of adwright.catalog.v1.Understanding;
    empty: not known."""

    name: str
    description: str
    brand: str
    subject: str
    trade: str
    sector: str
    kind: str
    confidence: str
    language: str


@dataclass(slots=True)
class _Seen:
    """How texts name one thing."""

    thing: Thing | None = None
    name: dict[str, float] = field(default_factory=dict)
    role: Role | None = None
    subject: Role | None = None
    opened: Role | None = None
    said: int = 0
    first: int = -1
    plain: int = 0  # mentions in small letters
    brand: bool = False


def signs_of(product: Product, of_trade: Sequence[str]) -> dict[str, dict[str, float]]:
    """Returns the signs of each candidate, by its drawing; those that are 0 are left out.

    of_trade: the drawings of the product's trade, the best first.
    """
    seen = {
        drawing: one
        for drawing, one in _seen(product, of_trade).items()
        if drawing in of_trade or (one.thing is not None and _may_mean(one.thing, one.role, product))
    }
    for drawing in of_trade:
        seen.setdefault(drawing, _Seen(objects().things.get(drawing)))
    heads = sum(one.role is Role.HEAD for one in seen.values())
    named = sum(one.role is not None for one in seen.values())
    said = sum(one.said > 0 for one in seen.values())
    is_short = len(words_of(product.description)) <= SHORT
    most = max((one.said for one in seen.values()), default=0)
    return {
        drawing: {
            sign: float(value)
            for sign, value in _signs(
                product,
                drawing,
                one,
                of_trade,
                other_heads=heads - (one.role is Role.HEAD),
                others=named - (one.role is not None),
                said=said,
                is_short=is_short,
                most=most,
            )
            if value
        }
        for drawing, one in seen.items()
    }


def _may_mean(thing: Thing, role: Role | None, product: Product) -> bool:
    """Whether a product's words may be about a thing at all.

    "The Seagull" is a play; a noun of two meanings is the thing in the sectors that its entry lists only.
    """
    if product.trade in objects().titled or (thing.heads_only and role not in (None, Role.HEAD)):
        return False
    return not (product.sector and thing.strict and product.sector not in thing.sectors)


def _signs(
    product: Product,
    drawing: str,
    one: _Seen,
    of_trade: Sequence[str],
    *,
    other_heads: int,
    others: int,
    said: int,
    is_short: bool,
    most: int,
) -> Iterator[tuple[str, float]]:
    thing, kind = one.thing, product.kind or "unknown"
    place = PLACES[one.role] if one.role is not None else "absent"
    about = "goods" if kind in ("good", "food") else "done" if kind in ("service", "event") else kind
    yield from one.name.items()
    yield f"name {place}", 1
    yield f"name {place}, {about}", 1
    if one.subject is not None:
        yield f"subject {PLACES[one.subject]}", 1
    elif product.subject:
        yield "subject without it", 1
    if one.opened is not None:
        yield f"opening {PLACES[one.opened]}", 1
        yield f"opening {PLACES[one.opened]}, {about}", 1
    yield "said", min(one.said, OFTEN) / OFTEN
    yield "said again", one.said > 1
    yield f"said, name {place}", one.said > 0
    yield "unsaid in a long text", not one.said and not is_short
    yield "said in capitals only", one.said > 0 and not one.plain and product.language[:2] != "de"
    yield "brand", one.brand
    yield "brand, said", one.brand and one.plain > 0
    yield "brand, not in the name", one.brand and one.role is None
    yield "brand only", one.brand and one.role is None and not one.said
    yield "most said", one.said == most > 1
    yield "first said", 1 - min(one.first, CROWDED) / CROWDED if one.first >= 0 else 0
    yield "other heads", min(other_heads, 2) / 2
    yield "others in the name", min(others, 2) / 2
    yield "crowd", min(said, CROWDED) / CROWDED
    yield "short", is_short
    yield f"kind {kind}", 1
    # the trade
    rank = of_trade.index(drawing) if drawing in of_trade else -1
    sure = product.confidence == "sure"
    if rank >= 0:
        yield "of trade", 1
        yield "first of trade", rank == 0
        yield "of sure trade", sure
        yield "of trade, with a subject", bool(product.subject)
        yield f"of trade, name {place}", 1
        yield "of trade, said", one.said > 0
        yield "only of trade", len(of_trade) == 1
        yield f"of trade, {about}", 1
        yield "of trade, subject aside", _is_aside(product)
        yield "of trade, other named", others > 0
    elif of_trade:
        yield "not of trade", 1
        yield "not of sure trade", sure
        yield f"not of trade, name {place}", 1
    elif product.trade:
        yield "trade without drawings", 1
        yield f"trade without drawings, name {place}", 1
    else:
        yield "no trade", 1
        yield f"no trade, name {place}", 1
    if thing is None:
        yield "no thing", 1
        return
    # the sector
    if rank >= 0:
        where = "own trade"
    elif not product.sector:
        where = "no sector"
    elif product.sector in thing.sectors:
        where = "in sector"
    elif product.sector in objects().open_sectors and not thing.strict:
        where = "open sector"
    else:
        where = "off sector"
    yield where, 1
    yield f"{where}, name {place}", 1
    yield f"{where}, {about}", 1
    yield f"{where}, opening", one.opened is Role.HEAD
    yield f"{where}, said", one.said > 0
    # the thing
    for name, value in (
        ("general", thing.general),
        ("heads only", thing.heads_only),
        ("uncertain", not thing.certain),
        ("serves", thing.serves),
        ("edible", thing.edible),
        ("strict", thing.strict),
    ):
        if value:
            yield name, 1
            yield f"{name}, name {place}", 1
            yield f"{name}, {about}", 1
    yield f"group {thing.group}", 1


def _is_aside(product: Product) -> bool:
    """Whether the words that the trade was known by stand in the name after what it is: "flat above a chip shop"."""
    language = product.language.split("-")[0].lower()
    if language not in LANGUAGES or not product.subject:
        return False
    words = words_of(product.name)
    texts, subject = [word.text for word in words], [word.text for word in words_of(product.subject)]
    for start in range(1, len(texts) - len(subject) + 1):
        if texts[start : start + len(subject)] == subject:
            return any(text in phrases_of(language).breaks - phrases_of(language).of for text in texts[:start])
    return False


def _seen(product: Product, of_trade: Sequence[str]) -> dict[str, _Seen]:
    language = product.language.split("-")[0].lower()
    seen: dict[str, _Seen] = {}
    if language not in LANGUAGES:
        return seen

    def of(thing: Thing) -> _Seen:
        return seen.setdefault(thing.drawing, _Seen(thing))

    brand = words_of(product.brand)
    branded = {word.text for word in brand}
    for mention, role, signs in _in_name(words_of(MARKUP.sub("\n", product.name)), language, branded, of_trade):
        one = of(mention.thing)
        if one.role is None or role < one.role:
            one.role, one.name = role, signs
    for mention, role, _ in _in_name(words_of(MARKUP.sub("\n", product.subject)), language, branded, of_trade):
        one = of(mention.thing)
        one.subject = role if one.subject is None else min(one.subject, role)
    for phrase in opening(product.description, language):
        for mention, role, _ in _in_name(phrase, language, branded, of_trade):
            one = of(mention.thing)
            one.opened = role if one.opened is None else min(one.opened, role)
    for mention in objects().mentions(brand, language):
        of(mention.thing).brand = True
    words = words_of(MARKUP.sub("\n", product.description))
    for order, mention in enumerate(objects().mentions(words, language)):
        one = of(mention.thing)
        if one.first < 0:
            one.first = order
        one.said += 1
        one.plain += words[mention.first].pause or not words[mention.first].capital
    return seen


def _in_name(
    words: Sequence[Word], language: str, branded: Collection[str], confirmed: Collection[str]
) -> Iterator[tuple[Mention, Role, dict[str, float]]]:
    """Yields the things of a name or phrase with their role in it and further signs."""
    parts: list[list[Word]] = []
    for word in words:
        if word.pause or not parts:
            parts.append([])
        parts[-1].append(word)
    for number, part in enumerate(parts):
        for mention in objects().mentions(part, language):
            role = role_of(part, mention.first, mention.last, language, objects().portions)
            before = part[mention.first - 1].text if mention.first else ""
            own = {word.text for word in part[mention.first : mention.last + 1]}
            size = mention.last - mention.first + 1
            alone = size == len(part) and not mention.thing.edible
            if alone and len(parts) >= LISTED and mention.thing.drawing not in confirmed:
                continue  # one of a list of occasions or groups: "Stag / hen / birthday packages"
            if role is Role.MODIFIER and before in counts(language):
                continue  # a measure of another thing: "three-bed house", "2 horse trailer"
            linked = [word.text for word in part[: mention.first] if word.text in phrases_of(language).breaks]
            yield (
                mention,
                Role.MODIFIER if mention.joined and role is Role.HEAD else role,
                {
                    "name whole": float(size == len(part) == len(words)),
                    "name whole part": float(size == len(part) < len(words)),
                    "name listed": float(size == len(part) and len(parts) >= LISTED),
                    "name joined": float(mention.joined),
                    "name later": float(number > 0),
                    "name branded": float(not own.isdisjoint(branded)),
                    "name in capitals": float(language != "de" and mention.first > 0 and part[mention.first].capital),
                    "name of": float(bool(linked) and linked[-1] in phrases_of(language).of),
                    "name elsewhere": float(bool(linked) and linked[-1] not in phrases_of(language).of),
                    "name beside": float(role is Role.MODIFIER and mention.last + 2 == len(part)),
                },
            )
