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
from services.copy.providers.claims import forbidden
from services.copy.providers.instructions import Instructions, parse
from services.copy.providers.local import english, library, spelling
from services.copy.providers.local.facts import Fact, FactKind, content_words
from services.copy.providers.local.library import Frame, Layout, PlatformRules
from services.copy.providers.local.phrases import Missing, Phrases
from services.copy.providers.local.subject import Subject, understand

MAX_CANDIDATES = 56  # from every angle in turn; more hardly changes which five are chosen, and each costs 0.1 ms
MAX_TRIES = 300  # fillings of frames, fit or not
MAX_OVERLAP = 0.5  # share of words (names and offers aside) that two variants of one result may have in common
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request, understood: what is written about, under which rules, in which order of preference."""

    brief: CopyBrief
    subject: Subject
    instructions: Instructions
    rules: judge.Rules
    platform: PlatformRules
    layout: Layout
    facts: tuple[Fact, ...]
    people: str
    spelling: str
    offers: str  # sentences that stand in every variant
    focus: frozenset[str]
    nearest: frozenset[Tone]  # tones that the brand's tone words ask for


def write(brief: CopyBrief, seed: str) -> CopyResult:
    """Five variants for a brief. Raises InputFault when the banned words leave nothing to write with."""
    order = understand_order(brief)
    random_ = random.Random(
        f"{seed}|{brief.platform}|{brief.format}|{brief.tone}|{brief.product_name}|{brief.custom_instructions}"
    )
    first = list(_candidates(order, random_))
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


def understand_order(brief: CopyBrief) -> Order:
    """Reads brief and instructions and sets the rules."""
    instructions = parse(brief.custom_instructions)
    subject = understand(brief)
    calm = any(word.lower().strip() in library.tone_words()["calm"] for word in brief.tone_words)
    offers: list[str] = []
    refused: list[str] = []
    for sentence in instructions.sentences:
        (refused if forbidden(sentence) else offers).append(sentence)
    instructions = replace(
        instructions,
        sentences=tuple(offers),
        wishes=tuple(wish for wish in instructions.wishes if not any(sentence in wish.note for sentence in refused)),
        unknown=(
            *instructions.unknown,
            *(f"“{sentence}” is a claim that platforms do not allow in ads." for sentence in refused),
        ),
    )
    banned = instructions.banned
    rules = judge.rules_for(
        brief,
        banned=banned,
        exempt="\n".join([subject.name, *offers, subject.price]),
        emoji=False if calm else instructions.emoji,
        hashtags=instructions.hashtags,
        exclamation=instructions.exclamation and not calm,
        words_max=instructions.words_max,
        characters_max=instructions.characters_max,
    )
    platform = library.platforms()[brief.platform]
    layout = platform.layouts[brief.format]
    if instructions.brief:
        layout = replace(layout, aim=min(layout.aim, 60), facts=min(layout.facts, 1))
    if instructions.characters_max is not None:
        layout = replace(
            layout,
            body=min(layout.body, instructions.characters_max),
            aim=min(layout.aim, instructions.characters_max // 2),
        )
    if instructions.words_max is not None:
        layout = replace(
            layout,
            aim=min(layout.aim, instructions.words_max * 3),
            facts=min(layout.facts, instructions.words_max // 12),
        )
    facts = tuple(fact for fact in subject.facts if not any(pattern.search(fact.text) for pattern in rules.banned))
    focus = content_words(" ".join([*instructions.focus, *instructions.required]))
    facts = tuple(sorted(facts, key=lambda fact: (-len(fact.words & focus), fact.order)))
    people = ""
    if instructions.audience:
        people = understand(replace(brief, audience=instructions.audience)).people
    return Order(
        brief=brief, subject=subject, instructions=instructions, rules=rules, platform=platform, layout=layout,
        facts=facts, people=people or subject.people, spelling=instructions.spelling or brief.spelling,
        offers=" ".join(offers), focus=focus,
        nearest=frozenset(
            tone for tone in Tone if {word.lower().strip() for word in brief.tone_words} & library.tone_words()[tone]
        ),
    )  # fmt: skip


# -- over-generating ---------------------------------------------------------------------------------------------------


def _candidates(order: Order, random_: random.Random, *, plain: bool = False) -> Iterator[Candidate]:
    """Filled frames that pass the cheap filters, at most MAX_CANDIDATES of them."""
    frames = _fitting(order, plain=plain)
    found = 0
    for attempt in range(MAX_TRIES):
        if not frames or found >= MAX_CANDIDATES or attempt >= 6 * len(frames):
            return
        if attempt % len(frames) == 0:
            frames = _in_turn(frames, random_)
        candidate = _fill(frames[attempt % len(frames)], order, random_, plain=plain)
        if candidate is not None:
            found += 1
            yield candidate


def _fitting(order: Order, *, plain: bool) -> list[Frame]:
    story = order.brief.format is Format.STORY
    compact = order.layout.body <= 100
    rows = library.stories() if story else library.frames()
    return [
        frame
        for frame in rows
        if (plain or order.brief.tone in frame.tones)
        and order.brief.format in frame.formats
        and order.subject.kind in frame.kinds
        and (not story or frame.compact == compact or ((plain or len(order.facts) < 2) and frame.compact))
    ]


def _in_turn(frames: list[Frame], random_: random.Random) -> list[Frame]:
    """The frames in random order, one angle after the other, so that a bound on their number starves no angle."""
    random_.shuffle(frames)
    places: dict[str, int] = {}
    keyed = []
    for frame in frames:
        places[frame.angle] = places.get(frame.angle, 0) + 1
        keyed.append((places[frame.angle], frame))
    return [frame for _, frame in sorted(keyed, key=lambda pair: pair[0])]


def _fill(frame: Frame, order: Order, random_: random.Random, *, plain: bool) -> Candidate | None:
    layout, subject, tone = order.layout, order.subject, order.brief.tone
    facts = _shuffled(order, random_)
    phrases = Phrases(subject, tone, random_, facts, order.people)
    try:
        hook = phrases.fill(frame.hook)
        if len(hook) > layout.hook + 4:
            return None
        opening = phrases.fill(frame.opening) if frame.opening else ""
        line = phrases.fill(frame.body)
    except Missing:
        return None
    named = subject.name in hook or subject.name in opening or subject.name in line
    parts = [part for part in (opening, line) if part]
    closer = random_.choice(_closers(order))
    body = _grow(parts, hook, order, phrases, random_, named=named, closer=closer, plain=plain)
    hook, body = polish(hook, order, title=True), polish(body, order)
    if not body or subject.name.lower() not in f"{hook} {body}".lower():
        return None
    if not order.instructions.questions and "?" in hook + body:
        return None
    if frame.angle != "story" and hook.rstrip(".").lower() in body.lower():
        return None
    if judge.too_long(hook, body, platform=order.platform, format_=order.brief.format) is not None:
        return None
    closed = closer if closer in body else ""
    return Candidate(
        frame=frame, hook=hook, body=body, closer=closed, lines=frozenset(phrases.lines),
        facts=frozenset(fact.order for fact in phrases.used),
        score=_score(frame, hook, body, order, random_, plain=plain),
        words=content_words(f"{hook} {body}".replace(order.offers, "")) - content_words(subject.name),
    )  # fmt: skip


def _shuffled(order: Order, random_: random.Random) -> list[Fact]:
    """The facts, roughly in the customer's order: what they said first matters most. Focus stays in front."""
    focus = order.focus
    return sorted(
        order.facts,
        key=lambda fact: (
            -2.0 * len(fact.words & focus)
            + (3.0 if fact.kind in {FactKind.SAYS, FactKind.BARE} else 0.0)
            + fact.order * 0.3
            + random_.random() * 4
        ),
    )


