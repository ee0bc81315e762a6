"""Tells by frequent small words that a text is in another language than the demanded one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from services.copy.providers.meaning import fold, read_table, without_names

_WORD = re.compile(r"[^\W\d_]+")
MIN_WORDS = 3  # small words of another language that tell it; two may be a name or a quotation
MARGIN = 2


@cache
def _function_words() -> dict[str, frozenset[str]]:
    return {
        code: frozenset(fold(words).split()) for code, words in read_table("model_rules.toml")["function_words"].items()
    }


def is_other_language(text: str, code: str, names: Iterable[str] = ()) -> bool:
    """Whether a text is clearly in another language than `code` (two letters; empty: none is demanded).

    names: of the product and the brand, which may be in any language.
    """
    if not code:
        return False
    words = _WORD.findall(fold(without_names(names)(text)))
    counts = {known: sum(word in small for word in words) for known, small in _function_words().items()}
    demanded = counts.get(code, 0)
    return any(count >= MIN_WORDS and count >= demanded + MARGIN for known, count in counts.items() if known != code)
