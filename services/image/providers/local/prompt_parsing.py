"""Reading the prompt: which words steer the picture, what they do, and which could not be followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.image.providers.local import vocabulary
from services.media.colour import Mood

# Straight, curly, angle and low quotes; an apostrophe inside a word opens nothing.
QUOTES: Final = re.compile(
    r"\"([^\"]{1,200})\"|“([^”]{1,200})”|«([^»]{1,200})»|„([^“”]{1,200})[“”]|(?<!\w)'([^']{2,200})'(?!\w)"
)
NEGATION: Final = re.compile(r"\b(?:no|not|without|avoid|don't use|never)\s+(?:any\s+|a\s+|the\s+)?$")
# Before a quoted text, which is then no text to print: 'avoid the word "cheap"', 'do not say "cheap"'.
EXCLUSION: Final = re.compile(
    r"\b(?:no|not|without|avoid|avoiding|never|exclude|excluding|omit|don't|dont|instead of|rather than)"
    r"(?:\s+(?:ever|use|using|say|saying|write|writing|print|printing|show|showing|include|including|mention"
    r"|mentioning|contain|quote|put|add|have|words?|phrases?|terms?|claims?|expressions?|texts?|like|such as|any|an?"
    r"|the|this|these|of|or))*[\s:]*$"
)
LIST_OF_TEXTS: Final = re.compile(r"\s*(?:,|;|/|,?\s*\b(?:and|or|nor)\b)\s*(?:the\s+words?\s+)?$")
CTA_WORDS: Final = ("button", "cta", "call to action", "call-to-action")
SUBLINE_WORDS: Final = (
    "subline",
    "sub-line",
    "subtitle",
    "subheading",
    "tagline",
    "sub-headline",
    "subheadline",
    "below it",
)
LABELS: Final[dict[str, tuple[str, ...]]] = {
    "call_to_action": CTA_WORDS,
    "subline": SUBLINE_WORDS,
    "badge": ("sticker", "badge", "label", "stamp"),
    "headline": ("headline", "title", "slogan"),
}
_ANY_LABEL: Final = "|".join(re.escape(word) for words in LABELS.values() for word in words)
LABEL_BEHIND: Final = re.compile(rf"\s*(?:(?:as|on|in)\s+)?(?:(?:the|a)\s+)?({_ANY_LABEL})")
LABEL_BEFORE: Final = 40  # characters of the prompt before a quoted text, in which its label may stand
LABEL_AFTER: Final = 24
UNKNOWN_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What the prompt asks for; None where it says nothing.

    heard: (word of the prompt, what it means) for each word understood, in the prompt's order.
    refused: words after "no" or "without", which take what they name out of the choice.
    unknown: content words that mean nothing to the compositor.
    quoted: role to text to be set verbatim.
    """

    season: str | None = None
    mood: Mood | None = None
    colours: tuple[str, ...] = ()
    setting: str | None = None
    light: str | None = None
    pattern: str | None = None
    layout: str | None = None
    omitted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    heard: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    quoted: Mapping[str, str] | None = None


def read_prompt(prompt: str) -> Steering:
    """What the prompt asks for. Of two words of one kind the first wins, and the note says so."""
    quoted, rest = split_quoted_texts(prompt)
    text = " ".join(rest.casefold().replace("’", "'").split())
    taken: list[tuple[int, int]] = []
    found: dict[str, list[tuple[int, str, str]]] = {}
    refused: set[str] = set()
    kinds: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("omitted", vocabulary.OMISSIONS),
        ("layout", vocabulary.LAYOUTS),
        ("season", vocabulary.SEASONS),
        ("setting", vocabulary.SETTINGS),
        ("light", vocabulary.LIGHTS),
        ("pattern", vocabulary.PATTERNS),
        ("mood", vocabulary.MOODS),
        ("colour", vocabulary.COLOURS),
    )
    entries = [(word, kind, meaning) for kind, table in kinds for word, meaning in table.items()]
    entries = [entry for entry in entries if entry[0] in text]
    for word, kind, meaning in sorted(entries, key=lambda entry: -len(entry[0])):  # "sky blue" goes before "sky"
        for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            if kind != "omitted" and NEGATION.search(text[: match.start()]):
                refused.add(meaning)
            else:
                found.setdefault(kind, []).append((match.start(), word, meaning))
    for matches in found.values():
        matches.sort()

    def first(kind: str) -> str | None:
        return found[kind][0][2] if found.get(kind) else None

    heard = sorted((place, word, f"{kind} {meaning}") for kind, hits in found.items() for place, word, meaning in hits)
    mood = first("mood")
    return Steering(
        season=first("season"),
        mood=Mood(mood) if mood else None,
        colours=tuple(dict.fromkeys(meaning for _, _, meaning in found.get("colour", ()))),
        setting=first("setting"),
        light=first("light"),
        pattern=first("pattern"),
        layout=first("layout"),
        omitted=frozenset(meaning for _, _, meaning in found.get("omitted", ())),
        refused=frozenset(refused),
        heard=tuple((word, meaning) for _, word, meaning in heard),
        unknown=_unknown_words(text, taken),
        quoted=quoted,
    )


def split_quoted_texts(prompt: str) -> tuple[dict[str, str], str]:
    """The quoted texts by role, and the prompt without them. A label before a text goes before one behind it, and each
    label counts once; texts without a label are headline, sub-line and button in their order. A text behind a negation
    is none, and neither are those that continue its list."""
    roles: dict[str, str] = {}
    before = 0
    is_excluded = False
    for match in QUOTES.finditer(prompt):
        text = " ".join(next(group for group in match.groups() if group is not None).split())
        lead = prompt[max(before, match.start() - LABEL_BEFORE) : match.start()].casefold()
        lead = lead.replace("’", "'")
        after = prompt[match.end() : match.end() + LABEL_AFTER].casefold()
        continues = is_excluded and LIST_OF_TEXTS.match(prompt[before : match.start()].casefold())
        is_excluded = bool(continues or EXCLUSION.search(lead))
        before = match.end()
        if is_excluded:
            continue
        role = _label(lead)
        if not role:
            behind = LABEL_BEHIND.match(after)
            role = _label(behind[1]) if behind else ""
            before += behind.end() if behind and role else 0
        if not role:
            role = next((name for name in ("headline", "subline", "call_to_action") if name not in roles), "")
        if text and role and role not in roles:
            roles[role] = text
    return roles, QUOTES.sub(" ", prompt)


def _label(text: str) -> str:
    """The role that the last label of a text names; empty: none does."""
    ends = {
        role: max(text.rfind(word) + len(word) for word in words if word in text)
        for role, words in LABELS.items()
        if any(word in text for word in words)
    }
    # "headline" stands in "sub-headline" too
    return max(ends, key=lambda name: (ends[name], name != "headline")) if ends else ""


def _unknown_words(text: str, taken: list[tuple[int, int]]) -> tuple[str, ...]:
    words: list[str] = []
    for match in re.finditer(r"[^\W\d_][\w'-]{2,}", text):
        inside = any(start <= match.start() < end for start, end in taken)
        if not inside and match.group() not in vocabulary.SILENT and match.group() not in words:
            words.append(match.group())
    return tuple(words[:UNKNOWN_SHOWN])
