"""The `adwright` command: the system on this machine, and the API from a terminal."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli import generate as generation
from cli import ledger
from cli.api import Api, ApiError
from deploy.local.home import Home, Running
from deploy.local.system import AlreadyRunning, Options, System, health, models_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
generate = typer.Typer(no_args_is_help=True, help="Make creatives and save them.")
jobs = typer.Typer(no_args_is_help=True, help="Look after jobs.")
app.add_typer(generate, name="generate")
app.add_typer(jobs, name="jobs")
app.add_typer(ledger.app, name="ledger")

DEMO_USER = "demo"
DEMO_CREDITS = 100
DEMO_PROJECT: dict[str, Any] = {
    "name": "Aurora",
    "brand": {"colours": ["#1d2a8c", "#7c3aed", "#ffd166"], "font": "Inter", "toneWords": ["bright", "friendly"]},
}
DEMO_PRODUCT: dict[str, Any] = {
    "name": "Aurora Bottle",
    "description": "A steel bottle that cleans itself with UV-C light, keeps water fresh for 24 hours and charges "
    "over USB-C.",
    "features": ["cleans itself in 60 seconds", "keeps drinks cold for 24 hours", "charges over USB-C"],
    "price": "49.00",
    "currency": "USD",
    "audience": "commuters and gym-goers",
}
DEMO_SCRIPT = (
    "Meet the Aurora Bottle. It cleans itself with UV light, keeps your water fresh for 24 hours, "
    "and charges over USB-C. Tap the link and grab yours today!"
)
DURATION = re.compile(r"(\d+)([smhd])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

console = Console()
problems = Console(stderr=True)


def fail(text: str, code: int = 1) -> typer.Exit:
    """Says what is wrong; raise what it gives back."""
    problems.print(text, style="red", highlight=False)
    return typer.Exit(code)


def running() -> tuple[Home, Running]:
    """The system that runs here, or the end of the program."""
    home = Home()
    found = home.running()
    if found is None:
        raise fail("No system is running here. Start one with: make up", 3)
    return home, found


def api_for(user: str = DEMO_USER, *, admin: bool = False) -> Api:
    """The API of the system that runs here; ADWRIGHT_URL and ADWRIGHT_TOKEN go before it."""
    url, token = os.environ.get("ADWRIGHT_URL"), os.environ.get("ADWRIGHT_TOKEN")
    if url and token and not admin:
        return Api(url, token)
    home, found = running()
    return Api(found.url, home.token(user, admin=admin))


def demo_ids(home: Home, url: str) -> tuple[str, str]:
    """The demo user's project and product, made with credits if they are not there."""
    api = Api(url, home.token(DEMO_USER))
    admin = Api(url, home.token("admin", admin=True))
    admin.call(
        "POST",
        "/api/admin/grants",
        {"userId": DEMO_USER, "credits": DEMO_CREDITS, "grantId": "demo-welcome", "reason": "demo"},
    )
    found = api.call("GET", "/api/projects")["projects"]
    project = found[-1] if found else api.call("POST", "/api/projects", DEMO_PROJECT)
    path = f"/api/projects/{project['id']}/products"
    products = api.call("GET", path)["products"]
    product = products[-1] if products else api.call("POST", path, DEMO_PRODUCT)
    return project["id"], product["id"]


def run_system(options: Options, body: Callable[[System], Any] | None) -> Any:
    """Runs the system around `body` (in a thread), or until a signal when there is none."""

    async def main() -> Any:
        system = System(Home(), options, lambda text: console.print(text, style="yellow", highlight=False))
        began = time.monotonic()
        with console.status("Starting PostgreSQL, broker, services and gateway…"):
            await system.start()
        console.print(f"Started in {time.monotonic() - began:.1f} s: {system.url}", highlight=False)
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        try:
            if body is None:
                show(system.home, system.url)
                await stopping.wait()
                return None
            work = asyncio.create_task(asyncio.to_thread(body, system))
            wait = asyncio.create_task(stopping.wait())
            await asyncio.wait([work, wait], return_when=asyncio.FIRST_COMPLETED)
            wait.cancel()
            if not work.done():
                raise typer.Exit(130)
            return work.result()
        finally:
            with console.status("Stopping…"):
                await system.stop()
            console.print("Stopped.")

    try:
        return asyncio.run(main())
    except AlreadyRunning as error:
        raise fail(f"{error}; see: adwright status") from None
    except RuntimeError as error:
        raise fail(str(error)) from None


