"""`adwright avatars`: uploads, lists and deletes portraits for videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from cli.api import ApiError
from cli.terminal import DEMO_USER, call_or_exit, error_exit, print_line, printable, user_api

app = typer.Typer(no_args_is_help=True, help="Avatars of videos, and portraits of your own.")

User = Annotated[str, typer.Option(help="The owner's user id.")]


@app.command("upload")
def avatars_upload(
    portrait: Annotated[Path, typer.Argument(help="A PNG, JPEG or WebP file with one face; at most 10 MiB.")],
    consent: Annotated[str, typer.Option(help="Version of the text that you agree to; `list` prints the text.")] = "",
    name: Annotated[str, typer.Option(help="A name to recognise it by.")] = "",
    user: User = DEMO_USER,
) -> None:
    """Upload a portrait and print its id, the value for `generate video --avatar`."""
    from cli.catalog_import import MAX_IMAGE_BYTES

    try:
        if portrait.stat().st_size > MAX_IMAGE_BYTES:
            raise error_exit(f"{portrait} is larger than {MAX_IMAGE_BYTES >> 20} MiB", 2)
        content = portrait.read_bytes()
    except OSError as error:
        raise error_exit(f"{portrait} cannot be read: {error.strerror}", 2) from None
    query = urlencode({key: value for key, value in (("name", name), ("consent", consent)) if value})
    try:
        avatar = user_api(user).upload(f"/api/avatars?{query}", content)
    except ApiError as error:
        raise error_exit(str(error)) from None
    for note in avatar.get("notes", []):
        print_line(printable(note), "dim")
    print(avatar["id"])


@app.command("list")
def avatars_list(user: User = DEMO_USER) -> None:
    """List the avatars, your own portraits first, and the text to agree to before an upload."""
    found = call_or_exit(user_api(user), "GET", "/api/avatars")
    for avatar in found["avatars"]:
        print(f"{avatar['id']}  {printable(avatar['name'])}: {printable(avatar['description'])}")
    if "consent" in found:
        consent = found["consent"]
        print_line(f"--consent {printable(consent['version'])} means: {printable(consent['text'])}", "dim")


@app.command("delete")
def avatars_delete(
    avatar: Annotated[str, typer.Argument(help="The id of an uploaded portrait.")], user: User = DEMO_USER
) -> None:
    """Delete an uploaded portrait with its record of consent."""
    call_or_exit(user_api(user), "DELETE", f"/api/avatars/{quote(avatar, safe='')}")
