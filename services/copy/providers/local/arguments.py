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
from services.copy.providers.local.fitness import BARE_PRICE, NOT_CHOSEN, is_shorthand
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
    phrase_head,
    says_something,
    upper_first,
)
from services.copy.providers.local.repeats import says_again as says_in_other_words
from services.copy.providers.local.strengths import SELLING
from services.copy.providers.local.words import LANGUAGES, Cue, signs

SHORT_HOOK: Final = 44  # characters read at a glance; longer hooks lose
FRAGMENT: Final = 0.4  # less for a few words that do not say of what they are true
NARROW_FRAGMENT: Final = 0.8  # likewise where a hook has no room for the name beside them
ALONE: Final = 5  # words of a text that stands alone
NARROW: Final = 40  # characters of a hook that holds the beginning of a fact rather than none
CUT_SHORT: Final = frozenset({"feature", "figure", "benefit", "logistics", "proof"})  # roles of such facts
ROOMY: Final = 50  # characters of a hook that has room for the name beside such words
BOTH: Final = 80  # characters of a hook that says what is sold and leads with a fact
FOCUS: Final = 3.0  # what the customer asks for comes first
PAIRED: Final = 6  # facts that are set beside each other
PAIR: Final = 0.1  # less for two facts in one hook: one is left less to say
OPENING: Final = 0.5  # more for the sentence that says what is offered
LEAD_IN: Final = 0.95  # score of the customer's own beginning: of readers' best texts most open with it
FEW_WORDS: Final = 3  # of a hook that says little by itself
TOO_LITTLE: Final = 0.4  # less for one where a hook has room for more
NO_SUBJECT: Final = 0.2  # less for a few words that stand alone and do not name the thing
OWN_TRADE: Final = 0.05  # more for a line of this trade: the fact itself is the better opening
ANY_TRADE: Final = 2.2  # less for a line of any trade
CUT: Final = 0.08  # less for a fact that is shortened
UNFIT: Final = 0.5  # loss from which a fact opens an ad only where nothing else does
LAST: Final = 2.0  # less for those
SLIGHT: Final = 0.6  # strength below which a fact hardly leads
SLIGHT_LOSS: Final = 0.8  # less for such a fact: rather a strong one again
FAIR: Final = 0.4  # strength of such a sentence
WEAKER: Final = 0.35  # less for a whole sentence that others are stronger than: still better than a name alone
WEAK_AUDIENCE: Final = 0.7  # less for whom it is for: it does not say what
AGAIN: Final = (0.6, 1.0, 1.4, 1.8)  # less for the same hook with another text below it
NOTHING_AGAIN: Final = 3.0  # times as much for a hook that rests on no fact
FEWEST_AGAIN: Final = -2.2  # score of a hook that stands again
NEVER_AGAIN: Final = frozenset({"call", "neutral"})  # of those that do not
BARE_NAME: Final = 2.5  # less for a name alone
ENOUGH_FACTS: Final = 3  # that may lead instead of it
BARE_NAME_OF_FEW: Final = 0.5  # likewise where there are fewer
FEW_FACTS: Final = 4  # of a brief of which each line is chosen: all may stand behind the name
BEHIND_NAME: Final = 0.9  # loss of such a line, at most
FEWEST_AUDIENCE: Final = 3  # words that say more of an audience than who it is
SHORTENED: Final = 0.05  # less for a part of the name
ONE_WORD: Final = 0.6  # less for a name of one word
LINES: Final = 2  # facts of a brief that is a line or two
FEWEST_REST: Final = 3  # words of the end of a sentence that a body begins with
NAMED_PRICE: Final = 0.1  # more for what is sold with its price

