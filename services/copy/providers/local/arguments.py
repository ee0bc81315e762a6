"""Ways into an ad: each argument is a hook with the fact that it leads with or that answers it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.dates import get_day_names, get_month_names

from services.copy.domain import Tone
from services.copy.providers.local.amounts import same_amount
from services.copy.providers.local.fitness import BESIDE, is_shorthand
from services.copy.providers.local.fitness import UNFIT as NEVER_FIRST
from services.copy.providers.local.headline_model import Place, grade_of
from services.copy.providers.local.headline_signs import BEGUN, CUT, NAMED, PROSE, REST, Advertised, Hook
from services.copy.providers.local.joining import is_phrase, joins_of
from services.copy.providers.local.material import MADE, Material
from services.copy.providers.local.names import name_parts, phrase_within
from services.copy.providers.local.quotes import (
    Quote,
    as_line,
    as_sentence,
    beginning,
    echoes,
    first_word,
    fold,
    halves,
    last_word,
    phrase_head,
    says_something,
    upper_first,
)
from services.copy.providers.local.repeats import says_again as says_in_other_words
from services.copy.providers.local.strengths import SELLING
from services.copy.providers.local.words import signs

NARROW: Final = 40  # characters of a hook that holds the beginning of a fact rather than none
CUT_SHORT: Final = frozenset({"feature", "figure", "benefit", "logistics", "proof"})  # roles of such facts
BOTH: Final = 80  # characters of a hook that says what is sold and leads with a fact
SHORT_HOOK: Final = 44  # characters of a sentence that stands whole
FOCUS: Final = 3.0  # score of what the customer asks for: it comes first
PAIRED: Final = 6  # facts that are set beside each other
MIDDLE: Final = 1.85  # grade of a hook whose score is 0
STEEP: Final = 2.0  # how much a score rises with a grade
UNFIT: Final = 0.5  # loss from which a fact opens an ad only where nothing else does
LAST: Final = 1.0  # less for a fact that tells rather than sells (fitness.BESIDE), and behind hours and address
AGAIN: Final = (1.2, 1.8, 2.4, 3.0)  # less for the same hook with another text below it
NOTHING_AGAIN: Final = 3.0  # times as much for a hook that rests on no fact
FEWEST_AGAIN: Final = -4.0  # score of a hook that stands again
NEVER_AGAIN: Final = frozenset({"call", "neutral"})  # of those that do not
BARE_NAME: Final = 2.5  # less for a name alone where there are facts to lead with,
ENOUGH_FACTS: Final = 2  # that many
FEW_FACTS: Final = 4  # of a brief of which each line is chosen: all may stand behind the name
FEWEST_AUDIENCE: Final = 3  # words that say more of an audience than who it is
LINES: Final = 2  # facts of a brief that is a line or two
FEWEST_REST: Final = 3  # words of the end of a sentence that a body begins with

# What a tone likes to lead with. The strength of the fact decides as much.
_ORDER: Final = {
    Tone.PROFESSIONAL: ("proof", "benefit", "figure", "feature", "offer", "audience", "logistics", "price"),
    Tone.CASUAL: ("benefit", "offer", "audience", "feature", "proof", "logistics", "figure", "price"),
    Tone.URGENT: ("offer", "price", "logistics", "benefit", "figure", "proof", "feature", "audience"),
    Tone.LUXE: ("feature", "benefit", "proof", "audience", "figure", "logistics", "offer", "price"),
    Tone.PLAYFUL: ("feature", "audience", "benefit", "offer", "figure", "proof", "logistics", "price"),
    Tone.BOLD: ("figure", "offer", "benefit", "proof", "price", "feature", "logistics", "audience"),
}
_VERB_ENDS: Final = ("ing", "ed")  # of English verbs
_ADJECTIVE_ENDS: Final = ("e", "es", "en")  # of German adjectives before a noun; "-er" may be of a town
SHORTEST_NAME: Final = 3  # letters of a language, country, day or month
# "Nolan and Pruitt counties", "Harrow and 20 miles around"
_BESIDE_A_NAME: Final = re.compile(
    r"(?:and|or|und|oder|et|ou|y|o|e|&) (?:[A-ZÀ-Þ][\w’'-]|(?:within )?\d+ ?(?:miles?|mi|km)(?!\w))"
)
_CHAT: Final = frozenset(signs("chat"))
_UNKNOWN_SLOT: Final = re.compile(r"\{(?!name|subject|brand|price|audience)(\w+)\}")
_STEP: Final = 0.12
WEIGHTS: Final[Mapping[Tone, Mapping[str, float]]] = MappingProxyType(
    {tone: {angle: 0.5 - _STEP * place for place, angle in enumerate(order)} for tone, order in _ORDER.items()}
)
_LEAST: Final = {"brand": -6.0, "call": -7.0, "neutral": -6.2}  # scores of hooks that say nothing about the product


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One way into an ad. `lead`: the fact in the hook; `answer`: the fact that the body must begin with."""

    angle: str
    hook: str
    score: float = 0.0
    lead: Quote | None = None
    answer: Quote | None = None
    says_what: bool = False  # whether the hook says what is advertised
    rest: str = ""  # the end of the sentence that the hook begins, for the body
    whole: bool = False  # whether the body must hold the rest
    goes_on: bool = False  # whether the body goes on where the description does behind the hook
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
    sparse: bool = False,
    place: Place = "text",
) -> Iterator[Argument]:
    """All arguments of a brief whose hooks have at most `limit` characters, and whose answers `answer_limit`.

    `topics`: sentences that the customer asks to put first. `priced`: False where no price may stand.
    `sparse`: whether the brief holds too little for five texts, so that a hook may say name and fact in the same words.
    `place`: above a text or on a picture, by which a hook is graded.
    """
    if priced is False:
        quotes = tuple(found for found in material.quotes if not names_price(found, material))
        material = replace(material, quotes=quotes, price="", price_is_quoted=False)
    for topic in topics:
        if len(topic) <= limit:
            yield Argument(angle="focus", hook=as_line(topic), score=FOCUS)
    weights, product = WEIGHTS[tone], _advertised(material)
    selling = sum(found.loss < UNFIT for found in material.quotes)
    for argument in itertools.chain(
        _facts(material, limit, sparse=sparse),
        _lead_ins(material, limit),
        _pairs(material, limit),
        _audience(material, tone, limit, answer_limit) if material.spoken else (),
        _price(material, tone, limit) if material.spoken else (),
        _names(material, limit),
    ):
        lead, grade = argument.lead, grade_of(_hook_of(argument, material), product, place)
        less = LAST if lead is not None and (lead.late or lead.loss >= BESIDE) else 0.0
        less += LAST if lead is not None and lead.loss >= NEVER_FIRST else 0.0
        less += BARE_NAME if argument.angle == "name" and selling >= ENOUGH_FACTS else 0.0
        yield replace(argument, score=STEEP * (grade - MIDDLE) + weights.get(argument.angle, 0.0) - less)
    yield from _lines(material, tone, limit, sparse=sparse)


