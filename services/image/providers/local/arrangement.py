"""Where text and product stand: arrangements worked out for each shape of picture and of product."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.image.domain import AspectRatio
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.text_column import Align

WIDE_PRODUCT = 1.15  # width over height from which a product needs the picture's width in a square


class Plan(StrEnum):
    """The arrangements a composition can ask for."""

    SIDE = "side"  # text on the left, product on the right
    MIRRORED = "mirrored"  # the other way round
    TOP = "top"  # text above, product below, button at the foot
    BOTTOM = "bottom"  # product above, text below
    PANEL = "panel"  # as BOTTOM or SIDE, the text on a panel of its own
    POSTER = "poster"  # a headline over the whole width, the rest beside the product
    GALLERY = "gallery"  # a small caption below a large product with much air
    TYPE = "type"  # no product: the text alone, from the left
    TYPE_CENTRED = "type_centred"  # the text alone, centred
    TYPE_RIGHT = "type_right"  # the text alone, from the right
    PHOTO = "photo"  # the boxes of a layout in data/layouts.toml


TYPE_PLANS = frozenset({Plan.TYPE, Plan.TYPE_CENTRED, Plan.TYPE_RIGHT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Boxes of one picture. `panel` is the panel under the text; `ground` the y on which products stand.

    product: in TYPE_PLANS nothing stands there, and light and pattern of the ground gather around it.
    """

    plan: Plan
    text: Box
    product: Box
    align: Align
    spread: bool = False
    anchor: float = 0.5
    brand: Box | None = None
    brand_align: Align | None = None
    foot: Box | None = None
    foot_align: Align | None = None
    subline_in_foot: bool = False
    grows: bool = False
    foot_anchor: float = 1.0
    foot_room: float = 13.5  # units, as text_column.FOOT_ROOM
    panel: Box | None = None
    headline_share: float = 0.62


def arrange(plan: Plan, frame: Frame, product_aspect: float) -> Arrangement:
    """The plan's boxes. Plans that do not suit the shape turn into their nearest that does."""
    if plan in TYPE_PLANS:
        return _type_alone(plan, frame)
    if frame.landscape:
        return _landscape(plan, frame, product_aspect)
    if frame.ratio is AspectRatio.SQUARE:
        return _square(plan, frame, product_aspect)
    return _tall(plan, frame, product_aspect)


def _type_alone(plan: Plan, frame: Frame) -> Arrangement:
    safe, width, height = frame.safe, float(frame.width), float(frame.height)
    landscape = frame.landscape
    if plan is Plan.TYPE_CENTRED:
        inset = safe.width * (0.14 if landscape else 0.0)
        return Arrangement(
            plan=plan,
            text=frame.centred.inset(inset, 0),
            product=Box(width * 0.3, height * 0.62, width * 0.7, height * 0.94),
            align=Align.CENTRE,
            spread=True,
            anchor=0.5,
            headline_share=0.7,
        )
    share = 0.72 if landscape else 0.96
    text = Box(safe.left, safe.top, safe.left + safe.width * share, safe.bottom)
    product = Box(width * 0.62, height * 0.56, width * 0.98, height * 0.92)
    if plan is Plan.TYPE_RIGHT:
        text = Box(width - text.right, text.top, width - text.left, text.bottom)
        product = Box(width - product.right, product.top, width - product.left, product.bottom)
    align = Align.RIGHT if plan is Plan.TYPE_RIGHT else Align.LEFT
    return Arrangement(
        plan=plan, text=text, product=product, align=align, spread=True, anchor=0.42, headline_share=0.72
    )


def _landscape(plan: Plan, frame: Frame, aspect: float) -> Arrangement:
    safe, width, height, unit = frame.safe, float(frame.width), float(frame.height), frame.unit
    mirrored = plan in (Plan.MIRRORED, Plan.BOTTOM)
    panel: Box | None = None
    if plan is Plan.PANEL:
        edge = width * 0.5
        panel = Box(0, 0, edge, height)
        text = Box(safe.left, safe.top, edge - 7 * unit, safe.bottom)
        product = Box(edge + 7 * unit, height * 0.13, width - 7 * unit, height * 0.87)
    elif plan is Plan.POSTER:
        share = 0.60 if aspect < 1 else 0.54
        text = Box(safe.left, safe.top, width * share, safe.bottom)
        product = Box(width * share + 2 * unit, height * 0.1, width - 5 * unit, height * 0.9)
    else:
        text = Box(safe.left, safe.top, width * 0.495, safe.bottom)
        product = Box(width * 0.535, height * 0.12, width - 9 * unit, height * 0.86)
    if mirrored:
        text = Box(width - text.right, text.top, width - text.left, text.bottom)
        product = Box(width - product.right, product.top, width - product.left, product.bottom)
    return Arrangement(plan=plan, text=text, product=product, align=Align.LEFT, spread=True, panel=panel)


