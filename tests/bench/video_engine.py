"""The speed, the memory and the lip synchronisation of the built-in video engine.

Run from the root of the tree: python -m tests.bench.video_engine [--only NAME ...] [--json FILE]

Each video is rendered in a new process, as the first one of a worker: loading the voice and the imports of the
interpreter count. "work" is the wall-clock time from the brief to the last file per second of the finished video; the
CPU time is beside it because two cores share the work. The lips are measured in the frames of the finished MP4 and the
voice in its sound, by tests/video/watching.py.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from services.media.model_files import default_folder
from services.video.domain import AspectRatio, VideoBrief
from services.video.providers.local import visemes
from services.video.providers.local.rendering import RenderOrder, render, speech_of
from tests.galleries.video import drawn_portrait
from tests.image.briefs import photo_of_a_cup
from tests.video.watching import (
    closed_centres,
    followed_opening,
    lag_of_mouth,
    pictures,
    sound,
    voice_energy,
)

WORK_LIMIT: Final = 0.6  # seconds per second of video at 720x1280, speech included
LONG_SECONDS: Final = 150.0  # wall-clock limit of a script of 2,000 characters
LONG_BYTES: Final = 1_200_000_000  # peak memory limit of such a script
LAG_LIMIT_SECONDS: Final = 0.04
CLOSED_LIMIT: Final = 0.95  # share of the sounds B, M and P at which the mouth is closed

SCRIPT: Final = (
    "Maybe your bottle smells by Friday. Ours cleans itself while you work, move and sleep. Pop the cap, wait a "
    "moment, and five fine hours of fresh water follow. No pumps, no pills, no problem. Over one million people made "
    "the change, and most of them bought a second one for their mum. Buy the Aurora Bottle now, for only $39."
)
LONG_SCRIPT: Final = (f"{SCRIPT} " * 8)[:2000].rsplit(". ", 1)[0] + "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The video of one row."""

    name: str
    script: str = SCRIPT
    avatar: str = "maya"
    voice: str = "female-1"
    ratio: str = "9:16"
    resolution: str = "720p"
    product: bool = True
    portrait: bool = False
    lips: bool = False


