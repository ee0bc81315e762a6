"""The face, drawn anew for every frame: everything that moves, and only with paints that are cheap."""

# ruff: noqa: E501 - outlines stay whole, and coordinates come in the order drawing libraries have

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from services.media.colour import Colour
from services.video.providers.local.presenters.look import Look
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.strokes import along, around, box, fill, fixed, glow, line, outline

EYE_Y = -34.0
EYE_X = 74.0
MOUTH_Y = 134.0
JAW_TRAVEL = 30.0  # how far the chin goes down with a mouth wide open


def face_outline(look: Look, jaw: float) -> Any:
    """The head's contour with the chin `jaw` units lower."""
    head, cheek, chin_x, chin = look.head_width, look.jaw_width, look.chin_width, look.chin
    under = chin_x - (cheek + 2 - chin_x) * 38 / (chin - 162 + jaw * 0.4)  # on, as the jaw comes down: no corner
    return outline(
        f"M {-head} -70 C {-head - 4} {50 + jaw * 0.1:.1f} {-cheek - 2} {140 + jaw * 0.6:.1f} "
        f"{-chin_x} {chin - 22 + jaw:.1f} C {-under:.1f} {chin + 16 + jaw:.1f} {under:.1f} "
        f"{chin + 16 + jaw:.1f} {chin_x} {chin - 22 + jaw:.1f} C {cheek + 2} {140 + jaw * 0.6:.1f} {head + 4} "
        f"{50 + jaw * 0.1:.1f} {head} -70 C {head - 4} -222 {-head + 4} -222 {-head} -70 Z"
    )


def draw_skin(canvas: Any, look: Look, pose: Pose, mouth: Mouth) -> None:
    """Ears, the head's form, its light and shade."""
    skin = look.tones
    if look.hair != "headscarf":
        for side in (-1, 1):
            x = side * (look.head_width + 6) - pose.yaw * 7
            canvas.drawOval(box(x - 27, -42, 54, 98), fill(skin.shade))
            canvas.drawOval(box(x - 18 - side * 2, -30, 36, 70), fill(skin.tone))
            canvas.drawPath(
                outline(f"M {x + side * 10:.1f} -22 C {x + side * 16:.1f} 4 {x:.1f} 10 {x + side * 4:.1f} 34"),
                line(skin.shade, 5, 0.8),
            )
    jaw = mouth.open * JAW_TRAVEL
    shape = face_outline(look, jaw)
    canvas.drawPath(shape, around((-52 + pose.yaw * 20, -66), 350, [skin.light, skin.tone, skin.shade], [0, 0.58, 1]))
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    glow(canvas, 0, -178, 210, 74, skin.deep, 0.30)
    for side in (-1, 1):
        glow(canvas, side * 102 + pose.yaw * 10, 74, 72, 52, skin.blush, 0.34 if look.lashes else 0.22)
        glow(canvas, side * (look.head_width + 2) + pose.yaw * 14, 40, 46, 190, skin.deep, 0.20)
        glow(canvas, side * EYE_X + pose.yaw * 12, EYE_Y - 2, 62, 44, skin.shade, 0.36)
    glow(canvas, pose.yaw * 16, look.chin + jaw - 4, 110, 34, skin.deep, 0.20)
    glow(canvas, -38 + pose.yaw * 14, -118, 84, 44, skin.light, 0.6)
    if look.freckles:
        for x, y, radius in _freckles():
            canvas.drawCircle(x + pose.yaw * 12, y, radius, fill(skin.deep, 0.5))
    if look.hair in ("shaved", "fade", "crop") or look.beard:
        glow(canvas, pose.yaw * 14, 190 + jaw, 150, 76, look.hair_colour, 0.14 if look.beard else 0.05)
    if look.age > 0.4:
        _age_lines(canvas, look, pose)
    canvas.restore()


