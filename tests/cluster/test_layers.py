"""Two builds of an image are compared by what their layers hold, and a difference is named with its file."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.images import SOURCE_DATE
from tests.cluster.layers import differences, layers
from tests.cluster.places import ROOT


def packed(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """An archive of files, each with its content and time."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, (content, time) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), time
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def image(path: Path, *contents: Mapping[str, tuple[bytes, int]]) -> Path:
    """An image with an instruction before each layer that makes none."""
    parts = [packed(files) for files in contents]
    history = [
        {"created_by": f"{word} {number}", "empty_layer": word == "ENV"}
        for number in range(len(parts))
        for word in ("ENV", "COPY")
    ]
    digests = [f"sha256:{hashlib.sha256(part).hexdigest()}" for part in parts]
    manifest = [{"Config": "config.json", "Layers": [f"{number}.tar" for number in range(len(parts))]}]
    path.write_bytes(
        packed(
            {
                "manifest.json": (json.dumps(manifest).encode(), 0),
                "config.json": (json.dumps({"rootfs": {"diff_ids": digests}, "history": history}).encode(), 0),
                **{f"{number}.tar": (part, 0) for number, part in enumerate(parts)},
            }
        )
    )
    return path


def test_differing_layers_are_named_by_their_instruction(tmp_path: Path) -> None:
    first = layers(image(tmp_path / "1.tar", {"a": (b"same", 0)}, {"b": (b"one", 0)}))
    second = layers(image(tmp_path / "2.tar", {"a": (b"same", 0)}, {"b": (b"two", 0)}))
    assert [layer.instruction for layer in first] == ["COPY 0", "COPY 1"]
    assert [one.digest == two.digest for one, two in zip(first, second, strict=True)] == [True, False]


def test_every_difference_of_a_layer_is_found(tmp_path: Path) -> None:
    same = (b"x", 0)
    first = image(tmp_path / "1.tar", {"same": same, "text": (b"one", 0), "time": (b"", 1), "old": (b"", 0)})
    second = image(tmp_path / "2.tar", {"same": same, "text": (b"two", 0), "time": (b"", 2), "new": (b"", 0)})
    [one], [two] = layers(first), layers(second)
    assert differences(first, second, one, two) == [
        "content: text",
        "only in the first: old",
        "only in the second: new",
        "time: time",
    ]


def test_another_order_of_the_same_files_is_a_difference(tmp_path: Path) -> None:
    first = image(tmp_path / "1.tar", {"a": (b"x", 0), "b": (b"y", 0)})
    second = image(tmp_path / "2.tar", {"b": (b"y", 0), "a": (b"x", 0)})
    [one], [two] = layers(first), layers(second)
    assert differences(first, second, one, two) == ["order of the files"]


def test_files_have_the_time_that_the_dockerfile_and_the_documentation_name() -> None:
    assert f"--date=@{SOURCE_DATE} " in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    documented = " ".join((ROOT / "deploy" / "README.md").read_text(encoding="utf-8").split())
    assert f"--timestamp {SOURCE_DATE} " in documented
    assert f"SOURCE_DATE_EPOCH={SOURCE_DATE} " in documented
