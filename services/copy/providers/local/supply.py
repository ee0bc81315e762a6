"""The facts that one body may still use: what is free, what says nothing new, what follows well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.copy.domain import Format, Tone
from services.copy.providers.local.arguments import Argument
from services.copy.providers.local.material import Material
from services.copy.providers.local.quotes import Quote, content_words
from services.copy.providers.platforms import Layout

USED: Final = 0.06  # of strength that a fact loses with each text of the request that has it
LEAST: Final = 0.42  # strength below which a fact stands in no text while there are ENOUGH others
ENOUGH: Final = 8
SAID: Final = 0.6  # share of its words that a text has said from which a fact says nothing new
ALIKE: Final = 0.5  # share of words in common, of the shorter of two facts, from which they say the same
CONDITION: Final = 110  # characters of a condition that a text names
SEVERAL: Final = 4  # words of a fact of which half in common are no chance
BARE_NEGATION: Final = 5  # words of a negation that says neither good nor bad
RELATED: Final = 0.3  # more for a fact that goes on with what the hook speaks of


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What bodies are written for.

    `offers`: sentences that every variant carries, `topics` those that its body begins with. `focus`: words of facts to
    prefer. `priced`: the customer's wish for the price, None where there is none.
    """

    material: Material
    tone: Tone
    form: Format
    layout: Layout
    offers: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    focus: frozenset[str] = frozenset()
    priced: bool | None = None
    limited: bool = False


class Supply:
    """The facts of one body. `uses`: how often the request's other texts have each fact."""

    def __init__(self, task: Task, argument: Argument, uses: Mapping[str, int]) -> None:
        self._task, self._argument, self._uses = task, argument, uses
        material, lead = task.material, argument.lead
        self._said = {*(lead.words if lead else ()), *content_words(material.what, material.words)}
        self._beside = [lead] if lead else []  # quoted, but not as one of the body's facts
        self._hook = argument.hook.casefold()
        self.used: list[Quote] = []

    @property
    def quoted(self) -> list[Quote]:
        """Everything that the text quotes, hook and legal lines included."""
        return [*self._beside, *self.used]

    def beside(self, found: Quote) -> None:
        """Notes a text that stands in the ad without being one of its facts."""
        self._beside.append(found)

    def take(self, found: Quote) -> None:
        """Notes a fact as used."""
        self.used.append(found)
        self._said |= found.words

    def put_back(self, count: int) -> None:
        """Makes the last `count` facts free again."""
        del self.used[len(self.used) - count :]

    def free(self, roles: Sequence[str] = ()) -> list[Quote]:
        """Facts that this text has not used and that say something new, the least used and strongest first."""
        quoted = self.quoted
        taken = {found.id for found in quoted}
        free = []
        for found in self._task.material.quotes:
            if found.id in taken or (roles and found.role not in roles):
                continue
            if found.role == "price" and (self._task.priced is False or found.source == "price"):
                continue  # an amount alone is no fact beside others: it stands at the end
            if found.words and len(found.words & self._said) / len(found.words) > SAID:
                continue
            if any(_alike(found, other) for other in quoted):
                continue
            text = found.text.rstrip(".").casefold()
            if text in self._hook or text in self._task.material.what.casefold():
                continue
            free.append(found)
        free = free[:ENOUGH] + [found for found in free[ENOUGH:] if found.strength >= LEAST]
        focus = self._task.focus
        asked = bool(focus & self._said)  # then what the customer asks for has been said
        used = 1.0 if self._argument.turn else USED  # below the same hook stands what has not been said yet
        return sorted(
            free,
            key=lambda found: (not (focus & found.words) or asked, used * self._uses[found.id] - self._fit(found)),
        )

    def _fit(self, found: Quote) -> float:
        """How well a fact follows: its strength, and whether it goes on with what the hook speaks of."""
        lead = self._argument.fact
        related = bool(lead is not None and lead.words & found.words)
        return found.strength + (RELATED if related else 0.0)

    def follows(self, found: Quote, *, at_start: bool) -> bool:
        """Whether a fact that refers back would stand behind the very sentence that it refers to.

        `at_start`: it would begin a paragraph.
        """
        last = self.used[-1] if self.used else self._argument.lead
        if at_start and self.used:
            return False
        return last is not None and last.source == found.source and last.place == found.place - 1

    def condition(self) -> Quote | None:
        """The condition to name: one of the customer's field, or what follows a quoted fact; None without one."""
        negations = self._task.material.words.negations
        conditions = [
            found
            for found in self._task.material.conditions
            # "No per-seat pricing" may be meant as a good thing
            if len(found.text) <= CONDITION
            and not (negations.match(found.text) and len(found.text.split()) <= BARE_NEGATION)
        ]
        places = {(found.source, found.place + 1) for found in self.quoted}
        for found in conditions:
            if found.source == "conditions" or (found.source, found.place) in places:
                return found
        return None

    def says_again(self, found: Quote) -> bool:
        """Whether a fact says what the text says already."""
        return any(_alike(found, other) for other in self.quoted)


def _alike(one: Quote, other: Quote) -> bool:
    """Whether two facts say the same, or most of it."""
    shorter = max(1, min(len(one.words), len(other.words)))
    shared = len(one.words & other.words)
    return shared > ALIKE * shorter or (shared >= ALIKE * shorter and shorter >= SEVERAL)
