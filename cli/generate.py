"""`adwright generate`: makes creatives from a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli import generation
from cli.demo import SCRIPT, demo_ids
from cli.terminal import api_for, fail, running, writable

app = typer.Typer(no_args_is_help=True, help="Make creatives and save them.")

Project = Annotated[str, typer.Option(help="Project id; default: ADWRIGHT_PROJECT_ID, or the demo's.")]
Product = Annotated[str, typer.Option(help="Product id; default: ADWRIGHT_PRODUCT_ID, or the demo's.")]
Out = Annotated[Path, typer.Option(help="Where results go.")]


def chosen(project: str, product: str) -> dict[str, str]:
    """The ids to generate for: as given, from the environment, or the demo's."""
    if bool(project) != bool(product):
        raise fail("--project and --product are given together: a product belongs to one project", 2)
    project = project or os.environ.get("ADWRIGHT_PROJECT_ID", "")
    product = product or os.environ.get("ADWRIGHT_PRODUCT_ID", "")
    if not (project and product):
        project, product = demo_ids(*running())
    return {"projectId": project, "productId": product}


def show(saved: list[Path]) -> None:
    """A line for each file, for scripts too."""
    for path in saved:
        print(path)


@app.command("copy")
def generate_copy(
    platform: Annotated[str, typer.Option(help="meta, tiktok, google, linkedin, pinterest or universal.")] = "meta",
    form: Annotated[str, typer.Option("--format", help="short, long, hook or story.")] = "short",
    tone: Annotated[str, typer.Option(help="professional, casual, urgent, luxe, playful or bold.")] = "bold",
    instructions: Annotated[str, typer.Option(help="What else to heed; at most 500 characters.")] = "",
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """Five variants of ad copy: 1 credit."""
    writable(out)
    body = {**chosen(project, product), "platform": platform, "format": form, "tone": tone}
    if instructions:
        body["customInstructions"] = instructions
    show(generation.copy(api_for(), body, out))


@app.command("static-ad")
def generate_static_ad(
    style: Annotated[
        str, typer.Option(help="product_hero, lifestyle, minimal, bold, seasonal or modern.")
    ] = "product_hero",
    ratio: Annotated[str, typer.Option(help="1:1, 9:16, 4:5 or 16:9.")] = "1:1",
    prompt: Annotated[str, typer.Option(help="Mood, season, setting, colours; 5 to 1000 characters.")] = "",
    file_format: Annotated[str, typer.Option(help="png, jpeg or webp.")] = "png",
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """An ad image: 3 credits."""
    writable(out)
    body = {**chosen(project, product), "style": style, "aspectRatio": ratio, "fileFormat": file_format}
    if prompt:
        body["prompt"] = prompt
    show(generation.asynchronous(api_for(), "static-ad", body, out))


@app.command("video")
def generate_video(
    script: Annotated[str, typer.Option(help="What is said; 10 to 2000 characters.", show_default=False)] = SCRIPT,
    voice: Annotated[str, typer.Option(help="A voice of /api/voices.")] = "male-1",
    avatar: Annotated[str, typer.Option(help="An avatar of /api/avatars; default: one that suits the brand.")] = "",
    avatar_url: Annotated[str, typer.Option(help="A portrait to animate instead, at a public address.")] = "",
    ratio: Annotated[str, typer.Option(help="9:16, 1:1 or 16:9.")] = "9:16",
    resolution: Annotated[str, typer.Option(help="720p or 1080p.")] = "720p",
    captions: Annotated[bool, typer.Option(help="Draw captions into the picture.")] = True,
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """A talking-avatar video: 40 credits."""
    writable(out)
    body = {
        **chosen(project, product),
        "script": script,
        "voiceId": voice,
        "aspectRatio": ratio,
        "resolution": resolution,
        "captions": captions,
    }
    if avatar:
        body["avatarId"] = avatar
    if avatar_url:
        body["avatarUrl"] = avatar_url
    show(generation.asynchronous(api_for(), "video", body, out))
