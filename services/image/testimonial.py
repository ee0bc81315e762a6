"""What a customer of the advertiser says, where the product's texts quote somebody by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SHORTEST: Final = 4  # words
LONGEST: Final = 88  # characters: more is not read as a headline
NAME: Final = r"[^\W\d_a-z](?:\.|[^\W\d_]*(?:['’-][^\W\d_]+)*)"
# Behind quotation marks a dash or a comma, a name of one to three words, and a place or an age.
QUOTED: Final = re.compile(
    r"(?P<marked>(?P<open>[“„«]|(?<![\w\"])\")\s?(?P<said>[^“”„«»\"\n]+?)\s?(?P<close>[”“»]|\"(?!\w)))"
    rf"\s*[-–—,]\s*(?P<who>{NAME}(?:\s{NAME}){{0,2}})(?P<where>,\s(?:{NAME}(?:\s{NAME})?|\d{{2}}))?(?=[\s.,;(]|$)"
)


@dataclass(frozen=True, slots=True)
class Testimonial:
    """What was said, in quotation marks, and by whom, as the text names them."""

    text: str
    author: str


def testimonial_of(texts: Sequence[str]) -> Testimonial | None:
    """Returns the first sentence that the texts quote of somebody whom they name right behind it; None without one.

    Titles, sayings and texts about how to advertise have no name behind them, and are no testimonials.
    """
    for text in texts:
        for found in QUOTED.finditer(text):
            said = found["said"].strip(" ,")
            if len(said) <= LONGEST and len(said.split()) >= SHORTEST and said[:1].isupper():
                marked = f"“{said}”" if found["open"] == '"' else found["marked"]
                return Testimonial(marked, f"{found['who']}{found['where'] or ''}")
    return None
