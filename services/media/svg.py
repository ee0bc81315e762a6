"""SVG drawings of customers: checked against a list of what is allowed, and rasterised within bounds.

An SVG can run scripts, load other addresses and grow without limit while it is drawn. Elements and attributes that are
not listed are dropped; what would make the drawing wrong without them is refused. It is drawn by a process of its own,
with limits of time and memory and without the secrets of the environment; it does not outlive the one that waits for
it.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import math
import os
import re
import resource
import signal
import subprocess
import sys
from typing import Final
from xml.etree import ElementTree

import numpy
from PIL import Image

from services.chassis.errors import InputFault
from services.media.skia import skia

MAX_BYTES: Final = 256 * 1024
MAX_ELEMENTS: Final = 5_000  # written and drawn: a `use` and a clip path count what they repeat
MAX_DEPTH: Final = 48  # of elements, and of references to others
HEAD_BYTES: Final = 2048
DRAWING_SECONDS: Final = 10.0  # for the drawing and the start of its process, which takes about one
DRAWING_BYTES: Final = 1536 * 1024 * 1024  # of address space; the largest drawing needs a quarter of it
PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux
MIN_SIDE: Final = 4  # units of the drawing
MAX_ASPECT: Final = 20

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"
ELEMENT_NAMES: Final = """
    svg g defs symbol use path rect circle ellipse line polyline polygon linearGradient radialGradient stop
    clipPath style
"""
# Without these the drawing would show something else than its author meant.
NEEDED: Final = {
    "text": "contains text; please convert it to paths (outlines)",
    "image": "contains a picture; please use a PNG instead",
    "foreignObject": "contains a web page; please use a PNG instead",
    "pattern": "contains a pattern; please use a PNG instead",
    "mask": "contains a mask; please use a PNG instead",
    "filter": "contains a filter effect; please use a PNG instead",
}
ATTRIBUTE_NAMES: Final = """
    id class d x y x1 y1 x2 y2 cx cy r rx ry fx fy fr width height points viewBox preserveAspectRatio
    transform fill fill-rule fill-opacity stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit
    stroke-dasharray stroke-dashoffset stroke-opacity opacity color clip-path clip-rule clipPathUnits gradientUnits
    gradientTransform spreadMethod offset stop-color stop-opacity
    display visibility version style mix-blend-mode
