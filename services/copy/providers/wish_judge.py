"""Judges whether texts do what custom instructions ask for, by meaning: inflection, order and synonyms are free.

Names of offers, codes, figures and negations are not: they must be said as the customer gave them. What cannot be
judged is not applied, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.copy.domain import CopyBrief, Variant
from services.copy.providers.content_filters import EMOJI
from services.copy.providers.figures import figures
from services.copy.providers.instructions import Instructions, Wish
from services.copy.providers.language_check import is_other_language
from services.copy.providers.meaning import concepts, fold, is_negated, sentences

_CODE = re.compile(r"\b(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d|[A-Z-]{4,}\b)[A-Z0-9-]{3,}\b")
_QUOTES = re.compile(r"[“”\"„«»]|\b(?:phrase|slogan|tagline|words? for word|literally|exactly)\b", re.I)
_FRAMING = concepts("use code mention include offer say say that now please")
_LOOSE_FROM = 4  # concepts of a wish from which one in four may be missing, and two sentences may say it together
_LOOSE_SHARE = 0.75
_BRIEF_SHARE = 0.7  # of the longest allowed body
_NOT_UNDERSTOOD = " was not understood."


def says(text: str, wish: str) -> bool:
    """Whether a text says what a sentence of the instructions says, in its words or in others."""
    if fold(wish).rstrip(".! ") in fold(text):
        return True
    if any(code not in text for code in _CODE.findall(wish)):
        return False
    wanted_figures = figures(wish)
    wanted = concepts(re.sub(r"\d\S*|" + _CODE.pattern, " ", wish)) - _FRAMING
    if not wanted and not wanted_figures:
        return bool(_CODE.search(wish))
    return any(_window_says(window, wish, wanted) for window in _windows(text, wanted))


def _windows(text: str, wanted: frozenset[str]) -> list[str]:
    parts = sentences(text)
    clauses = [clause for part in parts for clause in re.split(r"[,:–]\s", part)]
    if len(wanted) < _LOOSE_FROM and not figures(" ".join(parts)):
        return [*parts, *clauses]
    return [*parts, *clauses] + [f"{one} {other}" for one, other in pairwise(parts)]


def _window_says(window: str, wish: str, wanted: frozenset[str]) -> bool:
    held = figures(window)
    if not all(any(figure.equals(other) for other in held) for figure in figures(wish)):
        return False
    if is_negated(fold(wish)) != is_negated(fold(window)):
        return False
    shared = wanted & concepts(window)
    if len(wanted) >= _LOOSE_FROM:
        return len(shared) >= _LOOSE_SHARE * len(wanted)
    return shared == wanted


def is_literal(wish: Wish) -> bool:
    """Whether the customer gave the very words: in quotation marks, or called a phrase."""
    return wish.kind == "phrase" or _QUOTES.search(wish.text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class WishRules:
    """The instructions of one request, as far as every text must follow them.

    literal: sentences that must stand in every text as they are; meant: those that must be said in any words.
    """

    instructions: Instructions
    literal: tuple[str, ...]
    meant: tuple[str, ...]
    price: str | None
    language: str  # two letters; empty: not known
    names: tuple[str, ...]  # of the product and the brand, which may be in any language

    def violation(self, variant: Variant) -> str | None:
        """What a variant leaves undone, as a phrase; None if it follows."""
        wanted = self.instructions
        text = f"{variant.hook}\n{variant.body}"
        for sentence in self.literal:
            if fold(sentence).rstrip(".! ") not in fold(text):
                return f"“{sentence}” is missing, word for word"
        for sentence in self.meant:
            if not says(text, sentence):
                return f"it does not say “{sentence}”"
        for word in wanted.required:
            if not concepts(word) <= concepts(text):
                return f"the word “{word}” is missing"
        if wanted.questions is False and "?" in text:
            return "it holds a question"
        if wanted.price is False and any(figure.kind == "price" for figure in figures(text)):
            return "it names a price"
        if wanted.price and self.price and not _names_price(text, self.price):
            return "the price is missing"
        return None


def wish_rules(brief: CopyBrief, instructions: Instructions, language: str) -> WishRules:
    """The rules of a request's instructions. language: two letters, or empty."""
    literal_notes = " ".join(wish.note for wish in instructions.wishes if is_literal(wish))
    literal = tuple(sentence for sentence in instructions.sentences if sentence in literal_notes)
    return WishRules(
        instructions=instructions,
        literal=literal,
        meant=tuple(sentence for sentence in instructions.sentences if sentence not in literal),
        price=brief.price,
        language=language,
        names=(brief.product_name, brief.brand_name),
    )


