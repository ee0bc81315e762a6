"""Which statements a body has: all that a brief says where they fit, else its strongest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.copy.domain import Format
from services.copy.providers.local.amounts import same_amount
from services.copy.providers.local.arguments import Argument, head_of_phrase, names_price
from services.copy.providers.local.quotes import Quote, beginning, names_day, says_something
from services.copy.providers.local.repeats import says_again, share_said
from services.copy.providers.local.strengths import SELLING
from services.copy.providers.local.supply import Supply, Task, alike, in_order

PROSE = {Format.LONG: 0.45, Format.STORY: 0.95}  # share of the usual length that is a run of the customer's sentences
WHOLE = 1.35  # of the usual length that a text may have that says all
ENOUGH = 2  # texts of a request with a fact, from which one that none has comes first
WEAK = 0.42  # strength of a statement below which it is added only to a text that is less than FILLED
FILLED = 0.5  # of its usual length
MOST_SAID = 7  # statements of a text that says all
BRIEF = 160  # characters of a brief that is said whole wherever it has room
SAID = 0.75  # share of a short statement's words that the others have, from which it says nothing new
LEAST_HEAD = 16  # characters of room for the beginning of a fact
ROWS = frozenset({"feature", "figure", "benefit", "logistics", "proof"})  # roles of rows
PLACED = frozenset({"event", "place", "property"})  # kinds of which one must know where
BEHIND_PASSAGE = 1  # facts behind such a passage, besides those that must stand, where they make no list


class Selection:
    """Chooses the statements of one body. `uses`: how often the request's other texts have each fact.

    Set before each choice: `named`, whether the text names what is sold; `passage_length`, the characters of the
    passage that it has; `bare_of_terms`, whether a loan's terms may not stand, because lines that the law asks for have
    no room.
    """

    def __init__(self, task: Task, argument: Argument, supply: Supply, uses: Mapping[str, int]) -> None:
        self._task, self._argument, self._supply, self._uses = task, argument, supply, uses
        self.named = False
        self.passage_length = 0
        self.bare_of_terms = False

    def everything(self, room: int) -> list[Quote]:
        """All statements of the brief, where they fit; empty where they do not. Below a hook that stands again, one is
        left out, another each time."""
        layout = self._task.layout
        if self._task.limited or self.bare_of_terms:
            return []
        every = self.whole(self._supply.everything())
        found = [
            one
            for place, one in enumerate(every)
            if not self._only_begins(one) or any(other.place == one.place + 1 for other in every[place + 1 : place + 2])
        ]
        if len(found) > MOST_SAID:
            return []
        turn = self._argument.turn
        if turn and len(found) > 1:
            left = [
                other
                for other in found
                if other.role in SELLING and other.role != "price" and other is not self._task.material.opening
            ]
            found = self.whole([other for other in found if left and other is not left[(turn - 1) % len(left)]])
        found = self._without_said(found)
        length = sum(len(other.sentence) + 1 for other in found)
        return found if length <= min(room, max(layout.aim * WHOLE, BRIEF)) else []

    def strongest(self, room: int, *, limits: list[Quote], passage: bool) -> list[Quote]:
        """The statements that sell best, up to the length that is usual, and what nobody can do without: the day of an
        event and what it costs. `limits`: what stands before all; `passage`: first sentences that follow each other."""
        layout, supply, material = self._task.layout, self._supply, self._task.material
        chosen: list[Quote] = (
            list(supply.passage(min(room, int(layout.aim * PROSE[self._task.form])))) if passage else []
        )
        length = sum(len(found.sentence) + 1 for found in chosen) or self.passage_length
        room += self.passage_length
        statements = supply.statements(turn=self._argument.turn)
        needed = [statement for statement in statements if self._is_needed(statement.found)]
        fresh = [statement for statement in statements if not self._uses[statement.found.id]]
        if fresh and not material.dated:  # texts enough say it, and the price each
            needed = [
                one
                for one in needed
                if self.costs(one.found) or self._says_what(one.found) or self._uses[one.found.id] < ENOUGH
            ] or fresh[:1]
        count = 0
        for statement in [*needed, *(other for other in statements if other not in needed)]:
            found = statement.found
            if self.bare_of_terms and any(sign.isdigit() for sign in found.text):
                continue
            if self._is_other_price(found) and self._owes_price(chosen):
                continue
            if any(alike(found, other) for other in chosen):
                continue
            is_sentence = found.source == "description" and found.is_prose
            if is_sentence and (self._only_begins(found) or (self.passage_length and statement not in needed)):
                continue
            if is_sentence and found.place < supply.passed and not self.costs(found):
                continue  # the text is past it
            if statement not in needed and says_again(
                found.text, "\n".join(other.text for other in chosen), material.language
            ):
                continue
            is_needed = statement in needed
            usual = layout.aim if found.strength >= WEAK or not chosen else layout.aim * FILLED
            if self.passage_length and not layout.bullets and count >= BEHIND_PASSAGE:
                usual = 0
            if not is_needed and (length >= usual or (self._task.limited and count >= layout.facts)):
                continue
            if length + statement.length <= room:
                chosen += statement.quotes
                length += statement.length
                count += 1
                continue
            text = found.within(room - length - 2, material.words) if not statement.limits else None
            if text is None and self.is_one_line and found.role in ROWS:  # rather its first clause than nothing
                text = beginning(found.text, room - length - 2, material.words)
            left = room - length - 2
            if text is None and chosen and found.role in ROWS and not statement.limits and left >= LEAST_HEAD:
                head = head_of_phrase(found, left, material)
                if head is not None:
                    chosen.append(replace(found, text=head))
                    length += len(head) + 2
                continue
            if text is not None and says_something(text) and not chosen:
                chosen.append(replace(found, text=text))
                length += len(text) + 2
        others = self._without_said([found for found in chosen if found not in limits])
        others = self.whole(in_order(others) if self._keeps_order else self._strongest_first(others))
        others = _with_limits_behind(others, {found.id: self._supply.limits_of(found) for found in others})
        return [*(limit for limit in chosen if limit in limits), *others]

    def _without_said(self, chosen: Sequence[Quote]) -> list[Quote]:
        """Statements without the short ones whose words others or the hook have in another order ("Admission included"
        beside "The course is €189, admission is included")."""
        kept = list(chosen)
        for found in chosen:
            said = "\n".join([self._argument.hook, *(other.text for other in kept if other is not found)])
            limits = self._supply.limits_of(found)
            if (
                found.is_prose
                or found.role == "legal"
                or limits
                or any(found in self._supply.limits_of(one) for one in kept)
            ):
                continue
            if len(kept) > 1 and share_said(found.text, said, self._task.material.language) >= SAID:
                kept.remove(found)
        return kept

    @property
    def _keeps_order(self) -> bool:
        """Whether the customer's sentences keep their order."""
        return self._task.form in {Format.LONG, Format.STORY}

    def _strongest_first(self, chosen: Sequence[Quote]) -> list[Quote]:
        """Statements with what limits them, in the order in which a line or two say them: what is offered, then the
        strongest, the price last. What points back stays behind what it points to."""
        groups: list[list[Quote]] = []
        for found in chosen:
            follows = bool(groups) and (
                found.role in {"condition", "legal"}
                or (found.dangling and (found.source, found.place - 1) == (groups[-1][-1].source, groups[-1][-1].place))
            )
            if follows:
                groups[-1].append(found)
            else:
                groups.append([found])
        return [found for group in sorted(groups, key=lambda group: self._rank(group[0])) for found in group]

    def _rank(self, found: Quote) -> tuple[bool, bool, bool, float]:
        """What orders the statements of a line or two: the opening, the customer's sentences in their order, what is
        listed by strength, the price."""
        is_written_as_prose = found.source == "description" and found.is_prose
        material = self._task.material
        begins = found is material.opening or any(found.id == one.id for one in material.lead_in)
        return (
            not begins,
            found.role == "price",
            not is_written_as_prose,
            found.place if is_written_as_prose else -found.strength,
        )

    @property
    def is_one_line(self) -> bool:
        """Whether the brief is one line, and no price must stand beside it."""
        quotes = self._task.material.quotes
        return not self._task.priced and sum(found.source != "price" for found in quotes) == 1

    def _is_needed(self, found: Quote) -> bool:
        """Whether a statement says when an event is, what the product costs, or what is offered."""
        material = self._task.material
        if material.dated and names_day(found.text, material.language):
            return True
        if found is material.opening and (found.is_prose or not self.named):
            return True
        if any(found.id == one.id for one in material.lead_in):
            return not self._only_begins(found)
        if found.role == "logistics" and material.kind in PLACED and not names_day(found.text, material.language):
            return not any(used.role == "logistics" for used in self._supply.quoted)
        return self.costs(found) and self._task.priced is not False and self._argument.angle != "price"

    def _only_begins(self, found: Quote) -> bool:
        """Whether a sentence is the customer's beginning and says nothing without the one behind it."""
        material = self._task.material
        begins = any(found.id == one.id for one in material.lead_in)
        if not begins or material.says_the_name(found.text):
            return False
        return material.is_begun_only or not material.words.ours.search(found.text)

    def _says_what(self, found: Quote) -> bool:
        """Whether a statement says what the product is, where its name may not."""
        material = self._task.material
        return found is material.opening and not material.is_known and material.says_the_name(found.text)

    def costs(self, found: Quote) -> bool:
        """Whether a statement says what the product costs."""
        material = self._task.material
        return found.role == "price" or bool(material.amount and names_price(found, material, strict=True))

    def _is_other_price(self, found: Quote) -> bool:
        """Whether a statement is the price of a size or of more than one, beside which the product's own is quoted."""
        material = self._task.material
        if found.role != "price" or not material.amount or names_price(found, material, strict=True):
            return False
        return any(names_price(other, material, strict=True) for other in material.quotes)

    def _owes_price(self, chosen: Sequence[Quote]) -> bool:
        """Whether neither the headline nor the text says what the product itself costs."""
        material = self._task.material
        said = [self._argument.hook, *(found.text for found in (*chosen, *self._supply.quoted))]
        return not any(same_amount(text, material.amount) for text in said)

    def whole(self, found: list[Quote]) -> list[Quote]:
        """Statements without those that refer back to one that does not stand before them."""
        kept: list[Quote] = []
        for statement in found:
            before = kept[-1] if kept else self._argument.lead
            follows = before is not None and (before.source, before.place) == (statement.source, statement.place - 1)
            if not statement.dangling or follows:
                kept.append(statement)
        return kept


def _with_limits_behind(quotes: Sequence[Quote], limits: Mapping[str, Sequence[Quote]]) -> list[Quote]:
    """The statements, each with the limits among them right behind it. limits: of each statement, by its id."""
    bound = {limit.id for found in quotes for limit in limits[found.id] if any(limit.id == one.id for one in quotes)}
    ordered: list[Quote] = []
    for found in quotes:
        if found.id in bound:
            continue
        ordered.append(found)
        own = {limit.id for limit in limits[found.id]} & bound
        ordered += [one for one in quotes if one.id in own and one not in ordered]
    return ordered