def _advertised(material: Material) -> Advertised:
    return Advertised(
        what=material.what,
        subject=material.subject,
        brand=material.brand,
        language=material.words.language,
        kind=material.kind,
        count=len(material.quotes),
    )


def _hook_of(argument: Argument, material: Material) -> Hook:
    """A hook as it is graded."""
    found, lead, text = argument.fact, argument.lead, argument.hook
    marks = {
        BEGUN: argument.goes_on,
        CUT: lead is not None and len(lead.text) > len(text) + len("..") and not argument.rest,
        NAMED: argument.says_what,
        PROSE: lead is not None and lead.is_prose,
        REST: bool(argument.rest),
    }
    stronger = sum(found is not None and other.strength > found.strength for other in material.quotes)
    return Hook(
        text=text,
        angle=argument.angle,
        source=found.source if found is not None else "",
        strength=found.strength if found is not None else 0.0,
        behind=stronger / max(1, len(material.quotes)) if found is not None else 1.0,
        marks=frozenset(mark for mark, is_so in marks.items() if is_so),
    )


def names_price(found: Quote, material: Material, *, strict: bool = False) -> bool:
    """Whether a fact names the product's price. `strict`: not that of something beside it."""
    if not strict and found.role == "price":
        return True
    return bool(material.amount) and same_amount(found.text, material.amount)


