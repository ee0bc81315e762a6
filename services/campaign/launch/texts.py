"""Checks of texts, each variant by itself: lengths in the platform's own counting, characters, and claims."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from services.campaign.launch.claims import check_claims
from services.campaign.launch.rules import Finding, finding
from services.campaign.pack.entries import CopyText, PackEntry, PackManifest
from services.campaign.pack.placing import entry_platforms, platforms_of
from services.campaign.pack.platforms import Source, TextField, platform_table
from services.campaign.pack.rows import one_line

# Words in braces or brackets that templates leave behind: {name}, [Product name], <brand>, and filler Latin.
_PLACEHOLDER = re.compile(
    r"\{\{?\s*[A-Za-z_][\w .-]{0,40}\}\}?|\[(?:your |insert |product|brand|name|price|company)[^\]]{0,40}\]"
    r"|<(?:your |insert |product|brand|name|price|company)[^>]{0,40}>|\blorem ipsum\b|\bX{3,}\b",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?<!\w)[@#]\w")
# Line breaks are text; joiners and selectors make up emoji and Indic letters.
_READABLE: Final = frozenset("\n\t‍‌️︎­")


def check_texts(manifest: PackManifest, entries: Sequence[PackEntry]) -> Iterator[Finding]:
    """The findings of all variants of copy."""
    platforms = platforms_of(manifest, entries)
    for entry in entries:
        for number, copy in enumerate(entry.texts, start=1):
            where = place_of(entry, number)
            yield from _characters(copy, where)
            yield from check_claims(entry, copy, where)
            for platform in entry_platforms(entry, platforms):
                yield from _fields(entry, copy, platform, where)


def place_of(entry: PackEntry, number: int) -> str:
    """Where a text stands: product, format, axis value, variant and number."""
    parts = [entry.product_name or entry.product_id, entry.format, entry.language, entry.axis_value]
    return f"{', '.join(filter(None, parts))}, variant {entry.variant}, text {number} (job {entry.job_id})"


def _characters(copy: CopyText, where: str) -> Iterator[Finding]:
    for name, text in (("hook", copy.hook), ("body", copy.body)):
        if not text.strip():
            yield finding("text-missing", platform="", where=where, what=f"Its {name} is empty.")
    for name, text in (
        ("hook", copy.hook),
        ("body", copy.body),
        ("cta", copy.cta),
        ("hashtags", " ".join(copy.hashtags)),
    ):
        found = _PLACEHOLDER.search(text)
        if found:
            yield finding("text-placeholder", platform="", where=where, what=f"“{found.group(0)}” in its {name}.")
        odd = next((character for character in text if _unreadable(character)), None)
        if odd is not None:
            what = f"U+{ord(odd):04X} in its {name}."
            yield finding("text-control-character", platform="", where=where, what=what)


def _unreadable(character: str) -> bool:
    return character not in _READABLE and unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn"}


def _fields(entry: PackEntry, copy: CopyText, platform: str, where: str) -> Iterator[Finding]:
    table = platform_table()
    for field in table.text_fields(platform, entry.format):
        source = table.source[field.source]
        text = field.text(copy)
        size = field.length(one_line(text) if platform == "google" else text)
        if field.limit and size > field.limit:
            what = f"{_named(field)}: {size} characters{_counted(field)}; at most {field.limit} are taken."
            yield finding("text-too-long", platform=platform, where=where, what=what, source=source)
        opening = field.length(copy.hook.strip())
        if field.fold and opening > field.fold:
            what = f"{_named(field)}: its opening has {opening} characters; {field.fold} are shown."
            yield finding("opening-behind-fold", platform=platform, where=where, what=what, source=source)
        yield from _editorial(field, text, where, source)


def _named(field: TextField) -> str:
    return field.field.replace("_", " ").capitalize()


def _counted(field: TextField) -> str:
    return " (Chinese, Japanese and Korean ones count as two)" if field.counting == "wide_double" else ""


def _editorial(field: TextField, text: str, where: str, source: Source) -> Iterator[Finding]:
    if field.platform == "google":
        emoji = next((character for character in text if _is_emoji(character)), None)
        if emoji:
            yield finding("text-emoji", platform="google", where=where, what=f"“{emoji}” in its {field.field}.")
        if field.field == "headline" and "!" in text.replace("！", "!"):
            yield finding("headline-exclamation", platform="google", where=where, what=f"“{one_line(text)}”")
    if field.platform == "tiktok" and field.field == "ad_text":
        mention = _MENTION.search(text)
        if mention:
            what = f"“{mention.group(0)}…” in its ad text."
            yield finding("caption-symbols", platform="tiktok", where=where, what=what, source=source)


def _is_emoji(character: str) -> bool:
    """Whether a character is a picture: Unicode's "symbol, other", without signs of type and law (©, ®, ™, °, ℃)."""
    return unicodedata.category(character) == "So" and ord(character) >= 0x2190
