"""Writes out/videos.html: twelve clips of avatars with a contact sheet of each mouth around visible sounds, product
films with contact sheets of their shots, and measurements.

Run from the root of the tree: python -m tests.galleries.video [--clips 12] [--folder out] [--portrait FILE ...]
"""

from __future__ import annotations

import argparse
import html
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from services.media.model_files import default_folder
from services.video.domain import FRAMES_PER_SECOND, AspectRatio, VideoBrief, VideoKind
from services.video.providers.local.captions import timed_words
from services.video.providers.local.kokoro import Phone, Speech
from services.video.providers.local.photos import decoded
from services.video.providers.local.portraits.actor import PortraitActor, Sitter, sitter_of
from services.video.providers.local.presenter_cut import presenter_cut
from services.video.providers.local.presenters.look import LOOKS
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.presenters.puppet import Puppet
from services.video.providers.local.rendering import (
    SPEECH_BEGINS_SECONDS,
    DrawnActor,
    RenderOrder,
    render,
    speech_of,
)
from services.video.providers.local.stage import Stage, layout
from services.video.providers.local.strokes import rgb_of, surface_of
from tests.image.briefs import photo_of_a_cup
from tests.video.watching import pictures

SOUNDS: Final = {"B M P": "bmp", "F V": "fv", "W": "w", "O": "Oɔu", "A": "ɑIWæ"}
SCRIPTS: Final = (
    "Maybe your bottle smells. Ours cleans itself. Pop the cap, wait a moment, and five fine hours of fresh water "
    "follow. Buy the Aurora Bottle now.",
    "Why wait? Our beans are roasted on Monday and brewed by Friday. Open the bag, breathe in, and wow. Only $14.50.",
    "Big mornings need a better map. Move more, plan less, and have five whole evenings of your own. Try Mapp free.",
)
#         avatar    voice       ratio   resolution picture
CLIPS: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("maya", "female-1", "9:16", "720p", ""),
    ("leo", "male-3", "9:16", "720p", "product"),
    ("amara", "female-2", "1:1", "720p", "product"),
    ("omar", "male-1", "16:9", "720p", "product"),
    ("rosa", "female-4", "9:16", "720p", ""),
    ("henry", "male-4", "16:9", "720p", ""),
    ("priya", "female-3", "9:16", "720p", "product"),
    ("dante", "male-2", "1:1", "720p", ""),
    ("layla", "female-7", "9:16", "1080p", ""),
    ("finn", "male-5", "9:16", "720p", "product"),
    ("zoe", "female-5", "9:16", "720p", "portrait"),
    ("marcus", "male-6", "9:16", "720p", "no face"),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--clips", type=int, default=len(CLIPS))
    arguments.add_argument("--only", default="", help="avatar id")
    arguments.add_argument("--folder", type=Path, default=Path("out"))
    arguments.add_argument("--portrait", type=Path, nargs="*", default=[], help="photographs of additional speakers")
    chosen = arguments.parse_args()
    folder = chosen.folder / "videos"
    folder.mkdir(parents=True, exist_ok=True)
    clips: list[tuple[tuple[str, str, str, str, str], Path | None]] = [
        (clip, None) for clip in CLIPS[: chosen.clips] if chosen.only in ("", clip[0])
    ]
    clips += [(("maya", "female-1", "9:16", "720p", "photograph"), path) for path in chosen.portrait]
    cells: list[str] = []
    work = video = 0.0
    for number, ((avatar, voice, ratio, resolution, picture), photograph) in enumerate(clips):
        name = f"{number + 1:02d}-{photograph.stem if photograph else avatar}"
        brief = replace(
            _brief(folder, number, avatar, voice, picture),
            aspect_ratio=AspectRatio(ratio),
            resolution=resolution,
        )
        if photograph is not None:
            brief = replace(brief, avatar_photo=photograph)
        place = folder / name
        place.mkdir(exist_ok=True)
        began = time.perf_counter()
        speech = speech_of(brief.script, voice, {}, default_folder(), _silent)
        made = render(RenderOrder(brief=brief, folder=place, models=default_folder(), speech=speech), _silent)
        seconds = time.perf_counter() - began
        work, video = work + seconds, video + made.duration_seconds
        _sheet(brief, speech, pictures(made.video), place / "sheet.png")
        label = f"{name}: {voice}, {ratio} at {resolution}, {seconds / made.duration_seconds:.2f} s of work per second"
        print(label, *made.notes, flush=True)
        cells.append(
            f'<section><h2>{html.escape(label)}</h2><video controls preload="none" poster="videos/{name}/poster.jpg" '
            f'src="videos/{name}/video.mp4"><track kind="captions" src="videos/{name}/captions.vtt" srclang="en">'
            f'</video><img loading="lazy" src="videos/{name}/sheet.png" alt="mouths of {html.escape(name)}">'
            f"<p>{html.escape(' '.join(made.notes))}</p></section>"
        )
    product_cells, product_work, product_video = _product_films(chosen.folder / "videos")
    cells += product_cells
    work, video = work + product_work, video + product_video
    figures = (
        f"{work / max(video, 0.1):.2f} s of work per second of video, speech included",
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB, contact sheets included",
    )
    page = (
        "<!doctype html><meta charset=utf-8><title>Videos</title><style>body{font:14px system-ui;background:#eee}"
        "section{margin:24px 0}video{height:420px;vertical-align:top}img{max-width:60%}</style>"
        f"<h1>Videos</h1><p>{'<br>'.join(map(html.escape, figures))}</p>{''.join(cells)}"
    )
    (chosen.folder / "videos.html").write_text(page, encoding="utf-8")
    print("\n".join(figures))


