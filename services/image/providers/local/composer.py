"""One ad image from a brief: what is chosen, in which order it is drawn, and the proof of what came out."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from services.image.domain import ImageBrief, TextSlot
from services.image.providers.local import (
    backdrops,
    brushes,
    device_frames,
    legibility,
    motifs,
    ornaments,
    overlays,
    photo_grounds,
    photo_layouts,
    poster_fields,
    scenery,
    scenes,
    settings,
    stages,
    text_drawing,
    visible_mark,
)
from services.image.providers.local.ad_text import cleaned, reworded
from services.image.providers.local.arrangement import Arrangement
from services.image.providers.local.choice import Choice, chosen, colours_of, leads_with_place, on_photo
from services.image.providers.local.emblem import Emblem, emblem_of, figure_of, place_note
from services.image.providers.local.empty_room import largest_empty, lines_of
from services.image.providers.local.figure import Figure, place
from services.image.providers.local.fullness import filled
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.held_fields import held
from services.image.providers.local.layouts import Mask, PlacedField, Shows
from services.image.providers.local.legibility import Pixels, Reading
from services.image.providers.local.placing import laid_out, poster_request
from services.image.providers.local.replaced_texts import Page, with_replaced
from services.image.providers.local.scene_context import Set
from services.image.providers.local.text_column import Placed, Request, Role, Stack
from services.image.providers.local.text_drawing import Lettered
from services.image.providers.local.text_marks import ListIcons
from services.image.providers.local.text_slots import slots_of
from services.image.providers.local.textstack import solve
from services.media.colour import Colour
from services.media.places import places
from services.media.skia import skia
from services.media.text_shaping import Face
from services.worker.progress import ReportProgress

MOST_LAYOUT_SEEDS: Final = 128  # tried for a layout that is to stay
MOST_LAYOUTS: Final = 6  # tried for one that has room for all texts, and leaves none
MOST_EMPTY: Final = 0.17  # of a picture of type, in one rectangle
MOST_SEEDS: Final = 16  # tried for a picture that its job has not yet; a choice takes about a millisecond
GRAIN: Final = 2  # tones of 255 that the grain moves a pixel by: dissolves bands, is not seen as noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A decoded product photo: `image` a skia.Image, cut out (with transparency) or whole.

    screenshot: it shows an app or a website, and stands in the frame of a phone or a window. portrait: it shows a face
    near by, which no text may cover. stands: it has something to stand on; a thing seen from above has not. more:
    further photos of the product, whole skia.Images.
    """

    image: Any
    cut_out: bool
    note: str = ""
    screenshot: bool = False
    portrait: bool = False
    stands: bool = True
    more: tuple[Any, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it is shown as a photograph."""
        return not self.cut_out and not self.screenshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What stands where on the finished picture, for checks: nothing here is guessed, all of it was drawn so.

    product: the box of the photo or drawing; None on a picture of type. shown: the drawing's name, "" for others.
    """

    frame: Frame
    texts: tuple[Placed, ...]
    readings: Mapping[Role, Reading]
    product: Box | None
    shown: str
    plates: tuple[Box, ...]
    composition: str
    scrims: Mapping[Role, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The finished pixels (RGBA), words about them, and the proof."""

    pixels: Pixels
    alt_text: str
    notes: tuple[str, ...]
    proof: Proof
    photographed: bool  # something in it was: the product, or the place
    headline: str
    layout: str
    digest: str  # SHA-256 of the pixels before texts were replaced
    slots: tuple[TextSlot, ...]
    colours: tuple[str, ...]  # that the palette was made of
    changed: tuple[Box, ...] = ()  # outside of these, replaced texts changed no pixel


def compose(
    brief: ImageBrief,
    *,
    photo: Photo | None,
    drawings: Path | None = None,
    panoramas: Path | None = None,
    icons: Path | None = None,
    logo: Any = None,
    scene: Any = None,
    report: ReportProgress = lambda percent, stage: None,
) -> Composed:
    """Draws the ad. `scene`, a skia.Image of the picture's size, replaces the drawn ground (from remote providers).

    drawings: the file that stands in for a missing photo; panoramas: the folder of photographed grounds; icons: the
    file of icons for lists; None when not installed.
    """
    frame = Frame.of(brief.aspect_ratio)
    emblem = emblem_of(brief, drawings) if photo is None else None
    shows = _shows(emblem, photo, scene)
    place_leads = scene is None and leads_with_place(brief, shows, panoramas)
    if place_leads and emblem is not None:
        emblem, shows = replace(emblem, name=""), Shows.TYPE
    decor = drawings is not None and scene is None
    brief = _unlike(brief, photo, shows, logo, decor=decor, place_leads=place_leads)
    choice, draw = _roomy(
        brief,
        photo,
        shows,
        logo,
        panoramas,
        with_icons=icons is not None,
        decor=decor,
        place_leads=place_leads,
        full=True,
    )
    brief = cleaned(brief)
    figure = figure_of(emblem, frame, choice) if emblem is not None else _photographed(brief, photo)
    note = emblem.note if emblem is not None else photo.note if photo is not None else ""
    if place_leads and choice.backdrop is not None:
        note = place_note(choice.backdrop.place.words)
    notes = [*choice.notes, *([note] if note else [])]
    report(25, "composing")
    arrangement, product, stack, badge = laid_out(frame, choice, figure, logo)
    column = written = tuple(placed.plate or placed.box for placed in stack.placed)
    if brief.visible_mark:
        mark = visible_mark.placed_mark(
            frame, stack, choice.look, choice.words.language, generated=scene is not None, badge=badge, product=product
        )
        stack, written = replace(stack, placed=(*stack.placed, mark)), (*written, mark.box)
        notes.append(f"A small line on the picture says: “{mark.text}”.")
    if photo is not None and shows is Shows.PHOTO:
        underlay, choice = _photo_underlay(brief, frame, choice, arrangement, product, photo, draw, written)
    else:
        underlay = _underlay(
            frame,
            choice,
            arrangement,
            product,
            figure,
            draw,
            scene,
            written,
            _motif_of(emblem, choice, drawings),
            held(choice.layout.fields(frame), frame, arrangement, stack) if choice.layout.poster else (),
        )
    report(55, "setting type")
    overlays.grain(underlay, draw.randrange(1 << 30), GRAIN)
    names = choice.words.icons
    letter = partial(
        text_drawing.inscribe,
        underlay,
        frame,
        look=choice.look,
        palette=choice.palette,
        logo=logo,
        stars=choice.words.stars or 0.0,
        icons=ListIcons(path=icons, names=names) if icons is not None and names else None,
    )
    lettered = letter(stack, badge=badge)
    shown = _shown_box(choice, product, figure, column)
    page = Page(
        frame=frame,
        stack=stack,
        badge=badge,
        lettered=lettered,
        slots=slots_of(
            frame,
            arrangement,
            shown,
            stack,
            badge,
            choice.look,
            language=choice.words.language,
            verbatim=frozenset(choice.words.quoted),
        ),
        digest=hashlib.sha256(lettered.pixels.data).hexdigest(),
    )
    if brief.changes.replaced or brief.changes.digest:
        page = with_replaced(page, brief.changes, letter)
        choice = replace(choice, words=reworded(choice.words, brief.changes.replaced))
    lettered = page.lettered
    notes.extend(_text_notes(page.stack, lettered))
    return Composed(
        pixels=lettered.pixels,
        alt_text=_alt_text(brief, choice, photo, figure),
        notes=tuple(dict.fromkeys(notes)),
        photographed=photo is not None or (choice.backdrop is not None and scene is None),
        headline=choice.words.headline,
        layout=choice.layout.name,
        proof=_proof(frame, choice, page.texts, lettered, shown, photo, figure),
        digest=page.digest,
        slots=page.slots,
        colours=colours_of(brief),
        changed=page.changed,
    )


def _text_notes(stack: Stack, lettered: Lettered) -> list[str]:
    notes = [*stack.notes]
    if lettered.scrims:
        notes.append("A soft veil was laid under text where the ground made it hard to read.")
    if lettered.logo_plate:
        notes.append("The logo stands on a plate, as it would not be seen well on the ground.")
    notes.extend(
        f"The {role.value.replace('_', ' ')} has a contrast of {reading.ratio:.1f} where {reading.needed:g} is wanted."
        for role, reading in lettered.readings.items()
        if not reading.passes
    )
    return notes


def _chosen(
    brief: ImageBrief,
    photo: Photo | None,
    shows: Shows,
    draw: random.Random,
    panoramas: Path | None = None,
    *,
    with_icons: bool = False,
    decor: bool = False,
    place_leads: bool = False,
    without: frozenset[str] = frozenset(),
) -> Choice:
    return chosen(
        brief,
        draw,
        shows=shows,
        layout_draw=random.Random(_seed(brief)),
        panoramas=panoramas,
        with_icons=with_icons,
        decor=decor,
        place_leads=place_leads,
        without=without,
        photos=1 + len(photo.more) if photo is not None else 0,
        covers=photo is not None
        and not photo.portrait
        and photo_layouts.fills(photo.image, Frame.of(brief.aspect_ratio).whole),
    )


def _roomy(
    brief: ImageBrief,
    photo: Photo | None,
    shows: Shows,
    logo: Any,
    panoramas: Path | None = None,
    *,
    with_icons: bool = False,
    decor: bool = False,
    place_leads: bool = False,
    full: bool = False,
) -> tuple[Choice, random.Random]:
    """What is chosen, with another layout where a poster's has no room for one of the texts, and the source of further
    chance. Of MOST_LAYOUTS the one with room for most texts; a layout that is to stay is taken as soon as it comes.

    full: whether the choice is filled with facts. Then layouts of type that leave more than MOST_EMPTY of the picture
    empty give way, too, to others that are not taken, and the one that leaves least is chosen."""
    frame = Frame.of(brief.aspect_ratio)

    def requested(tried: Choice) -> Request:
        return poster_request(frame, tried, logo)

    found: list[tuple[int, float, Choice, random.Random]] = []
    while len(found) < MOST_LAYOUTS:
        draw = random.Random(_idea_seed(brief))
        choice = _chosen(
            brief,
            photo,
            shows,
            draw,
            panoramas,
            with_icons=with_icons,
            decor=decor,
            place_leads=place_leads,
            without=frozenset(tried.layout.name for _, _, tried, _ in found),
        )
        if not choice.layout.poster or choice.layout.name in {tried.layout.name for _, _, tried, _ in found}:
            break
        lacking = len(solve(requested(choice)).notes)
        if full:
            choice = filled(choice, requested, with_icons=with_icons)
        if choice.layout.name == brief.changes.layout:
            return choice, draw
        is_bare = full and not lacking and shows is Shows.TYPE and not (choice.layout.view or choice.layout.motifs)
        stack = solve(requested(choice)) if is_bare else None
        empty = largest_empty(frame, lines_of(stack.placed, stack.mark)) if stack is not None else 0.0
        if found and choice.layout.name in brief.taken.layouts:
            empty = 1.0
        found.append((lacking, empty, choice, draw))
        if not lacking and empty <= MOST_EMPTY and not brief.changes.layout:
            return choice, draw
    if not found:
        return choice, draw
    _, _, choice, draw = min(found, key=lambda each: each[:2])
    return choice, draw


def _unlike(
    brief: ImageBrief, photo: Photo | None, shows: Shows, logo: Any, *, decor: bool, place_leads: bool = False
) -> ImageBrief:
    """The brief with other seeds, if those it has lead to a headline or a layout that is taken.

    Without a seed that avoids both, the last one stays: a further picture may repeat what the product has no more of.
    """

    def choice_of(candidate: ImageBrief) -> Choice:
        return _roomy(candidate, photo, shows, logo, decor=decor, place_leads=place_leads)[0]

    seed, concept = brief.seed, brief.concept or brief.seed
    if brief.changes.layout:  # as far as the idea has it
        for number in range(1, MOST_LAYOUT_SEEDS):
            if choice_of(brief).layout.name == brief.changes.layout:
                return brief
            brief = replace(brief, seed=f"{seed} {number}", concept=f"{concept} {number // 4}")
        return replace(brief, seed=seed, concept=concept)
    if brief.taken.headlines:
        for number in range(1, MOST_SEEDS):
            if choice_of(brief).words.headline not in brief.taken.headlines:
                break
            brief = replace(brief, concept=f"{concept} {number}")
    for number in range(1, MOST_SEEDS) if brief.taken.layouts else ():
        if choice_of(brief).layout.name not in brief.taken.layouts:
            break
        brief = replace(brief, seed=f"{seed} {number}", concept=brief.concept or concept)
    return brief


def _idea_seed(brief: ImageBrief) -> int:
    """Of what pictures of one concept share in every aspect ratio."""
    return _hashed("idea", brief.concept or brief.seed, brief.product_name, brief.style, brief.prompt)


def _seed(brief: ImageBrief) -> int:
    return _hashed("layout", brief.seed, brief.product_name, brief.style, brief.prompt)


def _hashed(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:8], "big")


def _photographed(brief: ImageBrief, photo: Photo | None) -> Figure | None:
    if photo is None:
        return None
    name = brief.product_name.strip() or "the product"
    if photo.screenshot:
        image = device_frames.framed(photo.image)
        return Figure(name=name, aspect=image.width() / image.height(), floats=True, flat_base=1.0, image=image)
    return Figure(
        name=name,
        aspect=photo.image.width() / photo.image.height(),
        floats=photo.cut_out and (not photo.stands or brief.subject.trade in places().lying),
        flat_base=0.82,
        whole=not photo.cut_out,
        image=photo.image,
    )


def _shows(emblem: Emblem | None, photo: Photo | None, scene: Any) -> Shows:
    if photo is not None and photo.whole and scene is None:
        return Shows.PHOTO
    if emblem is None:
        return Shows.CUT_OUT
    return Shows.DRAWING if emblem.name else Shows.TYPE


def _shown_box(choice: Choice, product: Box, figure: Figure | None, written: tuple[Box, ...]) -> Box | None:
    """The box of what is shown; None on pictures of type, and where text stands on the photo."""
    over = choice.layout.plan is None and not choice.layout.poster and any(product.overlaps(box) for box in written)
    return None if figure is None or over or choice.layout.motifs > 1 else product


def _motif_of(emblem: Emblem | None, choice: Choice, drawings: Path | None) -> tuple[Path, tuple[str, ...]] | None:
    """The file and names of the pictograms that a layout takes: the product's, and in patterns the season's."""
    if drawings is None or not choice.layout.motifs:
        return None
    own = (emblem.name,) if emblem is not None and emblem.name else ()
    names = own if own and choice.layout.motifs == 1 else (*own, *((choice.decor,) if choice.decor else ()))
    return (drawings, names) if names else None


# -- drawing -----------------------------------------------------------------------------------------------------------


def _underlay(
    frame: Frame,
    choice: Choice,
    arrangement: Arrangement,
    product: Box,
    figure: Figure | None,
    draw: random.Random,
    scene: Any,
    written: tuple[Box, ...],
    motif: tuple[Path, tuple[str, ...]] | None,
    fields: tuple[PlacedField, ...],
) -> Pixels:
    surface = skia.Surface(frame.width, frame.height)
    canvas = surface.getCanvas()
    stands = figure is not None and not figure.floats and not figure.whole
    stage = Set(
        canvas=canvas,
        frame=frame,
        palette=choice.palette,
        arrangement=arrangement,
        product=product,
        draw=draw,
        stands=stands,
        written=written,
    )
    if scene is not None:
        canvas.drawImageRect(scene, brushes.rect(frame.whole), skia.SamplingOptions(skia.CubicResampler.Mitchell()))
        placed = choice.layout.motif(frame)
        if motif is not None and placed is not None:
            motifs.draw(canvas, placed, (), choice.palette, *motif, written)
            return legibility.pixels_of(surface)
    elif choice.layout.poster:
        # the tones of a drawing are made for the layout's own fields
        shown = brushes.average(figure.image) if figure is not None and not figure.drawn else None
        placed = choice.layout.motif(frame)
        if motif is not None and placed is not None:
            under = len(fields) if placed.columns == 1 else 1  # a pattern lies on the first field, below the others
            poster_fields.paint(stage, fields[:under], texture=choice.texture)
            motifs.draw(canvas, placed, fields[:under], choice.palette, *motif, written, fields[under:])
            poster_fields.paint(stage, fields[under:], ground=False)
            return legibility.pixels_of(surface)
        poster_fields.paint(stage, fields, shown, _view(choice, stage), large=_large(choice), texture=choice.texture)
    elif choice.backdrop is not None:
        photo_grounds.paint(stage, choice.backdrop)
    elif choice.season is not None:
        choice.season.paint(stage)
    elif choice.ground == "scene":
        scenes.SCENES[choice.setting](stage)
    else:
        backdrops.GROUNDS[choice.ground](stage)
    if (
        choice.ground in ("season", "scene")
        and scene is None
        and not choice.layout.poster
        and (choice.season is None or choice.season.far)
    ):
        scenery.haze(stage)
    if choice.steering.light:
        settings.light(stage, choice.steering.light)
    if arrangement.panel is not None:
        _panel(canvas, arrangement.panel, choice, frame)
    if choice.overlay:
        overlays.OVERLAYS[choice.overlay](stage)
    if figure is None:
        return legibility.pixels_of(surface)
    name = choice.composition.stage
    if name == "plinth" and not stands:
        name = "none" if figure.whole or choice.ground in ("scene", "place") else "disc"
    stages.STAGES[name](stage)
    dark = choice.palette.dark
    light, light_from = choice.palette.glow, (-1.0, -0.8)
    if choice.backdrop is not None and scene is None:
        light, light_from = photo_grounds.lamp(choice.backdrop)
    canvas.save()
    if arrangement.panel is not None and not arrangement.panel.overlaps(product):  # no shadow falls on the panel
        canvas.clipRect(brushes.rect(arrangement.panel), skia.ClipOp.kDifference)
    place(
        canvas,
        figure,
        product,
        shade=choice.palette.shade,
        light=light,
        shadow=0.0 if figure.drawn and choice.layout.device else 0.6 if dark else 0.4,
        rim=0.0 if choice.layout.poster else 0.55 if dark else 0.4,
        reflection=choice.composition.reflection,
        floating=name in ("disc", "card", "burst") or choice.layout.hangs(frame),
        light_from=light_from,
    )
    canvas.restore()
    return legibility.pixels_of(surface)


def _large(choice: Choice) -> tuple[str, Face] | None:
    """What ornaments show, with its face: the figure, else the sender's name. None where there is neither, or it cannot
    be set in the headline's face."""
    words = choice.words
    is_said = choice.quiet or words.figure_leads or choice.look.price_largest
    name = words.brand if len(words.brand) <= ornaments.LONGEST_NAME and not words.right_to_left else ""
    text = ("" if is_said else ornaments.figure_of(words)) or name
    return (text, choice.look.headline) if text and choice.look.headline.covers(text) else None


def _view(choice: Choice, stage: Set) -> Any:
    """What is seen through the fields of a poster, a skia.Image of the picture's size; None: nothing is."""
    if choice.backdrop is None and (choice.season is None or not choice.layout.view):
        return None
    surface = skia.Surface(stage.frame.width, stage.frame.height)
    stage = replace(stage, canvas=surface.getCanvas())
    if choice.backdrop is not None:
        photo_grounds.view_of(stage, choice.backdrop, graded=choice.place_leads)
    elif choice.season is not None:
        choice.season.paint(stage)
    return surface.makeImageSnapshot()


def _photo_underlay(
    brief: ImageBrief,
    frame: Frame,
    choice: Choice,
    arrangement: Arrangement,
    product: Box,
    photo: Photo,
    draw: random.Random,
    written: tuple[Box, ...],
) -> tuple[Pixels, Choice]:
    """The ground with the photos of a layout, and the choice with colours that read on them."""
    layout, boxes = choice.layout, choice.layout.boxes[frame.ratio]
    covers = layout.mask is Mask.FULL and product.contains(frame.whole)
    surface = skia.Surface(frame.width, frame.height)
    canvas = surface.getCanvas()
    if not covers:
        stage = Set(
            canvas=canvas,
            frame=frame,
            palette=choice.palette,
            arrangement=arrangement,
            product=product,
            draw=draw,
            stands=False,
            written=written,
        )
        if choice.composition.scheme is not None:
            poster_fields.paint(stage, layout.fields(frame))
        elif choice.season is not None:
            choice.season.paint(stage)
        else:
            backdrops.GROUNDS[choice.ground](stage)
    places_ = [arrangement.product, *(place_.of(frame.whole) for place_ in boxes.photos[1:])]
    for image, place_ in zip((photo.image, *photo.more), places_, strict=False):
        box = photo_layouts.mask_box(place_, layout.mask)
        photo_layouts.draw_photo(canvas, image, box, layout.mask, frame, choice.palette.shade)
    if not covers:
        return legibility.pixels_of(surface), choice
    if arrangement.panel is not None:
        panel = arrangement.panel
        tone = choice.palette.surface if not choice.palette.dark else choice.palette.background
        shape = brushes.rounded(panel, 2.6 * frame.unit)
        canvas.drawRRect(shape, brushes.fill(tone))
        return legibility.pixels_of(surface), choice
    veil = photo_layouts.veil_for(legibility.pixels_of(surface), written)
    photo_layouts.draw_veil(canvas, veil, written, frame)
    return legibility.pixels_of(surface), on_photo(choice, brief, dark=veil.light_text)


def _panel(canvas: Any, panel: Box, choice: Choice, frame: Frame) -> None:
    colours = choice.palette
    tone = colours.surface if not colours.dark else colours.background
    if choice.ground in ("scene", "season", "place") and not colours.dark:  # a scene's surface is its floor
        tone = Colour.from_oklch(0.985, 0.008, colours.background.hue)
    canvas.drawRect(
        brushes.rect(panel),
        brushes.with_shadow(brushes.fill(tone), colours.shade, y=0, blur=frame.unit * 2.4, alpha=0.25),
    )
    canvas.drawRect(brushes.rect(panel), brushes.down(panel, [(0, tone, 1), (1, tone.lighter(-0.015), 1)]))


# -- words about it ----------------------------------------------------------------------------------------------------


def _alt_text(brief: ImageBrief, choice: Choice, photo: Photo | None, figure: Figure | None) -> str:
    if figure is None:
        thing = "type"
    elif photo is not None:
        thing = brief.product_name.strip() or figure.name
    else:
        thing = f"a drawing ({figure.name})"
    where = (
        (choice.backdrop.place.words if choice.backdrop is not None else "")
        or (choice.season.words if choice.season is not None else settings.DESCRIPTIONS.get(choice.setting, ""))
        or (f"in a pattern ({choice.decor.replace('-', ' ')})" if choice.decor else "")
        or f"on a {choice.steering.mood or choice.composition.mood} background"
    )
    words = choice.words
    said = f"Headline: “{words.headline}”." if words.headline else ""
    more = " ".join(
        part
        for part in (
            said,
            f"Date: {words.occasion}." if words.occasion else "",
            f"Price: {words.price}." if words.price else "",
        )
        if part
    )
    brand = f" by {brief.brand_name.strip()}" if brief.brand_name.strip() else ""
    name = f" for {brief.product_name.strip()}{brand}" if brief.product_name.strip() else ""
    return f"Advertisement{name}: {thing} {where}. {more}".strip()


def _proof(
    frame: Frame,
    choice: Choice,
    texts: tuple[Placed, ...],
    lettered: Lettered,
    product: Box | None,
    photo: Photo | None,
    figure: Figure | None,
) -> Proof:
    return Proof(
        frame=frame,
        texts=texts,
        readings=lettered.readings,
        product=product,
        shown=figure.name if figure is not None and photo is None else "",
        plates=tuple(placed.plate for placed in texts if placed.plate is not None),
        composition=f"{choice.composition.name}, {choice.layout.name}",
        scrims=lettered.scrims,
    )
