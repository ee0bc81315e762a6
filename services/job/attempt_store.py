"""SQL of attempts and assets, and the columns that every change of a job returns. Statements take batches as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, LargeBinary, Text, Uuid, bindparam, insert, select, update

from services.chassis.data.database import Connection
from services.chassis.data.sql import unnest
from services.chassis.data.statements import Query, fetch_rows, run
from services.job.domain import Asset, ChangedJob, Completion, FinishedVariant
from services.job.tables import MOMENT, asset, asset_scene, attempt, job

MAX_VARIANT_ASSETS = 10  # as the proto says; their positions are numbered by it

CHANGED = tuple(job.c[field.name] for field in fields(ChangedJob))

_NOW = bindparam("now", type_=MOMENT)

_started = unnest("given", job_id=Uuid, number=Integer, worker=Text)
_OPEN_ATTEMPTS = insert(attempt).from_select(["job_id", "number", "worker", "started_at"], select(*_started.c, _NOW))

_closed = unnest("given", job_id=Uuid, number=Integer)
_CLOSE_ATTEMPTS = (
    update(attempt)
    .values(
        ended_at=_NOW,
        outcome=bindparam("given_outcome", type_=Text),
        cause=bindparam("given_cause", type_=Text),
    )
    .where(attempt.c.job_id == _closed.c.job_id, attempt.c.number == _closed.c.number, attempt.c.ended_at.is_(None))
)

_stored = unnest(
    "given",
    id=Uuid,
    job_id=Uuid,
    position=Integer,
    type=Text,
    key=Text,
    content_type=Text,
    size_bytes=BigInteger,
    sha256=Text,
    variant=Integer,
    facts=Text,
    parent_asset_id=Uuid,
)
_INSERT_ASSETS = insert(asset).from_select([column.name for column in _stored.c], select(*_stored.c))

_scenes = unnest("given", asset_id=Uuid, scene=LargeBinary)
_INSERT_SCENES = insert(asset_scene).from_select(["asset_id", "scene"], select(*_scenes.c))


async def changed_jobs(
    connection: Connection, query: Query[ChangedJob], parameters: Mapping[str, Any]
) -> list[ChangedJob]:
    """The jobs that a statement changes."""
    return await fetch_rows(connection, query, parameters)


async def open_attempts(connection: Connection, jobs: Sequence[ChangedJob], now: datetime) -> None:
    """Inserts the attempts that leasing these jobs started."""
    if jobs:
        await run(
            connection,
            _OPEN_ATTEMPTS,
            {
                "now": now,
                "given_job_id": [changed.id for changed in jobs],
                "given_number": [changed.attempt for changed in jobs],
                "given_worker": [changed.worker for changed in jobs],
            },
        )


async def close_attempts(
    connection: Connection, jobs: Sequence[ChangedJob], outcome: str, cause: str, now: datetime
) -> None:
    """Records the outcome of the open attempts of these jobs. cause: for the operator."""
    if jobs:
        await run(
            connection,
            _CLOSE_ATTEMPTS,
            {
                "now": now,
                "given_outcome": outcome,
                "given_cause": cause,
                "given_job_id": [changed.id for changed in jobs],
                "given_number": [changed.attempt for changed in jobs],
            },
        )


async def insert_assets(connection: Connection, completions: Sequence[Completion]) -> None:
    """Inserts the assets of these results, in their order."""
    assets = [(entry.job_id, place, asset) for entry in completions for place, asset in enumerate(entry.assets)]
    await _insert_assets(connection, assets)
    await _insert_scenes(connection, [scene for entry in completions for scene in entry.scenes.items()])


async def insert_variant_assets(connection: Connection, variant: FinishedVariant) -> None:
    """Inserts the assets of a variant behind those of the variants before it."""
    first = variant.number * MAX_VARIANT_ASSETS
    await _insert_assets(
        connection,
        [
            (variant.job_id, first + position, replace(asset, variant=variant.number))
            for position, asset in enumerate(variant.assets)
        ],
    )
    await _insert_scenes(connection, [*variant.scenes.items()])


async def _insert_scenes(connection: Connection, scenes: Sequence[tuple[UUID, bytes]]) -> None:
    if scenes:
        given = {"given_asset_id": [asset_id for asset_id, _ in scenes], "given_scene": [scene for _, scene in scenes]}
        await run(connection, _INSERT_SCENES, given)


async def _insert_assets(connection: Connection, assets: Sequence[tuple[UUID, int, Asset]]) -> None:
    rows = [
        (
            asset.id,
            job_id,
            position,
            asset.type,
            asset.key,
            asset.content_type,
            asset.size_bytes,
            asset.sha256,
            asset.variant,
            asset.facts,
            asset.parent_asset_id,
        )
        for job_id, position, asset in assets
    ]
    if rows:
        names = (f"given_{column.name}" for column in _stored.c)
        values = (list(column) for column in zip(*rows, strict=True))
        await run(connection, _INSERT_ASSETS, dict(zip(names, values, strict=True)))