def draw_features(canvas: Any, look: Look, pose: Pose, mouth: Mouth) -> None:
    """Beard, nose, mouth, eyes, brows, glasses, earrings; the nearer to the front, the more they turn with the head."""
    jaw = mouth.open * JAW_TRAVEL
    if look.beard:
        _beard(canvas, look, pose, jaw)
    canvas.save()
    canvas.translate(pose.yaw * 15, pose.pitch * 7)
    _mouth(canvas, look, mouth, pose.smile)
    canvas.restore()
    if look.beard in ("full", "goatee", "moustache"):
        _moustache(canvas, look, pose, mouth)
    canvas.save()
    canvas.translate(pose.yaw * 19, pose.pitch * 9)
    _nose(canvas, look)
    canvas.restore()
    canvas.save()
    canvas.translate(pose.yaw * 13, pose.pitch * 8)
    for side in (-1, 1):
        _eye(canvas, look, pose, side)
        _brow(canvas, look, pose, side)
    if look.glasses:
        _glasses(canvas, look)
    canvas.restore()
    if look.earrings:
        _earrings(canvas, look, pose)


@lru_cache(maxsize=1)
def _freckles() -> tuple[tuple[float, float, float], ...]:
    chance = random.Random(11)
    return tuple(
        (side * chance.uniform(26, 126), chance.uniform(18, 82), chance.uniform(2.2, 4.0))
        for side in (-1, 1)
        for _ in range(17)
    )


def _age_lines(canvas: Any, look: Look, pose: Pose) -> None:
    strength = (look.age - 0.3) * 0.75
    crease = line(look.tones.line, 4, min(0.5, strength * 0.75))
    fine = line(look.tones.line, 3, min(0.4, strength * 0.6))
    shift = pose.yaw * 14
    canvas.save()
    canvas.translate(shift, 0)
    for side in (False, True):
        canvas.drawPath(fixed("M -48 76 C -70 94 -82 116 -84 140", side), crease)
        canvas.drawPath(fixed("M -112 -6 C -98 8 -76 12 -54 8", side), fine)
        canvas.drawPath(fixed("M -128 -40 L -146 -52", side), fine)
        canvas.drawPath(fixed("M -128 -30 L -150 -30", side), fine)
    if look.hair in ("parted", "fade", "bun"):
        canvas.drawPath(fixed("M -70 -126 C -30 -134 30 -134 70 -126"), fine)
        canvas.drawPath(fixed("M -52 -108 C -20 -114 20 -114 52 -108"), fine)
    canvas.restore()


def _nose(canvas: Any, look: Look) -> None:
    skin = look.tones
    paint = line(skin.line, 5.5, 0.72)
    glow(canvas, -6, 30, 17, 40, skin.light, 0.75)
    if look.nose == "wide":
        glow(canvas, 0, 68, 52, 22, skin.deep, 0.30)
        canvas.drawPath(fixed("M -34 60 C -42 74 -28 84 -16 76 C -8 84 8 84 16 76 C 28 84 42 74 34 60"), paint)
        glow(canvas, -4, 58, 16, 14, skin.light, 0.8)
    elif look.nose == "strong":
        canvas.drawPath(fixed("M 12 -16 C 20 14 34 42 30 60 C 26 76 8 78 0 74 C -8 80 -26 78 -30 64"), paint)
        glow(canvas, 12, 66, 34, 18, skin.deep, 0.26)
        glow(canvas, -4, 54, 14, 14, skin.light, 0.8)
    elif look.nose == "straight":
        canvas.drawPath(fixed("M 8 0 C 12 26 28 50 24 64 C 18 76 -10 78 -24 66"), paint)
        glow(canvas, 8, 66, 34, 18, skin.deep, 0.24)
    else:
        canvas.drawPath(fixed("M -20 62 C -18 76 -6 76 0 72 C 6 76 18 76 20 62"), paint)
        glow(canvas, 0, 70, 36, 17, skin.deep, 0.24)
        glow(canvas, -4, 52, 13, 12, skin.light, 0.9)


