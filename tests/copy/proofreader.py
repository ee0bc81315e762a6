"""Checks finished copy with Harper, an independent grammar checker that the package harper-py bundles."""

from __future__ import annotations

import re
from functools import cache

import harper

# Rules on spelling (names), style and dialect, and rules that misread ad copy: "Who is it for?
# For list makers." lacks no preposition, "one more jumper" is no comparative, "You two will" no possessive, "No to wet
# socks" no slip for "not to", "on the way to somewhere" no "too", "Try Relay Inbox" no infinitive.
_DISABLED_RULES = (
    "SpellCheck", "OxfordComma", "NoOxfordComma", "Regionalisms", "HaveTakeALook", "PleaseTakeALook", "SplitWords",
    "SpelledNumbers", "MissingPreposition", "RedundantProgressiveComparative", "PossessiveNoun", "PossessiveYour",
    "NotTo", "TooTo", "ToTooIdioms", "MissingTo", "PhrasalVerbAsCompoundNoun", "OpenCompounds", "CompoundNouns",
    "CondenseAllThe",
)  # fmt: skip
# Further false positives, by a part of their message.
_FALSE_POSITIVE = re.compile(
    r"closed compound noun|canonical|Remove `the` before `what`|prefix that can be joined|comparative form"
    r"|Use `too` here",
    re.I,
)


@cache
def _linter() -> harper.Linter:
    linter = harper.Linter(dialect=harper.Dialect.BRITISH)
    rules = harper.get_default_lint_config()
    linter.set_lint_config({**rules, **dict.fromkeys(_DISABLED_RULES, False)})
    return linter


def marks(text: str, *, keep: tuple[str, ...] = ()) -> list[str]:
    """The errors that Harper finds. keep: names, which it does not know."""
    for name in sorted(filter(None, keep), key=len, reverse=True):
        text = text.replace(name, "Acme")
    return [
        f"{lint.message} ({lint.problem_text!r})"
        for lint in _linter().lint(text)
        if not _FALSE_POSITIVE.search(lint.message)
    ]
