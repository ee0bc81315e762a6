"""Everything decided before the first stroke: composition, words, colours, faces, and what is said about them."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from services.chassis.errors import InputFault
from services.image.domain import AspectRatio, ImageBrief, Style
from services.image.providers.local import overlays, settings, style_presets
from services.image.providers.local.ad_text import Wording, wording
from services.image.providers.local.prompt_parsing import Steering, read_prompt
from services.image.providers.local.seasons import Season, scene_of, season_of
from services.image.providers.local.style_presets import Composition
from services.image.providers.local.textstack import TypeLook
from services.media import fonts
from services.media.colour import Palette, palette

SHOPS: Final = frozenset({"good", "food", "software"})  # kinds that have sales


class Shows(StrEnum):
    """What stands in the picture besides type."""

    PHOTO = "photo"
    DRAWING = "drawing"
    TYPE = "type"  # nothing does


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Everything decided before the first stroke."""

    composition: Composition
    steering: Steering
    words: Wording
    palette: Palette
    look: TypeLook
    season: Season | None
    setting: str
    ground: str
    overlay: str
    notes: tuple[str, ...]


def chosen(brief: ImageBrief, draw: random.Random, *, shows: Shows) -> Choice:
    """Decides composition, words, colours and faces. Raises InputFault when no character of the headline can be set."""
    steering = read_prompt(brief.prompt)
    words = wording(brief, dict(steering.quoted or {}))
    notes: list[str] = []
    words, unprintable = _printable(_without(words, steering.omitted))
    if unprintable:
        notes.append(f"Characters that no bundled typeface has were left out: {' '.join(unprintable[:12])}")
    composition = style_presets.choose(brief.style, draw, type_alone=shows is Shows.TYPE)
    refused: list[str] = []
    if steering.layout:
        composition = style_presets.with_layout(composition, steering.layout)
    mood = steering.mood or composition.mood
    ground, overlay, stage = composition.ground, composition.overlay, composition.stage
    season = scene_of(steering.season or _season(brief), draw)
    setting = steering.setting or ""
    if brief.style is Style.SEASONAL or (steering.season and brief.style not in (Style.MINIMAL, Style.BOLD)):
        ground = "season"
    if steering.setting:
        if brief.style in (Style.MINIMAL, Style.BOLD) or (brief.style is Style.SEASONAL and steering.season):
            refused.append(f"setting {steering.setting}")
        else:
            ground = "scene"
    if brief.style is Style.LIFESTYLE and ground == "scene" and not setting:
        setting = (
            settings.setting_for((brief.product_name, brief.description, brief.audience), draw)
            if shows is Shows.PHOTO
            else "sunlit"
        )
    if steering.pattern:
        if steering.pattern in overlays.OVERLAYS:
            overlay = steering.pattern
        elif ground in ("scene", "season"):
            refused.append(f"pattern {steering.pattern}")
        else:
            ground = steering.pattern
    if ground in ("scene", "season") and stage not in ("none", "plinth"):
        stage = "none"
    composition = replace(composition, stage=stage)
    colours = (*steering.colours, *brief.brand_colours)[:5] if steering.colours else brief.brand_colours
    if ground == "season" and not steering.colours:
        mood = steering.mood or season.mood
    colour_set = palette(colours, mood=mood, harmony=composition.harmony)
    if ground == "season":
        colour_set = season.tinted(colour_set, keep=bool(steering.colours))
    elif ground == "scene":
        colour_set = settings.scene_palette(setting or "studio", colour_set, mood, steering.light)
    look, font_note = style_presets.type_look(composition, brief.brand_font, draw)
    if brief.aspect_ratio is AspectRatio.STORY:  # the same width, twice the height: type may use some of it
        look = replace(look, headline_largest=look.headline_largest * 1.22, text_scale=1.14)
    if font_note:
        notes.append(font_note)
    notes = [*_prompt_notes(steering, refused, brief.style), *notes]
    return Choice(
        composition=composition,
        steering=steering,
        words=words,
        palette=colour_set,
        look=look,
        season=season if ground == "season" else None,
        setting=(setting or "studio") if ground == "scene" else "",
        ground=ground,
        overlay=overlay,
        notes=tuple(notes),
    )


def _season(brief: ImageBrief) -> str:
    """The season of the date: no feast beside illness or death, and no sale of shops where none is a shop's."""
    subject = brief.subject
    return season_of(brief.date, feasts=not subject.sensitive, sales=subject.kind in SHOPS)


def _printable(words: Wording) -> tuple[Wording, str]:
    """The words without characters that no bundled face could draw, and those characters.

    Raises InputFault when nothing of the headline is left: an ad of empty boxes is not worth its credits.
    """
    missing = ""

    def kept(text: str) -> str:
        nonlocal missing
        composed = unicodedata.normalize("NFC", text)
        absent = fonts.missing_characters(fonts.typeface(fonts.DEFAULT_FAMILY), composed)
        missing += "".join(letter for letter in absent if letter not in missing)
        return " ".join("".join(letter for letter in composed if letter not in absent).split())

    printable = replace(
        words,
        brand=kept(words.brand),
        eyebrow=kept(words.eyebrow),
        headline=kept(words.headline),
        subline=kept(words.subline),
        price=kept(words.price),
        call_to_action=kept(words.call_to_action),
    )
    if words.headline and not any(letter.isalnum() for letter in printable.headline):
        raise InputFault(
            "SCRIPT_UNSUPPORTED",
            "The fonts do not support the headline's writing system; please use Latin letters.",
        )
    return printable, missing


def _without(words: Wording, omitted: frozenset[str]) -> Wording:
    """The words without what the prompt wants left out; the headline always stays."""
    if "price" in omitted:
        words = replace(words, price="")
    if "brand" in omitted:
        words = replace(words, brand="")
    if "call_to_action" in omitted:
        words = replace(words, call_to_action="")
    if "text" in omitted:
        words = replace(words, eyebrow="", subline="")
    return words


def _prompt_notes(steering: Steering, refused: list[str], style: Style) -> list[str]:
    notes: list[str] = []
    used: dict[str, str] = {}
    dropped: list[str] = []
    for word, meaning in steering.heard:
        kind, _, value = meaning.partition(" ")
        single = {
            "season": steering.season,
            "mood": steering.mood,
            "setting": steering.setting,
            "light": steering.light,
        }
        single |= {"pattern": steering.pattern, "layout": steering.layout}
        if meaning in refused:
            dropped.append(f"“{word}” (the style {style.value} keeps a ground of its own)")
        elif kind in single and single[kind] != value:
            dropped.append(f"“{word}” (another {kind} was named first)")
        else:
            used[word] = kind
    if used:
        notes.append("Applied from the prompt: " + ", ".join(f"{word} ({kind})" for word, kind in used.items()) + ".")
    if steering.quoted:
        notes.append(
            "Set word for word from the prompt: " + ", ".join(role.replace("_", " ") for role in steering.quoted) + "."
        )
    if dropped:
        notes.append("Not applied: " + "; ".join(dropped) + ".")
    if steering.unknown:
        notes.append("Not understood and left out: " + ", ".join(steering.unknown) + ".")
    return notes
