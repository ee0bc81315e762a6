"""What is shown of a product: its photo, cut out or whole, its screenshot, a pictogram of its trade, or its name.

Nothing here invents a product: a pictogram is one that services.media.trade_drawings certainly gives, and without one
the name stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from services.chassis.errors import InputFault
from services.media import cutout, model_files
from services.media.colour import Colour
from services.media.drawings import GRID, draw_icon
from services.media.faces import is_person
from services.media.photo import decode_photo
from services.media.screenshots import is_screenshot
from services.media.trade_drawings import drawing_for
from services.video.domain import ProductFacts, VideoBrief
from services.video.providers.local.photos import picture

LONGEST_SIDE: Final = 1600  # pixels of a decoded photo: a zoom shows it at about this size
ASK: Final = "Upload a photo to show the product itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictogram:
    """A drawing of one colour that stands for a trade. path: the file that holds it."""

    path: Path
    name: str

    def draw(self, canvas: Any, x: float, y: float, size: float, colour: Colour, *, turn: float = 0.0) -> None:
        """Draws it in a square of `size` pixels about the point (x, y), turned by `turn` degrees."""
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(turn)
        draw_icon(canvas, self.path, self.name, left=-size / 2, top=-size / 2, size=size, colour=colour, grid=GRID)
        canvas.restore()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPicture:
    """What there is to show.

    photo: the whole photo, None without one. figure: the product alone, a skia.Image with transparency; None where only
    a whole photo or none is shown. pictogram: what stands for the product. shows: of shots.NEEDS. note: for the
    customer.
    """

    photo: Any = None
    figure: Any = None
    pictogram: Pictogram | None = None
    shows: frozenset[str] = frozenset()
    note: str = ""


def product_picture(brief: VideoBrief, models: Path, notes: list[str]) -> ProductPicture:
    """Reads the brief's photo, or chooses what stands for it. A photo that cannot be read is left out with a note."""
    if brief.product_photo is not None:
        try:
            return _photographed(decode_photo(brief.product_photo, longest_side=LONGEST_SIDE), brief.facts, models)
        except InputFault as fault:
            notes.append(f"The product's photo was left out. {fault.message}")
    return _drawn(brief, models)


def _photographed(image: Image.Image, facts: ProductFacts, models: Path) -> ProductPicture:
    if facts.kind == "software" and is_screenshot(image):
        framed = picture(np.asarray(image.convert("RGBA")))
        return ProductPicture(figure=framed, shows=frozenset({"screenshot"}), note="The screenshot stands in a device.")
    own = cutout.cut_out_by_alpha(image)
    if own is not None:
        return ProductPicture(
            figure=_skia(own.image), shows=frozenset({"cutout"}), note="The photo's own transparency was kept."
        )
    whole = _skia(image)
    if is_person(image, models):
        return ProductPicture(
            photo=whole, shows=frozenset({"photo"}), note="The photo kept its background: it shows a person."
        )
    try:
        cut = cutout.cut_out(image, model_files.model_path(model_files.U2NETP, models))
    except model_files.ModelMissing:
        return ProductPicture(photo=whole, shows=frozenset({"photo"}), note="The photo kept its background.")
    if cut.doubt:
        return ProductPicture(
            photo=whole, shows=frozenset({"photo"}), note=f"The photo kept its background: {cut.doubt}."
        )
    return ProductPicture(
        photo=whole,
        figure=_skia(cut.image),
        shows=frozenset({"photo", "cutout"}),
        note="The product was cut out of its photo.",
    )


def _drawn(brief: VideoBrief, models: Path) -> ProductPicture:
    facts = brief.facts
    name = drawing_for(
        trade=facts.trade,
        sector=facts.sector,
        kind=facts.kind,
        confidence=facts.confidence,
        sensitive=facts.sensitive,
        subject=facts.subject,
        language=facts.language,
        seed=f"{brief.seed}|{brief.product_name}",
    )
    trade = facts.trade_name or facts.trade or "its trade"
    if name:
        try:
            path = model_files.model_path(model_files.PICTOGRAMS, models)
        except model_files.ModelMissing:
            return ProductPicture(note=f"The product has no photo: its name stands for it. {ASK}")
        return ProductPicture(
            pictogram=Pictogram(path=path, name=name),
            shows=frozenset({"drawing"}),
            note=f"The product has no photo: a drawing ({name.replace('-', ' ')}) stands for {trade}. {ASK}",
        )
    return ProductPicture(note=f"The product has no photo, and no drawing certainly fits it: its name is shown. {ASK}")


def _skia(image: Image.Image) -> Any:
    return picture(np.asarray(image.convert("RGBA")))
