"""Cuts products out of their background with u2netp, and estimates the confidence of the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from services.chassis.errors import InputFault
from services.media.onnx import load_runtime

INPUT_SIDE_PIXELS: Final = 320  # the size of the network's input
REDUCING_GAP: Final = 3.0  # times its size, from which a photo is averaged first: as good as all of Lanczos, in a third
ROUND_MASK: Final = 3  # pixels of the mask, about what it holds
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)

# Cut-outs below this confidence are not used. It is the product of three measures: few half-transparent pixels, the
# plausible size of a product, and one connected piece.
MIN_CONFIDENCE: Final = 0.62
MOST_OF_A_SIDE: Final = 0.02  # of any side of the photo: a product that reaches further runs off it

TRANSPARENT_ALPHA: Final = 16  # of 255: pixels below it count as transparent
MIN_PRODUCT_ALPHA: Final = 40  # of 255: pixels below it are not part of the product
SOLID_ALPHA: Final = 200  # of 255: what is fainter is glass, an edge or a shadow
MIN_TRANSPARENT_SHARE: Final = 0.03  # of the image; rounded corners have fewer transparent pixels
MIN_SIDE_PIXELS: Final = 32  # a smaller product is unrecognisable in an ad
GLASS: Final = 0.5  # of what is seen being solid: below it the product itself is clear, and nothing is called a shadow
DETACHED: Final = 0.2  # of the largest piece's area: as large a piece is a part of its own, as of a pair of earrings
BESIDE: Final = 0.01  # of it: a solid piece as large belongs to the product if it is near, as the handle of a cup
NEAR: Final = 0.03  # of the photo's longest side, between a product and such a piece
RECTANGLE: Final = 0.992  # of its bounding box being seen: a photo with a margin, not a product
GHOST_ALPHA: Final = 100  # of 255: a photo whose pixels are mostly fainter is no product on its own
# Of the masks of a photo, of its mirror image and of its part about the product: where they differ more, the outline is
# a guess. Of 14 photos whose masks were sure by themselves, all with lost or foreign parts had less in one of both.
AGREEMENT: Final = 0.965
AROUND: Final = 0.25  # of the product's longer side, about it in that part
FAINT_EDGE: Final = 12.0  # of 255: difference of the colours on both sides of an outline, below which none is seen
MOST_FAINT: Final = 0.3  # of an outline that may be faint
BESIDE_EDGE: Final = 3.0  # pixels of the mask, over which the colours beside an outline are averaged
HOLE_CERTAINTY: Final = 0.9  # of the network, below which a patch in the background's colour is a hole
HOLE_COLOUR: Final = 9.0  # of 255: the largest distance of a hole's colour to an even background's
EVEN: Final = 8.0  # of 255: deviation of the photo's rim, up to which the background is even
EDGE_PIXELS: Final = 3  # of an outline that hold some of the old background
FOOT: Final = 0.02  # share of the height that counts as what touches the ground
STANDS_FROM: Final = 0.33  # share of the width on the ground; a disc, as of a plate seen from above, has 0.28


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """A cropped product on a transparent background, and the confidence (0..1) that it is complete and alone.

    doubt: why it is not to be used, as a clause; "" for one that is. foot: share of the width that touches the ground.
    """

    image: Image.Image
    confidence: float
    doubt: str = ""
    foot: float = 1.0

    @property
    def trusted(self) -> bool:
        """Whether the cut-out may replace the photo."""
        return not self.doubt

    @property
    def stands(self) -> bool:
        """Whether it has something to stand on: things seen from above have not."""
        return self.foot >= STANDS_FROM


def cut_out_by_alpha(image: Image.Image) -> Cutout | None:
    """Cuts the product out by the image's own transparency, without soft shadows and specks.

    Returns None for an image without transparency, and for one whose transparency outlines no product: a rectangle, or
    a ghost. Raises InputFault when almost the whole image is transparent.
    """
    if image.mode != "RGBA":
        return None
    alpha = numpy.asarray(image.getchannel("A"), dtype=numpy.uint8)
    if float((alpha < TRANSPARENT_ALPHA).mean()) <= MIN_TRANSPARENT_SHARE:
        return None
    seen = alpha > MIN_PRODUCT_ALPHA
    cut = _crop(image, alpha)
    if max(cut.size) < MIN_SIDE_PIXELS or not seen.any():
        raise InputFault("PHOTO_EMPTY", "The product's photo is almost completely transparent; please use another one.")
    within = numpy.asarray(cut.getchannel("A"), dtype=numpy.uint8)
    if float((within > MIN_PRODUCT_ALPHA).mean()) >= RECTANGLE or float(numpy.median(alpha[seen])) < GHOST_ALPHA:
        return None
    within = _without_shadows(within)
    cut.putalpha(Image.fromarray(within))
    cut = _crop(cut, within)
    return Cutout(image=_with_inner_edges(cut), confidence=1.0, foot=_foot(cut))


def seen_part(image: Image.Image) -> Image.Image:
    """Returns an image without its transparent margins, on white."""
    if image.mode != "RGBA":
        return image
    return opaque(_crop(image, numpy.asarray(image.getchannel("A"), dtype=numpy.uint8)))


def cut_out(image: Image.Image, model: Path) -> Cutout:
    """Cuts out the main object of an image. `model` is the path of u2netp.onnx."""
    rgb = opaque(image)
    small = _small(rgb)
    mask = _with_holes(_predict_mask(small, model), small)
    confidence = _confidence(mask)
    doubt = _doubt(mask, confidence) or _edge_doubt(mask, rgb, small, model)
    if doubt:  # the photo stays as it is
        return Cutout(image=rgb, confidence=confidence, doubt=doubt)
    result, alpha = _masked(rgb, mask)
    cut = _crop(result, alpha)
    return Cutout(image=_with_inner_edges(cut), confidence=confidence, foot=_foot(cut))


def _masked(rgb: Image.Image, mask: NDArray[numpy.float32]) -> tuple[Image.Image, NDArray[numpy.uint8]]:
    """The part of the photo that a mask holds, with its alpha; what the mask does not hold costs no time."""
    height, width = mask.shape
    held = mask * 255 >= 1
    rows, columns = numpy.flatnonzero(held.any(axis=1)), numpy.flatnonzero(held.any(axis=0))
    left, right = max(columns[0] - ROUND_MASK, 0), min(columns[-1] + 1 + ROUND_MASK, width)
    top, bottom = max(rows[0] - ROUND_MASK, 0), min(rows[-1] + 1 + ROUND_MASK, height)
    across, down = rgb.width / width, rgb.height / height
    part = (math.floor(left * across), math.floor(top * down), math.ceil(right * across), math.ceil(bottom * down))
    part = (part[0], part[1], min(part[2], rgb.width), min(part[3], rgb.height))
    within = (part[0] / across, part[1] / down, part[2] / across, part[3] / down)
    full = Image.fromarray((mask * 255).astype(numpy.uint8)).resize(
        (part[2] - part[0], part[3] - part[1]), Image.Resampling.BICUBIC, box=within
    )
    alpha = _without_shadows(numpy.asarray(_sharpen(full), dtype=numpy.uint8), longest=max(rgb.size))
    result = rgb.crop(part)
    result.putalpha(Image.fromarray(alpha))
    return result, alpha


def _doubt(mask: NDArray[numpy.float32], confidence: float) -> str:
    """Why a mask is not to be trusted; "" for one that is."""
    solid = mask > 0.5
    sides = {"top": solid[0], "bottom": solid[-1], "left": solid[:, 0], "right": solid[:, -1]}
    off = [side for side, touched in sides.items() if float(touched.mean()) > MOST_OF_A_SIDE]
    if off:
        return f"the product runs off the photo ({', '.join(off)})"
    if confidence < MIN_CONFIDENCE:
        return f"the cut-out was not sure enough ({confidence:.0%})"
    return ""


def _edge_doubt(mask: NDArray[numpy.float32], rgb: Image.Image, small: Image.Image, model: Path) -> str:
    """Why the outline of a mask is not to be trusted; "" for one that is. Takes up to two more runs of the network."""
    solid = mask > 0.5
    if _faint_share(solid, small) > MOST_FAINT:
        return "the product hardly stands out from its background"
    near, there = _nearer(solid, rgb)
    agreed = _agreement(there, _predict_mask(_small(near), model) > 0.5) >= AGREEMENT
    agreed = agreed and _agreement(solid, _predict_mask(ImageOps.mirror(small), model)[:, ::-1] > 0.5) >= AGREEMENT
    return "" if agreed else "its outline is not certain"


def _nearer(solid: NDArray[numpy.bool_], rgb: Image.Image) -> tuple[Image.Image, NDArray[numpy.bool_]]:
    """The part of a photo about its product, and that part of the mask, as large as the mask."""
    height, width = solid.shape
    rows, columns = numpy.flatnonzero(solid.any(axis=1)), numpy.flatnonzero(solid.any(axis=0))
    around = AROUND * max(rows[-1] - rows[0], columns[-1] - columns[0])
    left, right = max(columns[0] - around, 0) / width, min(columns[-1] + 1 + around, width) / width
    top, bottom = max(rows[0] - around, 0) / height, min(rows[-1] + 1 + around, height) / height

    def part(image: Image.Image) -> Image.Image:
        wide, high = image.size
        return image.crop((round(left * wide), round(top * high), round(right * wide), round(bottom * high)))

    mask = part(Image.fromarray((solid * 255).astype(numpy.uint8))).resize((width, height))
    return part(rgb), numpy.asarray(mask) > 127


def _agreement(one: NDArray[numpy.bool_], other: NDArray[numpy.bool_]) -> float:
    """What two masks share, of what either has."""
    return float((one & other).sum()) / max(float((one | other).sum()), 1.0)


def _faint_share(solid: NDArray[numpy.bool_], photo: Image.Image) -> float:
    """The share of a mask's outline on both sides of which the photo, as large as the mask, has about one colour."""
    from scipy import ndimage

    small = numpy.asarray(photo, dtype=numpy.float32)

    def average(side: NDArray[numpy.bool_]) -> NDArray[numpy.float32]:
        weight = numpy.maximum(ndimage.gaussian_filter(side.astype(numpy.float32), BESIDE_EDGE), 1e-3)
        channels = [ndimage.gaussian_filter(small[..., channel] * side, BESIDE_EDGE) for channel in range(3)]
        averages: NDArray[numpy.float32] = numpy.stack(channels, axis=-1) / weight[..., None]
        return averages

    edge = solid & ~ndimage.binary_erosion(solid)
    inside, outside = average(ndimage.binary_erosion(solid)), average(~ndimage.binary_dilation(solid))
    apart = numpy.abs(inside - outside).max(axis=-1)[edge]
    return float((apart < FAINT_EDGE).mean()) if apart.size else 1.0


