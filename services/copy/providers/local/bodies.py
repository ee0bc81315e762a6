"""Bodies: what follows a hook, by format. Facts are quoted as sentences or as rows of a list."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.copy.domain import Format, Tone
from services.copy.providers.local.amounts import amounts_of
from services.copy.providers.local.arguments import Argument, filled
from services.copy.providers.local.lists import take_rows
from services.copy.providers.local.material import MADE
from services.copy.providers.local.page import Page
from services.copy.providers.local.quotes import (
    Quote,
    as_sentence,
    echoes,
    fold,
    names_day,
    says_something,
)
from services.copy.providers.local.supply import CONDITION, LINES, Supply, Task
from services.copy.providers.local.words import signs

_QUOTATION = re.compile(rf"\b(?:{'|'.join(signs('quotations'))})", re.IGNORECASE)
PROSE = 0.45  # of a long text's length that is the customer's own prose, above the list
STORY_SHARE = 0.95  # of a story's
LISTED = 40  # characters of the heading of a list
CALLS = frozenset({"apply", "book", "donate", "call"})  # goals that a closing line speaks of
SWAPPED = 2  # times that a hook stands again from which a fact stands before what is advertised
SPARE_WORDS = 3  # fewest of a fact that an otherwise empty body holds
_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*$")
WITH_BRAND = 72  # characters of a line with product and sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text below a hook, and the facts that it uses."""

    text: str
    used: tuple[Quote, ...]
    named: bool
    answered: bool = True  # whether it holds the answer that its hook needs
    missing: tuple[Quote, ...] = ()  # texts that the law asks for and that had no room


class Writer:
    """Writes the bodies of one request, and sees to it that they use different facts."""

    def __init__(self, task: Task, random_: random.Random) -> None:
        self._task = task
        self._random = random_
        self._uses: Counter[str] = Counter()
        self._closers: Counter[str] = Counter()

    def write(self, argument: Argument, *, turn: int = 0, bare: bool = False) -> Body:
        """The body of an argument, the `turn`th of the request. `bare`: only what it cannot do without."""
        draft = _Draft(self._task, argument, self._uses, self._random, self._closers, turn)
        if bare:
            draft.bare()
        elif self._task.form is Format.LONG and self._task.layout.body > 200 and not self._task.limited:
            draft.long()
        elif self._task.form is Format.STORY and self._task.layout.body > 200 and not self._task.limited:
            draft.story()
        else:
            draft.short()
        body = draft.body()
        self._uses.update(found.id for found in body.used)
        if argument.lead is not None:
            self._uses[argument.lead.id] += 1
        return body


