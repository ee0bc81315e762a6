"""A worker without an engine, whose handler follows instructions in each job's prompt; for fault tests and benchmarks.

    python -m tests.stub_worker static_ad [FILE]

Each lease appends a line to FILE: the job's id and the time in seconds since 1970. Everything but the engine is real. A
prompt is `attempts:` and a list of words, one for each attempt, the last one for all further attempts: `ok`, `ok:2.5`
(seconds), `transient`, `input`, `unknown`, `hang` (until it is stopped), `block:8` (blocks the event loop for 8 s),
`exit` (the process exits), `random` (one of these, by job and attempt). Without a prompt: `ok`.
"""

from __future__ import annotations

import asyncio
import os
import random
import struct
import sys
import time
import zlib
from pathlib import Path

from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

from services.chassis.config import read_settings_or_exit
from services.chassis.data.assets import AssetStore
from services.chassis.errors import InputFault, TransientFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import start
from services.worker.loop import AttemptHandler, AttemptResult, ResultFile, RunningAttempt
from services.worker.process import WorkerSettings, run_worker

TOPICS = {"static_ad": "adwright.job.dispatch.image.v1", "video": "adwright.job.dispatch.video.v1"}
CHANCES = {"ok": 60, "ok:0.3": 15, "transient": 10, "input": 4, "unknown": 4, "hang": 4, "exit": 3}


def _grey_square(side: int) -> bytes:
    """Returns a grey PNG, `side` pixels wide and high."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


SIDE = 64
PICTURE = _grey_square(SIDE)  # large enough for a product photo too


def behaviour(prompt: str, job_id: str, attempt: int) -> str:
    """Returns the instruction of an attempt."""
    words = prompt.partition("attempts:")[2].split() or ["ok"]
    word = words[min(attempt, len(words)) - 1]
    if word == "random":
        chance = random.Random(f"{job_id}/{attempt}")
        return chance.choices(list(CHANCES), list(CHANCES.values()))[0]
    return word


async def handle(attempt: RunningAttempt) -> AttemptResult:
    parameters = image_pb2.ImageJobParameters.FromString(attempt.job.parameters)
    name, _, seconds = behaviour(parameters.request.prompt, attempt.job.job_id, attempt.job.attempt).partition(":")
    attempt.progress.report(10, "drawing")
    if name == "transient":
        raise TransientFault("PROVIDER_BUSY", "the provider is busy")
    if name == "input":
        raise InputFault("BAD_PICTURE", "The picture cannot be read.")
    if name == "unknown":
        raise RuntimeError("nobody expected this")
    if name == "block":
        time.sleep(float(seconds))  # noqa: ASYNC251 - blocks on purpose
    if name == "exit":
        os._exit(1)
    await asyncio.sleep(3600 if name == "hang" else float((name != "block" and seconds) or 0))
    path = attempt.folder / "image.png"
    path.write_bytes(PICTURE)
    facts = job_pb2.AssetFacts(width=SIDE, height=SIDE, origin="algorithmicMedia")
    facts.text_areas.areas.add(role="headline", left=0.1, top=0.1, right=0.9, bottom=0.2, contrast=7, contrast_needed=3)
    return AttemptResult(files=(ResultFile(path=path, type="image", content_type="image/png", facts=facts),))


def recording(file: Path) -> AttemptHandler:
    """Returns `handle`, which also appends each lease to the file."""
    log_file = file.open("a", encoding="utf-8", buffering=1)

    async def handle_and_record(attempt: RunningAttempt) -> AttemptResult:
        log_file.write(f"{attempt.job.job_id} {time.time()}\n")
        return await handle(attempt)

    return handle_and_record


def main() -> None:
    job_type = sys.argv[1]
    settings = read_settings_or_exit(WorkerSettings)
    start(
        "stub-worker",
        settings,
        run_worker(
            settings,
            job_type=job_type,
            topic=TOPICS[job_type],
            group=f"stub-{job_type}",
            handler=recording(Path(sys.argv[2])) if len(sys.argv) > 2 else handle,
            identity=ServiceIdentity("image", settings.service_secret.get_secret_value()),
            assets=AssetStore(settings.assets_url),
        ),
    )


if __name__ == "__main__":
    main()
