"""Cuts from a name or sentence the customer's own words for what is sold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.catalog.understanding.cues import words_in
from services.catalog.understanding.matching import Part, zone
from services.catalog.understanding.scoring import Channel, Ground, calm
from services.catalog.understanding.taxonomy import LANGUAGES
from services.catalog.understanding.words import Grammar, Word, grammar, words_of

MAX_WORDS = 6
MAX_AROUND = 5  # words beside those that name the trade
MAX_BEFORE = 4  # words of a sentence before the article of what it names
_CODE = re.compile(r"(?=\S*\d)[\w./-]+|[A-Z]{1,4}")  # "KX-240"; "BX" beside one
_CHANNELS = {Channel.NAME_HEAD: 0, Channel.STATED: 1, Channel.OPENING: 2}


def subject_of(grounds: Sequence[Ground], trade: int, brand: str, vocabulary: frozenset[str]) -> str:
    """Returns the noun phrase that names the trade in the product's name or first sentences; empty if none does.

    Brand words, model codes, sizes and words that the taxonomy does not know before the name are left out.
    """
    naming = [
        ground
        for ground in grounds
        if ground.trade == trade and ground.channel in _CHANNELS and ground.match.part in (Part.WHOLE, Part.HEAD)
    ]
    if not naming:
        return ""
    ground = min(naming, key=lambda g: (_CHANNELS[g.channel], -g.value))
    if ground.match.compound and ground.language != "de":
        return ""
    functions = grammar(ground.language)
    own = {word.stem for word in words_of(brand, ground.language)} - {
        word.stem for word in ground.words[ground.match.first : ground.match.last + 1]
    }
    first, last = _extent(ground, functions, own, vocabulary)
    text = ground.text[ground.words[first].start : ground.words[last].end]
    return calm(re.sub(r"\s+", " ", text))


def subject_behind_code(name: str, sentences: Sequence[str], language: str) -> str:
    """Returns what the first sentence calls a product whose name is a bare code: "A mower with …"; empty if nothing."""
    if language not in LANGUAGES or not sentences or not _is_code(name):
        return ""
    functions = grammar(language)
    words = words_of(sentences[0], language)
    for at, word in enumerate(words[:MAX_BEFORE]):
        is_said = at > 0 and (words[at - 1].text, word.text) in functions.is_a
        if word.text not in functions.article or not (at == 0 or is_said):
            continue
        if words[at + 1 : at + 2] and words[at + 1].text in words_in("vague", language):
            return ""
        last = at
        for following in words[at + 1 : at + 2 + MAX_WORDS]:
            if following.after_break or (following.text in functions.before and following.text not in functions.glue):
                break
            last += 1
        is_whole = last + 1 == len(words) or words[last + 1].text not in words_in("partitive", language)
        while last > at and words[last].text in functions.glue:
            last -= 1
        if is_whole and at < last <= at + MAX_WORDS:
            return calm(sentences[0][words[at + 1].start : words[last].end])
    return ""


def _is_code(name: str) -> bool:
    """Returns True for "KX-240" and "BX 100"; capitals alone ("MIT") are a name."""
    return any(sign.isdigit() for sign in name) and all(_CODE.fullmatch(word) for word in name.split())


def _extent(ground: Ground, functions: Grammar, own: set[str], vocabulary: frozenset[str]) -> tuple[int, int]:
    words, first, last = ground.words, ground.match.first, ground.match.last
    start, end = zone(words, first, last, functions)
    if functions.head_last:
        while (
            first > start and last - first < MAX_WORDS - 1 and _describes(words[first - 1], functions, own, vocabulary)
        ):
            first -= 1
        return first, last
    room = min(len(words) - 1, last + MAX_AROUND)
    while last < room and not words[last + 1].after_break:
        following = words[last + 1]
        if following.text in functions.glue and last + 2 <= room and not words[last + 2].after_break:
            if (
                not _describes(words[last + 2], functions, own, frozenset())
                and words[last + 2].text not in functions.glue
            ):
                break
            last += 2
        elif last < end and _describes(following, functions, own, frozenset()):
            last += 1
        else:
            break
    while last > ground.match.last and (words[last].text in functions.glue or words[last].text in functions.before):
        last -= 1
    return first, last


def _describes(word: Word, functions: Grammar, own: set[str], vocabulary: frozenset[str]) -> bool:
    """Returns True for a word that belongs to the thing's description: no article, brand, number or proper name."""
    if word.text in functions.article or word.text in functions.before or word.stem in own:
        return False
    if any(sign.isdigit() for sign in word.text) or len(word.text) < 2:
        return False
    return not vocabulary or not word.capital or word.stem in vocabulary or word.text in functions.origin
