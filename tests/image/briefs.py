"""Briefs for tests and the gallery: many kinds of products, long and short names, brands with and without colours."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path
from typing import Any, Final

import pytest

from services.image.domain import AspectRatio, ImageBrief, Style, Subject
from services.media import model_files


def _sold(trade: str, sector: str, kind: str = "good", subject: str = "") -> Subject:
    return Subject(
        trade=trade, trade_name=trade, sector=sector, kind=kind, subject=subject, confidence="sure", language="en"
    )


PRODUCTS: Final[dict[str, dict[str, Any]]] = {
    "bottle": {
        "subject": _sold("drinkware", "home_goods", subject="Self-Cleaning Bottle"),
        "product_name": "Aurora Self-Cleaning Bottle",
        "description": "UV-C light keeps every sip fresh for 24 hours. No scrubbing.",
        "price": "49.00",
        "currency": "USD",
        "brand_name": "Aurora",
        "brand_colours": ("#2f5bea", "#22d3ee"),
        "headline": "Your water, cleaner than your gym bag.",
        "subline": "UV-C light keeps every sip fresh for 24 hours.",
        "call_to_action": "Shop the drop",
    },
    "coffee": {
        "subject": _sold("coffee", "food_drink", "food", "Espresso Beans"),
        "product_name": "Morning Fog Espresso Beans",
        "description": "Single-origin espresso, roasted this week.",
        "price": "14.5",
        "currency": "EUR",
        "brand_name": "Kaffeewerk",
        "brand_colours": ("#7a2e17", "#e9b872"),
        "headline": "Slow mornings, properly poured.",
        "call_to_action": "Discover the roast",
    },
    "shoe": {
        "subject": _sold("trainers", "fashion", subject="Trail Runner"),
        "product_name": "Trail Runner 2",
        "description": "Light shoes for long trails.",
        "price": "129",
        "currency": "GBP",
        "brand_name": "Fjell",
        "brand_colours": ("#e63946", "#1d3557"),
    },
    "serum": {
        "subject": _sold("skincare", "beauty", subject="Serum"),
        "product_name": "Glow Serum",
        "description": "Vitamin C serum for brighter skin.",
        "price": "32",
        "currency": "EUR",
        "brand_name": "Lune",
        "brand_colours": ("#e8b4a0", "#3d2b2b"),
        "headline": "Skin that looks like sleep.",
    },
    "long name": {
        "subject": _sold("headphones", "electronics", subject="Over-Ear Headphones"),
        "product_name": "Professional Ultra-Lightweight Noise-Cancelling Over-Ear Headphones with Adaptive Sound",
        "description": "Forty hours of battery, and a case the size of a book.",
        "price": "1,299.00",
        "currency": "AUD",
        "brand_name": "Soundhaus International Audio Company",
        "brand_colours": ("#5b21b6", "#f59e0b", "#0ea5e9"),
        "headline": "Hear only what you came for, on the loudest street, the longest flight and the smallest desk.",
        "subline": "Adaptive noise cancelling learns the places you go and turns them down before you notice them.",
        "call_to_action": "Listen before you buy a pair",
    },
    "software": {
        "subject": _sold("project_management", "software", "software"),
        "product_name": "TaskFlow",
        "description": "Project management software that plans your week. For small teams.",
        "brand_name": "TaskFlow",
        "brand_colours": ("#0f766e",),
        "headline": "Mondays, already sorted.",
        "call_to_action": "Start free",
    },
    "accents": {
        "subject": _sold("restaurant", "eating_out", "place"),
        "product_name": "Crème brûlée au chocolat à l’ancienne",
        "description": "Façonnée à la main à Besançon; goûtée par Žofie, Łukasz et Ångström.",
        "price": "8,90",
        "currency": "EUR",
        "brand_name": "Maison Béchamel",
        "brand_colours": ("#6b2d1a", "#f2d0a4"),
    },
    "unbranded": {
        "subject": _sold("lighting", "home_goods", subject="Desk Lamp"),
        "product_name": "Desk Lamp",
        "description": "Warm light that follows your day.",
        "price": "79",
        "currency": "USD",
        "brand_name": "",
        "brand_colours": (),
    },
    "black brand": {
        "subject": _sold("bags", "fashion", subject="Leather Tote"),
        "product_name": "Leather Tote",
        "description": "One hide, one seam, ten years.",
        "price": "340",
        "currency": "CHF",
        "brand_name": "NOIR",
        "brand_colours": ("#111111", "#ffffff"),
        "headline": "Carry less. Better.",
        "brand_font": "Didot",
    },
    "watch": {
        "subject": _sold("smartwatch", "electronics", subject="Smartwatch"),
        "product_name": "Pulse Smartwatch",
        "description": "Seven days on one charge.",
        "price": "199",
        "currency": "USD",
        "brand_name": "Pulse",
        "brand_colours": ("#16a34a", "#0f172a"),
        "headline": "Seven days. One charge.",
    },
    "candle": {
        "subject": _sold("candles", "home_goods", subject="Candle"),
        "product_name": "Fig & Cedar Candle",
        "description": "Poured by hand in small batches.",
        "price": "24",
        "currency": "USD",
        "brand_name": "Hearth",
        "brand_colours": ("#d4a373", "#606c38"),
        "headline": "Evenings smell like this.",
        "brand_font": "Fraunces",
    },
    "bicycle": {
        "subject": _sold("bicycle", "sport", subject="City Bike"),
        "product_name": "City Bike",
        "description": "Eleven kilos, eight gears, no oil.",
        "price": "890",
        "currency": "EUR",
        "brand_name": "Veloce",
        "brand_colours": ("#ffd60a", "#003566"),
        "headline": "The short way is on two wheels.",
    },
    "dentist": {
        "subject": _sold("dentist", "health", "service"),
        "product_name": "New-patient check-up",
        "description": "X-rays and a clean included.",
        "price": "59",
        "currency": "GBP",
        "brand_name": "Bright Dental",
        "brand_colours": ("#0f8b7d", "#dff3ef"),
        "headline": "Evening appointments until 8 pm",
        "call_to_action": "Book now",
    },
    "hospice": {
        "subject": Subject(
            trade="hospice",
            trade_name="hospice",
            sector="death_and_faith",
            kind="service",
            confidence="likely",
            sensitive=frozenset({"death", "illness"}),
        ),
        "product_name": "Light up a life",
        "description": "Care at home and on an eight-bed ward, free to families.",
        "brand_name": "Larkfield Hospice",
        "brand_colours": ("#3d405b",),
        "headline": "Any amount, or none at all",
        "call_to_action": "Donate now",
    },
    "unknown": {
        "subject": Subject(confidence="not_known"),
        "product_name": "Hebden Set",
        "description": "Doors open at half past seven.",
        "price": "22",
        "currency": "GBP",
        "brand_name": "Bellwether",
        "brand_colours": ("#5b21b6", "#ffd60a"),
        "headline": "Doors open at half past seven",
        "call_to_action": "Learn more",
    },
}

DAY: Final = datetime.date(2026, 7, 1)

# Parameters of a test of every style in every aspect ratio: each style once and each ratio once, and slowly the others.
# The shapes that differ most; make test-all has the ratios between them.
RATIOS: Final = [
    pytest.param(
        ratio,
        marks=() if ratio in (AspectRatio.SQUARE, AspectRatio.STORY, AspectRatio.LANDSCAPE) else pytest.mark.slow,
    )
    for ratio in AspectRatio
]
STYLES_AND_RATIOS: Final = [
    pytest.param(style, ratio, marks=() if (style, ratio) in zip(Style, AspectRatio, strict=True) else pytest.mark.slow)
    for style, ratio in itertools.product(Style, AspectRatio)
]


def drawings() -> Path | None:
    """Returns the file of drawings, None where it is not installed."""
    try:
        return model_files.model_path(model_files.DRAWINGS)
    except model_files.ModelMissing:
        return None


def brief(product: str = "bottle", **changes: Any) -> ImageBrief:
    """Returns the brief of a named product with `changes` applied."""
    fields: dict[str, Any] = {
        "description": "",
        "features": (),
        "price": None,
        "currency": None,
        "audience": "",
        "brand_name": "",
        "brand_colours": (),
        "brand_font": "",
        "tone_words": (),
        "style": Style.PRODUCT_HERO,
        "aspect_ratio": AspectRatio.SQUARE,
        "prompt": "",
        "photo": None,
        "logo": None,
        "headline": "",
        "subline": "",
        "call_to_action": "",
        "seed": "one",
        "date": DAY,
    }
    return ImageBrief(**(fields | PRODUCTS[product] | changes))


def photo_of_a_cup(path: Path) -> Path:
    """Draws a substitute for a product photo: a red cup on a grey background, with noise and a soft shadow."""
    import numpy
    from PIL import Image, ImageDraw, ImageFilter

    picture = Image.new("RGB", (900, 900), (196, 198, 202))
    shadow = Image.new("L", (900, 900), 0)
    ImageDraw.Draw(shadow).ellipse((250, 700, 720, 800), fill=150)
    picture.paste((120, 120, 124), mask=shadow.filter(ImageFilter.GaussianBlur(28)))
    cup = ImageDraw.Draw(picture)
    cup.arc((560, 360, 780, 620), -100, 110, fill=(150, 30, 28), width=42)
    cup.polygon([(260, 280), (640, 280), (590, 760), (310, 760)], fill=(178, 38, 34))
    cup.ellipse((260, 220, 640, 340), fill=(222, 208, 190))
    cup.ellipse((290, 240, 610, 326), fill=(74, 40, 22))
    cup.polygon([(310, 360), (350, 360), (372, 720), (345, 720)], fill=(214, 92, 84))
    picture = picture.filter(ImageFilter.GaussianBlur(1.5))
    values = numpy.asarray(picture, dtype=numpy.int16)
    values = values + numpy.random.default_rng(7).integers(-5, 6, values.shape)
    Image.fromarray(numpy.clip(values, 0, 255).astype(numpy.uint8)).save(path)
    return path
