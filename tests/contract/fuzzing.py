"""Random requests against a running system: `make fuzz`.

First, how long the gateway's Lua filters take for each byte of requests of all kinds. Then schemathesis, by the API's
own description; random requests hardly ever name a project that exists, so `fuzz_hooks.py` puts a real one in half of
those that could. Then very many requests by the route table (`barrage.py`).
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
from tests.contract.barrage import Barrage, barrage
from tests.gateway.lua_cost import DESCRIPTORS, Filters
from tests.gateway.lua_shapes import ANSWERS, LONG_HEADS, MANY_BYTES, MANY_VALUES
from tests.running import Customer, RunningSystem

FOLDER = Path(__file__).parent
CREDITS = 10_000_000
SECONDS = 3_000
SHOWN = 20  # lines of logs
# Python before 3.11.9 fails so when two threads parse source at once (its issue 106905), which hypothesis does. Nothing
# of the API is seen by it; what the API does wrong is found again with the same seed.
INTERPRETERS_FAULT = "AST constructor recursion depth mismatch"
TRIES = 3
# positive_data_acceptance would have a random UUID accepted; object_level_authorization wants two users' tokens, and
# test_others.py goes through every operation with them.
WITHOUT = ("positive_data_acceptance", "object_level_authorization")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run has shown."""

    passed: bool
    cases: int
    report: str


def fuzz(system: RunningSystem, examples: int, *, seed: int | None = None) -> Outcome:
    """Sends up to so many random requests an operation in each phase, besides those that the description implies."""
    customer = system.customer(CREDITS)
    warm(customer)
    outcome = schemathesis(
        system.system.url,
        token=system.token(customer.id, admin=True),
        ids=(customer.project_id, customer.product_id),
        examples=examples,
        seed=seed,
    )
    return replace(outcome, report=outcome.report + failures(system))


def warm(customer: Customer) -> None:
    """Asks for the sample and the preview that the requests will: each is made when first asked for, which takes a busy
    machine longer than the gateway waits."""
    for path in ("/api/voices/male-1/sample", "/api/avatars/finn/preview"):
        for left in reversed(range(TRIES)):
            answer = customer.client.get(path, timeout=90)
            if answer.is_success or left == 0:
                answer.raise_for_status()
                break


def schemathesis(url: str, *, token: str, ids: tuple[str, str], examples: int, seed: int | None = None) -> Outcome:
    """Runs it against what is described at `url`/openapi.json. ids: of a project and a product that exist."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(FOLDER / "schemathesis.toml")),
        "run",
        f"{url}/openapi.json",
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--exclude-checks", ",".join(WITHOUT)),
        *("--exclude-operation-id", "streamAllJobEvents"),  # it does not end; test_waiting.py follows it
        # One worker: see INTERPRETERS_FAULT.
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
        if INTERPRETERS_FAULT not in report:
            break
    counted = re.search(r"([\d,]+) (?:test cases?|generated)", report)
    return Outcome(passed=done.returncode == 0, cases=int(counted[1].replace(",", "")) if counted else 0, report=report)


def failures(system: RunningSystem) -> str:
    """What the services logged of calls that they did not foresee."""
    lines = [
        line
        for log in sorted(system.home.logs.glob("*.log"))
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if "call_failed" in line or "internal_call" in line
    ]
    return "\n" + "\n".join(lines[:SHOWN])


def rain(system: RunningSystem, requests: int, *, seconds: float, seed: int) -> Barrage:
    """So many random requests, or as many as there is time for; by an admin, a customer and nobody."""
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
    """Processor time of the Lua filters for each byte of what they read, the dearest first."""
    filters = Filters()
    rows = []
    for shapes, size in ((MANY_VALUES, 4_900), (MANY_BYTES, 100_000), (LONG_HEADS, 4_000), (ANSWERS, 1_500)):
        for name, shape in shapes.items():
            exchange = shape(size)
            nanoseconds = filters.nanoseconds(exchange)
            rows.append((nanoseconds / exchange.size, nanoseconds / 1e6, exchange.size, name))
    lines = [f"{each:8.0f} {whole:8.1f} {size:8d}  {name}" for each, whole, size, name in sorted(rows, reverse=True)]
    return "\n".join([" ns/byte       ms    bytes  Lua, for a request or an answer of", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.contract.fuzzing", description=__doc__)
    parser.add_argument("--examples", type=int, default=150, help="random requests an operation and phase, at most")
    parser.add_argument("--seed", type=int, default=uuid.uuid4().int % 2**32, help="for the same requests again")
    parser.add_argument("--requests", type=int, default=100_000, help="random requests by the route table; 0: none")
    parser.add_argument("--minutes", type=float, default=60, help="for how long these are sent at most")
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
            found = rain(system, arguments.requests, seconds=60 * arguments.minutes, seed=arguments.seed)
            passed = passed and not found.findings
            print(found.report() + failures(system))
    finally:
        system.stop()
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
