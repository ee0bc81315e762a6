"""What every text of one request may be made of: words that agree, lines of the trade, what facts mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from services.copy.domain import Tone
from services.copy.providers.local import english, library
from services.copy.providers.local.facts import Fact, FactKind, content_words, is_mass
from services.copy.providers.local.library import Line, Payoff
from services.copy.providers.local.subject import Subject, is_several
from services.copy.providers.local.topics import senses_of

_GET = {
    "goods": "get", "food": "order", "software": "try", "service": "call", "place": "book", "course": "join",
    "event": "get tickets for", "cause": "support",
}  # fmt: skip
SINGULAR = re.compile(r"\b[Ii]t(?:s|self|'s|'ll)?\b")  # says "it" of the product: not for products in the plural
DEFINITION = 99  # the place of what the product is, among the facts
_PREFERENCE = 3
_CHATTY = frozenset({Tone.CASUAL, Tone.PLAYFUL})
_NOUN_SLOTS = frozenset({"N", "aN", "thisN", "N1"})
FRAGMENT_KINDS = frozenset(
    {FactKind.DOES, FactKind.HAS, FactKind.IS, FactKind.ITEMS, FactKind.NONE, FactKind.CAN, FactKind.BARE}
)
_OF_FACTS = (  # slots that want a fact of some kind
    ({FactKind.DOES}, ("does", "do", "doing", "does1")),
    ({FactKind.CAN}, ("can",)),
    ({FactKind.HAS}, ("np",)),
    ({FactKind.IS}, ("adj",)),
    (FRAGMENT_KINDS, ("fact", "fact2")),
    (frozenset(FactKind) - {FactKind.BARE}, ("clause", "pclause", "pclause1", "pclauseit", "sentence", "psentence")),
)
_BARE = re.compile(r"(?!the |a |an |“)[a-z]")  # "no jargon", but not "no the queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The stock of one request, worked out once. Lines are those that suit; `people` is the audience that is named."""

    subject: Subject
    called: str  # the name as a sentence says it
    tone: Tone
    people: str
    name_words: frozenset[str]
    agreed: Mapping[str, str]  # slots that follow from product and tone alone
    lines: Mapping[str, tuple[str, ...]]  # by slot
    scenes: tuple[tuple[str, str], ...]  # what opens a story, and what happens next
    doubts: tuple[tuple[str, str], ...]  # what keeps people from buying, and an answer
    answered: frozenset[str]  # what the facts are about
    payoffs: Mapping[int, tuple[Payoff, ...]]  # by a fact's order: what it means to the customer
    gains: Mapping[int, tuple[str, ...]]  # and the lines that say so
    lacking: frozenset[str]  # slots that nothing can fill


def stock_of(subject: Subject, tone: Tone, facts: tuple[Fact, ...], people: str) -> Stock:
    """The stock for a product, a tone, and the facts that may be told."""
    category = subject.category
    payoffs = _payoffs(subject, facts)

    def suiting(rows: Iterable[Line]) -> tuple[str, ...]:
        return tuple(row.text for row in rows if not row.only or row.only & subject.plain)

    def pairs(rows: Iterable[tuple[Line, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((row.text, then) for row, then in rows if not row.only or row.only & subject.plain)

    answered = frozenset().union(*(fact.senses for fact in facts), senses_of(subject.definition))
    pains = _answerable(suiting(category.pains), answered)
    agreed, doubts = _agreement(subject, tone), pairs(category.doubts)
    lines = {
        "pain": pains,
        "barepain": tuple(row for row in pains if _BARE.match(row)),
        "moment": suiting(category.moments),
        "people": suiting(category.people),
        "truth": suiting(category.truths),
        "step": suiting(category.steps),
    }
    return Stock(
        subject=subject,
        called=subject.called,
        tone=tone,
        people=people,
        name_words=content_words(subject.name),
        agreed=agreed,
        lines=lines,
        scenes=pairs(category.scenes),
        doubts=doubts,
        answered=answered,
        payoffs=payoffs,
        gains={
            order: tuple(
                line
                for row in rows
                for line in suiting(row.lines[tone])
                if not (subject.plural and SINGULAR.search(line))
            )
            for order, rows in payoffs.items()
        },
        lacking=frozenset(
            {
                *(slot for slot in _NOUN_SLOTS if slot not in agreed),
                *(slot for slot, rows in lines.items() if not rows and not (slot == "people" and people)),
                *(() if doubts else ("doubt", "answer")),
                *(() if subject.definition else ("def", "isdef")),
                *(
                    slot
                    for kinds, slots in _OF_FACTS
                    if not any(fact.kind in kinds for fact in facts)
                    for slot in slots
                ),
            }
        ),
    )


def _answerable(pains: tuple[str, ...], answered: frozenset[str]) -> tuple[str, ...]:
    """Pains that a fact answers, thrice for each that is about nothing in particular; what no fact answers is left out
    as long as two others remain."""
    found = [(pain, senses_of(pain)) for pain in pains]
    fitting = [pain for pain, senses in found if senses & answered]
    neutral = [pain for pain, senses in found if not senses]
    return (*fitting * _PREFERENCE, *neutral) if len(fitting) + len(neutral) > 1 else pains


def _payoffs(subject: Subject, facts: tuple[Fact, ...]) -> dict[int, tuple[Payoff, ...]]:
    """The payoffs of each fact that has some."""
    phrases = [*((fact.order, fact.text) for fact in facts), (DEFINITION, subject.definition)]
    found = ((place, _payoffs_of(subject.kind, phrase.lower())) for place, phrase in phrases)
    return {place: rows for place, rows in found if rows}


@lru_cache(maxsize=1024)
def _payoffs_of(kind: str, phrase: str) -> tuple[Payoff, ...]:
    if phrase.startswith(("not ", "without ")):
        return ()
    return tuple(row for row in library.payoffs() if kind in row.kinds and row.when.search(phrase))


def _agreement(subject: Subject, tone: Tone) -> dict[str, str]:
    """The slots whose filling follows from the product and the tone alone. Noun slots are missing where no word for
    the product's kind is known, or where it cannot be counted."""
    plural = subject.plural
    pairs = {
        "it": ("it", "them"), "them": ("it", "them"), "its": ("its", "their"), "is": ("is", "are"),
        "isnt": ("is not", "are not"), "has": ("has", "have"), "dothey": ("does", "do"), "comes": ("comes", "come"),
        "keeps": ("keeps", "keep"), "makes": ("makes", "make"),
    }  # fmt: skip
    found = {name: forms[1] if plural else forms[0] for name, forms in pairs.items()}
    several = plural or is_several(subject.definition)
    found["Itis"] = (("It’s", "They’re") if tone in _CHATTY else ("It is", "They are"))[several]
    found |= {"P": subject.name, "theP": subject.called, "get": f"{_GET[subject.kind]} {subject.called}"}
    if subject.noun:
        several = subject.noun_plural
        bare = several or is_mass(subject.noun)
        found["N"] = subject.noun
        found["aN"] = subject.noun if bare else f"{english.article(subject.noun)} {subject.noun}"
        found["thisN"] = f"{'these' if several else 'this'} {subject.noun}"
        if not bare:
            found["N1"] = subject.noun
    return found
