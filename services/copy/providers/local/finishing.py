"""The last hand: a chosen text polished, and its call to action, hashtags and emoji put on."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.copy.domain import VARIANT_COUNT, Tone, Variant
from services.copy.providers import content_filters
from services.copy.providers.local import english, library, spelling
from services.copy.providers.local.choice import Candidate
from services.copy.providers.local.request import Order


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


def dress(chosen: Sequence[Candidate], order: Order, random_: random.Random) -> tuple[Variant, ...]:
    """Adds calls to action, hashtags and emoji."""
    ctas = calls(order, random_)
    tags = _hashtags(order, random_)
    emoji_at = set(random_.sample(range(VARIANT_COUNT), 3)) if _wants_emoji(order) else set()
    if order.instructions.emoji and _wants_emoji(order):
        emoji_at = set(range(VARIANT_COUNT))
    variants = []
    for index, candidate in enumerate(chosen):
        body = candidate.body
        if index in emoji_at and "\n•" not in body and not order.limited:
            dressed = f"{body} {order.subject.category.emoji[0]}"
            if (
                content_filters.length_violation(
                    candidate.hook, dressed, platform=order.platform, format_=order.brief.format
                )
                is None
            ):
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
