"""Seasons and feasts: their colours and scenes, and which of them a date belongs to."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from services.image.providers.local import brushes, scenery, summer
from services.image.providers.local.arrangement import TYPE_PLANS
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Set, leaf_shape, room_beside
from services.image.providers.local.settings import grounded
from services.media.colour import WHITE, Colour, Mood, Palette, contrast

Paint = Callable[[Set], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """One scene of a season: its colours (upper, lower, surface), mood and painter; `words` say where it is. `far`:
    there is distance in it, which grows pale behind type."""

    words: str
    colours: tuple[str, str, str]
    accent: str
    mood: Mood
    paint: Paint
    far: bool = True

    def tinted(self, brand: Palette, *, keep: bool) -> Palette:
        """The season's colours with a share of the brand's; `keep` when the prompt named colours of its own."""
        if keep:
            return brand
        upper, lower, base = (Colour.of(text).mixed(brand.secondary, 0.1) for text in self.colours)
        accent = Colour.of(self.accent) if contrast(brand.accent, lower) < 1.5 else brand.accent
        accent_ink = max((WHITE, Colour.from_oklch(0.2, 0.03, accent.hue)), key=lambda colour: contrast(colour, accent))
        return grounded(replace(brand, accent=accent, accent_ink=accent_ink), upper, lower, base)


def _spring(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame = scene.unit, scene.frame
    base = scenery.surface_top(scene)
    scenery.hills(scene, base - unit * 4, Colour.of("#bfe0a8"), swing=unit * 6, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 6, scene.palette.surface, swing=unit * 4, phase=scene.draw.uniform(0, 6))
    bark = Colour.of("#7b5544")
    right = scene.product.centre_x > frame.width * 0.4
    x, sign = (float(frame.width), -1) if right else (0.0, 1)
    for points in ([(0.0, 4.0), (12.0, 9.0), (25.0, 8.0), (38.0, 14.0)], [(12.0, 9.0), (20.0, 18.0), (22.0, 27.0)]):
        branch = [(x + sign * a * unit, b * unit) for a, b in points]
        scene.canvas.drawPath(brushes.smooth_path(branch, closed=False), brushes.stroke(bark, unit * 0.9))
        for index in range(15):
            near = branch[index % len(branch)]
            spot = (near[0] + scene.draw.uniform(-5, 5) * unit, near[1] + scene.draw.uniform(-4, 5) * unit)
            if any(Box(spot[0], spot[1], spot[0], spot[1]).inset(-2 * unit).overlaps(box) for box in scene.quiet):
                continue
            scenery.flower(
                scene.canvas,
                *spot,
                unit * scene.draw.uniform(3.2, 5),
                Colour.of("#f6b3c7").lighter(scene.draw.uniform(-0.03, 0.05)),
            )
    for x, y in scenery.spots(scene, 22, unit * 1.2):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(0, 360))
        scene.canvas.drawPath(leaf_shape(unit * 1.8, fat=0.4), brushes.fill(Colour.of("#f7bfd0"), 0.9))
        scene.canvas.restore()


def _autumn(scene: Set) -> None:
    scenery.wall(scene)
    unit = scene.unit
    base = scenery.surface_top(scene)
    for index, tone in enumerate(("#e3b06e", "#cf8547", "#b5642f")):
        scenery.hills(
            scene, base - unit * (12 - 7 * index), Colour.of(tone), swing=unit * 6, phase=scene.draw.uniform(0, 6)
        )
    for index in range(6):
        x = scene.frame.width * (index + scene.draw.uniform(0.1, 0.9)) / 6
        height, tone = unit * scene.draw.uniform(11, 17), scene.draw.choice(("#d9772b", "#c9502c", "#e0a03a"))
        if not scenery.behind_type(scene, Box(x - height * 0.4, base - height, x + height * 0.4, base)):
            scenery.round_tree(scene.canvas, x, base - unit * 2, height, Colour.of(tone))
    scenery.hills(scene, base + unit * 4, scene.palette.surface, swing=unit * 3, phase=1.0)
    tones = [Colour.of(text) for text in ("#c8431f", "#e08a2c", "#b3331f", "#e7b13d")]
    for x, y in scenery.spots(scene, 30, unit * 2):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(0, 360))
        size = unit * scene.draw.uniform(2.6, 5)
        colour = scene.draw.choice(tones)
        scene.canvas.drawPath(scenery.maple_leaf(size), brushes.fill(colour))
        scene.canvas.drawLine(0, -size * 0.4, 0, size * 0.6, brushes.stroke(colour.lighter(-0.12), unit * 0.22))
        scene.canvas.restore()


def _halloween(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame = scene.unit, scene.frame
    base = scenery.surface_top(scene)
    moon_x = scene.product.centre_x + unit * 8
    scenery.sun(scene, moon_x, max(unit * 24, scene.product.top + unit * 6), unit * 15, Colour.of("#f6d9a0"))
    scenery.hills(scene, base - unit * 2, Colour.of("#241536"), swing=unit * 7, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 5, scene.palette.surface, swing=unit * 3, phase=2.0)
    for x, y in scenery.spots(scene, 9, unit * 4):
        if y > base - unit * 4:
            continue
        size = unit * scene.draw.uniform(3, 5)
        wing = [
            (x - size, y - size * 0.4),
            (x - size * 0.4, y - size * 0.1),
            (x, y - size * 0.36),
            (x + size * 0.4, y - size * 0.1),
            (x + size, y - size * 0.4),
            (x + size * 0.6, y + size * 0.2),
            (x + size * 0.25, y + size * 0.06),
            (x, y + size * 0.36),
            (x - size * 0.25, y + size * 0.06),
            (x - size * 0.6, y + size * 0.2),
        ]
        scene.canvas.drawPath(brushes.path(wing), brushes.fill(Colour.of("#140a22")))
    for dx, size in ((-0.75, 15.0), (0.78, 12.0), (0.98, 8.0)):
        x = scene.product.centre_x + dx * (scene.product.width * 0.5 + unit * 14)
        spot = Box(
            x - unit * size * 0.6,
            scene.product.bottom - unit * size * 0.9,
            x + unit * size * 0.6,
            scene.product.bottom + unit * 2,
        )
        if spot.right < frame.width + unit * 4 and not any(spot.overlaps(box) for box in scene.quiet):
            scenery.pumpkin(scene.canvas, x, scene.product.bottom + unit * 2, unit * size, Colour.of("#e8791f"))


def _winter(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame = scene.unit, scene.frame
    base = scenery.surface_top(scene)
    far = scene.palette.background.mixed(Colour.of("#8fb1d4"), 0.5)
    scenery.peaks(scene, base, far, height=unit * 30, snow=True, phase=scene.draw.uniform(0, 6))
    for index in range(12):
        x = frame.width * (index + scene.draw.uniform(0.1, 0.9)) / 12
        height = unit * scene.draw.uniform(10, 19)
        if not scenery.behind_type(scene, Box(x - height * 0.3, base - height, x + height * 0.3, base + unit * 2)):
            scenery.pine(scene.canvas, x, base + unit * 2, height, Colour.of("#3f6f70").mixed(far, 0.25), snow=True)
    scenery.hills(scene, base + unit * 2, Colour.of("#e6f0fa"), swing=unit * 4, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 9, Colour.of("#f7fbff"), swing=unit * 3, phase=2.2)
    scenery.flakes(scene, 150)


def _christmas(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame, palette = scene.unit, scene.frame, scene.palette
    gold = Colour.of("#f0c869")
    scenery.bokeh(scene, (gold, Colour.of("#ffdca0"), palette.secondary.with_lightness(0.7)), 34)
    green = Colour.of("#1f6b45")
    for twig in range(-2, int(frame.width / unit) + 4, 5):
        px = twig * unit
        reach = unit * scene.draw.uniform(5, 8)
        if any(Box(px - unit * 4, 0, px + unit * 4, reach).overlaps(box) for box in scene.quiet):
            reach = unit * 4.5
        for side in (-24, 0, 24):
            scene.canvas.save()
            scene.canvas.translate(px, -unit * 2)
            scene.canvas.rotate(180 + side + scene.draw.uniform(-8, 8))
            for step in range(12):
                scene.canvas.save()
                scene.canvas.translate(0, -reach * step / 12)
                for lean in (-48, 48):
                    scene.canvas.save()
                    scene.canvas.rotate(lean)
                    scene.canvas.drawLine(
                        0, 0, 0, -unit * 2.6, brushes.stroke(green.lighter(0.04 * (step % 3)), unit * 0.4)
                    )
                    scene.canvas.restore()
                scene.canvas.restore()
            scene.canvas.restore()
    tones = (Colour.of("#c22f37"), gold, palette.secondary, Colour.of("#e8e3da"))
    for index in range(9):
        x = frame.width * (index + 0.5) / 9
        radius = unit * scene.draw.uniform(2.6, 4.2)
        y = unit * scene.draw.uniform(11, 24)
        if any(Box(x - radius, 0, x + radius, y + radius).overlaps(box.inset(-unit)) for box in scene.quiet) or Box(
            x - radius, y - radius, x + radius, y + radius
        ).overlaps(scene.product):
            continue
        scenery.bauble(scene.canvas, x, y, radius, tones[index % 4], 0)
    base = scenery.surface_top(scene)
    scenery.hills(scene, base + unit * 3, Colour.of("#e9f0f6"), swing=unit * 4, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 10, Colour.of("#fafcff"), swing=unit * 3, phase=1.0)
    scenery.flakes(scene, 90)


def _new_year(scene: Set) -> None:
    scenery.wall(scene)
    unit = scene.unit
    tones = [Colour.of(text) for text in ("#ffd166", "#ff6f91", "#7bdff2", "#c8a2ff")]
    for index, (x, y) in enumerate(scenery.spots(scene, 7, unit * 9, over_product=True)):
        scenery.firework(
            scene.canvas, x, min(y, scene.frame.height * 0.66), unit * scene.draw.uniform(9, 16), tones[index % 4]
        )
    base = scenery.surface_top(scene)
    brushes.glow(scene.canvas, scene.product.centre_x, base, unit * 44, tones[0], 0.28)
    scenery.counter(scene, scene.palette.surface)
    for x, y in scenery.spots(scene, 40, unit):
        scene.canvas.drawCircle(
            x,
            y,
            unit * scene.draw.uniform(0.25, 0.6),
            brushes.fill(tones[0].lighter(scene.draw.uniform(-0.1, 0.1)), 0.9),
        )


def _valentine(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette = scene.unit, scene.palette
    reach = max(scene.product.width, scene.product.height)
    scene.canvas.save()
    scene.canvas.translate(scene.product.centre_x, scene.product.centre_y)
    size = min(reach * 1.25, 2.2 * min(scene.product.centre_x, scene.frame.width - scene.product.centre_x))
    scene.canvas.drawPath(
        scenery.heart(size),
        brushes.linear(
            (0, -size / 2),
            (0, size / 2),
            [(0, palette.background_end.lighter(-0.02), 1), (1, palette.background_end.lighter(-0.1), 1)],
        ),
    )
    scene.canvas.restore()
    tones = (Colour.of("#e0446a"), Colour.of("#f28aa5"), WHITE, palette.secondary)
    for x, y in scenery.spots(scene, 26, unit * 2.4):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(-28, 28))
        colour = scene.draw.choice(tones)
        size = unit * scene.draw.uniform(2, 5)
        scene.canvas.drawPath(
            scenery.heart(size),
            brushes.linear((0, -size), (0, size), [(0, colour.lighter(0.06), 0.95), (1, colour.lighter(-0.06), 0.95)]),
        )
        scene.canvas.restore()


def _black_friday(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame, palette = scene.unit, scene.frame, scene.palette
    x, y = scene.product.centre_x, scene.product.centre_y
    brushes.glow(scene.canvas, x, y, unit * 62, palette.accent, 0.42)
    neon = palette.accent
    reach = max(scene.product.width, scene.product.height) * 0.62
    for index in range(3):
        across, along = room_beside(scene, reach + unit * 6 * index)
        ring = Box(x - across, y - along, x + across, y + along)
        if scene.arrangement.plan in TYPE_PLANS:  # around the type, not behind it
            ring = frame.whole.inset(unit * (3 + 1.6 * index))
        scene.canvas.drawRRect(
            brushes.rounded(ring, unit * 3), brushes.stroke(neon, unit * 0.9, 0.3 - 0.08 * index, blur=unit)
        )
        scene.canvas.drawRRect(
            brushes.rounded(ring, unit * 3), brushes.stroke(neon.lighter(0.1), unit * 0.3, 0.9 - 0.26 * index)
        )
    if scene.arrangement.plan in TYPE_PLANS:
        return
    scenery.counter(scene, palette.surface)
    scene.canvas.drawRect(
        brushes.rect(Box(0, frame.height - unit * 0.8, frame.width, frame.height)), brushes.fill(neon)
    )


SEASONS: Final[dict[str, tuple[Season, ...]]] = {
    "spring": (
        Season(
            words="among spring blossoms",
            colours=("#e3f1f7", "#fbeef1", "#cfe6b4"),
            accent="#c23d6b",
            mood=Mood.LIGHT,
            paint=_spring,
        ),
    ),
    "summer": (
        Season(
            words="on a summer beach",
            colours=("#aee0f5", "#fdf3d8", "#f1d9a3"),
            accent="#e4572e",
            mood=Mood.LIGHT,
            paint=summer.palm_beach,
        ),
        Season(
            words="at a sunny poolside",
            colours=("#d4f1f4", "#eefaf8", "#f4efe4"),
            accent="#0e7c9b",
            mood=Mood.LIGHT,
            paint=summer.poolside,
        ),
        Season(
            words="among slices of citrus fruit",
            colours=("#ffe7a6", "#fff4d2", "#ffd978"),
            accent="#d9480f",
            mood=Mood.LIGHT,
            paint=summer.citrus,
            far=False,
        ),
        Season(
            words="on a sunlit terrace under an awning",
            colours=("#f7ead6", "#fdf6e9", "#d99a6c"),
            accent="#c2472b",
            mood=Mood.LIGHT,
            paint=summer.terrace,
            far=False,
        ),
        Season(
            words="in a summer meadow",
            colours=("#bfe3f6", "#f6fbe6", "#9ccc70"),
            accent="#c8373b",
            mood=Mood.LIGHT,
            paint=summer.meadow,
        ),
    ),
    "autumn": (
        Season(
            words="among autumn leaves",
            colours=("#fbeedb", "#f5d6a8", "#a8592b"),
            accent="#9c3419",
            mood=Mood.LIGHT,
            paint=_autumn,
        ),
    ),
    "halloween": (
        Season(
            words="on a moonlit Halloween night",
            colours=("#22113c", "#5a2a6a", "#1b0f2a"),
            accent="#f28c28",
            mood=Mood.DARK,
            paint=_halloween,
        ),
    ),
    "winter": (
        Season(
            words="in a snowy landscape",
            colours=("#d3e6f7", "#eef6fd", "#f4f9ff"),
            accent="#1f5fa8",
            mood=Mood.LIGHT,
            paint=_winter,
        ),
    ),
    "christmas": (
        Season(
            words="under a Christmas garland in the snow",
            colours=("#0f3b2c", "#1a5a40", "#f4f8fb"),
            accent="#d0373f",
            mood=Mood.DARK,
            paint=_christmas,
        ),
    ),
    "new_year": (
        Season(
            words="under New Year's fireworks",
            colours=("#0d1233", "#2a2260", "#1a1c48"),
            accent="#f2c14e",
            mood=Mood.DARK,
            paint=_new_year,
        ),
    ),
    "valentine": (
        Season(
            words="among hearts",
            colours=("#fde7ec", "#f9c3d0", "#f5aebf"),
            accent="#c21f4f",
            mood=Mood.LIGHT,
            paint=_valentine,
        ),
    ),
    "black_friday": (
        Season(
            words="in neon light on black",
            colours=("#0d0e12", "#1b1d24", "#15161b"),
            accent="#ffd02e",
            mood=Mood.DARK,
            paint=_black_friday,
        ),
    ),
}


def scene_of(season: str, draw: random.Random) -> Season:
    """One of the season's scenes: the next job of the same customer may get another."""
    return draw.choice(SEASONS[season])


