"""Compares two builds of an image layer by layer: archives as `buildah push docker-archive:` writes them."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer of an image."""

    instruction: str
    """The Dockerfile's instruction that made it."""
    digest: str
    """SHA-256 of the uncompressed archive, as the image's configuration names it."""
    member: str
    """The layer's name in the image's archive."""
    size: int
    """Bytes, uncompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All that a layer says of a file, except its path."""

    kind: bytes
    mode: int
    owner: tuple[int, int]
    time: float
    link: str
    size: int
    content: str


def layers(image: Path) -> list[Layer]:
    """Returns an image's layers, the lowest first."""
    with tarfile.open(image) as archive:
        [manifest] = json.loads(_text(archive, "manifest.json"))
        configuration = json.loads(_text(archive, manifest["Config"]))
        made = [step["created_by"] for step in configuration["history"] if not step.get("empty_layer")]
        return [
            Layer(instruction=instruction, digest=digest, member=member, size=archive.getmember(member).size)
            for instruction, digest, member in zip(
                made, configuration["rootfs"]["diff_ids"], manifest["Layers"], strict=True
            )
        ]


def differences(first: Path, second: Path, layer: Layer, other: Layer) -> list[str]:
    """Returns a line for each path that two layers do not hold alike: what differs, and the path."""
    one, two = _entries(first, layer), _entries(second, other)
    found = [f"only in the first: {path}" for path in one.keys() - two.keys()]
    found += [f"only in the second: {path}" for path in two.keys() - one.keys()]
    for path in one.keys() & two.keys():
        parts = [name for name in Entry.__slots__ if getattr(one[path], name) != getattr(two[path], name)]
        if parts:
            found.append(f"{', '.join(parts)}: {path}")
    if not found and [*one] != [*two]:
        found.append("order of the files")
    return sorted(found)


def _entries(image: Path, layer: Layer) -> dict[str, Entry]:
    with tarfile.open(image) as archive:
        content = archive.extractfile(layer.member)
        assert content is not None
        with tarfile.open(fileobj=content) as files:
            return dict(_read(files))


def _read(files: tarfile.TarFile) -> Iterator[tuple[str, Entry]]:
    for member in files:
        digest = hashlib.sha256()
        if (content := files.extractfile(member) if member.isreg() else None) is not None:
            while block := content.read(BLOCK_BYTES):
                digest.update(block)
        yield (
            member.name,
            Entry(
                kind=member.type,
                mode=member.mode,
                owner=(member.uid, member.gid),
                time=member.mtime,
                link=member.linkname,
                size=member.size,
                content=digest.hexdigest(),
            ),
        )


def _text(archive: tarfile.TarFile, name: str) -> bytes:
    content = archive.extractfile(name)
    assert content is not None
    return content.read()
