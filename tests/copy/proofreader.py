"""An independent reading of finished copy: Harper, a grammar checker that a package carries whole (harper-py)."""

from __future__ import annotations

import re
from functools import cache

import harper

# Its opinions on spelling (names), style and dialect, and rules that take ad copy for something else: "Who is it for?
# For list makers." lacks no preposition, "one more jumper" is no comparative, "You two will" no possessive, "No to wet
# socks" no slip for "not to", "on the way to somewhere" no "too", "Try Relay Inbox" no infinitive.
_OFF = (
    "SpellCheck", "OxfordComma", "NoOxfordComma", "Regionalisms", "HaveTakeALook", "PleaseTakeALook", "SplitWords",
    "SpelledNumbers", "MissingPreposition", "RedundantProgressiveComparative", "PossessiveNoun", "PossessiveYour",
    "NotTo", "TooTo", "ToTooIdioms", "MissingTo", "PhrasalVerbAsCompoundNoun", "OpenCompounds", "CompoundNouns",
    "CondenseAllThe",
)  # fmt: skip
# What is left and taken wrongly, by a part of its message.
_TAKEN_WRONGLY = re.compile(
    r"closed compound noun|canonical|Remove `the` before `what`|prefix that can be joined|comparative form"
    r"|Use `too` here",
    re.I,
)


@cache
def _linter() -> harper.Linter:
    linter = harper.Linter(dialect=harper.Dialect.BRITISH)
    rules = harper.get_default_lint_config()
    linter.set_lint_config({**rules, **dict.fromkeys(_OFF, False)})
    return linter


def marks(text: str, *, keep: tuple[str, ...] = ()) -> list[str]:
    """What the checker marks; `keep` are names, which it does not know."""
    for name in sorted(filter(None, keep), key=len, reverse=True):
        text = text.replace(name, "Acme")
    return [
        f"{lint.message} ({lint.problem_text!r})"
        for lint in _linter().lint(text)
        if not _TAKEN_WRONGLY.search(lint.message)
    ]
