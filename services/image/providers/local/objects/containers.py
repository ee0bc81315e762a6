"""Bottles, jars, tubes, cans: what drinks and cosmetics come in."""

from __future__ import annotations

from typing import Any

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.objects.sculptor import ObjectKind, Sculptor
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia


def _bottle_outline(
    left: float, right: float, shoulder: float, neck_half: float, neck_top: float, corner: float
) -> Any:
    """A bottle's silhouette: straight walls, a curved shoulder, a neck; standing on y = 1000."""
    middle = (left + right) / 2
    outline = skia.Path()
    outline.moveTo(left + corner, 1000)
    outline.quadTo(left, 1000, left, 1000 - corner)
    outline.lineTo(left, shoulder + 110)
    outline.cubicTo(left, shoulder + 20, middle - neck_half, shoulder + 35, middle - neck_half, shoulder - 40)
    outline.lineTo(middle - neck_half, neck_top)
    outline.lineTo(middle + neck_half, neck_top)
    outline.lineTo(middle + neck_half, shoulder - 40)
    outline.cubicTo(middle + neck_half, shoulder + 35, right, shoulder + 20, right, shoulder + 110)
    outline.lineTo(right, 1000 - corner)
    outline.quadTo(right, 1000, right - corner, 1000)
    outline.close()
    return outline


