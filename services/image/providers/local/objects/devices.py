"""Electronics, and the screens that stand for software and services."""

from __future__ import annotations

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.objects.sculptor import ObjectKind, Sculptor
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia


def _screen(art: Sculptor, box: Box, radius: float, *, columns: int) -> None:
    """An application on a screen: a header with the name, a chart, and rows of cards."""
    stuff = art.materials
    canvas = art.canvas
    outline = skia.Path()
    outline.addRRect(brushes.rounded(box, radius))
    with art.clipped(outline):
        ground = stuff.body.with_lightness(0.97).with_chroma(0.012)
        canvas.drawRect(brushes.rect(box), brushes.fill(ground))
        head = Box(box.left, box.top, box.right, box.top + box.height * 0.3)
        canvas.drawRect(
            brushes.rect(head),
            brushes.diagonal(head, [(0, stuff.body.lighter(0.06), 1), (1, stuff.body.lighter(-0.1).turned(24), 1)]),
        )
        canvas.drawCircle(
            head.right - head.height * 0.2, head.top + head.height * 0.3, head.height * 0.62, brushes.fill(WHITE, 0.1)
        )
        pad = box.width * 0.07
        art.label(
            Box(
                head.left + pad,
                head.top + head.height * 0.42,
                head.left + box.width * (0.6 if columns == 1 else 0.3),
                head.bottom - head.height * 0.26,
            ),
            art.ink_on(stuff.body),
            largest=box.width * 0.12,
        )
        card = Box(box.left + pad, head.bottom - head.height * 0.16, box.right - pad, box.top + box.height * 0.6)
        canvas.drawRRect(
            brushes.rounded(card, 22), brushes.with_shadow(brushes.fill(WHITE), stuff.dark, y=8, blur=14, alpha=0.22)
        )
        points = [
            (card.left + card.width * (0.07 + 0.86 * step / 6), card.bottom - card.height * share)
            for step, share in enumerate((0.25, 0.36, 0.3, 0.52, 0.48, 0.7, 0.82))
        ]
        area = brushes.smooth_path(points, closed=False)
        under = skia.Path(area)
        under.lineTo(points[-1][0], card.bottom - 14)
        under.lineTo(points[0][0], card.bottom - 14)
        under.close()
        canvas.drawPath(under, brushes.down(card, [(0, stuff.accent, 0.45), (1, stuff.accent, 0.03)]))
        canvas.drawPath(area, brushes.stroke(stuff.accent, max(6.0, card.width * 0.016)))
        canvas.drawCircle(*points[-1], max(9.0, card.width * 0.026), brushes.fill(stuff.accent))
        top = card.bottom + pad * 0.6
        rows = 3 if columns == 1 else 1
        room = (box.bottom - pad * 0.7 - top) / rows
        for row in range(rows):
            for column in range(columns):
                span = (card.width - pad * 0.4 * (columns - 1)) / columns
                left = card.left + column * (span + pad * 0.4)
                tile = Box(left, top + row * room, left + span, top + row * room + room * 0.82)
                canvas.drawRRect(brushes.rounded(tile, 16), brushes.fill(WHITE))
                dot = tile.height * 0.26
                tone = (stuff.accent, stuff.body, stuff.body.turned(40))[(row + column) % 3]
                canvas.drawCircle(tile.left + tile.height * 0.45, tile.centre_y, dot, brushes.fill(tone, 0.85))
                start = tile.left + tile.height * 0.9
                for offset, share in ((-0.14, 0.62), (0.14, 0.4)):
                    y = tile.centre_y + tile.height * offset
                    canvas.drawLine(
                        start,
                        y,
                        start + (tile.right - start) * share,
                        y,
                        brushes.stroke(stuff.dark, tile.height * 0.09, 0.34 if offset < 0 else 0.18),
                    )


