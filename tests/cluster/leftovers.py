"""Finds what a node left on this machine: processes, mounts, control groups and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.cluster.places import CACHE, RUN

PROC: Final = Path("/proc")
CONTROL_GROUPS: Final = Path("/sys/fs/cgroup")
GROUP_NAMES: Final = ("kubepods", "k8s.io")
FOLDERS: Final = (RUN, Path("/var/lib/kubelet"))  # node.sh removes the second if it is empty
MOUNT_POINT: Final = 4  # column of mountinfo


def leftovers(
    proc: Path = PROC, control_groups: Path = CONTROL_GROUPS, folders: Sequence[Path] = FOLDERS, cache: Path = CACHE
) -> list[str]:
    """Returns a line for each thing that a node made outside the cache of builds and that is still there.

    proc, control_groups: the two file systems of the kernel. folders: may not exist. cache: has no mounts below it.
    """
    return [
        *_processes(proc, folders),
        *(f"mount {point}" for point in mounts((*folders, cache), proc)),
        *(f"control group {path}" for path in _groups(control_groups)),
        *(f"folder {path}" for path in folders if path.exists()),
    ]


def _processes(proc: Path, folders: Sequence[Path]) -> Iterator[str]:
    """Processes of pods by their control group, those of the node by the folder that their command names."""
    for path in proc.glob("[0-9]*"):
        try:
            group = (path / "cgroup").read_text(encoding="utf-8")
            command = (path / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ").strip()
        except OSError:
            continue  # it ended
        if any(name in group for name in GROUP_NAMES) or any(f"{folder}/" in command for folder in folders):
            yield f"process {path.name}: {command[:100]}"


def mounts(folders: Sequence[Path], proc: Path = PROC) -> list[Path]:
    """Returns the mount points at and below folders, in the order in which they were mounted."""
    lines = (proc / "self" / "mountinfo").read_text(encoding="utf-8").splitlines()
    points = [Path(line.split()[MOUNT_POINT]) for line in lines]
    return [point for point in points if any(point.is_relative_to(folder) for folder in folders)]


def _groups(root: Path) -> list[Path]:
    # Version 1 has a hierarchy for each controller, version 2 one in all.
    return sorted(path for name in GROUP_NAMES for level in ("", "*/") for path in root.glob(f"{level}{name}*"))
