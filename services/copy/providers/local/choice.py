"""Which five arguments run: the best that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.copy.domain import VARIANT_COUNT
from services.copy.providers.local.arguments import Argument
from services.copy.providers.local.material import Material
from services.copy.providers.local.quotes import content_words

MAX_HOOK_OVERLAP = 0.5  # share of words in common from which two hooks say the same
REPEATED_ANGLE = 0.08  # less for each variant that argues from the same side
REPEATED_FACT = 0.05  # less for each variant that rests on the same fact
NEAR = 0.5  # less for a hook whose words another has, in full
NEAR_AT_LAST = 0.2  # likewise where the brief holds no other
FAIR = -1.1  # score of an argument below which the best facts rather lead again, in other words
PRICED_AGAIN = 1.0  # less for a second hook that says nothing but the price
MOST_NAMED = 3  # hooks that say what is sold beside a fact
MOST = {"audience": 1, "price": 1, "name": 1, "logistics": 1, "neutral": 5}


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of words in common, of the smaller of the two."""
    return len(one & other) / max(1, min(len(one), len(other)))


def _plain(hook: str) -> str:
    """A hook as hooks are compared: its letters and figures."""
    return "".join(filter(str.isalnum, hook.casefold()))


def choose(found: Sequence[Argument], material: Material) -> list[Argument]:
    """Up to five arguments: the best first, each the best that differs from those before it.

    Fewer where the brief holds less; then plain arguments may share a fact.
    """
    name = content_words(f"{material.what} {material.subject}", material.words)
    words = {}
    for argument in found:
        said = content_words(argument.hook, material.words)
        words[id(argument)] = said - name or said
    plain = {id(argument): (argument.turn, _plain(argument.hook)) for argument in found}
    near = {id(argument): 0.0 for argument in found}  # to the nearest of those chosen
    chosen: list[Argument] = []
    taken: set[tuple[int, str]] = set()
    angles: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    for strict in (True, False):
        while len(chosen) < VARIANT_COUNT:
            best, best_value = None, float("-inf")
            named = sum(argument.says_what for argument in chosen)
            for argument in found:
                if plain[id(argument)] in taken:
                    continue
                repeated = facts[argument.fact.id] if argument.fact is not None else 0
                if strict and (
                    near[id(argument)] > MAX_HOOK_OVERLAP
                    or repeated
                    or angles[argument.angle] >= MOST.get(argument.angle, 5)
                    or (argument.says_what and named >= MOST_NAMED)
                ):
                    continue
                value = (
                    argument.score
                    - (PRICED_AGAIN if argument.angle == "price" and angles["price"] else 0.0)
                    - REPEATED_ANGLE * angles[argument.angle]
                    - REPEATED_FACT * repeated
                    - (NEAR if strict else NEAR_AT_LAST) * near[id(argument)]
                )
                if value > best_value:
                    best, best_value = argument, value
            if best is None or (strict and best.score < FAIR):
                break
            chosen.append(best)
            taken.add(plain[id(best)])
            for argument in found:
                shared = overlap(words[id(argument)], words[id(best)])
                near[id(argument)] = max(near[id(argument)], shared)
            angles[best.angle] += 1
            if best.fact is not None:
                facts[best.fact.id] += 1
    return chosen
