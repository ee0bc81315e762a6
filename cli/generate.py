"""`adwright generate`: the commands that create creatives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.creatives import create_assets, create_copy, create_variant
from cli.demo import SCRIPT, demo_ids
from cli.terminal import error_exit, running_system, user_api, writable_folder

app = typer.Typer(no_args_is_help=True, help="Create creatives and save them.")

Project = Annotated[str, typer.Option(help="Project id; default: ADWRIGHT_PROJECT_ID, or the demo's.")]
Product = Annotated[str, typer.Option(help="Product id; default: ADWRIGHT_PRODUCT_ID, or the demo's.")]
Out = Annotated[Path, typer.Option(help="Folder for the results.")]


def _ids(project: str, product: str) -> dict[str, str]:
    """The ids to generate for: the options, the environment, or the demo's project and product."""
    if bool(project) != bool(product):
        raise error_exit("--project and --product must be given together: a product belongs to one project", 2)
    project = project or os.environ.get("ADWRIGHT_PROJECT_ID", "")
    product = product or os.environ.get("ADWRIGHT_PRODUCT_ID", "")
    if not (project and product):
        project, product = demo_ids(*running_system())
    return {"projectId": project, "productId": product}


def _print_paths(saved: list[Path]) -> None:
    """Prints one path per line to stdout, for scripts."""
    for path in saved:
        print(path)


