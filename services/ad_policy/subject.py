"""What an ad is about, as far as the rules of advertising ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is advertised. The fields are those of adwright.catalog.v1.Understanding; empty: not known."""

    regulated: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    kind: str = ""
    trade: str = ""
    sector: str = ""
    language: str = ""


NO_SUBJECT = Subject()
