"""`adwright projects` and `adwright products`: what there is to advertise, from a terminal or a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.terminal import DEMO_USER, api_for, call, fail, say

if TYPE_CHECKING:
    from cli.importing import Kind

projects = typer.Typer(no_args_is_help=True, help="Projects and their brands.")
products = typer.Typer(no_args_is_help=True, help="Products to advertise.")

User = Annotated[str, typer.Option(help="Whose.")]
ProjectId = Annotated[str, typer.Option("--project", help="Project id; default: ADWRIGHT_PROJECT_ID.")]
Name = Annotated[str, typer.Option(help="What it is called.")]
File = Annotated[Path, typer.Argument(help="A .csv, .json or .jsonl file; in CSV | stands between values of a list.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the file and say what would be made; make nothing.")]


@projects.command("create")
def projects_create(
    name: Name,
    colour: Annotated[list[str] | None, typer.Option(help="A brand colour as #rrggbb; up to five.")] = None,
    font: Annotated[str, typer.Option(help="A font family.")] = "",
    tone_word: Annotated[list[str] | None, typer.Option(help="A word for how the brand speaks; up to ten.")] = None,
    banned_word: Annotated[list[str] | None, typer.Option(help="A word that no creative may contain.")] = None,
    logo_url: Annotated[str, typer.Option(help="The logo, at a public address.")] = "",
    user: User = DEMO_USER,
) -> None:
    """Make a project; prints its id."""
    brand = {"colours": colour, "font": font, "toneWords": tone_word, "bannedWords": banned_word, "logoUrl": logo_url}
    body = {"name": name, "brand": {key: value for key, value in brand.items() if value}}
    print(call(api_for(user), "POST", "/api/projects", body)["id"])


@projects.command("list")
def projects_list(user: User = DEMO_USER) -> None:
    """The projects, newest first."""
    _list("projects", "/api/projects", user)


@projects.command("import")
def projects_import(file: File, dry_run: DryRun = False, user: User = DEMO_USER) -> None:
    """Make the projects of a file that are not there yet, by name. Columns: name, colours, font, toneWords, …"""
    from cli.importing import PROJECTS

    _import(PROJECTS, file, "/api/projects", dry_run, user)


@products.command("create")
def products_create(
    name: Name,
    description: Annotated[str, typer.Option(help="The more it says, the better the creatives.")] = "",
    feature: Annotated[list[str] | None, typer.Option(help="One of its features; up to thirty.")] = None,
    price: Annotated[str, typer.Option(help="Such as 24.90; with --currency.")] = "",
    currency: Annotated[str, typer.Option(help="Such as EUR.")] = "",
    landing_page: Annotated[str, typer.Option(help="Where the ad leads.")] = "",
    audience: Annotated[str, typer.Option(help="Whom it is for.")] = "",
    image: Annotated[str, typer.Option(help="A photo: a file to upload, or a public address.")] = "",
    project: ProjectId = "",
    user: User = DEMO_USER,
) -> None:
    """Make a product; prints its id."""
    from cli.importing import MAX_PICTURE_BYTES

    body: dict[str, Any] = {
        "name": name, "description": description, "features": feature, "price": price, "currency": currency,
        "landingPage": landing_page, "audience": audience,
    }  # fmt: skip
    content = b""
    if image.startswith(("http://", "https://")):
        body["imageUrl"] = image
    elif image:
        try:
            if Path(image).stat().st_size > MAX_PICTURE_BYTES:
                raise fail(f"--image: {image} has more than {MAX_PICTURE_BYTES >> 20} MiB", 2)
            content = Path(image).read_bytes()
        except OSError as error:
            raise fail(f"--image: {image} cannot be read: {error.strerror}", 2) from None
    api = api_for(user)
    made = call(api, "POST", _products_of(project), {key: value for key, value in body.items() if value})
    if content:
        api.upload(f"/api/products/{made['id']}/image", content)
    print(made["id"])


@products.command("list")
def products_list(project: ProjectId = "", user: User = DEMO_USER) -> None:
    """The products of a project, newest first."""
    _list("products", _products_of(project), user)


@products.command("import")
def products_import(file: File, project: ProjectId = "", dry_run: DryRun = False, user: User = DEMO_USER) -> None:
    """Make the products of a file that are not there yet, by name. Columns: name, description, features, price,
    currency, landingPage, audience, and image: a file beside this one to upload, or a public address."""
    from cli.importing import PRODUCTS

    _import(PRODUCTS, file, _products_of(project), dry_run, user)


def _products_of(project: str) -> str:
    project = project or os.environ.get("ADWRIGHT_PROJECT_ID", "")
    if not project:
        raise fail('--project: whose products? adwright projects list shows ids; eval "$(adwright env)" sets one', 2)
    return f"/api/projects/{project}/products"


def _list(collection: str, path: str, user: str) -> None:
    from cli.importing import every

    found = every(api_for(user), collection, path)
    for item in found:
        print(f"{item['id']}  {item['name']}")
    if not found:
        print(f"There are no {collection}.")


def _import(kind: Kind, file: Path, path: str, dry_run: bool, user: str) -> None:
    from cli.importing import FileProblem, import_rows, read_rows

    try:
        rows = read_rows(file, kind)
    except FileProblem as problem:
        raise fail(str(problem), 2) from None
    tally = import_rows(api_for(user), kind, rows, path, dry_run=dry_run)
    made = f"{tally.made} would be made" if dry_run else f"{tally.made} made"
    say(f"{kind.collection}: {made}, {tally.there} there already, {tally.wrong} not taken")
    if tally.wrong:
        raise typer.Exit(1)
