"""Collects what a campaign's pack is made of: its finished ads, what was understood of their products, and the content
of their files, which job serves by the links of its jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

from services.campaign.calls import Calls, gather_bounded
from services.campaign.domain import Axis, ChildState
from services.campaign.pack.entries import (
    C2paState,
    CopyText,
    DeliverableKind,
    PackEntry,
    PackManifest,
    ProductSubject,
    TextArea,
)
from services.campaign.planning import ServiceRequest, request_message
from services.campaign.rows import CampaignRow, ChildRow
from services.chassis.errors import DependencyUnavailable

ALTERNATIVE_TEXT = "Alternative text: "  # how a note of an image job begins
KINDS = {"copy": DeliverableKind.COPY, "static_ad": DeliverableKind.IMAGE, "video": DeliverableKind.VIDEO}
# Assets of jobs by what else than the ad they are; thumbnails are not for running, and copy's only asset is its text.
PARTS = {"image": "", "video": "", "poster": "poster", "captions_srt": "captions", "captions_vtt": "captions"}
CONTENT_TYPES = {
    "video": "video/mp4",
    "captions_srt": "application/x-subrip",
    "captions_vtt": "text/vtt",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a pack is made of. jobs: the id of the job of each asset."""

    manifest: PackManifest
    entries: Sequence[PackEntry]
    jobs: Mapping[str, UUID]