def _facts(material: Material, limit: int, *, sparse: bool) -> Iterator[Argument]:
    is_brief = sum(found.source != "price" for found in material.quotes) <= FEW_FACTS
    begun = {found.id for found in material.lead_in if found is not material.opening}
    for found in material.quotes:
        if found.id in begun:
            continue  # the description goes on behind it: see _lead_ins
        if found.dangling or found.source == "price" or found.text.casefold().rstrip(".") in material.what.casefold():
            continue
        text = found.within(limit, material.words)
        if text is None and found.role in CUT_SHORT and limit <= NARROW:
            text = beginning(found.text, limit, material.words) or head_of_phrase(found, limit, material)
            if text is not None and material.words.guards.search(found.text[len(text) :]):
                text = None
        if text is None or not says_something(text):
            continue
        hook = as_line(text)
        is_opening = found is material.opening
        says_what = fold(material.what) in fold(hook) or (is_opening and material.says_the_name(found.text))
        is_warning = found.source == "description" and material.words.forbids.match(text)
        if is_warning or _is_other_price(found, material):
            continue
        yield Argument(angle=found.role, hook=hook, lead=found, says_what=says_what)
        both = with_name(material, hook)
        says_again = material.is_named_in(hook) if sparse else says_what or echoes(text, material.what)
        # "Tank, delivered: delivered within 200 km"
        says_again = says_again or first_word(text) == last_word(material.what)
        is_repeated = says_in_other_words(text, material.what, material.language)
        says_again = says_again or is_repeated or _has_figures_of(text, material.what)
        is_said_of = found.source != "description" or is_brief or found.role in {"offer", "price"}
        has_verb = joins_of(material.language) is not None and not is_phrase(text, material.language)
        if not says_again and len(both) <= min(limit, BOTH) and is_said_of and not (has_verb and found.is_prose):
            yield Argument(angle=found.role, hook=both, lead=found, says_what=True)
    yield from _opening(material, limit)
    if sum(found.source != "price" for found in material.quotes) <= LINES:
        for found in material.quotes:
            yield from _halves(found, material, limit)


def _is_other_price(found: Quote, material: Material) -> bool:
    """Whether a fact is a price of something beside the product, whose own another fact names."""
    if found.role != "price" or not material.amount or same_amount(found.text, material.amount):
        return False
    return any(same_amount(other.text, material.amount) for other in material.quotes)


def _halves(found: Quote, material: Material, limit: int) -> Iterator[Argument]:
    """The beginning of a long line, whose end the body begins with: of a brief that is a line or two nothing is cut."""
    if found.dangling or len(found.text) <= SHORT_HOOK or not material.spoken:
        return
    for head, rest in halves(found.text, limit, material.words):
        yield Argument(
            angle=found.role,
            hook=as_line(head),
            lead=found,
            rest=rest,
            says_what=material.says_the_name(head),
            whole=True,
        )


def _opening(material: Material, limit: int) -> Iterator[Argument]:
    """The first clause of the sentence that says what is offered; the rest of the sentence begins the body."""
    found = material.opening
    if found is not None and len(found.text) <= min(limit, SHORT_HOOK):
        return  # it stands whole
    head = material.opening_clause(limit)
    if found is None or head is None:
        return
    rest = found.text[len(head) :].lstrip(" ,;:–—-")
    yield Argument(
        angle=found.role,
        hook=as_line(head),
        lead=found,
        rest=rest if len(rest.split()) >= FEWEST_REST else "",
        says_what=material.says_the_name(head),
    )


def _lead_ins(material: Material, limit: int) -> Iterator[Argument]:
    """What the customer begins with; the body goes on behind it."""
    whole = material.lead_in
    if whole and _is_taken_back(material):
        return
    text = " ".join(found.text for found in whole)
    is_warning = material.words.forbids.match(text) is not None  # "Never run a stove with the doors shut"
    if whole and len(text) <= limit and says_something(text) and not is_warning:
        first, last = whole[0], whole[-1]
        role = first.role if first.role in SELLING else "feature"
        # the id is that of the last, behind which the description goes on
        lead = replace(first, id=last.id, text=text, role=role, dangling=False, same_as=(*first.same_as, first.id))
        yield Argument(angle=role, hook=as_line(text), lead=lead, says_what=material.says_the_name(text), goes_on=True)


def _is_taken_back(material: Material) -> bool:
    """Whether what limits the customer's beginning stands right behind it and may stand in no ad."""
    last = material.lead_in[-1].id
    place = next((place for place, line in enumerate(material.sentences) if last in line.ids), None)
    if place is not None and material.sentences[place].taken_back:
        return True
    behind = material.sentences[place + 1] if place is not None and place + 1 < len(material.sentences) else None
    return behind is not None and behind.closed and behind.leans and behind.parts[0].role == "condition"