def _eye(canvas: Any, look: Look, pose: Pose, side: int) -> None:
    size = look.eye_size
    x, y = side * EYE_X, EYE_Y
    closed = min(1.0, max(0.0, pose.blink))
    height = (44 + pose.wide * 6) * size * (1 - closed)
    width = 43 * size
    squint = 1 - 0.18 * pose.smile
    inner, outer = x - side * width, x + side * width
    upper = y - height * 0.70
    lower = y + height * 0.56 * squint + closed * 10
    lift = -5.0 if look.lashes else -2.0
    corner = y + 7 + closed * 3
    shape = outline(
        f"M {inner:.1f} {corner:.1f} C {x - side * width * 0.6:.1f} {upper + closed * 8:.1f} "
        f"{x + side * width * 0.6:.1f} {upper + closed * 8:.1f} {outer:.1f} {corner + lift * (1 - closed):.1f} "
        f"C {x + side * width * 0.55:.1f} {lower:.1f} {x - side * width * 0.55:.1f} {lower:.1f} {inner:.1f} {corner:.1f} Z"
    )
    if closed < 0.94:
        canvas.drawPath(shape, fill("#fdfbf8"))
        canvas.save()
        canvas.clipPath(shape, doAntiAlias=True)
        iris = Colour.of(look.eye_colour)
        radius = 22.5 * size
        gaze_x, gaze_y = x + pose.gaze_x * 9, y + 2 + pose.gaze_y * 6
        canvas.drawCircle(
            gaze_x,
            gaze_y,
            radius,
            around((gaze_x, gaze_y + 7), radius * 1.05, [iris.lighter(0.16), iris, iris.lighter(-0.2)], [0, 0.6, 1]),
        )
        canvas.drawCircle(gaze_x, gaze_y, radius * 0.46, fill("#0d0908"))
        canvas.drawCircle(gaze_x + radius * 0.36, gaze_y - radius * 0.38, radius * 0.27, fill("#ffffff", 0.95))
        canvas.drawCircle(gaze_x - radius * 0.34, gaze_y + radius * 0.36, radius * 0.13, fill("#ffffff", 0.5))
        glow(canvas, x, y - height * 0.66, width * 1.15, 17, look.tones.line, 0.5)
        canvas.restore()
    lid = outline(
        f"M {inner:.1f} {corner:.1f} C {x - side * width * 0.6:.1f} {upper + closed * 30:.1f} "
        f"{x + side * width * 0.6:.1f} {upper + closed * 30:.1f} {outer + side * 2:.1f} {corner + lift * (1 - closed):.1f}"
    )
    canvas.drawPath(lid, line("#22130d", 8.5 if look.lashes else 6.5))
    if look.lashes:
        tip_y = corner + lift * (1 - closed)
        flick = outline(
            f"M {outer - side * 16:.1f} {tip_y - 11 + closed * 8:.1f} Q {outer:.1f} {tip_y - 8 + closed * 6:.1f} "
            f"{outer + side * 14:.1f} {tip_y - 15 + closed * 18:.1f} Q {outer + side * 6:.1f} {tip_y + 1:.1f} "
            f"{outer - side * 4:.1f} {tip_y + 3:.1f} Z"
        )
        canvas.drawPath(flick, fill("#22130d"))
    if closed < 0.6:
        crease = outline(
            f"M {inner + side * 8:.1f} {upper + 4:.1f} C {x - side * width * 0.4:.1f} {upper - 15:.1f} "
            f"{x + side * width * 0.5:.1f} {upper - 15:.1f} {outer - side * 2:.1f} {upper + 12:.1f}"
        )
        canvas.drawPath(crease, line(look.tones.line, 3.5, 0.42))


def _brow(canvas: Any, look: Look, pose: Pose, side: int) -> None:
    colour = Colour.of(look.brow_colour or look.hair_colour)
    if not look.brow_colour and colour.lightness > 0.5:
        colour = colour.lighter(-0.2)
    y = -96 - pose.brow * 13 - (side * pose.brow_tilt) * 5
    arch, weight = look.brow_arch, look.brow_weight * 6.4
    shape = outline(
        f"M {side * 32} {y + 10 - weight:.1f} C {side * 56} {y - arch - weight:.1f} {side * 92} {y - arch - weight:.1f} "
        f"{side * 128} {y + 12:.1f} C {side * 94} {y - arch + weight * 0.9:.1f} {side * 60} {y - arch + weight * 1.3:.1f} "
        f"{side * 34} {y + 10 + weight:.1f} C {side * 27} {y + 8:.1f} {side * 27} {y + 6:.1f} {side * 32} {y + 10 - weight:.1f} Z"
    )
    canvas.drawPath(shape, fill(colour, 0.94))


