"""The finished pixels as files: PNG, JPEG or WebP in sRGB, within the size limit, and a thumbnail.

Programs that know nothing of C2PA find in the file's XMP that it is synthetic, and what is to be seen on it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import numpy
from PIL import Image, ImageCms

from services.image.providers.local.legibility import Pixels

PNG_LIMIT: Final = 1_460_000  # bytes before signing, which adds some 15 kB; 1.5 MB are promised
PNG_LIMIT_AGAIN: Final = 1_480_000  # bytes of a picture whose texts were replaced
SIGNED_LIMITS: Final = {"png": 1_500_000}  # bytes with the manifest, by format; the others are far smaller
THUMBNAIL_LONG_SIDE: Final = 400
CONTENT_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
SUFFIXES: Final = {"png": "png", "jpeg": "jpg", "webp": "webp"}
PNG_LEVEL: Final = 4  # deflate effort: level 6 takes three times as long for a few per cent less
# Tones merged when a scene that was photographed is over the limit, least first. The last are for noise alone.
COARSE_STEPS: Final = (2, 4, 8, 16, 32, 64, 255)

_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def write_image(pixels: Pixels, path: Path, file_format: str, *, packet: bytes = b"", least_step: int = 1) -> int:
    """Writes RGBA pixels as an opaque picture with an XMP packet. Returns how many tones the file merges, at least
    `least_step`: PNGs over PNG_LIMIT are written again with fewer tones."""
    picture = Image.fromarray(pixels[..., :3])
    if file_format == "jpeg":
        picture.save(path, "JPEG", quality=92, subsampling=0, optimize=True, icc_profile=_SRGB, xmp=packet)
        return 1
    if file_format == "webp":
        picture.save(path, "WEBP", quality=90, method=4, icc_profile=_SRGB, xmp=packet)
        return 1
    for step in (1, *COARSE_STEPS):
        if step < least_step:
            continue
        content = png_of(pixels if step == 1 else _coarser(pixels[..., :3], step), packet)
        # A picture drawn again keeps the tones of the one before it, a few bytes over the limit or not.
        if len(content) <= (PNG_LIMIT if step > least_step or least_step == 1 else PNG_LIMIT_AGAIN):
            break
    path.write_bytes(content)
    return step


def xmp_packet(*, source_type: str, title: str, alt_text: str) -> bytes:
    """IPTC's digital source type, the title and the alternative text as XMP."""

    def text(value: str) -> str:
        return f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(value)}</rdf:li></rdf:Alt>'

    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(source_type)}>"
        f"<dc:title>{text(title)}</dc:title>"
        f"<Iptc4xmpCore:AltTextAccessibility>{text(alt_text)}</Iptc4xmpCore:AltTextAccessibility>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def write_thumbnail(pixels: Pixels, path: Path) -> None:
    """A WebP no larger than THUMBNAIL_LONG_SIDE."""
    picture = Image.fromarray(pixels[..., :3])
    picture.thumbnail((THUMBNAIL_LONG_SIDE, THUMBNAIL_LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture.save(path, "WEBP", quality=84, method=3)


def png_of(pixels: Pixels, packet: bytes = b"") -> bytes:
    """RGB(A) pixels as an opaque PNG with colour profile and XMP packet.

    Each byte is stored as its difference to the pixel on the left. On grained gradients that is as small as choosing a
    filter for each row, as Pillow does, and takes half the time.
    """
    height, width = pixels.shape[:2]
    rows = numpy.ascontiguousarray(pixels[..., :3]).reshape(height, width * 3)
    filtered = numpy.empty((height, width * 3 + 1), dtype=numpy.uint8)
    filtered[:, 0] = 1  # filter type "Sub", PNG specification 9.2
    filtered[:, 1:4] = rows[:, :3]
    numpy.subtract(rows[:, 3:], rows[:, :-3], out=filtered[:, 4:])
    packer = zlib.compressobj(PNG_LEVEL, zlib.DEFLATED, 15, 9)
    data = packer.compress(filtered.data) + packer.flush()

    def chunks() -> Iterator[tuple[bytes, bytes]]:
        yield b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        yield b"iCCP", b"sRGB\0\0" + zlib.compress(_SRGB)
        if packet:
            yield b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet
        yield b"IDAT", data
        yield b"IEND", b""

    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks()
    )


def _coarser(pixels: Pixels, step: int) -> Pixels:
    """Tones rounded to multiples of `step`, with a fixed 4x4 threshold pattern so that no bands appear."""
    pattern = numpy.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=numpy.float32) / 16
    height, width = pixels.shape[:2]
    threshold = numpy.tile(pattern, (height // 4 + 1, width // 4 + 1))[:height, :width, None] * step
    rounded: Any = numpy.floor((pixels.astype(numpy.float32) + threshold) / step) * step
    coarse: Pixels = numpy.clip(rounded, 0, 255).astype(numpy.uint8)
    return coarse