def show(home: Home, url: str) -> None:
    """The table of services, the token, and a line to copy for every endpoint."""
    project, product = demo_ids(home, url)
    print_status(home)
    console.print(f"\nAPI description: {url}/openapi.json    to read and try: {url}/docs", highlight=False)
    console.print("\nIn another terminal:", style="bold")
    lines = [
        'eval "$(.venv/bin/adwright env)"',
        *curl_lines(project, product),
    ]
    for line in lines:
        print(line)
    console.print("\nCtrl-C stops everything.", style="dim")


def curl_lines(project: str, product: str) -> list[str]:
    """A ready curl line for every endpoint that a client begins with."""
    header = '-H "Authorization: Bearer $ADWRIGHT_TOKEN"'
    ids = f'"projectId":"{project}","productId":"{product}"'

    def post(path: str, body: str) -> str:
        return f"curl -s {header} -H 'Content-Type: application/json' \"$ADWRIGHT_URL{path}\" -d '{body}'"

    def get(path: str) -> str:
        return f'curl -s {header} "$ADWRIGHT_URL{path}"'

    return [
        post("/api/generate/copy", f'{{{ids},"platform":"meta","format":"short","tone":"bold"}}'),
        post("/api/generate/static-ad", f'{{{ids},"style":"modern","aspectRatio":"1:1"}}'),
        post("/api/generate/video", f'{{{ids},"script":"{DEMO_SCRIPT}","voiceId":"male-1"}}'),
        get("/api/generate/jobs"),
        get("/api/generate/status?jobId=JOB"),
        get("/api/generate/events?jobId=JOB"),
        post("/api/generate/cancel", '{"jobId":"JOB"}'),
        get("/api/projects"),
        get(f"/api/projects/{project}/products"),
        get(f"/api/products/{product}"),
        get("/api/credits"),
        get("/api/credits/statement"),
        get("/api/credits/usage"),
        get("/api/prices"),
        get("/api/voices"),
        get("/api/avatars"),
    ]


def print_status(home: Home) -> bool:
    """The table of what runs; whether all of it does."""
    found = home.running()
    if found is None:
        return False
    table = Table(box=None, pad_edge=False)
    for column in ("process", "port", "pid", "health"):
        table.add_column(column, justify="right" if column in ("port", "pid") else "left")
    answers = asyncio.run(health(found)) if not in_event_loop() else {}
    for name, pid in sorted(found.pids.items()):
        well = answers.get(name, True)
        table.add_row(
            name, str(found.ports.get(name, "")), str(pid or ""), "[green]healthy[/]" if well else "[red]down[/]"
        )
    console.print(table)
    return all(answers.values())