def _mouth(canvas: Any, look: Look, mouth: Mouth, smile: float) -> None:
    full = look.lip_fullness
    lip = Colour.of(look.lip_colour)
    half = 42 + mouth.width * 46 - mouth.round * 14
    opening = mouth.open * 88
    # Corners rise in a smile; a rounded or open mouth cannot keep it.
    corner = -(7 + 12 * smile) * (1 - mouth.round) * (1 - mouth.open * 0.55) + mouth.open * 8
    press = 1 - mouth.press * 0.5
    upper_lip = (9 + mouth.round * 6) * full * press
    lower_lip = (13.5 + mouth.round * 6) * full * press
    upper, lower = MOUTH_Y - opening * 0.24, MOUTH_Y + opening * 0.76
    level = MOUTH_Y + corner
    bow = 1 - mouth.open * 0.5
    inner_shape = outline(
        f"M {-half:.1f} {level:.1f} C {-half * 0.6:.1f} {upper - 1:.1f} {-half * 0.24:.1f} {upper - 1:.1f} 0 {upper + 2:.1f} "
        f"C {half * 0.24:.1f} {upper - 1:.1f} {half * 0.6:.1f} {upper - 1:.1f} {half:.1f} {level:.1f} "
        f"C {half * 0.68:.1f} {lower + 4:.1f} {-half * 0.68:.1f} {lower + 4:.1f} {-half:.1f} {level:.1f} Z"
    )
    outer_shape = outline(
        f"M {-half - 6:.1f} {level:.1f} C {-half * 0.66:.1f} {upper - upper_lip * 1.2:.1f} {-half * 0.34:.1f} "
        f"{upper - upper_lip * (1.7 + 0.4 * bow):.1f} 0 {upper - upper_lip * (1.7 - 0.4 * bow):.1f} "
        f"C {half * 0.34:.1f} {upper - upper_lip * (1.7 + 0.4 * bow):.1f} {half * 0.66:.1f} {upper - upper_lip * 1.2:.1f} "
        f"{half + 6:.1f} {level:.1f} C {half * 0.70:.1f} {lower + lower_lip * 1.9:.1f} {-half * 0.70:.1f} "
        f"{lower + lower_lip * 1.9:.1f} {-half - 6:.1f} {level:.1f} Z"
    )
    lowest = level * 0.25 + (lower + lower_lip * 1.9) * 0.75  # the curves' own lowest points
    if look.beard != "full":
        glow(canvas, 0, lowest + 11, half * 0.75, 15, look.tones.deep, 0.42)
    canvas.drawPath(
        outer_shape,
        along((0, upper - 26), (0, lower + 28), [lip.lighter(-0.07), lip.lighter(0.05), lip.lighter(-0.02)]),
    )
    gleam = (level * 0.25 + (lower + 4) * 0.75 + lowest) / 2
    glow(canvas, -half * 0.14, gleam, half * 0.36, min(5.5, lower_lip * 0.42), "#ffffff", 0.45)
    if mouth.open > 0.035:
        canvas.save()
        canvas.clipPath(inner_shape, doAntiAlias=True)
        canvas.drawPaint(along((0, upper), (0, lower + 6), ["#2b0810", "#571521"]))
        tongue = lower - 4 - mouth.tongue * (16 + opening * 0.3) - mouth.open * 10
        canvas.drawOval(box(-half * 0.62, tongue, half * 1.24, 70), around((0, tongue + 8), 62, ["#ee8f8d", "#c44c55"]))
        teeth = min(9 + mouth.teeth * 16, opening * 0.52 + 7) * (1 - 0.75 * mouth.round)  # W and OO show none
        canvas.drawPath(
            outline(
                f"M {-half * 0.86:.1f} {upper - 14:.1f} L {half * 0.86:.1f} {upper - 14:.1f} L {half * 0.80:.1f} "
                f"{upper + teeth * 0.55:.1f} Q 0 {upper + teeth * 1.25:.1f} {-half * 0.80:.1f} {upper + teeth * 0.55:.1f} Z"
            ),
            along((0, upper - 6), (0, upper + teeth), ["#cfc8c2", "#fbf9f6", "#ffffff"]),
        )
        if mouth.teeth > 0.55 and mouth.open < 0.34:  # S, F, EE: the lower teeth come up behind
            low = max(4.0, opening * 0.3)
            canvas.drawPath(
                outline(
                    f"M {-half * 0.68:.1f} {lower + 12:.1f} L {half * 0.68:.1f} {lower + 12:.1f} L {half * 0.6:.1f} "
                    f"{lower - low * 0.3:.1f} Q 0 {lower - low:.1f} {-half * 0.6:.1f} {lower - low * 0.3:.1f} Z"
                ),
                fill("#ece7e2"),
            )
        canvas.drawPath(inner_shape, line("#3a0d14", 5, 0.4))
        canvas.restore()
    else:
        canvas.drawPath(
            outline(
                f"M {-half:.1f} {level:.1f} C {-half * 0.5:.1f} {MOUTH_Y + 2:.1f} {-half * 0.2:.1f} {MOUTH_Y:.1f} 0 "
                f"{MOUTH_Y + 3:.1f} C {half * 0.2:.1f} {MOUTH_Y:.1f} {half * 0.5:.1f} {MOUTH_Y + 2:.1f} {half:.1f} {level:.1f}"
            ),
            line(lip.lighter(-0.24), 4.6),
        )
    for side in (-1, 1):
        canvas.drawCircle(side * (half + 3), level, 3.4, fill(look.tones.line, 0.55))


