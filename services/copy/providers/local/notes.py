"""What the notes may say: each sentence is proved on the finished texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.copy.domain import Notes, Variant
from services.copy.providers.instructions import Wish
from services.copy.providers.language_names import language_code
from services.copy.providers.local.amounts import shows_price
from services.copy.providers.local.quotes import content_words, fold
from services.copy.providers.local.request import Order
from services.copy.providers.local.words import labels_of

FEWEST_HOOKS = 3  # different ones; a strong one stands again before a poor one does
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")


def notes_for(order: Order, variants: Sequence[Variant], *, missing: Sequence[str] = ()) -> Notes:
    """What every variant was checked to follow, what not, and what was left out.

    `missing`: texts that the law asks for and that had no room in some variant.
    """
    applied: list[str] = []
    missed = list(order.instructions.unknown)
    for wish in order.instructions.wishes:
        why = _why_not(wish, order, variants)
        if why is None:
            applied.append(wish.note)
        else:
            missed.append(why)
    wanted = order.instructions.language
    if wanted and language_code(wanted) == order.material.language:
        applied.append(f"The texts are in {wanted}.")
    elif wanted:
        missed.append(f"The built-in engine writes in the language of the brief, not in {wanted}.")
    if not order.material.spoken and order.material.language != "und":
        button = "" if labels_of(order.material.language) else ", and the call to action is English"
        missed.append(
            "The built-in engine has no words of its own in the brief's language: the texts are quotations from the "
            f"brief{button}."
        )
    if order.tone is not order.brief.tone:
        missed.append(f"The tone “{order.brief.tone.value}” is not used: the subject asks for a quiet one.")
    hooks = len({variant.hook.casefold().rstrip(".") for variant in variants})
    if hooks < FEWEST_HOOKS:
        missed.append(
            f"The brief holds too few short texts for {len(variants)} different headlines: there are {hooks}. More "
            "features, or shorter ones, give more."
        )
    missed.extend(f"There was no room in every variant for “{text}”. Add it where the ad runs." for text in missing)
    return Notes(
        applied=tuple(dict.fromkeys(applied)),
        not_applied=tuple(dict.fromkeys(missed)),
        filtered=order.filtered,
    )


def _why_not(wish: Wish, order: Order, variants: Sequence[Variant]) -> str | None:
    """Why a wish does not hold in the finished texts; None where it holds in every one."""
    plain = [f"{variant.hook}\n{variant.body}" for variant in variants]
    texts = [fold(text) for text in plain]
    whole = [
        f"{text}\n{variant.cta}\n{' '.join(variant.hashtags)}" for text, variant in zip(plain, variants, strict=True)
    ]
    instructions, words = order.instructions, order.material.words
    match wish.kind:
        case "focus":
            topic = content_words(wish.text, words)
            held = [bool(topic & content_words(text, words)) for text in plain]
            if all(held):
                return None
            if any(held):
                return f"The focus on {wish.text} holds in {sum(held)} of {len(held)} variants."
            return f"The brief says nothing about {wish.text}, so nothing was claimed about it."
        case "required":
            held = [bool(re.search(rf"(?<!\w){re.escape(fold(wish.text))}", text)) for text in texts]
            return None if all(held) else f"The word “{wish.text}” could not be worked into every variant."
        case "price":
            shown = [_shows_price(text, order) for text in texts]
            if instructions.price:
                return None if all(shown) else "The price could not be named in every variant."
            return "The price is part of a quoted text." if any(shown) else None
        case "emoji":
            if instructions.emoji:
                held = [bool(_EMOJI.search(text)) for text in texts]
                return None if all(held) else "Emoji are not customary on this platform, or the brand asks for calm."
            return None if not any(map(_EMOJI.search, texts)) else "An emoji is part of a quoted text."
        case "hashtags":
            return None if not any(variant.hashtags for variant in variants) else "Hashtags could not be left out."
        case "exclamation":
            return None if not any("!" in text for text in texts) else "An exclamation mark is part of a quoted text."
        case "questions":
            return None if not any("?" in text for text in texts) else "A question is part of a quoted text."
        case "avoid":
            held = [not any(word.search(text) for word in order.rules.banned) for text in whole]
            return None if all(held) else f"{wish.note} This could not be kept in every variant."
        case "cta":
            return (
                None if all(variant.cta == instructions.cta for variant in variants) else "Another button was needed."
            )
        case "audience":
            if order.addressed and all(fold(order.addressed) in text for text in texts):
                return None
            return (
                f"“{instructions.audience}” is not addressed: platforms do not allow pointing at personal attributes, "
                "or it is not a group that a line can name."
            )
        case "mention" | "offer" | "phrase":
            sentences = [sentence for sentence in order.offers if sentence in wish.note]
            held = [all(fold(sentence) in text for sentence in sentences) for text in texts]
            return None if sentences and all(held) else f"“{wish.text}” does not stand in every variant."
        case "length":
            return None  # the filters have refused every longer text
        case "spelling":
            return None if order.material.language == "en" else "The spelling applies to English texts only."
        case _:
            return None


def _shows_price(text: str, order: Order) -> bool:
    """Whether a folded text names the product's price, in whatever way its amount is written."""
    price, amount = fold(order.material.price).rstrip("."), order.material.amount
    return bool(price and price in text) or bool(amount and shows_price(text, amount))
