"""The facts that one body may still use: what is free, what says nothing new, what follows well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Final

from services.copy.domain import Format, Tone
from services.copy.providers.local.amounts import CACHED, amounts_of
from services.copy.providers.local.arguments import Argument, names_price
from services.copy.providers.local.description_lines import Line
from services.copy.providers.local.fitness import is_trail
from services.copy.providers.local.material import Material
from services.copy.providers.local.passages import Wish, passage
from services.copy.providers.local.quotes import (
    ECHO,
    Quote,
    content_words,
    first_word,
    fold,
    names_day,
    same_word,
    says_something,
)
from services.copy.providers.local.repeats import numbers_of, says_again, share_said
from services.copy.providers.local.strengths import SELLING
from services.copy.providers.local.words import Words
from services.copy.providers.platforms import Layout

USED_PASSAGE: Final = 0.1  # likewise in a passage, of which another one says other things
OPENING: Final = 0.3  # more for the passage that the customer begins with: it says what is sold
INFORMED: Final = 1.1  # loss as an opening from which a sentence merely informs
DULL: Final = 0.3  # less for such a sentence in a passage
LIMITED: Final = 0.45  # less for each limit that a passage carries
STRENGTH_BESIDE_LIST: Final = 0.38  # from which a sentence stands beside features that the customer lists
FEWEST_SENTENCES: Final = 2  # sentences of a passage
USED: Final = 0.06  # of strength that a fact loses with each text of the request that has it
LEAST: Final = 0.42  # strength below which a fact stands in no text while there are ENOUGH others
ENOUGH: Final = 8
FAINT: Final = 0.34  # likewise while there are FEW others
FEW: Final = 3
REFUSAL: Final = 2  # words among which a refusal begins
AT_LAST: Final = 3  # times that a hook stands again from which a limit stands alone
LINES: Final = 4  # facts of a brief that is a line or two
SAID: Final = 0.6  # share of its words that a text has said from which a fact says nothing new
ALIKE: Final = 0.5  # share of words in common, of the shorter of two facts, from which they say the same
LISTED: Final = frozenset({"conditions", "features"})  # sources of what the customer wants to be said
CONDITION: Final = 110  # characters of a condition that a text names
_KEY: Final = re.compile(r"[^\W\d_][\w /]{2,24}:\s")  # "Payment: in advance"
FEW_WORDS: Final = 2  # of a fact that is about one thing
_COUNT: Final = re.compile(r"(?<![\d.,$€£₹¥])(\d+)[\s\u00a0-]([^\W\d_]{4,})")
_CODE: Final = re.compile(r"(?<![\w-])[^\W\d_]+[A-Z][^\W_]*(?![\w-])")
SEVERAL: Final = 4  # words of a fact of which half in common are no chance
BARE_NEGATION: Final = 5  # words of a negation that says neither good nor bad
INFORMS: Final = 0.2  # less for what customers want to know and do not buy for
WHEN: Final = 1.0  # more for the day of an event: without it nobody can come
RELATED: Final = 0.3  # more for a fact that goes on with what the hook speaks of
ABOUT: Final = 0.6  # share of a feature's words that a sentence has which is about it
_HOOK_PARTS: Final = re.compile(r"[.!?:] ")
REPEATED: Final = 0.7  # share of a headline's words that a sentence has which says it again
ADDED_TO_HOOK: Final = 6  # words of such a sentence that make it say more
ADDED: Final = 3  # words that such a sentence adds, at least
PRICED: Final = frozenset({"price", "offer"})  # roles of what fees and limits stand behind
CONTINUED: Final = SELLING - {"price"}  # roles of sentences that go on with a hook
MOST_CONTINUED: Final = 3  # of them
_TAIL: Final = re.compile(r":\s|\s[–—]\s")  # behind it a sentence says what it means


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
    sparse: bool = False  # whether the brief holds too little for five texts, so that lines which say nothing may stand
    calls: bool = False  # whether the button asks for what the closing lines ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A fact with the texts that must stand behind it."""

    found: Quote
    limits: tuple[Quote, ...] = ()

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """The fact and its limits."""
        return (self.found, *self.limits)

    @property
    def length(self) -> int:
        """Characters of its sentences, with the spaces behind them."""
        return sum(len(found.sentence) + 1 for found in self.quotes)