# What a tone likes to lead with. The strength of the fact decides as much.
_ORDER: Final = {
    Tone.PROFESSIONAL: ("proof", "benefit", "figure", "feature", "offer", "audience", "question", "logistics", "price"),
    Tone.CASUAL: ("question", "benefit", "offer", "audience", "feature", "proof", "logistics", "figure", "price"),
    Tone.URGENT: ("offer", "price", "logistics", "benefit", "question", "figure", "proof", "feature", "audience"),
    Tone.LUXE: ("feature", "benefit", "proof", "audience", "figure", "logistics", "offer", "question", "price"),
    Tone.PLAYFUL: ("question", "feature", "audience", "benefit", "offer", "figure", "proof", "logistics", "price"),
    Tone.BOLD: ("figure", "offer", "benefit", "proof", "price", "question", "feature", "logistics", "audience"),
}
_VERB_ENDS: Final = ("ing", "ed")  # of English verbs
_ADJECTIVE_ENDS: Final = ("e", "es", "en")  # of German adjectives before a noun; "-er" may be of a town
SHORTEST_NAME: Final = 3  # letters of a language, country, day or month
_BESIDE_A_NAME: Final = re.compile(r"(?:and|or|und|oder|et|ou|y|o|e|&) [A-ZÀ-Þ][\w’'-]")
_CHAT: Final = frozenset(signs("chat"))
_UNKNOWN_SLOT: Final = re.compile(r"\{(?!name|subject|brand|price|audience)(\w+)\}")
_STEP: Final = 0.05
WEIGHTS: Final[Mapping[Tone, Mapping[str, float]]] = MappingProxyType(
    {tone: {angle: 0.25 - _STEP * place for place, angle in enumerate(order)} for tone, order in _ORDER.items()}
)
_LEAST: Final = {"name": -0.2, "brand": -4.0, "call": -6.0, "neutral": -4.2}  # hooks that say nothing about the product


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
) -> Iterator[Argument]:
    """All arguments of a brief whose hooks have at most `limit` characters, and whose answers `answer_limit`.

    `topics`: sentences that the customer asks to put first. `priced`: False where no price may stand.
    `sparse`: whether the brief holds too little for five texts, so that a hook may say name and fact in the same words.
    """
    if priced is False:
        quotes = tuple(found for found in material.quotes if not names_price(found, material))
        material = replace(material, quotes=quotes, price="", price_is_quoted=False)
    for topic in topics:
        if len(topic) <= limit:
            yield Argument(angle="focus", hook=as_line(topic), score=FOCUS)
    weights = WEIGHTS[tone]
    yield from _facts(material, weights, limit, sparse=sparse)
    yield from _lead_ins(material, weights, limit)
    yield from _pairs(material, weights, limit)
    if material.spoken:
        if not material.solemn:
            yield from _questions(material, tone, weights, limit, answer_limit)
        yield from _audience(material, tone, weights, limit, answer_limit)
        yield from _price(material, tone, weights, limit)
    yield from _names(material, tone, limit, sparse=sparse)


def names_price(found: Quote, material: Material, *, strict: bool = False) -> bool:
    """Whether a fact names the product's price. `strict`: not that of something beside it."""
    if not strict and found.role == "price":
        return True
    return bool(material.amount) and same_amount(found.text, material.amount)


def _glance(hook: str) -> float:
    return 0.0 if len(hook) <= SHORT_HOOK else -0.004 * (len(hook) - SHORT_HOOK)


def _worth(found: Quote, text: str) -> float:
    """What a fact is worth as an opening."""
    is_plain = found.loss <= NOT_CHOSEN and found.is_prose and found.role in SELLING and "?" not in found.text
    is_plain = is_plain and found.strength >= FAIR
    loss = found.loss + ((WEAKER if is_plain else LAST) if found.loss >= UNFIT else 0.0)
    loss += SLIGHT_LOSS if found.strength < SLIGHT else 0.0
    return found.strength - loss - (0.0 if text == found.text else CUT)


def _facts(material: Material, weights: Mapping[str, float], limit: int, *, sparse: bool) -> Iterator[Argument]:
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
        score = weights.get(found.role, 0.0) + _worth(found, text)
        is_opening = found is material.opening
        says_what = fold(material.what) in fold(hook) or (is_opening and material.says_the_name(found.text))
        bare = BARE_PRICE if found.role == "price" and not says_what else 0.0
        if not says_what and not stands_alone(found, material):
            bare += FRAGMENT if limit >= ROOMY else NARROW_FRAGMENT
        elif not says_what and not found.is_prose and not echoes(text, f"{material.what} {material.subject}"):
            bare += NO_SUBJECT
        if not says_what and limit >= ROOMY and len(hook.split()) <= FEW_WORDS and found.role != "offer":
            bare += TOO_LITTLE
        yield Argument(
            angle=found.role,
            hook=hook,
            score=score + _glance(hook) + (OPENING if is_opening else 0.0) - bare - (LAST if found.late else 0.0),
            lead=found,
            says_what=says_what,
        )
        both = with_name(material, hook)
        says_again = material.is_named_in(hook) if sparse else says_what or echoes(text, material.what)
        is_repeated = says_in_other_words(text, material.what, material.language)
        says_again = says_again or is_repeated or _has_figures_of(text, material.what)
        is_said_of = found.source != "description" or is_brief or found.role in {"offer", "price"}
        has_verb = joins_of(material.language) is not None and not is_phrase(text, material.language)
        if not says_again and len(both) <= min(limit, BOTH) and is_said_of and not (has_verb and found.is_prose):
            if is_brief and found.role in SELLING and found.loss <= BEHIND_NAME and not found.late:
                score = weights.get(found.role, 0.0) + found.strength - WEAKER
            yield Argument(angle=found.role, hook=both, score=score - 0.02, lead=found, says_what=True)
    yield from _opening(material, weights, limit)
    if sum(found.source != "price" for found in material.quotes) <= LINES:
        for found in material.quotes:
            yield from _halves(found, material, weights, limit)


