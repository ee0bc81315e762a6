"""The `adwright` command: the system on this machine, and the API from a terminal."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli import backups, catalog, generate, jobs, keys, ledger
from cli.demo import KINDS, demo_ids, show_demo
from cli.terminal import DEMO_USER, api_for, call, fail, running, say, seconds_of, writable
from local.home import Home, models_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(generate.app, name="generate")
app.add_typer(jobs.app, name="jobs")
app.add_typer(ledger.app, name="ledger")
app.add_typer(catalog.projects, name="projects")
app.add_typer(catalog.products, name="products")
app.add_typer(keys.app, name="keys")
app.command()(backups.backup)
app.command()(backups.restore)


@app.command()
def up(
    workers: Annotated[bool, typer.Option(help="Start the workers too.")] = True,
    port: Annotated[int, typer.Option(help="Port of the gateway; 0: 8080, or a free one.", min=0, max=65535)] = 0,
    listen: Annotated[str, typer.Option(help="Address of the gateway; 0.0.0.0: every one.")] = "127.0.0.1",
    public_url: Annotated[str, typer.Option(help="How clients call the gateway, for links to assets.")] = "",
    trusted_proxies: Annotated[
        int,
        typer.Option(
            help="Proxies between clients and the gateway, such as nginx.",
            min=0,
            max=10,
            envvar="ADWRIGHT_TRUSTED_PROXIES",
        ),
    ] = 0,
    https: Annotated[bool, typer.Option("--https", help="Speak HTTPS, with a certificate made here.")] = False,
    certificate: Annotated[str, typer.Option(help="Speak HTTPS with this PEM file.")] = "",
    private_key: Annotated[str, typer.Option(help="The key of --certificate, a PEM file.")] = "",
) -> None:
    """Start the whole system and stay until Ctrl-C."""
    from cli.local import run_system, show
    from local.system import Options

    try:
        ip_address(listen)
    except ValueError:
        raise fail(f"--listen: {listen!r} is not an IP address", 2) from None
    if public_url and not urlsplit(public_url).hostname:
        raise fail(f"--public-url: {public_url!r} is not like https://ads.example.com", 2)
    if bool(certificate) != bool(private_key):
        raise fail("--certificate and --private-key are given together", 2)
    for path in filter(None, (certificate, private_key)):
        if not os.access(path, os.R_OK):
            raise fail(f"{path} cannot be read", 2)
    options = Options(
        workers=workers,
        gateway_port=port,
        listen=listen,
        public_url=public_url.rstrip("/"),
        trusted_proxies=trusted_proxies,
        https=https or bool(certificate),
        certificate=certificate,
        private_key=private_key,
    )
    run_system(options, show, stay=True)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where results go.")] = Path("out"),
    kinds: Annotated[str, typer.Option(help="What to make, with commas between.")] = ",".join(KINDS),
) -> None:
    """Make a copy, an image and a video through the REST API and save them."""
    wanted = [kind.strip() for kind in kinds.split(",")]
    if not set(wanted) <= set(KINDS):
        raise fail(f"--kinds: {kinds!r} is not made of {', '.join(KINDS)}", 2)
    writable(out)
    home = Home()
    found = home.running()
    if found is not None:
        show_demo(home, found, out, wanted)
    else:
        from cli.local import run_system
        from local.system import Options

        run_system(Options(), lambda home, found: show_demo(home, found, out, wanted))


@app.command()
def env() -> None:
    """Print shell variables for scripts: eval "$(adwright env)"."""
    home, found = running()
    project, product = demo_ids(home, found)
    values = {
        "ADWRIGHT_URL": found.url,
        "ADWRIGHT_TOKEN": home.token(DEMO_USER),
        "ADWRIGHT_ADMIN_TOKEN": home.token("admin", admin=True),
        "ADWRIGHT_PROJECT_ID": project,
        "ADWRIGHT_PRODUCT_ID": product,
    }
    if found.certificate:
        values["ADWRIGHT_CERTIFICATE"] = found.certificate
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def token(
    user: Annotated[str, typer.Option(help="The user's id.")],
    admin: Annotated[bool, typer.Option("--admin", help="With the role admin.")] = False,
    expires: Annotated[str, typer.Option(help="How long it is valid: 90s, 30m, 12h, 7d.")] = "24h",
) -> None:
    """Print a token of the development issuer."""
    seconds = seconds_of(expires)
    if seconds is None:
        raise fail(f"--expires: {expires!r} is not like 90s, 30m, 12h or 7d, up to ten years", 2)
    if not 1 <= len(user) <= 255:
        raise fail("--user: an id has 1 to 255 characters", 2)
    home = Home()
    home.prepare()
    print(home.token(user, admin=admin, seconds=seconds))


@app.command()
def grant(
    user: Annotated[str, typer.Option(help="Who gets them.")],
    amount: Annotated[int, typer.Option("--credits", help="How many.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the user's statement.")] = "granted by an operator",
    grant_id: Annotated[str, typer.Option(help="Repeating one grants once; default: a new one.")] = "",
    promotional: Annotated[bool, typer.Option("--promotional", help="Given, not paid for.")] = False,
    expires: Annotated[str, typer.Option(help="When what is left lapses: 30d, or an RFC 3339 time.")] = "",
) -> None:
    """Add credits to a user."""
    body = {"userId": user, "credits": amount, "grantId": grant_id or str(uuid.uuid4()), "reason": reason}
    if promotional:
        body["type"] = "promotional"
    if seconds := seconds_of(expires):
        later = datetime.now(UTC) + timedelta(seconds=seconds)
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
    from cli.local import print_status

    _, found = running()
    well = print_status(found)
    say(f"\n{found.url}, started by process {found.supervisor_pid}")
    if not well:
        raise typer.Exit(1)


@app.command()
def logs(follow: Annotated[bool, typer.Option(help="Go on as lines come.")] = True) -> None:
    """Show the logs of all processes."""
    files = sorted(str(path) for path in Home().logs.glob("*.log"))
    if not files:
        raise fail("There are no logs yet. Start a system with: make up", 3)
    line = ["tail", "-n", "20", *(["-F"] if follow else []), *files]
    with contextlib.suppress(KeyboardInterrupt):
        raise typer.Exit(subprocess.run(line, check=False).returncode)  # noqa: S603


@app.command(hidden=True)
def models() -> None:
    """Fetch the model files of the local engines."""
    raise typer.Exit(
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "services.media.model_files", "--folder", str(models_folder())], check=False
        ).returncode
    )
