"""What the button of a text asks of its readers: what was understood of the product, in the platforms' terms."""

from __future__ import annotations

import re
from typing import Final

from services.chassis.amounts import western
from services.copy.providers.local.material import Material
from services.copy.providers.local.telephones import has_telephone

ENQUIRE: Final = "enquire"  # the goal of a brief whose readers ask or are asked first, but not by telephone
ORDER: Final = "order"  # of a service that is sold by the piece: nobody shops for it
NEGATED_WITHIN: Final = 3  # words behind a negation
TICKETED: Final = frozenset({"event", "place"})  # kinds that one gets into with a ticket
_NEVER: Final = re.compile(r"(?!)")


def goal_of(material: Material) -> str:
    """What the brief asks of its readers; empty where that is not known.

    It is the goal that the customer gave or that was understood. Who is to be called is called where the brief has a
    number, says to ring or is about what cannot wait, and written to otherwise; what is booked is a ticket where the
    brief sells them.
    """
    if material.goal == "call":
        is_rung = has_telephone(western(material.written)) or asks("call", material) or asks("urgent", material)
        return "call" if is_rung else ENQUIRE
    if material.goal == "book" and material.kind in TICKETED and material.amount and asks("tickets", material):
        return "tickets"
    return material.goal


def button_rows(goal: str, material: Material) -> tuple[str, ...]:
    """The rows of the platforms' tables of buttons that fit a goal, the nearest first. A platform may lack any."""
    rows = (goal, "none") if goal else ("none",)
    return (ORDER, *rows) if goal == "sell" and material.kind == "service" else rows


def asks(goal: str, material: Material) -> bool:
    """Whether the brief asks for it in its own words, and does not ask not to: "please don't ring us"."""
    return any(
        material.words.negations.search(" ".join(material.written[: match.start()].split()[-NEGATED_WITHIN:])) is None
        for match in material.words.asked.get(goal, _NEVER).finditer(material.written)
    )
