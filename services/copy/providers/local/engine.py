"""The rule engine: arguments from the brief's own facts, five that differ, bodies that quote. No model.

Pure functions of brief and seed: the same brief and seed give the same answer.
"""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.chassis.errors import InputFault
from services.copy.domain import VARIANT_COUNT, CopyBrief, CopyResult, Platform, Variant
from services.copy.providers import content_filters
from services.copy.providers.local import proof, spelling
from services.copy.providers.local.arguments import Argument, again, arguments, turns_of
from services.copy.providers.local.bodies import PRICE, Body, Writer
from services.copy.providers.local.choice import choose
from services.copy.providers.local.hashtags import hashtags
from services.copy.providers.local.notes import notes_for
from services.copy.providers.local.prices import readable_amounts
from services.copy.providers.local.quotes import Quote, as_sentence
from services.copy.providers.local.request import Order, check_feasible, not_found, understand_order
from services.copy.providers.local.supply import Task
from services.copy.providers.local.words import words_of

CHANCE = 0.4  # how much the seed may turn the order of arguments
CROWDED, CROWDED_UNNAMED = 0.25, 0.6
LEFT = 22  # characters of one more fact
BRIEF_DESCRIPTION = 60  # characters of the short description that an asset group of Google's needs
UNBACKED = 2.0
TRIAL_SEED = "trial"
UNKNOWN, PLAIN = "und", "en"  # languages
MOST_TURNS = 12  # tries to find five that may go out; each refuses those that may not
MOST_REWRITTEN = 2  # times that a body with faults is written again
MOST_ARGUMENTS = 60  # the best that are looked at: what is worse is not chosen
_STOP_DOUBLED = re.compile(r"(?<!\.)([.!?。！？।])[.。।](?![.。।])")
_WIDE_STOP = re.compile(r"([。！？]) (?=\S)")  # no space follows it
_STRAIGHT = re.compile(r"(?<=\w)'(?=\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One argument with its body, polished."""

    argument: Argument
    hook: str
    body: Body


def check(brief: CopyBrief) -> None:
    """Raises InputFault for a brief of which no five variants can be written.

    Only a brief that holds little, or rules that leave little, can fail: its texts are written as a trial. `write`
    falls back to the seed of the trial.
    """
    order = understand_order(brief)
    check_feasible(order)
    if order.is_narrow:
        _write(order, TRIAL_SEED)


def write(brief: CopyBrief, seed: str) -> CopyResult:
    """Five variants for a brief. Raises InputFault when the rules of the request leave no five."""
    order = understand_order(brief)
    check_feasible(order)
    try:
        return _write(order, seed)
    except InputFault:
        return _write(order, TRIAL_SEED)


def _write(order: Order, seed: str) -> CopyResult:
    brief = order.brief
    random_ = random.Random(
        f"{seed}|{brief.platform}|{brief.format}|{brief.tone}|{brief.product_name}|{brief.custom_instructions}"
    )
    drafts = _drafts(order, random_)
    for plainer in _plainer(order):
        if len(drafts) < VARIANT_COUNT:
            drafts = _filled(drafts, _drafts(plainer, random_, sparse=True))
    if len(drafts) < VARIANT_COUNT:
        raise not_found(order)
    variants = tuple(_variant(draft, index, order) for index, draft in enumerate(drafts))
    missing = tuple(dict.fromkeys(found.text for draft in drafts for found in draft.body.missing))
    return CopyResult(variants=variants, notes=notes_for(order, variants, missing=missing), provider="local")


def _plainer(order: Order) -> Iterator[Order]:
    """What is tried where a brief holds too little for five texts: the same facts with hooks that say the name twice,
    and then name and sender alone, as for a product without a description. A line or two in Latin letters whose
    language is not known gets the words of the API's own, as a name alone does."""
    yield order
    material = order.material
    written = unicodedata.normalize("NFD", material.written)
    if material.language == UNKNOWN and all(sign.isascii() for sign in written if sign.isalpha()):
        material = replace(material, language=PLAIN, words=words_of(PLAIN))
        yield replace(order, material=material)
    bare = replace(material, quotes=(), opening=None)
    if material.price_is_quoted and material.conditions:  # what limits it would not stand beside it
        bare = replace(bare, price="", price_is_quoted=False)
    yield replace(order, material=bare)


def _filled(drafts: list[Draft], others: list[Draft]) -> list[Draft]:
    """Five drafts: these, then others that differ from them; all that there are where they are fewer."""
    texts = {_text_of(draft) for draft in drafts}
    return [*drafts, *(other for other in others if _text_of(other) not in texts)][:VARIANT_COUNT]


def _text_of(draft: Draft) -> tuple[str, str]:
    return draft.hook.casefold(), draft.body.text.casefold()


def _drafts(order: Order, random_: random.Random, *, sparse: bool = False) -> list[Draft]:
    """Five drafts that may go out, or as many as there are. Each further try asks for less.

    `sparse`: as for `arguments`.
    """
    found = _arguments(order, random_, sparse=sparse)
    # rather the best headline again, with another text below it, than a poor one
    both = [*found, *again(found)]
    turned = [turn for argument in found for turn in turns_of(argument)]
    best: list[Draft] = []
    for listed, named in ((both, True), (both, False), ([*found, *turned], False)):
        drafts = _drafts_of(listed, order, random_, named=named, sparse=sparse)
        best = max(best, drafts, key=len)
        if len(best) == VARIANT_COUNT:
            break
    return best


def _arguments(order: Order, random_: random.Random, *, sparse: bool) -> list[Argument]:
    layout = order.layout
    found = [
        replace(
            argument,
            score=argument.score
            + CHANCE * random_.random()
            + order.focus_of(argument.fact)
            - _crowded(argument, order)
            - _unbacked(argument, order),
        )
        for argument in arguments(
            order.material,
            order.tone,
            limit=layout.hook,
            answer_limit=layout.body - 1,
            topics=order.topics,
            priced=order.instructions.price,
            sparse=sparse,
        )
        if order.platform.length(argument.hook) <= layout.hook
        and (order.instructions.questions or "?" not in argument.hook)
    ]
    return sorted(found, key=lambda argument: -argument.score)[:MOST_ARGUMENTS]


def _crowded(argument: Argument, order: Order) -> float:
    """What a hook loses that leaves no room to say what is advertised and one thing more."""
    layout = order.layout
    left = min(layout.body, layout.whole - len(argument.hook) - 1)
    if argument.says_what:
        return CROWDED if left < LEFT else 0.0
    return CROWDED_UNNAMED if left - len(order.material.what) - 2 < LEFT else 0.0


def _unbacked(argument: Argument, order: Order) -> float:
    """What the terms of a loan lose as an opening where the lines that the law asks for beside them have no room."""
    material = order.material
    if "credit" not in material.regulated or argument.lead is None:
        return 0.0
    needed = sum(len(found.sentence) + 1 for found in material.must)
    terms = any(sign.isdigit() for sign in argument.hook)
    return UNBACKED if terms and needed > order.layout.body else 0.0


def _drafts_of(
    found: list[Argument], order: Order, random_: random.Random, *, named: bool, sparse: bool
) -> list[Draft]:
    """Five drafts of these arguments, or as many as there are. `named`: each must name product or sender; `sparse`: as
    for `arguments`."""
    task = Task(
        material=order.material,
        tone=order.tone,
        form=order.brief.format,
        layout=order.layout,
        offers=order.offers,
        topics=order.topics,
        focus=order.focus,
        priced=order.instructions.price,
        limited=order.limited,
        calls=order.calls,
        sparse=sparse,
    )
    refused: set[Argument] = set()
    best: list[Draft] = []
    writer = Writer(task, random_)
    written: list[Argument] = []
    drafts: list[Draft | None] = []
    states = [writer.state]
    for _ in range(MOST_TURNS):
        chosen = choose([argument for argument in found if argument not in refused], order.material)
        # those before the first one that was refused stand as they are
        pairs = zip(chosen, written, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        del drafts[same:], states[same + 1 :]
        writer.state = states[same]
        for turn, argument in enumerate(chosen[same:], same):
            drafts.append(_draft(argument, writer, order, turn, named=named))
            states.append(writer.state)
        written = chosen
        texts = [_text_of(draft) if draft else ("", "") for draft in drafts]
        bad = [
            argument
            for place, (argument, draft) in enumerate(zip(chosen, drafts, strict=True))
            if draft is None or texts[place] in texts[:place]
        ]
        kept = [draft for argument, draft in zip(chosen, drafts, strict=True) if draft and argument not in bad]
        best = max(best, kept, key=len)
        if not bad:
            break
        refused.update(bad)
    return best


def _draft(argument: Argument, writer: Writer, order: Order, turn: int, *, named: bool) -> Draft | None:
    """An argument with its body; None where no body of it may go out. A body in which the proof-reader finds a fault is
    written again without the facts that have it, at most MOST_REWRITTEN times, and then with little else than names."""
    hook = polish(argument.hook, order, title=True)
    without: frozenset[str] = frozenset()
    for attempt in range(MOST_REWRITTEN + 2):
        bare = attempt > MOST_REWRITTEN
        most = BRIEF_DESCRIPTION if turn == VARIANT_COUNT - 1 and _wants_a_brief_text(order) else 0
        body = writer.write(argument, turn=turn, bare=bare, without=without, most=most)
        is_named = body.named or order.material.is_named_in(f"{hook}\n{body.text}")
        says_nothing = not body.used and argument.lead is None and bool(order.material.quotes)
        if not body.answered or not body.text or (named and (not is_named or says_nothing)):
            continue
        text = polish(body.text, order)
        quoted = [found for found in (*body.used, argument.lead) if found is not None]
        faults = [
            fault
            for fault in proof.faults(hook, text, order.material.language, order.material.own_names)
            if (fault.kind != "page" or any(_has(found, fault, order) for found in quoted))  # "Read more" may be ours
            and not any(fault.sentence in polish(found.sentence, order) for found in order.material.must)
        ]
        if any(fault.sentence and fault.sentence in hook for fault in faults if fault.kind != "twice"):
            return None
        if faults and not (bare and all(fault.kind == "twice" for fault in faults)):  # a name alone stands twice
            faulty = {found.id for found in body.used for fault in faults if _has(found, fault, order)}
            without |= faulty
            continue
        variant = Variant(angle=argument.angle, hook=hook, body=text, cta="-", hashtags=())
        if content_filters.rejection_reason(variant, order.brief, order.rules) is None:
            return Draft(argument=argument, hook=hook, body=replace(body, text=text))
        without |= _refused(variant, order)
    return None


def _refused(variant: Variant, order: Order) -> frozenset[str]:
    """The id of a fact without which a text may go out, or PRICE: children beside a glass of wine. Empty if none is."""
    said = [(found.id, found.text) for found in order.material.quotes if found.role != "price"]
    for name, quoted in (*said, (PRICE, order.material.price)):
        text = polish(as_sentence(quoted), order)
        rest = variant.body.replace(text, "").strip()
        if quoted and text in variant.body and rest:
            shorter = replace(variant, body=rest)
            if content_filters.wording_violation(shorter, order.rules) is None:
                return frozenset({name})
    return frozenset()


def _wants_a_brief_text(order: Order) -> bool:
    """Whether one of the five is brief: an asset group of Google's needs a short description."""
    return order.brief.platform is Platform.GOOGLE and not (order.material.must or order.offers or order.limited)


def _has(found: Quote, fault: proof.Fault, order: Order) -> bool:
    """Whether a quoted fact has a fault, or is a part of the sentence that has it."""
    said = polish(as_sentence(found.text), order).rstrip(".")
    return said in fault.sentence or fault.sentence.rstrip(".") in said


def polish(text: str, order: Order, *, title: bool = False) -> str:
    """Punctuation and spelling of a finished text."""
    text = readable_amounts(text, order.material.language)
    text = _STRAIGHT.sub("’", _STOP_DOUBLED.sub(r"\1", text))
    text = _WIDE_STOP.sub(r"\1", text)
    if not order.rules.exclamation or (title and order.brief.platform is Platform.GOOGLE):
        text = re.sub(r"!+(?=\))", "", text)
        text = re.sub(r"!+", ".", text)
    if order.spelling and order.material.language == "en":
        protected = tuple(
            filter(None, (order.material.full_name, order.material.name, order.material.brand, *order.offers))
        )
        text = spelling.respell(text, order.spelling, protected=protected)
    return text.strip()


def _variant(draft: Draft, index: int, order: Order) -> Variant:
    low, high = order.platform.hashtags
    count = 0 if order.rules.hashtags_max == 0 else max(low, min(high, low + index % 2))
    return Variant(
        angle=draft.argument.angle,
        hook=draft.hook,
        body=_with_emoji(draft, order),
        cta=order.button,
        hashtags=hashtags(order.material, count=count, index=index, banned=order.rules.banned),
    )


def _with_emoji(draft: Draft, order: Order) -> str:
    body = draft.body.text
    if (
        not order.instructions.emoji
        or order.rules.emoji_max == 0
        or order.material.solemn
        or order.limited
        or "\n•" in body
    ):
        return body
    dressed = f"{body} ✨"
    too_long = content_filters.length_violation(
        draft.hook, dressed, platform=order.platform, format_=order.brief.format, longer=order.rules.longer
    )
    return body if too_long else dressed