def _names_price(text: str, price: str) -> bool:
    return any(
        figure.kind == "price" and figure.values & wanted.values
        for wanted in figures(price)
        for figure in figures(text)
    )


def judged(
    rules: WishRules, variants: Sequence[Variant], *, body_characters: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences for the customer: the instructions that every finished text follows, and the others with the reason.

    body_characters: the longest body that the platform allows.
    """
    applied: list[str] = []
    missed: list[str] = []
    for wish in rules.instructions.wishes:
        reason = _reason_missed(wish, rules, variants, body_characters)
        if reason:
            missed.append(reason)
        elif wish.kind in ("mention", "offer") and not is_literal(wish):
            applied.append(
                f"{wish.note.partition(' appears in')[0]} is said in every variant, in these words or others."
            )
        else:
            applied.append(wish.note)
    for unknown in rules.instructions.unknown:
        if unknown.endswith(_NOT_UNDERSTOOD):
            wish_text = unknown.removesuffix(_NOT_UNDERSTOOD)
            missed.append(f"{wish_text} was given to the model; whether the texts follow it cannot be checked.")
        else:
            missed.append(unknown)
    if language := rules.instructions.language:
        texts = "\n".join(map(_text, variants))
        other = not rules.language or is_other_language(texts, rules.language, rules.names)
        (missed if other else applied).append(
            f"That every variant is in {language} could not be proved." if other else f"Written in {language}."
        )
    return tuple(dict.fromkeys(applied)), tuple(dict.fromkeys(missed))


def _text(variant: Variant) -> str:
    return f"{variant.hook}\n{variant.body}"


def _reason_missed(wish: Wish, rules: WishRules, variants: Sequence[Variant], body_characters: int) -> str:
    """Why a wish does not count as applied; empty if every text follows it."""
    texts = [_text(variant) for variant in variants]
    wanted = rules.instructions
    named = [sentence for sentence in (*rules.literal, *rules.meant) if sentence in wish.note]
    held = True
    reason = f"“{wish.text}” is not followed in every variant."
    match wish.kind:
        case "mention" | "offer" | "phrase":
            literal = [sentence for sentence in named if sentence in rules.literal]
            held = all(fold(sentence).rstrip(".! ") in fold(text) for sentence in literal for text in texts) and all(
                says(text, sentence) for sentence in named if sentence not in literal for text in texts
            )
            reason = f"“{wish.text}” could not be worked into every variant."
        case "focus":
            topic = concepts(wish.text)
            held = bool(topic) and all(2 * len(topic & concepts(text)) >= len(topic) for text in texts)
            reason = f"The focus on {wish.text} does not show in every variant."
        case "required":
            held = all(concepts(wish.text) <= concepts(text) for text in texts)
            reason = f"The word “{wish.text}” could not be worked into every variant."
        case "price" if wanted.price:
            held = rules.price is not None and all(_names_price(text, rules.price) for text in texts)
            reason = (
                "The price is not in every variant."
                if rules.price
                else "The price could not be named: the product has none."
            )
        case "price":
            held = not any(figure.kind == "price" for text in texts for figure in figures(text))
        case "emoji":
            held = all(bool(EMOJI.search(text)) == wanted.emoji for text in texts)
        case "hashtags":
            held = not any(variant.hashtags for variant in variants)
        case "exclamation":
            held = not any("!" in text for text in texts)
        case "questions":
            held = not any("?" in text for text in texts)
        case "cta":
            held = all(variant.cta == wanted.cta for variant in variants)
        case "brief":
            held = all(len(variant.body) <= _BRIEF_SHARE * body_characters for variant in variants)
        case "length":
            held = all(_within_length(variant, wanted) for variant in variants)
        case "audience":
            group = concepts(wish.text) & concepts(wanted.audience)
            held = bool(group) and all(group & concepts(text) for text in texts)
            reason = f"“{wanted.audience}” was given to the model as the audience; not every text names it."
        case "avoid":
            whole = [fold(f"{text} {variant.cta}") for text, variant in zip(texts, variants, strict=True)]
            held = not any(re.search(rf"\b{re.escape(fold(word))}", text) for word in wanted.banned for text in whole)
        case "spelling":
            held = True  # texts are respelled after they are written
        case _:
            held = False
            reason = f"“{wish.text}” was given to the model; whether the texts follow it cannot be checked."
    return "" if held else reason


def _within_length(variant: Variant, wanted: Instructions) -> bool:
    text = _text(variant)
    words = wanted.words_max is None or len(re.findall(r"\S+", text)) <= wanted.words_max
    return words and (wanted.characters_max is None or len(text) <= wanted.characters_max)
