"""Which thing the customer's own words name, where a drawing of it may stand for what is advertised.

A noun counts by its place: what a name says it is ("wool socks") goes before what stands beside it ("drum lessons"),
and that before what it is of. The sector must be one whose products have to do with the thing; where it is about things
of any kind, the description must name the thing too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.media.noun_phrases import Role, Word, counts, opening, phrases_of, role_of, words_of
from services.media.objects import LANGUAGES, Mention, objects

GOODS: Final = frozenset({"good", "food", "property"})  # kinds that are a thing, not something done with it
DONE: Final = frozenset({"event", "service"})  # kinds that are something done with a thing
MARKUP: Final = re.compile(r"<[^<>]{1,200}>")
FEWEST_LISTED: Final = 2  # parts of a name, above which a part of one noun belongs to a list
SHORT: Final = 8  # words of a description up to which it need not name the thing again


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
    language: str


@dataclass(frozen=True, slots=True)
class _Found:
    mention: Mention
    role: Role


def named_drawing(product: Product, of_trade: Collection[str] = ()) -> str:
    """Returns the drawing of the thing that a product's words name, or "" where none certainly stands for it.

    of_trade: the drawings that show all that its trade sells; words that name one of them are confirmed by it.
    """
    language = product.language.split("-")[0].lower()
    if language not in LANGUAGES or product.trade in objects().titled:
        return ""
    reader = _Reader(product, language, frozenset(of_trade))
    return reader.in_texts() or reader.in_opening()


class _Reader:
    """Looks for things in one product's texts."""

    def __init__(self, product: Product, language: str, of_trade: frozenset[str]) -> None:
        self._product, self._language, self._of_trade = product, language, of_trade
        self._table = objects()
        self._said = self._drawings_in(product.description)
        self._is_short = len(words_of(product.description)) <= SHORT

    def in_texts(self) -> str:
        """The thing in the name, else in the customer's words for what is sold."""
        branded = {word.text for word in words_of(self._product.brand)}
        for text in (self._product.name, self._product.subject):
            words = words_of(MARKUP.sub("\n", text))
            for found in self._by_weight(self._found(words)):
                own = {word.text for word in words[found.mention.first : found.mention.last + 1]}
                is_plain = self._language != "de" and not words[found.mention.first].capital
                if self._stands(found, is_branded=bool(own & branded), is_plain=is_plain):
                    return found.mention.thing.drawing
        return ""

    def in_opening(self) -> str:
        """The thing that the first sentences say the product is, where its sector has such things."""
        for phrase in opening(self._product.description, self._language):
            for found in self._found(phrase):
                thing = found.mention.thing
                if (
                    found.role is Role.HEAD
                    and not found.mention.joined
                    and self._product.sector in thing.sectors
                    and self._product.kind in GOODS
                ):
                    return thing.drawing
        return ""

    def _drawings_in(self, text: str) -> frozenset[str]:
        """The drawings of things that a text names; a name of somebody or of a place says nothing."""
        words = words_of(text)
        return frozenset(
            mention.thing.drawing
            for mention in self._table.mentions(words, self._language)
            if self._language == "de" or words[mention.first].pause or not words[mention.first].capital
        )

    def _found(self, words: Sequence[Word]) -> Iterator[_Found]:
        """The things of the first part of a name, and of its further parts as what it is of."""
        parts: list[list[Word]] = []
        for word in words:
            if word.pause or not parts:
                parts.append([])
            parts[-1].append(word)
        before = 0
        for number, part in enumerate(parts):
            for mention in self._table.mentions(part, self._language):
                role = role_of(part, mention.first, mention.last, self._language, self._table.portions)
                alone = mention.last - mention.first + 1 == len(part) and not mention.thing.edible
                if alone and len(parts) > FEWEST_LISTED and mention.thing.drawing not in self._of_trade:
                    continue  # one of a list of occasions or groups: "Stag / hen / birthday packages"
                if role is Role.MODIFIER and mention.first and part[mention.first - 1].text in counts(self._language):
                    continue  # a measure of another thing: "three-bed house", "2 horse trailer"
                if number:
                    role = Role.COMPLEMENT
                elif mention.joined and role is Role.HEAD:
                    role = Role.MODIFIER
                placed = replace(mention, first=before + mention.first, last=before + mention.last)
                yield _Found(placed, role)
            before += len(part)

    def _stands(self, found: _Found, *, is_branded: bool, is_plain: bool) -> bool:
        """Whether a drawing of what was found stands for the product. is_plain: it is no name, as it has no capital."""
        thing, product = found.mention.thing, self._product
        is_head = found.role is Role.HEAD
        is_said = thing.drawing in self._said or (self._is_short and not is_branded)
        if (thing.heads_only and not is_head) or (found.role is Role.PURPOSE and not thing.serves):
            return False
        if thing.drawing in self._of_trade:
            return True
        if not product.sector:
            is_about = product.kind in DONE or thing.edible or (thing.serves and product.kind not in GOODS)
            return is_said and thing.certain and (is_head or is_about)
        in_sector = product.sector in thing.sectors
        is_open = product.sector in self._table.open_sectors and not thing.strict
        if product.kind == "job" and found.role <= Role.MODIFIER:
            is_said = is_said or not is_branded
        if is_head:
            return in_sector or (is_open and (is_said or (is_plain and not is_branded)))
        if not (in_sector and not is_branded) and not (is_said and (in_sector or is_open)):
            return False
        if product.kind in GOODS:
            is_grown = product.sector == "garden_diy" or product.kind == "food"
            return in_sector and (thing.serves or (thing.edible and is_grown))
        return True

    def _by_weight(self, found: Iterable[_Found]) -> list[_Found]:
        """What the trade confirms first, then by role; of several beside the head, the one next to it first."""
        listed = list(found)
        if phrases_of(self._language).head_last:
            listed.reverse()

        def weight(one: _Found) -> tuple[bool, bool, Role]:
            thing = one.mention.thing
            return thing.general, thing.drawing not in self._of_trade, one.role

        return sorted(listed, key=weight)
