"""Hair: what lies behind the neck and what lies before the forehead. Drawn once into pictures."""

# ruff: noqa: E501 - outlines stay whole, and coordinates come in the order drawing libraries have

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, Final

from services.media.colour import Colour
from services.video.providers.local.presenters.face import face_outline
from services.video.providers.local.presenters.look import Look
from services.video.providers.local.strokes import along, box, fill, line, outline

Part = Callable[[Any, Look], None]


def draw_back(canvas: Any, look: Look) -> None:
    """What is behind neck and ears."""
    part = BACKS.get(look.hair)
    if part is not None:
        part(canvas, look)


def draw_front(canvas: Any, look: Look) -> None:
    """What lies over the head."""
    FRONTS[look.hair](canvas, look)


def _mass(canvas: Any, shape: Any, look: Look, top: float = -320, bottom: float = 60) -> None:
    colour = Colour.of(look.hair_colour)
    canvas.drawPath(
        shape, along((-140, top), (120, bottom), [colour.lighter(0.11), colour.lighter(0.02), colour.lighter(-0.05)])
    )


def _strands(canvas: Any, shape: Any, look: Look, curves: list[str], width: float = 5, alpha: float = 0.3) -> None:
    colour = Colour.of(look.hair_colour)
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    for number, curve in enumerate(curves):
        ink = colour.lighter(0.17 if number % 2 == 0 else -0.09)
        canvas.drawPath(outline(curve), line(ink, width, alpha, blur=1.6))
    canvas.restore()


def _sheen(canvas: Any, shape: Any, x: float, y: float, width: float, height: float, alpha: float = 0.13) -> None:
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    canvas.drawOval(box(x - width / 2, y - height / 2, width, height), fill("#ffffff", alpha, blur=18))
    canvas.restore()


def _bob_back(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -190 -40 C -232 90 -236 210 -196 262 C -150 286 -110 270 -96 240 L 96 240 C 110 270 150 286 196 262 "
        "C 236 210 232 90 190 -40 C 190 -290 -190 -290 -190 -40 Z"
    )
    _mass(canvas, shape, look, -250, 300)


def _bob_front(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -172 120 C -214 60 -232 -120 -176 -226 C -124 -312 60 -330 136 -256 C 216 -190 226 20 176 124 "
        "C 190 40 188 -40 166 -96 C 140 -150 60 -150 -6 -196 C -60 -150 -130 -136 -156 -84 C -180 -20 -186 50 -172 120 Z"
    )
    _mass(canvas, shape, look)
    curves = [
        "M -10 -290 C -60 -240 -140 -180 -176 -60",
        "M -30 -300 C -100 -250 -180 -160 -190 0",
        "M 0 -290 C 60 -230 150 -180 178 -60",
        "M 20 -300 C 110 -250 190 -150 194 20",
        "M -4 -280 C -40 -240 -100 -180 -150 -120",
        "M 10 -280 C 60 -240 110 -190 160 -130",
    ]
    _strands(canvas, shape, look, curves)
    _sheen(canvas, shape, -70, -230, 190, 50)


def _long_back(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -186 -40 C -226 120 -250 330 -232 560 C -160 600 -110 560 -90 480 L 90 480 C 110 560 160 600 232 560 "
        "C 250 330 226 120 186 -40 C 186 -290 -186 -290 -186 -40 Z"
    )
    _mass(canvas, shape, look, -250, 560)


def _long_front(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -168 170 C -206 60 -222 -120 -168 -216 C -116 -304 110 -306 166 -216 C 222 -120 206 60 168 170 "
        "C 182 60 178 -30 150 -90 C 118 -146 46 -168 0 -214 C -46 -168 -118 -146 -150 -90 C -178 -30 -182 60 -168 170 Z"
    )
    _mass(canvas, shape, look)
    curves = [
        f"M {side * 2} -270 C {side * a} {-250 + a / 4:.0f} {side * (a + 70)} {-170 + a / 3:.0f} {side * (a + 90)} {a}"
        for a in (50, 68, 86, 100)
        for side in (-1, 1)
    ]
    _strands(canvas, shape, look, curves)
    _sheen(canvas, shape, -84, -222, 120, 46)
    _sheen(canvas, shape, 84, -226, 100, 40, 0.08)


