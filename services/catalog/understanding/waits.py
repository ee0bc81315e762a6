"""Recognises statements of a wait: how long an order takes, or how long one waits for it, is no reason to buy."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

_DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "data" / "waits.toml").read_text(encoding="utf-8")
)
_NEVER: Final = re.compile(r"(?!)")
LEADING: Final = 3  # words before a noun for a wait: "the current waiting time"
BEFORE_START: Final = 5  # words before a verb of expecting: "for a full overhaul allow six weeks"


@cache
def wait_pattern(language: str) -> re.Pattern[str]:
    """Returns a pattern of statements of a wait, over small letters; it matches at their beginning.

    A promise to be quick ("only three days", "no waiting list") is no wait. Languages that the data lack have none.
    """
    words = _DATA.get(language.partition("-")[0])
    if words is None:
        return _NEVER
    one = {kind: f"(?:{'|'.join(listed)})" for kind, listed in words.items()}
    number = rf"(?:\d+|{one['numbers']})"
    span = rf"(?:{one['about']} )*{number}(?: ?(?:[–-]|\w{{1,3}}) ?{number})? {one['units']}(?!\w)"
    forms = (
        rf"(?:[\w']+ ){{0,{LEADING}}}?{one['labels']}(?!\w)",
        rf"(?:[\w']+ ){{0,{BEFORE_START}}}?{one['starts']} {span}",
        rf"(?:[\w']+ ){{0,{LEADING}}}?{one['takes']} {span}",
        rf"{span}'? {one['behind']}(?!\w)",
    )
    return re.compile(rf"(?!.*(?<!\w){one['quick']}(?!\w))(?:{'|'.join(forms)})")
