"""The table of error reasons, read from protos/errors.toml: the services' part of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "protos" / "errors.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """The google.rpc code and the HTTP status of a kind of refusals, and whether the same request may succeed later."""

    code: str
    status: int
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """A reason to refuse a request: its kind, the service that gives it ("shared": every one can), and its meaning."""

    kind: str
    service: str
    meaning: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """A reason of a failed job or attempt: what the faults with it can be, and its meaning."""

    kinds: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """Kinds by name; refusals and faults by reason."""

    kinds: Mapping[str, KindRow]
    refusals: Mapping[str, RefusalRow]
    faults: Mapping[str, FaultRow]


def read_table(file: Path = FILE) -> ErrorTable:
    """Reads the table. Raises KeyError or TypeError for a row that lacks a column or has an unknown one."""
    data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    kinds = {
        name: KindRow(**row, retryable=data["status"][str(row["status"])].get("retryable", False))
        for name, row in data["kind"].items()
    }
    return ErrorTable(
        kinds=kinds,
        refusals={
            reason: RefusalRow(**{"retryable": kinds[row["kind"]].retryable, **row})
            for reason, row in data["refusal"].items()
        },
        faults={reason: FaultRow(**{**row, "kinds": tuple(row["kinds"])}) for reason, row in data["fault"].items()},
    )


TABLE = read_table()