def _closers(order: Order) -> tuple[str, ...]:
    voice = library.voices()[order.brief.tone]
    return voice.endings if order.brief.format is Format.STORY else voice.closers


def _grow(
    parts: list[str],
    hook: str,
    order: Order,
    phrases: Phrases,
    random_: random.Random,
    *,
    named: bool,
    closer: str,
    plain: bool,
) -> str:
    """The body: opening lines, then what the brief supports, the price and offers where wanted, and a closer."""
    layout, subject, brief = order.layout, order.subject, order.brief
    voice = library.voices()[brief.tone]
    offers = order.offers
    price = ""
    wanted = order.instructions.price
    if subject.price and wanted is not False:
        odds = {Tone.LUXE: 0.0, Tone.PROFESSIONAL: 0.15}.get(brief.tone, 0.3)
        if wanted or (brief.format in {Format.SHORT, Format.LONG} and random_.random() < odds):
            price = random_.choice(voice.price).replace("{price}", subject.price).replace("{P}", subject.name)
    reserved = sum(len(text) + 1 for text in (offers, price) if text)
    limit = min(layout.body, layout.whole - len(hook) - 1) - reserved
    text = " ".join(parts)
    room = limit - len(text) - 1
    paragraphs = brief.format in {Format.LONG, Format.STORY} and layout.body > 200
    supports: list[str] = []
    count = max(layout.facts, 0 if named else 1)
    for _ in range(count):
        if plain and named:
            break
        sentence = phrases.support(
            named=named, room=room, said=f"{hook} {text} {' '.join(supports)}", count=2 if layout.facts else 1
        )
        if sentence is None:
            break
        supports.append(sentence)
        named = named or subject.name in sentence
        room -= len(sentence) + 1
        if len(text) + sum(len(part) for part in supports) > layout.aim:
            break
    blocks = [text]
    if layout.bullets and len(supports) >= 3 and brief.tone is not Tone.LUXE and random_.random() < 0.5:
        blocks.append(
            random_.choice(voice.openers)
            + "\n"
            + "\n".join(f"• {english.upper_first(part.rstrip('.'))}" for part in supports)
        )
    elif supports:
        blocks.append(" ".join(supports))
    if brief.format is Format.LONG:
        for extra in ("{truth}", "For {moment}.", "{step}"):
            if sum(map(len, blocks)) + 60 > min(layout.aim, limit):
                break
            try:
                line = phrases.fill(extra)
            except Missing:
                continue
            if line not in hook and not content_words(line) & content_words(f"{hook} {' '.join(blocks)}"):
                blocks.append(line)
    used = sum(map(len, blocks)) + 2 * len(blocks)
    blocks.extend(part for part in (price, offers) if part)
    if brief.format is Format.HOOK and not plain:
        closer = ""
    if (
        closer
        and used + len(closer) + 2 <= limit
        and (used < layout.aim + 20 or brief.format in {Format.LONG, Format.STORY})
    ):
        blocks.append(closer)
    return ("\n\n" if paragraphs else " ").join(blocks)


