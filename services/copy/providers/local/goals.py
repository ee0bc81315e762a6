"""What a brief asks of its readers, for its button: by its own words, then by the usual goal of its kind."""

from __future__ import annotations

import re
from typing import Final

from services.chassis.amounts import western
from services.copy.providers.local.material import Material
from services.copy.providers.local.own_work import is_own_work
from services.copy.providers.local.quotes import names_day
from services.copy.providers.local.telephones import has_telephone
from services.copy.providers.local.words import ASKED

BEGINNING: Final = 160  # characters of a description that say what it is about
BEGUN: Final = 40  # characters of its first words
SOLD: Final = frozenset({"good", "food"})  # kinds that are bought by a click
APPLIED: Final = frozenset(
    {"", "job", "service", "finance", "property", "cause", "public_body"}
)  # what one applies for
UNBOOKED: Final = frozenset(
    {"job", "property", "software", "cause", "finance", "public_body", "event"}
)  # kinds of which a name says nothing of booking
BOOKED: Final = frozenset({"service", "event", "place"})  # kinds that one makes an appointment with
CLOSED_BY: Final = frozenset(
    {"sell", "book", "apply", "tickets", "sign_up", "call", "enquire"}
)  # what a visit is not for
OPEN: Final = frozenset({"good", "food", "service", "place"})  # kinds that one may come to a shop for
VISITED: Final = frozenset({"place", "event"})  # kinds that one goes to
ENQUIRE: Final = "enquire"  # the goal of a brief whose readers ask first
USUAL: Final = {  # kinds of which a goal is usual, so that their words need not say it
    "sign_up": frozenset({"software", "event", "finance"}),
    "apply": frozenset({"job", "finance"}),
    "donate": frozenset({"cause"}),
    "download": frozenset({"software"}),
}
_NEVER: Final = re.compile(r"(?!)")


def goal_of(material: Material) -> str:
    """What the brief asks of its readers; empty where that is not sure; ENQUIRE where they ask first.

    Its own words count before what products of its kind are usually advertised for: nobody buys a job, a volunteer or a
    quotation by a click.
    """
    goal, kind = material.goal, material.kind
    walks_in = material.words.walk_in.search(material.written) is not None
    asked = [name for name in ASKED if asks(name, material)]
    if material.words.joined.search(material.full_name):
        return "sign_up"
    if _is_booked_by_name(material, asked):
        return "book"
    if "enquire" in material.words.asked and material.words.asked["enquire"].search(material.full_name):
        return _reached(material)
    if kind == "job" and "apply" in {goal, *asked}:
        return "apply"  # before a "trade ticket" that nobody needs
    if "book" in asked and _begins_with("book", material):
        return "book"
    if "tickets" in asked and material.amount and not walks_in and _names_a_day(material):
        return "tickets"
    if material.words.asked.get("helpers", _NEVER).search(material.full_name):
        return ""
    if "helpers" in asked:
        return "donate" if kind == "cause" and "donate" in asked and material.amount else ""
    if "apply" in asked and (kind in APPLIED or (kind in VISITED and _is_of_work(material))):
        return "apply"
    if kind in OPEN and "visit" in asked and not (CLOSED_BY & set(asked) and not (walks_in and kind == "place")):
        return "visit"
    if kind in SOLD:
        return _goal_of_goods(asked, material)
    if goal == "sign_up" and kind == "software" and material.words.no_account.search(material.written):
        return ""
    if kind in {"", "event"} and "tickets" in asked and not walks_in and (kind or (material.amount and material.dated)):
        return "tickets"
    if kind == "event" and goal == "sign_up" and goal not in asked and not (material.amount and material.is_sure):
        return ""  # one comes, and signs up for nothing
    if kind == "" and material.amount and material.words.rented.search(material.brand):
        return "book"
    if goal == "apply" and "book" in asked and "apply" not in asked and kind == "finance":
        return "book"  # a talk about a loan
    if goal == "donate" and material.amount and goal not in asked:
        return ""  # who takes in a dog pays a fee, and gives nothing
    if kind in {"", "software"} and "sign_up" in {goal, *asked} and material.words.pay_once.search(material.written):
        return "download"
    if goal == "apply" and kind == "property":
        return _reached(material)  # one looks first
    if goal in USUAL and kind in USUAL[goal]:
        return goal if material.is_known or goal in asked or kind in {"cause", "job"} else ""
    if kind == "software":
        return ""
    stated = next((name for name in ("sign_up", "book") if name in asked and not (walks_in and name == "book")), "")
    if stated and kind in {"", "service", "event", "place", "public_body"} and not (kind == "" and "sell" in asked):
        return stated
    if goal == "sign_up" and kind == "service" and material.is_sure:  # a course
        return goal
    if goal == "book" and kind in BOOKED and material.is_sure and material.amount and not walks_in:
        return goal
    if "sell" in asked:  # it is sent: what is done by post is ordered, else it is perhaps a thing
        is_own = is_own_work(material.full_name, material.written, material.language)
        asks_first = (is_own and not kind) or {"book", "enquire", "call"} & set(asked)
        if kind in {"", "service"} and material.amount and not asks_first:
            return "sell"
        return ENQUIRE if "enquire" in asked and kind in BOOKED else ""
    if goal == "book" and walks_in:
        return ""
    if goal == "book" and kind != "public_body":
        is_known = material.is_known and kind in BOOKED and (material.amount or "enquire" not in asked)
        return goal if material.is_sure or is_known else ""
    if goal == "visit" and kind in VISITED:
        return goal if material.is_known else ""
    if goal == "call" or "call" in asked:
        return _reached(material)
    is_asked_for = kind == "service" and goal not in {"donate", "sell"}
    return ENQUIRE if is_asked_for and (material.amount or "enquire" in asked) else ""


