"""Photographed places: Poly Haven's CC0 panoramas, from the files that model_files.py stores.

A panorama is 512 x 256 pixels of linear light, all directions of one place. A ground is a view into it that is out of
focus, as behind a product near the lens: at that blur its few pixels are enough.
"""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray

Light = NDArray[numpy.float32]  # (rows, columns, 3), linear sRGB primaries

CACHED_PANORAMAS: Final = 18  # all of them, of 0.8 MB each
CACHED_VIEWS: Final = 6  # of at most 1.8 MB each
BRIGHTEST: Final = 40.0  # times the median: a lamp, which is far brighter, would otherwise outshine the whole blur
DETAIL: Final = 4  # pixels of the picture for each of a view
WEIGHTS: Final = numpy.array([0.2126, 0.7152, 0.0722], dtype=numpy.float32)
LAMPS: Final = 3.0  # times the median radiance from which light has a direction


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A direction into a panorama.

    panorama: its name. yaw and width: degrees. horizon: share of the height above it. blur: radius of the disc that a
    point becomes, as a share of the picture's longer side.
    """

    panorama: str
    yaw: float
    width: float
    horizon: float
    blur: float
    mirrored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Illumination:
    """Where most light comes from, for somebody who looks along a view.

    right, up, ahead: a direction; its length is 0 for light from everywhere to 1 for a single lamp. colour: linear,
    its strongest channel 1.
    """

    right: float
    up: float
    ahead: float
    colour: tuple[float, float, float]


def file_name(panorama: str) -> str:
    """Returns the name of a panorama's file in the cache folder."""
    return f"panorama-{panorama}.exr.js"


@lru_cache(maxsize=CACHED_PANORAMAS)
def radiance(path: Path) -> NDArray[numpy.float16]:
    """Decodes a panorama, (256, 512, 3), which takes about 50 ms. Raises OSError, and ValueError for another file."""
    import av  # large, and only needed for the first picture of a place

    packed = path.read_bytes()
    start, end = packed.find(b"base64,"), packed.rfind(b"'")
    if start < 0 or end < start:
        raise ValueError(f"{path.name} is not a packed panorama")
    content = base64.b64decode(packed[start + 7 : end])
    try:
        with av.open(io.BytesIO(content), "r", format="exr_pipe") as container:
            frame = next(container.decode(video=0))
    except (av.FFmpegError, StopIteration) as error:
        raise ValueError(f"{path.name} cannot be decoded: {error}") from error
    if frame.format.name != "gbrpf16le":  # pragma: no cover - all files of the package are
        raise ValueError(f"{path.name} has pixels of the format {frame.format.name}")
    planes: list[Any] = [
        numpy.frombuffer(bytes(plane), dtype=numpy.float16).reshape(frame.height, -1)[:, : frame.width]
        for plane in (frame.planes[2], frame.planes[0], frame.planes[1])
    ]
    pixels = numpy.stack(planes, axis=-1).astype(numpy.float32)
    # The compression leaves negative channels around the sun, which would be a coloured dot.
    limit = BRIGHTEST * max(float(numpy.median(pixels @ WEIGHTS)), 1e-3)
    burnt = numpy.abs(pixels).max(axis=-1) > limit
    pixels = numpy.clip(pixels, 0.0, limit)
    pixels[burnt] = limit
    return pixels.astype(numpy.float16)


@lru_cache(maxsize=CACHED_VIEWS)
def looked_at(folder: Path, view: View, width: int, height: int) -> Light:
    """Returns the blurred view for a picture of width x height pixels, DETAIL times smaller. Do not change it.

    Raises OSError and ValueError as `radiance`.
    """
    from scipy.ndimage import map_coordinates

    source = radiance(folder / file_name(view.panorama)).astype(numpy.float32)
    rows, columns = source.shape[:2]
    wide, tall = math.ceil(width / DETAIL), math.ceil(height / DETAIL)
    focal = 0.5 * max(wide, 0.8 * tall) / math.tan(math.radians(view.width) / 2)
    x, y = numpy.meshgrid(
        numpy.arange(wide, dtype=numpy.float32) - wide / 2,
        numpy.arange(tall, dtype=numpy.float32) - tall * view.horizon,
    )
    if view.mirrored:
        x = -x
    longitude = numpy.arctan2(x, focal) + math.radians(view.yaw)
    latitude = numpy.arctan2(-y, numpy.hypot(x, focal))
    column = (longitude / (2 * math.pi) + 0.5) * columns % columns
    row = numpy.clip((0.5 - latitude / math.pi) * rows, 0, rows - 1)
    seen = numpy.stack(
        [map_coordinates(source[..., channel], [row, column], order=1, mode="grid-wrap") for channel in range(3)], -1
    )
    return _out_of_focus(seen.astype(numpy.float32), view.blur * max(wide, tall))


def _out_of_focus(light: Light, radius: float) -> Light:
    """Spreads each point over a disc, as an open aperture does: points of light become discs."""
    from scipy.signal import fftconvolve

    reach = math.ceil(radius)
    y, x = numpy.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = numpy.clip(radius + 0.5 - numpy.hypot(x, y), 0, 1).astype(numpy.float32)
    padded = numpy.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    spread: Light = fftconvolve(padded, (disc / disc.sum())[..., None], mode="valid", axes=(0, 1))
    return numpy.clip(spread, 0, None).astype(numpy.float32)


@lru_cache(maxsize=CACHED_PANORAMAS)
def illumination(folder: Path, view: View) -> Illumination:
    """Returns where the light of the view's place comes from. Raises OSError and ValueError as `radiance`."""
    source = radiance(folder / file_name(view.panorama)).astype(numpy.float32)
    rows, columns = source.shape[:2]
    latitude = (0.5 - (numpy.arange(rows) + 0.5) / rows)[:, None] * math.pi
    longitude = ((numpy.arange(columns) + 0.5) / columns - 0.5)[None] * 2 * math.pi - math.radians(view.yaw)
    strength = source @ WEIGHTS
    lamps = numpy.clip(strength - LAMPS * float(numpy.median(strength)), 0, None)
    weight = lamps * numpy.cos(latitude) * (latitude > math.radians(4))
    total = float(weight.sum())
    if total <= 0:
        return Illumination(right=0.0, up=0.5, ahead=0.0, colour=(1.0, 1.0, 1.0))
    right = float((weight * numpy.cos(latitude) * numpy.sin(longitude)).sum()) / total
    ahead = float((weight * numpy.cos(latitude) * numpy.cos(longitude)).sum()) / total
    up = float((weight * numpy.sin(latitude)).sum()) / total
    colour = (source * weight[..., None]).sum(axis=(0, 1))
    red, green, blue = (colour / max(float(colour.max()), 1e-6)).tolist()
    return Illumination(right=-right if view.mirrored else right, up=up, ahead=ahead, colour=(red, green, blue))


def developed(light: Light, *, exposure: float) -> NDArray[numpy.uint8]:
    """Returns linear light as 8-bit sRGB, with a film's shoulder (the ACES curve as Narkowicz fitted it, 2015)."""
    x = numpy.clip(light * exposure, 0, None)
    x = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    shown: NDArray[numpy.uint8] = (numpy.clip(x, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(numpy.uint8)
    return shown
