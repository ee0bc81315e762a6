"""SQL of the children of campaigns. The caller opens the transaction.

Each statement names the state from which a child may go on, so that two processes that work on one campaign, one of
them after its lease, cannot undo what the other has recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, LargeBinary, Text, Uuid, bindparam, select, update
from sqlalchemy import insert as sql_insert

from services.campaign.domain import Child, ChildState
from services.campaign.rows import ChildRow, HeadlineRow, PriceRow
from services.campaign.tables import CHILD, MOMENT
from services.chassis.data.database import Connection
from services.chassis.data.sql import unnest
from services.chassis.data.statements import Query, fetch_rows, run

_OF = CHILD.c.campaign_id == bindparam("of_campaign", type_=Uuid())
_MOST = bindparam("most", type_=Integer())
_REASON = bindparam("new_reason", type_=Text())
_MESSAGE = bindparam("new_message", type_=Text())
_GIVEN = unnest(
    "given",
    number=Integer,
    product_id=Uuid,
    product_name=Text,
    type=Text,
    request=LargeBinary,
    version=Integer,
    headline_version=Integer,
    credits=Integer,
    language=Text,
    state=Text,
    reason=Text,
    message=Text,
)
_INSERT = sql_insert(CHILD).from_select(
    ["campaign_id", *(column.name for column in _GIVEN.c)],
    select(bindparam("of_campaign", type_=Uuid()), *_GIVEN.c),
)
_PAGE = Query(
    ChildRow,
    select(CHILD)
    .where(_OF, CHILD.c.number > bindparam("after", type_=Integer()))
    .order_by(CHILD.c.number)
    .limit(_MOST),
)
_IN_STATE = CHILD.c.state == bindparam("in_state", type_=Text())
_LIST = Query(ChildRow, select(CHILD).where(_OF, _IN_STATE).order_by(CHILD.c.number).limit(_MOST))
_TRIED = Query(
    ChildRow,
    select(CHILD)
    .where(_OF, CHILD.c.state == ChildState.WAITING.value, CHILD.c.tried_at.is_not(None))
    .order_by(CHILD.c.number)
    .limit(_MOST),
)
_PRICES = Query(PriceRow, select(CHILD.c.number, CHILD.c.credits).where(_OF).order_by(CHILD.c.number))
_HEADLINES = Query(
    HeadlineRow,
    select(CHILD.c.product_id, CHILD.c.headline_version, CHILD.c.headline)
    .where(_OF, CHILD.c.headline.is_not(None))
    .distinct()
    .order_by(CHILD.c.product_id, CHILD.c.headline_version),
)
_NUMBERS = unnest("chosen", number=Integer)
_IS_WAITING = CHILD.c.state == ChildState.WAITING.value
_TRY = (
    update(CHILD)
    .where(_OF, CHILD.c.number == _NUMBERS.c.number, _IS_WAITING, CHILD.c.tried_at.is_(None))
    .values(tried_at=bindparam("now", type_=MOMENT))
)
_SET_HEADLINE = (
    update(CHILD)
    .where(
        _OF,
        CHILD.c.product_id == bindparam("of_product", type_=Uuid()),
        CHILD.c.headline_version == bindparam("of_version", type_=Integer()),
        CHILD.c.headline.is_(None),
    )
    .values(headline=bindparam("new_headline", type_=Text()))
)
_BEGUN = unnest("begun", number=Integer, job_id=Uuid)
_BEGIN = (
    update(CHILD)
    .where(_OF, CHILD.c.number == _BEGUN.c.number, _IS_WAITING)
    .values(state=ChildState.RUNNING.value, job_id=_BEGUN.c.job_id)
)
_REFUSED = unnest("refused", number=Integer, state=Text, reason=Text, message=Text)
_REFUSE = (
    update(CHILD)
    .where(_OF, CHILD.c.number == _REFUSED.c.number, _IS_WAITING)
    .values(state=_REFUSED.c.state, reason=_REFUSED.c.reason, message=_REFUSED.c.message)
)
_END_UNTRIED = (
    update(CHILD)
    .where(_OF, _IS_WAITING, CHILD.c.tried_at.is_(None), CHILD.c.number > bindparam("after", type_=Integer()))
    .values(state=bindparam("new_state", type_=Text()), reason=_REASON, message=_MESSAGE)
)
_ENDED = unnest("ended", number=Integer, state=Text, spent=Integer, reason=Text, message=Text)
_END = (
    update(CHILD)
    .where(_OF, CHILD.c.number == _ENDED.c.number, CHILD.c.state == ChildState.RUNNING.value)
    .values(state=_ENDED.c.state, spent=_ENDED.c.spent, reason=_ENDED.c.reason, message=_ENDED.c.message)
)
ALL_OF_A_CAMPAIGN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedChild:
    """How a child ended. spent: credits. reason, message: why it failed or was skipped; empty otherwise."""

    number: int
    state: ChildState
    spent: int = 0
    reason: str = ""
    message: str = ""


async def create(connection: Connection, campaign_id: UUID, children: Sequence[Child]) -> None:
    """Stores the children of a new campaign."""
    columns = {
        "number": [child.number for child in children],
        "product_id": [child.product.id for child in children],
        "product_name": [child.product.name for child in children],
        "type": [child.type for child in children],
        "request": [child.request for child in children],
        "version": [child.version for child in children],
        "headline_version": [child.headline_version for child in children],
        "credits": [child.credits for child in children],
        "language": [child.language for child in children],
        "state": [child.state.value for child in children],
        "reason": [child.reason for child in children],
        "message": [child.refusal for child in children],
    }
    given = {f"given_{name}": values for name, values in columns.items()}
    await run(connection, _INSERT, {**given, "of_campaign": campaign_id})


async def page(connection: Connection, campaign_id: UUID, after: int, limit: int) -> Sequence[ChildRow]:
    """Children in order, after a number."""
    return await fetch_rows(connection, _PAGE, {"of_campaign": campaign_id, "after": after, "most": limit})


async def waiting(connection: Connection, campaign_id: UUID, limit: int) -> Sequence[ChildRow]:
    """The next children that have no job, in order."""
    parameters = {"of_campaign": campaign_id, "in_state": ChildState.WAITING.value, "most": limit}
    return await fetch_rows(connection, _LIST, parameters)


async def tried(connection: Connection, campaign_id: UUID, limit: int) -> Sequence[ChildRow]:
    """Waiting children that may have a job whose id is not known."""
    return await fetch_rows(connection, _TRIED, {"of_campaign": campaign_id, "most": limit})


async def running(connection: Connection, campaign_id: UUID) -> Sequence[ChildRow]:
    """The children whose jobs have not ended, in order."""
    parameters = {"of_campaign": campaign_id, "in_state": ChildState.RUNNING.value, "most": ALL_OF_A_CAMPAIGN}
    return await fetch_rows(connection, _LIST, parameters)


async def prices(connection: Connection, campaign_id: UUID) -> Sequence[PriceRow]:
    """The prices of all children, in order."""
    return await fetch_rows(connection, _PRICES, {"of_campaign": campaign_id})


async def headlines(connection: Connection, campaign_id: UUID) -> Sequence[HeadlineRow]:
    """The headlines that were written."""
    return await fetch_rows(connection, _HEADLINES, {"of_campaign": campaign_id})


async def set_headline(connection: Connection, campaign_id: UUID, product_id: UUID, version: int, text: str) -> None:
    """Stores the headline that images of a product's version share, unless one is stored."""
    parameters = {
        "of_campaign": campaign_id,
        "of_product": product_id,
        "of_version": version,
        "new_headline": text,
    }
    await run(connection, _SET_HEADLINE, parameters)


