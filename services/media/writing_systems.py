"""Writing systems: the script of a character and its name, languages of Chinese characters, capitals, clean text."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

import uharfbuzz
from babel import Locale, UnknownLocaleError

COMMON: Final = frozenset({"Zyyy", "Zinh"})  # figures, punctuation, combining marks
# Letters join, or vowels stand above and below: space between them breaks words apart.
CURSIVE: Final = frozenset({"Arab", "Deva", "Thai", "Syrc", "Mong", "Beng", "Khmr", "Mymr", "Laoo"})
# Scripts that the bundled families have (services.media.fonts.FAMILIES_OF_SCRIPT).
SUPPORTED: Final = frozenset({"Latn", "Grek", "Cyrl", "Arab", "Hebr", "Thai", "Deva", "Hira", "Kana", "Hang", "Hani"})
SHOWN_SCRIPTS: Final = 3
JOINERS: Final = frozenset("\u200c\u200d")  # spelling of Persian and Hindi; nothing in other scripts
SPACES: Final = re.compile(r"[^\S\u00a0\u202f]+")  # not the spaces that keep words together
ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[\da-fA-F]{1,6}|[a-zA-Z]{2,31});")


def clean_text(text: str) -> str:
    """Returns the text on one line as it is printed: composed (NFC), without marks that are not seen.

    Soft hyphens, zero-width signs, direction controls and variation selectors go; entities of HTML become characters.
    """
    composed = unicodedata.normalize("NFC", ENTITY.sub(lambda found: html.unescape(found[0]), text))
    kept: list[str] = []
    for place, character in enumerate(composed):
        if character in JOINERS:
            around = composed[max(0, place - 1) : place] + composed[place + 1 : place + 2]
            if len(around) == 2 and all(script_of(letter) in CURSIVE for letter in around):
                kept.append(character)
        elif unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f":
            continue
        elif character.isprintable() or character in "\u00a0\u202f":
            kept.append(character)
        else:
            kept.append(" ")
    return SPACES.sub(" ", "".join(kept)).strip()


def capitals(text: str, language: str = "") -> str:
    """Returns the text in capitals as its language writes them: Turkish keeps the dot, Greek drops accents."""
    if language.startswith(("tr", "az")):
        text = text.replace("i", "İ")
    made = text.upper()
    if language.startswith("el"):
        bare = "".join(mark for mark in unicodedata.normalize("NFD", made) if mark not in "\u0301\u0300")
        return unicodedata.normalize("NFC", bare)
    return made


@lru_cache(maxsize=256)
def is_language_right_to_left(language: str) -> bool:
    """Whether a language (BCP 47) is written from right to left, by CLDR; not one that CLDR lacks."""
    try:
        return Locale.parse(language, sep="-").text_direction == "rtl"
    except (UnknownLocaleError, ValueError):
        return False


@lru_cache(maxsize=4096)
def script_of(character: str) -> str:
    """Returns the ISO 15924 code of a character's script; Zyyy for figures and signs that many scripts share."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(character)
    buffer.guess_segment_properties()
    return buffer.script or "Zyyy"


def is_cursive(text: str) -> bool:
    """Whether the text's letters join or stack, so that no space may be put between them."""
    return any(script_of(character) in CURSIVE for character in text)


def languages_of(text: str, language: str = "") -> tuple[str, ...]:
    """Returns the languages whose Chinese characters the text wants: of ja, ko, zh and zh-Hant.

    Kana and Hangul decide; else the language; else whether the text can be written in the simplified set GB 2312.
    """
    scripts = {script_of(character) for character in text if not character.isascii()}
    if scripts & {"Hira", "Kana"}:
        return ("ja",)
    if "Hang" in scripts:
        return ("ko",)
    if "Hani" not in scripts:
        return ()
    if language.startswith(("ja", "ko")):
        return (language[:2],)
    characters = "".join(character for character in text if script_of(character) == "Hani")
    if _encodable(characters, "gb2312") or not _encodable(characters, "big5"):
        return ("zh",)
    return ("zh-Hant",)


def is_unsupported(text: str) -> bool:
    """Whether all letters of a text are of scripts that no bundled family has; not for a text without letters."""
    scripts = {script_of(character) for character in text if character.isalpha()} - COMMON
    return bool(scripts) and not scripts & SUPPORTED


def unsupported_script(text: str) -> str:
    """Returns the message for a text whose script no bundled typeface has; it names the script."""
    names = names_of_scripts(text)
    called = f"the {names} script" if names and " and " not in names else names or "this writing system"
    return f"The typefaces do not support {called}; please use another one, for example Latin letters."


def names_of_scripts(characters: str) -> str:
    """Returns the English names of the scripts of some characters, as CLDR has them: "Khmer and Georgian"."""
    codes = dict.fromkeys(script_of(character) for character in characters if unicodedata.category(character)[0] == "L")
    names = [str(Locale("en").scripts.get(code, code)) for code in codes if code not in COMMON]
    names = names[:SHOWN_SCRIPTS]
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def _encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
