"""Prices that were quoted to services and are held for a time although prices change. The caller opens the transaction.

A price list is identified by its prices, so a service names what it was quoted and can never name an amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Text, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.billing.domain import HoldRequest, price_list_id, prices_text
from services.billing.tables import MOMENT, PRICE_LIST
from services.chassis.data.database import Connection
from services.chassis.data.sql import among
from services.chassis.data.statements import Query, fetch_rows, run

KEPT_FOR = timedelta(hours=48)  # after the last quote; longer than a campaign takes to begin all its jobs
QUOTE_INTERVAL = timedelta(minutes=1)  # between writes for the same list, so that quotes do not wait for one row


class PriceListRow(NamedTuple):
    id: str
    prices: str


_quoted = insert(PRICE_LIST).values(
    id=bindparam("list_id", type_=Text()),
    prices=bindparam("list_prices", type_=Text()),
    quoted_at=bindparam("now", type_=MOMENT),
)
_QUOTE = _quoted.on_conflict_do_update(
    index_elements=[PRICE_LIST.c.id],
    set_={"quoted_at": _quoted.excluded.quoted_at},
    where=PRICE_LIST.c.quoted_at < bindparam("written_before", type_=MOMENT),
)
_FIND = Query(
    PriceListRow,
    select(PRICE_LIST.c.id, PRICE_LIST.c.prices).where(
        among(PRICE_LIST.c.id, "ids"), PRICE_LIST.c.quoted_at > bindparam("cutoff", type_=MOMENT)
    ),
)


async def quote(connection: Connection, prices: Mapping[str, int], now: datetime) -> str:
    """Records that these prices were quoted and returns the id of their list."""
    list_id = price_list_id(prices)
    parameters = {
        "list_id": list_id,
        "list_prices": prices_text(prices),
        "now": now,
        "written_before": now - QUOTE_INTERVAL,
    }
    await run(connection, _QUOTE, parameters)
    return list_id


async def amounts(
    connection: Connection, requests: Sequence[HoldRequest], current: Mapping[str, int], now: datetime
) -> dict[UUID, int]:
    """The prices of all units of the requests, in credits by job id; 0 where the type or the list has no price."""
    lists: dict[str, Mapping[str, int]] = {"": current}
    named = {request.price_list for request in requests if request.price_list}
    if named:
        lists[price_list_id(current)] = current
        found = await fetch_rows(connection, _FIND, {"ids": sorted(named), "cutoff": now - KEPT_FOR})
        lists |= {row.id: _parsed(row.prices) for row in found}
    return {
        request.job_id: lists.get(request.price_list, {}).get(request.type, 0) * request.quantity
        for request in requests
    }


def _parsed(text: str) -> dict[str, int]:
    """The prices of a stored list; it may lack types that were introduced since."""
    return {name: int(amount) for name, _, amount in (part.partition("=") for part in text.split(","))}
