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
from services.copy.providers.local.fitness import stands_for
from services.copy.providers.local.material import MADE
from services.copy.providers.local.quotes import (
    Quote,
    as_sentence,
    first_word,
    fold,
    names_day,
    says_something,
    upper_first,
)
from services.copy.providers.local.supply import Supply, Task

_QUOTATION = re.compile(r"\b(?:quote|Angebot|devis|presupuesto|preventivo|orçamento)", re.IGNORECASE)
PROSE = 0.45  # of a long text's length that is the customer's own prose, above the list
TOLD = 0.95  # of a story's
ROW = 72  # characters of a row in a list
ROW_STRENGTH = 0.6  # of a sentence that is a row
ROW_LETTERS = 6  # fewest letters of a row: "F 10-6" says nothing by itself
CALLS = frozenset({"apply", "book", "donate", "call"})  # goals that a closing line speaks of
ROWS = (3, 5)  # fewest and most
SWAPPED = 2  # times that a hook stands again from which a fact stands before what is advertised
SPARE_WORDS = 3  # fewest of a fact that an otherwise empty body holds
LABEL_WORDS = 6  # most words of a label
_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*$")
_INNER = re.compile(r"[,;:()–—]|\s-\s|\.\s")
_WORD_AT_START = re.compile(r"[^\W\d_]+")
WITH_BRAND = 72  # characters of a line with product and sender
_ROW_ROLES = ("feature", "figure", "benefit", "logistics", "proof", "offer")


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
        self._blocks: list[list[str]] = [[]]
        self._supply = Supply(task, argument, uses)
        self._missing: list[Quote] = []
        self._labels: set[str] = set()
        self._places: dict[str, int] = {}  # of placed sentences in the description
        self._hook_folded = fold(argument.hook)
        self._named = argument.says_what or (bool(material.names) and material.is_named_in(argument.hook))
        self._tail = [*task.offers]
        self._room = min(task.layout.body, task.layout.whole - len(argument.hook) - 1)
        for text in self._tail:
            self._room -= len(text) + 1
        for topic in task.topics:
            if topic.rstrip(".").casefold() not in self._hook_folded:
                self._place(topic)
        for found in material.must:
            if found is argument.lead:
                continue
            texts = (found.sentence, as_sentence(_PARENTHESIS.sub("", found.text)))
            line = next((text for text in texts if len(text) + 1 <= self._room), None)
            if line is None:
                self._missing.append(found)
                continue
            self._supply.beside(found)
            self._tail.append(line)
            self._room -= len(line) + 1

    # -- formats ------------------------------------------------------------------------------------------------------

    def short(self) -> None:
        """One paragraph: the answer, what is advertised, supporting facts and the price."""
        self._answer()
        priced = len(self._task.material.price) + 2 if self._wants_price() else 0
        named = 0 if self._named else len(self._name_line()) + 1
        if named + priced > self._room:
            priced = 0
        if self._argument.turn >= SWAPPED:  # below a hook that stands again
            self._support(self._room - priced - named)
        self._what_line(self._room - priced)
        self._dates(self._room - priced)
        facts = max(self._task.layout.facts, 1)
        for count in range(facts):
            if count and self._length() + priced > self._task.layout.aim:
                break
            if not self._support(self._room - priced):
                break
        self._name_and_price()
        self._condition(listed=True)
        if self._argument.turn > SWAPPED or not self._length():
            self._sender()
        if not self._length():
            self.bare()

    def bare(self) -> None:
        """The answer, or else what is advertised."""
        material = self._task.material
        self._answer()
        if not self._named or not (self._length() or self._tail):
            for text in (material.what, material.name, material.brand, material.price):
                if text and text.casefold() not in self._hook_folded and self._place(as_sentence(text)):
                    break
        if not self._length() and not self._tail:
            self._closer(last=True)
        for found in material.spare:
            if not self._length() and not self._tail and len(found.text.split()) >= SPARE_WORDS and self._quote(found):
                break

    def long(self) -> None:
        """Paragraphs: the answer with what belongs to it; a list of facts; price and proof; what to do."""
        layout = self._task.layout
        self._answer()
        self._what_line(self._room)
        self._dates(self._room)
        for found in self._supply.passage(min(self._room, int(layout.aim * PROSE))) or ():
            self._quote(found)
        for _ in range(2):
            if self._length() > layout.aim * 0.45 or not self._support(
                self._room, prose=True, listed=not layout.bullets
            ):
                break
        rows = self._rows() if layout.bullets else []
        if rows:
            self._new_block()
            opener = self._one(self._task.material.words.phrases("lists", "openers", self._task.tone))
            lines = [*([opener] if opener else []), *(f"• {row}" for row in rows)]
            self._blocks[-1] = ["\n".join(lines)]
            self._room -= len(self._blocks[-1][0]) + 2
        else:
            self._new_block()
            for _ in range(layout.facts):
                if self._length() > layout.aim or not self._support(self._room):
                    break
        self._new_block()
        self._price_line()
        self._condition()
        self._closer()
        if self._argument.turn > SWAPPED:
            self._sender()

    def story(self) -> None:
        """The customer's own sentences in their order, then the name and what to do."""
        layout = self._task.layout
        self._answer()
        if self._length():
            self._new_block()
        passage = self._supply.passage(min(self._room - len(self._name_line()) - 1, int(layout.aim * TOLD)))
        if not passage:  # no sentences that follow each other: plainly, what it is and what speaks for it
            self._what_line(self._room)
            self._dates(self._room)
        for found in passage:
            self._quote(found)
        for _ in range(layout.facts + 1):
            if self._length() > layout.aim * 0.6 or not self._support(self._room, prose=True):
                break
        # the name before the sentences, and those in their order
        self._blocks[-1].sort(key=lambda text: self._places.get(text, math.inf if passage else -1))
        self._new_block()
        self._name_and_price()
        self._condition(listed=True)
        self._closer()
        if self._argument.turn > SWAPPED:
            self._sender()

    def body(self) -> Body:
        """The finished body."""
        self._without_name_said_again()
        self._blocks = [self._joined(block) for block in self._blocks]
        if self._tail:
            if self._task.form in {Format.LONG, Format.STORY} and len(self._blocks) > 1:
                self._blocks.append(self._tail)
            else:
                self._blocks[-1].extend(self._tail)
        paragraphs = len(self._blocks) > 1 and self._task.layout.body > 200
        text = ("\n\n" if paragraphs else " ").join(" ".join(block) for block in self._blocks if block)
        answer = self._argument.answer
        return Body(
            text=text,
            used=tuple(self._supply.used),
            named=self._named,
            answered=answer is None or answer in self._supply.used,
            missing=tuple(self._missing),
        )

    def _without_name_said_again(self) -> None:
        """Drops the line with the name where the next text begins with it ("Corn bread. Corn bread from an oven.")."""
        name = fold(self._task.material.name)
        for block in self._blocks:
            for place in range(len(block) - 1, -1, -1):
                line = fold(block[place]).rstrip(".。।")
                others = [fold(text) for texts in self._blocks for text in texts if text is not block[place]]
                if (
                    name
                    and line in {name, fold(self._task.material.what)}
                    and any(text.startswith(name) for text in [*others, self._hook_folded])
                ):
                    del block[place]

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _length(self) -> int:
        return sum(len(text) + 1 for block in self._blocks for text in block)

    def _new_block(self) -> None:
        if self._blocks[-1]:
            self._blocks.append([])

    def _place(self, text: str, *, first: bool = False) -> bool:
        if not text or len(text) + 1 > self._room:
            return False
        if first:
            self._blocks[-1].insert(0, text)
        else:
            self._blocks[-1].append(text)
        self._room -= len(text) + 1
        return True

    def _quote(self, found: Quote, text: str | None = None) -> bool:
        sentence = as_sentence(text or found.text)
        if not self._place(sentence):
            return False
        if found.source == "description":
            self._places[sentence] = found.place
        self._supply.take(found)
        self._named = self._named or self._task.material.is_named_in(found.text)
        return True

    def _answer(self) -> None:
        """The fact that the hook asks for, cut only where it still answers; rather with room for the name and price."""
        found, cue = self._argument.answer, self._argument.cue
        if found is None:
            return
        for kept in (self._kept(), 0):
            text = found.within(self._room - 1 - kept, self._task.material.words)
            if text is not None and (cue is None or cue.answered_by(text)):
                self._quote(found, text)
                return

    def _kept(self) -> int:
        """Characters that must stay free for the name, and for the price where the customer asks for it."""
        material = self._task.material
        name = 0 if self._named else len(material.name or material.brand) + 2
        price = len(material.price) + 2 if self._task.priced and material.price else 0
        return name + price

    def _what_line(self, room: int) -> None:
        """Says what is advertised, where the hook does not: in the customer's own first sentence, or by name."""
        material = self._task.material
        found = material.opening
        if found is not None and (found in self._supply.quoted or self._supply.says_again(found)):
            found = None
        if found is not None and self._task.form is Format.STORY and self._supply.is_limited(found):
            found = None
        if self._named and (found is None or self._argument.says_what):
            return
        is_free = found is not None and not (self._turn % 2 and self._task.form in {Format.SHORT, Format.HOOK})
        fits = found is not None and is_free and len(found.sentence) + 1 <= room
        if found is not None and fits and stands_for(material.name, found, material.words) and self._quote(found):
            self._named = True
            return
        if self._named:
            return
        line = self._name_line()
        if len(line) + 1 <= room and self._place(line):
            self._named = True
            room -= len(line) + 1
            if found is not None and is_free and len(found.sentence) + 1 <= room:
                self._quote(found)

    def _sender(self) -> None:
        """Names the sender, where nothing has."""
        sender = self._task.material.brand
        said = fold(" ".join([self._hook_folded, *(text for block in self._blocks for text in block)]))
        if sender and fold(sender) not in said:
            self._place(as_sentence(sender))

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
            if found.dangling and not self._supply.follows(found, at_start=not self._blocks[-1]):
                continue
            if not listed and found.source == "features":
                continue
            if self._supply.is_limited(found) and (prose or found.role in {"offer", "price"}):
                continue
            text = found.within(max(room - 1, 0), self._task.material.words)
            if text is not None and says_something(text) and self._quote(found, text):
                if is_label(found, text):
                    self._labels.add(as_sentence(text))
                return True
        return False

    def _joined(self, block: list[str]) -> list[str]:
        """The block with its labels as one list: "Free repairs, 60-day exchanges and a gift box."."""
        words = self._task.material.words
        made: list[str] = []
        run: list[str] = []
        for text in [*block, ""]:
            if text in self._labels and (not run or self._lowered(text) is not None):
                run.append(text)
                continue
            if len(run) > 1 and words.and_:
                parts = [run[0].rstrip("."), *((self._lowered(part) or part).rstrip(".") for part in run[1:])]
                made.append(f"{', '.join(parts[:-1])} {words.and_} {parts[-1]}.")
            else:
                made.extend(run)
            run = [text] if text in self._labels else []
            if text and not run:
                made.append(text)
        return made

    def _lowered(self, text: str) -> str | None:
        """A label as it stands within a sentence; None where its first word may be a name."""
        first = _WORD_AT_START.match(text)
        if first is None:
            return text if text[:1].isdigit() else None
        word = first[0]
        if word[1:].casefold() != word[1:]:
            return None
        if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", self._task.material.written):
            return word.casefold() + text[len(word) :]
        return None

    def _rows(self) -> list[str]:
        rows: list[str] = []
        room, weak = self._room, self._task.material.words.weak_start
        for found in self._supply.free(_ROW_ROLES):
            if found.source == "description" and found.is_prose and found.strength < ROW_STRENGTH:
                continue
            if found.dangling or self._supply.says_again(found) or first_word(found.text) in weak:
                continue
            text = found.within(ROW, self._task.material.words)
            if text is None or len(text) + 3 > room or sum(map(str.isalpha, text)) < ROW_LETTERS:
                continue
            row = upper_first(text.rstrip("."))
            rows.append(row)
            room -= len(row) + 3
            self._supply.take(found)
            if len(rows) == ROWS[1]:
                break
        if len(rows) < ROWS[0]:
            self._supply.put_back(len(rows))
            return []
        return rows

    def _name_line(self) -> str:
        """A sentence that says what is advertised, every second time with the sender."""
        material = self._task.material
        said = " ".join([self._hook_folded, *(text.casefold() for block in self._blocks for text in block)])
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
        return line if len(line) <= min(WITH_BRAND, self._room - 1) else plain

    @property
    def _bare_of_terms(self) -> bool:
        """Whether a loan's terms may not stand, because lines that the law asks for beside them have no room."""
        return bool(self._missing) and "credit" in self._task.material.regulated

    def _wants_price(self) -> bool:
        task = self._task
        material = task.material
        if self._bare_of_terms:
            return False
        if task.priced is False or not material.price or material.price.casefold() in self._hook_folded:
            return False
        if any(found.role == "price" for found in self._supply.used) or self._argument.angle == "price":
            return False
        amounts = amounts_of(material.price)
        if any(amounts & amounts_of(found.text) for found in self._supply.quoted):
            return False
        return bool(task.priced) or task.tone is not Tone.LUXE or self._turn % 2 == 0

    def _price_line(self) -> None:
        if self._wants_price():
            self._place(as_sentence(self._task.material.price))

    def _name_and_price(self) -> None:
        material = self._task.material
        priced = self._wants_price()
        if not self._named:
            plain = as_sentence(f"{material.what}, {material.price}")
            if priced and not material.price_is_quoted and self._place(plain):
                self._named = True
                return
            self._named = self._place(self._name_line()) or self._place(as_sentence(material.name or material.brand))
        if priced:
            self._place(as_sentence(material.price))

    def _condition(self, *, listed: bool = False) -> None:
        """What limits a fact of this text, or of the whole offer, said as it is; where there is room for a sentence."""
        found = self._supply.condition(listed=listed)
        if found is not None and self._place(found.sentence):
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
            if text.casefold().rstrip(".") not in self._hook_folded and self._place(text):
                self._all_closers[text] += 1
                return

    def _one(self, phrases: Sequence[str]) -> str:
        return self._random.choice(phrases) if phrases else ""


def is_label(found: Quote, text: str) -> bool:
    """Whether a fact is an item of a list rather than a sentence."""
    return (
        found.source == "features"
        and len(text.split()) <= LABEL_WORDS
        and not _INNER.search(text)
        and not text.rstrip().endswith((".", "!", "?"))
    )
