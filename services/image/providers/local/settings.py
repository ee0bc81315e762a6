"""Settings that products are at home in: their colours, which of them fits a product, and their light."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.image.providers.local import brushes
from services.image.providers.local.scene_context import Set
from services.media.colour import BLACK, WHITE, Colour, Mood, Palette, contrast, readable_on

# Upper and lower colour of what is behind, and the surface the product stands on.
SETTING_COLOURS: Final[dict[str, tuple[str, str, str]]] = {
    "beach": ("#bfe4f4", "#fbf1da", "#efd7a4"),
    "pool": ("#d8f3f4", "#bfeaf0", "#f1ece0"),
    "desert": ("#f9e0c3", "#f4bf92", "#dd9763"),
    "mountains": ("#cfe3f3", "#f5efe4", "#86a88a"),
    "forest": ("#e6f1e0", "#c3ddb8", "#7d9c68"),
    "garden": ("#e2f2ef", "#f9f4df", "#a7cc8c"),
    "kitchen": ("#f5eee3", "#ecdfcd", "#c79b6d"),
    "bathroom": ("#e4efee", "#d5e5e3", "#f2eee6"),
    "room": ("#f1e6d9", "#e7d4c0", "#b3855a"),
    "desk": ("#eaeef3", "#dbe2ea", "#c7a27b"),
    "city": ("#d9e4f4", "#f8dfca", "#969cac"),
    "gym": ("#e4e7ec", "#cdd3db", "#4f5560"),
    "sky": ("#8fc6f1", "#e9f5fc", "#ffffff"),
    "space": ("#0b1030", "#2c1a5c", "#43307c"),
}

# Which products belong where, by words; the first that fits wins.
SETTING_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("beach", ("sunscreen", "sun cream", "spf", "sunglasses", "swim", "surf", "beach", "flip-flops", "towel")),
    (
        "bathroom",
        (
            "serum",
            "cream",
            "shampoo",
            "soap",
            "skincare",
            "skin",
            "lotion",
            "toothpaste",
            "bath",
            "shower",
            "face",
            "perfume",
            "deodorant",
            "lipstick",
            "makeup",
            "hair",
        ),
    ),
    ("gym", ("gym", "workout", "kettlebell", "dumbbell", "protein", "fitness", "training")),
    (
        "desk",
        (
            "laptop",
            "software",
            "app",
            "notebook",
            "planner",
            "keyboard",
            "desk",
            "office",
            "course",
            "productivity",
            "book",
            "headphones",
            "earbuds",
            "phone",
            "smart watch",
            "smartwatch",
            "lamp",
        ),
    ),
    (
        "kitchen",
        (
            "coffee",
            "tea",
            "chocolate",
            "honey",
            "jam",
            "oil",
            "wine",
            "snack",
            "cook",
            "pan",
            "mug",
            "kitchen",
            "food",
            "sauce",
            "spice",
            "bread",
            "juice",
            "beans",
            "granola",
            "espresso",
            "roast",
            "chocolat",
            "dessert",
            "crème",
            "cake",
            "cookie",
            "biscuit",
            "cereal",
            "kettle",
            "knife",
            "blender",
        ),
    ),
    (
        "mountains",
        (
            "hiking",
            "trail",
            "outdoor",
            "backpack",
            "tent",
            "camping",
            "bottle",
            "boots",
            "adventure",
            "running",
            "travel",
            "suitcase",
        ),
    ),
    (
        "city",
        (
            "sneaker",
            "bike",
            "bicycle",
            "scooter",
            "commute",
            "city",
            "urban",
            "fashion",
            "handbag",
            "tote",
            "leather",
            "coat",
        ),
    ),
    ("garden", ("plant", "garden", "herb", "flower", "dog", "cat", "pet", "picnic")),
    (
        "room",
        (
            "candle",
            "lamp",
            "sofa",
            "chair",
            "blanket",
            "pillow",
            "home",
            "diffuser",
            "speaker",
            "furniture",
            "rug",
            "yoga",
        ),
    ),
)


def setting_for(texts: Sequence[str], draw: random.Random) -> str:
    """The setting a product is at home in, by its name before its description; without a hint a room or a desk."""
    for text in texts:
        words = text.casefold()
        for setting, hints in SETTING_WORDS:
            if any(hint in words and re.search(rf"\b{re.escape(hint)}(?:e?s)?\b", words) for hint in hints):
                return setting
    return draw.choice(("room", "desk"))


def scene_palette(setting: str, brand: Palette, mood: Mood, light_word: str | None) -> Palette:
    """The setting's colours, tinted by the brand and moved to the mood; the brand keeps its accent."""
    if setting not in SETTING_COLOURS:
        return brand
    upper, lower, base = (Colour.of(text) for text in SETTING_COLOURS[setting])
    if light_word == "sunset":
        upper, lower = Colour.of("#f6b184").mixed(upper, 0.15), Colour.of("#ffe3b8")
    tint = brand.secondary
    upper, lower, base = (colour.mixed(tint, 0.08) for colour in (upper, lower, base))
    if mood is Mood.DARK and setting != "space":
        upper, lower = (_dimmed(colour, 0.2) for colour in (upper, lower.lighter(-0.05)))
        base = _dimmed(base, 0.26)
    elif mood is Mood.VIVID:
        upper, lower, base = (colour.with_chroma(min(0.16, colour.chroma * 1.9)) for colour in (upper, lower, base))
    elif mood is Mood.PASTEL:
        upper, lower, base = (colour.with_chroma(colour.chroma * 0.8).lighter(0.02) for colour in (upper, lower, base))
    return grounded(brand, upper, lower, base)