# (month, day) from which a season or feast is advertised, in the northern hemisphere's calendar.
CALENDAR: Final[tuple[tuple[int, int, str], ...]] = (
    (1, 1, "new_year"),
    (1, 7, "winter"),
    (1, 31, "valentine"),
    (2, 15, "winter"),
    (3, 10, "spring"),
    (6, 1, "summer"),
    (9, 8, "autumn"),
    (10, 15, "halloween"),
    (11, 1, "autumn"),
    (11, 20, "black_friday"),
    (12, 1, "christmas"),
    (12, 27, "new_year"),
)


SALES: Final = frozenset({"black_friday"})  # feasts of shops, and of nobody else
NATURE: Final = frozenset({"spring", "summer", "autumn", "winter"})


def season_of(date: datetime.date, *, feasts: bool = True, sales: bool = True) -> str:
    """The season or feast advertised on a date.

    feasts: False where a feast would be out of place: the last season of nature then. sales: the same for feasts of
    shops alone.
    """
    past = [name for month, day, name in CALENDAR if (date.month, date.day) >= (month, day)]
    late = [name for _, _, name in CALENDAR]  # of the year before: the date may be before the first season of nature
    fitting = (name for name in (*reversed(past), *reversed(late)) if feasts or name in NATURE)
    return next(name for name in fitting if sales or name not in SALES)
