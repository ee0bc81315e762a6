# ruff: noqa: E501  (sentences of notes)
"""The rule engine: over-generate from the frames, filter hard, rank, and choose five that differ.

Pure functions of brief and seed. Nothing is drawn from outside: the same brief and seed give the same answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.chassis.errors import InputFault
from services.copy.domain import VARIANT_COUNT, CopyBrief, CopyResult, Format, Notes, Tone, Variant
from services.copy.providers import judge
from services.copy.providers.local import english, library, spelling
from services.copy.providers.local.composition import compose
from services.copy.providers.local.facts import Fact, FactKind, content_words
from services.copy.providers.local.library import Frame
from services.copy.providers.local.order import Order, understand_order
from services.copy.providers.local.phrases import DEFINITION, SINGULAR

MAX_CANDIDATES = 48  # from every angle in turn; more hardly changes which five are chosen, and each costs 0.1 ms
MAX_TRIES = 300  # fillings of frames, fit or not
MAX_OVERLAP = 0.5  # share of words (names and offers aside) that two variants of one result may have in common
MAX_LISTS = 2
MAX_NAMED_HOOKS = 3  # hooks that begin or end with the product's name wear off


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A filled frame that has passed the filters so far."""

    frame: Frame
    hook: str
    body: str
    closer: str
    lines: frozenset[str]
    facts: frozenset[int]
    score: float
    words: frozenset[str]


def write(brief: CopyBrief, seed: str) -> CopyResult:
    """Five variants for a brief. Raises InputFault when the banned words leave nothing to write with."""
    order = understand_order(brief)
    random_ = random.Random(
        f"{seed}|{brief.platform}|{brief.format}|{brief.tone}|{brief.product_name}|{brief.custom_instructions}"
    )
    first = list(_candidates(order, random_))
    chosen = _choose(first, order)
    if len(chosen) < VARIANT_COUNT:
        # The fillings were too much alike: another draw of them costs little and mostly suffices.
        first += _candidates(order, random_)
        chosen = _choose(first, order)
    if len(chosen) < VARIANT_COUNT:
        # Hard limits of length (a customer's "max 8 words", a long name on a small platform): plain frames remain.
        spare = list(_candidates(order, random_, plain=True))
        chosen = _choose(spare, order, already=chosen)
        if len(chosen) < VARIANT_COUNT:
            chosen = _choose([*first, *spare], order, already=chosen, slack=0.5)
    if len(chosen) < VARIANT_COUNT:
        raise InputFault(
            "COPY_NOT_POSSIBLE",
            "No five texts can be written under these rules: loosen the banned words or the limits of length.",
        )
    variants = _dress(chosen, order, random_)
    return CopyResult(variants=variants, notes=notes_for(order, variants), provider="local")


# -- over-generating ---------------------------------------------------------------------------------------------------


