"""A product's name without what it is called in a file or a stock list: drafts, versions and article numbers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from services.catalog.understanding import amounts, roles
from services.catalog.understanding.roles import Cues

LEAST_NAME: Final = 5  # letters of a name
LEAST_TERM: Final = 2  # words of a price or limit behind a name
_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "text.toml").read_text(encoding="utf-8"))
_REFERENCES = "|".join(_DATA["names"]["references"])
_DRAFTS = "|".join(_DATA["names"]["drafts"])
_CODE = re.compile(  # "WT-22700 Round tank", "PLK-8814 | Laminate flooring"
    r"^(?=\S*\d)(?=\S*[A-Z])(?=\S*-)[A-Z0-9](?:[A-Z0-9/.-]|(?<=\d)x(?=\d)){4,}"
    r"(?:\s*[|:–—,]\s*(?=\w+\.? \w)|\s+(?=\w+\.? \w{3}))"
)
_LISTED = re.compile(  # "Listing 4471, 18 Hill Road"
    rf"^(?:{'|'.join(_DATA['names']['listings'])})\.?\s?(?:(?:no|nr|id)\b\.?|#)?\s?\d{{2,}}\s*[,|:–-]\s*(?=\w+\W+\w)",
    re.IGNORECASE,
)
_PRICE_END = re.compile(rf"(?<=\w)\s+(?:{roles.MONEY.pattern})\s*$")
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
_PIECE: Final = re.compile(r"(?:\s[–—-]\s|,\s|!\s|\s\|\s)(?![^()]*\))|\s(?=\([^()]*\)\W*$)")
_EMPHASISED: Final = re.compile(r"(?<=\w)\s+\*{2,3}([^*\n]{3,60})\*{2,3}(?=\W*$)")
_COUNT = "|".join(_DATA["names"]["counts"])
_MINIMUM: Final = re.compile(rf"\b(?:{_COUNT})\b", re.IGNORECASE)
_COMMA_BEFORE_BRACKET = re.compile(r"\s*,\s*\(")
_LABELLED = re.compile(r"\b(?:MOD|Mod)\.\s+")  # "MOD. Giulietta"


def without_codes(name: str) -> str:
    """Returns a name without the number of an article before or behind it, and without the draft or version of the
    file that it stood in; the name as it is where too few letters would remain."""
    name = _COMMA_BEFORE_BRACKET.sub(" (", name)
    kept = _LISTED.sub("", _CODE.sub("", name))
    kept = _VERSION.sub("", _LABELLED.sub("", _REFERENCE.sub("", kept))).strip(" -–,;:")
    kept += ")" * (kept.count("(") - kept.count(")"))  # "(+ trailer) v3"
    return kept if sum(map(str.isalpha, kept)) >= LEAST_NAME else name


def parted(raw: str) -> str:
    """Returns a name with what is set in bold at its end as a part of its own: "Skip hire **min 2 days**"."""
    return _EMPHASISED.sub(r", \1", raw)


def without_terms(name: str, language: str) -> str:
    """Returns a name without the price or limit that stands behind it: "Lawn mowing, from $45". They are facts.

    What they limit goes too: "from £49 (most models)". The first part is the name, whatever it says.
    """
    cues = roles.cues_of(language)
    ends = [match.start() for match in _PIECE.finditer(name)]
    starts = [match.end() for match in _PIECE.finditer(name)]
    kept = len(name)
    is_taken_back = False
    for end, start in zip(reversed(ends), reversed(starts), strict=True):
        piece = name[start:kept].strip()
        is_aside = piece.startswith("(") and any(
            roles.role_of(name[before:end].strip(), cues) == "price" for before in starts if before < end
        )
        if not (is_aside or is_taken_back) and not _is_term(piece, cues):
            break
        is_taken_back = piece.startswith("(") and not is_aside  # "panto / debs (not debs)"
        kept = end
    found = name[:kept].rstrip(" -–,;:!")
    return found if sum(map(str.isalpha, found)) >= LEAST_NAME else name


def without_own_price(name: str, price: str) -> str:
    """Returns a name without the product's own price at its end, which every ad says beside it: "Oven clean $129"."""
    found = _PRICE_END.search(name)
    amount = amounts.amount_of(price)
    if found is None or amount is None or not amounts.names_amount(found[0], amount, beside_currency=True):
        return name
    kept = name[: found.start()].rstrip(" -–,;:!")
    return kept if len(kept.split()) >= LEAST_TERM and sum(map(str.isalpha, kept)) >= LEAST_NAME else name


def _is_term(piece: str, cues: Cues) -> bool:
    """Returns True for a price, a least or greatest number, and brackets that take something back."""
    if len(piece.split()) < LEAST_TERM:
        return False
    role = roles.role_of(piece, cues)
    if role == "condition":
        return _MINIMUM.search(piece) is not None or (piece.startswith("(") and cues.has("negation", piece.lower()))
    return role == "price"
