"""Uploads as forms (multipart/form-data, RFC 7578), as `curl -F` and browsers send them: takes the file out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.chassis.errors import InputFault

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

DASHES: Final = b"--"  # before each boundary; no image starts with them
MAX_BOUNDARY_BYTES: Final = 70  # RFC 2046, 5.1.1
MAX_PARTS: Final = 20  # of one form: a file and a few fields
DISPOSITION: Final = b"content-disposition"
ADVICE: Final = (
    "send the file itself as the body (curl --data-binary @photo.jpg), or one file (curl -F image=@photo.jpg)."
)


def file_of_upload(content: bytes) -> bytes:
    """Returns the file of a form; any other body as it is.

    A form is recognised by its bytes, since clients declare other types for it and declare it for other bodies: it
    starts with its boundary, on a line of its own, followed by headers. Parts without a file name are ignored.
    Raises InputFault when the form is damaged, or contains no file or several.
    """
    boundary = _boundary(content)
    if boundary is None:
        return content
    reader = _FormReader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(content)
        parser.finalize()
    except FormParserError:
        reader.complete = False
    if not reader.complete:
        raise InputFault("PHOTO_DAMAGED", f"The photo came in a form that is damaged or incomplete; {ADVICE}")
    if len(reader.files) != 1:
        found = "no file" if not reader.files else f"{len(reader.files)} files"
        raise InputFault("PHOTO_DAMAGED", f"The photo came in a form with {found}; {ADVICE}")
    return b"".join(reader.files[0])


def _boundary(content: bytes) -> bytes | None:
    if not content.startswith(DASHES):
        return None
    line, ending, rest = content[: 1024 + MAX_BOUNDARY_BYTES].partition(b"\r\n")
    boundary = line[len(DASHES) :]
    if not ending or not 1 <= len(boundary) <= MAX_BOUNDARY_BYTES or DISPOSITION not in rest.lower():
        return None
    return boundary


class _FormReader:
    """Collects the files of a form from the parser's callbacks."""

    def __init__(self) -> None:
        self.files: list[list[bytes]] = []
        self.complete = False  # whether the last boundary was read
        self._parts = 0
        self._name = self._value = b""
        self._is_file = False

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_name,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_data,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        self._parts += 1
        self._is_file = False
        if self._parts > MAX_PARTS:
            raise FormParserError("too many parts")

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name, value, self._name, self._value = self._name.lower(), self._value, b"", b""
        if name != DISPOSITION or self._is_file:
            return
        options = parse_options_header(value)[1]
        if options.get(b"filename") or options.get(b"filename*"):  # a field without a chosen file has an empty name
            self._is_file = True
            self.files.append([])

    def _end(self) -> None:
        self.complete = True

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.files[-1].append(data[start:end])
