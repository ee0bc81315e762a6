"""Imports projects and products from a file: reads it, checks each row, and creates what does not exist by name."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adwright.catalog.v1 import catalog_pb2
from google.protobuf import json_format
from google.protobuf.message import Message
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.api import Api, ApiError
from cli.terminal import console, print_error, print_line, printable
from services.chassis.backoff import Backoff
from services.chassis.rpc.validation import violations

MAX_ROWS = 10_000  # in one file; above the catalog's limits for one user
MAX_FILE_BYTES = 64 << 20
MAX_IMAGE_BYTES = 10 << 20  # the API's limit
MAX_CALL_ATTEMPTS = 6  # of a rate-limited call: half a minute of waiting in all, longer if Retry-After says so
BACKOFF = Backoff(2.0, 30.0)
PROGRESS_LINE_ROWS = 100  # rows per progress line when there is no terminal
PAGE_SIZE = 100
LIST_SEPARATOR = "|"  # between the values of one cell of a CSV file


class FileProblem(Exception):
    """The file as a whole cannot be used. The message is shown to the user."""


PRICES = frozenset({"price", "salePrice", "oldPrice"})
COUNTS = frozenset({"ratingBest", "ratingCount"})
MAX_COUNT_DIGITS = 10  # of an int32


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemType:
    """What the rows of a file describe.

    collection: the plural name, as in the API's responses. columns: column name to the path of its value in the
    request. lists: columns whose cells hold several values. request: the message whose rules a row is checked by.
    """

    columns: Mapping[str, tuple[str, ...]]
    lists: frozenset[str]
    collection: str
    request: type[Message]


PROJECTS = ItemType(
    columns={
        "name": ("name",),
        "colours": ("brand", "colours"),
        "colors": ("brand", "colors"),
        "logoUrl": ("brand", "logoUrl"),
        "font": ("brand", "font"),
        "toneWords": ("brand", "toneWords"),
        "bannedWords": ("brand", "bannedWords"),
        "spelling": ("brand", "spelling"),
        "pronunciations": ("brand", "pronunciations"),
        "brand": ("brand",),
    },
    lists=frozenset({"colours", "colors", "toneWords", "bannedWords"}),
    collection="projects",
    request=catalog_pb2.CreateProjectRequest,
)
PRODUCTS = ItemType(
    columns={
        **{
            name: (name,)
            for name in (
                "name", "description", "features", "price", "currency", "imageUrl", "landingPage", "audience", "image",
                "kind", "category", "goal", "salePrice", "oldPrice", "pricePer", "conditions", "externalId", "gtin",
                "imageUrls", "offer", "proof",
            )
        },
        "offerCode": ("offer", "code"),
        "offerEnds": ("offer", "ends"),
        "rating": ("proof", "rating"),
        "ratingBest": ("proof", "best"),
        "ratingCount": ("proof", "count"),
        "ratingSource": ("proof", "source"),
        "award": ("proof", "award"),
    },
    lists=frozenset({"features", "conditions", "imageUrls"}),
    collection="products",
    request=catalog_pb2.CreateProductRequest,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Row:
    """One row: its number in the file, its request body, the photo to upload, and the problems found."""

    number: int
    body: dict[str, Any]
    image: Path | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.body.get("name", ""))


@dataclass(slots=True)
class ImportCounts:
    """The number of rows that were created, existed before, or were rejected."""

    created: int = 0
    existing: int = 0
    rejected: int = 0


def read_rows(path: Path, item_type: ItemType) -> list[Row]:
    """The rows of a .csv, .json (a list) or .jsonl file, each checked by the API's rules. Raises FileProblem."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FileProblem(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileProblem(f"{path} is not UTF-8. In a spreadsheet, save it as CSV UTF-8.") from None
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.") from None
    records = _records(path, text)
    if len(records) > MAX_ROWS:
        raise FileProblem(f"{path} has {len(records)} rows; a file may have at most {MAX_ROWS}.")
    names = {_normalized(name): name for name in item_type.columns}
    unknown = sorted({str(key) for _, record in records for key in record if _normalized(str(key)) not in names})
    if unknown:
        raise FileProblem(f"{path} has unknown columns: {', '.join(unknown)}. Known: {', '.join(item_type.columns)}.")
    rows = [_row(number, record, item_type, names, path.parent) for number, record in records]
    first: dict[str, int] = {}
    for row in rows:
        if row.name and first.setdefault(row.name, row.number) != row.number:
            row.problems.append(f"name: row {first[row.name]} has the same name")
    return rows