def in_event_loop() -> bool:
    """Whether this is asked from the supervisor itself, which has just seen everything become healthy."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@app.command()
def up(
    makers: Annotated[bool, typer.Option(help="Start the makers too.")] = True,
    port: Annotated[int, typer.Option(help="Port of the gateway; 0: 8080, or a free one.")] = 0,
) -> None:
    """Start the whole system and stay until Ctrl-C."""
    run_system(Options(makers=makers, gateway_port=port), None)


@app.command()
def demo(out: Annotated[Path, typer.Option(help="Where results go.")] = Path("out")) -> None:
    """Make a copy, an image and a video through the REST API and save them."""
    home = Home()
    found = home.running()
    if found is not None:
        show_demo(home, found.url, out)
    else:
        run_system(Options(), lambda system: show_demo(system.home, system.url, out))


def show_demo(home: Home, url: str, out: Path) -> None:
    """The three generations."""
    try:
        project, product = demo_ids(home, url)
        api = Api(url, home.token(DEMO_USER))
        before = api.call("GET", "/api/credits")["available"]
        if before < 44:
            Api(url, home.token("admin", admin=True)).call(
                "POST",
                "/api/admin/grants",
                {"userId": DEMO_USER, "credits": 100, "grantId": f"demo-{uuid.uuid4()}", "reason": "another demo"},
            )
            before = api.call("GET", "/api/credits")["available"]
        console.print(f"{DEMO_PRODUCT['name']}: {before} credits to spend", highlight=False)
        ids = {"projectId": project, "productId": product}
        saved = generation.copy(api, {**ids, "platform": "meta", "format": "short", "tone": "playful"}, out)
        saved += generation.asynchronous(api, "static-ad", {**ids, "style": "product_hero", "aspectRatio": "1:1"}, out)
        saved += generation.asynchronous(
            api, "video", {**ids, "script": DEMO_SCRIPT, "voiceId": "female-1", "aspectRatio": "9:16"}, out
        )
        after = api.call("GET", "/api/credits")
    except ApiError as error:
        raise fail(str(error)) from None
    console.print("\nMade:", style="bold")
    for path in saved:
        console.print(f"  {path}", highlight=False)
    console.print(f"\nCredits: {before} before, {after['available']} after.", highlight=False)
    console.print("To go on: [bold]make up[/] keeps the system running and shows a curl line for every endpoint.")


@app.command()
def env() -> None:
    """Print shell variables for scripts: eval "$(adwright env)"."""
    home, found = running()
    project, product = demo_ids(home, found.url)
    values = {
        "ADWRIGHT_URL": found.url,
        "ADWRIGHT_TOKEN": home.token(DEMO_USER),
        "ADWRIGHT_ADMIN_TOKEN": home.token("admin", admin=True),
        "ADWRIGHT_PROJECT_ID": project,
        "ADWRIGHT_PRODUCT_ID": product,
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def token(
    user: Annotated[str, typer.Option(help="The user's id.")],
    admin: Annotated[bool, typer.Option("--admin", help="With the role admin.")] = False,
    expires: Annotated[str, typer.Option(help="How long it is valid: 90s, 30m, 12h, 7d.")] = "24h",
) -> None:
    """Print a token of the development issuer."""
    match = DURATION.fullmatch(expires)
    if match is None:
        raise fail(f"--expires: {expires!r} is not like 90s, 30m, 12h or 7d", 2)
    home = Home()
    home.prepare()
    print(home.token(user, admin=admin, seconds=int(match[1]) * UNITS[match[2]]))


@app.command()
def grant(
    user: Annotated[str, typer.Option(help="Who gets them.")],
    amount: Annotated[int, typer.Option("--credits", help="How many.")],
    reason: Annotated[str, typer.Option()] = "granted from the command line",
    grant_id: Annotated[str, typer.Option(help="Repeating one grants once.")] = "",
    promotional: Annotated[bool, typer.Option(help="Given, not paid for.")] = False,
    expires: Annotated[str, typer.Option(help="When what is left lapses: 30d, or an RFC 3339 time.")] = "",
) -> None:
    """Add credits to a user."""
    body = {"userId": user, "credits": amount, "grantId": grant_id or str(uuid.uuid4()), "reason": reason}
    if promotional:
        body["type"] = "promotional"
    if match := DURATION.fullmatch(expires):
        later = datetime.now(UTC) + timedelta(seconds=int(match[1]) * UNITS[match[2]])
        body["expiresAt"] = later.isoformat(timespec="seconds").replace("+00:00", "Z")
    elif expires:
        body["expiresAt"] = expires
    answer = call(api_for("admin", admin=True), "POST", "/api/admin/grants", body)
    print(f"{user} has {answer['available']} credits")


@app.command()
def credits(user: Annotated[str, typer.Option(help="Whose.")] = DEMO_USER) -> None:  # noqa: A001
    """Show what a user can spend."""
    answer = call(api_for(user), "GET", "/api/credits")
    print(f"{answer['available']} available, {answer['held']} held")
    if "nextExpiry" in answer:
        print(f"{answer.get('expiringSoon', 0)} of them expire within a week, the next on {answer['nextExpiry']}")


@app.command()
def status() -> None:
    """Show services, ports, process ids and health."""
    home, _ = running()
    if not print_status(home):
        raise typer.Exit(1)


@app.command()
def logs(follow: Annotated[bool, typer.Option(help="Go on as lines come.")] = True) -> None:
    """Show the logs of all processes."""
    files = sorted(str(path) for path in Home().logs.glob("*.log"))
    if not files:
        raise fail("There are no logs yet. Start a system with: make up", 3)
    raise typer.Exit(subprocess.run(["tail", "-n", "20", *(["-F"] if follow else []), *files], check=False).returncode)  # noqa: S603, S607


def call(api: Api, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
    """As Api.call, ending the program when it is refused."""
    try:
        return api.call(method, path, body, **query)
    except ApiError as error:
        raise fail(str(error)) from None


def chosen(project: str, product: str) -> dict[str, str]:
    """The ids to generate for: as given, from the environment, or the demo's."""
    project = project or os.environ.get("ADWRIGHT_PROJECT_ID", "")
    product = product or os.environ.get("ADWRIGHT_PRODUCT_ID", "")
    if not (project and product):
        home, found = running()
        project, product = demo_ids(home, found.url)
    return {"projectId": project, "productId": product}


