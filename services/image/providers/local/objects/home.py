"""What is trained with, lived with and ridden."""

from __future__ import annotations

import math

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.objects.sculptor import ObjectKind, Sculptor, mirrored
from services.media.colour import WHITE, Colour
from services.media.skia import skia


def kettlebell(art: Sculptor) -> None:
    stuff = art.materials
    middle = art.middle
    art.tube(
        [
            (middle - 210, 480),
            (middle - 230, 200),
            (middle - 130, 60),
            (middle + 130, 60),
            (middle + 230, 200),
            (middle + 210, 480),
        ],
        stuff.metal.lighter(-0.2),
        104,
    )
    art.ball(middle, 640, 352, stuff.dark.lighter(0.1))
    base = Box(middle - 200, 940, middle + 200, 1000)
    art.canvas.drawRRect(brushes.rounded(base, 20), brushes.fill(stuff.dark))
    art.canvas.drawCircle(middle, 650, 190, brushes.fill(stuff.body))
    art.canvas.drawCircle(middle, 650, 190, brushes.stroke(WHITE, 6, 0.3))
    art.label(Box(middle - 140, 600, middle + 140, 700), art.ink_on(stuff.body), largest=110)
    art.canvas.drawOval(brushes.rect(Box(middle - 250, 380, middle - 120, 500)), brushes.fill(WHITE, 0.3, blur=18))


