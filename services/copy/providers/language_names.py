"""Codes and names of languages, by babel."""

from __future__ import annotations

from functools import cache

from babel import Locale

from services.copy.providers.meaning import read_table

CODE = 2  # letters


@cache
def _codes() -> dict[str, str]:
    """Codes by English name, and by the own name of languages whose small words are known; case folded."""
    found = {name.casefold(): code for code, name in Locale.parse("en").languages.items() if len(code) == CODE}
    for code in read_table("model_rules.toml")["function_words"]:
        found[(Locale.parse(code).get_language_name(code) or code).casefold()] = code
    return found


@cache
def _known() -> frozenset[str]:
    return frozenset(_codes().values())


def language_code(language: str) -> str:
    """The two-letter code of a BCP 47 code, an English name or a language's own name; empty if it is not known."""
    folded = language.strip().casefold()
    code = folded.partition("-")[0]
    return _codes().get(folded) or (code if code in _known() else "")


def language_name(code: str) -> str:
    """The English name of a language's two-letter code."""
    return str(Locale.parse("en").languages.get(code, code))
