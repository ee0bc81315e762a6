"""manifest.json of a pack: the campaign, every file and text, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from services.campaign.pack.entries import PackEntry, PackManifest
from services.campaign.pack.observed import FileState, ObservedFile
from services.campaign.pack.placing import PlacedFile, entry_platforms, platforms_of

FORMAT: Final = 1  # grows when a field changes its meaning; new fields are no new format


def manifest_document(
    manifest: PackManifest,
    entries: Sequence[PackEntry],
    placed: Sequence[PlacedFile],
    observed: Mapping[int, ObservedFile],
    sheets: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The document as UTF-8 JSON. sheets: descriptions of the sheets in the pack."""
    platforms = platforms_of(manifest, entries)
    document = {
        "format": FORMAT,
        "campaign": {
            "id": manifest.campaign_id,
            "name": manifest.name,
            "created": manifest.created.astimezone(UTC).isoformat(),
            "project": {"id": manifest.project_id, "name": manifest.project_name},
            "brand": manifest.brand_name,
            "platforms": platforms,
            "variantAxis": manifest.variant_axis,
            "credits": sum({(entry.job_id): entry.credits for entry in entries}.values()),
        },
        "files": [_file(file, observed[file.position]) for file in placed if _included(observed[file.position])],
        "texts": [
            {**_common(entry), "platforms": entry_platforms(entry, platforms), "variants": _texts(entry)}
            for entry in entries
            if entry.texts
        ],
        "missing": [
            {**_file(file, observed[file.position]), "reason": observed[file.position].reason}
            for file in placed
            if not observed[file.position].state.usable
        ],
        "sheets": list(sheets),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _included(seen: ObservedFile) -> bool:
    return seen.state.usable


def _common(entry: PackEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind.value,
        "product": {"id": entry.product_id, "name": entry.product_name},
        "format": entry.format,
        "style": entry.style,
        "ratio": entry.ratio,
        "axisValue": entry.axis_value,
        "variant": entry.variant,
        "version": entry.version,
        "language": entry.language,
        "jobId": entry.job_id,
        "credits": entry.credits,
        "notes": entry.notes,
    }


def _file(file: PlacedFile, seen: ObservedFile) -> dict[str, Any]:
    entry = file.entry
    in_pack = seen.state in {FileState.WHOLE, FileState.TRUNCATED}
    return {
        "paths": file.paths if in_pack else (),
        "state": seen.state.value,
        **_common(entry),
        "part": entry.part,
        "assetId": entry.asset_id,
        "contentType": entry.content_type,
        "sizeBytes": seen.size,
        "sha256": seen.sha256 or entry.sha256,
        "width": entry.width,
        "height": entry.height,
        "durationSeconds": entry.duration_seconds,
        "alternativeText": entry.alternative_text,
        "c2pa": entry.c2pa.value,
        "aiMade": entry.c2pa.model_made,
        "visibleAiMark": entry.visible_ai_mark,
    }


def _texts(entry: PackEntry) -> list[dict[str, Any]]:
    return [
        {"angle": text.angle, "hook": text.hook, "body": text.body, "cta": text.cta, "hashtags": text.hashtags}
        for text in entry.texts
    ]
