"""The domain values of the copy service: briefs, variants and results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.ad_policy.subject import NO_SUBJECT, Subject

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
    """The shape of the copy: a line or two, a full text, an opening that stops the thumb, or a small story."""

    SHORT = "short"
    LONG = "long"
    HOOK = "hook"
    STORY = "story"


class Tone(StrEnum):
    """The tone of voice."""

    PROFESSIONAL = "professional"
    CASUAL = "casual"
    URGENT = "urgent"
    LUXE = "luxe"
    PLAYFUL = "playful"
    BOLD = "bold"


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefFact:
    """One statement about the product, in the customer's words.

    id: unique in its brief ("f1"); numbers follow the customer's text. role, source, strength, limited_by, same_as: as
    of adwright.catalog.v1.Fact.
    """

    id: str
    text: str
    role: str
    source: str = ""
    strength: float = 0.5
    limited_by: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefUnderstanding:
    """What the catalog understood of the product. The fields are those of adwright.catalog.v1.Understanding.

    Texts are empty and tuples are empty where nothing is known; facts: the strongest first. confidence: how sure kind,
    trade and goal are: "sure", "likely" or "not_known".
    """

    confidence: str = ""
    name: str = ""
    brand: str = ""
    kind: str = ""
    trade: str = ""
    trade_name: str = ""
    trade_words: tuple[str, ...] = ()
    sector: str = ""
    subject: str = ""
    audience: str = ""
    goal: str = ""
    language: str = ""
    sensitive: tuple[str, ...] = ()
    regulated: tuple[str, ...] = ()
    facts: tuple[BriefFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyBrief:
    """Everything a provider may use. The copy must claim nothing that is not in here.

    price: a decimal number as text ("24.90"). currency: an ISO 4217 code. spelling: "american", "british", or empty for
    the spelling of the product text. understanding: None in jobs that were submitted before the catalog made one.
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
    understanding: BriefUnderstanding | None = None

    @property
    def subject(self) -> Subject:
        """What the rules of advertising ask of the product."""
        known = self.understanding
        if known is None:
            return NO_SUBJECT
        return Subject(
            regulated=frozenset(known.regulated),
            sensitive=frozenset(known.sensitive),
            kind=known.kind,
            trade=known.trade,
            sector=known.sector,
            language=known.language,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One piece of copy.

    angle: the name of its approach; no two variants of a result share one. cta: the call to action. facts: ids of the
    brief's facts that a model used; empty in texts of the built-in engine.
    """

    angle: str
    hook: str
    body: str
    cta: str
    hashtags: tuple[str, ...]
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Sentences for the customer about instructions that were applied or not, and about claims that were removed."""

    applied: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The usage that a remote model reported, summed over all calls for one request.

    cost_micros: millionths of a US dollar; 0: not known. estimated: some calls ended without a report of their tokens,
    which are estimated from the lengths of the texts.
    """

    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_micros: int = 0
    calls: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """Exactly five variants, the notes, and the name of the provider.

    usage: None when no remote model was called. Raises ValueError for another number of variants.
    """

    variants: tuple[Variant, ...]
    notes: Notes
    provider: str
    usage: Usage | None = None

    def __post_init__(self) -> None:
        if len(self.variants) != VARIANT_COUNT:
            raise ValueError(f"a result has {VARIANT_COUNT} variants, not {len(self.variants)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Lines for an image: a headline of at most 48 characters where its words allow it, a line below it of at most 90,
    and a call to action of at most 20."""

    headline: str
    subline: str
    cta: str
