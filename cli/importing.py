"""Projects and products from a file: read, checked row by row, and made where no one has their name yet."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import protovalidate
from adwright.catalog.v1 import catalog_pb2
from google.protobuf import json_format
from google.protobuf.message import Message
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.api import Api, ApiError
from cli.terminal import console, problems, say

MAX_ROWS = 10_000  # of one file: more than the catalogue takes from one user
MAX_FILE_BYTES = 64 << 20
MAX_PICTURE_BYTES = 10 << 20  # as the API's
TRIES = 6  # of one call that may succeed later: a minute of waiting in all
LONGEST_PAUSE = 30.0
LINE_EVERY = 100  # rows, where there is no terminal to draw a bar in
PAGE = 100
LIST_SEPARATOR = "|"  # between the values of one cell of a CSV file


class FileProblem(Exception):
    """The file as a whole cannot be used. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file holds. columns: name of a column to the place of its value in the request."""

    noun: str
    columns: Mapping[str, tuple[str, ...]]
    lists: frozenset[str]
    collection: str
    request: type[Message]


PROJECTS = Kind(
    noun="project",
    columns={
        "name": ("name",),
        "colours": ("brand", "colours"),
        "logoUrl": ("brand", "logoUrl"),
        "font": ("brand", "font"),
        "toneWords": ("brand", "toneWords"),
        "bannedWords": ("brand", "bannedWords"),
        "spelling": ("brand", "spelling"),
        "pronunciations": ("brand", "pronunciations"),
        "brand": ("brand",),
    },
    lists=frozenset({"colours", "toneWords", "bannedWords"}),
    collection="projects",
    request=catalog_pb2.CreateProjectRequest,
)
PRODUCTS = Kind(
    noun="product",
    columns={
        **{
            name: (name,)
            for name in (
                "name", "description", "features", "price", "currency", "imageUrl", "landingPage", "audience", "image",
            )
        }
    },
    lists=frozenset({"features"}),
    collection="products",
    request=catalog_pb2.CreateProductRequest,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Row:
    """One row: where it stands, the body of its request, the file of its picture."""

    number: int
    body: dict[str, Any]
    picture: Path | None = None
    wrong: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.body.get("name", ""))


@dataclass(slots=True)
class Tally:
    """How the rows ended."""

    made: int = 0
    there: int = 0
    wrong: int = 0


def read_rows(path: Path, kind: Kind) -> list[Row]:
    """The rows of a .csv, .json (a list) or .jsonl file, each checked by the rules of the API. Raises FileProblem."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FileProblem(f"{path} has more than {MAX_FILE_BYTES >> 20} MiB.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileProblem(f"{path} is not UTF-8. In a spreadsheet, save it as CSV UTF-8.") from None
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.") from None
    records = _records(path, text)
    if len(records) > MAX_ROWS:
        raise FileProblem(f"{path} has {len(records)} rows; at most {MAX_ROWS} are taken at once.")
    names = {_plain(name): name for name in kind.columns}
    unknown = sorted({str(key) for _, record in records for key in record if _plain(str(key)) not in names})
    if unknown:
        raise FileProblem(f"{path} has unknown columns: {', '.join(unknown)}. Known: {', '.join(kind.columns)}.")
    rows = [_row(number, record, kind, names, path.parent) for number, record in records]
    first: dict[str, int] = {}
    for row in rows:
        if row.name and first.setdefault(row.name, row.number) != row.number:
            row.wrong.append(f"name: is that of row {first[row.name]} too")
    return rows


def import_rows(api: Api, kind: Kind, rows: Sequence[Row], path: str, *, dry_run: bool) -> Tally:
    """Makes what is not there yet; says what is wrong with a row and goes on. path: of the collection in the API.

    A row whose name is there already makes nothing; its picture is uploaded if that one has none. Raises ApiError when
    the API cannot be asked at all.
    """
    there = {item["name"]: item for item in every(api, kind.collection, path)}
    tally = Tally()
    with _Progress(kind, len(rows)) as advance:
        for row in rows:
            known = there.get(row.name)
            try:
                if not row.wrong and not dry_run:
                    _complete(api, row, path, known)
            except (ApiError, OSError) as error:
                row.wrong.append(str(error))
            if row.wrong:
                tally.wrong += 1
                named = f" ({row.name})" if row.name else ""
                problems.print(f"row {row.number}{named}: {'; '.join(row.wrong)}", markup=False)
            elif known is None:
                tally.made += 1
            else:
                tally.there += 1
            advance()
    return tally


def _complete(api: Api, row: Row, path: str, known: dict[str, Any] | None) -> None:
    """Makes what is not known, and uploads a picture that is not there: also after an import that was interrupted."""
    made = known if known is not None else _patiently(api.call, "POST", path, row.body)
    if row.picture is not None and not made.get("hasImage"):
        _patiently(api.upload, f"/api/products/{made['id']}/image", row.picture.read_bytes())


