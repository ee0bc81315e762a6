"""What the copy service knows: what is asked for, what is written, and what must hold for both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

VARIANT_COUNT = 5


class Platform(StrEnum):
    """Where the copy will run."""

    META = "meta"
    TIKTOK = "tiktok"
    GOOGLE = "google"
    LINKEDIN = "linkedin"
    PINTEREST = "pinterest"
    UNIVERSAL = "universal"


class Format(StrEnum):
    """What shape the copy has: a line or two, a full text, an opening that stops the thumb, a small story."""

    SHORT = "short"
    LONG = "long"
    HOOK = "hook"
    STORY = "story"


class Tone(StrEnum):
    """How the copy speaks."""

    PROFESSIONAL = "professional"
    CASUAL = "casual"
    URGENT = "urgent"
    LUXE = "luxe"
    PLAYFUL = "playful"
    BOLD = "bold"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyBrief:
    """Everything a provider may know. What is not in here must not be claimed in the copy.

    `price` is a decimal number as text ("24.90"), `currency` an ISO 4217 code, `spelling` "american", "british" or
    empty (as the product text has it).
    """

    product_name: str
    description: str
    features: tuple[str, ...]
    price: str | None
    currency: str | None
    landing_page: str | None
    audience: str
    brand_name: str
    tone_words: tuple[str, ...]
    banned_words: tuple[str, ...]
    spelling: str
    platform: Platform
    format: Format
    tone: Tone
    custom_instructions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One piece of copy. `angle` names the way in; no two variants of a result share one."""

    angle: str
    hook: str
    body: str
    cta: str
    hashtags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What became of the custom instructions and of the brief's claims, in sentences a customer may read."""

    applied: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a remote model reports to have used, summed over all calls of one request."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_micros: int = 0  # millionths of a US dollar; 0 where it is not known
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """Exactly five variants, the notes, and who wrote them. `cost` is None where no model was asked."""

    variants: tuple[Variant, ...]
    notes: Notes
    provider: str
    cost: Usage | None = None

    def __post_init__(self) -> None:
        if len(self.variants) != VARIANT_COUNT:
            raise ValueError(f"a result has {VARIANT_COUNT} variants, not {len(self.variants)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Lines for a picture: a headline of at most 40 characters where the words allow it, a line below it of at most
    90, and a call to action of at most 20."""

    headline: str
    subline: str
    cta: str
