"""A product film from one brief: speech, storyboard, shots, captions and end card, frame by frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from services.chassis.errors import InputFault
from services.media import model_files, provenance
from services.media.colour import Colour
from services.media.signs import is_stored
from services.video.domain import FRAMES_PER_SECOND, AspectRatio, RenderedVideo, VideoBrief, VideoKind
from services.video.prices import written_price
from services.video.product.layouts import CIRCLE_GAP, Box, layouts
from services.video.product.parts import MOST_SECONDS, Price, parts_of
from services.video.product.price_line import amounts_of
from services.video.product.shots import shots
from services.video.product.storyboard import Earlier, Scene, storyboard
from services.video.product.writing import short_name
from services.video.providers.local import captions
from services.video.providers.local.film import WAITING_FRAMES, Film, raise_rate
from services.video.providers.local.kokoro import Speech
from services.video.providers.local.music import music_for
from services.video.providers.local.photos import decoded_logo, picture
from services.video.providers.local.product import looks
from services.video.providers.local.product.caption_strip import TURN_SECONDS, CaptionStrip
from services.video.providers.local.product.end_card import EndCard
from services.video.providers.local.product.layers import FINE, Drawn, Ground, Layer, painted, smooth
from services.video.providers.local.product.lettering import drawable, fitted
from services.video.providers.local.product.looks import DARK, WHITE, Look, Tone
from services.video.providers.local.product.panels import TEXTS
from services.video.providers.local.product.presenter_circle import PresenterCircle
from services.video.providers.local.product.price_tag import price_layers
from services.video.providers.local.product.said_things import said_thing
from services.video.providers.local.product.stage import Stage, draw_rows
from services.video.providers.local.product.standing_product import product_layers
from services.video.providers.local.product_picture import ProductPicture, TradeDrawing, product_picture
from services.video.providers.local.soundtrack import frames_to_samples, soundtrack
from services.video.providers.local.strokes import box, fill, rgb_of, rounded, surface_of
from services.video.providers.local.takes import Take
from services.worker.progress import ReportProgress

AHEAD_SECONDS: Final = 0.25  # by which things have come in where a scene is cut to, so that its first frame shows them
LONGER_SECONDS: Final = 0.3  # that a film may exceed its length by without a note
LOGO_SHARE: Final = 0.34  # of the frame's width
SPEECH_SHARE: Final = 40  # of the progress


class ProductFilm:
    """Draws the shots of one film in order."""

    def __init__(
        self, brief: VideoBrief, shown_product: ProductPicture, logo: Any, scenes: tuple[Scene, ...], icons: Path | None
    ) -> None:
        self.width, self.height = brief.aspect_ratio.size(brief.resolution)
        self.brief, self.scenes, self._logo = brief, scenes, logo
        self.look: Look = looks.look_of(brief.brand_colours, brief.seed, brief.facts.sensitive)
        places = layouts()[brief.aspect_ratio].scaled(self.width, self.height)
        self.presenter: PresenterCircle | None = None
        self._circle: Box | None = None
        if brief.kind is VideoKind.PRODUCT and brief.voice_over and brief.avatar_id:
            self._circle = circle = places.circle(self.width, self.height)
            places = places.beside(circle)
            self.presenter = PresenterCircle(brief.avatar_id, circle, self.look.of("brand"), brief.seed)
        self.stage = Stage(
            width=self.width,
            height=self.height,
            unit=min(self.width, self.height) / 720,
            places=places,
            wide=brief.aspect_ratio is AspectRatio.LANDSCAPE,
            family=looks.family_of(brief.brand_font, brief.seed),
            picture=shown_product,
            name=drawable(short_name(brief.product_name)),
            seed=brief.seed,
            icons=icons,
            language=brief.facts.language or "en",
            article=self.look.article,
            brand="" if logo is not None else drawable(brief.brand_name),
        )
        self._wide_photo: Any = None
        self._grounds: dict[str, Any] = {}
        self._drawn: dict[int, Drawn] = {}
        self._alone: Drawn | None = None
        self.captions = CaptionStrip(
            self.stage,
            scenes,
            self.look.of("photo"),
            wanted=brief.burn_captions,
            line=brief.facts.price_line,
            brand=brief.brand_name,
        )
        self.end_card = EndCard(self._with_thing(self._main_thing()), brief, [scene.part for scene in scenes])

    @property
    def note(self) -> str:
        """Names the small print that the end card has no room for, for the customer; "" if all of it is shown."""
        lines = self.end_card.left_out
        if not lines:
            return ""
        named = ", ".join(f"“{line}”" for line in lines)
        return f"The end card has no room for {named} at a readable size. Show it beside the film."

    def draw(self, canvas: Any, time: float) -> None:
        """Draws the frame of a time, in seconds."""
        number = next((place for place, scene in enumerate(self.scenes) if time < scene.end), len(self.scenes) - 1)
        scene = self.scenes[number]
        since = time - scene.start
        turning = number > 0 and scene.shot.cut != "cut" and since < TURN_SECONDS
        if turning:
            share = smooth(since / TURN_SECONDS)
            before = self.scenes[number - 1]
            away, towards = (-share * 0.3, 1 - share)
            canvas.save()
            if scene.shot.cut == "push":
                canvas.translate(round(away * self.width), 0)
            else:
                canvas.translate(0, round(away * self.height))
            self._shot(number - 1).draw(canvas, before.seconds + since)
            canvas.restore()
            canvas.save()
            if scene.shot.cut == "push":
                canvas.translate(round(towards * self.width), 0)
            else:
                canvas.translate(0, round(towards * self.height))
            self._shot(number).draw(canvas, since)
            canvas.restore()
        else:
            self._shot(number).draw(canvas, since)
            self._drawn.pop(number - 1, None)
        if self.presenter is not None:
            self.presenter.draw(canvas, round(time * FRAMES_PER_SECOND), max(0.0, time - self.scenes[-1].start))
        self.captions.draw(canvas, number, time)

    def draw_scene(self, canvas: Any, number: int, since: float) -> None:
        """Draws a scene alone, with its captions, `since` seconds after it began."""
        for other in self._drawn.keys() - {number}:  # pictures of scenes that have been
            del self._drawn[other]
        self._shot(number).draw(canvas, since + AHEAD_SECONDS)
        self.captions.draw(canvas, number, self.scenes[number].start + since, alone=True)

    def draw_product(self, canvas: Any, since: float) -> None:
        """Draws the product with its name, `since` seconds after it came into view."""
        if self._alone is None:
            shot = next(shot for shot in shots() if shot.text == "name")
            self._alone = self._made(replace(self.scenes[-1], shot=shot))
        self._alone.draw(canvas, since + AHEAD_SECONDS)

    # shots

    def _shot(self, number: int) -> Drawn:
        if number not in self._drawn:
            self._drawn[number] = self._made(self.scenes[number], is_captioned=self.captions.has_words(number))
        return self._drawn[number]

    def _stage_of(self, scene: Scene, *, is_captioned: bool) -> Stage:
        """The stage of one shot: with a drawing of what it names where nothing stands for the product, and with the
        room that captions and pictures leave to its texts."""
        stage = self._with_thing(said_thing(scene.part.text, self.brief.facts))
        places = stage.places
        below, right = 0.0, self.width - places.brand[0]
        if self._circle is not None:
            x, y, side, _ = self._circle
            below, right = y + side * (1 + CIRCLE_GAP), x - side * CIRCLE_GAP
        if not is_captioned:
            places = places.without_captions(below)
        if stage.has_text_alone:
            places = places.of_text_alone(right)
        return replace(stage, places=places)

    def _with_thing(self, name: str) -> Stage:
        """The stage with the drawing of a thing where nothing stands for the product; "" for no thing."""
        picture = self.stage.picture
        if not name or picture.things is None or not is_stored(picture.things, name):
            return self.stage
        return replace(self.stage, picture=replace(picture, drawing=TradeDrawing(path=picture.things, name=name)))

    def _main_thing(self) -> str:
        """What more than one shot names; "" without such a thing."""
        named = Counter(said_thing(scene.part.text, self.brief.facts) for scene in self.scenes[:-1])
        return next((name for name, count in named.most_common() if name and count > 1), "")

    def _made(self, scene: Scene, *, is_captioned: bool = True) -> Drawn:
        tone = self.look.of(scene.shot.ground)
        stage = self._stage_of(scene, is_captioned=is_captioned)
        if scene.shot.text == "end":
            return Drawn(
                ground=self._ground(scene),
                layers=[*([] if self.stage.is_brand else self._brand(tone)), *self.end_card.layers(tone)],
                seconds=scene.seconds,
            )
        layers = product_layers(stage, scene, tone)
        if scene.seconds > MOST_SECONDS:
            for layer in layers:
                layer.nearer_at = scene.seconds / 2
        if scene.shot.text == "price":
            layers += price_layers(stage, scene, tone, self.brief.facts.price_line, before=self._old_price())
        elif scene.shot.text:
            layers += TEXTS[scene.shot.text](stage, scene, tone)
        if scene.shot.ground == "photo":
            layers.insert(0, self._scrim(scene))
        if not (scene.shot.text == "name" and self.stage.is_brand):
            layers += self._brand(tone)
        return Drawn(ground=self._ground(scene), layers=layers, seconds=scene.seconds)

    def _old_price(self) -> str:
        old = self.brief.facts.old_price
        return written_price(old, self.brief.currency, self.brief.facts.language) if old else ""

    def _ground(self, scene: Scene) -> Ground:
        kind, photo = scene.shot.ground, self.stage.picture.photo
        tone = self.look.of(kind)
        if kind == "photo" and photo is not None:
            if self._wide_photo is None:
                self._wide_photo = looks.photo_ground(photo, self.width, self.height)
            return Ground(image=self._wide_photo, width=self.width, height=self.height, camera=scene.shot.camera)
        name = kind
        if name not in self._grounds:
            if kind == "blur" and photo is not None:
                brand = Colour.of(self.brief.brand_colours[0]) if self.brief.brand_colours else DARK
                made = looks.blur_ground(photo, tone, brand, self.width, self.height, self.brief.seed)
            elif kind == "deep" and self.stage.picture.place is not None:
                place = self.stage.picture.place
                made = looks.place_ground(place, tone, self.width, self.height, self.brief.seed)
            else:
                made = looks.flat_ground(tone, self.width, self.height, f"{self.brief.seed}{name}")
            self._grounds[name] = made
        camera = "zoom_in" if kind == "deep" and self.stage.picture.place is not None else "still"
        return Ground(image=self._grounds[name], width=self.width, height=self.height, camera=camera)

    def _scrim(self, scene: Scene) -> Layer:
        places = self.stage.places
        if self.stage.wide:
            image = looks.side_scrim(self.width, self.height)
        else:
            area = places.words if scene.shot.text == "words" else places.caption
            image = looks.scrim(self.width, self.height, 0, round(area[1] + area[3] + self.height * 0.14))
        return Layer(
            image=image, x=self.width / 2, y=image.height() / 2, width=self.width, height=image.height(), at=-1.0
        )

    def _brand(self, tone: Tone) -> list[Layer]:
        x, y, w, h = self.stage.places.brand
        if self._logo is not None:
            return [self._logo_layer(x, y, w, h)]
        name = drawable(self.brief.brand_name)
        if not name:
            return []
        text = fitted(name, self.stage.family, 700, width_px=w, height_px=h, largest=30 * self.stage.unit, rows=1)
        image = painted(
            text.width + 4,
            text.height + 4,
            lambda canvas: draw_rows(canvas, text, 2, text.height / 2 + 2, tone.ink),
        )
        centre = x + image.width() / 2
        return [Layer(image=image, x=centre, y=y + h / 2, width=image.width(), height=image.height(), at=-1.0)]

    def _logo_layer(self, x: float, y: float, w: float, h: float) -> Layer:
        grow = min(w * LOGO_SHARE / self._logo.width(), h * 0.86 / self._logo.height())
        wide, tall = self._logo.width() * grow, self._logo.height() * grow
        pad = h * 0.16

        def draw(canvas: Any) -> None:
            canvas.drawRRect(rounded(0, 0, wide + 4 * pad, tall + 2 * pad, h * 0.2), fill(WHITE, 0.94))
            canvas.drawImageRect(self._logo, box(2 * pad, pad, wide, tall), FINE)

        image = painted(wide + 4 * pad, tall + 2 * pad, draw)
        centre = x + image.width() / 2
        return Layer(image=image, x=centre, y=y + h / 2, width=image.width(), height=image.height(), at=-1.0)


def render_product(
    order: Any, speak: Callable[[], list[Take]], report: ReportProgress
) -> tuple[RenderedVideo, Speech | None]:
    """Renders a product film; returns it with its speech. order: a rendering.RenderOrder; speak: makes the takes of its
    script, called in a thread of its own. Raises as rendering.render."""
    brief: VideoBrief = order.brief
    notes: list[str] = []
    with ThreadPoolExecutor(1, thread_name_prefix="speaking") as pool:
        speaking = pool.submit(speak)
        shown_product = product_picture(brief, order.models, notes)
        logo = _logo(brief, notes)
        takes = speaking.result()
    words, spoken = takes[-1].words, takes[-1].speech
    scenes = storyboards(brief, shown_product.shows, takes)[-1]
    film = film_of(brief, shown_product, logo, scenes, order.models)
    seconds = scenes[-1].end
    if brief.seconds and seconds > brief.seconds + LONGER_SECONDS:
        notes.append(f"The words take {seconds:.1f} s, so the film is longer than {brief.seconds} s.")
    report(SPEECH_SHARE, "drawing")
    frames = round(seconds * FRAMES_PER_SECOND)
    if film.presenter is not None:
        film.presenter.prepare(takes, frames)
    music = music_for(brief, order.models, frames_to_samples(frames), notes)
    sound = soundtrack(spoken, frames, seed=brief.seed, music=music, volume=brief.music_volume)
    video, poster = order.folder / "video.mp4", order.folder / "poster.jpg"
    poster_frame = round((scenes[0].end - 0.1) * FRAMES_PER_SECOND)
    pictures = [np.zeros((film.height, film.width, 4), np.uint8) for _ in range(WAITING_FRAMES + 2)]
    surfaces = [surface_of(frame) for frame in pictures]
    with Film(
        video,
        width=film.width,
        height=film.height,
        frames_per_second=FRAMES_PER_SECOND,
        sound=sound,
        title=brief.product_name or brief.brand_name,
    ) as encoder:
        for number in range(frames):
            place = number % len(pictures)
            film.draw(surfaces[place].getCanvas(), number / FRAMES_PER_SECOND)
            encoder.add(pictures[place])
            if number == poster_frame:
                Image.fromarray(rgb_of(pictures[place])).save(poster, quality=90)
            if number % FRAMES_PER_SECOND == 0:
                report(SPEECH_SHARE + (97 - SPEECH_SHARE) * number // frames, "drawing")
    report(97, "finishing")
    photographed = bool(shown_product.shows & {"photo", "cutout", "screenshot"})
    raise_rate(video, seconds=frames / FRAMES_PER_SECOND)
    origin = _source_type(made_sound=spoken is not None or music is not None, photographed=photographed)
    order.signing.sign(
        video,
        "video/mp4",
        title=f"Advertisement for {brief.product_name}".strip(),
        source_type=origin,
        photo=provenance.Ingredient.of(brief.product_photo) if photographed else None,
        parent=parent_of(brief),
    )
    srt, vtt = order.folder / "captions.srt", order.folder / "captions.vtt"
    srt.write_text(captions.srt(words), encoding="utf-8")
    vtt.write_text(captions.vtt(words), encoding="utf-8")
    notes += [shown_product.note, film.note]
    notes.append(_shots_note(scenes))
    made = RenderedVideo(
        video=video,
        poster=poster,
        captions_srt=srt,
        captions_vtt=vtt,
        width=film.width,
        height=film.height,
        duration_seconds=frames / FRAMES_PER_SECOND,
        notes=tuple(note for note in notes if note),
        provider=order.provider,
        origin=origin,
    )
    return made, spoken


def storyboards(brief: VideoBrief, shows: Collection[str], takes: Sequence[Take]) -> list[tuple[Scene, ...]]:
    """The storyboard of each take; one after a change keeps what it can of the one before. shows: as for
    `storyboard`."""
    made: list[tuple[Scene, ...]] = []
    for take in takes:
        parts = parts_of(take.words, name=brief.product_name, price=_price(brief), code=brief.facts.offer_code)
        earlier = Earlier(scenes=made[-1], difference=take.difference) if take.difference is not None else None
        made.append(
            storyboard(parts, shows=shows, until=take.until, seconds=brief.seconds, seed=brief.seed, earlier=earlier)
        )
    return made


def film_of(
    brief: VideoBrief, shown_product: ProductPicture, logo: Any, scenes: tuple[Scene, ...], models: Path
) -> ProductFilm:
    """The product film of a storyboard. logo: a skia.Image, None without one."""
    return ProductFilm(brief, shown_product, logo, scenes, _icons(models))


def parent_of(brief: VideoBrief) -> provenance.Ingredient | None:
    """The film that this one is a changed version of, for its manifest; None where it is not there."""
    path = brief.parent.path if brief.parent is not None else None
    return provenance.Ingredient(path=path, content_type="video/mp4", title="The film before") if path else None


def _source_type(*, made_sound: bool, photographed: bool) -> str:
    if made_sound:  # voice and music are models'
        return provenance.SOURCE_MODEL_COMPOSITE
    return provenance.SOURCE_PHOTO_COMPOSITE if photographed else provenance.SOURCE_DRAWN


def _shots_note(scenes: tuple[Scene, ...]) -> str:
    return f"The film has {len(scenes)} shots in {scenes[-1].end:.1f} s."


def _price(brief: VideoBrief) -> Price | None:
    line = brief.facts.price_line
    amounts = (float(brief.price),) if brief.price else amounts_of(line) if line is not None else ()
    behind = line.after if line is not None and amounts and amounts[0] in amounts_of(line) else ""
    return Price(now=amounts[0], behind=behind) if amounts else None


def _logo(brief: VideoBrief, notes: list[str]) -> Any:
    if brief.logo is None:
        return None
    try:
        return picture(decoded_logo(brief.logo, named="The brand's logo"))
    except InputFault as fault:
        notes.append(f"The brand's logo was left out. {fault.message}")
        return None


def _icons(models: Path) -> Path | None:
    try:
        return model_files.model_path(model_files.ICONS, models)
    except model_files.ModelMissing:
        return None