def every(api: Api, collection: str, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page. Raises ApiError."""
    found: list[dict[str, Any]] = []
    token = ""
    while len(found) <= MAX_ROWS * 10:
        page = _patiently(api.call, "GET", path, pageSize=PAGE, pageToken=token)
        found += page[collection]
        token = page["nextPageToken"]
        if not token:
            break
    return found


def _patiently(call: Callable[..., dict[str, Any]], *arguments: Any, **query: Any) -> dict[str, Any]:
    """Repeats a call that is refused for now, as the answer says or with growing pauses. Raises ApiError."""
    for attempt in range(TRIES):
        try:
            return call(*arguments, **query)
        except ApiError as error:
            if error.status != 429 or attempt == TRIES - 1:
                raise
            time.sleep(min(LONGEST_PAUSE, error.retry_after or 2.0**attempt))
    raise AssertionError("the last try returns or raises")


class _Progress:
    """A bar where there is a terminal, a line now and then elsewhere; as a context it gives what advances it."""

    def __init__(self, kind: Kind, total: int) -> None:
        self._kind, self._total, self._done = kind, total, 0
        columns = (TextColumn(f"  {kind.collection}:"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
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
        elif self._done % LINE_EVERY == 0 and self._done < self._total:
            say(f"  {self._done} of {self._total} {self._kind.collection}")


def _records(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    """The rows with their numbers: lines of a spreadsheet or of JSON lines, places in a JSON list."""
    kind = path.suffix.lower()
    if kind == ".csv":
        reader = csv.DictReader(text.splitlines(keepends=True), restkey="", strict=True)
        try:
            found = [(reader.line_num, record) for record in reader]
        except csv.Error as error:
            raise FileProblem(f"{path}, line {reader.line_num}: {error}.") from None
        for number, record in found:
            if "" in record:
                raise FileProblem(f"{path}, line {number}: has more values than the first line has names.")
        return [(number, {key: value for key, value in record.items() if value}) for number, record in found]
    if kind not in (".json", ".jsonl"):
        raise FileProblem(f"{path} is none of .csv, .json, .jsonl.")
    lines: list[tuple[int, Any]] = []
    number = 1
    try:
        if kind == ".jsonl":
            for number, line in enumerate(text.splitlines(), start=1):
                if line.strip():
                    lines.append((number, json.loads(line)))
        else:
            whole = json.loads(text)
            lines = list(enumerate(whole if isinstance(whole, list) else [whole], start=1))
    except ValueError as error:
        raise FileProblem(f"{path}{f', line {number}' if kind == '.jsonl' else ''} is not JSON: {error}.") from None
    for number, record in lines:
        if not isinstance(record, dict):
            raise FileProblem(f"{path}, row {number} is not a JSON object.")
    return [(number, {key: value for key, value in record.items() if value is not None}) for number, record in lines]


def _row(number: int, record: dict[str, Any], kind: Kind, names: Mapping[str, str], folder: Path) -> Row:
    row = Row(number=number, body={})
    for key, given in record.items():
        column = names[_plain(str(key))]
        value = given
        if column in kind.lists and isinstance(given, str):
            value = [part.strip() for part in given.split(LIST_SEPARATOR) if part.strip()]
        if column == "price" and isinstance(given, int | float):
            value = f"{given:g}" if float(given).is_integer() else f"{given:.2f}"
        if column == "image":
            _picture(row, str(given), folder)
            continue
        at = row.body
        *above, last = kind.columns[column]
        for name in above:
            at = at.setdefault(name, {})
        at[last] = value
    row.wrong += _violations(row.body, kind)
    return row


def _picture(row: Row, given: str, folder: Path) -> None:
    if re.match("https?://", given):
        row.body["imageUrl"] = given
        return
    path = folder / given
    try:
        size = path.stat().st_size
    except OSError as error:
        row.wrong.append(f"image: {path} cannot be read: {error.strerror}")
        return
    if not path.is_file():
        row.wrong.append(f"image: {path} is not a file")
    elif size > MAX_PICTURE_BYTES:
        row.wrong.append(f"image: {path} has more than {MAX_PICTURE_BYTES >> 20} MiB")
    row.picture = path


def _violations(body: dict[str, Any], kind: Kind) -> list[str]:
    """What the API will say of this body, as far as its rules tell without asking."""
    message = kind.request()
    try:
        json_format.ParseDict(body, message)
    except json_format.ParseError as error:
        return [str(error)]
    if isinstance(message, catalog_pb2.CreateProductRequest):
        message.project_id = "00000000-0000-4000-8000-000000000000"  # stands in the path of the request
    found = []
    for violation in protovalidate.collect_violations(message):
        path = violation.proto.field
        named = ".".join(element.field_name for element in path.elements) if path is not None else ""
        found.append(f"{_json_name(named)}: {violation.proto.message}" if named else str(violation.proto.message))
    return found


def _json_name(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _plain(name: str) -> str:
    """landing_page, Landing Page and landingPage are one column."""
    return re.sub(r"[\s_-]", "", name).lower()
