"""What is shown of a product without a photo: a drawing that stands for its trade, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.image.domain import ImageBrief
from services.image.providers.local import motifs, stages
from services.image.providers.local.choice import Choice
from services.image.providers.local.figure import Figure
from services.image.providers.local.geometry import Frame
from services.image.providers.local.posters import Tone
from services.media.colour import Colour
from services.media.drawing_choice import drawing_for
from services.media.signs import is_stored, words_of

ASK: Final = "Upload a photo to show the product itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Emblem:
    """A drawing that stands for a product: its name, "" for none, the file that holds it, and the note that says so."""

    name: str
    path: Path | None
    note: str


def emblem_of(brief: ImageBrief, drawings: Path | None) -> Emblem:
    """Chooses the drawing for a product without a photo. `drawings` is their file; None: not installed.

    None is chosen where the trade is not certain or no drawing fits all that it sells: a picture never shows a product
    that the customer did not.
    """
    subject = brief.subject
    name = drawing_for(
        trade=subject.trade,
        sector=subject.sector,
        kind=subject.kind,
        confidence=subject.confidence,
        sensitive=subject.sensitive,
        subject=subject.subject,
        language=subject.language,
        seed=f"{brief.concept or brief.seed}|{brief.product_name}",
        name=brief.product_name,
        description="\n".join((brief.description, *brief.features)),
        brand=brief.brand_name,
    )
    if not is_stored(drawings, name):
        drawings = None
    if name and drawings is not None:
        trade = subject.trade_name or "it"
        note = f"The product has no photo: a drawing ({words_of(name)}) stands for {trade}."
    elif name:
        note = "The product has no photo, and the drawings are not installed: the picture is made of type."
    elif subject.trade:
        trade = subject.trade_name or subject.trade
        note = f"The product has no photo, and no drawing certainly fits it ({trade}): the picture is made of type."
    else:
        note = "The product has no photo, and what it is was not recognised: the picture is made of type."
    return Emblem(name=name if drawings is not None else "", path=drawings, note=f"{note} {ASK}")


def place_note(words: str) -> str:
    """Returns the note of a picture that shows a photographed place instead of the product. words: where it is."""
    return f"The product has no photo: a photographed place ({words}) sets the scene. It is a symbol. {ASK}"


def figure_of(emblem: Emblem, frame: Frame, choice: Choice) -> Figure | None:
    """Renders the drawing for the chosen colours; None where there is none."""
    if not emblem.name or emblem.path is None:
        return None
    drawing = motifs.drawn_on(_behind(frame, choice), Tone.ACCENT, choice.palette, emblem.path, emblem.name)
    return Figure(
        name=words_of(emblem.name),
        aspect=drawing.aspect,
        floats=True,
        flat_base=0.0,
        image=drawing.image,
        drawn=True,
    )


def _behind(frame: Frame, choice: Choice) -> Colour:
    """The colour of what the drawing stands before."""
    colours = choice.palette
    if choice.layout.poster:
        photos = choice.layout.boxes[frame.ratio].photos
        fields = choice.layout.fields(frame)
        if not photos:
            return colours.background
        return motifs.under(photos[0].of(frame.whole), fields, colours)
    if choice.composition.stage in ("disc", "card"):
        return colours.secondary
    if choice.composition.stage == "burst":
        return stages.burst_colour(colours)
    return colours.background.mixed(colours.background_end, 0.5)
