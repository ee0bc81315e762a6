"""What stands on tables and shelves: cups, bags, boxes, candles, books, plants."""

from __future__ import annotations

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.objects.sculptor import ObjectKind, Sculptor, polar
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia


def mug(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    right = width * 0.78
    art.tube(
        [(right - 20, 360), (width - 70, 370), (width - 45, 560), (width - 90, 740), (right - 40, 790)],
        stuff.body.lighter(-0.04),
        74,
    )
    outline = skia.Path()
    outline.moveTo(4, 160)
    outline.lineTo(right, 160)
    outline.cubicTo(right, 560, right - 10, 820, right - 70, 950)
    outline.quadTo(right - 100, 1000, right - 170, 1000)
    outline.lineTo(174, 1000)
    outline.quadTo(104, 1000, 74, 950)
    outline.cubicTo(14, 820, 4, 560, 4, 160)
    outline.close()
    art.solid(outline, stuff.body)
    art.gloss(outline, Box(right * 0.13, 250, right * 0.18, 860), alpha=0.5, blur=9)
    rim = Box(4, 88, right, 232)
    art.ellipse(rim, stuff.body.lighter(0.08))
    inner = rim.inset(24, 14)
    art.canvas.drawOval(brushes.rect(inner), brushes.fill(stuff.body.lighter(-0.18)))
    coffee = Box(inner.left + 18, inner.top + 26, inner.right - 18, inner.bottom + 2)
    art.canvas.save()
    clip = skia.Path()
    clip.addOval(brushes.rect(inner))
    art.canvas.clipPath(clip, doAntiAlias=True)
    art.canvas.drawOval(
        brushes.rect(coffee),
        brushes.across(
            coffee, [(0, Colour.of("#3b1d0e"), 1), (0.4, Colour.of("#8a5a33"), 1), (1, Colour.of("#3b1d0e"), 1)]
        ),
    )
    art.canvas.restore()
    for index, x in enumerate((0.3, 0.45, 0.58)):
        art.canvas.drawPath(
            brushes.smooth_path(
                [(right * x, 130), (right * x + 22, 84), (right * x - 16, 44), (right * x + 10, 0)], closed=False
            ),
            brushes.stroke(WHITE, 12 + 4 * (index % 2), 0.42, blur=7),
        )
    art.label(Box(right * 0.2, 440, right * 0.82, 640), art.ink_on(stuff.body), largest=130)


def pouch(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    outline = skia.Path()
    outline.moveTo(width * 0.03, 0)
    outline.lineTo(width * 0.97, 0)
    outline.lineTo(width * 0.965, 60)
    outline.cubicTo(width * 1.0, 300, width * 1.0, 700, width * 0.955, 965)
    outline.quadTo(width * 0.95, 1000, width * 0.9, 1000)
    outline.lineTo(width * 0.1, 1000)
    outline.quadTo(width * 0.05, 1000, width * 0.045, 965)
    outline.cubicTo(0, 700, 0, 300, width * 0.035, 60)
    outline.close()
    art.solid(outline, stuff.body, shading="round")
    with art.clipped(outline):
        art.canvas.drawRect(brushes.rect(Box(0, 0, width, 62)), brushes.fill(BLACK, 0.14))
        art.canvas.drawLine(0, 62, width, 62, brushes.stroke(WHITE, 3, 0.35))
        crease = skia.Path()
        crease.moveTo(width * 0.1, 1000)
        crease.quadTo(width * 0.5, 880, width * 0.9, 1000)
        crease.close()
        art.canvas.drawPath(crease, brushes.fill(BLACK, 0.2, blur=6))
        art.canvas.drawPath(
            brushes.smooth_path(
                [(width * 0.86, 80), (width * 0.9, 360), (width * 0.84, 640), (width * 0.9, 940)], closed=False
            ),
            brushes.stroke(WHITE, 22, 0.16, blur=10),
        )
    for x in (0.03, 0.97):
        art.canvas.drawCircle(width * x, 96, 10, brushes.fill(BLACK, 0.35))
    art.canvas.drawCircle(width * 0.5, 150, 20, brushes.fill(BLACK, 0.28))
    art.canvas.drawCircle(width * 0.5, 150, 9, brushes.fill(WHITE, 0.3))
    plate = Box(width * 0.16, 290, width * 0.84, 800)
    art.canvas.drawRoundRect(brushes.rect(plate), 18, 18, brushes.fill(stuff.paper))
    centre = plate.centre_x
    art.canvas.drawCircle(centre, 410, 66, brushes.fill(stuff.accent))
    art.canvas.drawPath(
        brushes.smooth_path(
            [(centre - 10, 350), (centre + 16, 396), (centre - 14, 424), (centre + 12, 470)], closed=False
        ),
        brushes.stroke(stuff.paper, 12),
    )
    art.label(Box(plate.left + 36, 520, plate.right - 36, 630), stuff.dark, largest=110)
    for y, half in ((690, 0.22), (728, 0.15)):
        art.canvas.drawLine(centre - width * half, y, centre + width * half, y, brushes.stroke(stuff.dark, 7, 0.45))


def carton(art: Sculptor) -> None:
    """A box seen from a little right: a front, a side and a lid."""
    stuff = art.materials
    width = art.width
    edge = width * 0.72
    front = brushes.path([(0, 110), (edge, 60), (edge, 1000), (0, 930)])
    side = brushes.path([(edge, 60), (width, 130), (width, 900), (edge, 1000)])
    lid = brushes.path([(0, 110), (width * 0.3, 20), (width, 130), (edge, 60)])
    art.canvas.drawPath(lid, brushes.fill(stuff.body.lighter(0.14)))
    art.canvas.drawPath(
        brushes.path([(0, 110), (width * 0.27, 52), (width, 130), (edge, 60)]), brushes.fill(stuff.body.lighter(0.1))
    )
    art.canvas.drawPath(
        front,
        brushes.diagonal(
            Box(0, 60, edge, 1000),
            [(0, stuff.body.lighter(0.08), 1), (0.6, stuff.body, 1), (1, stuff.body.lighter(-0.06), 1)],
        ),
    )
    art.canvas.drawPath(
        side,
        brushes.across(Box(edge, 0, width, 1), [(0, stuff.body.lighter(-0.1), 1), (1, stuff.body.lighter(-0.2), 1)]),
    )
    with art.clipped(front):
        art.canvas.drawPath(brushes.path([(0, 640), (edge, 560), (edge, 1000), (0, 1000)]), brushes.fill(stuff.accent))
        art.canvas.drawPath(
            brushes.path([(0, 60), (edge * 0.3, 60), (edge * 0.05, 1000), (0, 1000)]), brushes.fill(WHITE, 0.08)
        )
    with art.clipped(side):
        art.canvas.drawPath(
            brushes.path([(edge, 560), (width, 590), (width, 1000), (edge, 1000)]),
            brushes.fill(stuff.accent.lighter(-0.14)),
        )
    art.canvas.save()
    art.canvas.skew(0, -0.066)
    ink = art.ink_on(stuff.body)
    art.label(Box(edge * 0.12, 250, edge * 0.88, 420), ink, largest=130)
    art.canvas.drawLine(edge * 0.12, 480, edge * 0.5, 480, brushes.stroke(ink, 8, 0.5))
    art.canvas.drawLine(edge * 0.12, 526, edge * 0.38, 526, brushes.stroke(ink, 8, 0.5))
    art.canvas.restore()


def gift_box(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    art.round_box(Box(width * 0.06, 380, width * 0.94, 1000), 16, stuff.body, shading="soft")
    art.round_box(Box(width * 0.01, 270, width * 0.99, 430), 16, stuff.body.lighter(0.04), shading="soft")
    art.canvas.drawRect(
        brushes.rect(Box(width * 0.06, 430, width * 0.94, 462)),
        brushes.down(Box(0, 430, 1, 462), [(0, BLACK, 0.26), (1, BLACK, 0.0)]),
    )
    ribbon = stuff.accent
    for top, bottom, half in ((430, 1000, 0.075), (270, 430, 0.08)):
        band = Box(middle - width * half, top, middle + width * half, bottom)
        art.canvas.drawRect(
            brushes.rect(band),
            brushes.across(
                band, [(0, ribbon.lighter(-0.08), 1), (0.35, ribbon.lighter(0.08), 1), (1, ribbon.lighter(-0.06), 1)]
            ),
        )
    for sign in (-1, 1):
        loop = skia.Path()
        loop.moveTo(middle, 262)
        loop.cubicTo(middle + sign * 90, 60, middle + sign * 300, 0, middle + sign * 330, 110)
        loop.cubicTo(middle + sign * 350, 210, middle + sign * 150, 270, middle, 262)
        loop.close()
        art.solid(loop, ribbon, shading="soft")
        hole = skia.Path()
        hole.moveTo(middle + sign * 70, 228)
        hole.cubicTo(middle + sign * 130, 120, middle + sign * 260, 70, middle + sign * 276, 126)
        hole.cubicTo(middle + sign * 280, 190, middle + sign * 160, 236, middle + sign * 70, 228)
        hole.close()
        art.canvas.drawPath(hole, brushes.fill(ribbon.lighter(-0.16)))
    art.round_box(Box(middle - 54, 204, middle + 54, 290), 26, ribbon.lighter(0.03), shading="soft")


def candle(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    art.canvas.drawLine(middle, 220, middle, 300, brushes.stroke(Colour.of("#2b2320"), 9))
    brushes.glow(art.canvas, middle, 130, 240, Colour.of("#ffb347"), 0.55)
    flame = skia.Path()
    flame.moveTo(middle, 10)
    flame.cubicTo(middle + 26, 90, middle + 62, 130, middle + 46, 190)
    flame.cubicTo(middle + 34, 232, middle - 34, 232, middle - 46, 190)
    flame.cubicTo(middle - 60, 130, middle - 20, 100, middle, 10)
    flame.close()
    art.canvas.drawPath(
        flame,
        brushes.radial(
            (middle, 186),
            150,
            [(0, Colour.of("#fff6d6"), 1), (0.4, Colour.of("#ffd25e"), 1), (1, Colour.of("#ff8a1f"), 0.95)],
        ),
    )
    glass = skia.Path()
    glass.addRRect(brushes.rounded(Box(2, 290, width - 2, 1000), 70))
    wax = stuff.paper.mixed(stuff.body, 0.12)
    art.solid(glass, stuff.body)
    top = Box(20, 268, width - 20, 372)
    art.ellipse(top, wax)
    art.canvas.drawOval(
        brushes.rect(top), brushes.radial((middle, 310), width * 0.42, [(0, Colour.of("#fff1c9"), 0.95), (1, wax, 0.1)])
    )
    art.canvas.drawLine(middle, 232, middle, 318, brushes.stroke(Colour.of("#2b2320"), 9))
    art.gloss(glass, Box(width * 0.09, 360, width * 0.14, 960), alpha=0.5, blur=8)
    plate = Box(width * 0.2, 540, width * 0.8, 810)
    art.canvas.drawRoundRect(brushes.rect(plate), 10, 10, brushes.fill(stuff.paper))
    art.canvas.drawRoundRect(brushes.rect(plate.inset(14)), 5, 5, brushes.stroke(stuff.dark, 3, 0.35))
    art.label(plate.inset(46, 84), stuff.dark, largest=100)


def book(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    pages = brushes.path([(width * 0.1, 40), (width * 0.99, 14), (width * 0.99, 962), (width * 0.1, 1000)])
    art.canvas.drawPath(pages, brushes.fill(stuff.body.lighter(-0.2)))
    art.canvas.drawPath(
        brushes.path([(width * 0.09, 28), (width * 0.965, 8), (width * 0.965, 954), (width * 0.09, 986)]),
        brushes.across(
            Box(width * 0.8, 0, width, 1),
            [(0, stuff.paper, 1), (0.7, stuff.paper.lighter(-0.06), 1), (1, stuff.paper.lighter(-0.16), 1)],
        ),
    )
    cover = brushes.path([(0, 22), (width * 0.93, 0), (width * 0.93, 946), (0, 980)])
    art.canvas.drawPath(
        cover,
        brushes.diagonal(
            Box(0, 0, width, 1000),
            [(0, stuff.body.lighter(0.08), 1), (0.6, stuff.body, 1), (1, stuff.body.lighter(-0.1), 1)],
        ),
    )
    with art.clipped(cover):
        art.canvas.drawRect(brushes.rect(Box(0, 0, width * 0.055, 1000)), brushes.fill(BLACK, 0.18))
        art.canvas.drawRect(brushes.rect(Box(width * 0.07, 0, width * 0.078, 1000)), brushes.fill(WHITE, 0.28))
        art.canvas.drawCircle(width * 0.56, 660, width * 0.31, brushes.fill(stuff.accent))
        art.canvas.drawCircle(width * 0.66, 760, width * 0.2, brushes.fill(stuff.paper, 0.85))
    ink = art.ink_on(stuff.body)
    art.label(Box(width * 0.16, 130, width * 0.86, 290), ink, largest=130)
    art.canvas.drawLine(width * 0.16, 350, width * 0.44, 348, brushes.stroke(ink, 7, 0.6))


def potted_plant(art: Sculptor) -> None:
    stuff = art.materials
    middle = art.middle
    green = Colour.of("#2f7d4f")
    for index, (angle, length) in enumerate(
        ((-90, 640), (-118, 600), (-62, 590), (-142, 480), (-38, 470), (-104, 500), (-76, 490), (-160, 360), (-20, 350))
    ):
        tip = polar(middle, 700, length, angle)
        near = polar(middle, 700, length * 0.55, angle - 16)
        far = polar(middle, 700, length * 0.55, angle + 16)
        leaf = skia.Path()
        leaf.moveTo(middle, 700)
        leaf.quadTo(*near, *tip)
        leaf.quadTo(*far, middle, 700)
        leaf.close()
        tone = green.lighter((-0.1, 0.0, 0.06)[index % 3])
        art.canvas.drawPath(
            leaf, brushes.linear((middle, 700), tip, [(0, tone.lighter(-0.12), 1), (1, tone.lighter(0.08), 1)])
        )
        art.canvas.drawLine(
            middle, 700, *polar(middle, 700, length * 0.9, angle), brushes.stroke(tone.lighter(0.14), 5, 0.6)
        )
    pot = brushes.path([(middle - 220, 640), (middle + 220, 640), (middle + 165, 1000), (middle - 165, 1000)])
    art.solid(pot, stuff.body)
    art.round_box(Box(middle - 240, 600, middle + 240, 700), 20, stuff.body.lighter(0.03))
    art.canvas.drawRect(
        brushes.rect(Box(middle - 214, 700, middle + 214, 730)),
        brushes.down(Box(0, 700, 1, 730), [(0, BLACK, 0.25), (1, BLACK, 0.0)]),
    )
    art.label(Box(middle - 130, 780, middle + 130, 870), art.ink_on(stuff.body), largest=80)


def chocolate_bar(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    cocoa = Colour.of("#4a2615")
    bar = skia.Path()
    bar.addRRect(brushes.rounded(Box(width * 0.07, 0, width * 0.93, 420), 20))
    art.solid(bar, cocoa, shading="soft")
    for row in range(3):
        for column in range(3):
            left = width * (0.1 + 0.27 * column)
            piece = Box(left, 18 + 128 * row, left + width * 0.245, 132 + 128 * row)
            art.round_box(piece, 14, cocoa.lighter(0.05), shading="soft")
            art.canvas.drawRRect(brushes.rounded(piece.inset(18), 8), brushes.stroke(cocoa.lighter(0.12), 4, 0.6))
    foil = brushes.path(
        [
            (width * 0.03, 330),
            *((width * (0.03 + 0.94 * step / 14), 300 + (26 if step % 2 else 0)) for step in range(15)),
            (width * 0.97, 330),
            (width * 0.97, 470),
            (width * 0.03, 470),
        ]
    )
    art.solid(foil, stuff.metal)
    wrap = skia.Path()
    wrap.addRRect(brushes.rounded(Box(0, 400, width, 1000), 18))
    art.solid(wrap, stuff.body, shading="soft")
    with art.clipped(wrap):
        art.canvas.drawRect(brushes.rect(Box(0, 870, width, 900)), brushes.fill(stuff.accent))
        art.canvas.drawRect(brushes.rect(Box(0, 470, width, 482)), brushes.fill(stuff.accent))
        art.canvas.drawPath(
            brushes.path([(0, 400), (width * 0.34, 400), (width * 0.06, 1000), (0, 1000)]), brushes.fill(WHITE, 0.09)
        )
    art.label(Box(width * 0.12, 590, width * 0.88, 780), art.ink_on(stuff.body), largest=170)


def pan(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    art.tube([(width * 0.6, 560), (width * 0.8, 420), (width * 0.97, 330)], stuff.dark.lighter(0.14), 92)
    body = skia.Path()
    body.moveTo(0, 480)
    body.cubicTo(10, 760, 80, 1000, 260, 1000)
    body.lineTo(width * 0.7 - 260, 1000)
    body.cubicTo(width * 0.7 - 80, 1000, width * 0.7 - 10, 760, width * 0.7, 480)
    body.close()
    art.solid(body, stuff.body)
    art.gloss(body, Box(width * 0.1, 560, width * 0.14, 940), alpha=0.4, blur=10)
    rim = Box(0, 330, width * 0.7, 630)
    art.ellipse(rim, stuff.metal)
    inner = rim.inset(22, 14)
    art.canvas.drawOval(
        brushes.rect(inner),
        brushes.radial(
            (inner.centre_x, inner.centre_y + 30),
            inner.width * 0.55,
            [(0, Colour.of("#4a4d54"), 1), (1, Colour.of("#1b1d22"), 1)],
        ),
    )
    for x, tone in ((0.24, "#e8b04a"), (0.38, "#c8452e"), (0.5, "#6fa04b")):
        art.ball(width * x, 470 + 20 * (x > 0.3), 56, Colour.of(tone))
    for x in (0.26, 0.38, 0.48):
        art.canvas.drawPath(
            brushes.smooth_path(
                [(width * x, 300), (width * x + 34, 210), (width * x - 24, 120), (width * x + 16, 20)], closed=False
            ),
            brushes.stroke(WHITE, 16, 0.4, blur=9),
        )


def pet_bowl(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    kibble = Colour.of("#9a6236")
    for row, (count, y, spread) in enumerate(((9, 330, 0.34), (7, 250, 0.26), (4, 180, 0.15))):
        for index in range(count):
            x = middle + width * spread * (2 * index / max(1, count - 1) - 1)
            art.ball(x, y + 18 * ((index + row) % 2), 62, kibble.lighter(0.04 * ((index * 3 + row) % 3 - 1)))
    body = brushes.path(
        [
            (width * 0.12, 330),
            (width * 0.88, 330),
            (width * 0.99, 950),
            (width * 0.97, 1000),
            (width * 0.03, 1000),
            (width * 0.01, 950),
        ]
    )
    art.solid(body, stuff.body)
    art.round_box(Box(width * 0.1, 312, width * 0.9, 390), 38, stuff.body.lighter(0.07))
    art.gloss(body, Box(width * 0.2, 430, width * 0.24, 930), alpha=0.4, blur=9)
    ink = art.ink_on(stuff.body)
    art.canvas.drawOval(brushes.rect(Box(middle - 92, 660, middle + 92, 820)), brushes.fill(ink))
    for x, y in ((-128, 610), (-48, 550), (48, 550), (128, 610)):
        art.canvas.drawOval(brushes.rect(Box(middle + x - 38, y - 50, middle + x + 38, y + 50)), brushes.fill(ink))


KINDS = (
    ObjectKind(
        name="mug",
        aspect=0.92,
        draw=mug,
        words=("mug", "cup", "latte", "cappuccino", "espresso", "tea cup", "hot chocolate", "cocoa"),
    ),
    ObjectKind(
        name="stand-up pouch",
        aspect=0.68,
        draw=pouch,
        words=(
            "coffee",
            "coffee beans",
            "beans",
            "roast",
            "tea",
            "snack",
            "snacks",
            "chips",
            "crisps",
            "nuts",
            "pouch",
            "bag of",
            "matcha",
            "muesli",
            "rice",
            "pasta",
            "flour",
            "seeds",
            "dog treats",
            "treats",
            "jerky",
            "popcorn",
            "espresso beans",
            "sachet",
            "candy",
            "sweets",
        ),
    ),
    ObjectKind(
        name="carton",
        aspect=0.78,
        draw=carton,
        words=(
            "box",
            "carton",
            "kit",
            "package",
            "cereal",
            "toy",
            "puzzle",
            "lego",
            "set",
            "cookies",
            "biscuits",
            "crackers",
            "board game",
            "milk",
            "pack",
        ),
    ),
    ObjectKind(
        name="gift box",
        aspect=0.95,
        draw=gift_box,
        words=(
            "gift",
            "gift box",
            "present",
            "hamper",
            "surprise",
            "gift card",
            "voucher",
            "subscription box",
            "mystery box",
        ),
    ),
    ObjectKind(
        name="scented candle",
        aspect=0.68,
        draw=candle,
        words=("candle", "candles", "wax melt", "incense", "diffuser", "home fragrance"),
    ),
    ObjectKind(
        name="book",
        aspect=0.72,
        draw=book,
        words=(
            "book",
            "novel",
            "planner",
            "journal",
            "notebook",
            "diary",
            "cookbook",
            "guide",
            "magazine",
            "ebook",
            "workbook",
            "calendar",
        ),
    ),
    ObjectKind(
        name="potted plant",
        aspect=0.98,
        draw=potted_plant,
        flat_base=0.34,
        words=(
            "plant",
            "houseplant",
            "pot",
            "planter",
            "herb",
            "herbs",
            "monstera",
            "succulent",
            "cactus",
            "gardening",
            "flowers",
            "bouquet",
        ),
    ),
    ObjectKind(
        name="bar of chocolate",
        aspect=0.60,
        draw=chocolate_bar,
        words=(
            "chocolate",
            "chocolate bar",
            "cacao",
            "praline",
            "energy bar",
            "protein bar",
            "granola bar",
            "snack bar",
            "nougat",
        ),
    ),
    ObjectKind(
        name="pan",
        aspect=1.55,
        draw=pan,
        flat_base=0.4,
        words=(
            "pan",
            "skillet",
            "wok",
            "cookware",
            "frying pan",
            "saucepan",
            "casserole",
            "pot set",
            "cooking",
            "knife",
            "kitchen",
        ),
    ),
    ObjectKind(
        name="pet bowl",
        aspect=1.35,
        draw=pet_bowl,
        words=(
            "dog",
            "cat",
            "pet",
            "puppy",
            "kitten",
            "dog food",
            "cat food",
            "pet food",
            "kibble",
            "pet bowl",
            "leash",
            "collar",
        ),
    ),
)
