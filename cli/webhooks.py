"""`adwright webhooks`: registers, tests and removes webhooks, and shows their deliveries."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.terminal import DEMO_USER, call_or_exit, print_line, printable, user_api

app = typer.Typer(no_args_is_help=True, help="Webhooks: signed requests to your server when a job has ended.")

User = Annotated[str, typer.Option(help="The owner's user id.")]
WebhookId = Annotated[str, typer.Argument(help="The webhook's id; `list` prints it.")]


@app.command("list")
def webhooks_list(user: User = DEMO_USER) -> None:
    """List a user's webhooks and their state."""
    webhooks = call_or_exit(user_api(user), "GET", "/api/webhooks")["webhooks"]
    for webhook in webhooks:
        events = ", ".join(webhook["events"])
        print(f"{webhook['id']}  {_state(webhook)}  {printable(webhook['url'])}  {events}")
    if not webhooks:
        print(f"{printable(user)} has no webhooks.")


@app.command("add")
def webhooks_add(
    url: Annotated[str, typer.Argument(help="A public address that starts with https://.")],
    event: Annotated[
        list[str] | None, typer.Option(help="job.completed, job.failed, job.canceled or job.expired. Default: all.")
    ] = None,
    project: Annotated[str, typer.Option(help="Only jobs of this project.")] = "",
    user: User = DEMO_USER,
) -> None:
    """Register a webhook and print its id and its secret, which cannot be shown again."""
    body: dict[str, Any] = {"url": url, "events": event or []}
    if project:
        body["projectId"] = project
    created = call_or_exit(user_api(user), "POST", "/api/webhooks", body)
    print(f"{created['webhook']['id']}  {created['secret']}")


@app.command("remove")
def webhooks_remove(webhook: WebhookId, user: User = DEMO_USER) -> None:
    """Remove a webhook with its deliveries."""
    call_or_exit(user_api(user), "DELETE", _path(webhook))


@app.command("rotate")
def webhooks_rotate(
    webhook: WebhookId,
    overlap: Annotated[
        int, typer.Option(min=0, max=168, help="Hours in which requests are signed by the old secret too.")
    ] = 24,
    user: User = DEMO_USER,
) -> None:
    """Print a new secret, which cannot be shown again."""
    print(call_or_exit(user_api(user), "POST", f"{_path(webhook)}/rotate", {"overlapHours": overlap})["secret"])


@app.command("test")
def webhooks_test(webhook: WebhookId, user: User = DEMO_USER) -> None:
    """Send a test event and print the id of its delivery; `deliveries` shows the answer."""
    print(call_or_exit(user_api(user), "POST", f"{_path(webhook)}/test", {})["id"])


@app.command("deliveries")
def webhooks_deliveries(
    webhook: WebhookId,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Maximum number of deliveries to show.")] = 20,
    user: User = DEMO_USER,
) -> None:
    """List a webhook's newest deliveries, with the answer to each one's last try."""
    page = call_or_exit(user_api(user), "GET", f"{_path(webhook)}/deliveries", pageSize=limit)
    for delivery in page["deliveries"]:
        again = f"  next at {delivery['nextTryAt']}" if "nextTryAt" in delivery else ""
        print(
            f"{delivery['id']}  {delivery['type']:<13}  {delivery['state']:<9}  tries {delivery['tries']}"
            f"  {delivery['occurredAt']}{again}"
        )
        if delivery.get("failure"):
            print(f"    {printable(delivery['failure'])}")
    if not page["deliveries"]:
        print("There are no deliveries.")
    if page.get("nextPageToken"):
        print_line("There are older ones; the API pages through them.", "dim")


def _path(webhook: str) -> str:
    return f"/api/webhooks/{quote(webhook, safe='')}"


def _state(webhook: dict[str, Any]) -> str:
    if not webhook["enabled"]:
        return (
            f"disabled ({printable(webhook.get('disabledReason', ''))})"
            if webhook.get("disabledReason")
            else "disabled"
        )
    return f"failing since {webhook['failingSince']}" if "failingSince" in webhook else "enabled"