def _has_figures_of(text: str, name: str) -> bool:
    """Whether a text has all the figures of a name, of several: "Tyres 205/55 R16", "205/55R16 from £64"."""
    figures = re.findall(r"\d+", name)
    return len(figures) > 1 and set(figures) <= set(re.findall(r"\d+", text))


def head_of_phrase(found: Quote, limit: int, material: Material) -> str | None:
    """The beginning of a fact of a few words without its last phrase, as `phrase_head`."""
    joins = joins_of(material.language)
    if joins is None or not is_phrase(found.text, material.language):
        return None
    return phrase_head(found.text, limit, joins.attached, material.words)


def with_name(material: Material, hook: str) -> str:
    """What is sold, and a fact about it."""
    is_plain = not any(sign in f"{material.what}{hook}" for sign in ":?!") and ". " not in hook
    if not is_plain:
        return f"{as_sentence(material.what)} {hook}"
    return f"{upper_first(material.what)}{colon(material)}{small_first(hook, material)}"


def colon(material: Material) -> str:
    """The colon of a language and the space behind it: in French one that does not break stands before it too, and the
    wide one of Chinese and Japanese has none."""
    return {"fr": "\u00a0: ", "zh": "：", "ja": "："}.get(material.language, ": ")


def small_first(hook: str, material: Material) -> str:
    """A text within a sentence: its first word in small letters, unless it is a name or, in German, may be a noun."""
    word, _, rest = hook.partition(" ")
    is_title = word[:1].isupper() and (len(word) == 1 or word[1:].islower())
    if material.language == "de":
        is_adjective = is_title and rest[:1].isupper() and word.endswith(_ADJECTIVE_ENDS)
        joins = joins_of(material.language)
        is_function = is_title and joins is not None and word.casefold() in joins.attached
        return f"{word.casefold()} {rest}" if is_adjective or is_function else hook
    if not is_title or word == "I" or _is_name(word, rest, material):
        return hook
    return f"{word.casefold()} {rest}".strip()


def _is_name(word: str, rest: str, material: Material) -> bool:
    """Whether the capital of a text's first word is more than that of a beginning: the brief writes the word with it
    elsewhere, too, or the next word has one as well, or it is a language, a country, a day or a month. In a language
    without data that is not known."""
    small = word.casefold().rstrip(",;")
    if small in material.words.empty or re.search(rf"(?<!\w){re.escape(small)}(?!\w)", material.written):
        return False
    if material.language == "en" and small.endswith(_VERB_ENDS):
        return False  # "Covering Leeds and York"
    if not material.spoken or rest[:1].isupper() or small in names_of(material.language):
        return True
    if _BESIDE_A_NAME.match(rest):
        return True
    return (
        bool(re.search(rf"[\w,;] {re.escape(word.rstrip(',;'))}(?!\w)", material.written))
        or small in fold(f"{material.brand} {material.full_name}").split()
    )


@cache
def names_of(language: str) -> frozenset[str]:
    """Languages, countries, days and months, case folded."""
    locale = Locale(language)
    calendar = (*get_day_names("wide", locale=language).values(), *get_month_names("wide", locale=language).values())
    names = (*locale.languages.values(), *locale.territories.values(), *calendar)
    # "No linguistic content" is one of babel's languages
    return frozenset(word.casefold() for name in names for word in str(name).split() if len(word) >= SHORTEST_NAME)


def _pairs(material: Material, limit: int) -> Iterator[Argument]:
    """Two short texts side by side: two facts, the sender's name and what is sold, or what is sold and its price."""
    heads = [
        found
        for found in material.quotes
        if not found.dangling
        and found.loss < UNFIT
        and found.source not in {"price", "description"}
        and len(found.text) < BOTH
        and says_something(found.text)
        and as_line(found.text).casefold() not in f"{material.brand} {material.what}".casefold()
    ][:PAIRED]
    for one, other in itertools.permutations(heads, 2):
        hook = f"{as_sentence(one.text)} {as_line(other.text)}"
        if len(hook) <= min(limit, BOTH) and not echoes(other.text, one.text):
            yield Argument(angle=one.role, hook=hook, lead=one)
    hook = f"{material.brand}{colon(material)}{material.what}"
    is_plain = ":" not in material.what  # two labels before one text cannot be read
    if material.brand and is_plain and len(hook) <= limit and fold(material.brand) not in fold(material.what):
        yield Argument(angle="name", hook=as_line(hook), says_what=True)
    price = material.price.casefold()
    if price and price not in material.what.casefold() and not price.startswith(material.name.casefold()):
        hook = as_line(with_name(material, upper_first(material.price)))
        if len(hook) <= limit and not material.solemn and not echoes(material.price, material.what):
            yield Argument(angle="price", hook=hook, says_what=True)