def _dimmed(colour: Colour, lightness: float) -> Colour:
    return Colour.from_oklch(
        lightness + 0.1 * (colour.lightness - 0.8), min(0.07, max(colour.chroma, 0.025)), colour.hue
    )


def grounded(brand: Palette, upper: Colour, lower: Colour, base: Colour) -> Palette:
    dark = upper.luminance < 0.2
    ink = Colour.from_oklch(0.985, 0.01, upper.hue) if dark else Colour.from_oklch(0.23, 0.04, brand.accent.hue)
    ink = readable_on(upper, ink, 7.0)
    accent = brand.accent
    if contrast(accent, base) < 1.6:
        accent = readable_on(base, accent, 2.2)
    accent_ink = max((WHITE, Colour.from_oklch(0.2, 0.03, accent.hue)), key=lambda colour: contrast(colour, accent))
    return replace(
        brand,
        background=upper,
        background_end=lower,
        surface=base,
        ink=ink,
        muted_ink=readable_on(upper, ink.mixed(upper, 0.2), 5.0),
        accent=readable_on(accent_ink, accent),
        accent_ink=accent_ink,
        glow=WHITE if not dark else lower.lighter(0.3),
        shade=Colour.from_oklch(0.12 if dark else 0.3, 0.03, base.hue),
    )


def light(scene: Set, word: str) -> None:
    """A light over the whole ground, as the prompt asks: sunset, warm, cool, spotlight."""
    frame, product = scene.frame, scene.product
    reach = math.hypot(frame.width, frame.height)
    if word == "spotlight":
        x, y = product.centre_x, product.centre_y
        scene.canvas.drawPaint(
            brushes.radial(
                (x, y),
                reach * 0.6,
                [(0, WHITE, 0.28), (0.35, WHITE, 0.0), (0.36, BLACK, 0.0), (1, scene.palette.shade, 0.42)],
            )
        )
        return
    tone = {"sunset": Colour.of("#ff9a52"), "warm": Colour.of("#ffcf8a"), "cool": Colour.of("#9fc6ff")}[word]
    scene.canvas.drawPaint(
        brushes.radial(
            (frame.width * 0.85, frame.height * 0.1), reach, [(0, tone, 0.42), (0.6, tone, 0.16), (1, tone, 0.05)]
        )
    )


DESCRIPTIONS: Final[dict[str, str]] = {
    "beach": "on a sandy beach by the sea",
    "pool": "at the edge of a pool",
    "desert": "among desert dunes",
    "mountains": "before snowy mountains",
    "forest": "in a pine forest",
    "garden": "in a flowering garden",
    "kitchen": "on a wooden kitchen counter",
    "bathroom": "on a shelf before pale tiles",
    "room": "in a warm living room",
    "desk": "on a desk in window light",
    "city": "before a city skyline",
    "gym": "in a gym",
    "sky": "among clouds",
    "space": "among stars",
    "studio": "in a studio",
    "sunlit": "on a sunlit wall",
}
