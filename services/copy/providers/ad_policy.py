# ruff: noqa: E501  (rules of wording read better unbroken)
"""Claims that advertising platforms forbid: cures, before-and-after bodies, promised income, personal attributes.

They are removed from the brief before writing, and texts that make them are rejected.

Source: the advertising policies of Meta (personal health, personal attributes, misleading claims), Google Ads
(healthcare, misrepresentation) and TikTok (weight management, misleading claims), condensed to wording rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "health cures",
        re.compile(
            r"\b(?:cur(?:e|es|ed|ing)|heal(?:s|ed|ing)?|revers(?:e|es|ing)|treats?|treating|prevent(?:s|ing)?|fight(?:s|ing)?|"
            r"eliminat(?:e|es|ing)|get rid of|end(?:s)?|relieves?|banish(?:es)?)\b[^.,;]{0,30}\b(?:cancer|diabetes|arthritis|"
            r"depression|anxiety|adhd|insomnia|acne|eczema|psoriasis|migraines?|covid|flu|disease|illness|infections?|"
            r"chronic pain|joint pain|back pain|high blood pressure|alzheimer\S*|asthma|obesity|wounds?|scars?|aging|ageing)\b|"
            r"\b(?:miracle (?:cure|pill)|cures? (?:everything|all|anything)|detox(?:es|ifies)? (?:your|the) (?:body|liver)|"
            r"boosts? (?:your )?immun\w+|clinically proven to|burns? fat|melts? fat|fat[- ]burning)\b",
            re.I,
        ),
    ),
    (
        "before-and-after bodies",
        re.compile(
            r"\b(?:los(?:e|es|ing)|drop|shed)\b[^.,;]{0,24}(?:\b|\d)(?:kg|kilos?|pounds?|lbs?|stone|inches|weight|belly|fat|dress sizes?)\b|"
            r"\bbefore[- ]and[- ]after\b[^.,;]{0,30}\b(?:body|photos?|pictures?|results?)\b|"
            r"\b(?:flat belly|bikini body|beach body|get ripped|slim(?:s|ming)? (?:you|down)|anti-cellulite|cellulite)\b",
            re.I,
        ),
    ),
    (
        "promised income or results",
        re.compile(
            r"\b(?:get rich|make money fast|quit your job|financial freedom|passive income|guaranteed (?:results?|income|returns?|profits?|success)|"
            r"risk[- ]free (?:investment|returns?)|double your (?:money|income)|earn (?:up to )?[$€£]?\d[\d,.]*\s*(?:a|per|every) (?:day|week|month|hour))\b",
            re.I,
        ),
    ),
    (
        "personal attributes",
        re.compile(
            r"\b(?:are|if) you(?:['’]re| are)?\b[^.?!]{0,20}\b(?:fat|overweight|obese|diabetic|depressed|anxious|disabled|gay|lesbian|"
            r"single|divorced|broke|bankrupt|in debt|alcoholic|jewish|muslim|christian|black|asian|pregnant|infertile|bald|ugly)\b|"
            r"\byour (?:diabetes|depression|anxiety|obesity|disability|debts?|bankruptcy|criminal record|addiction|erectile \w+|"
            r"acne|weight problem|wrinkles)\b|\bother (?:singles|diabetics|gays|christians|muslims|jews)\b",
            re.I,
        ),
    ),
)
# Every forbidden claim holds a word that starts with one of these stems. Texts without such a word skip the patterns.
_STEMS = (
    "cancer", "diabet", "arthrit", "depress", "anxi", "adhd", "insomn", "acne", "eczema", "psoria", "migraine", "covid", "flu",
    "disease", "illness", "infect", "pain", "blood", "alzheimer", "asthma", "obes", "wound", "scar", "aging", "ageing",
    "miracle", "cure", "detox", "immun", "clinically", "fat", "kg", "kilo", "pound", "lbs", "stone", "inches", "weight",
    "belly", "dress", "body", "photo", "picture", "result", "bikini", "ripped", "slim", "cellulite", "rich", "money", "quit",
    "financial", "passive", "guaranteed", "risk", "double", "earn", "overweight", "disab", "gay", "lesbian", "single",
    "divorced", "broke", "bankrupt", "debt", "alcoholic", "jew", "muslim", "christian", "black", "asian", "pregnan",
    "infertil", "bald", "ugly", "criminal", "addict", "erectile", "wrinkle",
)  # fmt: skip
_LETTERS = re.compile(r"[a-z]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|;\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedText:
    """The brief's texts without forbidden claims.

    removed: a sentence for the customer about each removed claim.
    """

    description: str
    features: tuple[str, ...]
    removed: tuple[str, ...]


@lru_cache(maxsize=8192)
def _starts_with_stem(word: str) -> bool:
    return word.startswith(_STEMS)


def forbidden_claim(text: str) -> str | None:
    """The kind of forbidden claim that the text makes, such as "health cures"; None if it makes none."""
    if not any(map(_starts_with_stem, _LETTERS.findall(text.casefold()))):
        return None
    for kind, pattern in _RULES:
        if pattern.search(text):
            return kind
    return None


def _shortened(text: str) -> str:
    text = text.strip(" .,;•*-–✓✔")
    return text if len(text) <= 80 else text[:77].rstrip() + "…"


def remove_forbidden_claims(description: str, features: tuple[str, ...]) -> AllowedText:
    """Removes forbidden claims: the item of a list that makes one, or else the whole sentence or feature."""
    removed: list[str] = []

    def allowed_part(text: str) -> str:
        sentences = []
        for sentence in _SENTENCE_END.split(text):
            if forbidden_claim(sentence) is None:
                sentences.append(sentence)
                continue
            items = re.split(r",\s+(?:and\s+)?|\s+and\s+", sentence)
            clean = [item for item in items if forbidden_claim(item) is None]
            if (
                len(items) > 1
                and 0 < len(clean) < len(items)
                and forbidden_claim(", ".join(clean)) is None
                and clean[0] == items[0]
            ):
                dropped = [item for item in items if item not in clean]
                end = "." if sentence.rstrip().endswith(".") else ""
                sentences.append(
                    " and ".join([", ".join(clean[:-1]), clean[-1]]).removeprefix(" and ").rstrip(".") + end
                )
            else:
                dropped = [sentence]
            for item in dropped:
                kind = forbidden_claim(item) or forbidden_claim(sentence)
                removed.append(f"Left out: “{_shortened(item)}”. Platforms do not allow {kind} in ads.")
        return " ".join(sentences)

    prose = "\n".join(allowed_part(line) for line in description.splitlines())
    allowed_features = []
    for feature in features:
        kind = forbidden_claim(feature)
        if kind:
            removed.append(f"Left out: “{_shortened(feature)}”. Platforms do not allow {kind} in ads.")
        else:
            allowed_features.append(feature)
    return AllowedText(description=prose, features=tuple(allowed_features), removed=tuple(dict.fromkeys(removed)))
