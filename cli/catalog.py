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
    colour: Annotated[
        list[str] | None, typer.Option("--colour", "--color", help="A brand colour as #rrggbb; up to five.")
    ] = None,
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
    sale_price: Annotated[str, typer.Option(help="What is paid now, lower than the price.")] = "",
    old_price: Annotated[str, typer.Option(help="What was paid before, higher than the price.")] = "",
    price_per: Annotated[str, typer.Option(help="What one price pays for: month, night.")] = "",
    landing_page: Annotated[str, typer.Option(help="Address of the landing page.")] = "",
    audience: Annotated[str, typer.Option(help="Who the product is for.")] = "",
    kind: Annotated[str, typer.Option(help="good, service, software, food, place, event, property, job, …")] = "",
    category: Annotated[str, typer.Option(help="Category in the shop, such as Home > Lamps.")] = "",
    goal: Annotated[str, typer.Option(help="sell, book, sign_up, donate, visit, apply, download or call.")] = "",
    condition: Annotated[list[str] | None, typer.Option(help="A term or exclusion; up to ten.")] = None,
    offer: Annotated[str, typer.Option(help="A discount, gift or bundle, in words.")] = "",
    offer_code: Annotated[str, typer.Option(help="The code that a buyer enters.")] = "",
    offer_ends: Annotated[str, typer.Option(help="The offer's last day, such as 2027-03-31.")] = "",
    rating: Annotated[str, typer.Option(help="Average rating, such as 4.8.")] = "",
    rating_best: Annotated[int, typer.Option(help="The best possible rating; default: 5.")] = 0,
    rating_count: Annotated[int, typer.Option(help="Number of ratings.")] = 0,
    rating_source: Annotated[str, typer.Option(help="Where the ratings stand, such as Trustpilot.")] = "",
    award: Annotated[str, typer.Option(help="An award, with its giver and year.")] = "",
    external_id: Annotated[str, typer.Option(help="The identifier in your own system.")] = "",
    gtin: Annotated[str, typer.Option(help="GTIN (EAN, UPC, ISBN-13) with its check digit.")] = "",
    image: Annotated[
        list[str] | None, typer.Option(help="A photo: a file to upload, or a public address. Repeat it for more.")
    ] = None,
    project: ProjectId = "",
    user: User = DEMO_USER,
) -> None:
    """Create a product and print its id."""
    addresses = [item for item in image or () if item.startswith(("http://", "https://"))]
    files = {item: _read_image(item) for item in image or () if item not in addresses}
    proof = {
        "rating": rating, "best": rating_best, "count": rating_count, "source": rating_source, "award": award,
    }  # fmt: skip
    body: dict[str, Any] = {
        "name": name, "description": description, "features": feature, "price": price, "currency": currency,
        "salePrice": sale_price, "oldPrice": old_price, "pricePer": price_per, "landingPage": landing_page,
        "audience": audience, "kind": kind, "category": category, "goal": goal, "conditions": condition,
        "offer": _without_empty({"text": offer, "code": offer_code, "ends": offer_ends}),
        "proof": _without_empty(proof), "externalId": external_id, "gtin": gtin,
        "imageUrl": addresses[0] if addresses else "", "imageUrls": addresses[1:],
    }  # fmt: skip
    api = user_api(user)
    product = call_or_exit(api, "POST", _products_path(project), _without_empty(body))
    for file, content in files.items():
        try:
            api.upload(f"/api/products/{product['id']}/images", content)
        except ApiError as error:
            raise error_exit(
                f"The product was created as {product['id']}, but its image {file} was not uploaded: {error}"
            ) from None
    print(product["id"])


@products.command("list")
def products_list(project: ProjectId = "", user: User = DEMO_USER) -> None:
    """List the products of a project, newest first."""
    _list("products", _products_path(project), user)


@products.command("import")
def products_import(file: File, project: ProjectId = "", dry_run: DryRun = False, user: User = DEMO_USER) -> None:
    """Create the products of a file that do not exist yet by name. Columns: name, description, features, price,
    currency, landingPage, audience, the API's other fields, offerCode, offerEnds, rating, ratingBest, ratingCount,
    ratingSource, award, and image: a file to upload, relative to this one, or a public address."""
    from cli.catalog_import import PRODUCTS

    _import(PRODUCTS, file, _products_path(project), dry_run, user)


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


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
