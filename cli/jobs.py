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
def jobs_dead() -> None:
    """Jobs that failed for unknown reasons, with their attempts."""
    jobs = call(api_for("admin", admin=True), "GET", "/api/admin/jobs/dead")["jobs"]
    for job in jobs:
        print(f"{job['jobId']}  {job['type']}  {job['userId']}  retried as {job.get('retriedAs', '-')}")
        for attempt in job["attempts"]:
            print(f"    {attempt['number']}  {attempt['maker']}  {attempt['outcome']}  {attempt['cause']}")
    if not jobs:
        print("No job has failed for unknown reasons.")


@app.command("retry")
def jobs_retry(job_id: JobId) -> None:
    """Run a dead job's request again, with a hold of its own."""
    answer = call(api_for("admin", admin=True), "POST", f"/api/admin/jobs/{job_id}/retry", {})
    print(f"{answer['jobId']}  {answer['status']}")
