"""Frames of a phone and of a browser window, for screenshots of software."""

from __future__ import annotations

from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia

PHONE_BELOW: Final = 0.75  # width over height of a screenshot that a phone shows
LONGEST: Final = 1400  # pixels of the framed screenshot's longer side
SAMPLING: Final = skia.SamplingOptions(skia.CubicResampler.Mitchell())
METAL: Final = Colour.of("#3a3d45")
GLASS: Final = Colour.of("#0b0c10")
BAR: Final = Colour.of("#eceef2")
LIGHTS: Final = (Colour.of("#ff5f57"), Colour.of("#febc2e"), Colour.of("#28c840"))


def framed(screen: Any) -> Any:
    """Returns the screenshot, a skia.Image, in the frame of a phone or a window, as one with transparency around."""
    scale = min(1.0, LONGEST / max(screen.width(), screen.height()))
    width, height = screen.width() * scale, screen.height() * scale
    return _phone(screen, width, height) if width / height < PHONE_BELOW else _window(screen, width, height)


def _phone(screen: Any, width: float, height: float) -> Any:
    edge = width * 0.045
    surface, canvas = _canvas(width + 2 * edge, height + 2 * edge)
    body = Box(0, 0, width + 2 * edge, height + 2 * edge)
    radius = width * 0.14
    canvas.drawRRect(brushes.rounded(body, radius), brushes.fill(METAL))
    canvas.drawRRect(
        brushes.rounded(body.inset(edge * 0.18), radius), brushes.stroke(WHITE, max(1.0, edge * 0.1), 0.35)
    )
    canvas.drawRRect(brushes.rounded(body.inset(edge * 0.4), radius * 0.92), brushes.fill(GLASS))
    _draw_screen(canvas, screen, Box(edge, edge, edge + width, edge + height), radius * 0.78)
    return surface.makeImageSnapshot()


def _window(screen: Any, width: float, height: float) -> Any:
    bar = max(width, height) * 0.055
    surface, canvas = _canvas(width, height + bar)
    box = Box(0, 0, width, height + bar)
    radius = bar * 0.45
    canvas.save()
    canvas.clipRRect(brushes.rounded(box, radius), doAntiAlias=True)
    canvas.drawRect(brushes.rect(Box(0, 0, width, bar)), brushes.fill(BAR))
    for index, light in enumerate(LIGHTS):
        canvas.drawCircle(bar * (0.62 + 0.5 * index), bar / 2, bar * 0.15, brushes.fill(light))
    address = Box(width * 0.3, bar * 0.24, width * 0.7, bar * 0.76)
    canvas.drawRRect(brushes.rounded(address, bar), brushes.fill(WHITE))
    _draw_screen(canvas, screen, Box(0, bar, width, bar + height), 0)
    canvas.restore()
    canvas.drawRRect(brushes.rounded(box.inset(0.75), radius), brushes.stroke(BLACK, 1.5, 0.12))
    return surface.makeImageSnapshot()


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    surface = skia.Surface(round(width), round(height))
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    return surface, canvas


def _draw_screen(canvas: Any, screen: Any, box: Box, radius: float) -> None:
    canvas.save()
    canvas.clipRRect(brushes.rounded(box, radius), doAntiAlias=True)
    canvas.drawImageRect(screen, brushes.rect(box), SAMPLING, skia.Paint(AntiAlias=True))
    canvas.restore()
