"""The description's own sentences as lines, with what each leans on and what limits it.

Facts are parts of sentences; a text that follows the customer needs the sentences. "You buy it once, for £59, and it
carries on working for as long as your computer does" is one line here and two facts elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.copy.providers.local.amounts import same_amount
from services.copy.providers.local.fitness import is_demand, is_hours, is_shorthand, is_trail
from services.copy.providers.local.quotes import Quote, content_words, first_word
from services.copy.providers.local.strengths import SELLING
from services.copy.providers.local.telephones import has_telephone
from services.copy.providers.local.words import Words, signs

PRICE_WITHIN: Final = 12  # characters of a line that begins with the price
MOST_LINES: Final = 60  # of a description that are read
LONGEST: Final = 260  # characters of a line
FEWEST_WORDS: Final = 4  # of one
HOURS_WORDS: Final = 14  # words of a line that is about hours: a longer one says more than when
HEADING: Final = 8  # words of a line above terms ("The conditions, and we do mean them")
FIRST_WORDS: Final = 6  # words of a line among which a pronoun stands for what was named before
CLEAN: Final = 0.6  # share of lines that may stand in an ad, at least: less is a note and no text to quote
SEVERAL_LINES: Final = 5  # of which that can be said
OPENING_WORDS: Final = 4  # words with which a line begins
REFUSAL: Final = 2  # words among which a refusal begins
JOINING: Final = 2  # words between two facts of one sentence that hold neither
QUESTION: Final = 70  # characters of a question that the next line answers
CLOSED: Final = frozenset({"legal", "contact"})  # roles of what is said elsewhere or not at all
USUAL: Final = 0.12  # strength of a fact from which a line adds to a text
LIMIT_WORTH: Final = -0.1  # of a line that limits or refuses
DEMAND_WORTH: Final = -0.2  # of one that asks something of the customer
BESIDE_WORTH: Final = -0.15  # of one with the price of something beside the product, and of hours
PRICED: Final = 0.25  # more for a line with the price,
NAMED: Final = 0.3  # more for one that says what is sold by its name
_GREETINGS: Final = frozenset(signs("greetings"))
_EACH: Final = frozenset(signs("each"))
_SMALL_PRINT: Final = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, signs('small_print')))})(?!\w)", re.IGNORECASE)
_THERE: Final = frozenset(signs("there"))  # "There are eleven of us"
_ENDS: Final = ".!?…。！？।"
_CLOSERS: Final = "\"'”’»)"
_SENTENCE_END: Final = re.compile(rf"[{re.escape(_ENDS)}][{re.escape(_CLOSERS)}]*(?=\s|$)|\n+|(?<=[。！？])")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MONEY: Final = re.compile(r"[$€£₹¥₺₽%]|\b(?:EUR|USD|GBP|CHF|zł|kr)\b")
_ADDRESS: Final = re.compile(r"https?://|www\.|\S@\S+\.\w|\b[\w-]+\.(?:com|org|net|co\.uk|de|fr|es|it|pt|eu)\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence of the description.

    `parts`: the facts in it, in order. `begins`: whether it begins a paragraph; `closed`: whether it stands in no ad;
    `apart`: whether something that no fact holds stands before it; `limits`: whether it only limits or refuses;
    `asks`: whether it asks something of the customer; `leans`: whether it cannot be read without the one before it;
    `beside`: whether it is about hours, or the price of something else; `costs`: whether it names the product's price.
    """

    text: str
    parts: tuple[Quote, ...]
    begins: bool = False
    closed: bool = False
    apart: bool = False
    limits: bool = False
    binds: bool = False  # whether it limits the price or offer of the line before it
    refuses: bool = False  # whether it only says what is not done
    points: bool = False  # whether its first word stands for something that was named before
    refers: bool = False  # whether a pronoun stands among its first words
    unfit: bool = False  # whether it begins with what is not done, or merely informs, so that no text begins with it
    taken_back: bool = False  # whether what stands behind it takes it back and may stand in no ad
    asks: bool = False
    leans: bool = False
    beside: bool = False
    costs: bool = False
    dated: bool = False
    named: bool = False  # whether it says the product's name
    words: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """Ids of its facts."""
        return frozenset(part.id for part in self.parts)

    @property
    def is_priced(self) -> bool:
        """Whether it names money, a share, or an offer."""
        return bool(_MONEY.search(self.text)) or any(part.role in {"price", "offer"} for part in self.parts)

    @property
    def begins_with_price(self) -> bool:
        """Whether its first words are the product's price."""
        return self.costs and _MONEY.search(self.text[:PRICE_WITHIN]) is not None

    @property
    def worth(self) -> float:
        """What it is worth in a text."""
        if self.asks:
            return DEMAND_WORTH
        if self.limits:
            return LIMIT_WORTH
        if self.beside:
            return BESIDE_WORTH
        strength = max((part.strength for part in self.parts if part.role in SELLING), default=USUAL)
        return strength - USUAL + (PRICED if self.costs else 0.0) + (NAMED if self.named else 0.0)

    @property
    def quote(self) -> Quote:
        """The line as one fact, which stands for all that are in it."""
        first = max(self.parts, key=lambda part: (part.role in SELLING, part.strength))
        others = tuple(part.id for part in self.parts if part is not first)
        return replace(
            first,
            id=self.parts[-1].id,
            text=self.text,
            words=self.words,
            dangling=self.leans,
            same_as=tuple(dict.fromkeys([*(same for part in self.parts for same in part.same_as), first.id, *others])),
        )


