"""The bundled typefaces, which are read only from the installed fontpkg-* packages.

System fonts are never used, so that the same brief gives the same image on every machine.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from services.media import model_files
from services.media.skia import skia

WEIGHT_AXIS: Final = 0x77676874  # "wght"
OPTICAL_SIZE_AXIS: Final = 0x6F70737A  # "opsz"
WONK_AXIS: Final = 0x574F4E4B  # "WONK": the leaning n, h and m of Fraunces, which distract in headlines
DISPLAY_OPTICAL_SIZE: Final = 72.0  # points; headlines are far larger than the sizes that text cuts are designed for


class FontsMissing(RuntimeError):
    """A bundled font package is not installed or is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A bundled font family.

    static_weights: weight and file suffix, for families with one file a weight. fetched: weight and model file, for
    families that are fetched like the models, as they are large; `package` is empty then.
    """

    name: str
    package: str = ""
    kind: str  # sans, geometric, serif, display, condensed
    lightest: int
    heaviest: int
    static_weights: tuple[tuple[int, str], ...] = ()
    fetched: tuple[tuple[int, str], ...] = ()
    capitals_only: bool = False


FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        Family(name="Inter", package="fontpkg_inter", kind="sans", lightest=100, heaviest=900),
        Family(name="Montserrat", package="fontpkg_montserrat", kind="geometric", lightest=100, heaviest=900),
        Family(
            name="Poppins",
            package="fontpkg_poppins",
            kind="geometric",
            lightest=100,
            heaviest=900,
            static_weights=(
                (100, "Thin"),
                (200, "ExtraLight"),
                (300, "Light"),
                (400, "Regular"),
                (500, "Medium"),
                (600, "SemiBold"),
                (700, "Bold"),
                (800, "ExtraBold"),
                (900, "Black"),
            ),
        ),
        Family(name="Roboto", package="fontpkg_roboto", kind="sans", lightest=100, heaviest=900),
        Family(name="Lora", package="fontpkg_lora", kind="serif", lightest=400, heaviest=700),
        Family(name="Fraunces", package="fontpkg_fraunces", kind="serif", lightest=100, heaviest=900),
        Family(
            name="Anton",
            package="fontpkg_anton",
            kind="condensed",
            lightest=400,
            heaviest=400,
            static_weights=((400, "Regular"),),
        ),
        Family(
            name="Bebas Neue",
            package="fontpkg_bebas_neue",
            kind="condensed",
            lightest=400,
            heaviest=400,
            static_weights=((400, "Regular"),),
            capitals_only=True,
        ),
        Family(name="Playfair Display", package="fontpkg_playfair_display", kind="serif", lightest=400, heaviest=900),
        Family(name="Manrope", package="fontpkg_manrope", kind="sans", lightest=200, heaviest=800),
        Family(name="DM Sans", package="fontpkg_dm_sans", kind="geometric", lightest=100, heaviest=1000),
        Family(name="Sora", package="fontpkg_sora", kind="geometric", lightest=100, heaviest=800),
    )
}

DEFAULT_FAMILY: Final = "Inter"


def _fetched(name: str, files: dict[int, str]) -> Family:
    return Family(name=name, kind="sans", lightest=min(files), heaviest=max(files), fetched=tuple(files.items()))


# Families for scripts that the ones above lack.
SCRIPT_FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        Family(name="Noto Sans Arabic", package="fontpkg_noto_sans_arabic", kind="sans", lightest=100, heaviest=900),
        Family(name="Heebo", package="fontpkg_heebo", kind="sans", lightest=100, heaviest=900),
        Family(name="Noto Sans Thai", package="fontpkg_noto_sans_thai", kind="sans", lightest=100, heaviest=900),
        Family(
            name="Noto Sans Devanagari",
            package="fontpkg_noto_sans_devanagari",
            kind="sans",
            lightest=100,
            heaviest=900,
        ),
        _fetched("Noto Sans JP", model_files.FONTS_JAPANESE),
        _fetched("Noto Sans KR", model_files.FONTS_KOREAN),
        _fetched("Noto Sans SC", model_files.FONTS_CHINESE_SIMPLIFIED),
        _fetched("Noto Sans TC", model_files.FONTS_CHINESE_TRADITIONAL),
    )
}

# The families of each script, by ISO 15924 code; the first that has the character is used. Chinese characters depend on
# the language too (HAN_FAMILIES).
FAMILIES_OF_SCRIPT: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("Latn", "Grek", "Cyrl"), (DEFAULT_FAMILY,)),
    "Arab": ("Noto Sans Arabic",),
    "Hebr": ("Heebo",),
    "Thai": ("Noto Sans Thai",),
    "Deva": ("Noto Sans Devanagari",),
    "Hira": ("Noto Sans JP",),
    "Kana": ("Noto Sans JP",),
    "Hang": ("Noto Sans KR",),
    "Hani": ("Noto Sans SC", "Noto Sans TC", "Noto Sans JP"),
}
HAN_FAMILIES: Final = {"ja": "Noto Sans JP", "ko": "Noto Sans KR", "zh": "Noto Sans SC", "zh-Hant": "Noto Sans TC"}

# Well-known families that are not bundled, and the most similar bundled family.
SUBSTITUTES: Final[dict[str, str]] = {
    "helvetica": "Inter",
    "helvetica neue": "Inter",
    "arial": "Inter",
    "san francisco": "Inter",
    "sf pro": "Inter",
    "system ui": "Inter",
    "segoe ui": "Inter",
    "open sans": "Inter",
    "source sans": "Inter",
    "noto sans": "Inter",
    "work sans": "Inter",
    "lato": "Manrope",
    "nunito": "Manrope",
    "plus jakarta sans": "Manrope",
    "avenir": "Manrope",
    "futura": "Poppins",
    "century gothic": "Poppins",
    "circular": "Poppins",
    "quicksand": "Poppins",
    "gotham": "Montserrat",
    "proxima nova": "Montserrat",
    "raleway": "Montserrat",
    "outfit": "Sora",
    "space grotesk": "Sora",
    "eurostile": "Sora",
    "gilroy": "DM Sans",
    "product sans": "DM Sans",
    "google sans": "DM Sans",
    "georgia": "Lora",
    "garamond": "Lora",
    "eb garamond": "Lora",
    "merriweather": "Lora",
    "times new roman": "Lora",
    "times": "Lora",
    "baskerville": "Lora",
    "cormorant": "Playfair Display",
    "didot": "Playfair Display",
    "bodoni": "Playfair Display",
    "dm serif display": "Playfair Display",
    "cooper": "Fraunces",
    "recoleta": "Fraunces",
    "impact": "Anton",
    "oswald": "Bebas Neue",
    "league gothic": "Bebas Neue",
    "din condensed": "Bebas Neue",
}


def nearest_family(wanted: str) -> str:
    """Returns the bundled family that is most similar to the named one; the default for "" and unknown names."""
    key = " ".join(wanted.replace("-", " ").replace("_", " ").casefold().split())
    if not key:
        return DEFAULT_FAMILY
    for name in FAMILIES:
        if key == name.casefold() or key.startswith(name.casefold()):
            return name
    for known, name in SUBSTITUTES.items():
        if key.startswith(known):
            return name
    if "serif" in key and "sans" not in key:
        return "Lora"
    if "condensed" in key or "narrow" in key:
        return "Bebas Neue"
    return DEFAULT_FAMILY


def is_bundled(wanted: str) -> bool:
    """Whether the named family itself is bundled."""
    key = " ".join(wanted.replace("-", " ").replace("_", " ").casefold().split())
    return any(key == name.casefold() for name in FAMILIES)


def font_file(family: str, weight: int = 400, *, italic: bool = False) -> Path:
    """Returns the font file of a family at a weight; the upright one for families without italics."""
    known = FAMILIES.get(family) or SCRIPT_FAMILIES.get(family)
    if known is None:
        raise FontsMissing(f"{family!r} is not a bundled family; the families are {', '.join(FAMILIES)}")
    if known.fetched:
        name = min(known.fetched, key=lambda entry: abs(entry[0] - weight))[1]
        try:
            return model_files.model_path(name)
        except model_files.ModelMissing as missing:
            raise FontsMissing(str(missing)) from None
    folder = _folder(known)
    if known.static_weights:
        cut = min(known.static_weights, key=lambda entry: abs(entry[0] - weight))[1]
        stem = known.name.replace(" ", "")
        slanted = "Italic" if cut == "Regular" else f"{cut}Italic"
        names = [f"{stem}-{slanted}.ttf"] if italic else []
        names.append(f"{stem}-{cut}.ttf")
        for name in names:
            if (folder / name).is_file():
                return folder / name
    else:
        variable = sorted(folder.glob("*.ttf"))
        italics = [path for path in variable if "-Italic[" in path.name]
        uprights = [path for path in variable if path not in italics]
        if italic and italics:
            return italics[0]
        if uprights:
            return uprights[0]
    raise FontsMissing(f"the package {known.package} contains no TTF file for {family} {weight}; install it again")


@lru_cache(maxsize=128)
def typeface(family: str, weight: int = 400, *, italic: bool = False) -> Any:
    """Returns the skia.Typeface of a bundled family; the weight (100-1000) is clamped to the family's range.

    Raises FontsMissing when the family is unknown or its package is not installed.
    """
    path = font_file(family, weight, italic=italic)
    face = _file_typeface(str(path))
    position = variation(family, weight, italic=italic)
    if not position:
        return face
    values = skia.FontArguments.VariationPosition
    coordinates = values.Coordinates([values.Coordinate(axis, value) for axis, value in position])
    arguments = skia.FontArguments()
    arguments.setVariationDesignPosition(values(coordinates))
    clone = face.makeClone(arguments)
    if clone is None:
        raise FontsMissing(f"{path.name} refused the variation {position}")
    return clone


@lru_cache(maxsize=128)
def variation(family: str, weight: int = 400, *, italic: bool = False) -> tuple[tuple[int, float], ...]:
    """Returns the (axis tag, value) pairs of a variable font at a weight; none for families with static files."""
    known = FAMILIES.get(family) or SCRIPT_FAMILIES[family]
    if known.static_weights or known.fetched:
        return ()
    face = _file_typeface(str(font_file(family, weight, italic=italic)))
    wanted = float(min(max(weight, known.lightest), known.heaviest))
    position: list[tuple[int, float]] = []
    for axis in face.getVariationDesignParameters():
        value = getattr(axis, "def")
        if axis.tag == WEIGHT_AXIS:
            value = min(max(wanted, axis.min), axis.max)
        elif axis.tag == OPTICAL_SIZE_AXIS:
            value = min(max(DISPLAY_OPTICAL_SIZE if weight >= 600 else axis.min, axis.min), axis.max)
        elif axis.tag == WONK_AXIS:
            value = axis.min
        position.append((int(axis.tag), float(value)))
    return tuple(position)


def missing_characters(face: Any, text: str) -> str:
    """Returns the characters of `text` without a glyph in the typeface: each once, in order, without whitespace."""
    letters = list(dict.fromkeys(character for character in text if not character.isspace()))
    if not letters:
        return ""
    glyphs = face.unicharsToGlyphs([ord(character) for character in letters])
    return "".join(character for character, glyph in zip(letters, glyphs, strict=True) if glyph == 0)


def is_available(family: str) -> bool:
    """Whether the family's files are installed or fetched."""
    try:
        font_file(family)
    except FontsMissing:
        return False
    return True


@lru_cache(maxsize=4096)
def has_glyph(family: str, character: str) -> bool:
    """Whether an available family has a glyph for the character."""
    return bool(typeface(family).unicharToGlyph(ord(character)))


@lru_cache(maxsize=64)
def _file_typeface(path: str) -> Any:
    # An empty font manager, since the default one reads the system's font configuration.
    face = skia.FontMgr.New_Custom_Empty().makeFromFile(path)
    if face is None:
        raise FontsMissing(f"{Path(path).name} is not a font file; install its package again")
    return face


def _folder(family: Family) -> Path:
    spec = importlib.util.find_spec(family.package)
    if spec is None or spec.origin is None:
        distribution = family.package.replace("_", "-")
        raise FontsMissing(f"the font package {distribution} is not installed: pip install {distribution}")
    return Path(spec.origin).parent / "files"
