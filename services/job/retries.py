"""Decides what follows a failed attempt: another attempt, or the end of the job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.chassis.backoff import Backoff
from services.job.domain import AttemptFailure, FaultKind, JobPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """The consequence of a failure: another attempt after `retry_after`, or for None the end of the job."""

    retry_after: timedelta | None
    error_reason: str = ""
    error_message: str = ""
    dead: bool = False


def decide_retry(
    failure: AttemptFailure, *, failures: int, limit: int, policy: JobPolicy, jitter: float
) -> RetryDecision:
    """Decides what follows the `failures`-th failed attempt of a job.

    An input fault ends the job immediately, with the worker's message for the customer. After any other fault the job
    is retried, with a delay that doubles and a jitter of 0..1, until `limit` attempts have failed. A job that failed
    for unknown reasons or lost its workers is then dead: an operator investigates it.
    """
    if failure.kind is FaultKind.INPUT:
        return RetryDecision(retry_after=None, error_reason=failure.reason, error_message=failure.message)
    if failures < limit:
        if failure.kind is FaultKind.LOST:
            return RetryDecision(retry_after=timedelta(0))  # the worker died, which is no reason for the job to wait
        pauses = Backoff(policy.retry_base.total_seconds(), policy.retry_cap.total_seconds())
        return RetryDecision(retry_after=timedelta(seconds=pauses.seconds(failures, jitter)))
    if failure.kind is FaultKind.TRANSIENT:
        return RetryDecision(
            retry_after=None,
            error_reason=failure.reason,
            error_message="The creative could not be generated because part of our system did not respond in time. "
            "You have not been charged; please try again later.",
        )
    return RetryDecision(
        retry_after=None,
        error_reason="MAKER_LOST" if failure.kind is FaultKind.LOST else "GENERATION_FAILED",
        error_message="The creative could not be generated because of an error on our side. You have not been charged.",
        dead=True,
    )