"""
ELEMENTS: Final = frozenset(ELEMENT_NAMES.split())
ATTRIBUTES: Final = frozenset(ATTRIBUTE_NAMES.split())
PROPERTIES: Final = ATTRIBUTES - {"id", "class", "d", "style", "viewBox", "points"}
REFERENCE: Final = re.compile(r"url\(['\"]?#([^'\")]{1,200})")


def is_svg(content: bytes) -> bool:
    """Whether the bytes begin like an SVG document."""
    head = content[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype svg")) and b"<svg" in head


def sanitized(content: bytes, *, named: str) -> bytes:
    """Returns the document with allowed elements and attributes only: no scripts, events or other addresses.

    Raises InputFault for one that is too large, damaged, or that would look different.
    """
    if len(content) > MAX_BYTES:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} may be at most 256 KiB as SVG.")
    if re.search(rb"<!(?:DOCTYPE[^>]*\[|ENTITY)", content, re.IGNORECASE):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} declares entities; please export the SVG without them.")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - entities are refused above, and the size is bounded
    except (ElementTree.ParseError, ValueError, LookupError):
        raise InputFault("PHOTO_DAMAGED", f"{named} is not a complete SVG; please export it again.") from None
    if root.tag != f"{{{SVG}}}svg":
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is not an SVG drawing.")
    _check_number(sum(1 for _ in root.iter()), named)
    clean = _clean(root, named, 0)
    _inline_styles(clean)
    _check_extent(clean, named)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    written: bytes = ElementTree.tostring(clean, encoding="utf-8")
    return written


def render(content: bytes, longest_side: int, *, named: str, seconds: float | None = None) -> Image.Image:
    """Draws the document, `longest_side` pixels on its longer side, on nothing. Raises InputFault as `sanitized`, and
    for a drawing that takes longer than `seconds`, by default DRAWING_SECONDS: its process is ended then."""
    data = sanitized(content, named=named)
    limit = DRAWING_SECONDS if seconds is None else seconds
    too_slow = InputFault("PHOTO_TOO_LARGE", f"{named} takes too long to draw; please simplify the SVG.")
    try:
        drawn = subprocess.run(  # noqa: S603 - this interpreter and this module
            [sys.executable, "-m", __name__, str(longest_side), str(math.ceil(limit) + 1), str(os.getpid())],
            input=data,
            capture_output=True,
            timeout=limit,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        raise too_slow from None
    if drawn.returncode in (-signal.SIGALRM, -signal.SIGXCPU):
        raise too_slow
    if drawn.returncode or not drawn.stdout:
        raise InputFault("PHOTO_DAMAGED", f"{named} cannot be drawn; please use a PNG.")
    picture = Image.open(io.BytesIO(drawn.stdout)).convert("RGBA")
    if picture.getbbox() is None:
        raise InputFault("PHOTO_DAMAGED", f"{named} is an empty drawing.")
    return picture


def _environment() -> dict[str, str]:
    """Returns the environment of the process that draws: what it needs to start, and no secrets."""
    paths = os.pathsep.join(filter(None, sys.path))
    return {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}


def _bound(seconds: int, parent: int) -> None:
    """Bounds this process by limits of the kernel: no thread of Python runs while skia draws."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    for name, limit in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, DRAWING_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(name)
        lower = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS cannot limit address space
            resource.setrlimit(name, (lower, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _rasterised(data: bytes, longest_side: int) -> Image.Image:
    """Draws a document that `sanitized` returned. Raises ValueError for one that cannot be drawn."""
    picture = skia.SVGDOM.MakeFromStream(skia.MemoryStream(data, True))  # True: it copies the bytes
    if picture is None:
        raise ValueError("no drawing")
    width, height = _extent(ElementTree.fromstring(data))  # noqa: S314 - it was written by `sanitized`
    scale = longest_side / max(width, height)
    surface = skia.Surface(max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale)))
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    picture.setContainerSize(skia.Size.Make(surface.width(), surface.height()))
    picture.render(canvas)
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
    return Image.fromarray(numpy.ascontiguousarray(pixels), "RGBA")


def _clean(element: ElementTree.Element, named: str, depth: int) -> ElementTree.Element:
    if depth > MAX_DEPTH:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} is nested too deeply; please simplify the SVG.")
    made = ElementTree.Element(element.tag)
    made.text = element.text if element.tag == f"{{{SVG}}}style" else None
    for key, value in element.attrib.items():
        if key in (f"{{{XLINK}}}href", "href"):
            if value.startswith("#"):
                made.set(f"{{{XLINK}}}href", value)
        elif key in ATTRIBUTES and not _leads_outside(value):
            made.set(key, value)
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        name = tag.removeprefix(f"{{{SVG}}}")
        if name in NEEDED:
            raise InputFault("PHOTO_UNSUPPORTED", f"{named} {NEEDED[name]}.")
        if tag.startswith(f"{{{SVG}}}") and name in ELEMENTS:
            made.append(_clean(child, named, depth + 1))
    return made


