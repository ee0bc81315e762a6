"""What the button of a text asks of its readers: what was understood of the product, in the platforms' terms."""

from __future__ import annotations

import re
from typing import Final

from services.chassis.amounts import western
from services.copy.providers.local.material import Material
from services.copy.providers.local.telephones import has_telephone

ENQUIRE: Final = "enquire"  # the goal of a brief whose readers ask or are asked first, but not by telephone
TICKETED: Final = frozenset({"event", "place"})  # kinds that one gets into with a ticket
_NEVER: Final = re.compile(r"(?!)")


def goal_of(material: Material) -> str:
    """What the brief asks of its readers; empty where that is not known.

    It is the goal that the customer gave or that was understood. Who is to be called without a number is written to;
    what is booked is a ticket where the brief sells them.
    """
    if material.goal == "call":
        return "call" if has_telephone(western(material.written)) else ENQUIRE
    if material.goal == "book" and material.kind in TICKETED and material.amount and asks("tickets", material):
        return "tickets"
    return material.goal


def asks(goal: str, material: Material) -> bool:
    """Whether the brief asks for it in its own words."""
    return bool(material.words.asked.get(goal, _NEVER).search(material.written))