def _square(plan: Plan, frame: Frame, aspect: float) -> Arrangement:
    safe, size, unit = frame.safe, float(frame.width), frame.unit
    wide = aspect > WIDE_PRODUCT
    if plan in (Plan.SIDE, Plan.MIRRORED) and not wide:
        edge = size * (0.60 if aspect < 0.45 else 0.55 if aspect < 0.75 else 0.51)
        text = Box(safe.left, safe.top, edge, safe.bottom)
        product = Box(edge + 4 * unit, size * 0.15, size - 6 * unit, size * 0.86)
        if plan is Plan.MIRRORED:
            text = Box(size - text.right, text.top, size - text.left, text.bottom)
            product = Box(size - product.right, product.top, size - product.left, product.bottom)
        return Arrangement(plan=plan, text=text, product=product, align=Align.LEFT, spread=True)
    if plan is Plan.PANEL:
        if wide:
            panel = Box(0, size * 0.52, size, size)
            text = Box(safe.left, panel.top + 6 * unit, safe.right, safe.bottom)
            product = Box(size * 0.14, size * 0.11, size * 0.86, size * 0.48)
            return Arrangement(
                plan=plan,
                text=text,
                product=product,
                align=Align.LEFT,
                panel=panel,
                brand=Box(safe.left, safe.top, safe.right, safe.top + 5 * unit),
            )
        panel = Box(0, 0, size * 0.54, size)
        text = Box(safe.left, safe.top, panel.right - 6 * unit, safe.bottom)
        product = Box(panel.right + 5 * unit, size * 0.14, size - 5 * unit, size * 0.86)
        return Arrangement(plan=plan, text=text, product=product, align=Align.LEFT, spread=True, panel=panel)
    if plan is Plan.POSTER:
        split = size * 0.5
        text = Box(safe.left, safe.top, safe.right, split)
        if wide:
            product = Box(size * 0.27, split + 3 * unit, size - 5 * unit, size * 0.83)
            foot = Box(safe.left, size * 0.84, safe.right, safe.bottom)
            return Arrangement(
                plan=plan,
                text=text,
                product=product,
                align=Align.LEFT,
                anchor=0.0,
                foot=foot,
                foot_align=Align.LEFT,
                headline_share=0.9,
            )
        edge = size * 0.53
        return Arrangement(
            plan=plan,
            text=text,
            product=Box(edge, split + 2 * unit, size - 6 * unit, size * 0.95),
            align=Align.LEFT,
            anchor=0.0,
            foot=Box(safe.left, split + 4 * unit, edge - 3 * unit, safe.bottom),
            foot_align=Align.LEFT,
            subline_in_foot=True,
            headline_share=0.9,
        )
    if plan is Plan.GALLERY:
        text = Box(safe.left, size * 0.655, safe.right, safe.bottom)
        product = Box(size * 0.16, size * 0.15, size * 0.84, size * 0.60)
        return Arrangement(
            plan=plan,
            text=text,
            product=product,
            align=Align.CENTRE,
            anchor=1.0,
            brand=Box(safe.left, safe.top, safe.right, safe.top + 5 * unit),
        )
    if plan is Plan.BOTTOM:
        text = Box(safe.left, size * 0.56, safe.right, safe.bottom)
        product = Box(size * 0.12, size * 0.13, size * 0.88, size * 0.52)
        return Arrangement(
            plan=plan,
            text=text,
            product=product,
            align=Align.CENTRE,
            anchor=1.0,
            brand=Box(safe.left, safe.top, safe.right, safe.top + 5 * unit),
        )
    text = Box(safe.left, safe.top, safe.right, size * 0.43)
    product = Box(size * 0.12, size * 0.455, size * 0.88, size * 0.82)
    foot = Box(safe.left, size * 0.85, safe.right, safe.bottom)
    return Arrangement(
        plan=Plan.TOP, text=text, product=product, align=Align.CENTRE, anchor=0.0, foot=foot, headline_share=0.8
    )


