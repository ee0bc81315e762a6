"""The hash chain over the ledger's entries, sealed in batches. It reveals entries that were changed after their seal.

A seal stores the id and a digest of each of its entries, and hash = sha256(previous hash, ids, digests). Changing an
entry unnoticed therefore takes rewriting every later seal; a copy of the newest hash, recorded elsewhere, reveals that.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, LargeBinary, bindparam, func, insert, literal_column, select, text

from services.billing.tables import ENTRY, SEAL
from services.chassis.data.database import Connection, Database
from services.chassis.data.locks import CHAIN_SEALERS_LOCK, CHAIN_WRITERS_LOCK
from services.chassis.data.statements import Query, fetch_row, fetch_rows, run

SEAL_ENTRIES = 5_000
DIGEST_BYTES = 16
GENESIS = bytes(32)

# Every column of an entry, in an order and a form that do not depend on any setting. As text: the hashes of all seals
# depend on it, and functions of Core would hide it.
DIGEST = literal_column(
    """substring(sha256(convert_to(jsonb_build_array(
    id, kind, user_id, amount, debit, credit, job_id, job_type, project_id, grant_id, grant_type, reason,
    (extract(epoch from expires_at) * 1000000)::bigint, (extract(epoch from created_at) * 1000000)::bigint
  )::text, 'UTF8')), 1, 16)""",
    LargeBinary,
).label("digest")

LIMIT_LOCK_WAIT = text("set local lock_timeout = '1s'")  # Core has no `set`
LOCK_WRITERS = select(func.pg_advisory_xact_lock(CHAIN_WRITERS_LOCK))


class SealersLockRow(NamedTuple):
    free: bool


LOCK_SEALERS = Query(SealersLockRow, select(func.pg_try_advisory_xact_lock(CHAIN_SEALERS_LOCK).label("free")))


class NewestEntryRow(NamedTuple):
    newest: int | None


NEWEST_ENTRY = Query(NewestEntryRow, select(func.max(ENTRY.c.id).label("newest")))
_AFTER = bindparam("after", type_=BigInteger())


class DigestRow(NamedTuple):
    id: int
    digest: bytes


_DIGESTS = (
    select(ENTRY.c.id, DIGEST)
    .where(ENTRY.c.id > _AFTER, ENTRY.c.id <= bindparam("until", type_=BigInteger()))
    .order_by(ENTRY.c.id)
)
DIGESTS = Query(DigestRow, _DIGESTS)
DIGESTS_TO_SEAL = Query(DigestRow, _DIGESTS.limit(SEAL_ENTRIES))


class _Seal(NamedTuple):
    """A row of SEAL: the ids that it covers, 16 bytes for each, and its place in the chain."""

    id: int
    ids: list[int]
    digests: bytes
    previous: bytes
    hash: bytes


class LastSealRow(NamedTuple):
    id: int
    hash: bytes
    newest: int


LAST_SEAL = Query(
    LastSealRow,
    (
        select(SEAL.c.id, SEAL.c.hash, SEAL.c.ids[func.array_upper(SEAL.c.ids, 1)].label("newest"))
        .order_by(SEAL.c.id.desc())
        .limit(1)
    ),
)
NEXT_SEALS = Query(
    _Seal, select(*(SEAL.c[field] for field in _Seal._fields)).where(SEAL.c.id > _AFTER).order_by(SEAL.c.id).limit(20)
)
INSERT_SEAL = insert(SEAL).values({column: bindparam(column.name) for column in SEAL.c})


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The result of checking the chain. `problems` names every inconsistency, oldest entry first."""

    seals: int
    newest_entry: int  # the highest sealed id; 0 without seals
    head: str  # the newest hash, in hex
    problems: tuple[str, ...]


def chain_hash(previous: bytes, ids: list[int], digests: bytes) -> bytes:
    """Returns the hash of a seal."""
    return hashlib.sha256(previous + b"".join(number.to_bytes(8, "big") for number in ids) + digests).digest()


async def seal(database: Database, now: datetime) -> int:
    """Seals the committed entries that are not sealed yet; returns their number.

    Does nothing while another replica seals. Raises LockNotAvailable when a writer of entries takes too long.
    """
    total = 0
    while True:
        async with database.transaction() as connection:
            # While this lock is held alone, every id up to the newest is committed or rolled back for good. Writers
            # wait for it, so it is held for one query, and requested for one second at most.
            await run(connection, LIMIT_LOCK_WAIT)
            await run(connection, LOCK_WRITERS)
            newest = (await fetch_rows(connection, NEWEST_ENTRY))[0].newest
        if newest is None:
            return total
        async with database.transaction() as connection:
            if not (await fetch_rows(connection, LOCK_SEALERS))[0].free:
                return total
            last = await fetch_row(connection, LAST_SEAL)
            rows = await fetch_rows(connection, DIGESTS_TO_SEAL, {"after": last.newest if last else 0, "until": newest})
            if not rows:
                return total
            ids, digests = [row.id for row in rows], b"".join(row.digest for row in rows)
            previous = last.hash if last else GENESIS
            await run(
                connection,
                INSERT_SEAL,
                {
                    "id": last.id + 1 if last else 1,
                    "ids": ids,
                    "digests": digests,
                    "previous": previous,
                    "hash": chain_hash(previous, ids, digests),
                    "sealed_at": now,
                },
            )
        total += len(rows)
        if len(rows) < SEAL_ENTRIES:
            return total


async def check(connection: Connection, recorded_head: str = "") -> ChainCheck:
    """Recomputes the chain and compares every sealed entry with its digest.

    recorded_head: a head in hex that an earlier check reported; a chain that was rewritten or truncated lacks it.
    """
    problems: list[str] = []
    previous, number, newest = GENESIS, 0, 0
    has_recorded_head = not recorded_head
    async for row in _seals(connection):
        number += 1
        if row.id != number:
            problems.append(f"seal {number}: missing")
            number = row.id
        ids, digests = row.ids, row.digests
        if row.previous != previous or row.hash != chain_hash(row.previous, ids, digests):
            problems.append(f"seal {number} (entries {ids[0]} to {ids[-1]}): does not follow from the previous seal")
        previous = row.hash
        has_recorded_head = has_recorded_head or previous.hex() == recorded_head
        problems += await _compare_entries(connection, newest, ids, digests)
        newest = ids[-1]
    if not has_recorded_head:
        problems.append(f"the chain has no seal with the hash {recorded_head}: it was truncated or rewritten")
    return ChainCheck(number, newest, previous.hex(), tuple(problems))


async def _seals(connection: Connection) -> AsyncIterator[_Seal]:
    after = 0
    while rows := await fetch_rows(connection, NEXT_SEALS, {"after": after}):
        for row in rows:
            yield row
        after = rows[-1].id


async def _compare_entries(connection: Connection, after: int, ids: list[int], digests: bytes) -> list[str]:
    """Names the entries of one seal that differ from what was sealed.

    The seal covers the ids above `after`, the newest id of the previous seal, up to its own newest id.
    """
    rows = await fetch_rows(connection, DIGESTS, {"after": after, "until": ids[-1]})
    found = {row.id: row.digest for row in rows}
    sealed = {number: digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] for index, number in enumerate(ids)}
    return [
        f"entry {number}: "
        + ("missing" if number not in found else "was never sealed" if number not in sealed else "was changed")
        for number in sorted(found.keys() | sealed.keys())
        if found.get(number) != sealed.get(number)
    ]
