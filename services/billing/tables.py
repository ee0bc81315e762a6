"""The tables of the ledger and of API keys, their constraints and indexes.

An entry moves one amount from one account to another, so it balances by construction; entries are only ever added.
`account`, `hold.state` and `lot.remaining` are derived state, kept in the same transaction as the entries. The triggers
that keep entries and seals from being changed stand in the first migration.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    literal_column,
    text,
)

from services.billing.domain import ACCOUNTS_OF_ENTRY, EntryKind, HoldEnd, HoldState
from services.chassis.data.sql import NAMING_CONVENTION, in_inline, inline

METADATA = MetaData(naming_convention=NAMING_CONVENTION)
MOMENT = DateTime(timezone=True)
ZERO = text("0")


def one_of(column: str, values: Iterable[str]) -> str:
    """The text of a check: the column has one of these values."""
    return f"{column} in (" + ", ".join(f"'{value}'" for value in values) + ")"


ACCOUNT = Table(
    "account",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("available", Integer, nullable=False, server_default=ZERO),
    Column("held", Integer, nullable=False, server_default=ZERO),
    # The part of `available` that has a last day: the sum of lot.remaining.
    Column("expiring", Integer, nullable=False, server_default=ZERO),
    CheckConstraint("available >= 0", name="account_available_check"),
    CheckConstraint("held >= 0", name="account_held_check"),
    CheckConstraint("expiring between 0 and available", name="account_check"),
)

# Prices that were quoted to a service; a row for each set of prices that ever was.
PRICE_LIST = Table(
    "price_list",
    METADATA,
    Column("id", Text, primary_key=True),  # follows from the prices
    Column("prices", Text, nullable=False),  # copy=1,static_ad=3,…
    Column("quoted_at", MOMENT, nullable=False),  # the last time, to a minute
)

# A grant with a last day, and what of it can still be spent. Grants without one need no lot.
LOT = Table(
    "lot",
    METADATA,
    Column("grant_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(ACCOUNT.c.user_id), nullable=False),
    Column("granted", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    CheckConstraint("granted > 0", name="lot_granted_check"),
    CheckConstraint("remaining between 0 and granted", name="lot_check"),
)
UNSPENT = LOT.c.remaining > literal_column("0")
Index("lot_of_user", LOT.c.user_id, LOT.c.expires_at, postgresql_where=UNSPENT)
Index("lot_expiry", LOT.c.expires_at, postgresql_where=UNSPENT)

HOLD = Table(
    "hold",
    METADATA,
    Column("job_id", Uuid, primary_key=True),
    # Null: released before it was placed; it keeps a late hold from being placed.
    Column("user_id", Text),
    Column("type", Text, nullable=False),
    Column("project_id", Uuid),
    Column("amount", Integer, nullable=False),
    # The part that came from lots: the sum of draw.amount.
    Column("drawn", Integer, nullable=False, server_default=ZERO),
    Column("state", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("refunded_at", MOMENT),
    # How many units of the type were held; each costs the same part of `amount`.
    Column("quantity", Integer, nullable=False, server_default=text("1")),
    # Of a captured hold: the price of the units that were not delivered, which its capture released.
    Column("remainder", Integer, nullable=False, server_default=ZERO),
    CheckConstraint("amount >= 0", name="hold_amount_check"),
    CheckConstraint(one_of("state", HoldState), name="hold_state_check"),
    CheckConstraint("drawn between 0 and amount", name="hold_check"),
    CheckConstraint(f"(state = '{HoldState.HELD}') = (ended_at is null)", name="hold_check1"),
    CheckConstraint(f"refunded_at is null or state = '{HoldState.CAPTURED}'", name="hold_check2"),
    CheckConstraint(f"user_id is not null or (state = '{HoldState.RELEASED}' and amount = 0)", name="hold_check3"),
    CheckConstraint("quantity > 0 and mod(amount, quantity) = 0", name="hold_quantity_check"),
    CheckConstraint(
        f"remainder = 0 or (state = '{HoldState.CAPTURED}' and remainder between 1 and amount - 1"
        " and mod(remainder::bigint * quantity, amount) = 0)",
        name="hold_remainder_check",
    ),
)
IS_HELD = HOLD.c.state == inline(HoldState.HELD)
Index("hold_expiry", HOLD.c.expires_at, postgresql_where=IS_HELD)

# What a hold took from which lot, less what the capture of a part of it put back.
DRAW = Table(
    "draw",
    METADATA,
    Column("job_id", Uuid, ForeignKey(HOLD.c.job_id), primary_key=True),
    Column("grant_id", Text, ForeignKey(LOT.c.grant_id), primary_key=True),
    Column("amount", Integer, nullable=False),
    CheckConstraint("amount >= 0", name="draw_amount_check"),
)

ENTRY = Table(
    "entry",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text, ForeignKey(ACCOUNT.c.user_id), nullable=False),
    Column("amount", Integer, nullable=False),
    Column("debit", Text, nullable=False),  # the account it comes from: a Book
    Column("credit", Text, nullable=False),  # the account it goes to
    Column("job_id", Uuid),
    Column("job_type", Text),
    Column("project_id", Uuid),
    Column("grant_id", Text),
    Column("grant_type", Text),
    Column("reason", Text),
    Column("expires_at", MOMENT),  # of a grant
    Column("created_at", MOMENT, nullable=False),
    CheckConstraint("amount > 0", name="entry_amount_check"),
    CheckConstraint(
        "(kind, debit, credit) in ("
        + ", ".join(f"('{kind}', '{debit}', '{credit}')" for kind, (debit, credit) in ACCOUNTS_OF_ENTRY.items())
        + ")",
        name="entry_check",
    ),
    CheckConstraint(
        f"({one_of('kind', (EntryKind.GRANT, EntryKind.LAPSE))}) = (grant_id is not null)", name="entry_check1"
    ),
    CheckConstraint(
        f"case kind when '{EntryKind.GRANT}' then job_id is null when '{EntryKind.LAPSE}' then true"
        " else job_id is not null end",
        name="entry_check2",
    ),
    CheckConstraint(f"expires_at is null or kind = '{EntryKind.GRANT}'", name="entry_check3"),
)


def is_kind(*kinds: EntryKind) -> ColumnElement[bool]:
    """Whether an entry is of these kinds, spelled like the conditions of the partial indexes."""
    return ENTRY.c.kind == inline(kinds[0]) if len(kinds) == 1 else in_inline(ENTRY.c.kind, kinds)


# One cause, one entry; and a hold ends once, however it ends. A lot lapses once by itself, and once more for every hold
# that releases credits to it too late.
ENDS = is_kind(*(end.kind for end in HoldEnd))
RARE_KINDS = (EntryKind.GRANT, EntryKind.LAPSE, EntryKind.REFUND)
IS_RARE = is_kind(*RARE_KINDS)
Index("entry_of_grant", ENTRY.c.grant_id, unique=True, postgresql_where=is_kind(EntryKind.GRANT))
Index("entry_of_hold", ENTRY.c.job_id, unique=True, postgresql_where=is_kind(EntryKind.HOLD))
Index("entry_of_end", ENTRY.c.job_id, unique=True, postgresql_where=ENDS)
Index("entry_of_remainder", ENTRY.c.job_id, unique=True, postgresql_where=is_kind(EntryKind.REMAINDER))
Index("entry_of_refund", ENTRY.c.job_id, unique=True, postgresql_where=is_kind(EntryKind.REFUND))
Index(
    "entry_of_lapse",
    ENTRY.c.grant_id,
    ENTRY.c.job_id,
    unique=True,
    postgresql_where=is_kind(EntryKind.LAPSE),
    postgresql_nulls_not_distinct=True,
)
NEWEST_FIRST = (ENTRY.c.created_at.desc(), ENTRY.c.id.desc())
Index("entry_of_user", ENTRY.c.user_id, *NEWEST_FIRST)
Index("entry_of_user_rare", ENTRY.c.user_id, *NEWEST_FIRST, postgresql_where=IS_RARE)

# A hash chain over the entries, sealed in batches: hash = sha256(previous || ids || digests).
SEAL = Table(
    "seal",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("ids", ARRAY(BigInteger), nullable=False),
    Column("digests", LargeBinary, nullable=False),  # 16 bytes an entry, in order of id
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_at", MOMENT, nullable=False),
    UniqueConstraint("hash"),
)

# `spent` changes under the lock of the owner's account only, in the transaction that holds or releases the credits.
API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", Uuid, primary_key=True),  # version 7: in order of creation
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),  # SHA-256 of the key: 32 random bytes need no salt
    Column("budget", Integer),
    Column("spent", Integer, nullable=False, server_default=ZERO),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
    UniqueConstraint("hash"),
    CheckConstraint("length(hash) = 32", name="api_key_hash_check"),
    CheckConstraint("budget > 0", name="api_key_budget_check"),
    CheckConstraint("spent >= 0", name="api_key_spent_check"),
    CheckConstraint("spent <= budget", name="api_key_check"),
)
Index("api_key_of_user", API_KEY.c.user_id, API_KEY.c.id.desc())

# What the jobs of keys have spent.
KEY_SPENDING = Table(
    "key_spending",
    METADATA,
    Column("job_id", Uuid, primary_key=True),
    Column("key_id", Uuid, ForeignKey(API_KEY.c.id), nullable=False),
    Column("amount", Integer, nullable=False),
    Column("restored", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("amount > 0", name="key_spending_amount_check"),
)
Index("key_spending_of_key", KEY_SPENDING.c.key_id)
