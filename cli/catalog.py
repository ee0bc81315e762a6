"""`adwright projects` and `adwright products`: creates, lists and imports projects and products, and shows what was
understood of a product."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.api import ApiError
from cli.terminal import DEMO_USER, call_or_exit, error_exit, print_line, printable, user_api
from cli.understanding import products_understanding

if TYPE_CHECKING:
    from cli.catalog_import import ItemType

projects = typer.Typer(no_args_is_help=True, help="Projects and their brands.")
products = typer.Typer(no_args_is_help=True, help="Products to advertise.")
products.command("understanding")(products_understanding)

User = Annotated[str, typer.Option(help="The owner's user id.")]
ProjectId = Annotated[str, typer.Option("--project", help="Project id; default: ADWRIGHT_PROJECT_ID.")]
Name = Annotated[str, typer.Option(help="The name.")]
File = Annotated[Path, typer.Argument(help="A .csv, .json or .jsonl file; in CSV, | separates the values of a list.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the file and report the result without creating.")]


@projects.command("create")
def projects_create(
    name: Name,
    colour: Annotated[list[str] | None, typer.Option(help="A brand colour as #rrggbb; up to five.")] = None,
    font: Annotated[str, typer.Option(help="A font family.")] = "",
    tone_word: Annotated[list[str] | None, typer.Option(help="A word for the brand's voice; up to ten.")] = None,
    banned_word: Annotated[list[str] | None, typer.Option(help="A word that no creative may contain.")] = None,
    logo_url: Annotated[str, typer.Option(help="Public address of the logo.")] = "",
    user: User = DEMO_USER,
) -> None:
    """Create a project and print its id."""
    brand = {"colours": colour, "font": font, "toneWords": tone_word, "bannedWords": banned_word, "logoUrl": logo_url}
    body = {"name": name, "brand": {key: value for key, value in brand.items() if value}}
    print(call_or_exit(user_api(user), "POST", "/api/projects", body)["id"])


@projects.command("list")
def projects_list(user: User = DEMO_USER) -> None:
    """List the projects, newest first."""
    _list("projects", "/api/projects", user)


@projects.command("import")
def projects_import(file: File, dry_run: DryRun = False, user: User = DEMO_USER) -> None:
    """Create the projects of a file that do not exist yet by name. Columns: name, colours, font, toneWords, …"""
    from cli.catalog_import import PROJECTS

    _import(PROJECTS, file, "/api/projects", dry_run, user)


@products.command("create")
def products_create(
    name: Name,
    description: Annotated[str, typer.Option(help="More detail makes better creatives.")] = "",
    feature: Annotated[list[str] | None, typer.Option(help="A feature; up to thirty.")] = None,
    price: Annotated[str, typer.Option(help="Such as 24.90; with --currency.")] = "",
    currency: Annotated[str, typer.Option(help="Such as EUR.")] = "",
    landing_page: Annotated[str, typer.Option(help="Address of the landing page.")] = "",
    audience: Annotated[str, typer.Option(help="Who the product is for.")] = "",
    image: Annotated[str, typer.Option(help="A photo: a file to upload, or a public address.")] = "",
    project: ProjectId = "",
    user: User = DEMO_USER,
) -> None:
    """Create a product and print its id."""
    body: dict[str, Any] = {
        "name": name, "description": description, "features": feature, "price": price, "currency": currency,
        "landingPage": landing_page, "audience": audience,
    }  # fmt: skip
    content = b""
    if image.startswith(("http://", "https://")):
        body["imageUrl"] = image
    elif image:
        content = _read_image(image)
    api = user_api(user)
    product = call_or_exit(api, "POST", _products_path(project), {key: value for key, value in body.items() if value})
    if content:
        try:
            api.upload(f"/api/products/{product['id']}/image", content)
        except ApiError as error:
            raise error_exit(
                f"The product was created as {product['id']}, but its image {image} was not uploaded: {error}"
            ) from None
    print(product["id"])


@products.command("list")
def products_list(project: ProjectId = "", user: User = DEMO_USER) -> None:
    """List the products of a project, newest first."""
    _list("products", _products_path(project), user)


@products.command("import")
def products_import(file: File, project: ProjectId = "", dry_run: DryRun = False, user: User = DEMO_USER) -> None:
    """Create the products of a file that do not exist yet by name. Columns: name, description, features, price,
    currency, landingPage, audience, and image: a file to upload, relative to this one, or a public address."""
    from cli.catalog_import import PRODUCTS

    _import(PRODUCTS, file, _products_path(project), dry_run, user)


def _read_image(image: str) -> bytes:
    from cli.catalog_import import MAX_IMAGE_BYTES

    try:
        if Path(image).stat().st_size > MAX_IMAGE_BYTES:
            raise error_exit(f"--image: {image} is larger than {MAX_IMAGE_BYTES >> 20} MiB", 2)
        return Path(image).read_bytes()
    except OSError as error:
        raise error_exit(f"--image: {image} cannot be read: {error.strerror}", 2) from None


def _products_path(project: str) -> str:
    project = project or os.environ.get("ADWRIGHT_PROJECT_ID", "")
    if not project:
        raise error_exit(
            '--project is missing. adwright projects list prints the ids; eval "$(adwright env)" sets the demo\'s', 2
        )
    return f"/api/projects/{project}/products"


def _list(collection: str, path: str, user: str) -> None:
    from cli.catalog_import import list_all

    found = list_all(user_api(user), collection, path)
    for item in found:
        print(f"{item['id']}  {printable(item['name'])}")
    if not found:
        print(f"There are no {collection}.")


def _import(item_type: ItemType, file: Path, path: str, dry_run: bool, user: str) -> None:
    from cli.catalog_import import FileProblem, import_rows, read_rows

    try:
        rows = read_rows(file, item_type)
    except FileProblem as problem:
        raise error_exit(printable(problem), 2) from None
    counts = import_rows(user_api(user), item_type, rows, path, dry_run=dry_run)
    created = f"{counts.created} would be created" if dry_run else f"{counts.created} created"
    print_line(f"{item_type.collection}: {created}, {counts.existing} exist already, {counts.rejected} rejected")
    if counts.rejected:
        raise typer.Exit(1)