def lines_of(
    quotes: Sequence[Quote],
    description: str,
    words: Words,
    *,
    doubted: Collection[str],
    may_say: Callable[[str], bool],
    is_price: Callable[[str], bool],
    is_day: Callable[[str], bool],
    is_name: Callable[[str], bool],
    questions: bool,
) -> tuple[Line, ...]:
    """The description's sentences that hold facts, in order; empty for a text whose sentences cannot be found again.

    quotes: all facts of the brief; doubted: ids of those of which the catalog thinks little. may_say: whether a text
    has no sign of junk; is_price: whether it names the product's price; is_day: whether it names the day of an event;
    is_name: whether it says the product's name. questions: whether a question may stand before its answer.
    """
    written = re.sub(r"[ \t\u00a0]+", " ", description).strip()
    plain = written.lower().replace("’", "'")
    if len(plain) != len(written):  # letters that change their number
        return ()
    described = sorted((found for found in quotes if found.source == "description"), key=lambda found: found.place)
    spans: list[tuple[int, int, Quote]] = []
    at = 0
    for found in described[:MOST_LINES]:
        text = re.sub(r"\s+", " ", found.text).strip().rstrip(_ENDS).lower().replace("’", "'")
        start = plain.find(text, at)
        if not text or start < 0:
            continue
        spans.append((start, start + len(text), found))
        at = start + len(text)
    lines: list[Line] = []
    last_end = 0
    for start, end, parts in _sentences(spans, written, words):
        if lines and _is_taken_back(written[last_end:start], words):
            lines[-1] = replace(lines[-1], closed=True, taken_back=True)
        line = _line(written, last_end, start, end, parts, words, may_say, questions=questions)
        costs = is_price(line.text)
        of_others = _MONEY.search(line.text) is not None and not costs and not any(p.role == "offer" for p in parts)
        is_day_named = is_day(line.text)
        is_brief = len(_WORD.findall(line.text)) <= HOURS_WORDS
        hours = is_hours(line.text) and is_brief and not (is_day_named or costs)
        beside = (of_others and any(part.role == "price" for part in parts)) or hours
        is_doubted = all(part.id in doubted for part in parts)
        refuses = is_doubted and words.negations.search(line.text) is not None
        line = replace(line, limits=line.limits or refuses)
        lines.append(replace(line, costs=costs, beside=beside, dated=is_day_named, named=is_name(line.text)))
        last_end = end
    kept = sum(not line.closed for line in lines)
    return tuple(lines) if len(lines) < SEVERAL_LINES or kept >= CLEAN * len(lines) else ()


def _pronouns(words: Words) -> frozenset[str]:
    """Words that stand for what was named before."""
    return frozenset(words.pronouns) | frozenset(words.far)


def _greets(text: str) -> bool:
    """Whether a line is written to whoever makes the ad ("Hi Kerry this is what I want on it")."""
    first, _, rest = text.partition(" ")
    return first.casefold() in _GREETINGS and rest[:1].isalpha()


def _is_taken_back(between: str, words: Words) -> bool:
    """Whether a text that no fact holds takes back what stands before it ("It doesn't give anyone a guarantee")."""
    behind = between.lstrip(_ENDS + _CLOSERS + " ").partition("\n")[0]
    leans = first_word(behind) in words.dangling or first_word(behind) in words.joints
    return leans and words.negations.search(behind) is not None


def _sentences(
    spans: Sequence[tuple[int, int, Quote]], written: str, words: Words
) -> list[tuple[int, int, tuple[Quote, ...]]]:
    """Facts of one sentence together: where it begins and ends in the text, and its facts."""
    found: list[tuple[int, int, tuple[Quote, ...]]] = []
    for start, end, quote in spans:
        if found:
            between = written[found[-1][1] : start]
            gap = _WORD.findall(between)
            joined = len(gap) <= JOINING and all(word.casefold() in words.joints for word in gap)
            if joined and not _SENTENCE_END.search(between):
                first, _, parts = found[-1]
                found[-1] = (first, end, (*parts, quote))
                continue
        found.append((start, end, (quote,)))
    return [(start, _with_stop(written, end), parts) for start, end, parts in found]


