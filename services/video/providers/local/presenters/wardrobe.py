"""Necks, shoulders and what presenters wear. Drawn once into a picture: blurs are welcome here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from services.media.colour import Colour
from services.video.providers.local.presenters.look import Look
from services.video.providers.local.strokes import along, box, fill, line, outline

BOTTOM: Final = 1500  # far below any frame


def draw_body(canvas: Any, look: Look) -> None:
    """Neck, shoulders and clothes."""
    skin = look.tones
    neck = outline("M -72 120 L -78 300 C -96 330 -150 344 -190 360 L 190 360 C 150 344 96 330 78 300 L 72 120 Z")
    shoulders = shoulder_outline(look)
    canvas.drawPath(neck, along((0, 130), (0, 340), [skin.deep, skin.shade, skin.tone]))
    canvas.save()
    canvas.clipPath(neck, doAntiAlias=True)
    canvas.drawOval(box(-130, 70, 260, 190), fill(skin.deep, 0.55, blur=20))
    canvas.restore()
    WARDROBE[look.clothes](canvas, look, shoulders)


def shoulder_outline(look: Look) -> Any:
    width = look.shoulders
    return outline(
        f"M {-width} {BOTTOM} L {-width} 760 C {-width} 470 {-width * 0.76:.0f} 400 {-width * 0.42:.0f} 352 "
        f"C -140 338 -110 326 -92 306 C -70 372 70 372 92 306 C 110 326 140 338 {width * 0.42:.0f} 352 "
        f"C {width * 0.76:.0f} 400 {width} 470 {width} 760 L {width} {BOTTOM} Z"
    )


def _cloth(canvas: Any, shape: Any, colour: Colour, look: Look) -> None:
    """Cloth with light from the upper left, a fold at each arm, and a soft edge of shade."""
    canvas.drawPath(shape, along((-200, 300), (260, 980), [colour.lighter(0.05), colour, colour.lighter(-0.09)]))
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    canvas.drawOval(box(-look.shoulders * 0.95, 330, look.shoulders, 330), fill("#ffffff", 0.09, blur=52))
    width = look.shoulders
    for side in (-1, 1):
        fold = outline(
            f"M {side * width * 0.66:.0f} 1000 C {side * width * 0.6:.0f} 780 {side * width * 0.62:.0f} 640 "
            f"{side * width * 0.71:.0f} 545"
        )
        canvas.drawPath(fold, line(colour.lighter(-0.16), 7, 0.5))
        canvas.drawPath(fold, line(colour.lighter(-0.16), 26, 0.22, blur=12))
    canvas.restore()


def _tee(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    _cloth(canvas, shoulders, colour, look)
    collar = outline("M -128 332 C -78 428 78 428 128 332 L 99 304 C 68 370 -68 370 -99 304 Z")
    canvas.drawPath(collar, fill(colour.lighter(-0.07)))
    canvas.drawPath(outline("M -128 332 C -78 428 78 428 128 332"), line(colour.lighter(-0.15), 3, 0.7))


def _scoop(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    chest = outline("M -230 345 C -150 335 -110 320 -92 300 L 92 300 C 110 320 150 335 230 345 L 230 520 L -230 520 Z")
    _cloth(canvas, shoulders, colour, look)
    canvas.save()
    canvas.clipPath(outline("M -206 346 C -150 500 150 500 206 346 L 120 280 L -120 280 Z"), doAntiAlias=True)
    canvas.drawPath(chest, along((0, 300), (0, 500), [look.tones.shade, look.tones.tone]))
    canvas.clipPath(chest, doAntiAlias=True)
    for side in (-1, 1):
        bone = outline(f"M {side * 168} 366 C {side * 120} 378 {side * 70} 384 {side * 34} 404")
        canvas.drawPath(bone, line(look.tones.deep, 6, 0.35, blur=3))
    canvas.drawOval(box(-120, 270, 240, 90), fill(look.tones.deep, 0.4, blur=18))
    canvas.restore()
    canvas.drawPath(outline("M -206 346 C -150 500 150 500 206 346"), line(colour.lighter(-0.1), 7))


def _vneck(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    _cloth(canvas, shoulders, colour, look)
    opening = outline("M -136 334 L 0 520 L 136 334 L 96 290 L -96 290 Z")
    canvas.save()
    canvas.clipPath(opening, doAntiAlias=True)
    canvas.drawPaint(along((0, 300), (0, 500), [look.tones.shade, look.tones.tone]))
    canvas.drawOval(box(-120, 262, 240, 100), fill(look.tones.deep, 0.42, blur=18))
    canvas.restore()
    canvas.drawPath(outline("M -136 334 L 0 520 L 136 334"), line(colour.lighter(-0.09), 13))
    canvas.drawPath(outline("M -66 372 C -40 420 40 420 66 372"), line("#e3bb5e", 3.2))
    canvas.drawCircle(0, 412, 8, fill("#e3bb5e"))


def _turtleneck(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    _cloth(canvas, shoulders, colour, look)
    roll = outline("M -94 230 C -60 262 60 262 94 230 L 106 340 C 70 384 -70 384 -106 340 Z")
    canvas.drawPath(roll, along((-100, 240), (100, 380), [colour.lighter(0.07), colour, colour.lighter(-0.05)]))
    for place in range(-84, 85, 14):
        canvas.drawPath(
            outline(f"M {place} 252 C {place * 1.05:.0f} 300 {place * 1.08:.0f} 330 {place * 1.1:.0f} 362"),
            line(colour.lighter(-0.1), 3, 0.5),
        )
    canvas.drawPath(outline("M -106 340 C -70 384 70 384 106 340"), line(colour.lighter(-0.12), 5, 0.8))


def _knit(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    _cloth(canvas, shoulders, colour, look)
    canvas.save()
    canvas.clipPath(shoulders, doAntiAlias=True)
    for row in range(400, 1200, 26):
        canvas.drawPath(outline(f"M -500 {row} C -200 {row + 34} 200 {row + 34} 500 {row}"), line("#ffffff", 3, 0.10))
    canvas.restore()
    collar = outline("M -134 330 C -84 440 84 440 134 330 L 96 306 C 60 374 -60 374 -96 306 Z")
    canvas.drawPath(collar, fill(colour.lighter(-0.06)))
    for place in range(-110, 111, 18):
        canvas.drawLine(place * 0.84, 352 - abs(place) * 0.42, place, 404 - abs(place) * 0.62, line("#ffffff", 3, 0.16))


def _shirt(canvas: Any, look: Look, shoulders: Any) -> None:
    colour, second = Colour.of(look.cloth_colour), Colour.of(look.cloth_second)
    _cloth(canvas, shoulders, colour, look)
    opening = outline("M -92 296 L 0 486 L 92 296 Z")
    canvas.drawPath(opening, along((0, 290), (0, 480), [look.tones.shade, look.tones.tone]))
    canvas.drawLine(0, 486, 0, 1200, line(second.lighter(-0.05), 5))
    for place in (560, 690, 820):
        canvas.drawCircle(0, place, 8, fill(second.lighter(-0.12)))
    for side in (False, True):
        collar = outline(
            "M -98 284 C -126 316 -150 336 -172 352 L -92 446 L -6 476 C -50 420 -84 350 -98 284 Z", mirrored=side
        )
        canvas.drawPath(collar, fill("#000000", 0.14, blur=8))
        canvas.drawPath(collar, along((-160, 300), (0, 470), [colour.lighter(0.02), second]))
        canvas.drawPath(collar, line(second.lighter(-0.12), 2.5, 0.8))


def _blazer(canvas: Any, look: Look, shoulders: Any) -> None:
    colour, second = Colour.of(look.cloth_colour), Colour.of(look.cloth_second)
    _cloth(canvas, shoulders, colour, look)
    inner = outline("M -124 322 C -68 400 68 400 124 322 L 170 360 L 36 900 L -36 900 L -170 360 Z")
    canvas.drawPath(inner, along((0, 340), (0, 820), [second, second.lighter(-0.07)]))
    canvas.drawPath(
        outline("M -118 330 C -64 408 64 408 118 330 L 98 304 C 68 366 -68 366 -98 304 Z"), fill(second.lighter(-0.06))
    )
    _lapels(canvas, colour)


def _lapels(canvas: Any, colour: Colour) -> None:
    for side in (False, True):
        lapel = outline(
            "M -104 302 C -136 330 -160 344 -196 356 L -252 520 L -186 524 L -206 560 L -26 930 "
            "C -60 700 -110 520 -128 380 Z",
            mirrored=side,
        )
        canvas.drawPath(lapel, fill("#000000", 0.22, blur=10))
        canvas.drawPath(lapel, along((-240, 340), (-30, 900), [colour.lighter(0.08), colour.lighter(0.01)]))
        canvas.drawPath(lapel, line(colour.lighter(-0.12), 3, 0.75))


def _suit(canvas: Any, look: Look, shoulders: Any) -> None:
    colour, tie = Colour.of(look.cloth_colour), Colour.of(look.cloth_second)
    white = Colour.of("#f4f5f7")
    _cloth(canvas, shoulders, colour, look)
    shirt = outline("M -99 304 C -68 366 68 366 99 304 L 150 362 L 36 930 L -36 930 L -150 362 Z")
    canvas.drawPath(shirt, along((0, 330), (0, 900), [white, white.lighter(-0.06)]))
    canvas.drawPath(
        outline("M -34 392 L 34 392 L 24 444 L 56 900 L 0 940 L -56 900 L -24 444 Z"),
        along((-50, 400), (50, 900), [tie.lighter(0.06), tie, tie.lighter(-0.08)]),
    )
    canvas.drawPath(outline("M -34 390 L 34 390 L 22 448 L -22 448 Z"), fill(tie.lighter(0.03)))
    canvas.drawLine(-24, 447, 24, 447, line(tie.lighter(-0.14), 3))
    for side in (False, True):
        collar = outline(
            "M -98 290 C -120 318 -136 332 -150 340 L -96 452 L -8 392 C -50 366 -84 330 -98 290 Z", mirrored=side
        )
        canvas.drawPath(collar, fill("#000000", 0.16, blur=7))
        canvas.drawPath(collar, fill(white))
        canvas.drawPath(collar, line(white.lighter(-0.16), 2.5, 0.8))
    _lapels(canvas, colour)


def _hoodie(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    hood = outline(
        "M -236 372 C -250 260 -150 236 -96 260 L 96 260 C 150 236 250 260 236 372 C 120 440 -120 440 -236 372 Z"
    )
    canvas.drawPath(hood, along((0, 240), (0, 420), [colour.lighter(-0.12), colour.lighter(-0.03)]))
    neck = outline("M -72 200 L -78 320 C -40 372 40 372 78 320 L 72 200 Z")
    canvas.drawPath(neck, along((0, 210), (0, 350), [look.tones.deep, look.tones.shade]))
    _cloth(canvas, shoulders, colour, look)
    inside = outline("M -96 318 C -60 396 60 396 96 318 L 84 290 C 60 350 -60 350 -84 290 Z")
    canvas.drawPath(inside, fill(colour.lighter(-0.14)))
    for side in (False, True):
        edge = outline(
            "M -236 372 C -180 330 -120 322 -92 300 C -80 380 -40 420 0 438 C -90 448 -180 430 -236 372 Z",
            mirrored=side,
        )
        canvas.drawPath(edge, fill("#000000", 0.16, blur=8))
        canvas.drawPath(edge, along((-220, 320), (0, 440), [colour.lighter(0.06), colour.lighter(-0.04)]))
        string = outline("M -52 420 C -60 500 -48 560 -56 620", mirrored=side)
        canvas.drawPath(string, line("#f2f0ff", 7))
        canvas.drawLine(-56 if not side else 56, 612, -57 if not side else 57, 640, line("#d8d4ee", 10))


def _cardigan(canvas: Any, look: Look, shoulders: Any) -> None:
    colour, second = Colour.of(look.cloth_colour), Colour.of(look.cloth_second)
    _cloth(canvas, shoulders, colour, look)
    top = outline("M -118 322 C -80 404 80 404 118 322 L 144 362 L 60 960 L -60 960 L -144 362 Z")
    canvas.drawPath(top, along((0, 340), (0, 820), [second, second.lighter(-0.06)]))
    canvas.drawPath(
        outline("M -132 330 C -78 414 78 414 132 330 L 98 302 C 68 366 -68 366 -98 302 Z"), fill(second.lighter(-0.05))
    )
    for side in (False, True):
        edge = outline(
            "M -130 330 C -150 350 -172 356 -206 362 C -180 560 -120 760 -70 1000 L -30 1000 "
            "C -70 760 -130 540 -146 372 Z",
            mirrored=side,
        )
        canvas.drawPath(edge, fill(colour.lighter(0.05)))
        canvas.drawPath(edge, line(colour.lighter(-0.1), 3, 0.6))
    canvas.drawPath(outline("M -70 380 C -40 424 40 424 70 380"), line("#f7f3ee", 9))


def _overshirt(canvas: Any, look: Look, shoulders: Any) -> None:
    colour, second = Colour.of(look.cloth_colour), Colour.of(look.cloth_second)
    _cloth(canvas, shoulders, colour, look)
    tee = outline("M -126 322 C -76 408 76 408 126 322 L 170 358 L 90 1000 L -90 1000 L -170 358 Z")
    canvas.drawPath(tee, along((0, 340), (0, 900), [second, second.lighter(-0.08)]))
    canvas.drawPath(
        outline("M -122 330 C -72 418 72 418 122 330 L 98 304 C 68 368 -68 368 -98 304 Z"), fill(second.lighter(-0.07))
    )
    for side in (False, True):
        collar = outline(
            "M -98 292 C -130 324 -156 340 -190 350 L -196 462 L -112 432 C -112 380 -104 330 -98 292 Z", mirrored=side
        )
        canvas.drawPath(
            outline("M -150 440 C -130 640 -110 800 -96 1000", mirrored=side), line(colour.lighter(-0.1), 6, 0.7)
        )
        canvas.drawPath(collar, fill("#000000", 0.18, blur=8))
        canvas.drawPath(collar, along((-190, 320), (-100, 450), [colour.lighter(0.07), colour]))
        canvas.drawPath(collar, line(colour.lighter(-0.12), 3, 0.7))


def _denim(canvas: Any, look: Look, shoulders: Any) -> None:
    _overshirt(canvas, look, shoulders)
    stitch = Colour.of("#e0a95a")
    for side in (False, True):
        canvas.drawPath(outline("M -166 452 C -150 640 -132 800 -118 1000", mirrored=side), line(stitch, 2.4, 0.8))
        canvas.drawPath(outline("M -330 560 L -210 580", mirrored=side), line(stitch, 2.4, 0.6))


def _collarless(canvas: Any, look: Look, shoulders: Any) -> None:
    colour = Colour.of(look.cloth_colour)
    _cloth(canvas, shoulders, colour, look)
    canvas.drawLine(0, 380, 0, 1200, line(colour.lighter(-0.1), 4, 0.7))
    for place in (600, 720, 840):
        canvas.drawCircle(0, place, 8, fill("#e3c9b0"))


Dress = Callable[[Any, Look, Any], None]

WARDROBE: Final[dict[str, Dress]] = {
    "tee": _tee,
    "scoop": _scoop,
    "vneck": _vneck,
    "turtleneck": _turtleneck,
    "knit": _knit,
    "shirt": _shirt,
    "blazer": _blazer,
    "suit": _suit,
    "hoodie": _hoodie,
    "cardigan": _cardigan,
    "overshirt": _overshirt,
    "denim": _denim,
    "collarless": _collarless,
}