def water_bottle(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    outline = _bottle_outline(6, width - 6, 215, width * 0.3, 150, 44)
    art.solid(outline, stuff.body)
    art.gloss(outline, Box(width * 0.18, 240, width * 0.25, 960), alpha=0.55)
    with art.clipped(outline):
        art.canvas.drawRect(
            brushes.rect(Box(width * 0.86, 200, width * 0.92, 1000)), brushes.fill(stuff.accent, 0.55, blur=9)
        )
        art.canvas.drawRect(brushes.rect(Box(0, 930, width, 938)), brushes.fill(BLACK, 0.16))
    cap = Box(middle - width * 0.37, 0, middle + width * 0.37, 158)
    art.round_box(cap, 34, stuff.dark.lighter(0.12))
    for step in range(9):
        x = cap.left + cap.width * (0.1 + 0.1 * step)
        art.canvas.drawLine(x, 52, x, 140, brushes.stroke(BLACK, 5, 0.22))
    art.canvas.drawRect(
        brushes.rect(Box(middle - width * 0.31, 160, middle + width * 0.31, 172)), brushes.fill(stuff.accent)
    )
    art.label(Box(width * 0.36, 420, width * 0.66, 900), art.ink_on(stuff.body), upright=True, largest=88)


def dropper_bottle(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    glass = stuff.body
    outline = _bottle_outline(8, width - 8, 470, width * 0.2, 400, 46)
    art.solid(outline, glass)
    with art.clipped(outline):
        art.canvas.drawRect(
            brushes.rect(Box(0, 560, width, 1000)),
            brushes.down(Box(0, 560, width, 1000), [(0, glass.lighter(-0.1), 0.0), (1, glass.lighter(-0.2), 0.6)]),
        )
    art.gloss(outline, Box(width * 0.13, 560, width * 0.18, 970), alpha=0.6, blur=6)
    art.wrapped_label(Box(8, 640, width - 8, 880), stuff.paper)
    art.round_box(Box(middle - width * 0.24, 300, middle + width * 0.24, 430), 14, stuff.metal)
    for step in range(11):
        x = middle - width * 0.21 + width * 0.042 * step
        art.canvas.drawLine(x, 312, x, 418, brushes.stroke(BLACK, 4, 0.16))
    bulb = skia.Path()
    bulb.moveTo(middle - width * 0.15, 302)
    bulb.cubicTo(middle - width * 0.19, 150, middle - width * 0.15, 10, middle, 4)
    bulb.cubicTo(middle + width * 0.15, 10, middle + width * 0.19, 150, middle + width * 0.15, 302)
    bulb.close()
    art.solid(bulb, stuff.dark.lighter(0.14))
    art.gloss(bulb, Box(middle - width * 0.09, 50, middle - width * 0.055, 270), alpha=0.4, blur=5)


def pump_bottle(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    art.canvas.drawRect(
        brushes.rect(Box(middle - 17, 60, middle + 17, 250)),
        brushes.across(Box(middle - 17, 0, middle + 17, 1), art.round_stops(stuff.metal)),
    )
    nozzle = skia.Path()
    nozzle.moveTo(middle - 64, 36)
    nozzle.cubicTo(middle - 60, 4, middle + 40, 0, middle + 110, 18)
    nozzle.cubicTo(middle + 150, 26, middle + 172, 52, middle + 170, 86)
    nozzle.lineTo(middle + 142, 86)
    nozzle.cubicTo(middle + 138, 66, middle + 110, 64, middle + 62, 66)
    nozzle.lineTo(middle - 64, 66)
    nozzle.close()
    art.solid(nozzle, stuff.dark.lighter(0.1), shading="soft")
    art.round_box(Box(middle - 92, 206, middle + 92, 306), 18, stuff.dark.lighter(0.12))
    outline = skia.Path()
    outline.addRRect(brushes.rounded(Box(6, 300, width - 6, 1000), 72))
    art.solid(outline, stuff.body)
    art.gloss(outline, Box(width * 0.12, 350, width * 0.18, 960), alpha=0.5)
    ink = art.ink_on(stuff.body)
    art.label(Box(width * 0.2, 520, width * 0.84, 610), ink, largest=84)
    for step, half in ((650, 0.18), (684, 0.13)):
        art.canvas.drawLine(middle - width * half, step, middle + width * half, step, brushes.stroke(ink, 6, 0.5))
    art.canvas.drawRoundRect(
        brushes.rect(Box(middle - width * 0.16, 770, middle + width * 0.16, 822)), 26, 26, brushes.stroke(ink, 4, 0.5)
    )


def cream_jar(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    outline = skia.Path()
    outline.addRRect(brushes.rounded(Box(4, 380, width - 4, 1000), 110))
    art.solid(outline, stuff.body)
    art.gloss(outline, Box(width * 0.1, 440, width * 0.15, 940), alpha=0.55, blur=10)
    art.round_box(Box(width * 0.05, 0, width * 0.95, 400), 62, stuff.metal)
    lid = Box(width * 0.05, 0, width * 0.95, 130)
    art.canvas.drawRRect(brushes.rounded(lid, 62), brushes.down(lid, [(0, WHITE, 0.55), (1, WHITE, 0.0)]))
    art.canvas.drawRect(brushes.rect(Box(width * 0.05, 352, width * 0.95, 362)), brushes.fill(BLACK, 0.2))
    ink = art.ink_on(stuff.body)
    art.label(Box(width * 0.2, 560, width * 0.8, 690), ink, largest=130)
    art.canvas.drawLine(width * 0.36, 770, width * 0.64, 770, brushes.stroke(ink, 8, 0.5))
    art.canvas.drawLine(width * 0.41, 816, width * 0.59, 816, brushes.stroke(ink, 8, 0.5))


def tube(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    outline = skia.Path()
    outline.moveTo(2, 0)
    outline.lineTo(width - 2, 0)
    outline.lineTo(width - 2, 46)
    outline.cubicTo(width * 0.99, 420, width * 0.92, 700, width * 0.84, 830)
    outline.lineTo(width * 0.16, 830)
    outline.cubicTo(width * 0.08, 700, width * 0.01, 420, 2, 46)
    outline.close()
    art.solid(outline, stuff.body)
    with art.clipped(outline):
        art.canvas.drawRect(brushes.rect(Box(0, 0, width, 46)), brushes.fill(BLACK, 0.10))
        for step in range(28):
            x = width * step / 27
            art.canvas.drawLine(x, 4, x, 42, brushes.stroke(WHITE, 2.5, 0.25))
        band = Box(0, 590, width, 700)
        art.canvas.drawRect(brushes.rect(band), brushes.fill(stuff.accent, 0.9))
        art.canvas.drawRect(
            brushes.rect(band),
            brushes.across(band, [(0, BLACK, 0.3), (0.3, WHITE, 0.25), (0.6, BLACK, 0.0), (1, BLACK, 0.3)]),
        )
    art.gloss(outline, Box(width * 0.2, 70, width * 0.27, 800), alpha=0.45)
    art.round_box(Box(middle - width * 0.27, 826, middle + width * 0.27, 1000), 26, stuff.paper.lighter(-0.04))
    for step in range(11):
        x = middle - width * 0.22 + width * 0.044 * step
        art.canvas.drawLine(x, 846, x, 984, brushes.stroke(BLACK, 4, 0.1))
    art.label(Box(width * 0.34, 110, width * 0.68, 560), art.ink_on(stuff.body), upright=True, largest=100)


def perfume(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    outline = skia.Path()
    outline.addRRect(brushes.rounded(Box(0, 350, width, 1000), 54))
    art.canvas.drawPath(
        outline,
        brushes.across(
            Box(0, 350, width, 1000),
            [(0, stuff.body.lighter(0.16), 1), (0.5, stuff.body.lighter(0.24), 1), (1, stuff.body.lighter(0.06), 1)],
        ),
    )
    liquid = Box(44, 470, width - 44, 952)
    art.canvas.drawRRect(
        brushes.rounded(liquid, 26),
        brushes.diagonal(
            liquid, [(0, stuff.body.lighter(0.06), 1), (0.5, stuff.body, 1), (1, stuff.body.lighter(-0.16), 1)]
        ),
    )
    art.canvas.drawRect(brushes.rect(Box(44, 466, width - 44, 476)), brushes.fill(WHITE, 0.5))
    art.gloss(outline, Box(16, 380, 46, 970), alpha=0.75, blur=5)
    art.gloss(outline, Box(width - 40, 380, width - 22, 970), alpha=0.5, blur=5)
    art.gloss(outline, Box(width * 0.16, 480, width * 0.28, 940), alpha=0.22, blur=12)
    art.round_box(Box(middle - 70, 262, middle + 70, 356), 10, stuff.metal)
    art.round_box(Box(middle - 128, 0, middle + 128, 268), 22, stuff.dark.lighter(0.08))
    plate = Box(width * 0.22, 640, width * 0.78, 800)
    art.canvas.drawRoundRect(brushes.rect(plate), 8, 8, brushes.fill(stuff.paper))
    art.canvas.drawRoundRect(brushes.rect(plate.inset(10)), 4, 4, brushes.stroke(stuff.dark, 2.5, 0.4))
    art.label(plate.inset(34, 44), stuff.dark, largest=64)


def spray_can(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    art.round_box(Box(middle - 40, 0, middle + 40, 70), 12, stuff.paper)
    art.round_box(Box(width * 0.17, 56, width * 0.83, 190), 50, stuff.paper)
    shoulder = skia.Path()
    shoulder.moveTo(2, 300)
    shoulder.cubicTo(4, 220, width * 0.16, 196, width * 0.2, 180)
    shoulder.lineTo(width * 0.8, 180)
    shoulder.cubicTo(width * 0.84, 196, width - 4, 220, width - 2, 300)
    shoulder.close()
    art.solid(shoulder, stuff.metal)
    body = skia.Path()
    body.addRRect(brushes.rounded(Box(2, 280, width - 2, 1000), 26))
    art.solid(body, stuff.body)
    with art.clipped(body):
        band = brushes.path([(0, 760), (width, 640), (width, 1000), (0, 1000)])
        art.canvas.drawPath(band, brushes.fill(stuff.accent, 0.92))
        art.canvas.drawRect(
            brushes.rect(Box(0, 280, width, 1000)),
            brushes.across(
                Box(0, 0, width, 1), [(0, BLACK, 0.3), (0.28, WHITE, 0.2), (0.55, BLACK, 0.0), (1, BLACK, 0.34)]
            ),
        )
    art.gloss(body, Box(width * 0.2, 300, width * 0.27, 980), alpha=0.4)
    art.label(Box(width * 0.3, 330, width * 0.72, 640), art.ink_on(stuff.body), upright=True, largest=110)


def wine_bottle(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    glass = stuff.body.lighter(-0.1) if stuff.body.lightness > 0.45 else stuff.body
    outline = _bottle_outline(4, width - 4, 360, width * 0.19, 40, 30)
    art.solid(outline, glass)
    art.gloss(outline, Box(width * 0.15, 430, width * 0.2, 980), alpha=0.45, blur=6)
    capsule = Box(width * 0.29, 0, width * 0.71, 250)
    art.round_box(capsule, 10, stuff.accent)
    art.canvas.drawRect(
        brushes.rect(Box(capsule.left - 5, 36, capsule.right + 5, 62)),
        brushes.across(capsule, art.round_stops(stuff.accent.lighter(-0.05))),
    )
    art.wrapped_label(Box(4, 590, width - 4, 880), stuff.paper)


def drink_can(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    outline = skia.Path()
    outline.moveTo(width * 0.12, 30)
    outline.lineTo(width * 0.88, 30)
    outline.cubicTo(width * 0.9, 70, width - 2, 90, width - 2, 150)
    outline.lineTo(width - 2, 900)
    outline.cubicTo(width - 2, 950, width * 0.9, 965, width * 0.87, 1000)
    outline.lineTo(width * 0.13, 1000)
    outline.cubicTo(width * 0.1, 965, 2, 950, 2, 900)
    outline.lineTo(2, 150)
    outline.cubicTo(2, 90, width * 0.1, 70, width * 0.12, 30)
    outline.close()
    art.solid(outline, stuff.body)
    with art.clipped(outline):
        swoosh = skia.Path()
        swoosh.moveTo(0, 640)
        swoosh.cubicTo(width * 0.4, 560, width * 0.6, 790, width, 660)
        swoosh.lineTo(width, 860)
        swoosh.cubicTo(width * 0.6, 980, width * 0.4, 740, 0, 850)
        swoosh.close()
        art.canvas.drawPath(swoosh, brushes.fill(stuff.accent, 0.95))
        for top, bottom in ((0, 88), (940, 1000)):
            band = Box(0, top, width, bottom)
            art.canvas.drawRect(brushes.rect(band), brushes.across(band, art.round_stops(stuff.metal)))
        art.canvas.drawRect(
            brushes.rect(Box(0, 88, width, 940)),
            brushes.across(
                Box(0, 0, width, 1),
                [
                    (0, BLACK, 0.35),
                    (0.12, BLACK, 0.0),
                    (0.26, WHITE, 0.22),
                    (0.4, BLACK, 0.0),
                    (0.8, BLACK, 0.1),
                    (1, BLACK, 0.4),
                ],
            ),
        )
    lid = Box(width * 0.12, 8, width * 0.88, 52)
    art.ellipse(lid, stuff.metal.lighter(0.05))
    art.canvas.drawOval(brushes.rect(lid.inset(22, 9)), brushes.fill(stuff.metal.lighter(-0.16)))
    art.canvas.drawOval(
        brushes.rect(Box(middle - 44, 18, middle + 30, 38)), brushes.stroke(stuff.metal.lighter(0.1), 6)
    )
    for x, y, radius in (
        (0.24, 250, 9),
        (0.3, 330, 6),
        (0.7, 280, 8),
        (0.8, 430, 10),
        (0.2, 480, 7),
        (0.64, 560, 6),
        (0.34, 900, 8),
        (0.75, 890, 6),
    ):
        drop_x = width * x
        art.canvas.drawCircle(drop_x, y, radius, brushes.fill(WHITE, 0.28))
        art.canvas.drawCircle(drop_x - radius * 0.3, y - radius * 0.3, radius * 0.35, brushes.fill(WHITE, 0.8))
    art.label(Box(width * 0.14, 300, width * 0.86, 520), art.ink_on(stuff.body), largest=130)


def jam_jar(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    outline = skia.Path()
    outline.addRRect(brushes.rounded(Box(2, 170, width - 2, 1000), 100))
    art.canvas.drawPath(outline, brushes.fill(WHITE, 0.5))
    inside = skia.Path()
    inside.addRRect(brushes.rounded(Box(26, 270, width - 26, 972), 80))
    art.solid(inside, stuff.body)
    art.gloss(outline, Box(width * 0.08, 220, width * 0.14, 950), alpha=0.7, blur=8)
    art.canvas.drawPath(outline, brushes.stroke(WHITE, 5, 0.6))
    art.round_box(Box(width * 0.06, 0, width * 0.94, 190), 30, stuff.accent)
    for step in range(15):
        x = width * (0.1 + 0.8 * step / 14)
        art.canvas.drawLine(x, 60, x, 176, brushes.stroke(BLACK, 5, 0.13))
    plate = Box(width * 0.16, 470, width * 0.84, 800)
    art.canvas.drawRoundRect(brushes.rect(plate), 26, 26, brushes.fill(stuff.paper))
    art.canvas.drawRoundRect(brushes.rect(plate.inset(16)), 16, 16, brushes.stroke(stuff.body.lighter(-0.1), 4, 0.6))
    art.label(plate.inset(56, 100), stuff.dark, largest=110)


def lipstick(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    bullet = skia.Path()
    bullet.moveTo(middle - width * 0.3, 420)
    bullet.lineTo(middle - width * 0.3, 190)
    bullet.cubicTo(middle - width * 0.28, 90, middle + width * 0.1, 0, middle + width * 0.24, 10)
    bullet.cubicTo(middle + width * 0.3, 20, middle + width * 0.3, 100, middle + width * 0.3, 150)
    bullet.lineTo(middle + width * 0.3, 420)
    bullet.close()
    colour = stuff.body if stuff.body.chroma > 0.08 else Colour.of("#c2273f")
    art.solid(bullet, colour)
    art.gloss(bullet, Box(middle - width * 0.19, 130, middle - width * 0.1, 420), alpha=0.5, blur=6)
    art.round_box(Box(middle - width * 0.36, 400, middle + width * 0.36, 620), 10, stuff.metal)
    art.round_box(Box(4, 590, width - 4, 1000), 18, stuff.dark.lighter(0.08))
    art.canvas.drawRect(brushes.rect(Box(4, 640, width - 4, 652)), brushes.fill(stuff.metal, 0.9))
    art.label(Box(width * 0.3, 690, width * 0.72, 970), stuff.metal.lighter(0.1), upright=True, largest=80)


KINDS = (
    ObjectKind(
        name="water bottle",
        aspect=0.33,
        draw=water_bottle,
        words=("water bottle", "bottle", "flask", "thermos", "tumbler", "drinking bottle", "hydration", "shaker"),
    ),
    ObjectKind(
        name="dropper bottle",
        aspect=0.40,
        draw=dropper_bottle,
        words=(
            "serum",
            "dropper",
            "essential oil",
            "facial oil",
            "face oil",
            "cbd",
            "tincture",
            "oil",
            "elixir",
            "beard oil",
            "vitamin c",
            "retinol",
            "hyaluronic",
        ),
    ),
    ObjectKind(
        name="pump bottle",
        aspect=0.42,
        draw=pump_bottle,
        words=(
            "shampoo",
            "conditioner",
            "lotion",
            "hand soap",
            "soap",
            "body wash",
            "shower gel",
            "pump",
            "cleanser",
            "sanitizer",
            "sanitiser",
            "detergent",
            "dish soap",
            "moisturizer",
            "moisturiser",
        ),
    ),
    ObjectKind(
        name="cream jar",
        aspect=1.12,
        draw=cream_jar,
        words=(
            "cream",
            "face cream",
            "balm",
            "butter",
            "mask",
            "jar",
            "scrub",
            "pomade",
            "wax",
            "night cream",
            "skincare",
            "skin care",
            "cosmetic",
            "cosmetics",
            "beauty",
        ),
    ),
    ObjectKind(
        name="tube",
        aspect=0.40,
        draw=tube,
        words=(
            "tube",
            "toothpaste",
            "sunscreen",
            "sun cream",
            "hand cream",
            "gel",
            "ointment",
            "foundation",
            "spf",
            "primer",
            "lip balm",
            "mascara",
        ),
    ),
    ObjectKind(
        name="perfume bottle",
        aspect=0.62,
        draw=perfume,
        words=("perfume", "fragrance", "eau de parfum", "eau de toilette", "cologne", "scent", "aftershave"),
    ),
    ObjectKind(
        name="spray can",
        aspect=0.32,
        draw=spray_can,
        words=(
            "spray",
            "deodorant",
            "hairspray",
            "dry shampoo",
            "aerosol",
            "paint",
            "foam",
            "whipped",
            "cleaner",
            "air freshener",
        ),
    ),
    ObjectKind(
        name="bottle of wine",
        aspect=0.285,
        draw=wine_bottle,
        words=(
            "wine",
            "olive oil",
            "champagne",
            "prosecco",
            "whisky",
            "whiskey",
            "gin",
            "rum",
            "vodka",
            "vinegar",
            "liqueur",
            "spirits",
            "tequila",
            "sake",
            "syrup",
            "hot sauce",
            "sauce",
        ),
    ),
    ObjectKind(
        name="drink can",
        aspect=0.52,
        draw=drink_can,
        words=(
            "can",
            "soda",
            "beer",
            "energy drink",
            "sparkling water",
            "lemonade",
            "kombucha",
            "seltzer",
            "cola",
            "iced tea",
            "drink",
            "juice",
            "beverage",
            "tonic",
            "cider",
        ),
    ),
    ObjectKind(
        name="preserving jar",
        aspect=0.78,
        draw=jam_jar,
        words=(
            "jam",
            "honey",
            "peanut butter",
            "marmalade",
            "pickles",
            "spread",
            "pesto",
            "chutney",
            "kimchi",
            "granola",
            "spice",
            "spices",
            "supplement",
            "vitamins",
            "protein",
            "gummies",
            "nut butter",
        ),
    ),
    ObjectKind(
        name="lipstick",
        aspect=0.27,
        draw=lipstick,
        words=("lipstick", "makeup", "make-up", "lip gloss", "rouge", "lip"),
    ),
)