def _with_stop(written: str, end: int) -> int:
    """The end of a sentence with its stop and closing marks."""
    while end < len(written) and written[end] in _ENDS + _CLOSERS:
        end += 1
    return end


def _line(
    written: str,
    last_end: int,
    start: int,
    end: int,
    parts: tuple[Quote, ...],
    words: Words,
    may_say: Callable[[str], bool],
    *,
    questions: bool,
) -> Line:
    before = written[last_end:start]
    pieces = [piece.strip() for piece in re.split(r"(?<=[.!?…])\s+|\n+", before) if _WORD.search(piece)]
    text = written[start:end].strip()
    begins = last_end == 0 or "\n" in before
    apart = bool(pieces)
    if len(pieces) == 1 and pieces[0].endswith("?") and len(pieces[0]) <= QUESTION and "\n" not in before.strip():
        apart = False
        if questions and may_say(pieces[0]):
            text = f"{pieces[0]} {text}"
    is_torn = bool(pieces) and not pieces[-1].endswith(tuple(_ENDS)) and "\n" not in before[len(before.rstrip()) :]
    text = re.sub(r"\s+", " ", text)
    first = first_word(text)
    roles = {part.role for part in parts}
    limits = bool(roles) and roles <= {"condition"} and (_is_limiting(text, words) or is_demand(text, words))
    heads = _SMALL_PRINT.search(text) is not None and len(_WORD.findall(text)) <= HEADING
    limits = (limits or _SMALL_PRINT.search(text) is not None) and not heads
    closed = (
        is_torn
        or heads
        or _greets(text)
        or bool(roles & CLOSED)
        or len(text) > LONGEST
        or len(_WORD.findall(text)) < FEWEST_WORDS
        or not text.endswith(tuple(_ENDS + _CLOSERS))
        or text.endswith("?")
        or not (text[:1].isupper() or text[:1].isdigit() or text[:1] in "¿¡“\"«‘'$€£¥")
        or is_shorthand(text)
        or is_trail(text)
        or has_telephone(text)
        or bool(_ADDRESS.search(text))
        or "*" in text
        or ": " in text[:24]
        or not may_say(text)
    )
    return Line(
        text=text,
        parts=parts,
        begins=begins,
        closed=closed,
        apart=apart,
        limits=limits,
        binds=limits
        and not is_hours(text)
        and (is_demand(text, words) or words.guards.search(words.negations.sub(" ", text)) is not None),
        refuses=words.negations.search(" ".join(text.split()[:REFUSAL])) is not None
        and not any(sign.isdigit() for sign in text),
        points=first in words.dangling and first not in _THERE,
        refers=bool(_pronouns(words).intersection(re.findall(r"[\w'’]+", text.casefold())[:FIRST_WORDS])),
        unfit=words.negations.search(" ".join(text.split()[:OPENING_WORDS])) is not None
        or words.informs.search(text) is not None
        or words.extras.search(text) is not None,
        asks=is_demand(text, words),
        leans=first not in _THERE
        and (
            parts[0].dangling
            or first in words.dangling
            or first in words.joints
            or first in words.weak_start
            or first in _EACH
        ),
        words=content_words(text, words),
    )


def _is_limiting(text: str, words: Words) -> bool:
    """Whether a sentence that the catalog takes for a condition refuses something or names a case."""
    return words.negations.search(text) is not None or bool(
        words.weak_start.intersection(text.casefold().split()) or _MONEY.search(text)
    )


def priced_sentences(lines: Sequence[Line], amount: str) -> Iterator[tuple[str, tuple[Quote, ...]]]:
    """Sentences that name the price, each with the line that limits it; then the first sentence of a longer line.

    amount: the price as a decimal number.
    """
    for place, line in enumerate(lines):
        if not line.costs or line.closed or line.leans:
            continue
        behind = lines[place + 1] if place + 1 < len(lines) else None
        bound = behind is not None and not behind.apart and (behind.binds or (behind.limits and not behind.refuses))
        if behind is not None and bound:
            if not behind.closed:
                yield f"{line.text} {behind.text}", (*line.parts, *behind.parts)
            continue
        yield line.text, line.parts
        first, *more = re.split(r"(?<=[.!])\s+(?=[A-ZÀ-Þ])", line.text)
        if more and same_amount(first, amount):
            yield first, line.parts