def _goal_of_goods(asked: list[str], material: Material) -> str:
    """Goods are bought, unless they are lent, fitted, made after questions, or the customer's own."""
    if _is_rented(material):
        return "book" if "book" in asked else _reached(material)
    if is_own_work(material.full_name, material.written, material.language) or (
        "sell" not in asked and material.words.measured.search(material.written)
    ):
        if "book" in asked:
            return "book"
        return _reached(material) if {"enquire", "call"} & set(asked) else ""
    if {"enquire", "book", "apply", "call"} & set(asked) and "sell" not in asked:
        if "book" in asked:  # tyres that are fitted, a hearing test
            return "book"
        return _reached(material) if "enquire" in asked else ""
    if material.goal == "book" and material.is_known and "sell" not in asked:
        return "book"
    offered = "sell" in asked or bool(material.amount)
    if material.goal == "call" and material.is_known:
        return _reached(material)
    return "sell" if material.goal in {"sell", ""} and (material.is_sure or offered) else ""


def _reached(material: Material) -> str:
    """How one reaches somebody: by telephone where the brief has a number."""
    return "call" if _has_number(material) else ENQUIRE


def asks(goal: str, material: Material) -> bool:
    """Whether the brief asks for it in its own words."""
    return bool(material.words.asked.get(goal, _NEVER).search(material.written))


def _is_booked_by_name(material: Material, asked: list[str]) -> bool:
    """Whether the name says that what has a price is lent, or takes a day or an hour, and nobody asks for more."""
    if not material.amount or material.kind in UNBOOKED or {"apply", "tickets"} & set(asked):
        return False
    words = material.words
    if words.hired.search(material.full_name):
        return True
    is_timed = bool(words.timed.search(material.full_name))
    return is_timed and not {"sell", "enquire", "sign_up", "donate"} & {
        *asked,
        material.goal if material.is_known else "",
    }


def _is_of_work(material: Material) -> bool:
    """Whether a brief of which the kind is a place or an event is about work there: it asks twice to apply."""
    return len(set(map(str.casefold, material.words.asked["apply"].findall(material.written)))) > 1


def _names_a_day(material: Material) -> bool:
    """Whether a fact says on which day."""
    return any(names_day(found.text, material.language) for found in (*material.quotes, *material.spare))


def _begins_with(goal: str, material: Material) -> bool:
    """Whether the description's first words ask for it ("Book a free visit before summer")."""
    opening = material.written[len(material.full_name) :].strip()[:BEGUN]
    return bool(material.words.asked.get(goal, _NEVER).match(opening))


def _has_number(material: Material) -> bool:
    """Whether the brief holds a number to call."""
    return has_telephone(western(material.written))


def _is_rented(material: Material) -> bool:
    """Whether the name, or what the description begins with, says that the thing is lent for money."""
    described = material.written[len(material.full_name) :].strip()
    return bool(material.words.rented.search(f"{material.full_name}\n{described[:BEGINNING]}"))
