"""What is worn and carried."""

from __future__ import annotations

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.objects.sculptor import ObjectKind, Sculptor
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia


def sneaker(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    w = width / 1700
    upper = skia.Path()
    upper.moveTo(90 * w, 800)
    upper.cubicTo(60 * w, 560, 70 * w, 330, 150 * w, 190)
    upper.cubicTo(190 * w, 120, 300 * w, 130, 330 * w, 220)
    upper.cubicTo(370 * w, 330, 480 * w, 330, 560 * w, 230)
    upper.cubicTo(600 * w, 150, 690 * w, 130, 740 * w, 190)
    upper.cubicTo(900 * w, 420, 1150 * w, 520, 1400 * w, 560)
    upper.cubicTo(1600 * w, 600, 1650 * w, 690, 1640 * w, 800)
    upper.close()
    art.solid(upper, stuff.body, shading="soft")
    with art.clipped(upper):
        toe = skia.Path()
        toe.moveTo(1190 * w, 820)
        toe.cubicTo(1180 * w, 690, 1260 * w, 590, 1420 * w, 540)
        toe.lineTo(1720 * w, 560)
        toe.lineTo(1720 * w, 820)
        toe.close()
        art.canvas.drawPath(toe, brushes.fill(stuff.body.lighter(0.08)))
        art.canvas.drawPath(toe, brushes.stroke(stuff.body.lighter(-0.14), 5, 0.6))
        heel = skia.Path()
        heel.moveTo(40 * w, 820)
        heel.lineTo(40 * w, 420)
        heel.cubicTo(180 * w, 440, 300 * w, 560, 320 * w, 820)
        heel.close()
        art.canvas.drawPath(heel, brushes.fill(stuff.accent))
        swoop = skia.Path()
        swoop.moveTo(360 * w, 760)
        swoop.cubicTo(560 * w, 720, 860 * w, 640, 1010 * w, 470)
        swoop.lineTo(1090 * w, 520)
        swoop.cubicTo(960 * w, 720, 660 * w, 810, 360 * w, 790)
        swoop.close()
        art.canvas.drawPath(swoop, brushes.fill(stuff.accent))
        tongue = skia.Path()
        tongue.moveTo(560 * w, 230)
        tongue.lineTo(740 * w, 190)
        tongue.cubicTo(860 * w, 380, 1010 * w, 470, 1130 * w, 515)
        tongue.lineTo(1010 * w, 620)
        tongue.cubicTo(830 * w, 560, 660 * w, 430, 560 * w, 230)
        tongue.close()
        art.canvas.drawPath(tongue, brushes.fill(stuff.body.lighter(-0.1)))
    for step in range(5):
        x, y = (650 + step * 98) * w, 292 + step * 66
        art.canvas.drawLine(x - 34 * w, y + 46, x + 92 * w, y - 12, brushes.stroke(stuff.paper, 25))
        art.canvas.drawLine(x - 34 * w, y + 50, x + 92 * w, y - 8, brushes.stroke(BLACK, 4, 0.16))
    collar = brushes.smooth_path(
        [(158 * w, 196), (250 * w, 150), (326 * w, 226), (440 * w, 300), (552 * w, 236)], closed=False
    )
    art.canvas.drawPath(collar, brushes.stroke(stuff.body.lighter(-0.2), 26))
    sole = skia.Path()
    sole.moveTo(70 * w, 780)
    sole.cubicTo(400 * w, 830, 1000 * w, 800, 1650 * w, 770)
    sole.cubicTo(1720 * w, 820, 1690 * w, 960, 1600 * w, 985)
    sole.cubicTo(1100 * w, 1005, 400 * w, 1005, 120 * w, 990)
    sole.cubicTo(40 * w, 960, 40 * w, 830, 70 * w, 780)
    sole.close()
    art.canvas.drawPath(
        sole,
        brushes.down(
            Box(0, 770, 1, 1000),
            [(0, stuff.paper, 1), (0.6, stuff.paper.lighter(-0.06), 1), (1, stuff.paper.lighter(-0.2), 1)],
        ),
    )
    art.canvas.drawPath(
        brushes.smooth_path([(80 * w, 930), (500 * w, 945), (1100 * w, 940), (1650 * w, 915)], closed=False),
        brushes.stroke(stuff.accent, 16),
    )


def t_shirt(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    outline = skia.Path()
    outline.moveTo(middle - 150, 30)
    outline.cubicTo(middle - 110, 150, middle + 110, 150, middle + 150, 30)
    outline.lineTo(width * 0.74, 60)
    outline.cubicTo(width * 0.84, 90, width * 0.93, 220, width - 4, 400)
    outline.lineTo(width * 0.83, 480)
    outline.lineTo(width * 0.77, 380)
    outline.cubicTo(width * 0.76, 600, width * 0.78, 820, width * 0.79, 985)
    outline.cubicTo(width * 0.65, 1004, width * 0.35, 1004, width * 0.21, 985)
    outline.cubicTo(width * 0.22, 820, width * 0.24, 600, width * 0.23, 380)
    outline.lineTo(width * 0.17, 480)
    outline.lineTo(4, 400)
    outline.cubicTo(width * 0.07, 220, width * 0.16, 90, width * 0.26, 60)
    outline.close()
    art.solid(outline, stuff.body, shading="soft")
    with art.clipped(outline):
        for points in (
            [(width * 0.26, 400), (width * 0.34, 560), (width * 0.28, 800)],
            [(width * 0.74, 400), (width * 0.66, 600), (width * 0.72, 860)],
            [(width * 0.4, 900), (width * 0.52, 820), (width * 0.6, 930)],
        ):
            art.canvas.drawPath(brushes.smooth_path(points, closed=False), brushes.stroke(BLACK, 26, 0.10, blur=14))
        for x in (0.235, 0.765):
            art.canvas.drawLine(width * x, 90, width * x, 400, brushes.stroke(BLACK, 4, 0.16))
        art.canvas.drawLine(width * 0.2, 962, width * 0.8, 962, brushes.stroke(BLACK, 3, 0.14))
    art.canvas.drawPath(
        brushes.smooth_path(
            [(middle - 158, 32), (middle - 90, 118), (middle, 138), (middle + 90, 118), (middle + 158, 32)],
            closed=False,
        ),
        brushes.stroke(stuff.body.lighter(-0.1), 26),
    )
    ink = art.ink_on(stuff.body)
    art.canvas.drawCircle(middle, 390, 74, brushes.fill(stuff.accent))
    art.label(Box(width * 0.3, 500, width * 0.7, 610), ink, largest=110)


def backpack(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    art.tube([(middle - 90, 80), (middle - 60, 10), (middle + 60, 10), (middle + 90, 80)], stuff.dark.lighter(0.14), 40)
    for sign in (-1, 1):
        art.round_box(
            Box(middle + sign * width * 0.44 - 60, 520, middle + sign * width * 0.44 + 60, 930),
            50,
            stuff.body.lighter(-0.1),
            shading="soft",
        )
    body = skia.Path()
    body.addRRect(brushes.rounded(Box(width * 0.07, 60, width * 0.93, 1000), 210))
    art.solid(body, stuff.body, shading="soft")
    art.canvas.drawPath(
        brushes.smooth_path(
            [(width * 0.16, 420), (width * 0.22, 230), (middle, 150), (width * 0.78, 230), (width * 0.84, 420)],
            closed=False,
        ),
        brushes.stroke(stuff.dark, 12, 0.55),
    )
    pocket = skia.Path()
    pocket.addRRect(brushes.rounded(Box(width * 0.17, 520, width * 0.83, 940), 90))
    art.canvas.drawPath(
        pocket, brushes.with_shadow(brushes.fill(stuff.body.lighter(0.05)), BLACK, y=10, blur=14, alpha=0.3)
    )
    art.solid(pocket, stuff.body.lighter(0.04), shading="soft")
    art.canvas.drawLine(width * 0.24, 610, width * 0.76, 610, brushes.stroke(stuff.dark, 12, 0.6))
    art.round_box(Box(width * 0.7, 600, width * 0.74, 690), 10, stuff.metal)
    patch = Box(middle - 110, 290, middle + 110, 420)
    art.round_box(patch, 18, stuff.accent, shading="flat")
    art.label(patch.inset(22, 36), art.ink_on(stuff.accent), largest=70)
    art.gloss(body, Box(width * 0.14, 260, width * 0.19, 900), alpha=0.25, blur=14)


def handbag(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    art.tube(
        [(width * 0.27, 430), (width * 0.29, 170), (middle, 50), (width * 0.71, 170), (width * 0.73, 430)],
        stuff.body.lighter(-0.06),
        50,
    )
    body = brushes.path(
        [(width * 0.07, 380), (width * 0.93, 380), (width, 960), (width * 0.96, 1000), (width * 0.04, 1000), (0, 960)]
    )
    art.solid(body, stuff.body, shading="soft")
    flap = skia.Path()
    flap.moveTo(width * 0.06, 376)
    flap.lineTo(width * 0.94, 376)
    flap.cubicTo(width * 0.95, 600, width * 0.7, 700, middle, 710)
    flap.cubicTo(width * 0.3, 700, width * 0.05, 600, width * 0.06, 376)
    flap.close()
    art.canvas.drawPath(flap, brushes.with_shadow(brushes.fill(stuff.body), BLACK, y=12, blur=16, alpha=0.35))
    art.solid(flap, stuff.body.lighter(0.05), shading="soft")
    art.round_box(Box(middle - 62, 640, middle + 62, 760), 20, stuff.metal)
    art.canvas.drawRRect(
        brushes.rounded(Box(middle - 36, 672, middle + 36, 728), 12), brushes.fill(stuff.body.lighter(-0.16))
    )
    for x in (0.27, 0.73):
        art.ball(width * x, 430, 26, stuff.metal)
    art.canvas.drawPath(
        brushes.path([(width * 0.05, 940), (width * 0.95, 940)], closed=False), brushes.stroke(stuff.paper, 4, 0.4)
    )
    art.label(Box(width * 0.34, 830, width * 0.66, 900), art.ink_on(stuff.body), largest=60)


def sunglasses(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    for sign in (-1, 1):
        art.tube(
            [
                (middle + sign * width * 0.46, 320),
                (middle + sign * width * 0.49, 260),
                (middle + sign * width * 0.42, 60),
            ],
            stuff.dark.lighter(0.1),
            46,
        )
    for sign in (-1, 1):
        x = middle + sign * width * 0.255
        lens = brushes.smooth_path(
            [
                (x - width * 0.2, 300),
                (x, 240),
                (x + width * 0.2, 300),
                (x + width * 0.19, 660),
                (x + width * 0.04, 960),
                (x - width * 0.12, 920),
                (x - width * 0.2, 600),
            ]
            if sign > 0
            else [
                (x - width * 0.2, 300),
                (x, 240),
                (x + width * 0.2, 300),
                (x + width * 0.2, 600),
                (x + width * 0.12, 920),
                (x - width * 0.04, 960),
                (x - width * 0.19, 660),
            ]
        )
        bounds = Box(x - width * 0.22, 240, x + width * 0.22, 970)
        art.canvas.drawPath(
            lens,
            brushes.down(
                bounds,
                [(0, stuff.accent.lighter(-0.3), 1), (0.55, stuff.accent, 1), (1, stuff.accent.lighter(0.16), 1)],
            ),
        )
        with art.clipped(lens):
            art.canvas.drawPath(
                brushes.path(
                    [(x - width * 0.2, 500), (x + width * 0.02, 230), (x + width * 0.1, 230), (x - width * 0.14, 760)]
                ),
                brushes.fill(WHITE, 0.3, blur=6),
            )
        art.canvas.drawPath(lens, brushes.stroke(stuff.body.lighter(-0.14), 50))
        art.canvas.drawPath(lens, brushes.stroke(stuff.body, 38))
        art.canvas.drawPath(lens, brushes.stroke(stuff.body.lighter(0.2), 7, 0.5))
    art.tube([(middle - width * 0.07, 400), (middle, 352), (middle + width * 0.07, 400)], stuff.body, 48)


def ring(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    gold = stuff.metal if stuff.metal.chroma > 0.05 else Colour.of("#d9b25f")
    oval = skia.Rect.MakeLTRB(60, 330, width - 60, 960)
    for stroke_width, tone in ((110, gold.lighter(-0.22)), (92, gold.lighter(-0.06)), (60, gold)):
        art.canvas.drawOval(oval, brushes.stroke(tone, stroke_width))
    art.canvas.drawArc(oval, 150, 90, False, brushes.stroke(gold.lighter(0.2), 18, 0.9, blur=4))
    art.canvas.drawArc(oval, -20, 70, False, brushes.stroke(gold.lighter(0.18), 14, 0.7, blur=4))
    stone = stuff.accent.with_lightness(0.78)
    for dx in (-120, 120):
        art.tube([(middle + dx * 0.7, 350), (middle + dx, 190)], gold, 34)
    crown = [(middle - 200, 130), (middle - 110, 20), (middle + 110, 20), (middle + 200, 130), (middle, 350)]
    art.canvas.drawPath(
        brushes.path(crown),
        brushes.diagonal(
            Box(middle - 200, 20, middle + 200, 350), [(0, stone.lighter(0.18), 1), (1, stone.lighter(-0.14), 1)]
        ),
    )
    facets = (
        ((middle - 200, 130), (middle - 80, 130), (middle, 350)),
        ((middle - 80, 130), (middle + 80, 130), (middle, 350)),
        ((middle - 110, 20), (middle, 20), (middle - 80, 130)),
        ((middle + 110, 20), (middle + 200, 130), (middle + 80, 130)),
    )
    for facet, light in zip(facets, (0.1, 0.22, 0.26, 0.02), strict=True):
        art.canvas.drawPath(brushes.path(facet), brushes.fill(stone.lighter(light), 0.75))
    art.canvas.drawPath(
        brushes.path([(middle - 200, 130), (middle + 200, 130)], closed=False), brushes.stroke(WHITE, 4, 0.7)
    )
    brushes.glow(art.canvas, middle - 90, 70, 90, WHITE, 0.9)


def cap(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    crown = skia.Path()
    crown.moveTo(60, 800)
    crown.cubicTo(30, 340, 260, 60, width * 0.43, 60)
    crown.cubicTo(width * 0.66, 60, width * 0.74, 420, width * 0.74, 760)
    crown.close()
    art.solid(crown, stuff.body, shading="soft")
    for points in (
        [(width * 0.41, 62), (width * 0.33, 380), (width * 0.32, 790)],
        [(width * 0.44, 62), (width * 0.56, 380), (width * 0.58, 780)],
    ):
        art.canvas.drawPath(brushes.smooth_path(points, closed=False), brushes.stroke(BLACK, 5, 0.18))
    brim = skia.Path()
    brim.moveTo(width * 0.36, 790)
    brim.cubicTo(width * 0.56, 660, width * 0.86, 690, width - 6, 880)
    brim.cubicTo(width * 0.9, 960, width * 0.6, 900, width * 0.36, 930)
    brim.cubicTo(width * 0.3, 890, width * 0.3, 830, width * 0.36, 790)
    brim.close()
    art.canvas.drawPath(brim, brushes.with_shadow(brushes.fill(stuff.accent), BLACK, y=12, blur=14, alpha=0.3))
    art.solid(brim, stuff.accent, shading="soft")
    art.canvas.drawPath(
        brushes.smooth_path([(width * 0.4, 870), (width * 0.6, 800), (width * 0.92, 870)], closed=False),
        brushes.stroke(WHITE, 4, 0.3),
    )
    art.canvas.drawRRect(brushes.rounded(Box(width * 0.4, 36, width * 0.46, 74), 18), brushes.fill(stuff.accent))
    art.label(Box(width * 0.36, 420, width * 0.56, 560), art.ink_on(stuff.body), largest=110)


def suitcase(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    for x in (-0.17, 0.17):
        art.canvas.drawLine(middle + width * x, 20, middle + width * x, 240, brushes.stroke(stuff.metal, 22))
    art.round_box(
        Box(middle - width * 0.22, 0, middle + width * 0.22, 52), 24, stuff.dark.lighter(0.12), shading="soft"
    )
    for x in (0.16, 0.84):
        art.ball(width * x, 962, 38, stuff.dark.lighter(0.1))
    body = skia.Path()
    body.addRRect(brushes.rounded(Box(0, 210, width, 952), 76))
    art.solid(body, stuff.body, shading="soft")
    with art.clipped(body):
        for step in range(6):
            x = width * (0.13 + 0.148 * step)
            art.canvas.drawRect(brushes.rect(Box(x - 9, 210, x + 9, 952)), brushes.fill(BLACK, 0.13, blur=3))
            art.canvas.drawRect(brushes.rect(Box(x + 9, 210, x + 17, 952)), brushes.fill(WHITE, 0.22, blur=3))
    plate = Box(middle - 120, 330, middle + 120, 420)
    art.round_box(plate, 12, stuff.metal)
    art.label(plate.inset(24, 20), stuff.dark, largest=48)
    art.canvas.drawRect(brushes.rect(Box(0, 640, width, 664)), brushes.fill(stuff.accent))


KINDS = (
    ObjectKind(
        name="sneaker",
        aspect=1.70,
        draw=sneaker,
        words=(
            "sneaker",
            "sneakers",
            "shoe",
            "shoes",
            "trainers",
            "running shoe",
            "running shoes",
            "boots",
            "boot",
            "sandals",
            "footwear",
            "runner",
            "slippers",
        ),
    ),
    ObjectKind(
        name="T-shirt",
        aspect=1.06,
        draw=t_shirt,
        floats=True,
        words=(
            "t-shirt",
            "tshirt",
            "tee",
            "shirt",
            "hoodie",
            "sweater",
            "jumper",
            "apparel",
            "clothing",
            "jersey",
            "top",
            "dress",
            "jacket",
            "jeans",
            "socks",
            "leggings",
            "pyjamas",
            "coat",
            "wool",
        ),
    ),
    ObjectKind(
        name="backpack",
        aspect=0.80,
        draw=backpack,
        words=("backpack", "rucksack", "school bag", "daypack", "laptop bag", "duffel", "gym bag"),
    ),
    ObjectKind(
        name="handbag",
        aspect=1.05,
        draw=handbag,
        words=("handbag", "bag", "tote", "purse", "clutch", "crossbody", "wallet", "leather", "leather goods"),
    ),
    ObjectKind(
        name="sunglasses",
        aspect=2.3,
        draw=sunglasses,
        floats=True,
        words=("sunglasses", "glasses", "eyewear", "shades", "spectacles", "goggles"),
    ),
    ObjectKind(
        name="ring",
        aspect=0.86,
        draw=ring,
        floats=True,
        words=(
            "ring",
            "jewellery",
            "jewelry",
            "necklace",
            "bracelet",
            "earrings",
            "diamond",
            "gold",
            "pendant",
            "silver",
        ),
    ),
    ObjectKind(
        name="cap", aspect=1.30, draw=cap, floats=True, words=("cap", "hat", "beanie", "baseball cap", "helmet")
    ),
    ObjectKind(
        name="suitcase",
        aspect=0.64,
        draw=suitcase,
        words=("suitcase", "luggage", "carry-on", "trolley", "travel", "trip", "holiday", "hotel", "flight", "tour"),
    ),
)