def polish(text: str, order: Order, *, title: bool = False) -> str:
    """Agreement, capitals, punctuation and spelling of a finished text."""
    name = order.subject.name
    text = english.fix_articles(text)
    keep = frozenset({name.split()[0]}) if name[:1].islower() and not name.startswith("the ") else frozenset()
    text = english.sentence_case(text, keep=keep)
    text = re.sub(r"([.!?])\.(?!\.)", r"\1", text)
    text = re.sub(r"([.!?])”\.", r"\1”", text).replace("'", "’")
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


def _score(frame: Frame, hook: str, body: str, order: Order, random_: random.Random, *, plain: bool) -> float:
    words = content_words(f"{hook} {body}")
    concrete = len(words & order.subject.words) / max(4, len(words))
    length = -abs(len(body) - order.layout.aim) / max(40, order.layout.aim)
    hook_length = -abs(len(hook) - order.layout.hook_aim) / 50
    single_minded = 0.25 * (6 - len(frame.tones)) / 5
    focus = order.focus
    focused = 0.8 * min(2, len(words & focus)) if focus else 0.0
    nearest = 0.2 * len(order.nearest & frame.tones)
    return (
        1.2 * concrete
        + 0.5 * length
        + 0.4 * hook_length
        + single_minded
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
        pool = [candidate for candidate in pool if _fits(candidate, order)]
    if required:
        with_word = [candidate for candidate in pool if required <= content_words(f"{candidate.hook} {candidate.body}")]
        pool = with_word if len({candidate.frame.angle for candidate in with_word}) >= VARIANT_COUNT else pool
    relaxed = 0.0
    for _ in range(MAX_CANDIDATES + 10):
        if len(chosen) >= VARIANT_COUNT:
            break
        best, best_value = None, -99.0
        angles = {other.frame.angle for other in chosen}
        lines = frozenset(line for other in chosen for line in other.lines)
        closers = {other.closer for other in chosen if other.closer}
        named_hooks = sum(order.subject.name in other.hook for other in chosen)
        for candidate in pool:
            if candidate.frame.angle in angles or candidate.closer in closers:
                continue
            if named_hooks >= MAX_NAMED_HOOKS and order.subject.name in candidate.hook:
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
            # the full judgement costs more than all the rest: only what is about to be chosen is put to it
            pool.remove(best)
            if _fits(best, order):
                chosen.append(best)
        elif relaxed < slack:
            relaxed += 0.1  # a sparse brief has little to vary: differ as much as it allows
        else:
            break
    return chosen


def _fits(candidate: Candidate, order: Order) -> bool:
    variant = Variant(angle=candidate.frame.angle, hook=candidate.hook, body=candidate.body, cta="-", hashtags=())
    return judge.fault(variant, order.brief, order.rules) is None


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
    special, general = list(voice.cta[order.subject.kind]), list(voice.cta["any"])
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
    pool = [tag for tag in (*order.subject.category.tags, noun) if tag]
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
