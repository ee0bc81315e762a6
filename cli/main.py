"""The `adwright` command: runs the system on this machine and calls its API."""

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

from cli import avatars, backups, catalog, generate, jobs, keys, ledger, webhooks
from cli.demo import KINDS, demo_ids, show_demo
from cli.doctor import doctor
from cli.listen import listen
from cli.terminal import (
    DEMO_USER,
    NO_SYSTEM,
    call_or_exit,
    duration_seconds,
    error_exit,
    print_line,
    printable,
    running_system,
    user_api,
    writable_folder,
)
from local.home import Home

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(generate.app, name="generate")
app.add_typer(jobs.app, name="jobs")
app.add_typer(ledger.app, name="ledger")
app.add_typer(catalog.projects, name="projects")
app.add_typer(catalog.products, name="products")
app.add_typer(avatars.app, name="avatars")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(keys.app, name="keys")
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(doctor)
app.command()(listen)


@app.command()
def up(
    workers: Annotated[bool, typer.Option(help="Start the workers as well.")] = True,
    port: Annotated[int, typer.Option(help="Port of the gateway; 0: 8080, or a free port.", min=0, max=65535)] = 0,
    listen: Annotated[
        str, typer.Option(help="IP address that the gateway listens on; 0.0.0.0: all addresses.")
    ] = "127.0.0.1",
    public_url: Annotated[
        str, typer.Option(help="Address that clients use for the gateway; asset links start with it.")
    ] = "",
    trusted_proxies: Annotated[
        int,
        typer.Option(
            help="Number of proxies between clients and the gateway, such as nginx.",
            min=0,
            max=10,
            envvar="ADWRIGHT_TRUSTED_PROXIES",
        ),
    ] = 0,
    https: Annotated[bool, typer.Option("--https", help="Serve HTTPS with a generated certificate.")] = False,
    certificate: Annotated[str, typer.Option(help="Serve HTTPS with this PEM certificate.")] = "",
    private_key: Annotated[str, typer.Option(help="The private key of --certificate, a PEM file.")] = "",
) -> None:
    """Start the whole system and run it until Ctrl-C."""
    from cli.system import print_overview, run_system
    from local.system import Options

    try:
        ip_address(listen)
    except ValueError:
        raise error_exit(f"--listen: {listen!r} is not an IP address", 2) from None
    if public_url and not urlsplit(public_url).hostname:
        raise error_exit(f"--public-url: {public_url!r} is not an address such as https://ads.example.com", 2)
    if bool(certificate) != bool(private_key):
        raise error_exit("--certificate and --private-key must be given together", 2)
    for path in filter(None, (certificate, private_key)):
        if not os.access(path, os.R_OK):
            raise error_exit(f"{path} cannot be read", 2)
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
    run_system(options, print_overview, stay=True)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out"),
    kinds: Annotated[str, typer.Option(help="The kinds to create, separated by commas.")] = ",".join(KINDS),
) -> None:
    """Create copy, an image and a video through the REST API and save them."""
    wanted = [kind.strip() for kind in kinds.split(",")]
    if not set(wanted) <= set(KINDS):
        raise error_exit(f"--kinds: {kinds!r} must list only {', '.join(KINDS)}", 2)
    writable_folder(out)
    home = Home()
    running = home.running()
    if running is not None:
        show_demo(home, running, out, wanted)
    else:
        from cli.system import run_system
        from local.system import Options

        # Copy is written by its service. Workers load their models for as long as all else takes to start.
        options = Options(workers=set(wanted) != {"copy"})
        run_system(options, lambda home, running: show_demo(home, running, out, wanted))


