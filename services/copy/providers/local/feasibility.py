"""What no copy can be written for, seen from the brief alone: contradictions that no other draw of texts resolves."""

from __future__ import annotations

from collections.abc import Iterable

from services.chassis.banned_words import banned_name_message
from services.chassis.errors import InputFault
from services.copy.providers import content_filters
from services.copy.providers.local.request import Order

REASON = "BRIEF_NOT_POSSIBLE"


def check_feasible(order: Order) -> None:
    """Raises InputFault, in words for the customer, when the brief contradicts itself."""
    why = _banned_name(order) or _banned_sentence(order) or _sentences_too_long(order)
    if why is not None:
        raise InputFault(REASON, why)


def not_found(order: Order) -> InputFault:
    """The fault of a brief for which the search found no five texts, with the limits that were in force."""
    limits = []
    if order.instructions.words_max is not None:
        limits.append(f"the limit of {order.instructions.words_max} words")
    if order.instructions.characters_max is not None:
        limits.append(f"the limit of {order.instructions.characters_max} characters")
    if order.offers:
        limits.append("the sentences that every variant must contain")
    if order.brief.banned_words:
        limits.append("the project's banned words")
    if order.instructions.banned:
        limits.append("the words that the custom instructions exclude")
    named = " and ".join(limits) or f"the limits of {order.brief.platform.value}"
    return InputFault(REASON, f"Five variants cannot be written within {named}. Please relax these limits.")


def _first_banned(text: str, words: Iterable[str]) -> str | None:
    """As the filters see it: inflected forms count, too."""
    return next((banned.word for banned in content_filters.inflected_banned_words(words) if banned.search(text)), None)


def _banned_name(order: Order) -> str | None:
    word = _first_banned(order.subject.name, order.brief.banned_words)
    if word is not None:
        return banned_name_message(word)
    word = _first_banned(order.subject.name, order.instructions.banned)
    if word is not None:
        return (
            f"The product's name contains “{word}”, which the custom instructions exclude. "
            "Change the product's name or the custom instructions."
        )
    return None


def _banned_sentence(order: Order) -> str | None:
    for sentence in order.instructions.sentences:
        word = _first_banned(sentence, (*order.brief.banned_words, *order.instructions.banned))
        if word is not None:
            return (
                f"The custom instructions ask for “{sentence}”, which contains the banned word “{word}”. "
                "Change the custom instructions or the banned words."
            )
    return None


def _sentences_too_long(order: Order) -> str | None:
    """Every sentence stands in the body of each variant, beside a hook of at least a word."""
    if not order.offers:
        return None
    asked = f"The sentences that every variant must contain have {len(order.offers)} characters"
    body = order.platform.layouts[order.brief.format].body
    if len(order.offers) > body:
        return (
            f"{asked}; a {order.brief.format.value} text on {order.brief.platform.value} may have {body}. Shorten them."
        )
    instructions = order.instructions
    if instructions.characters_max is not None and len(order.offers) >= instructions.characters_max:
        return f"{asked}, and the custom instructions allow {instructions.characters_max} in all. Shorten them."
    words = len(order.offers.split())
    if instructions.words_max is not None and words >= instructions.words_max:
        return (
            f"The sentences that every variant must contain have {words} words, "
            f"and the custom instructions allow {instructions.words_max} in all. Shorten them."
        )
    return None