async def mark_tried(connection: Connection, campaign_id: UUID, numbers: Sequence[int], now: datetime) -> None:
    """Records that jobs of these children may exist from now on. The campaign is locked and not canceled."""
    await run(connection, _TRY, {"of_campaign": campaign_id, "chosen_number": list(numbers), "now": now})


async def begin(connection: Connection, campaign_id: UUID, jobs: Sequence[tuple[int, UUID]]) -> None:
    """Records the jobs of children, by their numbers."""
    parameters = {
        "of_campaign": campaign_id,
        "begun_number": [number for number, _ in jobs],
        "begun_job_id": [job_id for _, job_id in jobs],
    }
    await run(connection, _BEGIN, parameters)


async def refuse(connection: Connection, campaign_id: UUID, children: Sequence[EndedChild]) -> int:
    """Ends waiting children that have no job for certain; their number."""
    return await run(connection, _REFUSE, {"of_campaign": campaign_id, **_columns("refused", children)})


async def end(connection: Connection, campaign_id: UUID, children: Sequence[EndedChild]) -> int:
    """Records the ends of children's jobs; their number."""
    spent = [child.spent for child in children]
    return await run(
        connection, _END, {"of_campaign": campaign_id, "ended_spent": spent, **_columns("ended", children)}
    )


async def end_untried(
    connection: Connection, campaign_id: UUID, state: ChildState, *, after: int = 0, reason: str = "", message: str = ""
) -> int:
    """Ends the children after a number that were never tried; their number."""
    parameters = {
        "of_campaign": campaign_id,
        "after": after,
        "new_state": state.value,
        "new_reason": reason,
        "new_message": message,
    }
    return await run(connection, _END_UNTRIED, parameters)


def _columns(prefix: str, children: Iterable[EndedChild]) -> dict[str, list[object]]:
    children = list(children)
    return {
        f"{prefix}_number": [child.number for child in children],
        f"{prefix}_state": [child.state.value for child in children],
        f"{prefix}_reason": [child.reason for child in children],
        f"{prefix}_message": [child.message for child in children],
    }