def _candidates(order: Order, random_: random.Random, *, plain: bool = False) -> Iterator[Candidate]:
    """Filled frames that pass the cheap filters, at most MAX_CANDIDATES of them."""
    ways = _fitting(order, plain=plain)
    found = 0
    for attempt in range(MAX_TRIES):
        if not ways or found >= MAX_CANDIDATES or attempt >= 6 * len(ways):
            return
        if attempt % len(ways) == 0:
            ways = _in_turn(ways, random_)
        candidate = _fill(ways[attempt % len(ways)], order, random_, plain=plain)
        if candidate is not None:
            found += 1
            yield candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A frame, and the fact that it opens with if it was made for one."""

    frame: Frame
    lead: Fact | None = None


def _fitting(order: Order, *, plain: bool) -> list[Way]:
    brief, subject = order.brief, order.subject
    if brief.format is Format.STORY:
        compact = order.layout.body <= 100
        rows = [
            frame for frame in library.stories() if frame.compact == compact or (len(order.facts) < 2 and frame.compact)
        ]
    else:
        rows = [*library.frames(), *library.hooks()[subject.category.name]]
    ways = [
        Way(frame=frame)
        for frame in rows
        if (plain or brief.tone in frame.tones)
        and brief.format in frame.formats
        and subject.kind in frame.kinds
        and brief.platform in frame.platforms
        and (not frame.only or frame.only & subject.plain)
    ]
    return ways if brief.format is Format.STORY else ways + _payoffs(order)


def _payoffs(order: Order) -> list[Way]:
    """Openings made for a fact of the brief. One text may take such an opening as benefit and another as proof."""
    ways = []

    def suits(frame: Frame) -> bool:
        return (
            order.brief.tone in frame.tones
            and (not frame.only or bool(frame.only & order.subject.plain))
            and not (order.subject.plural and SINGULAR.search(frame.hook))
        )

    for fact in order.facts:
        for payoff in order.meanings.get(fact.order, ()):
            for frame in payoff.hooks:
                if suits(frame):
                    ways.append(Way(frame=frame, lead=fact))
                    if frame.angle == "benefit":
                        ways.append(Way(frame=replace(frame, angle="proof"), lead=fact))
    for payoff in order.meanings.get(DEFINITION, ()):
        ways.extend(Way(frame=replace(frame, body="{isdef}.")) for frame in payoff.hooks if suits(frame))
    return ways


def _in_turn(ways: list[Way], random_: random.Random) -> list[Way]:
    """In random order, one angle after the other, so that a bound on their number starves no angle; what was written
    for this trade or this fact goes first."""
    random_.shuffle(ways)
    ways.sort(key=lambda way: not way.frame.made)
    places: dict[str, int] = {}
    keyed = []
    for way in ways:
        places[way.frame.angle] = places.get(way.frame.angle, 0) + 1
        keyed.append((places[way.frame.angle], way))
    return [way for _, way in sorted(keyed, key=lambda pair: pair[0])]


def _fill(way: Way, order: Order, random_: random.Random, *, plain: bool) -> Candidate | None:
    subject = order.subject
    text = compose(way.frame, way.lead, _shuffled(order, random_), order, random_, plain=plain)
    if text is None:
        return None
    hook, body = text.hook, text.body
    if not body or subject.name.lower() not in f"{hook} {body}".lower():
        return None
    if not order.instructions.questions and "?" in hook + body:
        return None
    if hook.split()[:2] == body.split()[:2]:
        return None
    if order.brief.format is not Format.STORY and hook.rstrip(".").lower() in body.lower():
        return None
    if judge.too_long(hook.rstrip("."), body, platform=order.platform, format_=order.brief.format) is not None:
        return None
    words = content_words(f"{hook} {body.replace(order.offers, '')}")
    return Candidate(
        frame=way.frame, hook=hook, body=body, closer=text.closer, lines=text.lines, facts=text.facts,
        score=_score(way, words, hook, body, order, random_, plain=plain), words=words - content_words(subject.name),
    )  # fmt: skip


def _shuffled(order: Order, random_: random.Random) -> list[Fact]:
    """The facts, roughly in the customer's order: what they said first matters most. Focus stays in front."""
    focus = order.focus
    return sorted(
        order.facts,
        key=lambda fact: (
            -2.0 * len(fact.words & focus)
            + (3.0 if fact.kind in {FactKind.SAYS, FactKind.BARE} else 0.0)
            - (1.5 if fact.kind in {FactKind.DOES, FactKind.CAN} else 0.0)
            + (1.0 if len(fact.text) < 14 else 0.0)
            + fact.order * 0.3
            + random_.random() * 4
        ),
    )


