"""Ways into an ad: each argument is a hook with the fact that it leads with or that answers it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from services.copy.domain import Tone
from services.copy.providers.local.material import Material, name_parts, phrase_within, same_amount
from services.copy.providers.local.quotes import Quote, as_line, as_sentence, first_word, says_something, upper_first
from services.copy.providers.local.words import Cue

SHORT_HOOK: Final = 44  # characters read at a glance; longer hooks lose
BOTH: Final = 58  # characters of a hook that says what is sold and leads with a fact
FOCUS: Final = 3.0  # what the customer asks for comes first
PAIRED: Final = 6  # facts that are set beside each other
PAIR: Final = 0.5  # less for two facts in one hook: one is left less to say
WEAK: Final = 0.6  # less for a text that begins with "if"
OWN_TRADE: Final = -0.05  # more for a line of this trade: the fact itself is the better opening
ANY_TRADE: Final = 0.3  # less for a line of any trade
CUT: Final = 0.08  # less for a fact that is shortened
FRAGMENT: Final = 0.6  # less for two words of a description: often a heading
TELLING: Final = 0.45  # strength from which a place, a time or the second of two facts is a reason to buy
SPECIFICATION: Final = 0.3  # less for a size or a count by itself: it informs and does not open an ad
FEW_WORDS: Final = 4
INFORMS: Final = 0.55  # less for what customers want to know and do not buy for
BESIDE: Final = 0.9  # less for opening hours and addresses, and for the price of something beside the product
_KEY_AND_VALUE: Final = re.compile(r"[^\W\d][\w ]{1,20}: \S{1,20}(?: \S{1,12})?")  # "Seats: PTFE"
_STREET: Final = re.compile(
    r"\d+[a-z]?,? [A-Z][\w'’]+ "
    r"(?:Rd|Road|St|Street|Ave|Avenue|Lane|Ln|Blvd|Drive|Dr|Way|Place|Square|Row|Terrace|Parade)\b"
)
_ADDRESS: Final = re.compile(r"\d+[a-z]? [A-Z]")
_HOURS: Final = re.compile(r"\d ?[–-] ?\d|\d[:.h]\d\d|\d ?[ap]\.?m\b|\buhr\b", re.IGNORECASE)

# What a tone likes to lead with. The strength of the fact decides as much.
_ORDER: Final = {
    Tone.PROFESSIONAL: ("proof", "benefit", "figure", "feature", "offer", "audience", "question", "logistics", "price"),
    Tone.CASUAL: ("question", "benefit", "offer", "audience", "feature", "proof", "logistics", "figure", "price"),
    Tone.URGENT: ("offer", "price", "logistics", "benefit", "question", "figure", "proof", "feature", "audience"),
    Tone.LUXE: ("feature", "benefit", "proof", "audience", "figure", "logistics", "offer", "question", "price"),
    Tone.PLAYFUL: ("question", "benefit", "offer", "feature", "audience", "figure", "proof", "logistics", "price"),
    Tone.BOLD: ("figure", "offer", "benefit", "proof", "price", "question", "feature", "logistics", "audience"),
}
_UNKNOWN_SLOT: Final = re.compile(r"\{(?!name|subject|brand|price|audience)(\w+)\}")
_STEP: Final = 0.075
WEIGHTS: Final[Mapping[Tone, Mapping[str, float]]] = MappingProxyType(
    {tone: {angle: 0.65 - _STEP * place for place, angle in enumerate(order)} for tone, order in _ORDER.items()}
)
_LEAST: Final = {"name": -0.2, "brand": -0.9, "call": -1.7, "neutral": -1.0}  # hooks that say nothing about the product


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One way into an ad. `lead`: the fact in the hook; `answer`: the fact that the body must begin with.

    `cue`: what the hook asks, which the answer must still say when it is shortened.
    """

    angle: str
    hook: str
    score: float
    lead: Quote | None = None
    answer: Quote | None = None
    cue: Cue | None = None
    says_what: bool = False  # whether the hook says what is advertised
    turn: int = 0  # more than 0: the same hook again, with another text below it

    @property
    def fact(self) -> Quote | None:
        """The fact that the argument rests on."""
        return self.lead or self.answer


def arguments(
    material: Material,
    tone: Tone,
    *,
    limit: int,
    answer_limit: int,
    topics: Sequence[str] = (),
    priced: bool | None = None,
) -> Iterator[Argument]:
    """All arguments of a brief whose hooks have at most `limit` characters, and whose answers `answer_limit`.

    `topics`: sentences that the customer asks to put first. `priced`: False where no price may stand.
    """
    if priced is False:
        quotes = tuple(found for found in material.quotes if not names_price(found, material))
        material = replace(material, quotes=quotes, price="", price_is_quoted=False)
    for topic in topics:
        if len(topic) <= limit:
            yield Argument(angle="focus", hook=as_line(topic), score=FOCUS)
    weights = WEIGHTS[tone]
    yield from _facts(material, weights, limit)
    yield from _pairs(material, weights, limit)
    if material.spoken:
        if not material.solemn:
            yield from _questions(material, tone, weights, limit, answer_limit)
        yield from _audience(material, tone, weights, limit, answer_limit)
        yield from _price(material, tone, weights, limit)
    yield from _names(material, tone, limit)


