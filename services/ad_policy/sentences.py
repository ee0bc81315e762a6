"""Leaves sentences out that must not run, and quotes them whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.ad_policy.review import Finding, forbidden_claim
from services.ad_policy.subject import Subject

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»’')]*\s+|\n+|;\s+|\s*[•✓✔►▪●]\s*")
# A number, an initial or a short form before the full stop ends no sentence: "No. 1", "Dr. Lee", "am 3. Mai".
_SHORT_FORM = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|\d{1,2}|no|nr|dr|st|mr|ms|mrs|prof|vs|approx|incl|ca|bzw|usw|env|av|ave|sra?|dott|núm)\.$",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A sentence, or a feature, that must not run: whole, as the customer wrote it."""

    text: str
    finding: Finding

    @property
    def note(self) -> str:
        """The sentence for the customer."""
        return f"Left out: “{self.text}”. {self.finding.why} ({self.finding.source})"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """A text without the sentences that must not run, and these."""

    text: str
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedText:
    """The brief's texts without forbidden claims. removed: a sentence for the customer about each removed one."""

    description: str
    features: tuple[str, ...]
    removed: tuple[str, ...]


def split_sentences(text: str) -> list[tuple[str, str]]:
    """The sentences of a text, each with the space or bullet that follows it. Joined, they are the text."""
    parts: list[tuple[str, str]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.group(0).strip(" \t") == "" and _SHORT_FORM.search(text[start : match.start()]):
            continue
        gap = len(match.group(0)) - len(match.group(0).lstrip("\"”»’')"))
        end = match.start() + gap
        parts.append((text[start:end], text[end : match.end()]))
        start = match.end()
    parts.append((text[start:], ""))
    return parts


def sentences_without_offences(text: str, *, subject: Subject) -> KeptText:
    """Splits a text and leaves every sentence out that holds what must not run.

    What is kept stands as the customer wrote it.
    """
    kept: list[str] = []
    left_out: list[LeftOut] = []
    for sentence, gap in split_sentences(text):
        finding = forbidden_claim(sentence, subject=subject) if sentence.strip() else None
        if finding is None:
            kept.append(sentence + gap)
            continue
        left_out.append(LeftOut(text=sentence.strip(), finding=finding))
        if "\n" in gap:
            kept.append("\n")
    return KeptText(text="".join(kept).strip() if left_out else text, left_out=tuple(left_out))


def allowed_text(description: str, features: tuple[str, ...], *, subject: Subject) -> AllowedText:
    """The description without the sentences, and the features without those, that must not run."""
    prose = sentences_without_offences(description, subject=subject)
    notes = [part.note for part in prose.left_out]
    kept = []
    for feature in features:
        finding = forbidden_claim(feature, subject=subject)
        if finding is None:
            kept.append(feature)
        else:
            notes.append(LeftOut(text=feature.strip(), finding=finding).note)
    return AllowedText(description=prose.text, features=tuple(kept), removed=tuple(dict.fromkeys(notes)))
