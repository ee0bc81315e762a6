"""Writes out/images.html: images of every style and aspect ratio for every product of the tests, with measurements.

With a file of briefs, one image for each, in styles and ratios that take turns: its product is read and its headline
written as the catalog and the copy service do it.

Run from the root of the tree: python -m tests.galleries.image [briefs.json] [--products 12] [--folder out]
"""

from __future__ import annotations

import argparse
import datetime
import html
import itertools
import json
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from PIL import Image

from services.ad_policy import forbidden_claim
from services.copy.messages import headline_brief
from services.copy.providers.local.headline import write_headline
from services.copy.providers.local.picture_price import picture_price
from services.image import messages
from services.image.domain import AspectRatio, ImageBrief, Style
from services.image.messages import image_brief
from services.image.providers.local.composer import Photo, compose
from services.image.providers.local.export import write_image
from services.image.providers.local.studio import read_photo
from services.media import model_files
from tests.galleries.copy import briefs_of
from tests.image.briefs import PRODUCTS, brief, drawings, photo_of_a_cup

SHEET_HEIGHT = 420
BRIEFS_ON_A_SHEET = 12


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("briefs", type=Path, nargs="?")
    arguments.add_argument("--products", type=int, default=len(PRODUCTS))
    arguments.add_argument("--folder", type=Path, default=Path("out"))
    chosen = arguments.parse_args()
    images = chosen.folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    photo = _photo(images)
    cells: list[str] = []
    seconds: dict[tuple[int, int], list[float]] = {}
    worst: dict[str, float] = {}
    panoramas, icons = model_files.default_folder(), _icons()
    requests = _of_briefs(chosen.briefs) if chosen.briefs else _of_products(chosen.products)
    for sheet, group in itertools.groupby(requests, key=lambda request: request[0]):
        tiles: list[Image.Image] = []
        for _, product, request in group:
            style, ratio = request.style, request.aspect_ratio
            started = time.perf_counter()
            made = compose(
                request,
                photo=photo if product == "coffee" else None,
                drawings=drawings(),
                panoramas=panoramas,
                icons=icons,
            )
            path = images / f"{style}-{ratio.replace(':', 'x')}-{product.replace(' ', '-')}.png"
            write_image(made.pixels, path, "png")
            seconds.setdefault(ratio.pixels, []).append(time.perf_counter() - started)
            for role, reading in made.proof.readings.items():
                share = reading.ratio / reading.needed
                worst[role.value] = min(worst.get(role.value, 99.0), share)
            tile = Image.fromarray(made.pixels[..., :3])
            tile.thumbnail((SHEET_HEIGHT * 2, SHEET_HEIGHT), Image.Resampling.LANCZOS)
            tiles.append(tile)
            notes = html.escape(" ".join(made.notes))
            label = f"{style} {ratio} {product}: {made.proof.composition}, {path.stat().st_size // 1000} kB"
            cells.append(
                f'<figure><a href="images/{path.name}"><img loading="lazy" src="images/{path.name}" '
                f'alt="{html.escape(made.alt_text)}"></a><figcaption>{html.escape(label)}<br>{notes}</figcaption></figure>'
            )
        _sheet(tiles, images / f"sheet-{sheet}.png")
    figures = [
        f"{width} x {height}: median {statistics.median(values):.2f} s of {len(values)} images, drawing and PNG"
        for (width, height), values in seconds.items()
    ]
    figures.append("lowest contrast as a share of the required: " + ", ".join(f"{k} {v:.2f}" for k, v in worst.items()))
    figures.append(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    page = (
        "<!doctype html><meta charset=utf-8><title>Ad images</title><style>body{font:14px system-ui;background:#eee}"
        "main{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;width:360px}img{width:100%;display:block}</style>"
        f"<h1>Ad images</h1><p>{'<br>'.join(map(html.escape, figures))}</p><main>{''.join(cells)}</main>"
    )
    (chosen.folder / "images.html").write_text(page, encoding="utf-8")
    print("\n".join(figures))


def _of_products(count: int) -> Iterator[tuple[str, str, ImageBrief]]:
    """(sheet, name, brief) of every style, product and aspect ratio."""
    for style, (index, product), ratio in itertools.product(
        Style, enumerate(itertools.islice(PRODUCTS, count)), AspectRatio
    ):
        yield style, product, brief(product, style=style, aspect_ratio=ratio, seed=f"gallery {index}")


def _of_briefs(path: Path) -> Iterator[tuple[str, str, ImageBrief]]:
    """(sheet, name, brief) of each brief of a file."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    styles, ratios = list(Style), list(AspectRatio)
    for index, (row, made) in enumerate(zip(rows, briefs_of(rows), strict=True)):
        project = row.get("project")
        brand = project.get("brand", {}) if isinstance(project, dict) else {}
        made.project.brand.colours.extend(brand.get("colors", ()))
        request = image_pb2.GenerateStaticAdRequest(
            style=styles[(index * 5 + index // 6) % len(styles)],
            aspect_ratio=ratios[(index * 7 + index // 5) % len(ratios)],
        )
        parameters = image_pb2.ImageJobParameters(request=request, brief=made)
        wanted = copy_pb2.WriteHeadlineRequest(
            brief=made, tone=messages.tone_of(request.style), product_texts=messages.product_texts(parameters)
        )
        copied = headline_brief(wanted)
        written = write_headline(copied, str(index))
        headline = copy_pb2.WriteHeadlineResponse(
            headline=written.headline,
            subline=written.subline,
            call_to_action=written.cta,
            price=picture_price(copied),
            forbidden_texts=[
                text for text in wanted.product_texts if forbidden_claim(text, subject=copied.subject) is not None
            ],
        )
        yield (
            f"briefs-{index // BRIEFS_ON_A_SHEET + 1}",
            str(row.get("id", index)),
            image_brief(
                parameters, seed=str(index), date=datetime.date(2026, 6, 1), photo=None, logo=None, headline=headline
            ),
        )


def _icons() -> Path | None:
    try:
        return model_files.model_path(model_files.ICONS)
    except model_files.ModelMissing as missing:
        print(f"Without icons: {missing}")
        return None


def _photo(folder: Path) -> Photo | None:
    try:
        model = model_files.model_path(model_files.U2NETP)
    except model_files.ModelMissing as missing:
        print(f"Without a cut-out: {missing}")
        return None
    return read_photo(photo_of_a_cup(folder / "cup.png"), model)


def _sheet(tiles: list[Image.Image], path: Path) -> None:
    columns = len(AspectRatio)
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    width = max(sum(tile.width + 8 for tile in row) for row in rows)
    sheet = Image.new("RGB", (width, (SHEET_HEIGHT + 8) * len(rows)), "#999999")
    for number, row in enumerate(rows):
        left = 0
        for tile in row:
            sheet.paste(tile, (left, number * (SHEET_HEIGHT + 8)))
            left += tile.width + 8
    sheet.save(path)


if __name__ == "__main__":
    main()