@app.command("copy")
def generate_copy(
    platform: Annotated[str, typer.Option(help="meta, tiktok, google, linkedin, pinterest or universal.")] = "meta",
    form: Annotated[str, typer.Option("--format", help="short, long, hook or story.")] = "short",
    tone: Annotated[str, typer.Option(help="professional, casual, urgent, luxe, playful or bold.")] = "bold",
    instructions: Annotated[str, typer.Option(help="Further wishes; at most 500 characters.")] = "",
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """Create five variants of ad copy: 1 credit."""
    writable_folder(out)
    body = {**_ids(project, product), "platform": platform, "format": form, "tone": tone}
    if instructions:
        body["customInstructions"] = instructions
    _print_paths(create_copy(user_api(), body, out))


@app.command("static-ad")
def generate_static_ad(
    style: Annotated[
        str, typer.Option(help="product_hero, lifestyle, minimal, bold, seasonal or modern.")
    ] = "product_hero",
    ratio: Annotated[str, typer.Option(help="1:1, 9:16, 4:5, 16:9, 1.91:1 or 2:3.")] = "1:1",
    prompt: Annotated[str, typer.Option(help="Mood, season, setting, colours; 5 to 1000 characters.")] = "",
    file_format: Annotated[str, typer.Option(help="png, jpeg or webp.")] = "png",
    variants: Annotated[int, typer.Option(help="Number of different pictures, each charged.", min=1, max=10)] = 1,
    visible_mark: Annotated[
        bool, typer.Option("--visible-mark", help="Print a small line that says how the picture was made.")
    ] = False,
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """Create an ad image, or several that differ: 3 credits each."""
    writable_folder(out)
    body: dict[str, Any] = {
        **_ids(project, product),
        "style": style,
        "aspectRatio": ratio,
        "fileFormat": file_format,
    }
    if prompt:
        body["prompt"] = prompt
    if variants > 1:
        body["variants"] = variants
    if visible_mark:
        body["visibleMark"] = True
    _print_paths(create_assets(user_api(), "static-ad", body, out))


@app.command("variant")
def generate_variant(
    asset: Annotated[str, typer.Argument(help="Id of a finished picture or film: its asset of type image or video.")],
    headline: Annotated[str, typer.Option(help="Another headline.")] = "",
    subline: Annotated[str, typer.Option(help="Another line below the headline.")] = "",
    cta: Annotated[str, typer.Option(help="Another label of the button.")] = "",
    price: Annotated[str, typer.Option(help="Another price, such as 24.90.")] = "",
    badge: Annotated[str, typer.Option(help="Another text of the sticker.")] = "",
    colour: Annotated[list[str] | None, typer.Option(help="A colour of another palette, such as #2f5bea.")] = None,
    ratio: Annotated[str, typer.Option(help="1:1, 9:16, 4:5, 16:9, 1.91:1 or 2:3.")] = "",
    photo: Annotated[str, typer.Option(help="Id of an uploaded photo of the product.")] = "",
    sentence: Annotated[str, typer.Option(help="Of a film: another sentence of its script.")] = "",
    number: Annotated[int, typer.Option(help="The number of the sentence that it takes the place of.", min=0)] = 0,
    replaces: Annotated[str, typer.Option(help="That sentence as it stands, in place of its number.")] = "",
    lock: Annotated[
        list[str] | None,
        typer.Option(help="What stays in a new idea: headline, subline, cta, price, badge, palette or layout."),
    ] = None,
    out: Out = Path("out"),
) -> None:
    """Make a finished picture or film again with one thing changed: 1 credit, 5 of a film (--sentence, --cta)."""
    texts = {"headline": headline, "subline": subline, "cta": cta, "price": price, "badge": badge}
    more = {"palette": colour, "aspectRatio": ratio, "productImageId": photo}
    changes: dict[str, Any] = {name: value for name, value in {**texts, **more}.items() if value}
    if sentence:
        named = {"number": number} if number else {"replaces": replaces}
        changes["sentence"] = {**named, "text": sentence}
    if bool(sentence) != bool(number or replaces) or (number and replaces):
        raise error_exit("--sentence needs --number or --replaces, which name the sentence before it", 2)
    if bool(changes) == bool(lock):
        raise error_exit("name what to change, or with --lock what stays", 2)
    writable_folder(out)
    body = {"lock": lock} if lock else {"changes": changes}
    _print_paths(create_variant(user_api(), asset, body, out))


@app.command("video")
def generate_video(
    script: Annotated[str, typer.Option(help="The spoken text; 10 to 2000 characters.", show_default=False)] = SCRIPT,
    voice: Annotated[
        str, typer.Option(help="A voice id from /api/voices; default: one of the script's language.")
    ] = "",
    language: Annotated[str, typer.Option(help="en or es; default: recognised from the script.")] = "",
    avatar: Annotated[
        str, typer.Option(help="An avatar id from /api/avatars; default: one that suits the brand.")
    ] = "",
    avatar_url: Annotated[str, typer.Option(help="Public address of a portrait to animate instead of an avatar.")] = "",
    ratio: Annotated[str, typer.Option(help="9:16, 1:1 or 16:9.")] = "9:16",
    resolution: Annotated[str, typer.Option(help="720p or 1080p.")] = "720p",
    captions: Annotated[bool, typer.Option(help="Draw captions into the video.")] = True,
    speed: Annotated[float, typer.Option(help="How many times as fast as usual the voice speaks; 0.8 to 1.25.")] = 1.0,
    music: Annotated[str, typer.Option(help="none, calm, energetic, happy, nostalgic or tender.")] = "none",
    music_volume: Annotated[float, typer.Option(help="Of the music under the voice; 0.1 to 1.")] = 0.5,
    project: Project = "",
    product: Product = "",
    out: Out = Path("out"),
) -> None:
    """Create a talking-avatar video: 40 credits."""
    writable_folder(out)
    body = {
        **_ids(project, product),
        "script": script,
        "aspectRatio": ratio,
        "resolution": resolution,
        "captions": captions,
        "speed": speed,
        "music": music,
    }
    if music != "none":
        body["musicVolume"] = music_volume
    if voice:
        body["voiceId"] = voice
    if language:
        body["language"] = language
    if avatar:
        body["avatarId"] = avatar
    if avatar_url:
        body["avatarUrl"] = avatar_url
    _print_paths(create_assets(user_api(), "video", body, out))