def _without_shadows(alpha: NDArray[numpy.uint8], *, longest: int = 0) -> NDArray[numpy.uint8]:
    """Returns the alpha of the largest solid piece, of pieces of at least DETACHED of its size and of smaller ones
    beside them, with their edges. longest: the photo's longer side, if `alpha` is of a part of it.

    What they enclose stays. Soft shadows and specks go; of a product of glass nothing does.
    """
    rows, columns = numpy.flatnonzero(alpha.any(axis=1)), numpy.flatnonzero(alpha.any(axis=0))
    if not rows.size:
        return alpha
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))  # the rest costs most of the time
    kept = alpha.copy()
    kept[part] = _largest_pieces(alpha[part], near=NEAR * max(longest, *alpha.shape))
    return kept


def _largest_pieces(alpha: NDArray[numpy.uint8], *, near: float) -> NDArray[numpy.uint8]:
    """As `_without_shadows`; smaller pieces count up to `near` pixels from the product."""
    from scipy import ndimage

    solid = alpha >= SOLID_ALPHA
    if float(solid.sum()) < GLASS * float((alpha > MIN_PRODUCT_ALPHA).sum()):
        return alpha
    pieces, count = ndimage.label(solid)
    if not count:  # a photo of one colour
        return alpha
    sizes = ndimage.sum_labels(solid, pieces, range(1, count + 1))
    large = numpy.flatnonzero(sizes >= DETACHED * sizes.max()) + 1
    kept = numpy.isin(pieces, large)
    smaller = numpy.setdiff1d(numpy.flatnonzero(sizes >= BESIDE * sizes.max()) + 1, large)
    if smaller.size:
        apart = ndimage.distance_transform_edt(~kept)
        # piece by piece, as ndimage.minimum would sort all pixels
        kept = numpy.isin(pieces, [*large, *(piece for piece in smaller if apart[pieces == piece].min() <= near)])
    reach = ndimage.binary_dilation(kept, iterations=EDGE_PIXELS) | ndimage.binary_fill_holes(kept)
    return numpy.where(reach, alpha, 0).astype(numpy.uint8)