def _beard(canvas: Any, look: Look, pose: Pose, jaw: float) -> None:
    colour = Colour.of(look.hair_colour)
    head, cheek, chin_x, chin = look.head_width, look.jaw_width, look.chin_width, look.chin + jaw
    shift = pose.yaw * 9
    if look.beard == "stubble":
        canvas.save()
        canvas.clipPath(face_outline(look, jaw), doAntiAlias=True)
        shape = outline(
            f"M {-head - 6} 20 C {-head + 6} 90 {-110 + shift:.1f} 96 {-62 + shift:.1f} 94 C -30 80 30 80 {62 + shift:.1f} 94 "
            f"C {110 + shift:.1f} 96 {head - 6} 90 {head + 6} 20 L {head + 20} {chin + 40:.1f} L {-head - 20} {chin + 40:.1f} Z"
        )
        canvas.drawPath(shape, along((0, 60), (0, chin), [(colour, 0.0), (colour, 0.26), (colour, 0.34)], [0, 0.35, 1]))
        canvas.restore()
    elif look.beard == "full":
        shape = outline(
            f"M {-head - 2} -10 C {-head - 2} 60 {-cheek - 8} 150 {-chin_x - 8} {chin - 12:.1f} "
            f"C {-chin_x * 0.6:.1f} {chin + 40:.1f} {chin_x * 0.6:.1f} {chin + 40:.1f} {chin_x + 8} {chin - 12:.1f} "
            f"C {cheek + 8} 150 {head + 2} 60 {head + 2} -10 C {head - 14} 50 {head - 26} 90 {112 + shift:.1f} 112 "
            f"C {84 + shift:.1f} 122 {60 + shift:.1f} 92 {shift:.1f} 94 C {-60 + shift:.1f} 92 {-84 + shift:.1f} 122 "
            f"{-112 + shift:.1f} 112 C {-head + 26} 90 {-head + 14} 50 {-head - 2} -10 Z"
        )
        canvas.drawPath(shape, along((0, 0), (0, chin + 20), [colour.lighter(0.05), colour.lighter(0.02), colour]))
        canvas.save()
        canvas.clipPath(shape, doAntiAlias=True)
        for place in range(-120, 121, 24):
            canvas.drawLine(place, 150 + jaw, place * 0.86, chin + 20, line(colour.lighter(0.14), 4, 0.25))
        canvas.restore()
    elif look.beard == "goatee":
        canvas.drawPath(
            outline(
                f"M {-46 + shift:.1f} {166 + jaw * 0.9:.1f} C {-60 + shift:.1f} {chin - 30:.1f} {-44 + shift:.1f} {chin + 12:.1f} "
                f"{shift:.1f} {chin + 14:.1f} C {44 + shift:.1f} {chin + 12:.1f} {60 + shift:.1f} {chin - 30:.1f} {46 + shift:.1f} "
                f"{166 + jaw * 0.9:.1f} C {20 + shift:.1f} {180 + jaw:.1f} {-20 + shift:.1f} {180 + jaw:.1f} {-46 + shift:.1f} "
                f"{166 + jaw * 0.9:.1f} Z"
            ),
            along((0, 160), (0, chin), [(colour, 0.75), colour.lighter(0.04)]),
        )


