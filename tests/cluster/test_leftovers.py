"""Whatever a node leaves on the machine is found: `down` fails on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.leftovers import leftovers

MOUNT = "30 1 0:20 / {point} rw,relatime - overlay overlay rw\n"


class Machine:
    """The files of a machine's kernel and node, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.groups, self.run, self.cache = (folder / name for name in ("proc", "cgroup", "run", "cache"))
        (self.groups / "memory" / "user.slice").mkdir(parents=True)
        self.mount("/home")
        self.process("1", "/", "init")

    def process(self, number: str, group: str, *command: str) -> None:
        path = self.proc / number
        path.mkdir()
        (path / "cgroup").write_text(f"4:memory:{group}\n")
        (path / "cmdline").write_bytes("\0".join(command).encode() + b"\0")

    def mount(self, point: str | Path) -> None:
        path = self.proc / "self" / "mountinfo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(MOUNT.format(point=point))

    def leftovers(self) -> list[str]:
        return leftovers(self.proc, self.groups, [self.run], self.cache)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_a_node_has_none(machine: Machine) -> None:
    assert machine.leftovers() == []


def test_a_pods_process_is_found_by_its_control_group(machine: Machine) -> None:
    machine.process("7", "/kubepods/besteffort/pod1", "python", "-m", "services.job")
    assert machine.leftovers() == ["process 7: python -m services.job"]


def test_the_nodes_process_is_found_by_its_folder(machine: Machine) -> None:
    machine.process("8", "/", "kubelet", f"--config={machine.run}/kubelet.yaml")
    (found,) = machine.leftovers()  # a long command is cut
    assert found.startswith("process 8: kubelet --config=")


def test_mounts_below_the_folder_and_the_cache_are_found(machine: Machine) -> None:
    for point in (machine.run / "kubelet", machine.cache / "containers" / "merged"):
        machine.mount(point)
    assert machine.leftovers() == [f"mount {machine.run}/kubelet", f"mount {machine.cache}/containers/merged"]


def test_control_groups_of_both_versions_and_folders_are_found(machine: Machine) -> None:
    found = [machine.groups / "kubepods.slice", machine.groups / "memory" / "kubepods"]
    for path in (*found, machine.run):
        path.mkdir()
    assert machine.leftovers() == [*(f"control group {path}" for path in found), f"folder {machine.run}"]
