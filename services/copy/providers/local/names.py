"""What a text calls the product: its name without codes and descriptions, within a length."""

from __future__ import annotations

import re

from services.copy.providers.local.quotes import echoes, first_word, last_word, upper_first
from services.copy.providers.local.words import Words, signs

LEAST_NAME = 5  # letters of a name
MAX_WHAT = 56  # characters of a name that a text can repeat
SHOUTED = 0.6  # share of capitals among a name's letters from which it is written in capitals
SHOUTED_WORD = 4  # letters of a word that is no abbreviation
_NAME_END = re.compile(r"\s[–—|-]\s|\s*[|:;(\[]\s*|,\s")
_SENDER_BESIDE = re.compile(r"\s[–—|-]\s")
_MEASURE = re.compile(r"\d+[A-Z]{1,4}\b")  # "24CT", "9FT"
_UNIT = re.compile(rf"\d+(?:{'|'.join(signs('units'))})")
_NOTED = re.compile(r"\s*\([^()]*(?:\w/|/\w|\s[+&=]\s)[^()]*\)")
_CAPITALS = re.compile(r"\b[^\W\d_]{2,}\b")
_FIGURE = re.compile(r"\d+")


def short_name(name: str) -> str:
    """The product's name without the description behind a dash or comma, if a name remains, and without a note in
    brackets ("Ham (1/2 leg + whole)")."""
    name = _NOTED.sub("", name)
    parts = name_parts(name)
    for count in range(1, len(parts) + 1):
        kept = name[: name.find(parts[count - 1], 0) + len(parts[count - 1])].strip(" ,:;–—|-")
        is_label = " " not in kept and name[len(kept) :].lstrip().startswith(":")  # "Notary: wills" is about wills
        if sum(map(str.isalpha, kept)) >= LEAST_NAME and not is_label:
            return kept
    return name.strip()


def without_sender(name: str, sender: str) -> str:
    """A name without its sender before or behind a dash or bar ("Dog grooming - Paws & Rinse"), if words remain."""
    parts = _SENDER_BESIDE.split(name)
    kept = [part for part in parts if part.strip().casefold() != sender.casefold()]
    if len(kept) == len(parts) or len(kept) != 1 or sum(map(str.isalpha, kept[0])) < LEAST_NAME:
        return name
    return upper_first(kept[0].strip())


def name_parts(name: str) -> list[str]:
    """The parts of a product's name between dashes and commas."""
    return [part.strip(" )]") for part in _NAME_END.split(name) if part.strip(" )]")]


def spoken_name(name: str, original: str, written: str) -> str:
    """A name whose `original` is in capitals, with small letters where `written`, the customer's texts, has them so."""
    name = _CAPITALS.sub(lambda match: _as_written(match[0], written), name)
    letters = [sign for sign in original if sign.isalpha()]
    if not letters or sum(sign.isupper() for sign in letters) < SHOUTED * len(letters):
        return name
    small = set(_CAPITALS.findall(written))

    def lowered(match: re.Match[str]) -> str:
        word = match[0]
        if not word.isupper() or not any(other.islower() and other.startswith(word.casefold()) for other in small):
            return word
        return word.capitalize() if match.start() == 0 or is_titled else word.lower()

    # "Fall FAT Quarter Bundle": its other words have capitals
    is_titled = sum(word[:1].isupper() and word[1:].islower() for word in _CAPITALS.findall(name)) > 1
    return _MEASURE.sub(
        lambda match: match[0].lower() if _UNIT.sub("", match[0].lower()) == "" else match[0],
        _CAPITALS.sub(lowered, name),
    )


def _as_written(word: str, written: str) -> str:
    """A word in capitals as the customer writes it elsewhere ("MIST GREEN": "Mist Green")."""
    if len(word) < SHOUTED_WORD or not word.isupper():
        return word
    found = re.search(rf"\b{re.escape(word[0] + word[1:].lower())}\b", written)
    return found[0] if found else word


def what_is_sold(full_name: str, subject: str, words: Words, said: str = "") -> str:
    """The line that says what is advertised: the product's name, with the words for the thing where the name lacks
    them. What stands behind a dash or comma is left out where it is a code, or a figure that `said`, the other facts,
    names too; a name that is too long to be repeated ends there, or else at a word."""
    full_name = _NOTED.sub("", full_name)
    name = short_name(full_name)
    if (
        subject
        and not echoes(subject, full_name)
        and subject.casefold() not in full_name.casefold()
        and len(name) + len(subject) + 2 <= MAX_WHAT
    ):
        return f"{name}: {subject}"
    tail = full_name[full_name.find(name) + len(name) :]
    if len(full_name) <= MAX_WHAT and not _is_dispensable(tail, said):
        return full_name
    if len(name) <= MAX_WHAT:
        return name
    return title_within(name, MAX_WHAT, words)


def _is_dispensable(tail: str, said: str) -> bool:
    """Whether the end of a name is a code, or only says what the facts say too."""
    if tail.count(" - ") + tail.count(" | ") + tail.count(" / ") > 1:
        return True
    figures = _FIGURE.findall(tail)
    return bool(figures) and all(re.search(rf"(?<!\d){figure}(?!\d)", said) for figure in figures)


def title_within(name: str, limit: int, words: Words) -> str:
    """As much of a title as `limit` characters hold: up to a mark, or to a word that begins another phrase ("Dining
    table | of solid oak"). Where there is neither, as many words; never one at the end that asks for another."""
    if len(name) <= limit:
        return name
    kept = phrase_within(name, limit, words)
    if kept:
        return kept
    whole = name[: limit + 1].rsplit(" ", 1)[0].split()
    while len(whole) > 1 and _asks_for_more(last_word(whole[-1]), words):
        whole.pop()
    return " ".join(whole)[:limit].rstrip(" ,:;–—|-")


def phrase_within(name: str, limit: int, words: Words) -> str:
    """The longest beginning of a title within `limit` characters that ends where a phrase ends; empty without one."""
    for end in range(min(limit, len(name) - 1), LEAST_NAME - 1, -1):
        if name[end] not in " ,:;(|/":
            continue
        if name[end - 1].isdigit() and name[end + 1].isdigit():  # "1,0 mm", "10:30", "1/2"
            continue
        kept, rest = name[:end].rstrip(" ,:;–—|(/-"), name[end:].lstrip()
        is_mark = name[end] != " " or rest[:1] in "–—|(/-"
        follows = first_word(rest)
        is_phrase = is_mark or (rest[:1].isalnum() and (follows in words.open_end or follows in words.joints))
        if (
            is_phrase
            and len(kept) >= LEAST_NAME
            and kept[-1] not in "&+"
            and not _asks_for_more(last_word(kept), words)
        ):
            return kept
    return ""


def _asks_for_more(word: str, words: Words) -> bool:
    """Whether a text cannot end with a word: none, an article, "if"."""
    return not word or word in words.open_end or word in words.weak_start or bool(words.guards.fullmatch(word))