def _tall(plan: Plan, frame: Frame, aspect: float) -> Arrangement:
    safe, width, height, unit = frame.safe, float(frame.width), float(frame.height), frame.unit
    if frame.ratio is AspectRatio.STORY:
        return _story(plan, frame, aspect)
    brand = Box(safe.left, safe.top, safe.right, safe.top + 5 * unit)
    if plan is Plan.PANEL:
        top = height * 0.52
        panel = Box(0, top, width, height)
        text = Box(safe.left, top + 6.5 * unit, safe.right, safe.bottom)
        product = Box(width * 0.13, safe.top + 8 * unit, width * 0.87, top - 6 * unit)
        return Arrangement(
            plan=plan, text=text, product=product, align=Align.LEFT, anchor=1.0, panel=panel, brand=brand
        )
    if plan in (Plan.BOTTOM, Plan.GALLERY):
        top = height * 0.605
        text = Box(safe.left, top, safe.right, safe.bottom)
        product = Box(width * 0.12, safe.top + 9 * unit, width * 0.88, top - 5 * unit)
        return Arrangement(plan=plan, text=text, product=product, align=Align.CENTRE, anchor=1.0, brand=brand)
    if plan is Plan.POSTER:
        split = height * 0.49
        text = Box(safe.left, safe.top, safe.right, split)
        if aspect > 0.95:
            foot = Box(safe.left, safe.bottom - 17 * unit, safe.right, safe.bottom)
            product = Box(width * 0.14, split + 4 * unit, width * 0.92, foot.top - 2 * unit)
            return Arrangement(
                plan=plan,
                text=text,
                product=product,
                align=Align.LEFT,
                anchor=0.0,
                foot=foot,
                foot_align=Align.LEFT,
                headline_share=0.9,
            )
        edge = width * 0.52
        return Arrangement(
            plan=plan,
            text=text,
            product=Box(edge, split + 3 * unit, width - 6 * unit, height * 0.95),
            align=Align.LEFT,
            anchor=0.0,
            foot=Box(safe.left, split + 4 * unit, edge - 3 * unit, safe.bottom),
            foot_align=Align.LEFT,
            subline_in_foot=True,
            headline_share=0.9,
        )
    align = Align.LEFT if plan in (Plan.SIDE, Plan.MIRRORED) else Align.CENTRE
    split = height * 0.42
    foot = Box(safe.left, safe.bottom - 12 * unit, safe.right, safe.bottom)
    text = Box(safe.left, safe.top, safe.right, split)
    product = Box(width * 0.1, split + 3 * unit, width * 0.9, foot.top - 4.5 * unit)
    return Arrangement(plan=plan, text=text, product=product, align=align, anchor=0.0, foot=foot, headline_share=0.75)


def _story(plan: Plan, frame: Frame, aspect: float) -> Arrangement:
    """Type keeps between the interface's bars; the product may reach under them, and fills what they leave."""
    safe, width, height, unit = frame.safe, float(frame.width), float(frame.height), frame.unit
    if plan is Plan.PANEL:
        panel = Box(0, 0, width, height * 0.67)
        return Arrangement(
            plan=plan,
            text=safe,
            product=Box(width * 0.12, panel.bottom + 3 * unit, width * 0.88, height * 0.97),
            align=Align.LEFT,
            anchor=0.4,
            panel=panel,
        )
    if plan is Plan.POSTER and aspect <= WIDE_PRODUCT:
        split = height * 0.42
        edge = width * 0.5
        return Arrangement(
            plan=plan,
            text=Box(safe.left, safe.top, safe.right, split),
            product=Box(edge, split + 2 * unit, width - 6 * unit, height * 0.9),
            align=Align.LEFT,
            anchor=0.0,
            foot=Box(safe.left, split + 4 * unit, edge - 3 * unit, safe.bottom),
            foot_align=Align.LEFT,
            subline_in_foot=True,
            headline_share=0.9,
        )
    base = height * 0.94
    tallest = min(width * 0.8 / aspect, height * 0.43)
    split = min(max(height * 0.5, base - tallest - 7 * unit), safe.bottom)
    centred = plan in (Plan.TOP, Plan.GALLERY, Plan.BOTTOM)
    area = frame.centred if centred else safe
    return Arrangement(
        plan=plan if plan in (Plan.SIDE, Plan.MIRRORED, Plan.POSTER) else Plan.TOP,
        text=Box(area.left, safe.top, area.right, split),
        product=Box(width * 0.08, split + 4 * unit, width * 0.92, base),
        align=Align.CENTRE if centred else Align.LEFT,
        anchor=0.3,
        headline_share=0.7,
    )
