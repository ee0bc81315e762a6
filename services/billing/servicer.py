"""The RPCs of credits: one short method each. API keys have a servicer of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import grpc
import structlog
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from psycopg.errors import UniqueViolation

from services.billing import messages, price_lists
from services.billing.domain import Balance, EndedHold, Grant, HoldEnd, HoldOutcome, HoldRequest, Settlement
from services.billing.ledger import Ledger
from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Database
from services.chassis.errors import FieldViolation, Overloaded, Refusal, ValidationFailed
from services.chassis.rpc.auth import caller

Context = grpc.aio.ServicerContext[Any, Any]
HoldRequests = tuple[HoldRequest, ...]
Settlements = dict[UUID, Settlement]

MAX_BATCH = 64  # RPCs in one transaction; each may carry many holds
MAX_WAITING = 1_000
MAX_WAIT_SECONDS = 4.0  # below the job service's deadlines: 5 s for a hold, longer for a settlement
PLACE_TRIES = 3  # transactions for a batch of holds, when jobs of it are released concurrently
MAX_USAGE_DAYS = 366
DEFAULT_USAGE_PERIOD = timedelta(days=30)

log = structlog.get_logger()


class BillingServicer(billing_pb2_grpc.BillingServiceServicer):
    """Shows users their credits, prices, statement and usage."""

    def __init__(self, *, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def GetCredits(self, request: billing_pb2.GetCreditsRequest, context: Context) -> billing_pb2.Credits:
        user_id = caller().user_id
        async with self._database.connection() as connection:
            found = await self._ledger.balances(connection, [user_id], self._clock.now())
        return messages.credits_message(found.get(user_id, Balance()))

    async def ListPrices(
        self, request: billing_pb2.ListPricesRequest, context: Context
    ) -> billing_pb2.ListPricesResponse:
        return billing_pb2.ListPricesResponse(prices=messages.price_messages(self._ledger.prices))

    async def GetStatement(
        self, request: billing_pb2.GetStatementRequest, context: Context
    ) -> billing_pb2.GetStatementResponse:
        arguments = messages.statement_filter(request, caller().user_id)
        async with self._database.connection() as connection:
            rows = await self._ledger.entries(connection, **arguments)
        last = rows[-1] if len(rows) == arguments["limit"] else None
        return billing_pb2.GetStatementResponse(
            entries=[messages.entry_message(row) for row in rows], next_page_token=messages.page_token(last)
        )

    async def GetUsage(self, request: billing_pb2.GetUsageRequest, context: Context) -> billing_pb2.GetUsageResponse:
        now = self._clock.now()
        until = request.to.ToDatetime(tzinfo=UTC) if request.HasField("to") else now
        first = getattr(request, "from")
        since = first.ToDatetime(tzinfo=UTC) if request.HasField("from") else until - DEFAULT_USAGE_PERIOD
        if not timedelta() < until - since <= timedelta(days=MAX_USAGE_DAYS):
            raise ValidationFailed(
                [FieldViolation(field="from", message=f"must be before to and at most {MAX_USAGE_DAYS} days earlier")]
            )
        async with self._database.connection() as connection:
            rows = await self._ledger.usage(connection, caller().user_id, since, until)
        return billing_pb2.GetUsageResponse(days=[billing_pb2.DayUsage(**row._asdict()) for row in rows])

    async def GetJobStatement(
        self, request: billing_pb2.GetJobStatementRequest, context: Context
    ) -> billing_pb2.JobStatement:
        async with self._database.connection() as connection:
            row = await self._ledger.find_hold(connection, UUID(request.job_id), caller().user_id)
        return messages.job_statement(row)


class BillingAdminServicer(billing_pb2_grpc.BillingAdminServiceServicer):
    """Grants and refunds credits, for operators."""

    def __init__(self, *, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def GrantCredits(
        self, request: billing_pb2.GrantCreditsRequest, context: Context
    ) -> billing_pb2.GrantCreditsResponse:
        grant = Grant(
            grant_id=request.grant_id,
            user_id=request.user_id,
            credits=request.credits,
            reason=request.reason,
            type=request.type if request.HasField("type") else "paid",
            expires_at=request.expires_at.ToDatetime(tzinfo=UTC) if request.HasField("expires_at") else None,
        )
        async with self._database.transaction() as connection:
            available = await self._ledger.grant(connection, grant, self._clock.now())
        log.info("credits_granted", user_id=grant.user_id, credits=grant.credits, grant_id=grant.grant_id)
        return billing_pb2.GrantCreditsResponse(
            grant_id=grant.grant_id, user_id=grant.user_id, credits=grant.credits, available=available
        )

    async def RefundJob(self, request: billing_pb2.RefundJobRequest, context: Context) -> billing_pb2.RefundJobResponse:
        async with self._database.transaction() as connection:
            amount, available = await self._ledger.refund(
                connection, UUID(request.job_id), request.reason, self._clock.now()
            )
        log.info("job_refunded", job_id=request.job_id, credits=amount)
        return billing_pb2.RefundJobResponse(job_id=request.job_id, credits=amount, available=available)


class BillingLedgerServicer(billing_pb2_grpc.BillingLedgerServiceServicer):
    """Places and settles the holds of jobs, for the job service. Concurrent RPCs share a transaction."""

    def __init__(self, *, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._placements: Batcher[HoldRequests, list[HoldOutcome]] = Batcher(
            self._place_holds, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, max_wait_seconds=MAX_WAIT_SECONDS
        )
        self._settlements: Batcher[Settlements, dict[UUID, EndedHold]] = Batcher(
            self._end_holds, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, max_wait_seconds=MAX_WAIT_SECONDS
        )

    async def PlaceHolds(
        self, request: billing_pb2.PlaceHoldsRequest, context: Context
    ) -> billing_pb2.PlaceHoldsResponse:
        outcomes = await self._placements.submit(tuple(messages.hold_request(hold) for hold in request.holds))
        return billing_pb2.PlaceHoldsResponse(outcomes=[messages.hold_outcome(outcome) for outcome in outcomes])

    async def _place_holds(self, batch: Sequence[HoldRequests]) -> list[list[HoldOutcome] | Refusal]:
        requests = [request for rpc in batch for request in rpc]
        for _ in range(PLACE_TRIES):
            try:
                async with self._database.transaction() as connection:
                    outcomes = iter(await self._ledger.place_holds(connection, requests, self._clock.now()))
                return [[next(outcomes) for _ in rpc] for rpc in batch]
            except UniqueViolation:
                continue  # a job was released concurrently; the next transaction sees its tombstone
        raise Overloaded("The ledger is busy with the same jobs. Try again.", retry_after_seconds=1)

    async def SettleHolds(
        self, request: billing_pb2.SettleHoldsRequest, context: Context
    ) -> billing_pb2.SettleHoldsResponse:
        found = await self._settlements.submit(messages.settlements(request))
        return billing_pb2.SettleHoldsResponse(
            outcomes=[
                messages.settlement_outcome(settlement.job_id, found.get(UUID(settlement.job_id)))
                for settlement in request.settlements
            ]
        )

    async def _end_holds(self, batch: Sequence[Settlements]) -> list[dict[UUID, EndedHold] | Refusal]:
        settlements: Settlements = {}
        for rpc in batch:
            for job_id, settlement in rpc.items():
                settlements.setdefault(job_id, settlement)  # of several for one job, the first one counts
        now = self._clock.now()
        releases = [job_id for job_id, settlement in settlements.items() if settlement.end is HoldEnd.RELEASE]
        if releases:
            # In a transaction of its own: place_holds inserts holds while it has accounts locked, so waiting for an
            # account with a new tombstone uncommitted would reverse the lock order.
            async with self._database.connection() as connection:
                await self._ledger.insert_release_tombstones(connection, sorted(releases), now)
        async with self._database.transaction() as connection:
            found = await self._ledger.end_holds(connection, settlements, now)
        return [found for _ in batch]

    async def GetBalances(
        self, request: billing_pb2.GetBalancesRequest, context: Context
    ) -> billing_pb2.GetBalancesResponse:
        async with self._database.connection() as connection:
            found = await self._ledger.balances(connection, list(request.user_ids), self._clock.now())
        no_credits = Balance()
        return billing_pb2.GetBalancesResponse(
            balances=[
                billing_pb2.Balance(
                    user_id=user, available=found.get(user, no_credits).available, held=found.get(user, no_credits).held
                )
                for user in request.user_ids
            ]
        )

    async def GetPriceList(self, request: billing_pb2.GetPriceListRequest, context: Context) -> billing_pb2.PriceList:
        async with self._database.connection() as connection:
            list_id = await price_lists.quote(connection, self._ledger.prices, self._clock.now())
        return billing_pb2.PriceList(id=list_id, prices=messages.price_messages(self._ledger.prices))

    async def ListHolds(self, request: billing_pb2.ListHoldsRequest, context: Context) -> billing_pb2.ListHoldsResponse:
        after = UUID(request.after_job_id) if request.after_job_id else UUID(int=0)
        async with self._database.connection() as connection:
            if request.job_ids:
                rows = await self._ledger.find_holds(connection, [UUID(job_id) for job_id in request.job_ids])
            else:
                rows = await self._ledger.list_holds(connection, after, request.page_size)
        return billing_pb2.ListHoldsResponse(holds=[messages.hold_message(row) for row in rows])