def _with_holes(mask: NDArray[numpy.float32], photo: Image.Image) -> NDArray[numpy.float32]:
    """Opens what the network closed of rings and handles: patches that it is less than certain of, and that have the
    colour of an even background. photo: as large as the mask."""
    from scipy import ndimage

    small = numpy.asarray(photo, dtype=numpy.float32)
    rim = numpy.concatenate((small[0], small[-1], small[:, 0], small[:, -1]))
    if float(rim.std(axis=0).max()) > EVEN:
        return mask
    alike = numpy.abs(small - numpy.median(rim, axis=0)).max(axis=-1) < HOLE_COLOUR
    pieces, count = ndimage.label(alike & (mask > 0.5))
    if not count:
        return mask
    numbers = range(1, count + 1)
    certain = ndimage.mean(mask, pieces, numbers)
    sizes = ndimage.sum_labels(numpy.ones_like(mask), pieces, numbers)
    holes = numpy.flatnonzero((certain < HOLE_CERTAINTY) & (sizes > 12)) + 1
    return numpy.where(numpy.isin(pieces, holes), 0.0, mask).astype(numpy.float32)


def _with_inner_edges(cut: Image.Image) -> Image.Image:
    """Gives the outline's pixels, which hold some of the old background, the colour of the product beside them."""
    from scipy import ndimage

    pixels = numpy.array(cut)
    alpha = pixels[..., 3]
    inside = ndimage.binary_erosion(alpha >= SOLID_ALPHA, iterations=EDGE_PIXELS)
    if float(inside.sum()) < 0.3 * float((alpha > MIN_PRODUCT_ALPHA).sum()):  # glass, or all of it is edge
        return cut
    distance, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    rows, columns = numpy.nonzero((alpha > 0) & ~inside & (distance <= 2.5 * EDGE_PIXELS))
    pixels[rows, columns, :3] = pixels[nearest[0][rows, columns], nearest[1][rows, columns], :3]
    return Image.fromarray(pixels)


