"""Word lists, read once from services/copy/data/words.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("services.copy.data").joinpath("words.toml").read_text(encoding="utf-8"))


def words(group: str, name: str) -> frozenset[str]:
    """The words of one list, as they stand in the file."""
    return frozenset(_tables()[group][name]["words"].split())
