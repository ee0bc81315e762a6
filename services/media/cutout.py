"""Taking a product off its background with u2netp, and how far the result can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from services.chassis.errors import InputFault

SIDE: Final = 320  # what the network was trained at
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)

# Below this the cut-out is not used. Measured parts: how decided the mask is (few half-transparent pixels), whether
# its size is that of a product, how little of it runs off the picture's edge, and whether it is one piece.
TRUSTED: Final = 0.62

CLEAR: Final = 16  # of 255: less opacity than this is seen through
FAINT: Final = 40  # of 255: less opacity than this does not belong to the product
CUT_OUT_SHARE: Final = 0.03  # of the picture: more clear pixels than rounded corners have
LEAST_SIDE: Final = 32  # pixels: a product smaller than this would be a blot on the ad


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """The product on transparency, cropped to itself, and the confidence 0..1 that it is the whole product alone."""

    image: Image.Image
    confidence: float


def own_cut_out(picture: Image.Image) -> Cutout | None:
    """The product of a picture with real transparency, which says itself what belongs to it; None without it.

    Raises InputFault when transparency leaves next to nothing to be seen.
    """
    if picture.mode != "RGBA":
        return None
    alpha = numpy.asarray(picture.getchannel("A"), dtype=numpy.uint8)
    if float((alpha < CLEAR).mean()) <= CUT_OUT_SHARE:
        return None
    cut = _cropped(picture, alpha)
    if max(cut.size) < LEAST_SIDE or not (alpha > FAINT).any():
        raise InputFault(
            "PHOTO_EMPTY", "The product's photo is transparent: there is next to nothing to be seen on it."
        )
    return Cutout(image=cut, confidence=1.0)


def cut_out(picture: Image.Image, model: Path) -> Cutout:
    """The picture's main thing. `model` is the path of u2netp.onnx."""
    rgb = opaque(picture)
    mask = _predicted(rgb, model)
    confidence = _confidence(mask)
    full = Image.fromarray((mask * 255).astype(numpy.uint8)).resize(rgb.size, Image.Resampling.BICUBIC)
    alpha = _sharpened(full)
    result = rgb.copy()
    result.putalpha(alpha)
    return Cutout(image=_cropped(result, numpy.asarray(alpha)), confidence=confidence)


def opaque(picture: Image.Image) -> Image.Image:
    """The picture on white: what is under transparent pixels is nobody's product."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _predicted(rgb: Image.Image, model: Path) -> NDArray[numpy.float32]:
    small = numpy.asarray(rgb.resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=numpy.float32)
    small /= max(float(small.max()), 1e-6)
    values = (small - numpy.array(MEAN, dtype=numpy.float32)) / numpy.array(DEVIATION, dtype=numpy.float32)
    session = _session(str(model))
    first = session.get_outputs()[0].name  # the others are coarser tries of the same
    output = session.run([first], {session.get_inputs()[0].name: values.transpose(2, 0, 1)[None]})[0][0, 0]
    low, high = float(output.min()), float(output.max())
    scaled: NDArray[numpy.float32] = ((output - low) / max(high - low, 1e-6)).astype(numpy.float32)
    return scaled


def _confidence(mask: NDArray[numpy.float32]) -> float:
    """The product of four measures, each 0..1; documented at TRUSTED."""
    from scipy import ndimage

    solid = mask > 0.5
    share = float(solid.mean())
    if share < 0.02:
        return 0.0
    undecided = float(((mask > 0.15) & (mask < 0.85)).mean()) / max(share, 0.05)
    decided = max(0.0, 1.0 - undecided * 1.1)
    sized = min(1.0, share / 0.05) * min(1.0, max(0.0, (0.94 - share) / 0.14))
    edge = numpy.concatenate((solid[0], solid[-1], solid[:, 0], solid[:, -1]))
    inside = max(0.0, 1.0 - float(edge.mean()) * 1.8)
    labels, count = ndimage.label(solid)
    sizes = ndimage.sum_labels(solid, labels, range(1, count + 1)) if count else numpy.zeros(1)
    whole = float(numpy.max(sizes)) / max(float(solid.sum()), 1.0)
    return decided * sized * inside * (0.4 + 0.6 * whole)


def _sharpened(mask: Image.Image) -> Image.Image:
    """The mask with its soft slope steepened and pulled in a little, so that no old background rims the product."""
    smooth = mask.filter(ImageFilter.GaussianBlur(1.2))
    table = [round(min(max((value / 255 - 0.32) / 0.46, 0.0), 1.0) * 255) for value in range(256)]
    return smooth.point(table)


def _cropped(picture: Image.Image, alpha: NDArray[numpy.uint8]) -> Image.Image:
    solid = alpha > FAINT
    rows, columns = numpy.flatnonzero(solid.any(axis=1)), numpy.flatnonzero(solid.any(axis=0))
    if rows.size == 0:
        return picture
    return picture.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def load(model: Path) -> None:
    """Loads the model, which the first cut-out would wait for."""
    _session(str(model))


@lru_cache(maxsize=1)
def _session(model: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it lays out all activations beside each other: 190 MB more, and no faster
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