def in_order(quotes: Iterable[Quote]) -> list[Quote]:
    """Facts in the customer's order: the description, then what is listed."""
    return sorted(quotes, key=lambda found: (found.source != "description", found.place))


class Supply:
    """The facts of one body. `uses`: how often the request's other texts have each fact."""

    def __init__(self, task: Task, argument: Argument, uses: Mapping[str, int]) -> None:
        self._task, self._argument, self._uses = task, argument, uses
        material, lead = task.material, argument.lead
        self._opening = (lead.words if lead else frozenset()) | content_words(material.what, material.words)
        self._beside = [lead] if lead else []  # quoted, but not as one of the body's facts
        self._hook = argument.hook.casefold()
        self.used: list[Quote] = []

    @property
    def quoted(self) -> list[Quote]:
        """Everything that the text quotes, hook and legal lines included."""
        return [*self._beside, *self.used]

    @property
    def _said(self) -> frozenset[str]:
        """Words that hook, name and body have said."""
        return self._opening.union(*(found.words for found in self.used))

    @property
    def spoken(self) -> str:
        """What the text says so far: the hook, what is sold, and the facts that it quotes."""
        lead = self._argument.lead
        hook = [self._argument.hook] if lead is None else [self._argument.hook, lead.text]
        return "\n".join([*hook, self._task.material.what, *(found.text for found in self.quoted)])

    def _is_due(self, found: Quote) -> bool:
        """Whether a fact must be said even in words that were said: what it costs, and the day of an event."""
        material = self._task.material
        return found.role == "price" or (material.dated and names_day(found.text, material.language))

    def beside(self, found: Quote) -> None:
        """Notes a text that stands in the ad without being one of its facts."""
        self._beside.append(found)

    def take(self, found: Quote) -> None:
        """Notes a fact as used."""
        self.used.append(found)

    def free(self, roles: Sequence[str] = (), *, prose: bool = False) -> list[Quote]:
        """Facts that this text has not used and that say something new, the least used and strongest first."""
        quoted = self.quoted
        taken = {found.id for found in quoted}
        free = []
        said = self._said
        spoken = self.spoken
        listed = sum(found.source == "features" for found in self._task.material.quotes) >= FEW
        for found in self._task.material.quotes:
            if found.id in taken or (roles and found.role not in roles):
                continue
            if found.role == "price" and (self._task.priced is False or found.source == "price"):
                continue  # an amount alone is no fact beside others: it stands at the end
            if found.role == "price" and self.is_price_of_hook(found.text):
                continue
            if found.words and len(found.words & said) / len(found.words) > SAID:
                continue
            if any(alike(found, other) for other in quoted):
                continue
            if not self._is_due(found) and says_again(found.text, spoken, self._task.material.language):
                continue
            if not says_something(found.text) and len(self._task.material.quotes) > FEW:
                continue  # "Duvets."
            text = found.text.rstrip(".").casefold()
            if text in self._hook or text in self._task.material.what.casefold():
                continue
            if (
                not prose
                and found.source == "description"
                and listed
                and (found.strength < STRENGTH_BESIDE_LIST or not found.is_prose)
                and not (found.role == "price" and names_price(found, self._task.material, strict=True))
            ):
                continue  # beside what the customer lists
            free.append(found)
        early = [found for found in free if not found.late]
        if early or self.used or prose:
            free = early
        free = [
            found
            for place, found in enumerate(free)
            if place < FEW or found.strength >= (FAINT if place < ENOUGH else LEAST)
        ]
        focus = self._task.focus
        asked = bool(focus & said)  # then what the customer asks for has been said
        used = 1.0 if self._argument.turn else USED  # below the same hook stands what has not been said yet
        return sorted(
            free,
            key=lambda found: (not (focus & found.words) or asked, used * self._uses[found.id] - self._fit(found)),
        )

    def is_price_of_hook(self, text: str) -> bool:
        """Whether the headline names all amounts of a price ("$649 instead of $749", "A$649 instead of A$749")."""
        amounts, language, hook = amounts_of(text), self._task.material.language, self._argument.hook
        if not amounts or not amounts <= amounts_of(hook) | _values(numbers_of(hook, language)):
            return False
        numbers = numbers_of(text, language)
        is_same = len(numbers) > 1 and numbers <= numbers_of(hook, language)  # "$20 for up to 5"
        return is_same or share_said(text, hook, language) >= REPEATED

    def _fit(self, found: Quote) -> float:
        """How well a fact follows: its strength, and whether it goes on with what the hook speaks of."""
        lead = self._argument.fact
        related = bool(lead is not None and lead.words & found.words)
        material = self._task.material
        if material.kind == "event" and found.role == "logistics" and names_day(found.text, material.language):
            return found.strength + WHEN
        informs = _is_found(material.words.informs, found.text)
        return found.strength + (RELATED if related else 0.0) - (INFORMS if informs else 0.0)

    def passage(self, length: int) -> list[Quote]:
        """Sentences of the description that follow each other, within `length` characters; empty without two.

        The strongest run that the request's other texts have not used. A condition that stands between two of them or
        behind the last is part of it: it limits what was said.
        """
        material = self._task.material
        listed = sum(found.source == "features" for found in material.quotes) >= FEW
        free = {
            found.place: found
            for found in self.free(prose=True)
            if found.source == "description"
            and found.is_prose
            and (found.strength >= STRENGTH_BESIDE_LIST or not listed or found is material.opening)
        }
        limits = {found.place: found for found in self._task.material.conditions if found.source == "description"}
        said = {found.place for found in self._task.material.quotes if self.says_again(found)}
        last = max((*free, *limits), default=0)
        best: list[Quote] = []
        best_value = 0.0
        for start, first in free.items():
            if first.dangling and not self.follows(first, at_start=False):
                continue
            run, left = [first], length - len(first.sentence)
            for place in range(start + 1, last + 1):
                found = free.get(place) or limits.get(place)
                if found is not None and place in limits and _refuses(found, self._task.material.words.negations):
                    break
                if found is not None and len(found.sentence) < left:
                    run.append(found)
                    left -= len(found.sentence) + 1
                elif found is not None or place not in said:
                    if place in limits:  # a sentence does not stand without the limit behind it
                        run.pop()
                    break
            while run and any(limit not in run for limit in self.limits_of(run[-1])):
                run.pop()
            if left < 0 or sum(found.place in free for found in run) < FEWEST_SENTENCES:
                continue
            value = -LIMITED * sum(found.place not in free for found in run)
            value -= sum(DULL for found in run if found.loss > INFORMED)
            value += sum(found.strength - USED_PASSAGE * self._uses[found.id] for found in run if found.place in free)
            value += OPENING if start == min(free) else 0.0
            if value > best_value:
                best, best_value = run, value
        return best

    def own_passage(self, length: int, *, fewest: int) -> list[Line]:
        """The best run of the customer's sentences within `length` characters, of `fewest` at least; empty without."""
        material, lead = self._task.material, self._argument.fact
        lines = [self._without_hook(line) for line in material.sentences]
        hook = content_words(self._argument.hook, material.words)
        parts = self._parts_of_hook()

        restated = {
            line.text
            for line in lines
            if any(share_said(part, line.text, material.language) >= REPEATED for part in parts)
        }

        def is_said(line: Line) -> bool:
            text = line.text.rstrip(".").casefold()
            if text in self._hook or self._hook in text:
                return True
            if line.costs and self.is_price_of_hook(line.text):
                return True
            return line.text in restated and len(line.words - hook) < ADDED_TO_HOOK

        return passage(
            lines,
            Wish(
                length=length,
                fewest=fewest,
                begun=self._begun(lines),
                says_what=bool(lines) and self._says_what(lines[0].text),
                lead=lead,
                goes_on=self._argument.goes_on,
                focus=self._task.focus,
                taken={found.id for found in self.quoted if found is not lead or self._argument.lead is not None},
                uses=self._uses,
                priced=self._task.priced is not False,
                said=is_said,
                restates=lambda line: line.text in restated,
                speaks=lambda line: self._says_what(line.text) or bool(material.words.ours.search(line.text)),
            ),
        )

    def _parts_of_hook(self) -> list[str]:
        """The headline, and each statement of one that holds several or the name beside one."""
        hook = self._argument.hook
        parts = [part for part in _HOOK_PARTS.split(hook) if len(content_words(part, self._task.material.words)) > 1]
        return [hook, *(part for part in parts if part not in self._task.material.what)]

    def _without_hook(self, line: Line) -> Line:
        """A line about the fact of the headline without a beginning that says the headline again."""
        lead, language = self._argument.lead, self._task.material.language
        if lead is None or all(share_said(part, line.text, language) < REPEATED for part in self._parts_of_hook()):
            return line
        more = self._more_of(line.quote, lead)
        return replace(line, text=more[0].sentence, words=more[0].words) if more else line

    def _begun(self, lines: Sequence[Line]) -> int:
        """How many lines at the beginning say nothing without those behind them: "A plain hall goes grey"."""
        material = self._task.material
        ids = {found.id for found in material.lead_in}
        count = sum(not line.ids.isdisjoint(ids) for line in lines)
        if not count or any(self._says_what(line.text) for line in lines[:count]):
            return 0 if count <= 1 else count
        is_open = material.is_begun_only or not any(material.words.ours.search(line.text) for line in lines[:count])
        return count + is_open if is_open or count > 1 else 0

    def _says_what(self, text: str) -> bool:
        """Whether a text says what is sold, or who sells it."""
        material = self._task.material
        return material.says_the_name(text) or bool(material.brand and fold(material.brand) in fold(text))

    def continuation(self, length: int) -> list[Quote]:
        """Sentences of the description that go on with what the hook says, within `length` characters: those behind the
        sentence that it quotes or that is about the same thing. None where a limit stands between them.

        A sentence goes on where it points back or speaks of the same; the first that does not ends the run.
        """
        lead = self._argument.fact
        material = self._task.material
        if lead is None or lead.role == "price":
            return []
        described = {found.place: found for found in material.quotes if found.source == "description"}
        anchor = lead if lead.source == "description" else self._about(lead, described)
        if anchor is None:
            return []
        first = [] if anchor is lead else self._more_of(anchor, lead)
        run: list[Quote] = []
        left = length
        for found in [*first, *self._behind(anchor, lead, described)]:
            limits = self.limits_of(anchor if found in first else found)
            whole = [found, *(limit for limit in limits if limit not in run)]
            needed = sum(len(each.sentence) + 1 for each in whole)
            if len(run) >= MOST_CONTINUED or needed > left:
                break
            if not run and found.dangling and anchor is not lead and first_word(found.text) in material.words.dangling:
                break  # "That" is what was not said
            if says_again(found.text, self.spoken, material.language):
                break
            run += whole
            left -= needed
        return run

    def _behind(self, anchor: Quote, lead: Quote, described: Mapping[int, Quote]) -> Iterator[Quote]:
        """The sentences behind one that go on with what it says, up to the first that does not."""
        spoken = lead.words | anchor.words
        taken = {found.id for found in self.quoted}
        for place in range(anchor.place + 1, max(described, default=0) + 1):
            found = described.get(place)
            if found is None or found.id in taken or found.role not in CONTINUED or not found.is_prose or found.late:
                return
            if "?" in found.text or not (self._argument.goes_on or found.dangling or found.words & spoken):
                return
            yield found
            spoken |= found.words

    def _about(self, lead: Quote, described: Mapping[int, Quote]) -> Quote | None:
        """The sentence of the description that is about the same as a feature; None without one."""
        same = [found for found in described.values() if found.id in lead.same_as and found.is_prose and not found.late]
        if same:
            return same[0]
        if len(lead.words) < FEWEST_SENTENCES:
            return None
        shares = {
            place: len(lead.words & found.words) / len(lead.words)
            for place, found in described.items()
            if found.is_prose and not found.late and found.role in CONTINUED
        }
        place = max(shares, key=lambda place: (shares[place], -place), default=None)
        return described[place] if place is not None and shares[place] >= ABOUT else None

    def _more_of(self, anchor: Quote, lead: Quote) -> list[Quote]:
        """The sentence about the same as the hook where it says more, without a beginning that says the hook again."""
        material = self._task.material
        said = lead.words | content_words(self._argument.hook, material.words)
        if len(anchor.words - said) < ADDED or anchor.dangling or "…" in anchor.text:
            return []
        cut = _TAIL.search(anchor.text)
        head = anchor.text[: cut.start()] if cut else ""
        says_again = anchor.id in lead.same_as or bool(_counted(anchor.text) & _counted(self._argument.hook))
        says_again = says_again or first_word(anchor.text) == first_word(self._argument.hook)
        if cut and (says_again or len(content_words(head, material.words) - said) < ADDED):
            tail = anchor.text[cut.end() :]
            words = content_words(tail, material.words)
            is_whole = len(tail.split()) >= ADDED and "(" not in tail and first_word(tail) not in material.words.joints
            return [replace(anchor, text=tail, words=words)] if is_whole and len(words - said) >= ADDED - 1 else []
        return [anchor] if not says_again and len(anchor.words & said) <= ECHO * len(anchor.words) else []

    def limits_of(self, found: Quote) -> tuple[Quote, ...]:
        """The conditions that limit a price or offer, or stand right behind a sentence of a long text, and that the
        text does not hold: without them the fact is not what a customer gets. What only refuses something limits
        nothing, unless it says what the price lacks ("Duty is not included")."""
        keeps_order = self._task.form in {Format.LONG, Format.STORY} and found.is_prose
        behind = self.limit_behind(found) if keeps_order or found.role in PRICED else None
        if behind is None and found.role == "offer" and found.source == "features":
            same = [other for other in self._task.material.quotes if other.id in found.same_as]
            behind = next((limit for other in same if (limit := self.limit_behind(other)) is not None), None)
        named = [limit for limit in self._task.material.conditions if limit.id in found.limited_by]
        held = {quoted.id for quoted in self.quoted}
        return tuple(
            limit
            for limit in [*([behind] if behind and behind not in named else []), *named]
            if limit.id not in held
            and limit.id not in found.same_as
            and (binds(limit, self._task.material.words) or (limit in named and _is_about(limit, found)))
        )

    def statements(self, *, turn: int = 0) -> list[Statement]:
        """What may follow, the least used and strongest first, each with what limits it. `turn`: begins so many later,
        below a hook that stands again."""
        free = self.free()
        free = [*free[turn % len(free) :], *free[: turn % len(free)]] if free else []
        return [Statement(found=found, limits=self.limits_of(found)) for found in free]

    def everything(self) -> list[Quote]:
        """All that the brief says besides what the text holds, limits too, in the customer's order."""
        material = self._task.material
        negations = material.words.negations
        conditions = [
            found
            for found in material.conditions
            if len(found.text) <= CONDITION
            and (found.source in LISTED or self.is_sparse)
            and not is_trail(found.text)
            and not _is_bare_negation(found, negations)
        ]
        kept: list[Quote] = []
        for found in [*self.free(prose=True), *conditions]:
            if (
                not self.is_sparse
                and found.source == "description"
                and found.role in SELLING
                and not self._stands_beside_list(found)
            ):
                continue
            said = "\n".join(other.text for other in kept)
            is_again = not self._is_due(found) and says_again(found.text, said, material.language)
            if not is_again and not any(alike(found, other) for other in [*self.quoted, *kept]):
                kept.append(found)
        bound = [found for found in kept if all(limit in kept for limit in self.limits_of(found))]
        return [found for found in in_order(bound) if not self._is_orphan(found, bound)]

    def _stands_beside_list(self, found: Quote) -> bool:
        """Whether a statement of the description stands in a text that says all, beside what the customer lists."""
        is_price = found.role == "price" and names_price(found, self._task.material, strict=True)
        return is_price or (found.is_prose and found.strength >= STRENGTH_BESIDE_LIST)

    def _is_orphan(self, limit: Quote, kept: Sequence[Quote]) -> bool:
        """Whether a limit stands in the description behind a fact that the text does not hold."""
        if limit.role != "condition" or limit.source != "description":
            return False
        material = self._task.material
        held = {found.id for found in (*kept, *self.quoted)}
        before = [
            found
            for found in (*material.quotes, *material.spare)
            if found.source == "description" and found.place < limit.place
        ]
        last = max(before, key=lambda found: found.place, default=None)
        return last is not None and last.id not in held

    def limit_behind(self, found: Quote) -> Quote | None:
        """The condition right behind a sentence of the description that the text does not hold; None without one."""
        return next(
            (
                limit
                for limit in self._task.material.conditions
                if found.source == limit.source == "description"
                and limit.place == found.place + 1
                and limit not in self.quoted
                and not self._is_apart(limit)
            ),
            None,
        )

    def _is_apart(self, limit: Quote) -> bool:
        """Whether something that no fact holds stands in the description before a limit."""
        return any(line.apart and limit.id in line.ids for line in self._task.material.sentences)

    def follows(self, found: Quote, *, at_start: bool) -> bool:
        """Whether a fact that refers back would stand behind the very sentence that it refers to.

        `at_start`: it would begin a paragraph.
        """
        last = self.used[-1] if self.used else self._argument.lead
        if at_start and self.used:
            return False
        return last is not None and last.source == found.source and last.place == found.place - 1

    @property
    def is_sparse(self) -> bool:
        """Whether the brief is a line or two, of which all is said."""
        return len(self._task.material.quotes) + len(self._task.material.conditions) <= LINES

    def condition(self, *, listed: bool = False) -> Quote | None:
        """The condition to name: one that the customer lists, or what follows a quoted fact; None without one.

        `listed`: only one that the customer lists among features or conditions.
        """
        negations = self._task.material.words.negations
        if self.is_sparse and self._argument.turn % 2:
            return next(
                (
                    found
                    for found in self._task.material.conditions
                    if not self.says_again(found)
                    and not _is_bare_negation(found, negations)
                    and (self._argument.turn >= AT_LAST or not self._is_orphan(found, self.quoted))
                ),
                None,
            )
        listed = listed and not self.is_sparse
        conditions = [
            found
            for found in self._task.material.conditions
            # "No per-seat pricing" may be meant as a good thing
            if len(found.text) <= CONDITION and not _KEY.match(found.text) and not _is_bare_negation(found, negations)
        ]
        places = {(found.source, found.place + 1) for found in self._said_of_price(listed=listed)}
        for found in conditions:
            if self.says_again(found) or (found.dangling and not self.follows(found, at_start=False)):
                continue
            if found.source in LISTED or ((found.source, found.place) in places and not _refuses(found, negations)):
                return found
        return None

    def _said_of_price(self, *, listed: bool) -> list[Quote]:
        """The quoted facts that a limit may stand behind. `listed`: only those of prices and offers, with the sentences
        of the description that name the same amounts."""
        if not listed:
            return self.quoted
        bound = [found for found in self.quoted if found.role in {"price", "offer"}]
        amounts = frozenset[Decimal]().union(*(amounts_of(found.text) for found in bound))
        same = [
            found
            for found in self._task.material.quotes
            if found.role in {"price", "offer"} and amounts & amounts_of(found.text)
        ]
        return [*bound, *same]

    @property
    def used_offer(self) -> bool:
        """Whether one of the body's facts is an offer or a price that a listed condition may limit."""
        return any(found.source == "conditions" for found in self._task.material.conditions) or any(
            found.role == "offer" for found in self.used
        )

    @property
    def passed(self) -> int:
        """The place of the last sentence of the description that the body has: none before it may follow."""
        return max((found.place for found in self.used if found.source == "description" and found.is_prose), default=0)

    def says_again(self, found: Quote) -> bool:
        """Whether a fact says what the text says already."""
        return any(alike(found, other) for other in self.quoted)