#          photo   ratio   voice
PRODUCT_FILMS: Final[tuple[tuple[bool, str, bool], ...]] = (
    (True, "9:16", True),
    (False, "9:16", True),
    (True, "1:1", False),
    (False, "4:5", False),
    (True, "16:9", True),
)
SHEET_EVERY: Final = 24  # frames
SHEET_COLUMNS: Final = 6


def _product_films(folder: Path) -> tuple[list[str], float, float]:
    """Renders the product films: their part of the page, seconds of work and seconds of video."""
    cells: list[str] = []
    work = video = 0.0
    for number, (photo, ratio, voice) in enumerate(PRODUCT_FILMS):
        name = f"product-{number + 1:02d}"
        brief = replace(
            _brief(folder, number, "", "female-1", "product" if photo else ""),
            aspect_ratio=AspectRatio(ratio),
            kind=VideoKind.PRODUCT,
            voice_over=voice,
        )
        place = folder / name
        place.mkdir(exist_ok=True)
        began = time.perf_counter()
        made = render(RenderOrder(brief=brief, folder=place, models=default_folder()), _silent)
        seconds = time.perf_counter() - began
        work, video = work + seconds, video + made.duration_seconds
        frames = pictures(made.video, every=SHEET_EVERY)
        tall, wide = frames[0].shape[:2]
        sheet = Image.new("RGB", (wide * SHEET_COLUMNS, tall * -(-len(frames) // SHEET_COLUMNS)))
        for place_number, frame in enumerate(frames):
            row, column = divmod(place_number, SHEET_COLUMNS)
            sheet.paste(Image.fromarray(frame), (column * wide, row * tall))
        sheet.save(place / "sheet.png")
        label = f"{name}: {ratio}, {seconds / made.duration_seconds:.2f} s of work per second"
        print(label, *made.notes, flush=True)
        cells.append(
            f'<section><h2>{html.escape(label)}</h2><video controls preload="none" poster="videos/{name}/poster.jpg" '
            f'src="videos/{name}/video.mp4"></video><img loading="lazy" src="videos/{name}/sheet.png" alt="shots of '
            f'{name}"><p>{html.escape(" ".join(made.notes))}</p></section>'
        )
    return cells, work, video


def _silent(percent: int, stage: str) -> None:
    """Ignores progress."""


def _brief(folder: Path, number: int, avatar: str, voice: str, picture: str) -> VideoBrief:
    script = SCRIPTS[number % len(SCRIPTS)]
    names = ("Aurora Bottle", "Morning Fog", "Mapp")
    colours = (("#2f5bea", "#22d3ee"), ("#7a2e17", "#e9b872"), ("#0f766e", "#f59e0b"))
    photo: Path | None = None
    if picture == "portrait":
        photo = drawn_portrait(folder / "portrait.png", avatar)
    elif picture == "no face":
        photo = photo_of_a_cup(folder / "cup.png")
    return VideoBrief(
        script=script,
        voice_id=voice,
        avatar_id=avatar,
        avatar_photo=photo,
        aspect_ratio=AspectRatio.PORTRAIT,
        product_name=names[number % 3],
        description="",
        price=("39", "14.50", None)[number % 3],
        currency="USD",
        brand_name=("Aurora", "Kaffeewerk", "Mapp")[number % 3],
        brand_colours=colours[number % 3],
        brand_font=("Inter", "Fraunces", "Sora")[number % 3],
        product_photo=photo_of_a_cup(folder / "cup.png") if picture == "product" else None,
        logo=None,
        call_to_action=("Shop now", "Taste it", "Try it free")[number % 3],
        seed=f"gallery {number}",
    )


def drawn_portrait(path: Path, look: str) -> Path:
    """Writes a drawn face as an image file that stands in for a customer's photo."""
    pixels = np.zeros((1200, 900, 4), np.uint8)
    canvas = surface_of(pixels).getCanvas()
    canvas.clear(0xFF9FB4C8)
    canvas.translate(450, 520)
    Puppet(LOOKS[look], 1.0).draw(canvas, Pose(), Mouth())
    Image.fromarray(rgb_of(pixels)).save(path)
    return path


def _sheet(brief: VideoBrief, speech: Speech, frames: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    """Writes an enlarged mouth in three frames (before, at, after) around three sounds of each kind."""
    boxes = _mouth_boxes(brief, speech, len(frames))
    rows = []
    for name, symbols in SOUNDS.items():
        tiles: list[Image.Image] = []
        for phone in _spread([phone for phone in speech.phones if phone.symbol in symbols], 3):
            middle = (phone.start + phone.end) / 2 + SPEECH_BEGINS_SECONDS
            centre = int(middle * FRAMES_PER_SECOND)
            for frame in (centre - 2, centre, centre + 2):
                if 0 <= frame < len(frames):
                    left, top, side = boxes[frame]
                    part = frames[frame, max(0, top) : top + side, max(0, left) : left + side]
                    tile = Image.fromarray(part).resize((200, 200), Image.Resampling.LANCZOS)
                    draw = ImageDraw.Draw(tile)
                    draw.rectangle((0, 0, 74, 16), fill="#000000")
                    draw.text(
                        (4, 2),
                        f"{name}  {phone.symbol if phone.symbol.isascii() else ''} {frame - centre:+d}",
                        fill="#ffffff",
                    )
                    if frame == centre:
                        draw.rectangle((0, 0, 199, 199), outline="#ffd400", width=3)
                    tiles.append(tile)
        rows.append(tiles)
    sheet = Image.new("RGB", (max(len(row) for row in rows) * 204, len(rows) * 204), "#777777")
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            sheet.paste(tile, (x * 204, y * 204))
    sheet.save(path)
    whole = [Image.fromarray(frames[place]) for place in np.linspace(2, len(frames) - 3, 6).astype(int)]
    for picture in whole:
        picture.thumbnail((480, 480), Image.Resampling.LANCZOS)
    strip = Image.new("RGB", (sum(picture.width + 4 for picture in whole), max(p.height for p in whole)), "#777777")
    x = 0
    for picture in whole:
        strip.paste(picture, (x, 0))
        x += picture.width + 4
    strip.save(path.with_name("strip.png"))


def _spread(phones: Sequence[Phone], count: int) -> list[Phone]:
    if len(phones) <= count:
        return list(phones)
    return [phones[int(place)] for place in np.linspace(0, len(phones) - 1, count)]


def _mouth_boxes(brief: VideoBrief, speech: Speech, frames: int) -> list[tuple[int, int, int]]:
    """(left, top, side) of a square around the mouth for each frame; presenters move aside for the card."""
    place = layout(brief.aspect_ratio, brief.resolution)
    x, y, side = place.presenter_x, place.presenter_y + 140 * place.scale, 300 * place.scale
    if brief.avatar_photo is not None:
        pixels = decoded(brief.avatar_photo, named="the portrait")
        sitter = sitter_of(pixels, default_folder())
        y = place.presenter_y
        if isinstance(sitter, Sitter):
            x, y = PortraitActor(pixels, sitter, Stage(brief, product=None, logo=None), brief.seed).mouth
            side = place.height * 0.2
    aside = np.zeros(frames)
    if place.tall_card:
        words = timed_words(brief.script, speech.words)
        actor = DrawnActor(brief.avatar_id or "maya", Stage(brief, product=None, logo=None), brief.seed)
        shown = presenter_cut(brief, words, speech.seconds, actor, stays=True).card_track(frames)
        aside = np.roll(shown, round(SPEECH_BEGINS_SECONDS * FRAMES_PER_SECOND))
    return [
        (int(x + (place.presenter_aside_x - place.presenter_x) * share - side / 2), int(y - side / 2), int(side))
        for share in aside
    ]


if __name__ == "__main__":
    main()