def import_rows(api: Api, item_type: ItemType, rows: Sequence[Row], path: str, *, dry_run: bool) -> ImportCounts:
    """Creates the rows that do not exist yet in the API's collection at `path`; prints each rejected row and goes on.

    A row whose name exists creates nothing; its photo is uploaded if that product has none. Raises ApiError when the
    existing items cannot be listed.
    """
    existing = {item["name"]: item for item in list_all(api, item_type.collection, path)}
    counts = ImportCounts()
    with _ImportProgress(item_type.collection, len(rows)) as advance:
        for row in rows:
            known = existing.get(row.name)
            try:
                if not row.problems and not dry_run:
                    _create_or_complete(api, row, path, known)
            except (ApiError, OSError) as error:
                row.problems.append(str(error))
            if row.problems:
                counts.rejected += 1
                name = f" ({row.name})" if row.name else ""
                print_error(printable(f"row {row.number}{name}: {'; '.join(row.problems)}"))
            elif known is None:
                counts.created += 1
            else:
                counts.existing += 1
            advance()
    return counts


def _create_or_complete(api: Api, row: Row, path: str, known: dict[str, Any] | None) -> None:
    """Creates an unknown item and uploads a missing photo. This also completes an import that was interrupted."""
    item = known if known is not None else _retry_rate_limited(api.call, "POST", path, row.body)
    if row.image is not None and not item.get("hasImage"):
        try:
            _retry_rate_limited(api.upload, f"/api/products/{item['id']}/image", row.image.read_bytes())
        except ApiError as error:
            if known is not None:
                raise
            raise ApiError(
                error.status, error.reason, f"the product was created as {item['id']}, without its image: {error}"
            ) from None


def list_all(api: Api, collection: str, path: str) -> list[dict[str, Any]]:
    """All items of a paginated list. Raises ApiError."""
    found: list[dict[str, Any]] = []
    token = ""
    while len(found) <= MAX_ROWS * 10:
        page = _retry_rate_limited(api.call, "GET", path, pageSize=PAGE_SIZE, pageToken=token)
        found += page[collection]
        token = page["nextPageToken"]
        if not token:
            break
    return found


def _retry_rate_limited(call: Callable[..., dict[str, Any]], *arguments: Any, **query: Any) -> dict[str, Any]:
    """Calls the API; repeats a call refused with 429 after its Retry-After, or after growing pauses.

    Raises ApiError.
    """
    for attempt in range(1, MAX_CALL_ATTEMPTS + 1):
        try:
            return call(*arguments, **query)
        except ApiError as error:
            if error.status != 429 or attempt == MAX_CALL_ATTEMPTS:
                raise
            time.sleep(min(BACKOFF.longest, error.retry_after_seconds or BACKOFF.seconds(attempt)))
    raise AssertionError("the last attempt returns or raises")