def _values(numbers: Iterable[str]) -> frozenset[Decimal]:
    """Whole numbers as amounts."""
    return frozenset(Decimal(number) for number in numbers if number.isascii() and number.isdigit())


@lru_cache(maxsize=CACHED)
def _is_found(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text holds a pattern; kept, since a request asks it of the same texts again and again."""
    return pattern.search(text) is not None


def _is_bare_negation(found: Quote, negations: re.Pattern[str]) -> bool:
    count = len(found.text.split())
    is_short = count < BARE_NEGATION and not any(sign.isdigit() for sign in found.text)
    return (is_short and bool(negations.search(found.text))) or (
        count <= BARE_NEGATION and bool(negations.match(found.text))
    )


def _refuses(found: Quote, negations: re.Pattern[str]) -> bool:
    """Whether a limit only says what is not done: it limits nothing that was said."""
    opening = " ".join(found.text.split()[:REFUSAL])
    return bool(negations.search(opening)) and not any(sign.isdigit() for sign in found.text)


def binds(limit: Quote, words: Words) -> bool:
    """Whether a condition limits the price or offer that it belongs to: not what it merely refuses or welcomes."""
    if words.welcomes.search(limit.text) and not any(sign.isdigit() for sign in limit.text):
        return False
    return not _refuses(limit, words.negations) or bool(words.extras.search(limit.text))


def named_limits(found: Quote, material: Material) -> tuple[Quote, ...]:
    """The conditions without which a fact is not what a customer gets, wherever they stand.

    Those of a price or offer are all that stand behind it, and bind it or not; those of other facts are about them.
    """
    named = (limit for limit in material.conditions if limit.id in found.limited_by)
    return tuple(limit for limit in named if binds(limit, material.words) or _is_about(limit, found))


def _is_about(limit: Quote, found: Quote) -> bool:
    """Whether a limit that the catalog names is about the fact, whatever it refuses: "We can't ship to Alaska"."""
    return found.role not in PRICED or any(same_word(one, other) for one in limit.words for other in found.words)


def alike(one: Quote, other: Quote) -> bool:
    """Whether two facts say the same, or most of it."""
    if other.id in one.same_as and amounts_of(one.text) == amounts_of(other.text):
        return True
    shorter = max(1, min(len(one.words), len(other.words)))
    if shorter <= FEW_WORDS and _codes(one.text) & _codes(other.text):
        return True  # "EPC C, freehold", "EPC C (73)"
    if "price" in {one.role, other.role} and not amounts_of(one.text) & amounts_of(other.text):
        return False  # one of them says what it costs
    brief, long = sorted((one.text.casefold().rstrip("."), other.text.casefold()), key=len)
    if brief in long and re.search(rf"(?<!\w){re.escape(brief)}(?!\w)", long):
        return True
    if _counted(one.text) & _counted(other.text):
        return True  # "About 14 hours for the story", "a sim of 14 hours"
    shared = len(one.words & other.words)
    return shared > ALIKE * shorter or (shared >= ALIKE * shorter and shorter >= SEVERAL)


@lru_cache(maxsize=CACHED)
def _counted(text: str) -> frozenset[tuple[str, str]]:
    """The numbers of a text with what they count: "87 parts" is ("87", "parts"). Amounts of money count nothing."""
    return frozenset((number, noun.casefold()[:6]) for number, noun in _COUNT.findall(text))


@lru_cache(maxsize=CACHED)
def _codes(text: str) -> frozenset[str]:
    """The words of a text with capitals of their own: "EPC", "LiDAR". None of a text in capitals."""
    if text.isupper() and len(text.split()) >= SEVERAL:
        return frozenset()
    return frozenset(word.casefold() for word in _CODE.findall(text))
