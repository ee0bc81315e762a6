"""Cuts products out of their background with u2netp, and estimates the confidence of the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from services.chassis.errors import InputFault

INPUT_SIDE_PIXELS: Final = 320  # the size of the network's input
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)

# Cut-outs below this confidence are not used. It is the product of four measures: few half-transparent pixels, the
# plausible size of a product, little contact with the image's edges, and one connected piece.
MIN_CONFIDENCE: Final = 0.62

TRANSPARENT_ALPHA: Final = 16  # of 255: pixels below it count as transparent
MIN_PRODUCT_ALPHA: Final = 40  # of 255: pixels below it are not part of the product
MIN_TRANSPARENT_SHARE: Final = 0.03  # of the image; rounded corners have fewer transparent pixels
MIN_SIDE_PIXELS: Final = 32  # a smaller product is unrecognisable in an ad


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """A cropped product on a transparent background, and the confidence (0..1) that it is complete and alone."""

    image: Image.Image
    confidence: float


def cut_out_by_alpha(image: Image.Image) -> Cutout | None:
    """Cuts the product out by the image's own transparency. Returns None for an image without transparency.

    Raises InputFault when almost the whole image is transparent.
    """
    if image.mode != "RGBA":
        return None
    alpha = numpy.asarray(image.getchannel("A"), dtype=numpy.uint8)
    if float((alpha < TRANSPARENT_ALPHA).mean()) <= MIN_TRANSPARENT_SHARE:
        return None
    cut = _crop(image, alpha)
    if max(cut.size) < MIN_SIDE_PIXELS or not (alpha > MIN_PRODUCT_ALPHA).any():
        raise InputFault("PHOTO_EMPTY", "The product's photo is almost completely transparent; please use another one.")
    return Cutout(image=cut, confidence=1.0)


def cut_out(image: Image.Image, model: Path) -> Cutout:
    """Cuts out the main object of an image. `model` is the path of u2netp.onnx."""
    rgb = opaque(image)
    mask = _predict_mask(rgb, model)
    confidence = _confidence(mask)
    full = Image.fromarray((mask * 255).astype(numpy.uint8)).resize(rgb.size, Image.Resampling.BICUBIC)
    alpha = _sharpen(full)
    result = rgb.copy()
    result.putalpha(alpha)
    return Cutout(image=_crop(result, numpy.asarray(alpha)), confidence=confidence)


def opaque(image: Image.Image) -> Image.Image:
    """Returns the image on white, as the colours of transparent pixels are arbitrary."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _predict_mask(rgb: Image.Image, model: Path) -> NDArray[numpy.float32]:
    small = numpy.asarray(
        rgb.resize((INPUT_SIDE_PIXELS, INPUT_SIDE_PIXELS), Image.Resampling.LANCZOS), dtype=numpy.float32
    )
    small /= max(float(small.max()), 1e-6)
    values = (small - numpy.array(MEAN, dtype=numpy.float32)) / numpy.array(DEVIATION, dtype=numpy.float32)
    session = _session(str(model))
    first = session.get_outputs()[0].name  # the other outputs are coarser versions
    output = session.run([first], {session.get_inputs()[0].name: values.transpose(2, 0, 1)[None]})[0][0, 0]
    low, high = float(output.min()), float(output.max())
    scaled: NDArray[numpy.float32] = ((output - low) / max(high - low, 1e-6)).astype(numpy.float32)
    return scaled


def _confidence(mask: NDArray[numpy.float32]) -> float:
    """Returns the product of four measures, each 0..1, which MIN_CONFIDENCE describes."""
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


def _sharpen(mask: Image.Image) -> Image.Image:
    """Steepens and shrinks the mask's soft edge, so that no rim of the old background remains."""
    smooth = mask.filter(ImageFilter.GaussianBlur(1.2))
    table = [round(min(max((value / 255 - 0.32) / 0.46, 0.0), 1.0) * 255) for value in range(256)]
    return smooth.point(table)


def _crop(image: Image.Image, alpha: NDArray[numpy.uint8]) -> Image.Image:
    solid = alpha > MIN_PRODUCT_ALPHA
    rows, columns = numpy.flatnonzero(solid.any(axis=1)), numpy.flatnonzero(solid.any(axis=0))
    if rows.size == 0:
        return image
    return image.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def load(model: Path) -> None:
    """Loads the model before the first cut-out."""
    _session(str(model))


@lru_cache(maxsize=1)
def _session(model: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it would take 190 MB more and is not faster
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