def _waves_back(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -186 -40 C -250 40 -200 120 -248 200 C -290 280 -226 330 -258 420 C -270 500 -180 540 -120 490 L 120 490 "
        "C 180 540 270 500 258 420 C 226 330 290 280 248 200 C 200 120 250 40 186 -40 C 190 -300 -190 -300 -186 -40 Z"
    )
    _mass(canvas, shape, look, -250, 520)
    curves = [
        "M -196 40 C -236 110 -180 180 -228 260 C -250 320 -196 380 -220 450",
        "M 196 40 C 236 110 180 180 228 260 C 250 320 196 380 220 450",
        "M -168 120 C -200 190 -150 250 -190 340 C -206 400 -160 430 -170 480",
        "M 168 120 C 200 190 150 250 190 340 C 206 400 160 430 170 480",
    ]
    _strands(canvas, shape, look, curves, 9, 0.35)


def _waves_front(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -166 150 C -216 90 -196 20 -206 -60 C -216 -190 -120 -300 10 -294 C 140 -300 222 -190 206 -60 "
        "C 196 20 214 90 168 150 C 190 60 160 10 164 -60 C 150 -130 80 -150 40 -206 C -10 -150 -120 -150 -154 -70 "
        "C -166 0 -190 70 -166 150 Z"
    )
    _mass(canvas, shape, look)
    curves = [
        "M 40 -270 C -20 -240 -130 -190 -172 -80 C -190 0 -176 40 -186 110",
        "M 40 -280 C -60 -260 -170 -190 -190 -60",
        "M 46 -270 C 100 -230 160 -180 176 -80 C 184 0 174 40 184 110",
        "M 30 -240 C 0 -200 -90 -170 -140 -110",
        "M 60 -270 C 130 -240 180 -180 192 -50",
    ]
    _strands(canvas, shape, look, curves, 7, 0.34)
    _sheen(canvas, shape, -70, -220, 150, 50, 0.2)


def _short(canvas: Any, look: Look, shape: Any, curves: list[str], *, sheen: tuple[float, float] = (-60, -235)) -> None:
    _mass(canvas, shape, look)
    _strands(canvas, shape, look, curves, 5, 0.3)
    _sheen(canvas, shape, sheen[0], sheen[1], 150, 40)


def _cap_back(canvas: Any, look: Look) -> None:
    """Short hair seen past the temples when the head turns."""
    shape = outline("M -178 -6 C -190 -90 -180 -190 -120 -214 L 120 -214 C 180 -190 190 -90 178 -6 Z")
    canvas.drawPath(shape, fill(Colour.of(look.hair_colour).lighter(-0.04)))


def _quiff(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -176 10 C -200 -60 -206 -150 -166 -206 C -170 -270 -90 -316 10 -306 C 90 -332 190 -290 184 -220 "
        "C 212 -150 200 -60 176 10 C 174 -50 168 -90 150 -128 C 110 -150 60 -158 20 -150 C -50 -150 -110 -150 -148 -120 "
        "C -166 -90 -174 -50 -176 10 Z"
    )
    curves = [
        f"M {-130 + step * 34} {-140 - (step % 3) * 6} C {-110 + step * 36} -220 {-60 + step * 34} -280 {step * 34} -300"
        for step in range(8)
    ]
    _short(canvas, look, shape, curves, sheen=(20, -262))


def _fringe(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -174 40 C -206 -60 -214 -160 -162 -228 C -100 -300 110 -302 166 -226 C 214 -160 206 -60 174 40 "
        "C 176 -20 172 -60 158 -96 C 140 -76 120 -96 104 -110 C 84 -84 58 -84 44 -108 C 20 -82 -8 -84 -24 -106 "
        "C -46 -80 -76 -84 -90 -108 C -110 -84 -136 -76 -156 -96 C -172 -60 -176 -20 -174 40 Z"
    )
    curves = [
        f"M {place * 0.55:.0f} -276 C {place * 0.9:.0f} -220 {place} -160 {place * 1.04:.0f} -92"
        for place in (-150, -112, -74, -36, 0, 36, 74, 112, 150)
    ]
    _short(canvas, look, shape, curves)


