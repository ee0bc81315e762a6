# ruff: noqa: E501  (patterns read better unbroken)
"""Filters that reject a variant, whether the built-in engine or a remote model wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from services.ad_policy import dropped_line, forbidden_claim
from services.ad_policy.subject import Subject
from services.chassis.banned_words import BannedWord, banned_words
from services.copy.domain import CopyBrief, Format, Variant
from services.copy.providers.claims import ClaimJudge
from services.copy.providers.platforms import PlatformRules, platforms

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PERCENT_WORDS = re.compile(
    r"\b(?:half[- ]price|half off|percent|per cent|twice|double|triple|tenfold|dozens?|hundreds?|thousands?|millions?)\b",
    re.I,
)
_SUPERLATIVE = re.compile(
    r"\b(?:best|finest|greatest|fastest|cheapest|lowest|highest|strongest|safest|number one|no\. ?1|leading|top-rated|award-winning|"
    r"world[- ]class|world['’]s|unbeatable|unmatched|ultimate|perfect|revolutionary|proven|certified|guarantee[ds]?|risk-free|"
    r"money[- ]back|warranty|free trial|free shipping|free delivery|free returns|limited[- ]time|while stocks last|last chance|"
    r"selling out|sold out|only today|ends (?:today|tonight|soon|monday|sunday|friday)|best-?sell\w+|loved by|trusted by|"
    r"recommended by|customers (?:say|love)|reviews?|stars?)\b",
    re.I,
)
_COMPARISON = re.compile(
    r"\b(?:better|faster|cheaper|stronger|safer|longer|lighter) than\b|\b(?:unlike|outperforms?|beats) (?:the |other )",
    re.I,
)
# Every phrase above holds one of these words, or a word that starts with one of the stems below. Texts without such a
# word skip the patterns, which take most of the time.
_MARKER_WORDS = frozenset(
    {"per", "fastest", "top", "world", "free", "limited", "while", "last", "selling", "sold", "only", "ends", "loved",
     "star", "stars", "better", "faster", "cheaper", "stronger", "safer", "longer", "lighter", "beats", "number"}
)  # fmt: skip
_MARKER_STEMS = (
    "half", "percent", "twice", "double", "triple", "tenfold", "dozen", "hundred", "thousand", "million", "best", "finest",
    "greatest", "cheapest", "lowest", "highest", "strongest", "safest", "leading", "award", "unbeat", "unmatch", "ultimate",
    "perfect", "revolution", "proven", "certified", "guarantee", "risk", "money", "warranty", "trusted", "recommended",
    "customers", "review", "unlike", "outperform",
)  # fmt: skip
_LETTERS = re.compile(r"[a-z]+")
_DOUBLED = re.compile(r"\b([A-Za-z]+)[^\S\n]+\1\b", re.I)  # within a line: a body may begin with the hook's last word
_ALLOWED_DOUBLES = frozenset({"that", "had", "so", "very", "bye", "win", "long"})
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")
_CAPS = re.compile(r"\b[A-Z]{5,}\b")
_URL = re.compile(r"https?://|www\.", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRules:
    """The rules of one request, besides the platform's own.

    text: the customer's texts; source: the same in lower case, the only source of claims. subject: what is advertised. numbers: the numbers in them. banned: banned
    words. exempt: lines (product name, quoted offers) that are checked for banned words only. words_max,
    characters_max: limits for hook and body together; None: no limit but the platform's.
    """

    source: str
    text: str
    subject: Subject
    numbers: frozenset[str]
    banned: tuple[BannedWord, ...]
    exempt: str
    hashtags_max: int
    emoji_max: int
    exclamation: bool
    words_max: int | None = None
    characters_max: int | None = None
    longer: int = 0  # characters by which a body may exceed its format, for lines that the law asks for


def inflected_banned_words(words: Iterable[str]) -> tuple[BannedWord, ...]:
    """Matchers of banned words and phrases, in their plural and inflected forms too."""
    return banned_words(words, endings="(?:s|es|ed|d|ing)?")


def brief_text(brief: CopyBrief) -> str:
    """All texts of the customer, one per line."""
    return "\n".join(
        [
            brief.product_name,
            brief.brand_name,
            brief.description,
            *brief.features,
            brief.price or "",
            brief.audience,
            brief.custom_instructions,
        ]
    )


def request_rules(
    brief: CopyBrief,
    *,
    banned: tuple[str, ...] = (),
    exempt: str = "",
    written: str = "",
    emoji: bool | None = None,
    hashtags: bool = True,
    exclamation: bool = True,
    words_max: int | None = None,
    characters_max: int | None = None,
) -> RequestRules:
    """The rules of a request. The arguments, from its instructions, narrow what the platform allows.

    written: the customer's texts with their amounts as the language writes them.
    """
    platform = platforms()[brief.platform]
    source = brief_text(brief)
    return RequestRules(
        source=source.lower(),
        text=source,
        subject=brief.subject,
        numbers=frozenset(_NUMBER.findall(f"{source}\n{written}")),
        banned=inflected_banned_words((*brief.banned_words, *banned)),
        exempt=exempt,
        hashtags_max=platform.hashtags[1] if hashtags else 0,
        emoji_max=0 if emoji is False else platform.emoji,
        exclamation=platform.exclamation and exclamation,
        words_max=words_max,
        characters_max=characters_max,
    )


@lru_cache(maxsize=8192)
def _is_marker(word: str) -> bool:
    return word in _MARKER_WORDS or word.startswith(_MARKER_STEMS)


def unsupported_claim(text: str, rules: RequestRules) -> str | None:
    """A number, price, superlative, guarantee or comparison that is not in the brief; None if there is none."""
    for number in _NUMBER.findall(text):
        if number not in rules.numbers:
            return f"the number {number}"
    if "1" not in text and not any(map(_is_marker, _LETTERS.findall(text.casefold()))):  # "no. 1" has no marker word
        return None
    for pattern in (_PERCENT_WORDS, _SUPERLATIVE, _COMPARISON):
        for match in pattern.finditer(text):
            if match.group(0).lower() not in rules.source:
                return f"“{match.group(0)}”"
    return None


def text_defect(text: str) -> str | None:
    """A mechanical defect: a doubled word, a leftover slot, stray punctuation; None if there is none.

    French sets a space before a colon, a semicolon and the marks of question and exclamation.
    """
    if re.search(r"[{}]|\s[,.](?:\s|$)|[,;:]\s*[.!?]|\.\.(?!\.)|  |\(\s|\s\)", text.replace("…", "")):
        return "stray punctuation or a leftover slot"
    for match in _DOUBLED.finditer(text):
        if match.group(1).lower() not in _ALLOWED_DOUBLES:
            return f"“{match.group(0)}”"
    return None


def length_violation(hook: str, body: str, *, platform: PlatformRules, format_: Format, longer: int = 0) -> str | None:
    """How hook and body exceed the platform's character limits; None if they fit.

    longer: characters by which the body may exceed them.
    """
    layout = platform.layouts[format_]
    layout = replace(layout, body=layout.body + longer, whole=layout.whole + longer)
    hook_length, body_length = platform.length(hook), platform.length(body)
    if hook_length > layout.hook:
        return f"the hook has {hook_length} characters, {layout.hook} are allowed"
    if body_length > layout.body:
        return f"the body has {body_length} characters, {layout.body} are allowed"
    if hook_length + 1 + body_length > layout.whole:
        return f"hook and body have {hook_length + 1 + body_length} characters, {layout.whole} are allowed"
    return None


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def rejection_reason(
    variant: Variant, brief: CopyBrief, rules: RequestRules, judge: ClaimJudge | None = None
) -> str | None:
    """Why a variant must not be delivered, as a phrase; None if it may.

    judge: judges the claims by the brief's facts; without one, each wording must stand in the brief as it is.
    """
    platform = platforms()[brief.platform]
    length = length_violation(variant.hook, variant.body, platform=platform, format_=brief.format, longer=rules.longer)
    return length or wording_violation(variant, rules, judge)


def wording_violation(variant: Variant, rules: RequestRules, judge: ClaimJudge | None = None) -> str | None:
    """As `rejection_reason`, without the platform's limits of length."""
    text = f"{variant.hook}\n{variant.body}"
    whole = f"{text}\n{variant.cta}\n{' '.join(variant.hashtags)}"
    if not variant.hook.strip() or not variant.body.strip() or not variant.cta.strip():
        return "a part is empty"
    for banned in rules.banned:
        if banned.search(whole):
            return f"it contains a banned word ({banned.word})"
    forbidden = forbidden_claim(whole, subject=rules.subject)
    if forbidden:
        return f"“{forbidden.words}” must not run: {_lower_first(forbidden.why)}"
    dropped = dropped_line(whole, rules.text, subject=rules.subject)
    if dropped:
        return f"“{dropped.words}” stands without what the brief says beside it: {_lower_first(dropped.why)}"
    bare = f"{text}\n{variant.cta}"
    for fixed in sorted(filter(None, rules.exempt.split("\n")), key=len, reverse=True):
        bare = bare.replace(fixed, "•")
    claim = judge.unsupported(bare) if judge is not None else unsupported_claim(bare, rules)
    if claim:
        return f"{claim} is not in the brief" if judge is None else f"no fact says {claim}"
    if len(variant.hashtags) > rules.hashtags_max:
        return "too many hashtags"
    if len(EMOJI.findall(text)) > rules.emoji_max:
        return "too many emoji"
    if "!" in bare and (not rules.exclamation):
        return "an exclamation mark"
    if _URL.search(text):
        return "a link in the text"
    for word in _CAPS.findall(bare):
        if word.lower() not in rules.source:
            return f"shouting ({word})"
    if rules.words_max is not None and len(re.findall(r"\S+", text)) > rules.words_max:
        return "more words than requested"
    if rules.characters_max is not None and len(variant.hook) + 1 + len(variant.body) > rules.characters_max:
        return "more characters than requested"
    return text_defect(bare)
