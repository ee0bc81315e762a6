"""`adwright jobs`: lists and cancels jobs, and retries dead ones."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.terminal import DEMO_USER, call_or_exit, printable, user_api

app = typer.Typer(no_args_is_help=True, help="Manage jobs.")

User = Annotated[str, typer.Option(help="The owner's user id.")]
JobId = Annotated[str, typer.Argument(help="The job id.")]


@app.command("list")
def jobs_list(user: User = DEMO_USER) -> None:
    """List a user's newest jobs."""
    jobs = call_or_exit(user_api(user), "GET", "/api/generate/jobs")["jobs"]
    for job in jobs:
        print(f"{job['id']}  {job['type']:<9}  {job['status']:<10}  {job['createdAt']}")
    if not jobs:
        print(f"{printable(user)} has no jobs.")


@app.command("cancel")
def jobs_cancel(job_id: JobId, user: User = DEMO_USER) -> None:
    """Cancel a job and release its credits."""
    response = call_or_exit(user_api(user), "POST", "/api/generate/cancel", {"jobId": job_id})
    print(f"canceled while {response['previousStatus']}; {response['creditsReleased']} credits released")


@app.command("dead")
def jobs_dead(
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of jobs to show.")] = 100,
    retried: Annotated[bool, typer.Option(help="Include jobs that were retried.")] = False,
) -> None:
    """List jobs that failed for unknown reasons or expired in an outage, newest first, with their attempts."""
    api, token, shown = user_api("admin", admin=True), "", 0
    while True:
        page = call_or_exit(api, "GET", "/api/admin/jobs/dead", pageToken=token)
        for job in page["jobs"]:
            if "retriedAs" in job and not retried:
                continue
            if shown == limit:
                print(f"There are more. Use --limit {2 * limit}")
                return
            shown += 1
            _show_dead(job)
        token = page["nextPageToken"]
        if not token:
            break
    if not shown:
        print("There are no dead jobs." if retried else "There are no dead jobs left to retry.")


def _show_dead(job: dict[str, Any]) -> None:
    retry = f"  retried as {job['retriedAs']}" if "retriedAs" in job else ""
    print(f"{job['jobId']}  {job['type']}  {printable(job['userId'])}  ended {job['failedAt']}{retry}")
    for attempt in job["attempts"]:
        worker = printable(attempt["maker"])
        print(f"    {attempt['number']}  {attempt['startedAt']} to {attempt.get('endedAt', '')}  {worker}")
        print(f"       {attempt['outcome']}  {printable(attempt['cause'])}")


@app.command("retry")
def jobs_retry(job_id: JobId) -> None:
    """Retry a dead job as a new job with its own hold."""
    response = call_or_exit(user_api("admin", admin=True), "POST", f"/api/admin/jobs/{job_id}/retry", {})
    print(f"{response['jobId']}  {response['status']}")