def yoga_mat(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    roll = skia.Path()
    roll.addRRect(brushes.rounded(Box(0, 240, width * 0.98, 1000), 60))
    art.canvas.drawPath(
        roll,
        brushes.down(
            Box(0, 240, 1, 1000),
            [
                (0, stuff.body.lighter(0.06), 1),
                (0.25, stuff.body.lighter(0.12), 1),
                (0.6, stuff.body, 1),
                (1, stuff.body.lighter(-0.2), 1),
            ],
        ),
    )
    for x in (0.3, 0.72):
        strap = Box(width * x - 42, 240, width * x + 42, 1000)
        art.canvas.drawRect(
            brushes.rect(strap),
            brushes.down(strap, [(0, stuff.accent.lighter(0.05), 1), (1, stuff.accent.lighter(-0.16), 1)]),
        )
    art.tube([(width * 0.3, 250), (width * 0.4, 40), (width * 0.6, 30), (width * 0.72, 250)], stuff.accent, 50)
    x, y = width - 190.0, 620.0
    for radius in (380, 300, 222, 146, 72):
        oval = Box(x - radius * 0.5, y - radius, x + radius * 0.5, y + radius)
        art.canvas.drawOval(brushes.rect(oval), brushes.fill(stuff.body.lighter(0.1)))
        art.canvas.drawOval(brushes.rect(oval), brushes.stroke(stuff.body.lighter(-0.2), 14))
    art.label(Box(width * 0.36, 560, width * 0.66, 700), art.ink_on(stuff.body), largest=120)


def lamp(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    brushes.glow(art.canvas, middle, 420, width * 0.75, Colour.of("#ffdf9e"), 0.7)
    art.canvas.drawRect(
        brushes.rect(Box(middle - 15, 380, middle + 15, 960)),
        brushes.across(Box(middle - 15, 0, middle + 15, 1), art.round_stops(stuff.metal)),
    )
    art.ball(middle, 760, 130, stuff.accent)
    art.ellipse(Box(middle - 190, 925, middle + 190, 1000), stuff.metal.lighter(-0.1))
    shade = brushes.path([(width * 0.26, 20), (width * 0.74, 20), (width * 0.98, 430), (width * 0.02, 430)])
    art.canvas.drawPath(
        shade,
        brushes.across(
            Box(0, 0, width, 1),
            [
                (0, stuff.body.lighter(-0.1), 1),
                (0.4, stuff.body.lighter(0.16), 1),
                (0.55, stuff.body.lighter(0.12), 1),
                (1, stuff.body.lighter(-0.16), 1),
            ],
        ),
    )
    with art.clipped(shade):
        brushes.glow(art.canvas, middle, 400, width * 0.5, Colour.of("#fff3cf"), 0.75)
    art.canvas.drawLine(width * 0.02, 430, width * 0.98, 430, brushes.stroke(WHITE, 8, 0.5))


def armchair(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    for x, tilt in ((0.18, -26), (0.82, 26)):
        art.canvas.drawLine(width * x, 850, width * x + tilt, 995, brushes.stroke(Colour.of("#7a5330"), 34))
    back = skia.Path()
    back.addRRect(brushes.rounded(Box(width * 0.13, 0, width * 0.87, 700), 190))
    art.solid(back, stuff.body, shading="soft")
    for x in (0.36, 0.64):
        art.canvas.drawLine(width * x, 90, width * x, 480, brushes.stroke(stuff.body.lighter(-0.12), 6, 0.6))
    art.shade(back, Box(width * 0.16, 470, width * 0.84, 700), alpha=0.4, blur=40)
    seat = Box(width * 0.16, 520, width * 0.84, 760)
    art.round_box(seat, 90, stuff.body.lighter(0.07), shading="soft")
    for box in (Box(0, 380, width * 0.23, 880), Box(width * 0.77, 380, width, 880)):
        art.round_box(box, 100, stuff.body.lighter(0.02), shading="soft")
    art.round_box(Box(width * 0.1, 720, width * 0.9, 880), 60, stuff.body.lighter(-0.03), shading="soft")
    cushion = brushes.smooth_path(
        mirrored(
            [(width * 0.5, 300), (width * 0.64, 318), (width * 0.66, 430), (width * 0.64, 560), (width * 0.5, 570)],
            width * 0.5,
        )[:-1]
    )
    art.solid(cushion, stuff.accent, shading="soft")


def bicycle(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    rear, front = (width * 0.205, 690.0), (width * 0.795, 690.0)
    for x, y in (rear, front):
        for angle in range(0, 180, 15):
            dx, dy = math.cos(math.radians(angle)) * 286, math.sin(math.radians(angle)) * 286
            art.canvas.drawLine(x - dx, y - dy, x + dx, y + dy, brushes.stroke(stuff.metal, 3, 0.75))
        art.canvas.drawCircle(x, y, 288, brushes.stroke(stuff.dark.lighter(0.06), 38))
        art.canvas.drawCircle(x, y, 266, brushes.stroke(stuff.metal, 10))
        art.ball(x, y, 28, stuff.metal)
    crank, saddle, head = (width * 0.44, 710.0), (width * 0.37, 300.0), (width * 0.7, 290.0)
    for points in (
        [rear, crank],
        [rear, (saddle[0] + 10, saddle[1] + 40)],
        [crank, saddle],
        [crank, (head[0] + 12, head[1] + 90)],
        [(saddle[0] + 14, 340), head],
        [(head[0] - 8, head[1] - 90), front],
    ):
        art.tube(points, stuff.body, 36)
    art.tube([(saddle[0] - 8, saddle[1]), (saddle[0] - 30, 200)], stuff.metal, 24)
    art.round_box(Box(saddle[0] - 130, 160, saddle[0] + 70, 214), 27, stuff.dark.lighter(0.1), shading="soft")
    art.tube(
        [(head[0] - 10, 200), (head[0] - 30, 110), (head[0] + 60, 90), (head[0] + 130, 130)],
        stuff.dark.lighter(0.12),
        32,
    )
    art.canvas.drawCircle(*crank, 66, brushes.stroke(stuff.accent, 16))
    art.tube([crank, (crank[0] + 56, 810)], stuff.metal, 20)
    art.round_box(Box(crank[0] + 10, 804, crank[0] + 112, 832), 10, stuff.dark)


KINDS = (
    ObjectKind(
        name="kettlebell",
        aspect=0.72,
        draw=kettlebell,
        flat_base=0.55,
        words=(
            "kettlebell",
            "dumbbell",
            "weights",
            "barbell",
            "fitness",
            "strength",
            "workout",
            "training plan",
            "gym",
            "resistance bands",
        ),
    ),
    ObjectKind(
        name="yoga mat",
        aspect=1.75,
        draw=yoga_mat,
        words=("yoga", "yoga mat", "mat", "pilates", "meditation", "rug", "blanket", "sleeping bag", "towel"),
    ),
    ObjectKind(
        name="lamp",
        aspect=0.78,
        draw=lamp,
        flat_base=0.42,
        words=("lamp", "light", "lighting", "lantern", "night light", "led", "bulb", "chandelier"),
    ),
    ObjectKind(
        name="armchair",
        aspect=1.08,
        draw=armchair,
        words=(
            "chair",
            "armchair",
            "sofa",
            "couch",
            "furniture",
            "stool",
            "bed",
            "mattress",
            "pillow",
            "table",
            "desk",
            "ottoman",
            "bench",
        ),
    ),
    ObjectKind(
        name="bicycle",
        aspect=1.62,
        draw=bicycle,
        words=("bicycle", "bike", "e-bike", "ebike", "cycling", "scooter", "cycle", "mountain bike"),
    ),
)
