"""What is shown of a product without a photo: a drawing that stands for its trade, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.image.domain import ImageBrief
from services.image.providers.local import stages
from services.image.providers.local.choice import Choice
from services.image.providers.local.figure import Figure
from services.media.colour import Colour
from services.media.drawings import render
from services.media.trade_drawings import drawing_for

COLOURFUL: Final = 0.04  # chroma from which a brand's colour is worth giving to a drawing
APART: Final = 0.3  # of lightness between a drawing and what is behind it

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
    )
    if name and drawings is not None:
        trade = subject.trade_name or "its trade"
        note = f"The product has no photo: a drawing ({_words(name)}) stands for {trade}."
    elif name:
        note = "The product has no photo, and the drawings are not installed: the picture is made of type."
    elif subject.trade:
        trade = subject.trade_name or subject.trade
        note = f"The product has no photo, and no drawing certainly fits it ({trade}): the picture is made of type."
    else:
        note = "The product has no photo, and what it is was not recognised: the picture is made of type."
    return Emblem(name=name if drawings is not None else "", path=drawings, note=f"{note} {ASK}")


def figure_of(emblem: Emblem, brief: ImageBrief, choice: Choice) -> Figure | None:
    """Renders the drawing for the chosen colours; None where there is none."""
    if not emblem.name or emblem.path is None:
        return None
    drawing = render(emblem.path, emblem.name, _colour(brief, choice))
    return Figure(
        name=_words(emblem.name),
        aspect=drawing.aspect,
        floats=True,
        flat_base=0.0,
        image=drawing.image,
        flat=True,
    )


def _words(name: str) -> str:
    return name.replace("-", " ")


def _colour(brief: ImageBrief, choice: Choice) -> Colour:
    """The brand's colour, moved away from what is behind the drawing."""
    colours = choice.palette
    brand = (Colour.of(text) for text in brief.brand_colours)
    own = next((colour for colour in brand if colour.chroma > COLOURFUL), colours.accent)
    behind = colours.background.mixed(colours.background_end, 0.5).lightness
    if choice.composition.stage in ("disc", "card"):
        behind = colours.secondary.lightness
    elif choice.composition.stage == "burst":
        behind = stages.burst_colour(colours).lightness
    lightness = own.lightness
    if abs(lightness - behind) < APART:
        lightness = behind + APART if behind < 0.6 else behind - APART
    return own.with_lightness(min(max(lightness, 0.34), 0.84))
