"""schemathesis against a running system, by the API's own description: `make fuzz`.

Random requests hardly ever name a project that exists; `fuzz_hooks.py` puts a real one in half of those that could.
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

from deploy.local.system import Options
from tests.running import RunningSystem

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
    for path in ("/api/voices/male-1/sample", "/api/avatars/finn/preview"):
        customer.client.get(path).raise_for_status()  # made when first asked for, which takes a busy machine long
    outcome = schemathesis(
        system.system.url,
        token=system.token(customer.id, admin=True),
        ids=(customer.project_id, customer.product_id),
        examples=examples,
        seed=seed,
    )
    return replace(outcome, report=outcome.report + failures(system))


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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.contract.fuzzing", description=__doc__)
    parser.add_argument("--examples", type=int, default=150, help="random requests an operation and phase, at most")
    parser.add_argument("--seed", type=int, default=uuid.uuid4().int % 2**32, help="for the same requests again")
    arguments = parser.parse_args()
    system = RunningSystem(Options(makers=False))
    try:
        outcome = fuzz(system, arguments.examples, seed=arguments.seed)
    finally:
        system.stop()
    print(outcome.report)
    sys.exit(0 if outcome.passed else 1)


if __name__ == "__main__":
    main()