class Packer:
    """Collects packs and opens the files of their entries."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def collect(self, campaign: CampaignRow, children: Sequence[ChildRow]) -> Pack:
        """The pack of the children that are completed. Raises Refusal while a service cannot be reached."""
        made = [child for child in children if child.state == ChildState.COMPLETED and child.job_id is not None]

        async def job_of(child: ChildRow) -> job_pb2.JobStatus | None:
            assert child.job_id is not None, "a completed child has a job"
            return await self._calls.job(child.job_id, campaign.user_id)

        async def brief_of(product_id: UUID) -> catalog_pb2.Brief | None:
            return await self._calls.brief(campaign.user_id, campaign.project_id, product_id)

        statuses = await gather_bounded([(job_of, child) for child in made])
        products = sorted({child.product_id for child in made})
        found = await gather_bounded([(brief_of, product_id) for product_id in products])
        briefs = {product_id: brief for product_id, brief in zip(products, found, strict=True) if brief is not None}
        entries: list[PackEntry] = []
        jobs: dict[str, UUID] = {}
        for child, status in zip(made, statuses, strict=True):
            if status is None:  # past the retention of jobs
                continue
            entries += entries_of(child, status, briefs.get(child.product_id), campaign.variant_axis or "")
            jobs |= {asset.id: UUID(status.id) for asset in status.assets}
        project = next(iter(briefs.values())).project if briefs else catalog_pb2.Project()
        manifest = PackManifest(
            campaign_id=str(campaign.id),
            name=campaign.name,
            created=campaign.begun_at or campaign.created_at,
            project_id=str(campaign.project_id),
            project_name=project.name,
            brand_name=project.name,
            platforms=tuple(dict.fromkeys(entry.platform for entry in entries if entry.platform)),
            variant_axis=campaign.variant_axis or "",
        )
        return Pack(manifest=manifest, entries=entries, jobs=jobs)

    async def open(self, pack: Pack, user_id: str, asset_id: str) -> AsyncIterator[bytes]:
        """The content of an asset, in pieces, by a link that is made now: a pack may take longer than links are valid.

        Raises what the job service refuses with.
        """
        status = await self._calls.job(pack.jobs[asset_id], user_id)
        for asset in status.assets if status is not None else ():
            if asset.id == asset_id:
                signed = parse_qs(urlsplit(asset.url).query)
                request = job_pb2.GetAssetRequest(
                    asset_id=asset_id, expires=int(signed["expires"][0]), signature=signed["signature"][0]
                )
                async for piece in self._calls.asset(request):
                    yield piece
                return
        raise DependencyUnavailable("The file's job no longer exists.")


def entries_of(
    child: ChildRow, status: job_pb2.JobStatus, brief: catalog_pb2.Brief | None, axis: str
) -> list[PackEntry]:
    """The entries of a completed child: one for its texts, or one for each of its files. axis: empty without one."""
    request = request_message(child.type, child.request)
    common = _common(child, request, brief, axis)
    if isinstance(request, copy_pb2.GenerateCopyRequest):
        texts = tuple(
            CopyText(hook=text.hook, body=text.body, cta=text.cta, hashtags=tuple(text.hashtags))
            for text in status.variants
        )
        return [PackEntry(**common, texts=texts, credits=child.spent, notes=tuple(status.notes))]
    alternative = next((note for note in status.notes if note.startswith(ALTERNATIVE_TEXT)), "")
    return [
        PackEntry(
            **common,
            **_recorded(asset),
            asset_id=asset.id,
            part=PARTS[asset.type],
            content_type=asset.content_type or _content_type(asset.type, request),
            credits=child.spent,
            alternative_text="" if PARTS[asset.type] else alternative.removeprefix(ALTERNATIVE_TEXT),
            notes=tuple(note for note in status.notes if note != alternative),
        )
        for asset in status.assets
        if asset.type in PARTS
    ]


def _common(child: ChildRow, request: ServiceRequest, brief: catalog_pb2.Brief | None, axis: str) -> dict[str, Any]:
    is_copy = isinstance(request, copy_pb2.GenerateCopyRequest)
    is_image = isinstance(request, image_pb2.GenerateStaticAdRequest)
    product = brief.product if brief is not None else catalog_pb2.Product()
    known = brief.understanding if brief is not None else catalog_pb2.Understanding()
    language = "" if is_copy or is_image else getattr(request, "language", "")
    return {
        "product_id": str(child.product_id),
        "product_name": child.product_name,
        "kind": KINDS[child.type],
        "job_id": str(child.job_id),
        "platform": request.platform if isinstance(request, copy_pb2.GenerateCopyRequest) else "",
        "format": request.format if isinstance(request, copy_pb2.GenerateCopyRequest) else "",
        "ratio": getattr(request, "aspect_ratio", ""),
        "style": getattr(request, "style", "") or getattr(request, "kind", ""),
        "axis_value": getattr(request, "voice_id", "") or _axis_value(child, axis),
        "variant": child.version or 1,
        "language": child.language or language or (known.language if known.language != "und" else ""),
        "landing_page": product.landing_page,
        "subject": ProductSubject(
            regulated=frozenset(known.regulated),
            sensitive=frozenset(known.sensitive),
            kind=known.kind,
            trade=known.trade,
            sector=known.sector,
        ),
    }


def _axis_value(child: ChildRow, axis: str) -> str:
    """What a version stands for, as a reader of a report knows it: of an angle, the headline without the product's
    name. Empty for a child that the axis does not change."""
    if not child.version:
        return ""
    if axis == Axis.ANGLE and child.headline:
        name, line = child.product_name.strip(), child.headline
        rest = line[len(name) :] if line.casefold().startswith(name.casefold()) else line
        said = rest.strip(" :,.–—-")
        if said:
            return said
    return f"{axis}-{child.version}"


def _recorded(asset: job_pb2.Asset) -> dict[str, Any]:
    """What the job service has recorded of a file; of older files only size and hash."""
    facts = asset.facts
    areas = None
    if facts.HasField("text_areas"):
        areas = tuple(
            TextArea(
                left=area.left,
                top=area.top,
                right=area.right,
                bottom=area.bottom,
                contrast=area.contrast,
                needed=area.contrast_needed,
            )
            for area in facts.text_areas.areas
        )
    return {
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "width": facts.width,
        "height": facts.height,
        "duration_seconds": facts.duration_seconds,
        "c2pa": C2paState(facts.origin) if facts.origin in set(C2paState) else C2paState.UNKNOWN,
        "visible_ai_mark": facts.visible_mark,
        "text_areas": areas,
    }


def _content_type(kind: str, request: ServiceRequest) -> str:
    """The type of a file that has none recorded."""
    if isinstance(request, image_pb2.GenerateStaticAdRequest):
        return CONTENT_TYPES[request.file_format or "png"]
    return CONTENT_TYPES.get(kind, "image/jpeg")  # a poster