CASES: Final = (
    Case(name="drawn 720x1280", lips=True),
    Case(name="drawn, British male voice, moustache", avatar="marcus", voice="male-4", lips=True),
    Case(name="drawn 1280x720", ratio="16:9", avatar="henry", voice="male-1"),
    Case(name="drawn 720x720", ratio="1:1", avatar="amara", voice="female-2"),
    Case(name="photograph 720x1280", portrait=True),
    Case(name="drawn 1080x1920", resolution="1080p"),
    Case(name="2,000 characters", script=LONG_SCRIPT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The measurements of one video. Memory is in bytes; `lag` is that of the mouth behind the voice in seconds."""

    name: str
    characters: int
    video_seconds: float
    speech_seconds: float
    wall_seconds: float
    processor_seconds: float
    peak_bytes: int
    megabytes_of_file: float
    lag: float | None = None
    agreement: float | None = None
    closed: float | None = None

    @property
    def work(self) -> float:
        return self.wall_seconds / self.video_seconds


def measure(case: Case) -> Row:
    """Renders one video and measures it. It needs a new process because it reports the process's peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        brief = brief_of(case, folder)
        spoken_after = 0.0
        began, processor = time.perf_counter(), time.process_time()

        def report(percent: int, stage: str) -> None:
            nonlocal spoken_after
            if stage == "speaking":
                spoken_after = time.perf_counter() - began

        made = render(RenderOrder(brief=brief, folder=folder, models=default_folder()), report)
        wall, processor = time.perf_counter() - began, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        row = Row(
            name=case.name,
            characters=len(case.script),
            video_seconds=made.duration_seconds,
            speech_seconds=spoken_after,
            wall_seconds=wall,
            processor_seconds=processor,
            peak_bytes=peak,
            megabytes_of_file=made.video.stat().st_size / 1e6,
        )
        if not case.lips:
            return row
        count = int((made.duration_seconds - 2.6) * 25)
        speech = speech_of(case.script, case.voice, {}, default_folder(), lambda percent, stage: None)
        opening = followed_opening(pictures(made.video)[:count], brief, speech)
        lag, agreement = lag_of_mouth(opening, voice_energy(sound(made.video), count))
        closed = closed_centres(opening, speech.phones, visemes.BILABIALS)
        return replace(row, lag=lag, agreement=agreement, closed=float(np.mean(closed)))


def brief_of(case: Case, folder: Path) -> VideoBrief:
    return VideoBrief(
        script=case.script,
        voice_id=case.voice,
        avatar_id=case.avatar,
        avatar_photo=drawn_portrait(folder / "portrait.png", "zoe") if case.portrait else None,
        aspect_ratio=AspectRatio(case.ratio),
        resolution=case.resolution,
        product_name="Aurora Bottle",
        description="A bottle that cleans itself",
        price=None if case.lips else "39",  # a price at the script's end takes the presenter's place
        currency="USD",
        brand_name="Aurora",
        brand_colours=("#2f5bea", "#22d3ee"),
        brand_font="Inter",
        product_photo=photo_of_a_cup(folder / "cup.png") if case.product else None,
        logo=None,
        call_to_action="Shop now",
        seed="bench",
    )


def missed_limits(row: Row) -> list[str]:
    """The limits that the row exceeds; empty when there are none."""
    missed = []
    if row.name.endswith("720x1280") and row.work > WORK_LIMIT:
        missed.append(f"work {row.work:.2f} > {WORK_LIMIT}")
    if row.characters > 1900 and row.wall_seconds > LONG_SECONDS:
        missed.append(f"{row.wall_seconds:.0f} s > {LONG_SECONDS:.0f} s")
    if row.characters > 1900 and row.peak_bytes > LONG_BYTES:
        missed.append(f"{row.peak_bytes / 1e6:.0f} MB > {LONG_BYTES / 1e6:.0f} MB")
    if row.lag is not None and abs(row.lag) > LAG_LIMIT_SECONDS:
        missed.append(f"lips {row.lag * 1000:+.0f} ms")
    if row.closed is not None and row.closed <= CLOSED_LIMIT:
        missed.append(f"closed {row.closed:.0%}")
    return missed


HEAD: Final = (
    f"{'video':38} {'chars':>5} {'length':>7} {'wall':>7} {'speech':>7} {'cpu':>7} {'work':>5} {'peak':>8} "
    f"{'file':>7}  lips"
)


def line(row: Row) -> str:
    lips = ""
    if row.lag is not None and row.agreement is not None and row.closed is not None:
        lips = f"{row.lag * 1000:+.0f} ms, r {row.agreement:.2f}, B M P closed {row.closed:.0%}"
    return (
        f"{row.name:38} {row.characters:5d} {row.video_seconds:5.1f} s {row.wall_seconds:5.1f} s "
        f"{row.speech_seconds:5.1f} s {row.processor_seconds:5.1f} s {row.work:5.2f} {row.peak_bytes / 1e6:5.0f} MB "
        f"{row.megabytes_of_file:4.1f} MB  {lips}"
    )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", nargs="*", default=[], help="substrings of row names")
    arguments.add_argument("--json", type=Path, help="file for the rows as JSON")
    chosen = arguments.parse_args()
    cases = [case for case in CASES if not chosen.only or any(part in case.name for part in chosen.only)]
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}\n{HEAD}", flush=True)
    rows = []
    for case in cases:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            rows.append(pool.submit(measure, case).result())
        print(line(rows[-1]), *(f"  MISSED: {missed}" for missed in missed_limits(rows[-1])), flush=True)
    if chosen.json:
        values = [{**asdict(row), "work": row.work} for row in rows]
        chosen.json.write_text(json.dumps(values, indent=2), encoding="utf-8")
    return int(any(missed_limits(row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
