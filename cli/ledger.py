"""`adwright ledger`: audits the ledger, reconciles it with the jobs, and refunds jobs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import NO_SYSTEM, call_or_exit, error_exit, printable, running_system, system_api
from local.home import ROOT, Home

if TYPE_CHECKING:
    from cli.reconciliation import Outcome, Reconciliation

app = typer.Typer(no_args_is_help=True, help="Audit the ledger and reconcile it with the jobs.")

MAX_SHOWN = 50


@app.command()
def verify(
    head: Annotated[
        str, typer.Option(help="A chain head that an earlier run printed; it must still be in the chain.")
    ] = "",
) -> None:
    """Recompute every balance, every hold's end and the hash chain, and print what does not match, oldest entry first.

    Reads the database at ADWRIGHT_DATABASE_URL, or the one of the system on this machine.
    """
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
    if "ADWRIGHT_DATABASE_URL" not in os.environ:
        running = Home().running()
        if running is None:
            raise error_exit(
                "No system is running here. Start one with: make up, or set ADWRIGHT_DATABASE_URL", NO_SYSTEM
            )
        environment["ADWRIGHT_DATABASE_URL"] = running.databases["billing"]
    line = [sys.executable, "-m", "services.billing", "verify", *([head] if head else [])]
    raise typer.Exit(subprocess.run(line, env=environment, check=False).returncode)  # noqa: S603


@app.command()
def reconcile(
    heal: Annotated[
        bool, typer.Option(help="Correct differences that have only one possible correction, by ledger entries.")
    ] = True,
    settling: Annotated[float, typer.Option(help="Ignore unsettled jobs younger than this many seconds.")] = 60.0,
) -> None:
    """Compare every job with its hold and every hold with its job, and correct what has only one possible correction.

    Calls the services at ADWRIGHT_BILLING_ADDRESS and ADWRIGHT_JOB_ADDRESS with ADWRIGHT_SERVICE_SECRET_FILE (and
    ADWRIGHT_ADMIN_TOKEN for refunds), or those of the system on this machine. Exits with 1 if there are differences.
    """
    import grpc

    try:
        outcome = asyncio.run(_reconcile(heal, settling))
    except grpc.aio.AioRpcError as error:
        raise error_exit(f"A service does not respond: {error.details()}", NO_SYSTEM) from None
    for number, difference in enumerate(outcome.differences[:MAX_SHOWN]):
        print(
            f"{difference.job_id}  {printable(difference.text)}"
            + (f": {outcome.healed[number]}" if outcome.healed else "")
        )
    if len(outcome.differences) > MAX_SHOWN:
        print(f"… and {len(outcome.differences) - MAX_SHOWN} more")
    print(f"{outcome.jobs} jobs and {outcome.holds} holds compared, {len(outcome.differences)} differ.")
    raise typer.Exit(1 if outcome.differences else 0)


@app.command()
def refund(
    job_id: str, reason: Annotated[str, typer.Option(help="The reason; it appears in the customer's statement.")]
) -> None:
    """Refund the credits that a job spent. A job is refunded at most once."""
    api = system_api(*running_system(), "admin", admin=True)
    response = call_or_exit(api, "POST", "/api/admin/refunds", {"jobId": job_id, "reason": reason})
    print(f"{response['credits']} credits refunded; {response['available']} available")


async def _reconcile(heal: bool, settling: float) -> Outcome:
    reconciliation = _reconciliation()
    try:
        return await reconciliation.run(heal=heal, settling_seconds=settling)
    finally:
        await reconciliation.close()


def _reconciliation() -> Reconciliation:
    from cli.reconciliation import Reconciliation

    configured = [
        os.environ.get(f"ADWRIGHT_{name}") for name in ("BILLING_ADDRESS", "JOB_ADDRESS", "SERVICE_SECRET_FILE")
    ]
    if configured[0] and configured[1] and configured[2]:
        secret = Path(configured[2]).read_text(encoding="utf-8").strip()
        token = os.environ.get("ADWRIGHT_ADMIN_TOKEN", "")
        return Reconciliation(billing=configured[0], job=configured[1], secret=secret, admin_token=token)
    home, running = running_system()
    return Reconciliation(
        billing=f"127.0.0.1:{running.ports['billing']}",
        job=f"127.0.0.1:{running.ports['job']}",
        secret=home.secret("service-secret"),
        admin_token=home.token("reconcile", admin=True),
    )
