"""The values that a pack is made from: the campaign, and one entry for each file or set of texts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

MAX_ENTRIES: Final = 5_000  # a campaign has at most 1,000 jobs, of at most five files
MAX_TEXTS: Final = 50  # of an entry
MAX_TEXT_LENGTH: Final = 20_000  # characters of any one text: far above every platform's limit

OpenAsset = Callable[[str], AsyncIterator[bytes]]
"""Opens the content of an asset by its id, in pieces. What it raises ends this file, and not the pack."""


class InvalidPackError(ValueError):
    """A manifest or an entry that no pack can be made from; the message names the field."""


class DeliverableKind(StrEnum):
    """What a job of the campaign makes."""

    COPY = "copy"
    IMAGE = "image"
    VIDEO = "video"


class C2paState(StrEnum):
    """What the C2PA manifest in a file says of its origin, in the IPTC's digital source types.

    UNKNOWN: nobody has read it. UNSIGNED: the file has no manifest.
    """

    UNKNOWN = "unknown"
    UNSIGNED = "unsigned"
    DRAWN = "algorithmicMedia"
    PHOTO_COMPOSITE = "compositeCapture"
    MODEL_COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    MODEL = "trainedAlgorithmicMedia"

    @property
    def model_made(self) -> bool:
        """Whether a trained model generated the file or a part of it."""
        return self in {C2paState.MODEL, C2paState.MODEL_COMPOSITE}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyText:
    """One variant of copy. The fields are those of the copy service: hook is the headline, cta the call to action."""

    angle: str = ""
    hook: str = ""
    body: str = ""
    cta: str = ""
    hashtags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextArea:
    """A line of type in a picture or film, as its record states it.

    left, top, right, bottom: shares of the width and height, from the top left corner. contrast: its ratio to what lies
    behind it by WCAG 2, 1 to 21; None: not recorded. needed: the ratio that its size and weight need; None: not
    recorded, and taken from its height.
    """

    left: float
    top: float
    right: float
    bottom: float
    contrast: float | None = None
    needed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSubject:
    """What is advertised, as far as the rules of advertising ask. Fields of adwright.catalog.v1.Understanding."""

    regulated: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    kind: str = ""
    trade: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackManifest:
    """The campaign. created: aware. platforms: those that the set is for; empty: those of its entries."""

    campaign_id: str
    name: str
    created: datetime
    project_id: str = ""
    project_name: str = ""
    brand_name: str = ""
    platforms: tuple[str, ...] = ()
    variant_axis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackEntry:
    """One file of a campaign, or the texts of one copy job.

    platform: meta, tiktok, google, linkedin, pinterest, universal or empty. A file of the last two goes to every
    platform of the set that takes its kind and ratio. part: what else than the ad itself a file is: "poster",
    "captions". variant: number along the axis, from 1. version: of a changed scene, from 1. landing_page: of the
    product; empty: not known. asset_id, content_type, size_bytes, sha256 (hexadecimal): of files only. width, height:
    pixels. duration_seconds: of films. text_areas: None: not recorded. visible_ai_mark: whether the picture says that
    it is AI-made. spoken: whether a film has speech.
    """

    product_id: str
    product_name: str
    kind: DeliverableKind
    job_id: str
    platform: str = ""
    format: str = ""
    ratio: str = ""
    style: str = ""
    axis_value: str = ""
    variant: int = 1
    version: int = 1
    language: str = ""
    credits: int = 0
    landing_page: str = ""
    part: str = ""
    asset_id: str = ""
    content_type: str = ""
    size_bytes: int = 0
    width: int = 0
    height: int = 0
    duration_seconds: float = 0.0
    alternative_text: str = ""
    c2pa: C2paState = C2paState.UNKNOWN
    sha256: str = ""
    texts: tuple[CopyText, ...] = ()
    notes: tuple[str, ...] = ()
    subject: ProductSubject = ProductSubject()
    text_areas: tuple[TextArea, ...] | None = None
    visible_ai_mark: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it has content of its own, besides texts."""
        return bool(self.asset_id)

    @property
    def is_ad(self) -> bool:
        """Whether it is a picture or film to run, and not a poster or captions."""
        return self.is_file and not self.part and self.kind is not DeliverableKind.COPY


def validate(manifest: PackManifest, entries: tuple[PackEntry, ...]) -> None:
    """Raises InvalidPackError for values that no pack can be made from."""
    if manifest.created.tzinfo is None:
        raise InvalidPackError("created: a time with its zone is needed.")
    if not manifest.campaign_id:
        raise InvalidPackError("campaign_id: it is empty.")
    if len(entries) > MAX_ENTRIES:
        raise InvalidPackError(f"entries: a pack has at most {MAX_ENTRIES}, not {len(entries)}.")
    for number, entry in enumerate(entries, start=1):
        problem = _problem(entry)
        if problem:
            raise InvalidPackError(f"entries[{number}].{problem}")


def _problem(entry: PackEntry) -> str:
    if not entry.product_id or not entry.job_id:
        return "product_id, job_id: both are needed."
    if entry.variant < 1 or entry.version < 1:
        return "variant, version: both count from 1."
    if min(entry.size_bytes, entry.width, entry.height, entry.duration_seconds, entry.credits) < 0:
        return "size_bytes, width, height, duration_seconds, credits: none is below 0."
    if entry.is_file == (entry.kind is DeliverableKind.COPY):
        return "asset_id: pictures and films have one, copy has none."
    if len(entry.texts) > MAX_TEXTS:
        return f"texts: at most {MAX_TEXTS}, not {len(entry.texts)}."
    written = (text for copy in entry.texts for text in (copy.angle, copy.hook, copy.body, copy.cta, *copy.hashtags))
    if any(len(text) > MAX_TEXT_LENGTH for text in (entry.alternative_text, *entry.notes, *written)):
        return f"texts, alternative_text, notes: at most {MAX_TEXT_LENGTH} characters each."
    return ""