Project = Annotated[str, typer.Option(help="Project id; default: the demo's.")]
Product = Annotated[str, typer.Option(help="Product id; default: the demo's.")]
Out = Annotated[Path, typer.Option(help="Where results go.")]


def finish(make: Callable[[], list[Path]]) -> None:
    try:
        for path in make():
            print(path)
    except ApiError as error:
        raise fail(str(error)) from None


@generate.command("copy")
def generate_copy(
    platform: str = "meta",
    form: Annotated[str, typer.Option("--format")] = "short",
    tone: str = "bold",
    instructions: str = "",
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """Five variants of ad copy."""
    body = {**chosen(project, product), "platform": platform, "format": form, "tone": tone}
    if instructions:
        body["customInstructions"] = instructions
    finish(lambda: generation.copy(api_for(), body, out))


@generate.command("static-ad")
def generate_static_ad(
    style: str = "product_hero",
    ratio: str = "1:1",
    prompt: str = "",
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """An ad image."""
    body = {**chosen(project, product), "style": style, "aspectRatio": ratio}
    if prompt:
        body["prompt"] = prompt
    finish(lambda: generation.asynchronous(api_for(), "static-ad", body, out))


@generate.command("video")
def generate_video(
    script: str = DEMO_SCRIPT,
    voice: str = "male-1",
    ratio: str = "9:16",
    avatar_url: str = "",
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """A talking-avatar video."""
    body = {**chosen(project, product), "script": script, "voiceId": voice, "aspectRatio": ratio}
    if avatar_url:
        body["avatarUrl"] = avatar_url
    finish(lambda: generation.asynchronous(api_for(), "video", body, out))


@jobs.command("list")
def jobs_list(user: Annotated[str, typer.Option()] = DEMO_USER) -> None:
    """A user's newest jobs."""
    for job in call(api_for(user), "GET", "/api/generate/jobs")["jobs"]:
        print(f"{job['id']}  {job['type']:<9}  {job['status']:<10}  {job['createdAt']}")


@jobs.command("cancel")
def jobs_cancel(job_id: str, user: Annotated[str, typer.Option()] = DEMO_USER) -> None:
    """Cancel a job."""
    answer = call(api_for(user), "POST", "/api/generate/cancel", {"jobId": job_id})
    print(f"canceled while {answer['previousStatus']}; {answer['creditsReleased']} credits go back")


@jobs.command("dead")
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
            return


@jobs.command("retry")
def jobs_retry(job_id: str) -> None:
    """Run a dead job's request again, with a hold of its own."""
    answer = call(api_for("admin", admin=True), "POST", f"/api/admin/jobs/{job_id}/retry", {})
    print(f"{answer['jobId']}  {answer['status']}")


@app.command(hidden=True)
def models() -> None:
    """Fetch the model files of the local engines."""
    raise typer.Exit(
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "services.chassis.models", "--folder", str(models_folder())], check=False
        ).returncode
    )


if __name__ == "__main__":
    app()
