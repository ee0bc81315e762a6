"""The hash chain over the entries: sealed in batches, so that what is changed afterwards can be named.

A seal keeps the id and a digest of each entry it covers, and hash = sha256(hash before, ids, digests). Whoever changes
an entry would have to rewrite every later seal too; the newest hash, noted down elsewhere, shows that.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, Database, fetch_all, fetch_one
from services.chassis.data.locks import CHAIN_SEALERS_LOCK, CHAIN_WRITERS_LOCK

SEAL_ENTRIES = 5_000
DIGEST_BYTES = 16
GENESIS = bytes(32)

# Every column, in an order and a form that no setting changes.
DIGEST = """substring(sha256(convert_to(jsonb_build_array(
    id, kind, user_id, amount, debit, credit, job_id, job_type, project_id, grant_id, grant_type, reason,
    (extract(epoch from expires_at) * 1000000)::bigint, (extract(epoch from created_at) * 1000000)::bigint
  )::text, 'UTF8')), 1, 16)"""


@dataclass(frozen=True, slots=True)
class Chain:
    """What the chain says. `wrong` names what does not fit, the earliest first."""

    seals: int
    sealed_entries: int
    newest_entry: int  # the highest sealed id
    head: str  # the newest hash
    wrong: tuple[str, ...]


def chain_hash(previous: bytes, ids: list[int], digests: bytes) -> bytes:
    """The hash of a seal."""
    return hashlib.sha256(previous + b"".join(number.to_bytes(8, "big") for number in ids) + digests).digest()


async def seal(database: Database, now: datetime) -> int:
    """Seals what has been decided and is not sealed yet; how many entries. Replicas take turns."""
    total = 0
    while True:
        async with database.transaction() as connection:
            # Alone with the lock, every id up to the newest has been committed or has gone. It is held for no longer
            # than it takes to look, and waited for no longer than a writer would notice.
            await connection.execute("set local lock_timeout = '1s'")
            await connection.execute("select pg_advisory_xact_lock(%s)", [CHAIN_WRITERS_LOCK])
            row = await fetch_one(connection, "select max(id) as newest from entry")
            newest = row["newest"] if row else None
        if newest is None:
            return total
        async with database.transaction() as connection:
            free = await fetch_one(connection, "select pg_try_advisory_xact_lock(%s) as free", [CHAIN_SEALERS_LOCK])
            if free is None or not free["free"]:
                return total
            last = await fetch_one(
                connection, "select id, ids[array_upper(ids, 1)] as newest, hash from seal order by id desc limit 1"
            )
            rows = await fetch_all(
                connection,
                f"select id, {DIGEST} as digest from entry where id > %s and id <= %s order by id limit %s",
                [last["newest"] if last else 0, newest, SEAL_ENTRIES],
            )
            if not rows:
                return total
            ids, digests = [row["id"] for row in rows], b"".join(row["digest"] for row in rows)
            previous = last["hash"] if last else GENESIS
            await connection.execute(
                "insert into seal (id, ids, digests, previous, hash, sealed_at) values (%s, %s, %s, %s, %s, %s)",
                [
                    last["id"] + 1 if last else 1,
                    ids,
                    digests,
                    previous,
                    chain_hash(previous, ids, digests),
                    now,
                ],
            )
        total += len(rows)
        if len(rows) < SEAL_ENTRIES:
            return total


async def check(connection: Connection, noted: str = "") -> Chain:
    """Recomputes the chain and compares every sealed entry with its digest. `noted`: a head that was noted down
    before; a chain that was made anew, or cut short before it, does not have it any more."""
    wrong: list[str] = []
    previous, number, sealed, newest = GENESIS, 0, 0, 0
    has_noted = not noted
    async for row in _seals(connection):
        number += 1
        if row["id"] != number:
            wrong.append(f"seal {number}: missing")
            number = row["id"]
        ids, digests = row["ids"], row["digests"]
        if row["previous"] != previous or row["hash"] != chain_hash(row["previous"], ids, digests):
            wrong.append(f"seal {number} (entries {ids[0]} to {ids[-1]}): does not follow from the one before")
        previous = row["hash"]
        has_noted = has_noted or previous.hex() == noted
        wrong += await _differing(connection, newest, ids, digests)
        sealed += len(ids)
        newest = ids[-1]
    if not has_noted:
        wrong.append(f"the chain has no seal with the hash {noted}: it was cut short or made anew")
    return Chain(number, sealed, newest, previous.hex(), tuple(wrong))


async def _seals(connection: Connection) -> AsyncIterator[DictRow]:
    after = 0
    while rows := await fetch_all(connection, "select * from seal where id > %s order by id limit 20", [after]):
        for row in rows:
            yield row
        after = rows[-1]["id"]


async def _differing(connection: Connection, after: int, ids: list[int], digests: bytes) -> list[str]:
    """The entries of one seal that are not what was sealed; ids `after` to the last one of the seal are its own."""
    rows = await fetch_all(
        connection,
        f"select id, {DIGEST} as digest from entry where id > %s and id <= %s order by id",
        [after, ids[-1]],
    )
    found = {row["id"]: row["digest"] for row in rows}
    told = {number: digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES] for place, number in enumerate(ids)}
    return [
        f"entry {number}: "
        + ("missing" if number not in found else "was never sealed" if number not in told else "was changed")
        for number in sorted(found.keys() | told.keys())
        if found.get(number) != told.get(number)
    ]
