"""The variables of a language model reach the copy service of the system on this machine, and no other process."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from local.home import Home
from local.system import Options, System


def test_variables_of_the_language_model_reach_the_copy_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {
        "ADWRIGHT_COPY_OPENAI_URL": "http://127.0.0.1:11434/v1",
        "ADWRIGHT_COPY_OPENAI_MODEL": "m",
        "ADWRIGHT_COPY_OPENAI_KEY": "secret",
        "ADWRIGHT_COPY_FALLBACK": "false",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    system = System(Home(tmp_path), Options(), print)
    system.ports = defaultdict(int)
    assert given.items() <= system.environment("copy", 1).items()
    assert not given.keys() & system.environment("image", 1).keys()
