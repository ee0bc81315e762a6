"""Bodies: what follows a hook, by format. Facts are quoted as sentences or as rows of a list."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.copy.domain import Format
from services.copy.providers.local.amounts import amounts_of, same_amount
from services.copy.providers.local.arguments import (
    Argument,
    filled,
    names_price,
    small_first,
)
from services.copy.providers.local.description_lines import priced_sentences
from services.copy.providers.local.joining import (
    behind_name,
    is_phrase,
    with_price,
)
from services.copy.providers.local.material import MADE
from services.copy.providers.local.page import Page
from services.copy.providers.local.prices import readable_amounts
from services.copy.providers.local.quotes import (
    Quote,
    as_line,
    as_sentence,
    echoes,
    fold,
    upper_first,
)
from services.copy.providers.local.repeats import says_again, share_said
from services.copy.providers.local.selection import ROWS, SAID, Selection
from services.copy.providers.local.strengths import SELLING
from services.copy.providers.local.supply import LINES, Supply, Task
from services.copy.providers.local.words import signs

PRICE = "price"  # stands among ids of facts for what the product costs
_QUOTATION = re.compile(rf"\b(?:{'|'.join(signs('quotations'))})", re.IGNORECASE)
LONG = 200  # characters of room from which a text has paragraphs
CONTINUED = 0.8  # share of it that goes on with what the hook says
GOING_ON = 1.2  # likewise behind the sentence with which the customer begins
PASSAGE = 1.3  # of the usual length that a passage of the customer's sentences has,
PASSAGE_BESIDE_LIST = 0.9  # and where a list follows
LISTED = 3  # features of a list
SHORT_NAME = 3  # words of a name that says little without its sender
SEVERAL_WORDS = 2  # of a name that half of it stands for
NAMED_BY = 0.5  # share of a name's words with which a passage names the thing,
NAMED_WITH_SENDER = 0.3  # and where it names the sender too
IN_PASSAGE = 0.6  # share of a fact's words that the passage has, from which it says nothing new
NARROW = 100  # characters of a body that has no room for a passage
SHORT_AIM = 130  # characters of a text of which a passage may be one sentence
ROW = 72  # characters of a row of a list
FEWEST_ROWS = 2
TERMS = frozenset({"price", "offer", "condition"})  # roles of what stands behind a list
SWAPPED = 2  # times that a hook stands again from which a fact stands before what is advertised
FEW_WORDS = 6  # of a text that is dropped where others have its words in another order
SPARE_WORDS = 3  # fewest of a fact that an otherwise empty body holds
_DIVIDED = re.compile(r"[,:] | [–—-] ")  # a name of several parts
_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*$")
SIGNED = " · "  # between the parts of the line below a text
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

    @property
    def state(self) -> tuple[Counter[str], Counter[str]]:
        """How often the texts so far have each fact and each closing line; to be set to write on behind fewer."""
        return Counter(self._uses), Counter(self._closers)

    @state.setter
    def state(self, value: tuple[Counter[str], Counter[str]]) -> None:
        self._uses, self._closers = Counter(value[0]), Counter(value[1])

    def write(
        self,
        argument: Argument,
        *,
        turn: int = 0,
        bare: bool = False,
        without: frozenset[str] = frozenset(),
        most: int = 0,
    ) -> Body:
        """The body of an argument, the `turn`th of the request. `bare`: only what it cannot do without; `without`: ids
        of facts that it must not use, or PRICE; `most`: its characters, where the layout allows more (0: as it)."""
        task = self._task
        if most and most < task.layout.body:
            task = replace(task, layout=replace(task.layout, body=most, aim=min(task.layout.aim, most)))
        if without:
            quotes = tuple(found for found in task.material.quotes if found.id not in without)
            sentences = tuple(
                line if line.ids.isdisjoint(without) else replace(line, closed=True) for line in task.material.sentences
            )
            material = replace(task.material, quotes=quotes, sentences=sentences)
            if PRICE in without:
                priced = tuple(found for found in quotes if not names_price(found, material))
                material = replace(material, price="", price_is_quoted=False, quotes=priced)
            task = replace(task, material=material)
        draft = _Draft(task, argument, self._uses, self._random, self._closers, turn)
        if bare:
            draft.bare()
        else:
            draft.compose()
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
        self._selection = Selection(task, argument, self._supply, uses)
        self._missing: list[Quote] = []
        self._answered = True
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

    def compose(self) -> None:
        """All that the brief says where there is room, else its strongest statements; in the customer's order."""
        is_long = self._task.layout.body > LONG and self._task.form in {Format.LONG, Format.STORY}
        self._answer()
        self._rest()
        quotes_passage = self._place_passage()
        if not quotes_passage:
            self._continue()
        priced = self._priced_name()
        line = "" if quotes_passage or self._named else priced or self._name_line()
        is_apart = self._wants_price() and not line and not self._task.material.price_is_quoted
        price = len(self._task.material.price) + 2 if is_apart else 0
        name = len(self._name_line()) + 2 if quotes_passage and not self._named else 0
        room = self._page.room - price - (len(line) + 1 if line else 0) - name
        limits = self._limits_of_hook()
        run = is_long and not self._task.limited and not quotes_passage
        has_passage = run and bool(self._supply.passage(room))
        self._selection.named, self._selection.bare_of_terms = self._named, self._bare_of_terms
        chosen = (
            ([] if has_passage or quotes_passage else self._selection.everything(room))
            or self._selection.strongest(room, limits=limits, passage=run)
            or self._selection.strongest(room + price, limits=limits, passage=run)  # rather a fact than the price
        )
        self._answered = self._answered and all(limit in chosen for limit in limits)
        if not chosen and line and self._selection.is_one_line:  # what is done says more than its name
            chosen = self._selection.strongest(self._page.room, limits=limits, passage=run)
            line = "" if chosen else line
        if quotes_passage:
            chosen = [one for one in chosen if one in limits or not self._is_in_passage(one)]
        if line and line == priced and any(map(self._selection.costs, chosen)):
            line = self._name_line()
        signature = self._signature(chosen) if quotes_passage and not self._named else ""
        if signature and self._page.sign(signature, apart=self._task.layout.body > LONG):
            self._named = True
        elif line and not (chosen and self._task.material.says_the_name(chosen[0].text)):
            chosen = self._said_of(line, chosen)
        rows = self._rows(chosen) if is_long and self._task.layout.bullets else []
        behind = [found for found in chosen if rows and found.source != "description" and found.role in TERMS]
        self._run([found for found in chosen if found not in rows and found not in behind])
        if rows:
            self._list(rows)
        if is_long and (behind or rows):  # a price alone is no paragraph
            self._page.new_block()
        for found in behind:
            self._quote(found)
        self._name_and_price(first=not quotes_passage)
        if not quotes_passage or self._supply.used_offer:
            self._condition(listed=True)
        if self._task.form is not Format.HOOK:
            self._closer()
        if self._argument.turn > SWAPPED and not self._sender() and not is_long and self._task.sparse:
            self._closer(last=True)
        if not self._page.length and not self._sender():
            self.bare()

    def bare(self) -> None:
        """The answer, or else what is advertised."""
        material = self._task.material
        self._answered = not (self._argument.whole or self._is_left_open or self._limits_of_hook())
        self._answer()
        if not self._named or not (self._page.length or self._tail):
            price = "" if self._limits_of_price() else material.price
            for text in (material.what, material.name, material.brand, price):
                if text and text.casefold() not in self._hook_folded and self._page.place(as_sentence(text)):
                    break
        if not self._page.length and not self._tail and self._task.sparse:
            self._closer(last=True)
        for found in material.spare:
            is_empty = not self._page.length and not self._tail
            if is_empty and len(found.text.split()) >= SPARE_WORDS and self._quote(found):
                break

    def body(self) -> Body:
        """The finished body."""
        self._without_name_said_again()
        self._without_words_said_again()
        is_long_form = self._task.form in {Format.LONG, Format.STORY}
        text = self._page.close(self._tail, apart=is_long_form, paragraphs=self._task.layout.body > 200)
        answer = self._argument.answer
        return Body(
            text=text,
            used=tuple(self._supply.used),
            named=self._named,
            answered=self._answered and (answer is None or answer in self._supply.used),
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

    def _without_words_said_again(self) -> None:
        """Drops a text whose words stand in another text or the hook as they are ("Hire from €25 for 4 days. 4 days."),
        or a short one whose words do in another order; the only one where the sender can take its place."""
        for text in self._page.texts:
            words = fold(text).strip(" .。!")
            others = [fold(other) for other in self._page.texts if other != text]
            is_whole = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
            is_said = any(map(is_whole.search, [*others, self._hook_folded])) or (
                len(words.split()) <= FEW_WORDS
                and not self._task.material.says_the_name(text)
                and share_said(words, "\n".join(others), self._task.material.language) >= SAID
            )
            if not words or "\n" in text or not is_said:
                continue
            if others or self._tail or self._sender():
                self._page.drop(text)

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _run(self, chosen: Sequence[Quote]) -> None:
        """Quotes statements one after the other; a limit that is a clause ends the sentence that it limits."""
        place = 0
        while place < len(chosen):
            found, clause = chosen[place], _clause_behind(chosen, place)
            if clause is not None and self._quote(found, f"{found.text.rstrip('.')}, {clause.text}"):
                self._supply.take(clause)
                place += 2
                continue
            self._quote(found)
            place += 1

    def _quote(self, found: Quote, text: str | None = None) -> bool:
        sentence = as_sentence(text or found.text)
        if not self._page.place(sentence):
            return False
        self._supply.take(found)
        self._named = self._named or self._task.material.says_the_name(found.text)
        return True

    def _answer(self) -> None:
        """The fact that the hook leads up to; rather with room for the name and price."""
        found = self._argument.answer
        if found is None:
            return
        for kept in (self._kept(), 0):
            text = found.within(self._page.room - 1 - kept, self._task.material.words)
            if text is not None:
                self._quote(found, text)
                return

    def _rest(self) -> None:
        """The end of the sentence that the hook begins: in a text with little else, or where it names the price."""
        material = self._task.material
        rest, lead = self._argument.rest, self._argument.lead
        if self._argument.whole:
            self._answered = self._page.place(as_sentence(rest))
        elif rest and (len(material.quotes) <= LINES or (lead or material.quotes[0]).role == "price"):
            self._page.place(as_sentence(rest))

    def _continue(self) -> None:
        """The customer's sentences that go on with the hook, with room left for the name and the price."""
        task, layout = self._task, self._task.layout
        is_open = self._is_left_open
        if task.limited or self._argument.turn % 2 or self._argument.rest or self._limits_of_hook():
            self._answered = self._answered and not is_open
            return
        price = len(task.material.price) + 2 if task.material.price and task.priced is not False else 0
        kept = self._kept() + (0 if task.priced else price)
        share = GOING_ON if self._argument.goes_on else CONTINUED
        going_on = self._supply.continuation(min(self._page.room - kept, int(layout.aim * share)))
        for found in going_on:
            self._quote(found)
        self._answered = self._answered and not (is_open and not going_on)

    def _place_passage(self) -> bool:
        """Places a run of the customer's sentences; False where there is none that stands by itself."""
        task, layout, material = self._task, self._task.layout, self._task.material
        if (
            task.limited
            or layout.body <= NARROW
            or self._bare_of_terms
            or self._argument.rest
            or self._argument.answer is not None
            or self._limits_of_hook()
        ):
            return False
        kept = self._kept()
        if task.priced is not False and not task.priced and material.price:
            kept += len(material.price) + 2
        is_listed = task.form is Format.LONG and sum(found.source == "features" for found in material.quotes) >= LISTED
        room = min(self._page.room - kept, int(layout.aim * (PASSAGE_BESIDE_LIST if is_listed else PASSAGE)))
        run = self._supply.own_passage(room, fewest=1 if layout.aim <= SHORT_AIM else 2)
        for line in run:
            if line.begins and layout.body > LONG and task.form is not Format.SHORT and self._page.length:
                self._page.new_block()
            self._page.place(line.text)
            for part in line.parts:
                self._supply.take(part)
            self._named = self._named or material.says_the_name(line.text)
        self._named = self._named or self._is_named_by(self._page.texts)
        self._selection.passage_length = self._page.length if run else 0
        return bool(run)

    def _is_named_by(self, texts: Sequence[str]) -> bool:
        """Whether a passage says half of what the name says, or the sender and a third of it."""
        material, passage = self._task.material, "\n".join(texts)
        if len(material.name.split()) < SEVERAL_WORDS:
            return False
        share = share_said(material.name, passage, material.language)
        names_sender = bool(material.brand) and fold(material.brand.split()[0]) in fold(passage)
        return share >= NAMED_BY or (names_sender and share >= NAMED_WITH_SENDER)

    def _is_in_passage(self, found: Quote) -> bool:
        """Whether the passage has said most of a fact, or what it costs."""
        passage = "\n".join(self._page.texts)
        if found.role == "price":
            return bool(amounts_of(found.text) & amounts_of(passage))
        return share_said(found.text, passage, self._task.material.language) >= IN_PASSAGE

    def _signature(self, chosen: list[Quote]) -> str:
        """The line below a passage that says what it was about: what is advertised, its price, and its sender.
        Takes from the statements that are left the one with that price."""
        material = self._task.material
        said = fold(" ".join([self._hook_folded, *self._page.texts]))
        parts = [material.what.rstrip(".")]
        priced = next((found for found in chosen if found.role == "price"), None)
        if self._wants_price() and not material.price_is_quoted:
            parts.append(material.price.rstrip("."))
            if priced is not None and names_price(priced, material, strict=True):
                chosen.remove(priced)
                self._supply.beside(priced)
        is_said = not material.brand or fold(material.brand) in f"{said} {fold(material.what)}"
        if not is_said and (len(parts) == 1 or len(SIGNED.join([*parts, material.brand])) <= WITH_BRAND):
            parts.append(material.brand)
        return SIGNED.join(parts)

    @property
    def _is_left_open(self) -> bool:
        """Whether the hook is the customer's beginning and says nothing of the sender or the thing: "A plain hall goes
        grey" needs the sentence behind it."""
        material, argument = self._task.material, self._argument
        says_little = not argument.says_what and not material.words.ours.search(argument.hook)
        return argument.goes_on and (says_little or material.is_begun_only)

    def _kept(self) -> int:
        """Characters that must stay free for the name, and for the price where the customer asks for it."""
        material = self._task.material
        name = 0 if self._named else len(material.name or material.brand) + 2
        price = len(material.price) + 2 if self._task.priced and material.price else 0
        return name + price

    def _limits_of_hook(self) -> list[Quote]:
        """What limits the price or offer that the hook names."""
        lead = self._argument.lead
        if lead is None:
            return list(self._limits_of_price()) if self._argument.angle == "price" else []
        return list(self._supply.limits_of(lead))

    def _limits_of_price(self) -> tuple[Quote, ...]:
        """What limits the price, where it is quoted."""
        material = self._task.material
        quoted = (found for found in material.quotes if material.price_is_quoted and material.price in found.text)
        return next((self._supply.limits_of(found) for found in quoted), ())

    def _said_of(self, line: str, chosen: list[Quote]) -> list[Quote]:
        """Names what is advertised, together with its price or with a few words on it, so that the name is no sentence
        of its own; returns the statements that are left."""
        material = self._task.material
        short = [
            found
            for found in chosen
            if found.role in SELLING
            and not found.dangling
            and (not found.is_prose or is_phrase(found.text, material.language))
            and (not material.amount or not amounts_of(found.text) or names_price(found, material, strict=True))
        ]
        if self._task.form is Format.STORY:  # its sentences keep their order
            short = [found for found in short if found is chosen[0]]
        first = next((found for found in short if found.role == "price"), short[0] if short else None)
        if first is not None and line == self._name_line():
            text = as_line(first.text)
            price = readable_amounts(text, material.language) if first.role == "price" else ""
            both = with_price(material.what, price, material.language, turn=self._turn, sold=self._sells_a_thing)
            both = both or behind_name(material.what, text, small_first(text, material), material.language)
            if both and not echoes(first.text, material.what) and self._page.place(both):
                self._named = True
                self._supply.take(first)
                place = chosen.index(first) + 1
                limits = []
                while (
                    place < len(chosen) and chosen[place].role == "condition" and first.source == chosen[place].source
                ):
                    limits.append(chosen[place])
                    place += 1
                return [*limits, *(found for found in chosen if found is not first and found not in limits)]
        self._named = self._page.place(line) or self._page.place(self._name_line())
        return chosen

    def _rows(self, chosen: list[Quote]) -> list[Quote]:
        """Those of the statements that make a list; empty where there are too few."""
        rows = [
            found
            for found in chosen
            if found.source == "features" and found.role in ROWS and not found.is_prose and len(found.text) <= ROW
        ]
        return rows if len(rows) >= FEWEST_ROWS else []

    def _list(self, rows: list[Quote]) -> None:
        phrases = self._task.material.words.phrases("lists", "openers", self._task.tone)
        # a heading above nothing but the list says nothing
        opener = self._one(phrases) if self._page.length else ""
        self._page.new_block()
        lines = [f"• {upper_first(found.text.rstrip('.'))}" for found in rows]
        if self._page.place("\n".join([*([opener] if opener else []), *lines])):
            for found in rows:
                self._supply.take(found)

    def _priced_name(self) -> str:
        """What is advertised with its price, where the price is an amount alone; empty otherwise."""
        material = self._task.material
        if not material.price or material.price_is_quoted or material.dated or not self._wants_price():
            return ""
        plain = with_price(material.what, material.price, material.language, turn=self._turn, sold=self._sells_a_thing)
        return plain or as_sentence(f"{material.what}, {material.price}")

    @property
    def _sells_a_thing(self) -> bool:
        return self._task.material.kind in {"good", "food"} and self._task.material.is_known

    def _sender(self) -> bool:
        """Names the sender, where nothing has."""
        sender = self._task.material.brand
        said = fold(" ".join([self._hook_folded, *self._page.texts]))
        return bool(sender) and fold(sender) not in said and self._page.place(as_sentence(sender))

    def _name_line(self) -> str:
        """A sentence that says what is advertised, every second time with the sender."""
        material = self._task.material
        said = " ".join([self._hook_folded, *(text.casefold() for text in self._page.texts)])
        is_said = bool(material.name and material.subject) and material.subject.casefold() in said
        tail = material.what.removeprefix(material.name) if material.name else ""
        is_said = is_said or (bool(tail) and says_again(tail, self._argument.hook, material.language))
        plain = as_sentence(material.name if is_said else material.what)
        sender = material.brand.casefold()
        said_before = f"{self._hook_folded} {material.what.casefold()}"
        if (
            sender
            and material.kind not in MADE
            and len(material.what.split()) <= SHORT_NAME
            and sender not in said_before
        ):
            line = as_sentence(f"{material.what.rstrip('.')} – {material.brand}")
            return line if len(line) <= min(WITH_BRAND, self._page.room - 1) else plain
        if not sender or material.kind not in MADE or not material.is_sure or sender in said_before:
            return plain
        frames = [text for text in material.words.phrases("named", "by", self._task.tone) if "{subject}" not in text]
        if not frames or self._turn % 2 or _DIVIDED.search(plain):  # "… – wool jumper by Harrow" names no maker
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
        prices = [found for found in self._supply.used if found.role == "price"]
        if any(not material.amount or names_price(found, material, strict=True) for found in prices):
            return False
        if self._argument.angle == "price":
            return False
        amounts = amounts_of(material.price)
        if self._supply.is_price_of_hook(material.price):
            return False
        return not any(amounts & amounts_of(found.text) for found in self._supply.quoted)

    def _name_and_price(self, *, first: bool = True) -> None:
        """What is sold and its price, where the text does not say them. first: the name before all."""
        material = self._task.material
        priced = self._wants_price()
        if not self._named and not (priced and material.says_the_name(material.price)):
            plain = self._priced_name() or as_sentence(f"{material.what}, {material.price}")
            if priced and not material.price_is_quoted and self._page.place(plain):
                self._named = True
                return
            lines = (self._name_line(), as_sentence(material.name or material.brand))
            line = next((line for line in lines if self._page.place(line)), "")
            self._named = bool(line)
            if line and first and self._argument.answer is None:
                self._page.lead(line)  # what it is, before what is said of it
        limits = self._limits_of_price()
        needed = sum(len(limit.sentence) + 1 for limit in limits) + len(as_sentence(material.price)) + 1
        if priced and needed <= self._page.room and self._page.place(as_sentence(material.price)):
            self._named = self._named or material.says_the_name(material.price)
            for limit in limits:
                self._quote(limit)
        elif priced and not limits and material.price_phrase and self._page.place(as_sentence(material.price_phrase)):
            return
        elif material.amount and not material.price and self._task.priced is not False and not self._bare_of_terms:
            self._price_sentence()

    def _price_sentence(self) -> None:
        """The customer's sentence with the price, where the amount by itself is not what one pays."""
        material = self._task.material
        said = "\n".join([self._argument.hook, *self._page.texts])
        if self._argument.angle == "price" or same_amount(said, material.amount):
            return
        for text, parts in priced_sentences(material.sentences, material.amount):
            if self._page.place(text):
                for part in parts:
                    self._supply.beside(part)
                return

    def _condition(self, *, listed: bool = False) -> None:
        """What limits a fact of this text, or of the whole offer, said as it is; where there is room for a sentence."""
        found = self._supply.condition(listed=listed)
        if found is not None and self._page.place(found.sentence):
            self._supply.beside(found)

    def _closer(self, *, last: bool = False) -> None:
        """What to do, where the customer asks for more than to look; `last`: where nothing else can be said."""
        material = self._task.material
        if not last and (not self._task.calls or not material.closing):
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


def _clause_behind(chosen: Sequence[Quote], place: int) -> Quote | None:
    """The limit behind a statement that is a clause of its sentence ("as long as you send it back"); None without."""
    limit = chosen[place + 1] if place + 1 < len(chosen) else None
    if limit is None or limit.role != "condition" or not limit.text[:1].islower() or chosen[place].is_prose:
        return None
    return None if fold(limit.text.rstrip(".")) in fold(chosen[place].text) else limit