def _moustache(canvas: Any, look: Look, pose: Pose, mouth: Mouth) -> None:
    colour = Colour.of(look.hair_colour)
    half = 66 + mouth.width * 22 - mouth.round * 12
    canvas.save()
    canvas.translate(pose.yaw * 16, pose.pitch * 7 - mouth.open * 14 - mouth.round * 4)
    drop = 118 + mouth.open * 10 if look.beard != "moustache" else 122
    top = 92
    canvas.drawPath(
        outline(
            f"M 0 {top + 4} C 20 {top - 8} {half * 0.7:.1f} {top} {half:.1f} {drop + 14:.1f} C {half * 0.6:.1f} {drop:.1f} "
            f"20 {drop - 4:.1f} 0 {drop - 6:.1f} C -20 {drop - 4:.1f} {-half * 0.6:.1f} {drop:.1f} {-half:.1f} {drop + 14:.1f} "
            f"C {-half * 0.7:.1f} {top} -20 {top - 8} 0 {top + 4} Z"
        ),
        along((0, 90), (0, 130), [colour.lighter(0.07), colour.lighter(0.01)]),
    )
    canvas.restore()


def _glasses(canvas: Any, look: Look) -> None:
    frame = line(look.glasses_colour, 8)
    for side in (-1, 1):
        x = side * EYE_X
        if look.glasses == "round":
            canvas.drawCircle(x, EYE_Y + 2, 56, fill("#ffffff", 0.07))
            canvas.drawCircle(x, EYE_Y + 2, 56, frame)
        elif look.glasses == "square":
            shape = outline(
                f"M {x - 58} {EYE_Y - 36} L {x + 58} {EYE_Y - 36} Q {x + 64} {EYE_Y - 30} {x + 60} {EYE_Y + 12} "
                f"Q {x + 54} {EYE_Y + 44} {x + 30} {EYE_Y + 44} L {x - 30} {EYE_Y + 44} Q {x - 54} {EYE_Y + 44} {x - 60} "
                f"{EYE_Y + 12} Q {x - 64} {EYE_Y - 30} {x - 58} {EYE_Y - 36} Z"
            )
            canvas.drawPath(shape, fill("#ffffff", 0.07))
            canvas.drawPath(shape, frame)
        else:
            shape = outline(
                f"M {x - side * 56} {EYE_Y - 26} C {x - side * 20} {EYE_Y - 42} {x + side * 40} {EYE_Y - 44} "
                f"{x + side * 66} {EYE_Y - 54} C {x + side * 70} {EYE_Y + 20} {x + side * 36} {EYE_Y + 46} {x - side * 6} "
                f"{EYE_Y + 44} C {x - side * 46} {EYE_Y + 40} {x - side * 60} {EYE_Y + 6} {x - side * 56} {EYE_Y - 26} Z"
            )
            canvas.drawPath(shape, fill("#ffffff", 0.08))
            canvas.drawPath(shape, frame)
        canvas.drawLine(x - 30, EYE_Y - 18, x - 12, EYE_Y - 34, line("#ffffff", 6, 0.32))
        canvas.drawLine(x + side * 58, EYE_Y - 12, side * (look.head_width + 2), EYE_Y - 4, frame)
    canvas.drawPath(fixed("M -18 -36 C -8 -46 8 -46 18 -36"), frame)


def _earrings(canvas: Any, look: Look, pose: Pose) -> None:
    gold = "#e8bd55"
    for side in (-1, 1):
        x = side * (look.head_width + 12) - pose.yaw * 7
        swing = pose.tilt * 0.9
        if look.earrings == "hoop":
            canvas.drawCircle(x - swing, 94, 34, line(gold, 7))
            canvas.drawCircle(x - swing, 94, 34, line("#fff1c4", 2, 0.7))
        elif look.earrings == "drop":
            canvas.drawLine(x, 58, x - swing, 84, line(gold, 3.4))
            canvas.drawOval(box(x - swing - 8, 82, 16, 24), fill("#c33f57"))
            canvas.drawCircle(x - swing - 2, 89, 3, fill("#ffffff", 0.7))
        else:
            canvas.drawCircle(x - side * 3, 58, 9.5, fill(gold if look.earrings == "stud" else "#f7f2ec"))
            canvas.drawCircle(x - side * 3 - 3, 55, 3, fill("#ffffff", 0.85))
