"""Runs the system on this machine in the foreground: shows its start, its status and its stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import typer
from rich.table import Table

from cli.curl import curl_lines
from cli.demo import demo_ids
from cli.terminal import DEMO_USER, INTERRUPTED, console, error_exit, print_line
from local.home import Home, Running
from local.system import AlreadyRunning, Options, System, health

STATUS_REFRESH_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_system(options: Options, body: Callable[[Home, Running], None], *, stay: bool = False) -> None:
    """Starts the system, runs `body` in a thread and stops the system; with `stay`, a signal stops it.

    Exits the program when the system does not start.
    """
    try:
        asyncio.run(_run(options, body, stay=stay))
    except AlreadyRunning as error:
        raise error_exit(f"{error}; see: adwright status") from None
    except typer.Exit:
        raise  # a subclass of RuntimeError
    except RuntimeError as error:
        raise error_exit(str(error)) from None


async def _run(options: Options, body: Callable[[Home, Running], None], *, stay: bool) -> None:
    system = System(Home(), options, lambda text: print_line(text, "yellow"))
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    signaled = asyncio.create_task(stop.wait())
    running = await _start(system, signaled)
    work = asyncio.create_task(asyncio.to_thread(body, system.home, running))
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
        await asyncio.gather(work, return_exceptions=True)  # its next API call fails, which ends the thread


async def _start(system: System, signaled: asyncio.Task[bool]) -> Running:
    """Starts the system and shows what is not ready yet. Raises typer.Exit when a signal arrives first."""
    started_at = time.monotonic()
    starting = asyncio.create_task(system.start())
    with console.status("Starting") as status:
        while not starting.done() and not signaled.done():
            status.update("Starting " + ", ".join(sorted(system.starting)))
            await asyncio.wait(
                [starting, signaled], timeout=STATUS_REFRESH_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
    if not starting.done():
        print_line("Stopping")
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        print_line("Stopped.")
        raise typer.Exit(INTERRUPTED)
    running = starting.result()
    print_line(f"Started in {time.monotonic() - started_at:.1f} s: {system.url}")
    return running


async def _stop(system: System) -> None:
    """Stops the system and shows what is still running: a worker may take a while to finish its job."""
    stopping = asyncio.create_task(system.stop())
    with suppress(OSError), console.status("Stopping") as status:  # stdout may be a file on a full disk
        while not stopping.done():
            status.update("Stopping " + ", ".join(system.alive()))
            await asyncio.wait([stopping], timeout=STATUS_REFRESH_SECONDS)
    await stopping
    with suppress(OSError):
        print_line("Stopped.")


def print_overview(home: Home, running: Running) -> None:
    """Prints the process table, a token, and a curl line for every endpoint."""
    demo_ids(home, running)
    print_status(running)
    print_line(f"\nOpenAPI description: {running.url}/openapi.json")
    print_line(f"API documentation:   {running.url}/docs")
    print_line(f"\nThe studio, signed in as the user {DEMO_USER} for a day:", "bold")
    print(studio_link(running, home.token(DEMO_USER)))
    print_line(f"\nToken of the user {DEMO_USER}, valid for a day:", "bold")
    print(home.token(DEMO_USER))
    print_line("\nIn another terminal:", "bold")
    print('eval "$(.venv/bin/adwright env)"')
    for line in curl_lines(certificate=bool(running.certificate)):
        print(line)
    print_line("\nCtrl-C stops everything.", "dim")


def studio_link(running: Running, token: str) -> str:
    """The link of /studio that signs in with a token. A fragment reaches neither the gateway nor any log."""
    return f"{running.url}/studio#token={token}"


def print_status(running: Running) -> bool:
    """Prints the process table; returns whether every process is healthy."""
    table = Table(box=None, pad_edge=False)
    for column in ("process", "port", "pid", "health"):
        table.add_column(column, justify="right" if column in ("port", "pid") else "left")
    healthy = asyncio.run(health(running))
    for name, pid in sorted(running.pids.items()):
        state = "[green]healthy[/]" if healthy[name] else "[red]down[/]"
        table.add_row(name, str(running.ports.get(name, "")), str(pid or ""), state)
    console.print(table)
    return all(healthy.values())
