"""`adwright jobs`: what users and operators ask about jobs."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.terminal import DEMO_USER, api_for, call

app = typer.Typer(no_args_is_help=True, help="Look after jobs.")

User = Annotated[str, typer.Option(help="Whose.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]


@app.command("list")
def jobs_list(user: User = DEMO_USER) -> None:
    """A user's newest jobs."""
    jobs = call(api_for(user), "GET", "/api/generate/jobs")["jobs"]
    for job in jobs:
        print(f"{job['id']}  {job['type']:<9}  {job['status']:<10}  {job['createdAt']}")
    if not jobs:
        print(f"{user} has no jobs.")


@app.command("cancel")
def jobs_cancel(job_id: JobId, user: User = DEMO_USER) -> None:
    """Cancel a job and get its credits back."""
    answer = call(api_for(user), "POST", "/api/generate/cancel", {"jobId": job_id})
    print(f"canceled while {answer['previousStatus']}; {answer['creditsReleased']} credits go back")


@app.command("dead")
def jobs_dead(
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 100,
    retried: Annotated[bool, typer.Option(help="Show those that were run again too.")] = False,
) -> None:
    """Jobs that failed for unknown reasons, newest first, with their attempts."""
    api, token, shown = api_for("admin", admin=True), "", 0
    while True:
        page = call(api, "GET", "/api/admin/jobs/dead", pageToken=token)
        for job in page["jobs"]:
            if "retriedAs" in job and not retried:
                continue
            if shown == limit:
                print(f"… and more; --limit {2 * limit} shows them")
                return
            shown += 1
            again = f"  run again as {job['retriedAs']}" if "retriedAs" in job else ""
            print(f"{job['jobId']}  {job['type']}  {job['userId']}  failed {job['failedAt']}{again}")
            for attempt in job["attempts"]:
                ended = attempt.get("endedAt", "")
                print(f"    {attempt['number']}  {attempt['startedAt']} to {ended}  {attempt['maker']}")
                print(f"       {attempt['outcome']}  {attempt['cause']}")
        token = page["nextPageToken"]
        if not token:
            if not shown:
                print("No job has failed for unknown reasons." if retried else "No job waits to be looked at.")
            return


@app.command("retry")
def jobs_retry(job_id: JobId) -> None:
    """Run a dead job's request again, with a hold of its own."""
    answer = call(api_for("admin", admin=True), "POST", f"/api/admin/jobs/{job_id}/retry", {})
    print(f"{answer['jobId']}  {answer['status']}")
