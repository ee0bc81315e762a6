"""`adwright generate`: makes creatives from a terminal, shows progress and saves the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.api import Api, ApiError

SUFFIXES = {"video": ".mp4", "poster": ".jpg", "captions_srt": ".srt", "captions_vtt": ".vtt", "thumbnail": ".jpg"}

console = Console()


def copy(api: Api, body: dict[str, Any], out: Path) -> list[Path]:
    """Writes copy.json and copy.txt."""
    answer = api.call("POST", "/api/generate/copy", body)
    out.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(
        "\n".join(
            filter(None, [variant["hook"], variant["body"], f"[{variant['cta']}]", " ".join(variant["hashtags"])])
        )
        for variant in answer["variants"]
    )
    (out / "copy.json").write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "copy.txt").write_text(text + "\n", encoding="utf-8")
    console.print(f"  copy: {len(answer['variants'])} variants, {answer['creditsUsed']} credit")
    return [out / "copy.txt", out / "copy.json"]


def asynchronous(api: Api, kind: str, body: dict[str, Any], out: Path) -> list[Path]:
    """Submits a static ad or a video, waits for it and saves its assets. Raises ApiError when the job fails."""
    accepted = api.call("POST", f"/api/generate/{kind}", body)
    out.mkdir(parents=True, exist_ok=True)
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

        ended = api.wait(accepted["jobId"], tell)
    if ended["status"] != "completed":
        error = ended.get("error", {})
        raise ApiError(0, error.get("reason", ended["status"]), error.get("message", f"The job is {ended['status']}."))
    console.print(f"  {kind}: completed, {accepted['creditsUsed']} credits")
    for note in ended.get("notes", []):
        console.print(f"    {note}", style="dim", highlight=False)
    name = "ad" if kind == "static-ad" else "video"
    saved = []
    for asset in ended["assets"]:
        suffix = SUFFIXES.get(asset["type"]) or f".{body.get('fileFormat', 'png')}"
        main = asset["type"] in ("image", "video")
        saved.append(api.save(asset["url"], out / (f"{name}{suffix}" if main else f"{name}-{asset['type']}{suffix}")))
    return saved