def _crop(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -174 20 C -192 -60 -196 -140 -160 -196 C -110 -262 110 -262 160 -196 C 196 -140 192 -60 174 20 "
        "C 172 -40 168 -76 150 -108 C 130 -142 96 -138 60 -142 C 20 -146 -20 -146 -60 -142 C -96 -138 -130 -142 -150 -108 "
        "C -168 -76 -172 -40 -174 20 Z"
    )
    curves = [
        f"M {place} -140 C {place + 4} -170 {place + 12} -200 {place + 16} -232" for place in range(-120, 121, 24)
    ]
    _short(canvas, look, shape, curves, sheen=(-40, -214))


def _parted(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -176 30 C -196 -60 -204 -150 -160 -208 C -110 -282 90 -296 150 -230 C 206 -180 200 -60 176 30 "
        "C 176 -40 170 -80 154 -116 C 120 -150 40 -120 -70 -178 C -84 -150 -120 -140 -150 -104 C -168 -70 -176 -40 -176 30 Z"
    )
    curves = [
        "M -76 -200 C 0 -240 90 -220 168 -130",
        "M -70 -216 C 20 -270 110 -240 182 -120",
        "M -60 -190 C 20 -210 90 -170 150 -132",
        "M -84 -210 C -120 -200 -160 -150 -176 -70",
        "M -92 -200 C -130 -180 -164 -120 -178 -30",
    ]
    _short(canvas, look, shape, curves, sheen=(40, -236))
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    for side in (-1, 1):  # grey temples
        canvas.drawOval(box(side * 178 - 44, -120, 88, 170), fill("#d9d7d4", 0.55, blur=16))
    canvas.restore()


def _fade(canvas: Any, look: Look) -> None:
    colour = Colour.of(look.hair_colour)
    canvas.save()
    canvas.clipPath(face_outline(look, 0.0), doAntiAlias=True)  # shorn sides are on the skin, not in the air
    sides = outline(
        "M -200 8 L -200 -200 L 200 -200 L 200 8 L 152 8 C 154 -60 146 -104 110 -122 L -110 -122 C -146 -104 -154 -60 -152 8 Z"
    )
    canvas.drawPath(sides, along((0, 4), (0, -120), [(colour, 0.0), (colour, 0.9)]))
    canvas.restore()
    shape = outline(
        "M -171 -66 C -182 -128 -176 -204 -128 -232 C -78 -258 78 -258 128 -232 C 176 -204 182 -128 171 -66 "
        "C 166 -96 156 -116 140 -124 C 100 -134 -100 -134 -140 -124 C -156 -116 -166 -96 -171 -66 Z"
    )
    _mass(canvas, shape, look)
    dots = random.Random(4)
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    for _ in range(260):
        canvas.drawCircle(
            dots.uniform(-170, 170),
            dots.uniform(-270, -120),
            dots.uniform(2, 4),
            fill(colour.lighter(dots.choice((0.1, 0.06, -0.05))), 0.4),
        )
    canvas.restore()


def _shaved(canvas: Any, look: Look) -> None:
    shade = outline(
        "M -170 -30 C -178 -110 -150 -186 -90 -196 C -40 -206 40 -206 90 -196 C 150 -186 178 -110 170 -30 "
        "C 164 -90 150 -126 110 -142 C 50 -156 -50 -156 -110 -142 C -150 -126 -164 -90 -170 -30 Z"
    )
    canvas.save()
    canvas.clipPath(face_outline(look, 0.0), doAntiAlias=True)  # stubble softens into the skin, not into the air
    canvas.drawPath(shade, fill(look.hair_colour, 0.26, blur=7))
    canvas.drawOval(box(-86, -178, 96, 36), fill("#ffffff", 0.16, blur=14))
    canvas.restore()