class _Draft:
    """One body under way."""

    def __init__(
        self,
        task: Task,
        argument: Argument,
        uses: Counter[str],
        random_: random.Random,
        closers: Counter[str],
        turn: int,
    ) -> None:
        self._task, self._argument, self._random, self._all_closers = task, argument, random_, closers
        self._turn = turn
        material = task.material
        self._supply = Supply(task, argument, uses)
        self._missing: list[Quote] = []
        self._places: dict[str, int] = {}  # of placed sentences in the description
        self._hook_folded = fold(argument.hook)
        is_part = argument.angle == "name" and self._hook_folded in fold(material.name)  # a long name, cut
        self._named = argument.says_what or is_part or (bool(material.names) and material.says_the_name(argument.hook))
        self._tail = [*task.offers]
        self._page = Page(min(task.layout.body, task.layout.whole - len(argument.hook) - 1))
        for text in self._tail:
            self._page.room -= len(text) + 1
        for topic in task.topics:
            if topic.rstrip(".").casefold() not in self._hook_folded:
                self._page.place(topic)
        for found in material.must:
            if found is argument.lead:
                continue
            texts = (found.sentence, as_sentence(_PARENTHESIS.sub("", found.text)))
            line = next((text for text in texts if self._page.reserve(text)), None)
            if line is None:
                self._missing.append(found)
                continue
            self._supply.beside(found)
            self._tail.append(line)

    # -- formats ------------------------------------------------------------------------------------------------------

    def short(self) -> None:
        """One paragraph: the answer, what is advertised, supporting facts and the price."""
        self._answer()
        self._rest()
        if self._argument.turn % 2 and self._supply.is_sparse:
            self._condition()
        priced = len(self._task.material.price) + 2 if self._wants_price() else 0
        named = 0 if self._named else len(self._name_line()) + 1
        is_other = bool(self._argument.turn % 2) and not self._task.priced  # below the hook again, rather another fact
        if named + priced > self._page.room or is_other:
            priced = 0
        if self._argument.turn >= SWAPPED:  # below a hook that stands again
            self._support(self._page.room - priced - named)
        if self._named:  # of an event whose name the hook says, first the day
            self._dates(self._page.room - priced)
        self._what_line(self._page.room - priced)
        named = 0 if self._named else len(self._name_line()) + 1
        self._dates(self._page.room - priced - named)
        facts = max(self._task.layout.facts, 1)
        for count in range(facts):
            if count and self._page.length + priced > self._task.layout.aim:
                break
            if not self._support(self._page.room - priced - named):
                break
        self._name_and_price()
        self._condition(listed=True)
        if self._argument.turn > SWAPPED and not self._sender():
            self._closer(last=True)
        if not self._page.length:
            self._sender()
        if not self._page.length:
            self.bare()

    def bare(self) -> None:
        """The answer, or else what is advertised."""
        material = self._task.material
        self._answer()
        if not self._named or not (self._page.length or self._tail):
            for text in (material.what, material.name, material.brand, material.price):
                if text and text.casefold() not in self._hook_folded and self._page.place(as_sentence(text)):
                    break
        if not self._page.length and not self._tail:
            self._closer(last=True)
        for found in material.spare:
            is_empty = not self._page.length and not self._tail
            if is_empty and len(found.text.split()) >= SPARE_WORDS and self._quote(found):
                break

    def long(self) -> None:
        """Paragraphs: the answer with what belongs to it; a list of facts; price and proof; what to do."""
        layout = self._task.layout
        self._answer()
        self._rest()
        self._what_line(self._page.room)
        self._dates(self._page.room)
        for found in self._supply.passage(min(self._page.room, int(layout.aim * PROSE))) or ():
            self._quote(found)
        rows = take_rows(self._supply, self._page.room, self._task.material.words) if layout.bullets else []
        for _ in range(2):
            if self._page.length > layout.aim * (0.3 if rows else 0.45) or not self._support(
                self._page.room - sum(len(row) + 3 for row in rows) - LISTED, prose=True, listed=not layout.bullets
            ):
                break
        if rows:
            phrases = self._task.material.words.phrases("lists", "openers", self._task.tone)
            # a heading above nothing but the list says nothing
            opener = self._one(phrases) if self._page.length else ""
            self._page.new_block()
            self._page.place("\n".join([*([opener] if opener else []), *(f"• {row}" for row in rows)]))
        else:
            self._page.new_block()
            for _ in range(layout.facts):
                if self._page.length > layout.aim or not self._support(self._page.room):
                    break
        self._page.new_block()
        self._name_and_price()
        self._condition()
        self._closer()
        if self._argument.turn > SWAPPED:
            self._sender()

    def story(self) -> None:
        """The customer's own sentences in their order, then the name and what to do."""
        layout = self._task.layout
        self._answer()
        self._rest()
        if self._page.length:
            self._page.new_block()
        room = min(self._page.room - len(self._name_line()) - 1, int(layout.aim * STORY_SHARE))
        passage = self._supply.passage(room)
        if not passage or not (self._named or self._task.material.opening in passage):
            self._what_line(self._page.room)  # first of all, what it is
            self._dates(self._page.room)
        for found in passage:
            self._quote(found)
        for _ in range(layout.facts + 1):
            if self._page.length > layout.aim * 0.6 or not self._support(self._page.room, prose=True):
                break
        # the name before the sentences, and those in their order
        self._page.sort(self._places, others=math.inf)
        self._page.new_block()
        self._name_and_price()
        self._condition(listed=True)
        self._closer()
        if self._argument.turn > SWAPPED:
            self._sender()

    def body(self) -> Body:
        """The finished body."""
        self._without_name_said_again()
        is_told = self._task.form in {Format.LONG, Format.STORY}
        text = self._page.close(self._tail, apart=is_told, paragraphs=self._task.layout.body > 200)
        answer = self._argument.answer
        return Body(
            text=text,
            used=tuple(self._supply.used),
            named=self._named,
            answered=answer is None or answer in self._supply.used,
            missing=tuple(self._missing),
        )

    def _without_name_said_again(self) -> None:
        """Drops the line with the name where another text begins with it ("Corn bread. Corn bread from an oven.")."""
        name = fold(self._task.material.name)
        for text in self._page.texts if name else ():
            others = [fold(other) for other in self._page.texts if other is not text]
            if fold(text).rstrip(".。।") in {name, fold(self._task.material.what)} and any(
                other.startswith(name) for other in [*others, self._hook_folded]
            ):
                self._page.drop(text)

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _quote(self, found: Quote, text: str | None = None) -> bool:
        sentence = as_sentence(text or found.text)
        if not self._page.place(sentence):
            return False
        if found.source == "description":
            self._places[sentence] = found.place
        self._supply.take(found)
        self._named = self._named or self._task.material.says_the_name(found.text)
        return True

    def _answer(self) -> None:
        """The fact that the hook asks for, cut only where it still answers; rather with room for the name and price."""
        found, cue = self._argument.answer, self._argument.cue
        if found is None:
            return
        for kept in (self._kept(), 0):
            text = found.within(self._page.room - 1 - kept, self._task.material.words)
            if text is not None and (cue is None or cue.answered_by(text)):
                self._quote(found, text)
                return

    def _rest(self) -> None:
        """The end of the sentence that the hook begins: in a text with little else, or where it names the price."""
        material = self._task.material
        rest = self._argument.rest
        if rest and (len(material.quotes) <= LINES or (self._argument.lead or material.quotes[0]).role == "price"):
            self._page.place(as_sentence(rest))

    def _kept(self) -> int:
        """Characters that must stay free for the name, and for the price where the customer asks for it."""
        material = self._task.material
        name = 0 if self._named else len(material.name or material.brand) + 2
        price = len(material.price) + 2 if self._task.priced and material.price else 0
        return name + price

    def _what_line(self, room: int) -> None:
        """Says what is advertised, where the hook does not: in the customer's own first sentence, and by name where the
        sentence does not say it."""
        material = self._task.material
        found = material.opening
        if found is not None and (found in self._supply.quoted or self._supply.says_most_of(found)):
            found = None
        limit = self._supply.limit_behind(found) if found and self._task.form is Format.STORY else None
        if found is not None and limit is not None:
            both = len(found.sentence) + len(limit.sentence) + 2
            if not self._supply.is_sparse or len(limit.text) > CONDITION or both > room:
                found = None
        is_said = found is not None and material.says_the_name(found.text)
        if self._named and (found is None or is_said):
            return
        line = self._priced_name() or self._name_line()
        if len(line) + 1 > room:
            line = self._name_line()
        if found is not None and not is_said and not material.dated:  # an event goes by its name
            is_said = echoes(material.name, found.text)
        first = not self._named and (found is None or not is_said)
        if first and len(line) + 1 <= room and self._page.place(line):
            self._named = True
            self._places[line] = -1
            room -= len(line) + 1
        if found is None:
            return
        kept = 0 if self._named or is_said else len(line) + 1
        for text in (found.text, material.opening_clause(max(room - 1, 0))):
            if text is None or len(as_sentence(text)) + 1 > room:
                continue
            has_room = len(as_sentence(text)) + 1 + kept <= room
            if self._quote(found, text):
                self._named = self._named or is_said or not has_room
                return

    def _priced_name(self) -> str:
        """What is advertised with its price, where the price is an amount alone; empty otherwise."""
        material = self._task.material
        if not material.price or material.price_is_quoted or material.dated or not self._wants_price():
            return ""
        return as_sentence(f"{material.what}, {material.price}")

    def _sender(self) -> bool:
        """Names the sender, where nothing has."""
        sender = self._task.material.brand
        said = fold(" ".join([self._hook_folded, *self._page.texts]))
        return bool(sender) and fold(sender) not in said and self._page.place(as_sentence(sender))

    def _dates(self, room: int) -> None:
        """Says when and where, of what takes place on a day."""
        material = self._task.material
        if not material.dated:
            return
        for found in self._supply.free(("logistics", "feature", "figure", "benefit", "proof")):
            if found.dangling or not names_day(found.text, material.language):
                continue
            if len(found.sentence) + 1 <= room and self._quote(found):
                return

    def _support(self, room: int, *, prose: bool = False, listed: bool = True) -> bool:
        """Adds one more fact. `prose`: rather a sentence of the description than an item of a list; `listed`: whether
        items may stand at all."""
        free = self._supply.free()
        if self._bare_of_terms:
            free = [found for found in free if not any(sign.isdigit() for sign in found.text)]
        if prose:
            free.sort(key=lambda found: found.source != "description")
        turn = self._argument.turn
        if turn and len(free) > 1:  # below a hook that stands again
            free = [*free[turn % len(free) :], *free[: turn % len(free)]]
        for found in free:
            if found.dangling and not self._supply.follows(found, at_start=self._page.is_at_start):
                continue
            if not listed and found.source == "features":
                continue
            if self._supply.is_limited(found) and (prose or found.role in {"offer", "price"}):
                continue
            text = found.within(max(room - 1, 0), self._task.material.words)
            if text is not None and says_something(text) and self._quote(found, text):
                return True
        return False

    def _name_line(self) -> str:
        """A sentence that says what is advertised, every second time with the sender."""
        material = self._task.material
        said = " ".join([self._hook_folded, *(text.casefold() for text in self._page.texts)])
        is_said = bool(material.name and material.subject) and material.subject.casefold() in said
        plain = as_sentence(material.name if is_said else material.what)
        sender = material.brand.casefold()
        if (
            not sender
            or material.kind not in MADE
            or not material.is_sure
            or sender in f"{self._hook_folded} {material.what.casefold()}"
        ):
            return plain
        frames = [text for text in material.words.phrases("named", "by", self._task.tone) if "{subject}" not in text]
        if not frames or self._turn % 2:
            return plain
        line = filled(frames[self._turn // 2 % len(frames)], material)
        return line if len(line) <= min(WITH_BRAND, self._page.room - 1) else plain

    @property
    def _bare_of_terms(self) -> bool:
        """Whether a loan's terms may not stand, because lines that the law asks for beside them have no room."""
        return bool(self._missing) and "credit" in self._task.material.regulated

    def _wants_price(self) -> bool:
        task = self._task
        material = task.material
        if self._bare_of_terms:
            return False
        said = "\n".join([self._hook_folded, *self._page.texts]).casefold()
        if task.priced is False or not material.price or material.price.casefold() in said:
            return False
        if any(found.role == "price" for found in self._supply.used) or self._argument.angle == "price":
            return False
        amounts = amounts_of(material.price)
        if any(amounts & amounts_of(found.text) for found in self._supply.quoted):
            return False
        return bool(task.priced) or task.tone is not Tone.LUXE or self._turn % 2 == 0

    def _name_and_price(self) -> None:
        material = self._task.material
        priced = self._wants_price()
        if not self._named and not (priced and material.says_the_name(material.price)):
            plain = as_sentence(f"{material.what}, {material.price}")
            if priced and not material.price_is_quoted and self._page.place(plain):
                self._named = True
                return
            lines = (self._name_line(), as_sentence(material.name or material.brand))
            line = next((line for line in lines if self._page.place(line)), "")
            self._named = bool(line)
            if line and self._argument.answer is None:
                self._page.lead(line)  # what it is, before what is said of it
        if priced and self._page.place(as_sentence(material.price)):
            self._named = self._named or material.says_the_name(material.price)

    def _condition(self, *, listed: bool = False) -> None:
        """What limits a fact of this text, or of the whole offer, said as it is; where there is room for a sentence."""
        found = self._supply.condition(listed=listed)
        if found is not None and self._page.place(found.sentence):
            self._supply.beside(found)

    def _closer(self, *, last: bool = False) -> None:
        """What to do, where the customer asks for more than to look; `last`: where nothing else can be said."""
        material = self._task.material
        if not last and (not self._task.calls or material.closing not in CALLS):
            return
        closers = [
            text
            for text in material.words.phrases("closers", material.closing or "none", self._task.tone)
            if not (material.price and _QUOTATION.search(text))
        ]
        fresh = sorted(closers, key=lambda text: self._all_closers[text])
        for text in fresh:
            if text.casefold().rstrip(".") not in self._hook_folded and self._page.place(text):
                self._all_closers[text] += 1
                return

    def _one(self, phrases: Sequence[str]) -> str:
        return self._random.choice(phrases) if phrases else ""
