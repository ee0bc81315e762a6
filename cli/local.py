"""The system on this machine, run in the foreground: started with progress, shown, stopped by a signal."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import typer
from rich.status import Status
from rich.table import Table

from cli.curl import curl_lines
from cli.demo import demo_ids
from cli.terminal import DEMO_USER, INTERRUPTED, console, fail, say
from local.home import Home, Running
from local.system import AlreadyRunning, Options, System, health

LOOK_SECONDS = 0.2
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_system(options: Options, body: Callable[[Home, Running], None], *, stay: bool = False) -> None:
    """Runs the system around `body` (in a thread), or until a signal if it is to stay."""

    async def main() -> None:
        system = System(Home(), options, lambda text: say(text, "yellow"))
        stopping = asyncio.Event()
        for number in STOPPING_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        signaled = asyncio.create_task(stopping.wait())
        began = time.monotonic()
        starting = asyncio.create_task(system.start())
        with console.status("Starting") as status:
            await _until(starting, signaled, lambda: _tell_start(status, system))
        if not starting.done():
            say("Stopping")
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            say("Stopped.")
            raise typer.Exit(INTERRUPTED)
        found = starting.result()
        say(f"Started in {time.monotonic() - began:.1f} s: {system.url}")
        work = asyncio.create_task(asyncio.to_thread(body, system.home, found))
        try:
            await asyncio.wait([work, signaled], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            if stay:
                await signaled
            elif not work.done():
                raise typer.Exit(INTERRUPTED)
        finally:
            await _stop(system)
            await asyncio.gather(work, return_exceptions=True)  # it notices by itself that nothing answers any more

    try:
        asyncio.run(main())
    except AlreadyRunning as error:
        raise fail(f"{error}; see: adwright status") from None
    except typer.Exit:
        raise  # it is a RuntimeError too
    except RuntimeError as error:
        raise fail(str(error)) from None


async def _until(starting: asyncio.Task[Running], signaled: asyncio.Task[bool], look: Callable[[], None]) -> None:
    while not starting.done() and not signaled.done():
        look()
        await asyncio.wait([starting, signaled], timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)


async def _stop(system: System) -> None:
    """A worker that is at work is given a while, so that what is waited for is said."""
    stopping = asyncio.create_task(system.stop())
    with suppress(OSError), console.status("Stopping") as status:  # the output may be a file on a full disk
        while not stopping.done():
            status.update("Stopping " + ", ".join(system.alive()))
            await asyncio.wait([stopping], timeout=LOOK_SECONDS)
    await stopping
    with suppress(OSError):
        say("Stopped.")


def _tell_start(status: Status, system: System) -> None:
    status.update("Starting " + ", ".join(sorted(system.starting)))


def show(home: Home, found: Running) -> None:
    """The table of services, a token, and a line to copy for every endpoint."""
    demo_ids(home, found)
    print_status(found)
    say(f"\nThe API described: {found.url}/openapi.json")
    say(f"To read and try:   {found.url}/docs")
    say(f"A token for it, of the user {DEMO_USER} and for a day:", "bold")
    print(home.token(DEMO_USER))
    say("\nIn another terminal:", "bold")
    print('eval "$(.venv/bin/adwright env)"')
    for line in curl_lines(certificate=bool(found.certificate)):
        print(line)
    say("\nCtrl-C stops everything.", "dim")


def print_status(found: Running) -> bool:
    """The table of what runs; whether all of it does."""
    table = Table(box=None, pad_edge=False)
    for column in ("process", "port", "pid", "health"):
        table.add_column(column, justify="right" if column in ("port", "pid") else "left")
    answers = asyncio.run(health(found))
    for name, pid in sorted(found.pids.items()):
        well = "[green]healthy[/]" if answers[name] else "[red]down[/]"
        table.add_row(name, str(found.ports.get(name, "")), str(pid or ""), well)
    console.print(table)
    return all(answers.values())
