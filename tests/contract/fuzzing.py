"""Random requests against a running system: `make fuzz`.

First it measures the time of the gateway's Lua filters per byte for requests of all shapes. Then schemathesis sends
requests by the OpenAPI document; random requests hardly ever name an existing project, so `fuzz_hooks.py` puts a real
one into half of those that could. Then `barrage.py` sends very many requests by the route table.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.routes import read_descriptors, routes_of
from gateway.schema import messages_of
from local.system import Options
from tests.contract.barrage import BarrageResult, barrage
from tests.gateway.lua_cost import DESCRIPTORS, Filters
from tests.gateway.lua_shapes import LONG_HEADS, MANY_BYTES, MANY_VALUES, RESPONSES
from tests.running import Customer, RunningSystem

FOLDER = Path(__file__).parent
CREDITS = 10_000_000
SECONDS = 3_000
SHOWN = 20  # lines of logs
# Python before 3.11.9 fails with this message when two threads parse source concurrently (its issue 106905), which
# hypothesis does. The failure says nothing about the API, and the same seed repeats the requests.
INTERPRETER_FAULT = "AST constructor recursion depth mismatch"
TRIES = 3
WARM_TRIES = 10  # each up to the gateway's timeout
PHASES = ("examples", "coverage", "fuzzing", "stateful")
# positive_data_acceptance expects a random UUID to be accepted; object_level_authorization needs the tokens of two
# users, with which test_others.py covers every operation.
EXCLUDED_CHECKS = ("positive_data_acceptance", "object_level_authorization")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a schemathesis run."""

    passed: bool
    cases: int
    report: str


def fuzz(system: RunningSystem, examples: int, *, phases: tuple[str, ...] = PHASES, seed: int | None = None) -> Outcome:
    """Sends up to `examples` random requests per operation and phase, and those that the OpenAPI document implies.

    phases: the phases of schemathesis; the phase `coverage` sends the extremes of every field, most of all cases.
    """
    customer = system.customer(CREDITS)
    warm(customer)
    outcome = run_schemathesis(
        system.system.url,
        token=system.token(customer.id, admin=True),
        ids=(customer.project_id, customer.product_id),
        examples=examples,
        phases=phases,
        seed=seed,
    )
    return replace(outcome, report=outcome.report + failures(system))


def warm(customer: Customer) -> None:
    """Requests the sample and the preview that the fuzzing uses.

    The services create each on its first request, which on a busy machine takes longer than the gateway's timeout.
    """
    for path in ("/api/voices/male-1/sample", "/api/avatars/finn/preview"):
        for left in reversed(range(WARM_TRIES)):
            response = customer.client.get(path, timeout=90)
            if response.is_success or left == 0:
                response.raise_for_status()
                break


def run_schemathesis(
    url: str,
    *,
    token: str,
    ids: tuple[str, str],
    examples: int,
    phases: tuple[str, ...] = PHASES,
    seed: int | None = None,
) -> Outcome:
    """Runs schemathesis by the OpenAPI document at `url`. ids: an existing project and product."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(FOLDER / "schemathesis.toml")),
        "run",
        f"{url}/openapi.json",
        *("--header", f"Authorization: Bearer {token}"),
        *("--phases", ",".join(phases)),
        *("--checks", "all", "--exclude-checks", ",".join(EXCLUDED_CHECKS)),
        *("--exclude-operation-id", "streamAllJobEvents"),  # never ends; test_ended_jobs.py covers it
        # One worker: see INTERPRETER_FAULT.
        *("--max-examples", str(examples), "--request-timeout", "90", "--max-response-time", "80", "--workers", "1"),
        *("--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure"),
        *("--generation-database", "none", "--no-color"),
        *(("--seed", str(seed)) if seed is not None else ()),
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.contract.fuzz_hooks",
        "FUZZ_PROJECT_ID": ids[0],
        "FUZZ_PRODUCT_ID": ids[1],
        "NO_PROXY": "*",
    }
    for _ in range(TRIES):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment,
            cwd=FOLDER.parents[1],
            check=False,
        )
        report = done.stdout + done.stderr
        if INTERPRETER_FAULT not in report:
            break
    counted = re.search(r"([\d,]+) (?:test cases?|generated)", report)
    return Outcome(passed=done.returncode == 0, cases=int(counted[1].replace(",", "")) if counted else 0, report=report)


def failures(system: RunningSystem) -> str:
    """The services' log lines about unexpected failures of calls."""
    lines = [
        line
        for log in sorted(system.home.logs.glob("*.log"))
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if "call_failed" in line or "internal_call" in line
    ]
    return "\n" + "\n".join(lines[:SHOWN])


def fuzz_routes(system: RunningSystem, requests: int, *, seconds: float, seed: int) -> BarrageResult:
    """Sends up to `requests` random requests within `seconds`, as an admin, as a customer and without a token."""
    descriptors = read_descriptors(DESCRIPTORS)
    customer = system.customer(CREDITS)
    warm(customer)
    body = {**customer.ids, "prompt": "a quiet morning"}
    job = customer.client.post("/api/generate/static-ad", json=body).json()["jobId"]
    ids = {**customer.ids, "project_id": customer.project_id, "product_id": customer.product_id}
    return barrage(
        system.system.url,
        routes_of(descriptors),
        messages_of(descriptors),
        tokens=[system.token(customer.id, admin=True), system.token(customer.id), ""],
        ids={**ids, "jobId": job, "job_id": job, "voice_id": "male-1", "avatar_id": "finn"},
        requests=requests,
        seconds=seconds,
        seed=seed,
    )


def time_per_byte() -> str:
    """CPU time of the Lua filters per byte that they read, the slowest first."""
    filters = Filters()
    rows = []
    for shapes, size in ((MANY_VALUES, 4_900), (MANY_BYTES, 100_000), (LONG_HEADS, 4_000), (RESPONSES, 1_500)):
        for name, shape in shapes.items():
            exchange = shape(size)
            nanoseconds = filters.nanoseconds(exchange)
            rows.append((nanoseconds / exchange.size, nanoseconds / 1e6, exchange.size, name))
    lines = [f"{each:8.0f} {whole:8.1f} {size:8d}  {name}" for each, whole, size, name in sorted(rows, reverse=True)]
    return "\n".join([" ns/byte       ms    bytes  Lua filter on a request or a response of", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.contract.fuzzing", description=__doc__)
    parser.add_argument("--examples", type=int, default=150, help="limit of random requests per operation and phase")
    parser.add_argument("--seed", type=int, default=uuid.uuid4().int % 2**32, help="repeats an earlier run")
    parser.add_argument("--requests", type=int, default=100_000, help="random requests by the route table; 0: none")
    parser.add_argument("--minutes", type=float, default=60, help="time limit of the requests by the route table")
    arguments = parser.parse_args()
    print(time_per_byte(), flush=True)
    system = RunningSystem(Options(workers=False))
    passed = True
    try:
        if arguments.examples:
            outcome = fuzz(system, arguments.examples, seed=arguments.seed)
            passed = outcome.passed
            print(outcome.report, flush=True)
        if arguments.requests:
            found = fuzz_routes(system, arguments.requests, seconds=60 * arguments.minutes, seed=arguments.seed)
            passed = passed and not found.findings
            print(found.report() + failures(system))
    finally:
        system.stop()
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