def names_price(found: Quote, material: Material, *, strict: bool = False) -> bool:
    """Whether a fact names the product's price. `strict`: not that of something beside it."""
    if not strict and found.role == "price":
        return True
    return bool(material.amount) and same_amount(found.text, material.amount)


def _is_specification(text: str) -> bool:
    """Whether a text is a size, a count or an hour and little else: "62 dB", "Mon–Thurs 8–8"."""
    words = text.split()
    return len(words) <= FEW_WORDS and any(sign.isdigit() for sign in text) and "%" not in text


def _glance(hook: str) -> float:
    return 0.0 if len(hook) <= SHORT_HOOK else -0.004 * (len(hook) - SHORT_HOOK)


def _less(found: Quote, text: str, material: Material) -> float:
    """What a fact loses as an opening: what informs, limits or belongs to something beside the product opens no ad."""
    less = 0.0 if text == found.text else CUT
    has_digit = any(sign.isdigit() for sign in text)
    if first_word(text) in material.words.weak_start or text.rstrip().endswith("?"):
        less += WEAK
    if found.role in {"feature", "figure", "logistics"} and found.source != "features" and _is_specification(text):
        less += SPECIFICATION
    if found.role in {"feature", "proof"} and found.source == "description" and len(text.split()) < 3 and not has_digit:
        less += FRAGMENT
    if _KEY_AND_VALUE.fullmatch(text):
        less += BESIDE
    if found.role == "price" and found.text != material.price and not names_price(found, material, strict=True):
        less += BESIDE
    if material.words.informs.search(text):
        less += INFORMS
    if _STREET.search(text):
        less += BESIDE
    if found.role == "logistics" and material.kind != "event":
        less += BESIDE if _HOURS.search(text) or _ADDRESS.match(text) else 0.0
        less += INFORMS if found.strength < TELLING else 0.0
    return less


