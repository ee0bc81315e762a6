"""The drawing of one job, start to end, as it runs in the render process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy
from PIL import Image, ImageOps

from services.chassis.errors import InputFault, TransientFault
from services.image.domain import ImageBrief, RenderedImage, SceneRecord
from services.image.providers.local import export
from services.image.providers.local.ad_text import cleaned
from services.image.providers.local.composer import Photo, compose
from services.image.providers.local.logo import read_logo
from services.image.providers.local.text_areas import text_areas
from services.media import cutout, model_files, provenance
from services.media.cutout import cut_out, cut_out_by_alpha, seen_part
from services.media.drawing_files import drawing_file
from services.media.faces import largest_face
from services.media.photo import decode_photo
from services.media.screenshots import is_screenshot
from services.media.skia import skia
from services.worker.scratch import Scratch

PARENT_TITLE: Final = "Picture before the change"
PHOTOS_KEPT: Final = 2  # by a render process, of at most 16 MB each: pictures of a set show the same ones
PORTRAIT: Final = 0.12  # of a photo's height that a face takes, from which no text is set on the photo

_photos: dict[tuple[bytes, Path | None, Path | None], Photo] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the render process gets. cut_out_model: u2netp.onnx, drawings, icons: the files of drawings and icons; None
    when it is not installed. panoramas: the folder with photographed grounds.

    scene: a picture from a remote provider to stand behind product and type; signing: folder of the development
    chain, or the operator's own chain and key.
    """

    brief: ImageBrief
    folder: Path
    cut_out_model: Path | None
    drawings: Path | None
    icons: Path | None
    panoramas: Path | None
    signing_folder: Path
    signing_chain: Path | None = None
    signing_key: Path | None = None
    scene: Path | None = None
    provider: str = "local"
    models: Path | None = None  # folder of the fetched fonts and patterns; None: the default one


def load(trial: Assignment, report: Callable[[int, str], None]) -> None:
    """Loads what the first picture would wait for: the model that cuts out products, the list of drawings, and by
    drawing `trial` in a folder that is removed afterwards, the typefaces and the libraries that write and sign."""
    if trial.cut_out_model is not None:
        cutout.load(trial.cut_out_model)
    if trial.drawings is not None:
        drawing_file(trial.drawings)
    with Scratch() as scratch:
        draw_assignment(replace(trial, folder=scratch.folder()), report)


def draw_assignment(assignment: Assignment, report: Callable[[int, str], None]) -> RenderedImage:
    """Draws, writes and signs the picture. Raises InputFault when the customer's photo is at fault."""
    brief = assignment.brief
    if assignment.models is not None:
        model_files.use_folder(assignment.models)
    if brief.format not in export.CONTENT_TYPES:
        raise InputFault("FORMAT_UNSUPPORTED", f"The file format {brief.format!r} is not png, jpeg or webp.")
    report(5, "reading the photo")
    notes: list[str] = []
    photo = _shown(brief.photo, brief, assignment.cut_out_model, assignment.models) if brief.photo is not None else None
    if photo is not None and photo.whole:
        photo = replace(photo, more=_more(brief.more_photos, notes))
    logo = _logo(brief.logo, notes)
    scene = _scene(assignment.scene, brief) if assignment.scene is not None else None
    report(20, "choosing a composition")
    composed = compose(
        brief,
        photo=photo,
        drawings=assignment.drawings,
        icons=assignment.icons,
        panoramas=assignment.panoramas,
        logo=logo,
        scene=scene,
        report=report,
    )
    report(80, "writing files")
    image = assignment.folder / f"ad.{export.SUFFIXES[brief.format]}"
    thumbnail = assignment.folder / "thumbnail.webp"
    source_type = _source_type(generated=scene is not None, photographed=composed.photographed)
    title = f"Advertisement for {cleaned(brief).product_name}".strip()
    packet = export.xmp_packet(source_type=source_type, title=title, alt_text=composed.alt_text)
    step = export.write_image(composed.pixels, image, brief.format, packet=packet, least_step=brief.changes.png_step)
    export.write_thumbnail(composed.pixels, thumbnail)
    report(92, "signing")
    content_type = export.CONTENT_TYPES[brief.format]
    if assignment.signing_chain is not None and assignment.signing_key is not None:
        identity = provenance.operator_identity(assignment.signing_chain, assignment.signing_key)
    else:
        identity = provenance.development_identity(assignment.signing_folder)
    provenance.sign(
        image,
        content_type,
        identity,
        title=title,
        source_type=source_type,
        photo=provenance.Ingredient.of(brief.photo),
        parent=provenance.Ingredient.of(brief.parent, title=PARENT_TITLE),
        parent_limit=export.SIGNED_LIMITS.get(brief.format),
    )
    width, height = brief.aspect_ratio.pixels
    return RenderedImage(
        image=image,
        thumbnail=thumbnail,
        content_type=content_type,
        width=width,
        height=height,
        alt_text=composed.alt_text,
        notes=(*composed.notes, *notes),
        provider=assignment.provider,
        headline=composed.headline,
        layout=composed.layout,
        origin=source_type,
        text_areas=text_areas(composed.proof),
        scene=None
        if scene is not None
        else SceneRecord(digest=composed.digest, png_step=step, colours=composed.colours, slots=composed.slots),
    )


