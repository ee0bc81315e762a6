"""What is shown of a product: its photo, cut out or whole, its screenshot, a drawing for its trade, or its name.

Nothing here invents a product: a drawing is one that services.media.drawing_choice certainly gives, and without one the
name stands alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from services.chassis.errors import InputFault
from services.media import cutout, model_files, panoramas
from services.media.colour import BLACK, WHITE, Colour, contrast
from services.media.drawing_choice import drawing_for
from services.media.drawn_objects import ALONE, drawn
from services.media.faces import is_person
from services.media.photo import decode_photo
from services.media.places import CERTAIN, chosen_place, places_for
from services.media.screenshots import is_screenshot
from services.media.signs import is_stored, words_of
from services.media.skia import skia
from services.video.domain import ProductFacts, VideoBrief
from services.video.providers.local.photos import picture
from services.video.providers.local.strokes import box

LONGEST_SIDE: Final = 1600  # pixels of a decoded photo: a zoom shows it at about this size
PAPER: Final = WHITE  # the rim of a drawing whose edge would be lost
FINE: Final = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)
SHADOW: Final = 0.3
SHADOW_FALL: Final = 0.025  # of a drawing's size
HORIZON: Final = 0.6  # share of the height above it
PLACE_BLUR: Final = 0.007  # of the longer side: less would show the few pixels of a panorama
PLACE_TONE: Final = 0.3  # linear tone of a place in the middle
MOST_EXPOSURE: Final = 30.0  # a night is not made a day
ASK: Final = "Upload a photo to show the product itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDrawing:
    """A drawing that stands for a trade. path: the file that holds it."""

    path: Path
    name: str

    def draw(
        self,
        canvas: Any,
        x: float,
        y: float,
        size: float,
        colours: Sequence[Colour],
        *,
        behind: Colour,
        turn: float = 0.0,
    ) -> None:
        """Draws it about the point (x, y), its longer side `size` pixels, turned by `turn` degrees, with a shadow.

        colours: of the film, of which an article that is made in any colour takes the first that is seen on what is
        behind it.
        """
        base = next((each for each in colours if contrast(each, behind) >= ALONE), None)
        base = base or max(colours, key=lambda each: contrast(each, behind))
        image = drawn(self.path, self.name, behind=behind, base=base, paper=PAPER).image
        grow = size / max(image.width(), image.height())
        wide, tall = image.width() * grow, image.height() * grow
        fall = size * SHADOW_FALL
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(turn)
        shadow = skia.Paint(ImageFilter=skia.ImageFilters.DropShadowOnly(0, fall, fall, fall, BLACK.argb(SHADOW)))
        canvas.drawImageRect(image, box(-wide / 2, -tall / 2, wide, tall), FINE, shadow)
        canvas.drawImageRect(image, box(-wide / 2, -tall / 2, wide, tall), FINE)
        canvas.restore()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPicture:
    """What there is to show.

    photo: the whole photo, None without one. figure: the product alone, a skia.Image with transparency; None where only
    a whole photo or none is shown. drawing: what stands for the product. place: a skia.Image of a place that suits the
    trade of a product without a photo. things: the file of drawings from which shots take what they name, None where
    something stands for the product. shows: of shots.NEEDS. note: for the customer.
    """

    photo: Any = None
    figure: Any = None
    drawing: TradeDrawing | None = None
    place: Any = None
    things: Path | None = None
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
        name=brief.product_name,
        description=brief.description,
        brand=brief.brand_name,
    )
    trade = facts.trade_name or facts.trade or "its trade"
    place = _place(brief, models)
    try:
        path = model_files.model_path(model_files.DRAWINGS, models)
    except model_files.ModelMissing:
        return ProductPicture(place=place, note=f"The product has no photo: its name stands for it. {ASK}")
    if name and is_stored(path, name):
        return ProductPicture(
            drawing=TradeDrawing(path=path, name=name),
            place=place,
            shows=frozenset({"drawing"}),
            note=f"The product has no photo: a drawing ({words_of(name)}) stands for {trade}. {ASK}",
        )
    return ProductPicture(
        place=place,
        things=path,
        note=f"The product has no photo, and no drawing certainly fits it: its name is shown. {ASK}",
    )


def _place(brief: VideoBrief, models: Path) -> Any:
    """A view of a place that suits the product's trade; None where the trade is not certain: any place would tell
    something that nobody has said."""
    facts = brief.facts
    if facts.confidence not in CERTAIN or not facts.sector:
        return None
    names = places_for(trade=facts.trade, sector=facts.sector, confidence=facts.confidence, sensitive=facts.sensitive)
    chance = random.Random(f"place {brief.seed}")
    chosen = chosen_place(names, chance)
    if not (models / panoramas.file_name(chosen.panorama)).is_file():
        return None
    view = panoramas.View(
        panorama=chosen.panorama, yaw=chance.choice(chosen.yaws), width=chosen.view, horizon=HORIZON, blur=PLACE_BLUR
    )
    width, height = brief.aspect_ratio.size(brief.resolution)
    light = panoramas.looked_at(models, view, width, height)
    exposure = min(PLACE_TONE / max(float(np.median(light @ panoramas.WEIGHTS)), 1e-3), MOST_EXPOSURE)
    shown = panoramas.developed(light, exposure=exposure)
    return picture(np.dstack([shown, np.full(shown.shape[:2], 255, np.uint8)]))


def _skia(image: Image.Image) -> Any:
    return picture(np.asarray(image.convert("RGBA")))
