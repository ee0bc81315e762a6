"""A product's name without what it is called in a file or a stock list: drafts, versions and article numbers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

LEAST_NAME: Final = 5  # letters of a name
_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "text.toml").read_text(encoding="utf-8"))
_REFERENCES = "|".join(_DATA["names"]["references"])
_DRAFTS = "|".join(_DATA["names"]["drafts"])
_CODE = re.compile(  # "WT-22700 Round tank", "PLK-8814 | Laminate flooring"
    r"^(?=\S*\d)(?=\S*[A-Z])(?=\S*-)[A-Z0-9][A-Z0-9/.-]{4,}(?:\s*[|:–—,]\s*|\s+)(?=\w+ \w{3})"
)
_REFERENCE = re.compile(
    rf"(?<!\s)\s*(?:[-–(]\s*)?\b(?:{_REFERENCES})\b"
    r"(?:\.\s?(?:no\.?|nr\.?|#|:)?|\s?(?:no\b\.?|nr\b\.?|#|:))\s?"  # without a mark, "art" is a word
    r"(?:[#A-Z0-9][A-Z0-9-]*\d[A-Z0-9-]*\)?\s*$|(?-i:[A-Z0-9]+-[A-Z0-9-]*\d[A-Z0-9-]*)\)?\s.*$)",
    re.IGNORECASE,
)
# "Pool service - fortnightly updated JULY v3 FINAL": what a file is called, and no thing
_VERSION = re.compile(
    r"[\s,;:()–-]+(?:updated \w+[\s,;:–-]+)?"
    rf"(?:(?:(?i:{_DRAFTS})|ad copy|copy)\s?)?"
    r"\b(?:[vV]\d+(?:\.\d+)*|rev\.? ?\d+)\b(?:[\s,;:–-]+(?i:final|neu|new|ok|copy|draft))*\)?\s*$"
    rf"|[\s,;:(–-]+(?:{_DRAFTS.upper()})\)?\s*$"
)
_COMMA_BEFORE_BRACKET = re.compile(r"\s*,\s*\(")
_LABELLED = re.compile(r"\b(?:MOD|Mod)\.\s+")  # "MOD. Giulietta"


def without_codes(name: str) -> str:
    """Returns a name without the number of an article before or behind it, and without the draft or version of the
    file that it stood in; the name as it is where too few letters would remain."""
    name = _COMMA_BEFORE_BRACKET.sub(" (", name)
    kept = _VERSION.sub("", _LABELLED.sub("", _REFERENCE.sub("", _CODE.sub("", name)))).strip(" -–,;:")
    kept += ")" * (kept.count("(") - kept.count(")"))  # "(+ trailer) v3"
    return kept if sum(map(str.isalpha, kept)) >= LEAST_NAME else name
