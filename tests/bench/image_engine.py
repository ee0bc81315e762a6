"""The cost of an image: time on one core and peak memory of a new process, with and without the cut-out of a photo.

Run from the root of the tree: python -m tests.bench.image_engine [--rounds 18]

Each case draws, writes and signs whole jobs as the render process does, in a new process pinned to one core. The time
of a process's first image, which loads typefaces and the model, is not counted; its memory is.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from services.image.domain import AspectRatio, Style
from services.image.providers.local.studio import Assignment, draw_assignment
from services.media import model_files
from tests.image.briefs import PRODUCTS, brief, photo_of_a_cup

CASE_SECONDS: Final = 240.0  # limit of one case, also on a busy machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the table. limit: the promised upper bound of the median in seconds; None when there is none."""

    name: str
    ratio: AspectRatio
    photo: bool
    file_format: str
    photo_stays: bool = False  # one photo for all pictures, as of a set; else each has its own
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The measurements of a case. Times are in seconds, `processor` is CPU time; `peak` is in MB, `largest` in kB."""

    median: float
    slowest: float
    processor: float
    peak: float
    largest: float


CASES: Final = (
    Case(name="1080 x 1080 PNG", ratio=AspectRatio.SQUARE, photo=False, file_format="png", limit=0.4),
    Case(name="1080 x 1080 PNG, photo cut out", ratio=AspectRatio.SQUARE, photo=True, file_format="png", limit=0.8),
    Case(
        name="1080 x 1080 PNG, same photo again",
        ratio=AspectRatio.SQUARE,
        photo=True,
        file_format="png",
        photo_stays=True,
    ),
    Case(name="1080 x 1080 JPEG", ratio=AspectRatio.SQUARE, photo=False, file_format="jpeg"),
    Case(name="1080 x 1920 PNG", ratio=AspectRatio.STORY, photo=False, file_format="png"),
    Case(name="1080 x 1350 PNG", ratio=AspectRatio.PORTRAIT, photo=False, file_format="png"),
    Case(name="1920 x 1080 PNG", ratio=AspectRatio.LANDSCAPE, photo=False, file_format="png"),
)
PEAK_LIMIT_MB: Final = 700.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=18)
    arguments.add_argument("--case", type=int, help="measure one case in this process and print it as JSON")
    chosen = arguments.parse_args()
    if chosen.case is not None:
        print(json.dumps(asdict(measured(CASES[chosen.case], chosen.rounds))))
        return
    print(f"{'case':34}{'median s':>10}{'limit':>8}{'slowest':>9}{'CPU':>11}{'peak MB':>9}{'largest kB':>12}")
    for number, case in enumerate(CASES):
        figure = _in_a_process(number, chosen.rounds)
        limit = f"{case.limit:.1f}" if case.limit else "-"
        print(
            f"{case.name:34}{figure.median:10.2f}{limit:>8}{figure.slowest:9.2f}{figure.processor:11.2f}"
            f"{figure.peak:9.0f}{figure.largest:12.0f}",
            flush=True,
        )
    print(f"Limits: peak memory {PEAK_LIMIT_MB:.0f} MB, a PNG 1,500 kB")


def measured(case: Case, rounds: int) -> Figure:
    """Measures one case in this process, pinned to one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    walls: list[float] = []
    processors: list[float] = []
    sizes: list[int] = []
    products, styles = tuple(PRODUCTS), tuple(Style)
    with tempfile.TemporaryDirectory() as folder:
        photo = photo_of_a_cup(Path(folder) / "cup.png") if case.photo else None
        for number in range(rounds + 1):
            target = Path(folder) / str(number)
            target.mkdir()
            if photo is not None and not case.photo_stays:
                _mark(photo, number)
            assignment = Assignment(
                brief=brief(
                    products[number % len(products)],
                    style=styles[number % len(styles)],
                    aspect_ratio=case.ratio,
                    seed=f"bench {number}",
                    photo=photo,
                    format=case.file_format,
                ),
                folder=target,
                cut_out_model=model_files.model_path(model_files.U2NETP),
                drawings=model_files.model_path(model_files.DRAWINGS),
                icons=model_files.model_path(model_files.ICONS),
                panoramas=model_files.default_folder(),
                signing_folder=Path(folder) / "signing",
            )
            started, worked = time.perf_counter(), time.process_time()
            made = draw_assignment(assignment, lambda percent, stage: None)
            if number:
                walls.append(time.perf_counter() - started)
                processors.append(time.process_time() - worked)
                sizes.append(made.image.stat().st_size)
    return Figure(
        median=statistics.median(walls),
        slowest=max(walls),
        processor=statistics.median(processors),
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        largest=max(sizes) / 1000,
    )


def _mark(photo: Path, number: int) -> None:
    """Changes one pixel of a photo, so that it is another one to what keeps photos."""
    with Image.open(photo) as opened:
        picture = opened.convert("RGB")
    picture.putpixel((0, 0), (number % 256, 255, 255))
    picture.save(photo)


def _in_a_process(number: int, rounds: int) -> Figure:
    command = [sys.executable, "-m", "tests.bench.image_engine", "--case", str(number), "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=CASE_SECONDS, check=True)
    return Figure(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