def _foot(cut: Image.Image) -> float:
    """The share of the width within which the lowest rows are solid."""
    alpha = numpy.asarray(cut.getchannel("A"), dtype=numpy.uint8)
    lowest = alpha[-max(2, round(alpha.shape[0] * FOOT)) :]
    touching = numpy.flatnonzero((lowest > 128).any(axis=0))
    return float(touching[-1] - touching[0] + 1) / alpha.shape[1] if touching.size else 0.0


def opaque(image: Image.Image) -> Image.Image:
    """Returns the image on white, as the colours of transparent pixels are arbitrary."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _small(rgb: Image.Image) -> Image.Image:
    """The photo as large as the network takes it."""
    side = (INPUT_SIDE_PIXELS, INPUT_SIDE_PIXELS)
    return rgb.resize(side, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)


def _predict_mask(photo: Image.Image, model: Path) -> NDArray[numpy.float32]:
    small = numpy.asarray(photo, dtype=numpy.float32)
    small = small / max(float(small.max()), 1e-6)
    values = (small - numpy.array(MEAN, dtype=numpy.float32)) / numpy.array(DEVIATION, dtype=numpy.float32)
    session = _session(str(model))
    first = session.get_outputs()[0].name  # the other outputs are coarser versions
    inputs = {session.get_inputs()[0].name: values.transpose(2, 0, 1)[None]}
    output = session.run([first], inputs, _run_options())[0][0, 0]
    low, high = float(output.min()), float(output.max())
    scaled: NDArray[numpy.float32] = ((output - low) / max(high - low, 1e-6)).astype(numpy.float32)
    return scaled


def _confidence(mask: NDArray[numpy.float32]) -> float:
    """Returns the product of three measures, each 0..1, which MIN_CONFIDENCE describes."""
    from scipy import ndimage

    solid = mask > 0.5
    share = float(solid.mean())
    if share < 0.02:
        return 0.0
    undecided = float(((mask > 0.15) & (mask < 0.85)).mean()) / max(share, 0.05)
    decided = max(0.0, 1.0 - undecided * 1.1)
    sized = min(1.0, share / 0.05) * min(1.0, max(0.0, (0.94 - share) / 0.14))
    labels, count = ndimage.label(solid)
    sizes = ndimage.sum_labels(solid, labels, range(1, count + 1)) if count else numpy.zeros(1)
    whole = float(sizes[sizes >= DETACHED * sizes.max()].sum()) / max(float(solid.sum()), 1.0)
    return decided * sized * (0.4 + 0.6 * whole)


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
def _run_options() -> Any:
    options = load_runtime().RunOptions()
    # Gives some 200 MB back after each run, which the picture needs next; the time is a tenth more.
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


@lru_cache(maxsize=1)
def _session(model: str) -> Any:
    onnxruntime = load_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it would take 190 MB more and is not faster
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