def polish(text: str, order: Order, *, title: bool = False) -> str:
    """Agreement, capitals, punctuation and spelling of a finished text."""
    name = order.subject.name
    if order.subject.plural:
        text = re.sub(rf"\b([Tt])his is (?={re.escape(name)})", r"\1hese are ", text)
    text = english.fix_articles(text)
    keep = frozenset({name.split()[0]}) if name[:1].islower() and not name.startswith("the ") else frozenset()
    text = english.sentence_case(text, keep=keep)
    text = re.sub(r"([.!?])\.(?!\.)", r"\1", text)
    text = re.sub(r"([.!?])”\.", r"\1”", text).replace("?,”", "?”").replace("'", "’")
    if name.endswith((".", "!", "?")):
        text = re.sub(r"([.!?])\s?([.,:])", r"\1", text)
    if title and text.endswith(".") and text.count(".") == 1 and order.brief.platform.value in {"google", "pinterest"}:
        text = text[:-1]
    if order.brief.platform.value == "google" and title:
        text = text.replace("!", ".")
    if order.spelling:
        protected = [name, order.offers]
        text = spelling.respell(text, order.spelling, protected=tuple(part for part in protected if part))
    return text.strip()


# -- ranking -----------------------------------------------------------------------------------------------------------


def _score(
    way: Way, words: frozenset[str], hook: str, body: str, order: Order, random_: random.Random, *, plain: bool
) -> float:
    concrete = len(words & order.subject.words) / max(4, len(words))
    length = -abs(len(body) - order.layout.aim) / max(40, order.layout.aim)
    hook_length = -abs(len(hook) - order.layout.hook_aim) / 50
    frame = way.frame
    single_minded = 0.25 * (6 - len(frame.tones)) / 5
    made_for_it = 0.4 if frame.made else 0.0
    focus = order.focus
    focused = 0.8 * min(2, len(words & focus)) if focus else 0.0
    nearest = 0.2 * len(order.nearest & frame.tones)
    return (
        1.2 * concrete
        + 0.5 * length
        + 0.4 * hook_length
        + single_minded
        + made_for_it
        - (0.25 if frame.angle == "objection" and not frame.made else 0.0)  # an answer rarely fits the doubt
        + focused
        + nearest
        + 0.45 * random_.random()
        - (2 if plain else 0)
    )


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of words in common, of the smaller of the two."""
    return len(one & other) / max(1, min(len(one), len(other)))


def _choose(
    candidates: list[Candidate], order: Order, already: list[Candidate] | None = None, slack: float = 0.2
) -> list[Candidate]:
    """Five by marginal relevance: the best that differs most from those chosen. Different angles, closers, lines."""
    chosen = list(already or [])
    pool = sorted(candidates, key=lambda candidate: -candidate.score)
    required = content_words(" ".join(order.instructions.required))
    if order.instructions.words_max is not None or order.instructions.characters_max is not None:
        pool = [candidate for candidate in pool if _finished(candidate, order) is not None]
    if required:
        with_word = [candidate for candidate in pool if required <= content_words(f"{candidate.hook} {candidate.body}")]
        pool = with_word if len({candidate.frame.angle for candidate in with_word}) >= VARIANT_COUNT else pool
    relaxed = 0.0
    for _ in range(len(pool) + 10):  # each turn takes one out, or relaxes
        if len(chosen) >= VARIANT_COUNT:
            break
        best, best_value = None, -99.0
        angles = {other.frame.angle for other in chosen}
        lines = frozenset(line for other in chosen for line in other.lines)
        closers = {other.closer for other in chosen if other.closer}
        lists = sum("\n•" in other.body for other in chosen)
        named_hooks = sum(order.subject.name in other.hook for other in chosen)
        for candidate in pool:
            if candidate.frame.angle in angles or candidate.closer in closers:
                continue
            if lists >= MAX_LISTS and "\n•" in candidate.body:
                continue
            if named_hooks >= MAX_NAMED_HOOKS and order.subject.name in candidate.hook:
                continue
            if any(_same(candidate.hook, other.hook) or candidate.frame.key == other.frame.key for other in chosen):
                continue
            if any(candidate.body.split()[:2] == other.body.split()[:2] for other in chosen) and not relaxed:
                continue
            if any(candidate.hook.split()[:2] == other.hook.split()[:2] for other in chosen) and not relaxed:
                continue
            nearest = max((overlap(candidate.words, other.words) for other in chosen), default=0.0)
            if nearest > MAX_OVERLAP + relaxed or (candidate.lines & lines and relaxed < 0.2):
                continue
            repeats = 0.12 * max((len(candidate.facts & other.facts) for other in chosen), default=0)
            value = candidate.score - 1.1 * nearest - repeats
            if value > best_value:
                best, best_value = candidate, value
        if best is not None:
            # polish and judgement cost more than all the rest: only what is about to be chosen is put to them
            pool.remove(best)
            finished = _finished(best, order)
            if finished is not None:
                chosen.append(finished)
        elif relaxed < slack:
            relaxed += 0.1  # a sparse brief has little to vary: differ as much as it allows
        else:
            break
    return chosen


def _same(one: str, other: str) -> bool:
    """Whether two hooks are one, before and after polish."""
    return one.replace("'", "’").rstrip(".").lower() == other.replace("'", "’").rstrip(".").lower()


def _finished(candidate: Candidate, order: Order) -> Candidate | None:
    """The candidate polished; None if it must not go out."""
    hook, body = polish(candidate.hook, order, title=True), polish(candidate.body, order)
    variant = Variant(angle=candidate.frame.angle, hook=hook, body=body, cta="-", hashtags=())
    if judge.fault(variant, order.brief, order.rules) is not None:
        return None
    return replace(candidate, hook=hook, body=body)


# -- dressing ----------------------------------------------------------------------------------------------------------


def _dress(chosen: list[Candidate], order: Order, random_: random.Random) -> tuple[Variant, ...]:
    """Adds calls to action, hashtags and emoji."""
    ctas = calls(order, random_)
    tags = _hashtags(order, random_)
    emoji_at = set(random_.sample(range(VARIANT_COUNT), 3)) if _wants_emoji(order) else set()
    if order.instructions.emoji and _wants_emoji(order):
        emoji_at = set(range(VARIANT_COUNT))
    variants = []
    for index, candidate in enumerate(chosen):
        body = candidate.body
        limited = order.instructions.words_max is not None or order.instructions.characters_max is not None
        if index in emoji_at and "\n•" not in body and not limited:
            dressed = f"{body} {order.subject.category.emoji[0]}"
            if judge.too_long(candidate.hook, dressed, platform=order.platform, format_=order.brief.format) is None:
                body = dressed
        variants.append(
            Variant(
                angle=candidate.frame.angle,
                hook=candidate.hook,
                body=body,
                cta=ctas[index % len(ctas)],
                hashtags=tags(index),
            )
        )
    return tuple(variants)


def _wants_emoji(order: Order) -> bool:
    if order.rules.emoji_max == 0:
        return False
    return bool(order.instructions.emoji) or order.brief.tone in {Tone.PLAYFUL, Tone.CASUAL}


def calls(order: Order, random_: random.Random) -> list[str]:
    if order.instructions.cta:
        return [order.instructions.cta]
    voice = library.voices()[order.brief.tone]
    own = voice.cta.get(order.subject.category.name, voice.cta[order.subject.kind])
    special, general = list(own), list(voice.cta["any"])
    random_.shuffle(special)
    random_.shuffle(general)
    found = []
    for call in dict.fromkeys([*special, *general]):
        text = spelling.respell(call, order.spelling, protected=()) if order.spelling else call
        if not any(pattern.search(text) for pattern in order.rules.banned):
            found.append(text)
    return found or ["Learn more"]


def _hashtags(order: Order, random_: random.Random) -> _Tags:
    low, high = order.platform.hashtags
    if order.rules.hashtags_max == 0 or high == 0:
        return _Tags(rows=((),))
    name = re.sub(
        r"[^A-Za-z0-9]",
        "",
        order.subject.name.removeprefix("the ").title() if " " in order.subject.name else order.subject.name,
    )
    brand = re.sub(
        r"[^A-Za-z0-9]", "", "".join(word[0].upper() + word[1:] for word in order.brief.brand_name.split() if word)
    )
    noun = "".join(word.capitalize() for word in re.findall(r"[a-z0-9]+", order.subject.noun))
    own = [tag for tag in (brand, name) if 2 < len(tag) <= 24 and not tag.isdigit()]
    pool = [tag for tag in (*_fitting_tags(order), noun) if tag]
    if order.spelling:
        pool = [spelling.respell(tag, order.spelling, protected=()) for tag in pool]
    usable = [tag for tag in pool if not any(pattern.search(tag) for pattern in order.rules.banned)]
    own = [tag for tag in own if not any(pattern.search(tag) for pattern in order.rules.banned)]
    rows = []
    for index in range(VARIANT_COUNT):
        random_.shuffle(usable)
        count = max(low, min(high, low + index % 2))
        tags = list(dict.fromkeys([*(own[:1] if count else ()), *usable]))[:count]
        rows.append(tuple(f"#{tag}" for tag in tags))
    return _Tags(rows=tuple(rows))


def _fitting_tags(order: Order) -> list[str]:
    """The category's hashtags; "DogsOfInstagram" only where the brief speaks of dogs."""
    return [tag.text for tag in order.subject.category.tags if not tag.only or tag.only & order.subject.plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tags:
    rows: tuple[tuple[str, ...], ...]

    def __call__(self, index: int) -> tuple[str, ...]:
        return self.rows[index % len(self.rows)]


# -- notes -------------------------------------------------------------------------------------------------------------


def notes_for(order: Order, variants: tuple[Variant, ...]) -> Notes:
    """What every variant was checked to follow, what not, and what was left out."""
    applied, missed = [], list(order.instructions.unknown)
    texts = [f"{variant.hook}\n{variant.body}" for variant in variants]
    for wish in order.instructions.wishes:
        if wish.kind == "focus":
            topic = content_words(wish.text)
            if all(topic & content_words(text) for text in texts):
                applied.append(wish.note)
            elif any(topic & content_words(text) for text in texts):
                missed.append(
                    f"The focus on {wish.text} holds in some variants only: the brief says too little about it."
                )
            else:
                missed.append(f"The brief says nothing about {wish.text}, so nothing was claimed about it.")
        elif wish.kind == "required":
            held = all(re.search(rf"\b{re.escape(wish.text)}", text, re.I) for text in texts)
            (applied if held else missed).append(
                wish.note if held else f"The word “{wish.text}” could not be worked into every variant."
            )
        elif wish.kind == "price" and order.instructions.price:
            shown = bool(order.subject.price) and all(order.subject.price in text for text in texts)
            (applied if shown else missed).append(
                wish.note if shown else "The price could not be named: the product has none."
            )
        elif wish.kind == "emoji" and order.instructions.emoji and order.rules.emoji_max == 0:
            missed.append("Emoji are not customary on this platform, or the brand asks for calm.")
        elif wish.kind == "audience" and not order.people:
            missed.append(
                "The audience was not addressed: platforms do not allow pointing at such personal attributes, or it is not a group that a line can name."
            )
        else:
            applied.append(wish.note)
    if order.instructions.language:
        missed.append(f"The built-in engine writes English only, not {order.instructions.language}.")
    known = frozenset().union(*library.tone_words().values())
    for word in order.brief.tone_words:
        if word.lower().strip() not in known:
            missed.append(f"The brand's tone word “{word}” is not one the built-in engine knows.")  # noqa: PERF401  (reads in order with the others)
    return Notes(
        applied=tuple(dict.fromkeys(applied)),
        not_applied=tuple(dict.fromkeys(missed)),
        filtered=order.subject.claims.removed,
    )


__all__ = ["MAX_NAMED_HOOKS", "Order", "calls", "notes_for", "overlap", "polish", "understand_order", "write"]