def _cluster(canvas: Any, look: Look, spots: list[tuple[float, float, float]], seed: int) -> None:
    """Curls: round masses from dark to light, each with its own gleam."""
    colour = Colour.of(look.hair_colour)
    chance = random.Random(seed)
    for x, y, radius in spots:
        canvas.drawCircle(x, y, radius, fill(colour.lighter(-0.05)))
    for x, y, radius in spots:
        canvas.drawCircle(
            x - radius * 0.12, y - radius * 0.14, radius * 0.82, fill(colour.lighter(chance.uniform(0.0, 0.06)), 0.8)
        )
        for turn in range(3):
            angle = chance.uniform(0, 6.28)
            start = outline(
                f"M {x + math.cos(angle) * radius * 0.6:.1f} {y + math.sin(angle) * radius * 0.6:.1f} "
                f"Q {x:.1f} {y:.1f} {x + math.cos(angle + 1.9) * radius * 0.6:.1f} "
                f"{y + math.sin(angle + 1.9) * radius * 0.6:.1f}"
            )
            canvas.drawPath(start, line(colour.lighter(0.14 if turn else -0.08), 4.5, 0.4))


def _afro_back(canvas: Any, look: Look) -> None:
    spots = [
        (math.cos(angle) * 232, -92 + math.sin(angle) * 216, 62.0)
        for angle in [math.radians(step) for step in range(150, 391, 16)]
    ]
    spots += [
        (math.cos(angle) * 150, -130 + math.sin(angle) * 140, 96.0)
        for angle in [math.radians(step) for step in range(150, 391, 30)]
    ]
    _cluster(canvas, look, spots, 3)


def _afro_front(canvas: Any, look: Look) -> None:
    spots = [
        (math.cos(angle) * 168, -64 + math.sin(angle) * 146, 44.0)
        for angle in [math.radians(step) for step in range(188, 353, 13)]
    ]
    spots += [
        (math.cos(angle) * 150, -110 + math.sin(angle) * 150, 52.0)
        for angle in [math.radians(step) for step in range(195, 346, 16)]
    ]
    _cluster(canvas, look, spots, 5)


def _curls_front(canvas: Any, look: Look) -> None:
    spots = [(-168.0, -52.0, 26.0), (168.0, -52.0, 26.0), (-170.0, -92.0, 34.0), (170.0, -92.0, 34.0)]
    spots += [
        (math.cos(angle) * 152, -118 + math.sin(angle) * 118, 46.0)
        for angle in [math.radians(step) for step in range(186, 356, 15)]
    ]
    spots += [(float(x), -176.0 - 26 * math.cos(x / 70), 48.0) for x in range(-96, 100, 38)]
    spots += [(float(x), -150.0 + 9 * math.sin(x / 26), 27.0) for x in range(-112, 113, 32)]
    _cluster(canvas, look, spots, 8)


def _bun_back(canvas: Any, look: Look) -> None:
    colour = Colour.of(look.hair_colour)
    canvas.drawCircle(0, -290, 76, along((-60, -360), (60, -220), [colour.lighter(0.06), colour.lighter(-0.1)]))
    for turn in (0.0, 0.6, 1.2):
        canvas.drawArc(
            box(-60 + turn * 8, -346 + turn * 10, 120 - turn * 16, 110 - turn * 18),
            200,
            190,
            False,
            line(colour.lighter(-0.14), 4, 0.5),
        )


def _bun_front(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -172 20 C -200 -70 -196 -180 -120 -232 C -50 -270 60 -268 124 -230 C 196 -180 200 -70 172 20 "
        "C 176 -30 166 -80 140 -114 C 96 -156 30 -164 -20 -178 C -40 -156 -110 -140 -142 -108 C -166 -80 -176 -30 -172 20 Z"
    )
    _mass(canvas, shape, look)
    curves = [
        "M -20 -180 C -80 -190 -150 -150 -176 -40",
        "M -16 -190 C -80 -220 -160 -170 -184 -60",
        "M -20 -180 C 60 -190 140 -150 174 -40",
        "M -10 -200 C 70 -220 160 -170 186 -60",
        "M 0 -226 C -60 -236 -120 -220 -160 -160",
        "M 0 -226 C 60 -236 120 -220 160 -160",
    ]
    _strands(canvas, shape, look, curves, 5, 0.4)


def _headscarf_back(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -196 -40 C -236 140 -250 300 -236 420 L 236 420 C 250 300 236 140 196 -40 C 200 -310 -200 -310 -196 -40 Z"
    )
    _mass(canvas, shape, look, -260, 420)


