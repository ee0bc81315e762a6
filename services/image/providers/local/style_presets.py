"""The six styles: chooses one of a style's compositions, or its poster, and the type of either."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

from services.image.domain import Style
from services.image.providers.local.arrangement import TYPE_PLANS, Plan
from services.image.providers.local.compositions import Composition, compositions
from services.image.providers.local.posters import poster_style
from services.image.providers.local.text_column import TypeLook
from services.media import fonts
from services.media.colour import Mood
from services.media.field_palette import Scheme
from services.media.text_shaping import Face

POSTER_PRICE: Final = 12.0  # units of a price's size on a poster
POSTER: Final = "poster"  # the ground of compositions whose layout has fields of colour

# What a prompt's layout words turn a composition's plan into.
LAYOUT_PLANS: Final[dict[str, tuple[Plan, ...]]] = {
    "text_left": (Plan.SIDE, Plan.POSTER, Plan.PANEL),
    "text_right": (Plan.MIRRORED,),
    "centred": (Plan.TOP, Plan.BOTTOM, Plan.GALLERY),
    "text_top": (Plan.TOP, Plan.POSTER),
    "text_bottom": (Plan.BOTTOM, Plan.GALLERY, Plan.PANEL),
}


# The same for type alone.
TYPE_LAYOUTS: Final[dict[str, Plan]] = {
    "text_left": Plan.TYPE,
    "text_right": Plan.TYPE_RIGHT,
    "centred": Plan.TYPE_CENTRED,
}


def choose(style: Style, draw: random.Random, *, type_alone: bool = False) -> Composition:
    """One of the style's compositions, with something to show or of type alone."""
    return draw.choice(compositions(type_alone=type_alone)[style])


MOOD_SCHEMES: Final = {
    Mood.DARK: Scheme.DEEP,
    Mood.LIGHT: Scheme.PAPER,
    Mood.PASTEL: Scheme.PAPER,
    Mood.VIVID: Scheme.BRAND,
}


def poster(style: Style, draw: random.Random, *, type_alone: bool = False, mood: Mood | None = None) -> Composition:
    """The style's composition of fields of colour, in one of its schemes or that of a mood."""
    made = poster_style(style)
    scheme = draw.choice(made.schemes)
    scheme = MOOD_SCHEMES[mood] if mood is not None else scheme
    return Composition(
        name=f"poster on {scheme}",
        plan=Plan.PHOTO,
        ground=POSTER,
        stage="none",
        mood=Mood.DARK if scheme is Scheme.DEEP else Mood.LIGHT if scheme is Scheme.PAPER else Mood.VIVID,
        pairs=made.pairs,
        button=made.button,
        headline=made.headline if type_alone else made.drawn_headline,
        leading=made.leading,
        tracking=made.tracking,
        capitals=made.capitals,
        photographic=style is Style.LIFESTYLE,
        scheme=scheme,
        stretch=made.stretch if type_alone else 1 + (made.stretch - 1) * 0.5,
    )


def with_layout(composition: Composition, layout: str) -> Composition:
    """The composition with the plan a prompt asked for."""
    if composition.plan in TYPE_PLANS:
        return replace(composition, plan=TYPE_LAYOUTS.get(layout, composition.plan))
    plans = LAYOUT_PLANS[layout]
    return composition if composition.plan in plans else replace(composition, plan=plans[0])


def type_look(composition: Composition, brand_font: str, draw: random.Random) -> tuple[TypeLook, str]:
    """Faces and proportions, and a note when the brand's own font had to be stood in for."""
    family, weight, text = draw.choice(composition.pairs)
    note = ""
    if brand_font.strip():
        family = fonts.nearest_family(brand_font)
        kind = fonts.FAMILIES[family].kind
        text = family if kind in ("sans", "geometric") else "Inter"
        if not fonts.is_bundled(brand_font):
            note = f"The brand's font {brand_font.strip()} is not among the bundled ones; {family} stands in for it."
        if composition.headline >= 14:  # a loud style stays loud in the brand's own face
            weight = max(weight, 800)
    heaviest = fonts.FAMILIES[family].heaviest
    condensed = fonts.FAMILIES[family].kind == "condensed"
    tracking = 0.005 if condensed else composition.tracking
    headline = composition.headline
    capitals = composition.capitals
    if brand_font.strip() and not condensed and composition.capitals:
        headline *= 0.7
    leading = composition.leading
    if condensed:  # capitals have no descenders: the lines stand closer, with room for an accent
        leading = Face(family=family, weight=heaviest).metrics().cap_height * 1.3
    strong = Face(family=text, weight=min(700, fonts.FAMILIES[text].heaviest))
    return (
        TypeLook(
            headline=Face(family=family, weight=min(weight, heaviest), tracking=tracking),
            text=Face(family=text, weight=500 if fonts.FAMILIES[text].heaviest >= 500 else 400),
            strong=strong,
            headline_largest=headline,
            headline_leading=leading,
            headline_capitals=capitals,
            eyebrow_pill=composition.pill,
            button=composition.button,
            arrow=composition.arrow,
            stretch=composition.stretch,
            stress=composition.scheme is not None,
            price=Face(family=family, weight=min(weight, heaviest)) if composition.scheme else None,
            price_size=POSTER_PRICE if composition.scheme else 7.2,
        ),
        note,
    )