def _facts(material: Material, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
    for found in material.quotes:
        if found.dangling or found.source == "price" or found.text.casefold().rstrip(".") in material.what.casefold():
            continue
        text = found.within(limit, material.words)
        if text is None or not says_something(text):
            continue
        hook = as_line(text)
        score = weights.get(found.role, 0.0) + found.strength - _less(found, text, material)
        yield Argument(
            angle=found.role,
            hook=hook,
            score=score + _glance(hook),
            lead=found,
            says_what=material.what.casefold() in hook.casefold(),
        )
        both = f"{as_sentence(material.what)} {hook}"
        if not material.is_named_in(hook) and len(both) <= min(limit, BOTH):
            yield Argument(angle=found.role, hook=both, score=score - 0.02, lead=found, says_what=True)


def _pairs(material: Material, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
    """Two short texts side by side: two facts, or the sender's name and a fact. They need no words of the engine."""
    heads = [
        found
        for found in material.quotes
        if not found.dangling
        and found.source != "price"
        and len(found.text) < BOTH
        and says_something(found.text)
        and as_line(found.text).casefold() not in f"{material.brand} {material.what}".casefold()
    ][:PAIRED]
    worth = {found.id: found.strength - _less(found, found.text, material) for found in heads}
    for one, other in itertools.permutations(heads, 2):
        hook = f"{as_sentence(one.text)} {as_line(other.text)}"
        if len(hook) <= min(limit, BOTH) and not one.words & other.words:
            score = weights.get(one.role, 0.0) + worth[one.id] - PAIR + min(0.0, worth[other.id] - TELLING)
            yield Argument(angle=one.role, hook=hook, score=score, lead=one)
    for text in dict.fromkeys((material.what, *(found.text for found in heads if worth[found.id] > TELLING))):
        hook = f"{material.brand}: {text}"
        if material.brand and len(hook) <= min(limit, BOTH) and material.brand.casefold() not in text.casefold():
            yield Argument(angle="name", hook=as_line(hook), score=_LEAST["name"], says_what=text == material.what)
    price = material.price.casefold()
    if price and price not in material.what.casefold() and not price.startswith(material.name.casefold()):
        hook = as_line(f"{as_sentence(material.what)} {upper_first(material.price)}")
        if len(hook) <= limit:
            yield Argument(angle="price", hook=hook, score=weights["price"] + _LEAST["name"], says_what=True)


def _questions(
    material: Material, tone: Tone, weights: Mapping[str, float], limit: int, answer_limit: int
) -> Iterator[Argument]:
    """What customers wonder, where a fact answers it; lines of this trade before those of any trade."""
    for cues, more in ((material.lines.cues, OWN_TRADE), (material.words.cues, -ANY_TRADE)):
        for cue in cues:
            if cue.kinds and material.kind not in cue.kinds:
                continue
            for found in material.quotes:
                if found.source == "price" or not cue.answered_by(found.text):
                    continue
                answer = found.within(answer_limit, material.words)
                if answer is None or not cue.answered_by(answer) or _answers_no(answer, cue, material):
                    continue
                for line in cue.lines:
                    if tone in line.tones and len(line.text) <= limit:
                        yield Argument(
                            angle="question",
                            hook=line.text,
                            score=weights["question"] + found.strength + more,
                            answer=found,
                            cue=cue,
                        )


def _answers_no(answer: str, cue: Cue, material: Material) -> bool:
    """Whether a text that has the words of an answer says the contrary ("there's no noise cancelling"), or leans on
    what stands before it."""
    words = material.words
    if first_word(answer) in words.weak_start or first_word(answer) in words.dangling:
        return True
    found = cue.when.search(answer)
    return bool(words.negations.search(answer)) and not (found and words.negations.search(found[0]))


def _audience(
    material: Material, tone: Tone, weights: Mapping[str, float], limit: int, answer_limit: int
) -> Iterator[Argument]:
    if not material.audience:
        return
    answer = next((found for found in material.quotes if not found.dangling and len(found.text) <= answer_limit), None)
    if answer is None:
        return
    for frame in material.words.phrases("audience", "hooks", tone):
        hook = as_line(frame.replace("{audience}", material.audience))
        if len(hook) <= limit:
            yield Argument(angle="audience", hook=hook, score=weights["audience"] + 0.5 + _glance(hook), answer=answer)


def _price(material: Material, tone: Tone, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
    if not material.price or material.price_is_quoted:
        return  # a quoted price is a fact like the others
    for frame in complete(material.words.phrases("price", "plain", tone)):
        hook = as_line(filled(frame, material))
        if len(hook) <= limit:
            yield Argument(
                angle="price",
                hook=hook,
                score=weights["price"] + 0.35 + _glance(hook),
                says_what=material.what.casefold() in hook.casefold(),
            )


def _names(material: Material, tone: Tone, limit: int) -> Iterator[Argument]:
    for text in dict.fromkeys((material.what, material.name)):
        if 0 < len(text) <= limit:
            yield Argument(
                angle="name",
                hook=as_line(text),
                score=_LEAST["name"] + _glance(text),
                says_what=text == material.what,
            )
    if len(material.name) > limit:
        texts = [phrase_within(material.name, limit, material.words), *name_parts(material.full_name)]
        if material.brand and material.price:
            texts.append(f"{material.brand} – {material.price}")
        for text in dict.fromkeys(texts):
            if len(text) <= limit and says_something(text):
                yield Argument(angle="name", hook=as_line(text), score=_LEAST["name"] - 0.3)
    if material.brand and len(material.brand) <= limit:
        yield Argument(angle="name", hook=as_line(material.brand), score=_LEAST["brand"])
    for place, text in enumerate(material.words.phrases("closers", material.closing or "none", tone)):
        if len(text) <= limit:  # what the ad asks for: usual as a headline of search ads
            yield Argument(
                angle="call",
                hook=as_line(text),
                score=_LEAST["call"] - 0.01 * place - (0.0 if material.closing else 1.0),
            )
    for place, frame in enumerate(material.words.phrases("neutral", "hooks", tone)):
        sender = material.brand.casefold()
        if ("{subject}" in frame and not material.subject) or (
            "{brand}" in frame and (not sender or sender in material.what.casefold())
        ):
            continue
        hook = as_line(filled(frame, material))
        if len(hook) <= limit:
            yield Argument(
                angle="neutral",
                hook=hook,
                score=_LEAST["neutral"] - 0.01 * place,
                says_what=material.what.casefold() in hook.casefold(),
            )


def complete(frames: Iterable[str], *further: str) -> list[str]:
    """The frames whose slots `filled` or the caller, with `further` ones, can fill."""
    return [frame for frame in frames if not set(_UNKNOWN_SLOT.findall(frame)) - set(further)]


def filled(frame: str, material: Material) -> str:
    """A frame with the names and the price of a brief."""
    slots = {
        "{name}": material.what,
        "{subject}": material.subject,
        "{brand}": material.brand,
        "{price}": material.price,
    }
    for slot, text in slots.items():
        frame = frame.replace(slot, text)
    return frame
