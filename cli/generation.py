"""Makes creatives through the API, shows progress and saves the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.api import LIVE, Api, ApiError
from cli.terminal import console, say

SUFFIXES = {"video": ".mp4", "poster": ".jpg", "captions_srt": ".srt", "captions_vtt": ".vtt", "thumbnail": ".jpg"}


def copy(api: Api, body: dict[str, Any], out: Path) -> list[Path]:
    """Writes copy.txt and copy.json. Raises ApiError."""
    with console.status("copy: being written"):
        answer = api.call("POST", "/api/generate/copy", body)
    text = "\n\n".join(
        "\n".join(
            filter(None, [variant["hook"], variant["body"], f"[{variant['cta']}]", " ".join(variant["hashtags"])])
        )
        for variant in answer["variants"]
    )
    whole = json.dumps(answer, indent=2, ensure_ascii=False)
    saved = [out / "copy.txt", out / "copy.json"]
    try:
        for path, content in zip(saved, (text, whole), strict=True):
            path.write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise ApiError(0, "", f"{error.filename} could not be written: {error.strerror}") from None
    _made(
        "copy",
        f"{len(answer['variants'])} variants",
        answer["creditsUsed"],
        answer.get("notes", {}).get("notApplied", []),
    )
    return saved


def asynchronous(api: Api, kind: str, body: dict[str, Any], out: Path) -> list[Path]:
    """Submits a static ad or a video, waits for it and saves its assets. Raises ApiError when the job fails."""
    accepted = api.call("POST", f"/api/generate/{kind}", body)
    job_id = accepted["jobId"]
    ended = {"status": accepted["status"]}
    try:
        ended = _followed(api, kind, job_id)
    except KeyboardInterrupt:
        say(f"  {kind}: the job goes on; to end it: adwright jobs cancel {job_id}")
        raise
    if ended["status"] != "completed":
        error = ended.get("error", {})
        raise ApiError(0, error.get("reason", ""), error.get("message", f"The job is {ended['status']}."))
    _made(kind, "completed", accepted["creditsUsed"], ended.get("notes", []))
    name = "ad" if kind == "static-ad" else "video"
    saved = []
    for asset in ended["assets"]:
        suffix = SUFFIXES.get(asset["type"]) or f".{body.get('fileFormat', 'png')}"
        main = asset["type"] in ("image", "video")
        saved.append(api.save(asset["url"], out / (f"{name}{suffix}" if main else f"{name}-{asset['type']}{suffix}")))
    return saved


def _followed(api: Api, kind: str, job_id: str) -> dict[str, Any]:
    """The job once it has ended, with a bar that moves; where there is no terminal, with a line for each status."""
    if not console.is_terminal:
        told: list[str] = []

        def line(status: dict[str, Any]) -> None:
            if status["status"] in LIVE and told[-1:] != [status["status"]]:
                told.append(status["status"])
                say(f"  {kind}: {status['status']}")

        return api.wait(job_id, line)
    with Progress(
        TextColumn(f"  {kind}:"),
        BarColumn(bar_width=30),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("queued", total=100)

        def tell(status: dict[str, Any]) -> None:
            ahead = f" ({status['queuePosition']} before it)" if status.get("queuePosition") else ""
            bar.update(task, completed=status.get("progress", 0), description=status["status"] + ahead)

        return api.wait(job_id, tell)


def _made(kind: str, what: str, spent: int, notes: list[str]) -> None:
    say(f"  {kind}: {what}, {spent} credit{'' if spent == 1 else 's'}")
    for note in notes:
        say(f"    {note}", "dim")
