"""The six styles: which compositions each knows, their type, ground, stage and colours."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Final

from services.image.domain import Style
from services.image.providers.local.arrangement import TYPE_PLANS, Plan
from services.image.providers.local.posters import poster_style
from services.image.providers.local.textstack import ButtonShape, TypeLook
from services.media import fonts
from services.media.colour import Harmony, Mood
from services.media.field_palette import Scheme
from services.media.text_shaping import Face


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """One way a style can look. `pairs` are (headline family, weight, text family)."""

    name: str
    plan: Plan
    ground: str
    stage: str
    mood: Mood
    pairs: tuple[tuple[str, int, str], ...]
    harmony: Harmony = Harmony.COMPLEMENTARY
    button: ButtonShape = ButtonShape.PILL
    headline: float = 14.0
    leading: float = 1.05
    tracking: float = -0.015
    capitals: bool = False
    pill: bool = False
    arrow: bool = True
    badge: bool = False
    overlay: str = ""
    reflection: float = 0.0
    product_share: float = 1.0
    photographic: bool = False  # before a photographed place, where those are installed
    scheme: Scheme | None = None  # of a poster's colours
    stretch: float = 1.0  # of a headline's lines, to fill their column


POSTER_PRICE: Final = 12.0  # units of a price's size on a poster
POSTER: Final = "poster"  # the ground of compositions whose layout has fields of colour

SANS: Final = (
    ("Inter", 900, "Inter"),
    ("Montserrat", 800, "Inter"),
    ("Sora", 800, "Inter"),
    ("Manrope", 800, "Manrope"),
)
SERIF: Final = (("Playfair Display", 800, "DM Sans"), ("Fraunces", 600, "DM Sans"), ("Lora", 700, "Inter"))
LOUD: Final = (("Anton", 400, "Inter"), ("Bebas Neue", 400, "Montserrat"))
HEAVY: Final = (("Montserrat", 900, "Montserrat"), ("Poppins", 900, "Poppins"), ("Inter", 900, "Inter"))
QUIET: Final = (("Fraunces", 500, "Inter"), ("Manrope", 600, "Manrope"), ("DM Sans", 600, "DM Sans"))
CLEAR: Final = (("Sora", 700, "Inter"), ("DM Sans", 700, "DM Sans"), ("Manrope", 800, "Manrope"))

COMPOSITIONS: Final[dict[Style, tuple[Composition, ...]]] = {
    Style.PRODUCT_HERO: (
        Composition(
            name="podium in coloured light",
            plan=Plan.SIDE,
            ground="rings",
            stage="plinth",
            mood=Mood.DARK,
            pairs=SANS,
            pill=True,
        ),
        Composition(
            name="studio floor",
            photographic=True,
            plan=Plan.TOP,
            ground="floor",
            stage="none",
            mood=Mood.LIGHT,
            pairs=SANS,
            reflection=0.22,
        ),
        Composition(
            name="podium in daylight",
            photographic=True,
            plan=Plan.MIRRORED,
            ground="plain",
            stage="plinth",
            mood=Mood.PASTEL,
            pairs=SANS,
            harmony=Harmony.ANALOGOUS,
        ),
        Composition(
            name="spotlit stage",
            photographic=True,
            plan=Plan.TOP,
            ground="mesh",
            stage="plinth",
            mood=Mood.DARK,
            pairs=SANS,
            harmony=Harmony.SPLIT,
        ),
    ),
    Style.LIFESTYLE: (
        Composition(
            name="scene beside the text",
            photographic=True,
            plan=Plan.SIDE,
            ground="scene",
            stage="none",
            mood=Mood.LIGHT,
            pairs=SERIF,
            headline=12.5,
            leading=1.1,
            tracking=-0.01,
            harmony=Harmony.ANALOGOUS,
        ),
        Composition(
            name="scene below the text",
            photographic=True,
            plan=Plan.TOP,
            ground="scene",
            stage="none",
            mood=Mood.LIGHT,
            pairs=SERIF,
            headline=12.5,
            leading=1.1,
            tracking=-0.01,
            harmony=Harmony.ANALOGOUS,
        ),
        Composition(
            name="scene with the text on a panel",
            photographic=True,
            plan=Plan.PANEL,
            ground="scene",
            stage="none",
            mood=Mood.LIGHT,
            pairs=(("DM Sans", 800, "DM Sans"), *SERIF),
            headline=11.5,
            leading=1.1,
            harmony=Harmony.ANALOGOUS,
        ),
    ),
    Style.MINIMAL: (
        Composition(
            name="gallery wall",
            plan=Plan.GALLERY,
            ground="plain",
            stage="none",
            mood=Mood.LIGHT,
            pairs=QUIET,
            headline=9.0,
            leading=1.14,
            button=ButtonShape.LINK,
            arrow=True,
            tracking=-0.02,
        ),
        Composition(
            name="niche",
            plan=Plan.SIDE,
            ground="arch",
            stage="none",
            mood=Mood.PASTEL,
            pairs=QUIET,
            headline=9.8,
            leading=1.12,
            button=ButtonShape.OUTLINE,
            arrow=False,
            harmony=Harmony.MONOCHROME,
            product_share=0.86,
        ),
        Composition(
            name="quiet studio",
            plan=Plan.TOP,
            ground="floor",
            stage="none",
            mood=Mood.PASTEL,
            pairs=QUIET,
            headline=9.6,
            leading=1.12,
            button=ButtonShape.OUTLINE,
            arrow=False,
            harmony=Harmony.MONOCHROME,
            product_share=0.88,
        ),
    ),
    Style.BOLD: (
        Composition(
            name="loud poster",
            plan=Plan.POSTER,
            ground="sunburst",
            stage="none",
            mood=Mood.VIVID,
            pairs=LOUD,
            capitals=True,
            headline=25,
            leading=1.04,
            tracking=0.0,
            button=ButtonShape.SQUARE,
            badge=True,
        ),
        Composition(
            name="two fields",
            plan=Plan.SIDE,
            ground="split",
            stage="burst",
            mood=Mood.VIVID,
            pairs=HEAVY,
            headline=15.5,
            leading=0.99,
            tracking=-0.03,
            button=ButtonShape.SQUARE,
        ),
        Composition(
            name="halftone",
            plan=Plan.POSTER,
            ground="halftone",
            stage="disc",
            mood=Mood.VIVID,
            pairs=(*LOUD, *HEAVY),
            capitals=True,
            headline=22,
            leading=1.02,
            tracking=-0.01,
            button=ButtonShape.SQUARE,
            badge=True,
        ),
        Composition(
            name="building blocks",
            plan=Plan.PANEL,
            ground="geometric",
            stage="none",
            mood=Mood.VIVID,
            pairs=HEAVY,
            headline=14.5,
            leading=1.0,
            tracking=-0.03,
            button=ButtonShape.SOFT,
        ),
    ),
    Style.SEASONAL: (
        Composition(
            name="season beside the text",
            plan=Plan.SIDE,
            ground="season",
            stage="plinth",
            mood=Mood.LIGHT,
            pairs=(*SERIF[:2], ("Poppins", 800, "Poppins")),
            headline=13,
            leading=1.06,
            badge=True,
        ),
        Composition(
            name="season below the text",
            plan=Plan.TOP,
            ground="season",
            stage="plinth",
            mood=Mood.LIGHT,
            pairs=(*SERIF[:2], ("Poppins", 800, "Poppins")),
            headline=13,
            leading=1.06,
        ),
        Composition(
            name="season above the text",
            plan=Plan.BOTTOM,
            ground="season",
            stage="plinth",
            mood=Mood.LIGHT,
            pairs=(*SERIF[:2], ("Poppins", 800, "Poppins")),
            headline=12.5,
            leading=1.06,
            badge=True,
        ),
    ),
    Style.MODERN: (
        Composition(
            name="card and gradient",
            plan=Plan.SIDE,
            ground="mesh",
            stage="card",
            mood=Mood.LIGHT,
            pairs=CLEAR,
            headline=12.5,
            button=ButtonShape.SOFT,
            pill=True,
            product_share=0.86,
            harmony=Harmony.ANALOGOUS,
        ),
        Composition(
            name="organic shapes",
            plan=Plan.MIRRORED,
            ground="blobs",
            stage="none",
            mood=Mood.PASTEL,
            pairs=CLEAR,
            headline=12.5,
            button=ButtonShape.SOFT,
            harmony=Harmony.SPLIT,
        ),
        Composition(
            name="drawing board",
            plan=Plan.TOP,
            ground="grid",
            stage="disc",
            mood=Mood.LIGHT,
            pairs=CLEAR,
            headline=12,
            button=ButtonShape.SOFT,
            pill=True,
            harmony=Harmony.TRIADIC,
        ),
        Composition(
            name="dark waves",
            plan=Plan.TOP,
            ground="waves",
            stage="none",
            mood=Mood.DARK,
            pairs=CLEAR,
            headline=12.5,
            button=ButtonShape.SOFT,
            harmony=Harmony.ANALOGOUS,
        ),
    ),
}

# Compositions of type alone, for products without a photo that no drawing stands for.
TYPE_COMPOSITIONS: Final[dict[Style, tuple[Composition, ...]]] = {
    Style.PRODUCT_HERO: (
        Composition(
            name="type in coloured light",
            plan=Plan.TYPE,
            ground="rings",
            stage="none",
            mood=Mood.DARK,
            pairs=SANS,
            pill=True,
            headline=27,
            leading=1.02,
            tracking=-0.02,
        ),
        Composition(
            name="type on a deep gradient",
            photographic=True,
            plan=Plan.TYPE,
            ground="mesh",
            stage="none",
            mood=Mood.DARK,
            pairs=SANS,
            harmony=Harmony.SPLIT,
            headline=27,
            leading=1.02,
            tracking=-0.02,
        ),
        Composition(
            name="centred type in light",
            photographic=True,
            plan=Plan.TYPE_CENTRED,
            ground="plain",
            stage="none",
            mood=Mood.VIVID,
            pairs=SANS,
            harmony=Harmony.ANALOGOUS,
            headline=25,
            leading=1.02,
            tracking=-0.02,
        ),
        Composition(
            name="type over waves",
            plan=Plan.TYPE,
            ground="waves",
            stage="none",
            mood=Mood.PASTEL,
            pairs=SANS,
            headline=26,
            leading=1.02,
            tracking=-0.02,
        ),
    ),
    Style.LIFESTYLE: (
        Composition(
            name="type on a sunlit wall",
            photographic=True,
            plan=Plan.TYPE,
            ground="scene",
            stage="none",
            mood=Mood.LIGHT,
            pairs=SERIF,
            headline=24,
            leading=1.08,
            tracking=-0.015,
            harmony=Harmony.ANALOGOUS,
        ),
        Composition(
            name="centred type on a sunlit wall",
            photographic=True,
            plan=Plan.TYPE_CENTRED,
            ground="scene",
            stage="none",
            mood=Mood.PASTEL,
            pairs=SERIF,
            headline=22,
            leading=1.08,
            tracking=-0.015,
            harmony=Harmony.ANALOGOUS,
        ),
    ),
    Style.MINIMAL: (
        Composition(
            name="quiet page",
            plan=Plan.TYPE,
            ground="plain",
            stage="none",
            mood=Mood.LIGHT,
            pairs=QUIET,
            headline=19,
            leading=1.1,
            tracking=-0.025,
            button=ButtonShape.OUTLINE,
            arrow=False,
        ),
        Composition(
            name="centred page",
            plan=Plan.TYPE_CENTRED,
            ground="plain",
            stage="none",
            mood=Mood.PASTEL,
            pairs=QUIET,
            headline=18,
            leading=1.1,
            tracking=-0.02,
            button=ButtonShape.OUTLINE,
            arrow=False,
            harmony=Harmony.MONOCHROME,
        ),
    ),
    Style.BOLD: (
        Composition(
            name="loud type",
            plan=Plan.TYPE,
            ground="halftone",
            stage="none",
            mood=Mood.VIVID,
            pairs=(*LOUD, *HEAVY),
            capitals=True,
            headline=40,
            leading=1.0,
            tracking=-0.01,
            button=ButtonShape.SQUARE,
        ),
        Composition(
            name="type on rays",
            plan=Plan.TYPE,
            ground="sunburst",
            stage="none",
            mood=Mood.VIVID,
            pairs=LOUD,
            capitals=True,
            headline=40,
            leading=1.04,
            tracking=0.0,
            button=ButtonShape.SQUARE,
        ),
        Composition(
            name="type on stripes",
            plan=Plan.TYPE,
            ground="stripes",
            stage="none",
            mood=Mood.VIVID,
            pairs=HEAVY,
            headline=24,
            leading=1.0,
            tracking=-0.025,
            button=ButtonShape.SQUARE,
        ),
        Composition(
            name="type among blocks",
            plan=Plan.TYPE,
            ground="geometric",
            stage="none",
            mood=Mood.VIVID,
            pairs=HEAVY,
            headline=27,
            leading=1.0,
            tracking=-0.025,
            button=ButtonShape.SOFT,
        ),
    ),
    Style.SEASONAL: (
        Composition(
            name="type in the season",
            plan=Plan.TYPE,
            ground="season",
            stage="none",
            mood=Mood.LIGHT,
            pairs=(*SERIF[:2], ("Poppins", 800, "Poppins")),
            headline=24,
            leading=1.05,
        ),
        Composition(
            name="centred type in the season",
            plan=Plan.TYPE_CENTRED,
            ground="season",
            stage="none",
            mood=Mood.LIGHT,
            pairs=(*SERIF[:2], ("Poppins", 800, "Poppins")),
            headline=22,
            leading=1.05,
        ),
    ),
    Style.MODERN: (
        Composition(
            name="type on a light gradient",
            plan=Plan.TYPE,
            ground="mesh",
            stage="none",
            mood=Mood.LIGHT,
            pairs=CLEAR,
            headline=24,
            button=ButtonShape.SOFT,
            pill=True,
            harmony=Harmony.ANALOGOUS,
        ),
        Composition(
            name="type among shapes",
            plan=Plan.TYPE,
            ground="blobs",
            stage="none",
            mood=Mood.PASTEL,
            pairs=CLEAR,
            headline=24,
            button=ButtonShape.SOFT,
            harmony=Harmony.SPLIT,
        ),
        Composition(
            name="type on a drawing board",
            plan=Plan.TYPE,
            ground="grid",
            stage="none",
            mood=Mood.LIGHT,
            pairs=CLEAR,
            headline=23,
            button=ButtonShape.SOFT,
            pill=True,
            harmony=Harmony.TRIADIC,
        ),
        Composition(
            name="type on dark waves",
            plan=Plan.TYPE,
            ground="waves",
            stage="none",
            mood=Mood.DARK,
            pairs=CLEAR,
            headline=24,
            button=ButtonShape.SOFT,
            harmony=Harmony.ANALOGOUS,
        ),
    ),
}

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
    return draw.choice((TYPE_COMPOSITIONS if type_alone else COMPOSITIONS)[style])


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