@app.command()
def env() -> None:
    """Print shell variables for scripts: eval "$(adwright env)"."""
    home, running = running_system()
    project, product = demo_ids(home, running)
    values = {
        "ADWRIGHT_URL": running.url,
        "ADWRIGHT_TOKEN": home.token(DEMO_USER),
        "ADWRIGHT_ADMIN_TOKEN": home.token("admin", admin=True),
        "ADWRIGHT_PROJECT_ID": project,
        "ADWRIGHT_PRODUCT_ID": product,
    }
    if running.certificate:
        values["ADWRIGHT_CERTIFICATE"] = running.certificate
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def token(
    user: Annotated[str, typer.Option(help="The user id.")],
    admin: Annotated[bool, typer.Option("--admin", help="Add the role admin.")] = False,
    expires: Annotated[str, typer.Option(help="The validity: 90s, 30m, 12h, 7d.")] = "24h",
) -> None:
    """Print a token of the development issuer."""
    seconds = duration_seconds(expires)
    if seconds is None:
        raise error_exit(f"--expires: {expires!r} is not a duration such as 90s, 30m, 12h or 7d, up to ten years", 2)
    if not 1 <= len(user) <= 255:
        raise error_exit("--user: a user id has 1 to 255 characters", 2)
    home = Home()
    home.prepare()
    print(home.token(user, admin=admin, seconds=seconds))


@app.command()
def grant(
    user: Annotated[str, typer.Option(help="The user id.")],
    amount: Annotated[int, typer.Option("--credits", help="The number of credits.")],
    reason: Annotated[
        str, typer.Option(help="The reason; it appears in the user's statement.")
    ] = "granted by an operator",
    grant_id: Annotated[str, typer.Option(help="A grant id is granted only once; default: a new id.")] = "",
    promotional: Annotated[
        bool, typer.Option("--promotional", help="Mark the credits as promotional, not purchased.")
    ] = False,
    expires: Annotated[str, typer.Option(help="When unspent credits lapse: 30d, or an RFC 3339 time.")] = "",
) -> None:
    """Add credits to a user."""
    body = {"userId": user, "credits": amount, "grantId": grant_id or str(uuid.uuid4()), "reason": reason}
    if promotional:
        body["type"] = "promotional"
    if seconds := duration_seconds(expires):
        later = datetime.now(UTC) + timedelta(seconds=seconds)
        body["expiresAt"] = later.isoformat(timespec="seconds").replace("+00:00", "Z")
    elif expires:
        body["expiresAt"] = expires
    response = call_or_exit(user_api("admin", admin=True), "POST", "/api/admin/grants", body)
    print(f"{printable(user)} has {response['available']} credits")


@app.command()
def credits(user: Annotated[str, typer.Option(help="The user id.")] = DEMO_USER) -> None:  # noqa: A001
    """Show a user's credits."""
    response = call_or_exit(user_api(user), "GET", "/api/credits")
    print(f"{response['available']} available, {response['held']} held")
    if "nextExpiry" in response:
        print(f"{response.get('expiringSoon', 0)} of them expire within a week, the next on {response['nextExpiry']}")


@app.command()
def status() -> None:
    """Print the port, process id and health of every process."""
    from cli.system import print_status

    _, running = running_system()
    healthy = print_status(running)
    print_line(f"\n{running.url}, supervised by process {running.supervisor_pid}")
    if not healthy:
        raise typer.Exit(1)


@app.command()
def logs(follow: Annotated[bool, typer.Option(help="Keep printing new lines.")] = True) -> None:
    """Print the logs of all processes."""
    files = sorted(str(path) for path in Home().logs.glob("*.log"))
    if not files:
        raise error_exit("There are no logs yet. Start a system with: make up", NO_SYSTEM)
    line = ["tail", "-n", "20", *(["-F"] if follow else []), *files]
    with contextlib.suppress(KeyboardInterrupt):
        raise typer.Exit(subprocess.run(line, check=False).returncode)  # noqa: S603


@app.command(hidden=True)
def models() -> None:
    """Download the model files of the built-in engines."""
    raise typer.Exit(subprocess.run([sys.executable, "-m", "services.media.model_files"], check=False).returncode)