def _halves(found: Quote, material: Material, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
    """The beginning of a long line, whose end the body begins with: of a brief that is a line or two nothing is cut."""
    if found.dangling or len(found.text) <= SHORT_HOOK or not material.spoken:
        return
    for head, rest in halves(found.text, limit, material.words):
        says_what = material.says_the_name(head)
        yield Argument(
            angle=found.role,
            hook=as_line(head),
            score=weights.get(found.role, 0.0) + _worth(found, head) + _glance(head) - (0.0 if says_what else FRAGMENT),
            lead=found,
            rest=rest,
            says_what=says_what,
            whole=True,
        )


def _opening(material: Material, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
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
        score=weights.get(found.role, 0.0) + found.strength + OPENING + _glance(head) - CUT,
        lead=found,
        rest=rest if len(rest.split()) >= FEWEST_REST else "",
        says_what=material.says_the_name(head),
    )


def _lead_ins(material: Material, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
    """What the customer begins with; the body goes on behind it."""
    whole = material.lead_in
    if whole and _is_taken_back(material):
        return
    text = " ".join(found.text for found in whole)
    if whole and len(text) <= limit and says_something(text):
        first, last = whole[0], whole[-1]
        role = first.role if first.role in SELLING else "feature"
        # the id is that of the last, behind which the description goes on
        lead = replace(first, id=last.id, text=text, role=role, dangling=False, same_as=(*first.same_as, first.id))
        yield Argument(
            angle=role,
            hook=as_line(text),
            score=weights["benefit"] / 2 + LEAD_IN + _glance(text) / 2,
            lead=lead,
            says_what=material.says_the_name(text),
            goes_on=True,
        )


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
        return True  # "Nolan and Pruitt counties"
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


def stands_alone(found: Quote, material: Material) -> bool:
    """Whether a fact says enough by itself: a sentence, an offer, or words for the thing."""
    if found.is_prose or found.role in {"offer", "price"} or len(found.text.split()) >= ALONE:
        return True
    return echoes(found.text, f"{material.what} {material.subject}") or material.words.language not in LANGUAGES


def _pairs(material: Material, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
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
            score = weights.get(one.role, 0.0) + one.strength - one.loss - PAIR - other.loss
            score -= 0.0 if echoes(hook, f"{material.what} {material.subject}") else NO_SUBJECT
            yield Argument(angle=one.role, hook=hook, score=score, lead=one)
    hook = f"{material.brand}{colon(material)}{material.what}"
    is_plain = ":" not in material.what  # two labels before one text cannot be read
    if material.brand and is_plain and len(hook) <= limit and fold(material.brand) not in fold(material.what):
        yield Argument(
            angle="name",
            hook=as_line(hook),
            score=_LEAST["name"] - _less_for_a_name(material) + _glance(hook),
            says_what=True,
        )
    price = material.price.casefold()
    if price and price not in material.what.casefold() and not price.startswith(material.name.casefold()):
        hook = as_line(with_name(material, upper_first(material.price)))
        if len(hook) <= limit and not material.solemn and not echoes(material.price, material.what):
            yield Argument(angle="price", hook=hook, score=weights["price"] + NAMED_PRICE, says_what=True)


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
                            score=weights["question"] + _worth(found, found.text) + more,
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
            yield Argument(
                angle="audience", hook=hook, score=weights["audience"] + _glance(hook) - WEAK_AUDIENCE, answer=answer
            )


def _price(material: Material, tone: Tone, weights: Mapping[str, float], limit: int) -> Iterator[Argument]:
    if not material.price or material.price_is_quoted:
        return  # a quoted price is a fact like the others
    for frame in complete(material.words.phrases("price", "plain", tone)):
        hook = as_line(filled(frame, material))
        if len(hook) <= limit:
            yield Argument(
                angle="price",
                hook=hook,
                score=weights["price"] + _glance(hook) - (0.0 if fold(material.what) in fold(hook) else BARE_PRICE),
                says_what=fold(material.what) in fold(hook),
            )


def _names(material: Material, tone: Tone, limit: int, *, sparse: bool) -> Iterator[Argument]:
    """Names of what is sold and of its sender. What the ad asks for, where the brief asks for it, is usual as a
    headline of search ads; other lines that name nothing stand only where the brief holds too little."""
    bare = _less_for_a_name(material)
    for text in dict.fromkeys((material.what, material.name)):
        if 0 < len(text) <= limit:
            yield Argument(
                angle="name",
                hook=as_line(text),
                score=_LEAST["name"] - bare + _glance(text) - (0.0 if says_something(text) else ONE_WORD),
                says_what=text == material.what,
            )
    if len(material.name) > limit:
        texts = [phrase_within(material.name, limit, material.words), *name_parts(material.full_name)]
        if material.brand and material.price:
            texts.append(f"{material.brand} – {material.price}")
        for text in dict.fromkeys(texts):
            if len(text) <= limit and says_something(text):
                yield Argument(angle="name", hook=as_line(text), score=_LEAST["name"] - bare - SHORTENED)
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


def _less_for_a_name(material: Material) -> float:
    """What a name alone loses as a hook where there are facts to lead with."""
    fit = sum(found.loss < UNFIT for found in material.quotes)
    if fit >= ENOUGH_FACTS:
        return BARE_NAME
    return BARE_NAME_OF_FEW if any(found.role in SELLING and not found.late for found in material.quotes) else 0.0


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