def _inline_styles(root: ElementTree.Element) -> None:
    """Moves the rules of style sheets and `style` attributes into attributes, which skia reads; in place."""
    rules: dict[str, list[tuple[int, dict[str, str]]]] = {}
    parents = {child: parent for parent in root.iter() for child in parent}
    order = 0
    for sheet in [element for element in root.iter() if element.tag == f"{{{SVG}}}style"]:
        for rule in _without_comments(sheet.text or "").split("}"):
            selectors, _, body = rule.partition("{")
            declared = _declarations(body)
            for selector in selectors.split(","):
                order += 1
                rules.setdefault(selector.strip(), []).append((order, declared))
        parents[sheet].remove(sheet)
    for element in root.iter():
        name = str(element.tag).removeprefix(f"{{{SVG}}}")
        classes = {f".{each}" for each in element.attrib.pop("class", "").split()}
        found: dict[str, str] = {}
        matching = [rule for key in (name, f"#{element.get('id', '')}", *classes) for rule in rules.get(key, ())]
        for _, declared in sorted(matching, key=lambda rule: rule[0]):
            found |= declared
        found |= _declarations(element.attrib.pop("style", ""))
        for key, value in found.items():
            element.set(key, value)


def _without_comments(sheet: str) -> str:
    parts = sheet.split("/*")
    return parts[0] + "".join(part.partition("*/")[2] for part in parts[1:])


def _leads_outside(value: str) -> bool:
    """Whether an attribute names another address than a part of the document."""
    plain = "".join(value.split()).casefold()
    return any(not part.lstrip("'\"").startswith("#") for part in plain.split("url(")[1:])


def _declarations(body: str) -> dict[str, str]:
    pairs = (declaration.partition(":")[::2] for declaration in body.split(";"))
    return {
        key.strip(): value.strip().removesuffix("!important").strip()
        for key, value in pairs
        if key.strip() in PROPERTIES and value.strip() and not _leads_outside(value)
    }


def _check_extent(root: ElementTree.Element, named: str) -> None:
    """Raises InputFault for too many elements, counting what `use` repeats, and for a size that cannot be drawn."""
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    counted: dict[int, int] = {}
    open_: set[int] = set()

    def drawn(element: ElementTree.Element) -> int:
        if id(element) in counted:
            return counted[id(element)]
        if id(element) in open_:
            raise InputFault("PHOTO_UNSUPPORTED", f"{named} repeats itself without end; please export it again.")
        if len(open_) > 4 * MAX_DEPTH:
            raise InputFault("PHOTO_TOO_LARGE", f"{named} is nested too deeply; please simplify the SVG.")
        open_.add(id(element))
        total = 1 + sum(drawn(child) for child in element)
        cut = REFERENCE.match("".join(element.get("clip-path", "").split()))
        for name in (element.get(f"{{{XLINK}}}href", "")[1:], cut[1] if cut else ""):
            target = by_id.get(name)
            if target is not None:
                total += drawn(target)
        open_.discard(id(element))
        counted[id(element)] = total
        return total

    _check_number(drawn(root), named)
    width, height = _extent(root)
    if not (width >= MIN_SIDE and height >= MIN_SIDE and max(width, height) <= MAX_ASPECT * min(width, height)):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} has no usable size; please export it with width and height.")
    if not root.get("viewBox"):
        root.set("viewBox", f"0 0 {width:g} {height:g}")
    root.set("width", "100%")
    root.set("height", "100%")


def _check_number(elements: int, named: str) -> None:
    if elements > MAX_ELEMENTS:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} has more than {MAX_ELEMENTS} elements; please simplify the SVG.")


def _extent(root: ElementTree.Element) -> tuple[float, float]:
    """Returns the drawing's width and height in its own units; zero where it states none."""
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if len(box) == 4:
        return _number(box[2]), _number(box[3])
    return _number(root.get("width", "")), _number(root.get("height", ""))


def _number(text: str) -> float:
    found = re.match(r"\s*(\d*\.?\d+(?:[eE][+-]?\d{1,2})?)(?!\s*%)", text)
    return float(found[1]) if found else 0.0


if __name__ == "__main__":
    _bound(int(sys.argv[2]), int(sys.argv[3]))
    _rasterised(sys.stdin.buffer.read(), int(sys.argv[1])).save(sys.stdout.buffer, format="png", compress_level=1)