def _audience(material: Material, tone: Tone, limit: int, answer_limit: int) -> Iterator[Argument]:
    said = material.audience.split()
    is_chat = not _CHAT.isdisjoint(material.audience.casefold().split())
    if len(said) < FEWEST_AUDIENCE or is_chat or is_shorthand(material.audience) or "+" in material.audience:
        return  # "For homeowners" says nothing
    answer = next((found for found in material.quotes if not found.dangling and len(found.text) <= answer_limit), None)
    if answer is None:
        return
    for frame in material.words.phrases("audience", "hooks", tone):
        hook = as_line(frame.replace("{audience}", material.audience))
        if len(hook) <= limit:
            yield Argument(angle="audience", hook=hook, answer=answer)


def _price(material: Material, tone: Tone, limit: int) -> Iterator[Argument]:
    if not material.price or material.price_is_quoted:
        return  # a quoted price is a fact like the others
    for frame in complete(material.words.phrases("price", "plain", tone)):
        hook = as_line(filled(frame, material))
        if len(hook) <= limit:
            yield Argument(angle="price", hook=hook, says_what=fold(material.what) in fold(hook))


def _names(material: Material, limit: int) -> Iterator[Argument]:
    """Names of what is sold."""
    for text in dict.fromkeys((material.what, material.name)):
        if 0 < len(text) <= limit:
            yield Argument(angle="name", hook=as_line(text), says_what=text == material.what)
    if len(material.name) > limit:
        texts = [phrase_within(material.name, limit, material.words), *name_parts(material.full_name)]
        if material.brand and material.price:
            texts.append(f"{material.brand} – {material.price}")
        for text in dict.fromkeys(texts):
            if len(text) <= limit and says_something(text):
                yield Argument(angle="name", hook=as_line(text))


def _lines(material: Material, tone: Tone, limit: int, *, sparse: bool) -> Iterator[Argument]:
    """Hooks that say nothing of what is sold: its sender, and what the ad asks for, where the brief asks for it, as is
    usual in search ads; other lines that name nothing stand only where the brief holds too little."""
    if material.brand and len(material.brand) <= limit:
        yield Argument(angle="name", hook=as_line(material.brand), score=_LEAST["brand"])
    closers = material.words.phrases("closers", material.closing or "none", tone)
    for place, text in enumerate(closers if material.closing or (sparse and not material.quotes) else ()):
        if len(text) <= limit:
            yield Argument(
                angle="call",
                hook=as_line(text),
                score=_LEAST["call"] - 0.01 * place - (0.0 if material.closing else 1.0),
            )
    for place, frame in enumerate(material.words.phrases("neutral", "hooks", tone)):
        sender = material.brand.casefold()
        if ("{subject}" in frame and (not material.subject or fold(material.subject) in fold(material.what))) or (
            "{brand}" in frame and (not sender or sender in material.what.casefold())
        ):
            continue
        if "{" not in frame and not (sparse and not material.quotes):
            continue
        hook = as_line(filled(frame, material))
        if len(hook) <= limit:
            # "from the shelter: foster families": only what is made comes from somebody
            strange = 0.0 if material.kind in MADE and material.is_sure else 1.0
            yield Argument(
                angle="neutral",
                hook=hook,
                score=_LEAST["neutral"] - 0.01 * place - strange,
                says_what=material.what.casefold() in hook.casefold(),
            )


def again(found: Iterable[Argument]) -> Iterator[Argument]:
    """The better arguments once more, with other texts below the same hooks."""
    for argument in found:
        if argument.score >= FEWEST_AGAIN and argument.angle not in NEVER_AGAIN:
            yield from turns_of(argument)


def turns_of(argument: Argument) -> Iterator[Argument]:
    """An argument once more for each other text below its hook, each time worth less."""
    for turn, less in enumerate(AGAIN, 1):
        loss = less if argument.fact is not None else NOTHING_AGAIN * less
        yield replace(argument, turn=turn, score=argument.score - loss)


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