def _headscarf_front(canvas: Any, look: Look) -> None:
    colour = Colour.of(look.hair_colour)
    shape = outline(
        "M -150 -10 C -150 -150 -90 -190 0 -192 C 90 -190 150 -150 150 -10 C 156 90 120 190 60 250 C 30 270 -30 270 -60 250 "
        "C -120 190 -156 90 -150 -10 Z "
    )
    whole = outline(
        "M -204 -20 C -216 -230 -120 -290 0 -290 C 120 -290 216 -230 204 -20 C 206 130 230 300 330 400 C 200 480 120 520 40 560 "
        "C -60 520 -220 470 -330 400 C -230 300 -206 130 -204 -20 Z"
    )
    canvas.save()
    canvas.clipPath(shape, _difference(), True)
    canvas.drawPath(whole, along((-180, -280), (200, 520), [colour.lighter(0.08), colour, colour.lighter(-0.08)]))
    curves = [
        "M -196 -60 C -200 120 -150 260 -20 330 C 90 380 200 390 290 396",
        "M -180 60 C -150 220 -60 300 60 344",
        "M 196 -60 C 200 120 160 250 40 320 C -60 380 -180 400 -290 398",
        "M -150 -200 C -60 -262 80 -262 160 -190",
        "M 180 90 C 160 200 90 270 20 300",
        "M -250 372 C -120 430 0 450 60 520",
        "M -178 -120 C -130 -230 120 -240 178 -120",
    ]
    canvas.clipPath(whole, doAntiAlias=True)
    for number, curve in enumerate(curves):
        ink = colour.lighter(-0.12 if number % 2 == 0 else 0.1)
        canvas.drawPath(outline(curve), line(ink, 7, 0.4, blur=3))
    canvas.drawPath(shape, line(colour.lighter(-0.2), 14, 0.5, blur=7))
    canvas.restore()


def _difference() -> Any:
    from services.media.skia import skia

    return skia.ClipOp.kDifference


def _pixie(canvas: Any, look: Look) -> None:
    shape = outline(
        "M -172 70 C -212 0 -214 -150 -160 -216 C -100 -292 80 -304 150 -232 C 216 -170 208 -10 176 60 C 186 0 178 -50 166 -80 "
        "C 150 -64 120 -70 96 -96 C 60 -76 0 -80 -30 -128 C -60 -100 -120 -110 -146 -70 C -166 -40 -170 20 -172 70 Z"
    )
    _mass(canvas, shape, look)
    curves = [
        "M 60 -280 C 0 -220 -40 -180 -40 -130",
        "M 70 -280 C 60 -200 100 -150 100 -96",
        "M 60 -284 C -40 -260 -140 -180 -160 -70",
        "M 70 -280 C 140 -230 170 -150 172 -80",
        "M 50 -280 C -80 -270 -180 -180 -188 -20",
    ]
    _strands(canvas, shape, look, curves, 6, 0.3)
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    for curve in (
        "M 66 -270 C 40 -190 70 -140 88 -92",
        "M 60 -274 C 10 -210 0 -160 20 -90",
        "M 74 -270 C 90 -200 130 -140 146 -74",
    ):
        canvas.drawPath(outline(curve), line("#29b5ac", 15, 0.75, blur=3))
    canvas.restore()
    _sheen(canvas, shape, -70, -226, 140, 44)


BACKS: Final[dict[str, Part]] = {
    "bob": _bob_back,
    "long": _long_back,
    "waves": _waves_back,
    "afro": _afro_back,
    "bun": _bun_back,
    **dict.fromkeys(("quiff", "fringe", "crop", "parted", "pixie"), _cap_back),
    "headscarf": _headscarf_back,
}

FRONTS: Final[dict[str, Part]] = {
    "bob": _bob_front,
    "long": _long_front,
    "waves": _waves_front,
    "quiff": _quiff,
    "fringe": _fringe,
    "crop": _crop,
    "parted": _parted,
    "fade": _fade,
    "shaved": _shaved,
    "afro": _afro_front,
    "curls": _curls_front,
    "bun": _bun_front,
    "headscarf": _headscarf_front,
    "pixie": _pixie,
}
