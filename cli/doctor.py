"""`adwright doctor`: which language models could write copy here, and whether the configured one does."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.endpoint_check import TOKENS_PER_COPY, EndpointCheck, check_endpoint, without_userinfo
from cli.model_servers import DEFAULT_PORTS, ModelServer, find_servers
from cli.terminal import console, print_line, printable

FAILED = 1  # exit status: the configured endpoint cannot write copy
NOTHING_FOUND = 3  # exit status: no endpoint is configured, and no server was found
PREFIX = "ADWRIGHT_COPY_OPENAI_"
DEFAULT_LIMIT_SECONDS = 120.0
SHOWN_MODELS = 12  # of each server; --json lists all


def doctor(
    port: Annotated[
        list[int] | None, typer.Option(help="Another loopback port to ask; may be repeated.", min=1, max=65535)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find language models that can write copy here, and check the configured endpoint.

    Asks Ollama, llama.cpp, vLLM and LM Studio on this machine's loopback address, and sends a short request to the
    endpoint of ADWRIGHT_COPY_OPENAI_URL. Exit status: 0: the endpoint works, or a server was found; 1: the endpoint
    does not work; 3: none is configured and none was found.
    """
    url, model = _setting("URL"), _setting("MODEL")
    check = None
    if url and not model:
        check = EndpointCheck(url=without_userinfo(url), model="", problem=f"{PREFIX}MODEL is not set.")
    elif url:
        with console.status(f"Asking {printable(without_userinfo(url))}"):
            check = check_endpoint(url, model, _setting("KEY"))
    with console.status("Looking for servers on this machine"):
        servers = find_servers([*DEFAULT_PORTS, *(port or [])])
    if as_json:
        print(json.dumps(_document(check, servers), indent=2, ensure_ascii=False))
    else:
        _show_check(check)
        _show_servers(servers, configured=check)
    if check is not None and check.problem:
        raise typer.Exit(FAILED)
    if check is None and not any(server.models or server.key_needed for server in servers):
        raise typer.Exit(NOTHING_FOUND)


def _setting(name: str) -> str:
    """A setting of the copy service, from the variable or from the file that `…_FILE` names."""
    value = os.environ.get(f"{PREFIX}{name}", "")
    file = os.environ.get(f"{PREFIX}{name}_FILE", "")
    if not value and file:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return ""
    return value


def switch_on(server: ModelServer, model: str) -> str:
    """The line that starts the system with this model."""
    return f"{PREFIX}URL={shlex.quote(server.url)} {PREFIX}MODEL={shlex.quote(model)} make up"


def _document(check: EndpointCheck | None, servers: list[ModelServer]) -> dict[str, Any]:
    return {
        "configured": None if check is None else asdict(check) | {"works": not check.problem},
        "servers": [
            asdict(server) | {"switch_on": switch_on(server, server.models[0]) if server.models else ""}
            for server in servers
        ],
    }


def _show_check(check: EndpointCheck | None) -> None:
    if check is None:
        print_line("No endpoint is configured: the built-in engine writes copy.", "bold")
        return
    print_line(f"Configured: {check.url}, model {check.model or '(none)'}", "bold")
    if check.problem:
        print_line(f"  ✗ {check.problem}", "red")
    else:
        print_line(f"  ✓ It writes: {check.seconds:.1f} s for the test request.", "green")
        parts = [f"response format {check.format}", f"token limit {check.tokens}"]
        parts.append("temperature" if check.temperature else "no temperature")
        parts.append("reports its usage" if check.usage else "reports no usage")
        print_line(f"  It takes: {', '.join(parts)}.")
        if check.tokens_per_second:
            print_line(_speed(check.tokens_per_second))
    for remark in check.remarks:
        print_line(f"  {remark}", "yellow")


def _speed(tokens_per_second: float) -> str:
    try:
        limit = float(_setting("SECONDS") or DEFAULT_LIMIT_SECONDS)
    except ValueError:
        limit = DEFAULT_LIMIT_SECONDS
    needed = TOKENS_PER_COPY / tokens_per_second
    verdict = "within" if needed <= limit else "more than"
    return (
        f"  About {tokens_per_second:.0f} tokens a second: five short texts take about {needed:.0f} s, {verdict} the "
        f"limit of {limit:.0f} s ({PREFIX}SECONDS)."
    )


def _show_servers(servers: list[ModelServer], *, configured: EndpointCheck | None) -> None:
    if not servers:
        ports = ", ".join(map(str, DEFAULT_PORTS))
        print_line(f"\nNo language model server answers on this machine (ports {ports}).")
        print_line("With Ollama, for example: ollama pull llama3.1, then: adwright doctor")
        return
    for server in servers:
        version = f" {server.version}" if server.version else ""
        print_line(f"\n{server.name}{version} at {server.url}", "bold")
        if server.key_needed:
            print_line(f"  It wants a key: set {PREFIX}URL={server.url}, {PREFIX}MODEL and {PREFIX}KEY.")
            continue
        if not server.models:
            print_line("  It has no model that writes text.", "yellow")
            continue
        for model in server.models[:SHOWN_MODELS]:
            print_line(f"  {model}")
        if len(server.models) > SHOWN_MODELS:
            print_line(f"  … and {len(server.models) - SHOWN_MODELS} more")
        if configured is None or configured.url.rstrip("/") != server.url:
            print_line("  To switch it on:")
            print_line(f"  {switch_on(server, server.models[0])}", "green")
