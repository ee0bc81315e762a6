"""Requests creatives through the API and saves the results as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cli.api import Api, ApiError
from cli.job_progress import wait_with_progress
from cli.terminal import console, print_line, printable

SUFFIXES = {"video": ".mp4", "poster": ".jpg", "captions_srt": ".srt", "captions_vtt": ".vtt", "thumbnail": ".jpg"}


def create_copy(api: Api, body: dict[str, Any], folder: Path) -> list[Path]:
    """Requests copy, writes copy.txt and copy.json, and returns their paths. Raises ApiError."""
    with console.status("copy: writing"):
        response = api.call("POST", "/api/generate/copy", body)
    text = "\n\n".join(
        "\n".join(
            filter(None, [variant["hook"], variant["body"], f"[{variant['cta']}]", " ".join(variant["hashtags"])])
        )
        for variant in response["variants"]
    )
    whole = json.dumps(response, indent=2, ensure_ascii=False)
    saved = [folder / "copy.txt", folder / "copy.json"]
    try:
        for path, content in zip(saved, (text, whole), strict=True):
            path.write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise ApiError(0, "", f"{error.filename} could not be written: {error.strerror}") from None
    _print_result(
        "copy",
        f"{len(response['variants'])} variants",
        response["creditsUsed"],
        response.get("notes", {}).get("notApplied", []),
    )
    return saved


def create_assets(api: Api, kind: str, body: dict[str, Any], folder: Path) -> list[Path]:
    """Submits a job of the kind `static-ad` or `video`, waits for it, and returns the paths of its saved assets.

    Raises ApiError, also when the job fails.
    """
    return _saved(api, kind, api.call("POST", f"/api/generate/{kind}", body), folder, body.get("fileFormat", "png"))


def create_variant(api: Api, asset_id: str, body: dict[str, Any], folder: Path) -> list[Path]:
    """Submits a variant of a finished picture, waits for it, and returns the paths of its saved assets.

    Raises ApiError, also when the job fails.
    """
    return _saved(api, "variant", api.call("POST", f"/api/assets/{quote(asset_id, safe='')}/variants", body), folder)


def _saved(api: Api, kind: str, accepted: dict[str, Any], folder: Path, file_format: str = "png") -> list[Path]:
    job_id = accepted["jobId"]
    try:
        ended = wait_with_progress(api, kind, job_id)
    except KeyboardInterrupt:
        print_line(f"  {kind}: the job is still running; to cancel it: adwright jobs cancel {job_id}")
        raise
    if ended["status"] != "completed":
        error = ended.get("error", {})
        raise ApiError(0, error.get("reason", ""), error.get("message", f"The job is {ended['status']}."))
    total = ended.get("variantsTotal", 1)
    done = ended.get("variantsDone", total)
    result = "completed" if total == 1 else f"completed, {done} of {total} pictures"
    _print_result(kind, result, accepted["creditsUsed"] // total * done, ended.get("notes", []))
    is_film = any(asset["type"] == "video" for asset in ended["assets"])
    name = ("video" if is_film else "ad") + ("-variant" if kind == "variant" else "")
    saved = []
    for asset in ended["assets"]:
        suffix = SUFFIXES.get(asset["type"]) or f".{file_format}"
        parts = [name, *([str(asset["variant"])] if "variant" in asset else [])]
        parts += [] if asset["type"] in ("image", "video") else [asset["type"]]
        saved.append(api.save(asset["url"], folder / f"{'-'.join(parts)}{suffix}"))
    return saved


def _print_result(kind: str, result: str, spent: int, notes: list[str]) -> None:
    print_line(f"  {kind}: {result}, {spent} credit{'' if spent == 1 else 's'}")
    for note in notes:
        print_line(f"    {printable(note)}", "dim")