def _source_type(*, generated: bool, photographed: bool) -> str:
    if generated:
        return provenance.SOURCE_MODEL_COMPOSITE
    return provenance.SOURCE_PHOTO_COMPOSITE if photographed else provenance.SOURCE_DRAWN


def _shown(path: Path, brief: ImageBrief, model: Path | None, models: Path | None) -> Photo:
    if brief.subject.kind == "software":  # nothing else is shown by its screen
        picture = decode_photo(path)
        if is_screenshot(picture):
            return Photo(
                image=_raster(picture), cut_out=False, screenshot=True, note="The screenshot stands in a drawn frame."
            )
    return read_photo(path, model, models)


def read_photo(path: Path, model: Path | None, models: Path | None = None) -> Photo:
    """The product's photo, cut out when that can be trusted and framed as it is when not: a person never is cut out.

    The last PHOTOS_KEPT are not cut out again. Raises InputFault. model: u2netp.onnx; None: not installed. models: the
    folder of the models that find faces; None: the default one.
    """
    key = (hashlib.sha256(path.read_bytes()).digest(), model, models)
    photo = _photos.pop(key, None) or _read_photo(path, model, models)
    _photos[key] = photo  # as the last one that was needed
    while len(_photos) > PHOTOS_KEPT:
        del _photos[next(iter(_photos))]
    return photo


def _read_photo(path: Path, model: Path | None, models: Path | None) -> Photo:
    picture = decode_photo(path)
    own = cut_out_by_alpha(picture)
    if own is not None:
        note = "The photo's own transparency was kept."
        return Photo(image=_raster(own.image), cut_out=True, stands=own.stands, note=note)
    whole = seen_part(picture)
    face = largest_face(whole, models)
    if model is None:
        doubt = "the cut-out model is not installed"
    elif face > 0:
        doubt = "it shows a person"
    else:
        cut = cut_out(whole, model)
        if cut.trusted:
            note = "The product was cut out of its photo."
            return Photo(image=_raster(cut.image), cut_out=True, stands=cut.stands, note=note)
        doubt = cut.doubt
    note = f"The photo kept its background: {doubt}."
    return Photo(image=_raster(whole), cut_out=False, note=note, portrait=face >= PORTRAIT)


def _more(paths: tuple[Path, ...], notes: list[str]) -> tuple[Any, ...]:
    """The further photos that can be used; a note names each that cannot."""
    found: list[Any] = []
    for path in paths:
        try:
            found.append(_raster(decode_photo(path, named="A further photo of the product")))
        except InputFault as fault:
            notes.append(f"A further photo was left out. {fault.message}")
    return tuple(found)


def _logo(path: Path | None, notes: list[str]) -> Any:
    if path is None:
        return None
    try:
        return read_logo(path)
    except InputFault as fault:  # an ad without a logo is worth having, one that fails is not
        notes.append(f"The logo was left out. {fault.message}")
        return None


def _scene(path: Path, brief: ImageBrief) -> Any:
    """A remote engine's picture, cropped from the middle to the size of the ad. Raises TransientFault: whatever is
    wrong with it, the customer did not send it."""
    try:
        picture = decode_photo(path, named="The engine's scene").convert("RGB")
    except InputFault as fault:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", fault.message) from None
    return _raster(ImageOps.fit(picture, brief.aspect_ratio.pixels, Image.Resampling.LANCZOS))


def _raster(picture: Image.Image) -> Any:
    pixels = numpy.ascontiguousarray(numpy.asarray(picture.convert("RGBA")))
    return skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType)
