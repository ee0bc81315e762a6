"""Names of files and folders in a pack: ASCII, bounded, unique, and the same whenever the pack is made again."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from services.campaign.pack.entries import PackEntry

MAX_NAME: Final = 130  # characters of a file's name, by the lengths below; upload tools and Windows take twice that
EVERY_PLATFORM: Final = "all_platforms"
_LONGEST: Final = {"product": 36, "axis": 28, "part": 10, "language": 8, "ratio": 8}  # characters of a part
_EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "application/x-subrip": "srt",
    "text/srt": "srt",
    "text/vtt": "vtt",
}
_LATIN = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) (?:SHARP )?([A-Z]{1,2})(?: WITH .*)?")
_OTHERS = re.compile(r"[^a-z0-9]+")


def slug(text: str, longest: int) -> str:
    """The Latin letters and digits of a text in lower case, joined by hyphens; empty if it has none.

    Accents are dropped, and letters of their own are written out: "Größe æther" is "grosse-aether". What is too long
    ends with a whole word, unless that would be less than half.
    """
    plain = "".join(_ascii(character) for character in unicodedata.normalize("NFKD", text))
    whole = _OTHERS.sub("-", plain.lower()).strip("-")
    if len(whole) <= longest:
        return whole
    words = whole[: longest + 1].rpartition("-")[0]
    return words if len(words) > longest // 2 else whole[:longest].strip("-")


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.combining(character):
        return ""
    if character in "ßẞ":
        return "ss"
    latin = _LATIN.fullmatch(unicodedata.name(character, ""))
    return latin.group(1) if latin else " "


def product_slugs(entries: Sequence[PackEntry]) -> dict[str, str]:
    """The name of each product by its id: of its name, with the start of its id where two names would be the same."""
    names: dict[str, str] = {}
    for entry in entries:
        names.setdefault(entry.product_id, entry.product_name)
    slugs = {key: slug(name, _LONGEST["product"]) for key, name in names.items()}
    times = Counter(slugs.values())
    return {
        key: found if found and times[found] == 1 else "-".join(filter(None, [found or "product", _short(key)]))
        for key, found in slugs.items()
    }


def _short(identifier: str) -> str:
    """Eight characters for an id: a hash, since ids that were made together may begin alike."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:8]


def file_names(entries: Sequence[PackEntry]) -> dict[int, str]:
    """The name of each file by its entry's position: product_angle_4x5_v2.png.

    The parts are joined by "_", words in a part by "-": product; axis value, or style, or format; the part that is not
    the ad itself; language, if the files have several; ratio; variant; version above 1. Names that would be the same
    get the start of a hash of job and asset id, whatever the order of the entries.
    """
    products = product_slugs(entries)
    files = [(number, entry) for number, entry in enumerate(entries) if entry.is_file]
    several = len({entry.language for _, entry in files}) > 1
    same: defaultdict[str, list[int]] = defaultdict(list)
    for number, entry in files:
        same[_name(entry, products[entry.product_id], with_language=several)].append(number)
    names: dict[int, str] = {}
    for name, numbers in same.items():
        for number in numbers:
            names[number] = name if len(numbers) == 1 else _distinct(name, entries[number])
    return _numbered(names)


def _name(entry: PackEntry, product: str, *, with_language: bool) -> str:
    axis = entry.axis_value or entry.style or entry.format or entry.kind
    parts = [
        product,
        slug(axis, _LONGEST["axis"]) or _short(axis),
        slug(entry.part, _LONGEST["part"]),
        slug(entry.language, _LONGEST["language"]) if with_language else "",
        slug(entry.ratio.replace(":", "x").replace(".", "-"), _LONGEST["ratio"]),
        f"v{min(entry.variant, 9999)}",
        f"r{min(entry.version, 9999)}" if entry.version > 1 else "",
    ]
    return f"{'_'.join(filter(None, parts))}.{extension(entry)}"


def extension(entry: PackEntry) -> str:
    """The ending for a content type, "bin" for an unknown one."""
    return _EXTENSIONS.get(entry.content_type.partition(";")[0].strip().lower(), "bin")


def _distinct(name: str, entry: PackEntry) -> str:
    path = PurePosixPath(name)
    return f"{path.stem}_{_short(f'{entry.job_id}/{entry.asset_id}')}{path.suffix}"


def _numbered(names: dict[int, str]) -> dict[int, str]:
    """Numbers what is still the same: the same asset twice, or two hashes alike."""
    taken: set[str] = set()
    for number, name in sorted(names.items()):
        path, candidate, count = PurePosixPath(name), name, 1
        while candidate in taken:
            count += 1
            candidate = f"{path.stem}_{count}{path.suffix}"
        taken.add(candidate)
        names[number] = candidate
    return names