def phone(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    art.round_box(Box(0, 0, width, 1000), 84, stuff.metal.lighter(-0.12), shading="soft")
    art.canvas.drawRRect(brushes.rounded(Box(5, 5, width - 5, 995), 80), brushes.stroke(WHITE, 3, 0.5))
    art.canvas.drawRRect(brushes.rounded(Box(11, 11, width - 11, 989), 74), brushes.fill(Colour.of("#0b0c10")))
    display = Box(26, 26, width - 26, 974)
    _screen(art, display, 60, columns=1)
    art.canvas.drawRRect(
        brushes.rounded(Box(width * 0.36, 46, width * 0.64, 84), 19), brushes.fill(Colour.of("#0b0c10"))
    )
    glass = skia.Path()
    glass.addRRect(brushes.rounded(display, 60))
    with art.clipped(glass):
        art.canvas.drawPath(
            brushes.path([(width * 0.5, 0), (width, 0), (width, 560), (width * 0.2, 1000), (0, 1000)]),
            brushes.diagonal(Box(0, 0, width, 1000), [(0, WHITE, 0.0), (0.5, WHITE, 0.10), (1, WHITE, 0.0)]),
        )


def laptop(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    lid = Box(width * 0.09, 0, width * 0.91, 900)
    art.round_box(lid, 40, Colour.of("#15171c"), shading="flat")
    art.canvas.drawRRect(brushes.rounded(lid, 40), brushes.stroke(stuff.metal, 6))
    _screen(art, lid.inset(30, 34), 12, columns=3)
    base = brushes.path([(width * 0.07, 895), (width * 0.93, 895), (width, 965), (0, 965)])
    art.canvas.drawPath(
        base, brushes.down(Box(0, 895, 1, 965), [(0, stuff.metal.lighter(-0.1), 1), (1, stuff.metal.lighter(0.08), 1)])
    )
    art.canvas.drawRRect(
        brushes.rounded(Box(0, 955, width, 1000), 24),
        brushes.down(Box(0, 955, 1, 1000), [(0, stuff.metal.lighter(0.05), 1), (1, stuff.metal.lighter(-0.24), 1)]),
    )
    art.canvas.drawRRect(brushes.rounded(Box(width * 0.42, 955, width * 0.58, 974), 10), brushes.fill(BLACK, 0.25))


def window(art: Sculptor) -> None:
    """A browser window floating: software, courses, services."""
    stuff = art.materials
    width = art.width
    box = Box(0, 0, width, 1000)
    art.canvas.drawRRect(brushes.rounded(box, 44), brushes.fill(WHITE))
    bar = skia.Path()
    bar.addRRect(brushes.rounded(box, 44))
    with art.clipped(bar):
        art.canvas.drawRect(
            brushes.rect(Box(0, 0, width, 96)), brushes.fill(stuff.body.with_lightness(0.93).with_chroma(0.015))
        )
    for index, tone in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        art.canvas.drawCircle(58 + 46 * index, 48, 15, brushes.fill(Colour.of(tone)))
    art.canvas.drawRRect(brushes.rounded(Box(width * 0.3, 26, width * 0.7, 70), 22), brushes.fill(WHITE, 0.9))
    _screen(art, Box(0, 96, width, 1000), 0, columns=3)
    art.canvas.save()
    art.canvas.clipRect(skia.Rect.MakeLTRB(0, 940, width, 1000))
    art.canvas.restore()


def headphones(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    band = [
        (width * 0.13, 640),
        (width * 0.12, 340),
        (width * 0.28, 100),
        (middle, 36),
        (width * 0.72, 100),
        (width * 0.88, 340),
        (width * 0.87, 640),
    ]
    art.tube(band, stuff.body, 96)
    art.canvas.drawPath(
        brushes.smooth_path(
            [(width * 0.24, 210), (width * 0.36, 108), (middle, 74), (width * 0.64, 108), (width * 0.76, 210)],
            closed=False,
        ),
        brushes.stroke(stuff.dark.lighter(0.1), 52, 0.9),
    )
    for sign in (-1, 1):
        x = middle + sign * width * 0.365
        art.canvas.drawRRect(
            brushes.rounded(Box(x - 26, 420, x + 26, 620), 20),
            brushes.across(Box(x - 26, 0, x + 26, 1), art.round_stops(stuff.metal)),
        )
        pad = Box(x - sign * 60 - 92, 536, x - sign * 60 + 92, 984)
        art.round_box(pad, 90, stuff.dark.lighter(0.1), shading="soft")
        cup = skia.Path()
        shell = Box(x - 110 + sign * 24, 510, x + 110 + sign * 24, 1000)
        cup.addRRect(brushes.rounded(shell, 110))
        art.solid(cup, stuff.body, shading="soft")
        art.canvas.drawRRect(brushes.rounded(shell.inset(30, 40), 80), brushes.stroke(stuff.body.lighter(0.16), 5, 0.7))
        art.gloss(cup, Box(shell.left + 26, 560, shell.left + 58, 900), alpha=0.42, blur=10)
        art.canvas.drawCircle(shell.centre_x, 755, 40, brushes.fill(stuff.accent))
        art.canvas.drawCircle(shell.centre_x, 755, 40, brushes.stroke(WHITE, 4, 0.5))


def earbuds(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    for sign in (-1, 1):
        x = middle + sign * 150
        art.round_box(Box(x - 34 + sign * 8, 130, x + 34 + sign * 8, 470), 34, stuff.paper)
        art.ball(x, 150, 104, stuff.paper)
        art.canvas.drawOval(
            brushes.rect(Box(x - 40 - sign * 46, 118, x + 12 - sign * 46, 196)), brushes.fill(stuff.dark.lighter(0.1))
        )
        art.canvas.drawCircle(x + sign * 8, 420, 9, brushes.fill(stuff.accent))
    case = skia.Path()
    case.addRRect(brushes.rounded(Box(0, 390, width, 1000), 200))
    art.solid(case, stuff.body, shading="soft")
    art.canvas.drawLine(10, 560, width - 10, 560, brushes.stroke(BLACK, 6, 0.25))
    art.canvas.drawLine(10, 567, width - 10, 567, brushes.stroke(WHITE, 3, 0.3))
    art.canvas.drawRRect(
        brushes.rounded(Box(middle - 70, 545, middle + 70, 590), 18), brushes.fill(stuff.body.lighter(-0.12))
    )
    art.canvas.drawCircle(middle, 650, 13, brushes.fill(stuff.accent))
    art.gloss(case, Box(90, 430, 330, 470), alpha=0.6, blur=14)
    art.label(Box(width * 0.28, 760, width * 0.72, 860), art.ink_on(stuff.body), largest=90)


def watch(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    half = width * 0.31
    for top, bottom, tip in ((0, 330, -1), (670, 1000, 1)):
        strap = skia.Path()
        wide, slim = half, half * 0.82
        first, last = (slim, wide) if tip < 0 else (wide, slim)
        strap.moveTo(middle - first, top)
        strap.lineTo(middle + first, top)
        strap.lineTo(middle + last, bottom)
        strap.lineTo(middle - last, bottom)
        strap.close()
        art.solid(strap, stuff.body)
        if tip > 0:
            for hole in (790, 850, 910):
                art.canvas.drawOval(
                    brushes.rect(Box(middle - 16, hole - 11, middle + 16, hole + 11)), brushes.fill(BLACK, 0.45)
                )
    art.round_box(Box(width * 0.95, 440, width, 540), 12, stuff.metal)
    case = Box(width * 0.03, 250, width * 0.96, 750)
    art.round_box(case, 140, stuff.metal, shading="soft")
    art.canvas.drawRRect(brushes.rounded(case.inset(14), 128), brushes.stroke(WHITE, 4, 0.5))
    art.canvas.drawRRect(brushes.rounded(case.inset(26), 116), brushes.fill(Colour.of("#0a0b0f")))
    x, y = case.centre_x, case.centre_y
    for radius, sweep, tone in (
        (150, 290, stuff.accent),
        (112, 220, stuff.body.with_lightness(0.72)),
        (74, 160, stuff.body.turned(50).with_lightness(0.8)),
    ):
        ring = skia.Rect.MakeLTRB(x - radius, y - radius, x + radius, y + radius)
        art.canvas.drawArc(ring, 0, 360, False, brushes.stroke(tone, 28, 0.2))
        art.canvas.drawArc(ring, -90, sweep, False, brushes.stroke(tone, 28))
    glass = skia.Path()
    glass.addRRect(brushes.rounded(case.inset(26), 116))
    with art.clipped(glass):
        art.canvas.drawPath(
            brushes.path([(case.left, 250), (case.centre_x + 60, 250), (case.left, 640)]), brushes.fill(WHITE, 0.08)
        )


def speaker(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    body = skia.Path()
    body.addRRect(brushes.rounded(Box(0, 0, width, 1000), 120))
    art.solid(body, stuff.body)
    with art.clipped(body):
        for row in range(26):
            for column in range(16):
                x = width * (column + (0.5 if row % 2 else 0.0)) / 15
                art.canvas.drawCircle(x, 120 + row * 30, 6.5, brushes.fill(BLACK, 0.2))
    for y, radius in ((330, 0.22), (690, 0.36)):
        reach = width * radius
        art.canvas.drawCircle(middle, y, reach + 16, brushes.fill(stuff.metal))
        art.ball(middle, y, reach, stuff.dark.lighter(0.08))
        art.canvas.drawCircle(middle, y, reach * 0.72, brushes.stroke(WHITE, 4, 0.14))
        art.ball(middle, y, reach * 0.36, stuff.dark.lighter(0.2))
        art.canvas.drawCircle(middle, y, reach + 16, brushes.stroke(stuff.accent, 5, 0.9))
    art.gloss(body, Box(width * 0.06, 90, width * 0.1, 920), alpha=0.4, blur=9)
    art.label(Box(width * 0.34, 70, width * 0.66, 120), art.ink_on(stuff.body), largest=60)


def camera(art: Sculptor) -> None:
    stuff = art.materials
    width = art.width
    art.round_box(Box(width * 0.3, 90, width * 0.66, 330), 40, stuff.dark.lighter(0.12), shading="soft")
    art.round_box(Box(width * 0.76, 130, width * 0.9, 250), 18, stuff.metal)
    art.round_box(Box(width * 0.1, 160, width * 0.2, 250), 14, stuff.metal)
    body = skia.Path()
    body.addRRect(brushes.rounded(Box(0, 220, width, 1000), 90))
    art.solid(body, stuff.dark.lighter(0.1), shading="soft")
    with art.clipped(body):
        band = Box(0, 400, width, 860)
        art.canvas.drawRect(
            brushes.rect(band),
            brushes.diagonal(band, [(0, stuff.body.lighter(0.04), 1), (1, stuff.body.lighter(-0.14), 1)]),
        )
    x, y = width * 0.48, 620.0
    for radius, tone in (
        (340, stuff.metal),
        (318, Colour.of("#17191e")),
        (262, Colour.of("#0c0d11")),
        (200, Colour.of("#14213f")),
    ):
        art.ball(x, y, radius, tone)
    art.canvas.drawCircle(
        x,
        y,
        120,
        brushes.radial(
            (x - 30, y - 30),
            150,
            [(0, Colour.of("#5a7bd0"), 1), (0.6, Colour.of("#1b2350"), 1), (1, Colour.of("#05060a"), 1)],
        ),
    )
    art.canvas.drawOval(brushes.rect(Box(x - 120, y - 150, x - 20, y - 70)), brushes.fill(WHITE, 0.55, blur=9))
    art.canvas.drawCircle(x + 60, y + 70, 22, brushes.fill(stuff.accent, 0.6, blur=6))
    art.canvas.drawCircle(width * 0.88, 330, 28, brushes.fill(stuff.accent))
    art.label(Box(width * 0.36, 130, width * 0.6, 210), WHITE, largest=56)


def game_pad(art: Sculptor) -> None:
    stuff = art.materials
    width, middle = art.width, art.middle
    body = skia.Path()
    body.moveTo(width * 0.2, 190)
    body.cubicTo(width * 0.36, 120, width * 0.64, 120, width * 0.8, 190)
    body.cubicTo(width * 0.93, 230, width * 1.02, 740, width * 0.985, 900)
    body.cubicTo(width * 0.95, 1030, width * 0.84, 1010, width * 0.76, 890)
    body.cubicTo(width * 0.7, 780, width * 0.64, 740, middle, 740)
    body.cubicTo(width * 0.36, 740, width * 0.3, 780, width * 0.24, 890)
    body.cubicTo(width * 0.16, 1010, width * 0.05, 1030, width * 0.015, 900)
    body.cubicTo(width * -0.02, 740, width * 0.07, 230, width * 0.2, 190)
    body.close()
    art.solid(body, stuff.body, shading="soft")
    art.gloss(body, Box(width * 0.22, 190, width * 0.78, 240), alpha=0.4, blur=18)
    pad_x = width * 0.24
    for box in (Box(pad_x - 34, 320, pad_x + 34, 520), Box(pad_x - 100, 386, pad_x + 100, 454)):
        art.round_box(box, 18, stuff.dark.lighter(0.12), shading="soft")
    for dx, dy, tone in ((0, -84, "#57c785"), (84, 0, "#e8566b"), (0, 84, "#5b8def"), (-84, 0, "#e6b94e")):
        art.ball(width * 0.76 + dx, 420 + dy, 40, Colour.of(tone))
    for stick in (width * 0.38, width * 0.62):
        art.ball(stick, 610, 92, stuff.dark.lighter(0.16))
        art.ball(stick, 604, 62, stuff.dark.lighter(0.06))
    art.canvas.drawRRect(brushes.rounded(Box(middle - 76, 300, middle + 76, 420), 24), brushes.fill(stuff.accent))
    art.label(Box(middle - 58, 330, middle + 58, 390), art.ink_on(stuff.accent), largest=48)


KINDS = (
    ObjectKind(
        name="smartphone",
        aspect=0.49,
        draw=phone,
        words=(
            "phone",
            "smartphone",
            "iphone",
            "android",
            "app",
            "mobile app",
            "phone case",
            "mobile",
            "fitness app",
            "banking",
            "dating",
        ),
    ),
    ObjectKind(
        name="laptop",
        aspect=1.55,
        draw=laptop,
        words=("laptop", "notebook computer", "computer", "macbook", "tablet", "monitor", "keyboard", "pc"),
    ),
    ObjectKind(
        name="application window",
        aspect=1.42,
        draw=window,
        floats=True,
        words=(
            "software",
            "saas",
            "platform",
            "service",
            "course",
            "online course",
            "website",
            "crm",
            "dashboard",
            "consulting",
            "agency",
            "web",
            "analytics",
            "tool",
            "subscription",
            "insurance",
            "hosting",
            "vpn",
            "class",
            "webinar",
            "newsletter",
            "coaching",
            "cloud",
        ),
    ),
    ObjectKind(
        name="headphones",
        aspect=0.96,
        draw=headphones,
        words=("headphones", "headphone", "headset", "over-ear", "noise cancelling", "noise-cancelling"),
    ),
    ObjectKind(
        name="earbuds",
        aspect=0.98,
        draw=earbuds,
        words=("earbuds", "earphones", "earbud", "in-ear", "airpods", "ear buds"),
    ),
    ObjectKind(
        name="watch",
        aspect=0.52,
        draw=watch,
        words=("watch", "smartwatch", "smart watch", "fitness tracker", "tracker", "wristwatch", "chronograph"),
    ),
    ObjectKind(
        name="speaker",
        aspect=0.58,
        draw=speaker,
        words=("speaker", "loudspeaker", "soundbar", "bluetooth speaker", "radio", "audio", "turntable"),
    ),
    ObjectKind(
        name="camera",
        aspect=1.28,
        draw=camera,
        words=("camera", "lens", "photography", "dash cam", "webcam", "drone", "camcorder"),
    ),
    ObjectKind(
        name="game controller",
        aspect=1.35,
        draw=game_pad,
        floats=True,
        words=("game", "controller", "gaming", "console", "gamepad", "video game", "joystick"),
    ),
)