class _ImportProgress:
    """A progress bar; without a terminal, a line every PROGRESS_LINE_ROWS rows. The context value advances it."""

    def __init__(self, collection: str, total: int) -> None:
        self._collection, self._total, self._done = collection, total, 0
        columns = (TextColumn(f"  {collection}:"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("", total=total) if self._bar else None

    def __enter__(self) -> Callable[[], None]:
        if self._bar:
            self._bar.start()
        return self._advance

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def _advance(self) -> None:
        self._done += 1
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
        elif self._done % PROGRESS_LINE_ROWS == 0 and self._done < self._total:
            print_line(f"  {self._done} of {self._total} {self._collection}")


def _records(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    """The records with their numbers: line numbers of CSV and JSON Lines, positions in a JSON list.

    Empty CSV cells and JSON nulls are left out. Raises FileProblem.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv_records(path, text)
    if suffix not in (".json", ".jsonl"):
        raise FileProblem(f"{path} is not a .csv, .json or .jsonl file.")
    lines: list[tuple[int, Any]] = []
    number = 1
    try:
        if suffix == ".jsonl":
            for number, line in enumerate(text.splitlines(), start=1):
                if line.strip():
                    lines.append((number, json.loads(line)))
        else:
            whole = json.loads(text)
            lines = list(enumerate(whole if isinstance(whole, list) else [whole], start=1))
    except ValueError as error:
        raise FileProblem(f"{path}{f', line {number}' if suffix == '.jsonl' else ''} is not JSON: {error}.") from None
    for number, record in lines:
        if not isinstance(record, dict):
            raise FileProblem(f"{path}, row {number} is not a JSON object.")
    return [(number, {key: value for key, value in record.items() if value is not None}) for number, record in lines]


def _csv_records(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines(keepends=True), restkey="", strict=True)
    try:
        found = [(reader.line_num, record) for record in reader]
    except csv.Error as error:
        raise FileProblem(f"{path}, line {reader.line_num}: {error}.") from None
    for number, record in found:
        if "" in record:
            raise FileProblem(f"{path}, line {number}: there are more values than column names.")
    return [(number, {key: value for key, value in record.items() if value}) for number, record in found]


def _row(number: int, record: dict[str, Any], item_type: ItemType, names: Mapping[str, str], folder: Path) -> Row:
    row = Row(number=number, body={})
    for key, cell in record.items():
        column = names[_normalized(str(key))]
        value = _value(column, cell, item_type)
        if column == "image":
            _set_image(row, str(cell), folder)
            continue
        target: Any = row.body
        *parents, last = item_type.columns[column]
        for name in parents:
            target = target.setdefault(name, {})
        if not isinstance(target, dict):  # reported below
            continue
        if isinstance(value, dict) and isinstance(parts := target.get(last), dict):  # columns of parts came before
            value = {**value, **parts}
        target[last] = value
    objects = {path[0] for path in item_type.columns.values() if len(path) > 1}
    wrong = [name for name, value in row.body.items() if name in objects and not isinstance(value, dict)]
    row.problems += [f"{name}: must be an object" for name in wrong]
    row.problems += _violations({name: value for name, value in row.body.items() if name not in wrong}, item_type)
    return row


def _value(column: str, cell: Any, item_type: ItemType) -> Any:
    """The value of a cell as the API takes it."""
    if column in item_type.lists and isinstance(cell, str):
        return [part.strip() for part in cell.split(LIST_SEPARATOR) if part.strip()]
    if column in PRICES and isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else f"{cell:.2f}"
    if column in {*PRICES, "rating"} and isinstance(cell, int | float) and not isinstance(cell, bool):
        return str(cell)
    if column in COUNTS and isinstance(cell, str) and cell.isdecimal() and len(cell) <= MAX_COUNT_DIGITS:
        return int(cell)
    if column == "offer" and isinstance(cell, str):
        return {"text": cell}
    return cell


def _set_image(row: Row, address: str, folder: Path) -> None:
    """Takes a public address into the request, or checks a file that is to be uploaded."""
    if re.match("https?://", address):
        row.body["imageUrl"] = address
        return
    path = folder / address
    try:
        size = path.stat().st_size
    except OSError as error:
        row.problems.append(f"image: {path} cannot be read: {error.strerror}")
        return
    if not path.is_file():
        row.problems.append(f"image: {path} is not a file")
    elif size > MAX_IMAGE_BYTES:
        row.problems.append(f"image: {path} is larger than {MAX_IMAGE_BYTES >> 20} MiB")
    row.image = path


def _violations(body: dict[str, Any], item_type: ItemType) -> list[str]:
    """The API's rules that the body breaks, worded as in the API's refusal, without a request."""
    message = item_type.request()
    try:
        json_format.ParseDict(body, message)
    except json_format.ParseError as error:
        return [_parse_problem(str(error))]
    if isinstance(message, catalog_pb2.CreateProductRequest):
        message.project_id = "00000000-0000-4000-8000-000000000000"  # comes from the request's path
    return [f"{violation.field}: {violation.message}" for violation in violations(message)]


def _parse_problem(error: str) -> str:
    """A ParseError in the user's words: it names protobuf messages and Python types."""
    path = ".".join(re.findall(r"Failed to parse (\w+) field", error))
    unknown = re.search(r'has no field named "([^"]*)"', error)
    problem = f"has no field {unknown[1]}" if unknown else "the value has the wrong type"
    return f"{path}: {problem}" if path else problem


def _normalized(name: str) -> str:
    """The column name without separators and case: landing_page, Landing Page and landingPage are one column."""
    return re.sub(r"[\s_-]", "", name).lower()
