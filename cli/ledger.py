"""`adwright ledger`: the proof of the ledger, and its comparison with the jobs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import NOTHING_RUNS, api_of, call, fail, running
from local.home import ROOT, Home

if TYPE_CHECKING:
    from cli.reconciliation import Outcome, Reconciliation

app = typer.Typer(no_args_is_help=True, help="Prove the ledger, and compare it with the jobs.")

SHOWN = 50


@app.command()
def verify(
    head: Annotated[str, typer.Option(help="A head that was printed before and noted down: it must be there.")] = "",
) -> None:
    """Recompute every balance, every hold's end and the hash chain; name what does not fit, the first entry first.

    Reads the database that ADWRIGHT_DATABASE_URL names, or that of the system that runs here.
    """
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
    if "ADWRIGHT_DATABASE_URL" not in os.environ:
        found = Home().running()
        if found is None:
            raise fail("No system is running here; start one with: make up, or set ADWRIGHT_DATABASE_URL", NOTHING_RUNS)
        environment["ADWRIGHT_DATABASE_URL"] = found.databases["billing"]
    line = [sys.executable, "-m", "services.billing", "verify", *([head] if head else [])]
    raise typer.Exit(subprocess.run(line, env=environment, check=False).returncode)  # noqa: S603


@app.command()
def reconcile(
    heal: Annotated[bool, typer.Option(help="Mend what has one right answer, by entries.")] = True,
    settling: Annotated[float, typer.Option(help="Let unsettled jobs younger than so many seconds be.")] = 60.0,
) -> None:
    """Compare every job with its hold, and every hold with its job; mend what has one right answer.

    Asks the services at ADWRIGHT_BILLING_ADDRESS and ADWRIGHT_JOB_ADDRESS, with ADWRIGHT_SERVICE_SECRET_FILE (and
    ADWRIGHT_ADMIN_TOKEN for refunds), or those of the system that runs here. Ends with 1 if something differed.
    """
    import grpc

    try:
        outcome = asyncio.run(_reconcile(heal, settling))
    except grpc.aio.AioRpcError as error:
        raise fail(f"A service does not answer: {error.details()}", NOTHING_RUNS) from None
    for number, difference in enumerate(outcome.differences[:SHOWN]):
        print(f"{difference.job_id}  {difference.text}" + (f": {outcome.healed[number]}" if outcome.healed else ""))
    if len(outcome.differences) > SHOWN:
        print(f"… and {len(outcome.differences) - SHOWN} more")
    print(f"{outcome.jobs} jobs and {outcome.holds} holds compared, {len(outcome.differences)} differ.")
    raise typer.Exit(1 if outcome.differences else 0)


@app.command()
def refund(
    job_id: str, reason: Annotated[str, typer.Option(help="Why; it stands in the customer's statement.")]
) -> None:
    """Give back what a job has spent, once."""
    api = api_of(*running(), "admin", admin=True)
    answer = call(api, "POST", "/api/admin/refunds", {"jobId": job_id, "reason": reason})
    print(f"{answer['credits']} credits went back; {answer['available']} are available now")


async def _reconcile(heal: bool, settling: float) -> Outcome:
    reconciliation = _reconciliation()
    try:
        return await reconciliation.run(heal=heal, settling_seconds=settling)
    finally:
        await reconciliation.close()


def _reconciliation() -> Reconciliation:
    from cli.reconciliation import Reconciliation

    named = [os.environ.get(f"ADWRIGHT_{name}") for name in ("BILLING_ADDRESS", "JOB_ADDRESS", "SERVICE_SECRET_FILE")]
    if named[0] and named[1] and named[2]:
        secret = Path(named[2]).read_text(encoding="utf-8").strip()
        token = os.environ.get("ADWRIGHT_ADMIN_TOKEN", "")
        return Reconciliation(billing=named[0], job=named[1], secret=secret, admin_token=token)
    home, found = running()
    return Reconciliation(
        billing=f"127.0.0.1:{found.ports['billing']}",
        job=f"127.0.0.1:{found.ports['job']}",
        secret=home.secret("service-secret"),
        admin_token=home.token("reconcile", admin=True),
    )
