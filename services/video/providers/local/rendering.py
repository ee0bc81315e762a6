"""One video from one brief, start to end: the function that runs in the render process."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from PIL import Image

from services.chassis.errors import InputFault
from services.media import provenance
from services.media.model_files import ModelMissing, use_folder
from services.media.provenance import Signing
from services.video.domain import (
    AVATARS,
    FRAMES_PER_SECOND,
    VOICES,
    FilmRecord,
    RenderedVideo,
    VideoBrief,
    VideoKind,
    suitable_avatar,
)
from services.video.product.parts import sentences
from services.video.product.storyboard import SHORTEST_FILM_SECONDS, Scene
from services.video.providers.local import alignment, captions, editing, kokoro, loudness, motion, visemes
from services.video.providers.local.film import WAITING_FRAMES, Film, raise_rate, write_sound
from services.video.providers.local.kokoro import SAMPLE_RATE, Speech
from services.video.providers.local.music import music_for
from services.video.providers.local.phonemes import Passage, passages
from services.video.providers.local.photos import Pixels, decoded, decoded_logo, on_white, picture
from services.video.providers.local.portraits.actor import (
    SEVERAL,
    ClipActor,
    FramedActor,
    PortraitActor,
    Sitter,
    panel,
    sitter_of,
)
from services.video.providers.local.presenter_cut import PresenterCut, presenter_cut
from services.video.providers.local.presenters.look import LOOKS
from services.video.providers.local.presenters.puppet import Puppet
from services.video.providers.local.previews import drawn_portrait, no_voices
from services.video.providers.local.product.film import (
    AHEAD_SECONDS,
    ProductFilm,
    film_of,
    parent_of,
    render_product,
    storyboards,
)
from services.video.providers.local.product_picture import ProductPicture, product_picture
from services.video.providers.local.soundtrack import frames_to_samples, soundtrack
from services.video.providers.local.stage import CHEST_CARD, Frame, Stage, layout
from services.video.providers.local.strokes import rgb_of, surface_of
from services.video.providers.local.takes import Take, delayed, digest_of, takes_of
from services.video.script.speakable import speakable
from services.worker.progress import ReportProgress

NAME: Final = "local"
STATED: Final = frozenset(
    {"price", "offer", "code", "figure", "list", "rating", "contact"}
)  # parts that a film shows in type

SPEECH_BEGINS_SECONDS: Final = 0.32
END_CARD_SECONDS: Final = 2.6
CHIN_SWAY: Final = 26  # presenter units by which the chin comes lower while somebody speaks
TURN_SECONDS: Final = 0.40  # from presenter to end card
SWITCH_SECONDS: Final = 0.00005  # the encoder's thread needs the interpreter often and for moments: it must not starve
SPEECH_SHARE: Final = 40  # of the progress; the rest is drawing
NO_FACE_MODELS: Final = "The portrait is not animated: the models that find faces are not installed."


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOrder:
    """What the render process is sent."""

    brief: VideoBrief
    folder: Path
    models: Path
    speech: Speech | None = None  # already spoken, without the opening silence
    recordings: tuple[Path, ...] = ()  # each passage spoken by somebody else, as sound files
    clip: Path | None = None  # a film in which the presenter already speaks, with the opening silence
    provider: str = NAME
    signing: Signing = field(default_factory=Signing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The speech, and what a remote engine needs to make a head speak it.

    picture: PNG of the size of the panel. sound: mono WAV; compressed_sound: MP3; both with the opening silence.
    note: why there is nothing to be animated; "" when there is.
    """

    speech: Speech
    picture: Path
    sound: Path
    compressed_sound: Path
    width: int
    height: int
    note: str


class Actor(Protocol):
    """Whoever presents: drawn or from a photo. `card_at`: the card's top in a vertical picture, as a share of the
    height; None where it would lie on the face. `nearest`, `nearest_beside`: how much larger the presenter may be
    shown without and with the card."""

    @property
    def card_at(self) -> float | None: ...

    @property
    def nearest(self) -> float: ...

    @property
    def nearest_beside(self) -> float: ...

    def prepare(self, speech: Speech, shapes: visemes.Mouths, since: int = 0) -> None:
        """Makes the movement of a speech ready. From the second call on, frames before `since` keep theirs."""
        ...

    def draw(self, canvas: Any, frame: int, aside: float, nearness: float) -> None:
        """Draws one frame with the brand's mark; `aside` is 0 in the middle .. 1 beside the card."""
        ...


class DrawnActor:
    """One of the presenters of the table."""

    card_at = CHEST_CARD

    def __init__(self, avatar_id: str, stage: Stage, seed: str) -> None:
        self._look = LOOKS[avatar_id]
        self._puppets: dict[float, Puppet] = {}  # one for each nearness: a part enlarged would be soft
        self._stage = stage
        place = stage.layout
        chin = place.presenter_y + (self._look.chin + CHIN_SWAY) * place.scale
        drop = stage.presenter_y(2) - place.presenter_y
        head = place.presenter_y
        room = place.caption_y - 2.2 * place.caption_size
        self.nearest = (room - head + drop) / (chin - head + drop)
        self.nearest_beside = self.nearest if place.tall_card else (place.card[1] - head + drop) / (chin - head + drop)
        self._seed = seed
        self._poses: list[Any] = []
        self._mouths: list[Any] = []

    def prepare(self, speech: Speech, shapes: visemes.Mouths, since: int = 0) -> None:
        poses = motion.poses(speech.phones, shapes, seed=self._seed, frames_per_second=FRAMES_PER_SECOND)
        self._poses = motion.continued(self._poses, poses, since) if since else poses
        self._mouths = [motion.mouth_of(row) for row in shapes]

    def draw(self, canvas: Any, frame: int, aside: float, nearness: float) -> None:
        place = self._stage.layout
        puppet = self._puppets.get(nearness)
        if puppet is None:
            depth = (place.height - self._stage.presenter_y(nearness)) / (place.scale * nearness) + 20
            puppet = self._puppets[nearness] = Puppet(self._look, place.scale * nearness, depth=depth)
        canvas.save()
        x = place.presenter_x + (place.presenter_aside_x - place.presenter_x) * aside
        canvas.translate(x, self._stage.presenter_y(nearness))
        puppet.draw(canvas, self._poses[frame], self._mouths[frame])
        canvas.restore()
        self._stage.draw_brand_over(canvas)


def load(models: Path, report: ReportProgress) -> None:
    """Loads the voice and scipy.signal, which the first video would wait for. Raises ModelMissing."""
    importlib.import_module("scipy.signal")  # loudness and music import it late, so that the worker itself does without
    kokoro.engine(models)


def speech_of(
    script: str,
    voice_id: str,
    pronunciations: dict[str, str],
    models: Path,
    report: ReportProgress,
    *,
    speed: float = 1.0,
    currency: str | None = None,
) -> Speech:
    """The script spoken, `speed` times as fast as usual; its words point into the script as it is written. currency: of
    the product's price. Raises InputFault."""
    parts = _passages(script, voice_id, pronunciations, models, currency)
    return kokoro.joined(_all_spoken(parts, voice_id, models, report, speed), pauses=[part.pause for part in parts])


def _passages(
    script: str, voice_id: str, pronunciations: dict[str, str], models: Path, currency: str | None = None
) -> tuple[Passage, ...]:
    """The script in the language of the voice, which was chosen by the script's. models: the language's dictionary.
    currency: of the product's price."""
    language = VOICES[voice_id].language
    use_folder(models)
    try:
        return passages(speakable(script, pronunciations, language, currency=currency or ""), language)
    except ModelMissing as error:
        raise no_voices() from error


def _all_spoken(
    parts: tuple[Passage, ...], voice_id: str, models: Path, report: ReportProgress, speed: float
) -> list[Speech]:
    def heard(count: int) -> None:
        report(2 + (SPEECH_SHARE - 2) * count // len(parts), "speaking")

    try:
        return kokoro.spoken(kokoro.engine(models), parts, voice_id, heard, speed=speed)
    except ModelMissing as error:  # no attempt here can succeed: the job ends at once and its credits go back
        raise no_voices() from error


def recited(order: RenderOrder, report: ReportProgress) -> tuple[str, ...]:
    """The passages of the script as text made speakable, for a voice elsewhere. Raises InputFault."""
    brief = order.brief
    spoken = _passages(brief.script, brief.voice_id, dict(brief.pronunciations), order.models, brief.currency)
    return tuple(passage.text for passage in spoken)


def _speech(order: RenderOrder, report: ReportProgress) -> Speech:
    brief = order.brief
    report(2, "speaking")
    if order.speech is not None:
        return order.speech
    pronunciations = dict(brief.pronunciations)
    if not order.recordings:
        return speech_of(
            brief.script,
            brief.voice_id,
            pronunciations,
            order.models,
            report,
            speed=brief.speed,
            currency=brief.currency,
        )
    parts = _passages(brief.script, brief.voice_id, pronunciations, order.models, brief.currency)
    guide = _all_spoken(parts, brief.voice_id, order.models, report, brief.speed)
    return kokoro.joined(
        [
            alignment.aligned(passage, alignment.recorded(recording))
            for passage, recording in zip(guide, order.recordings, strict=True)
        ],
        pauses=[part.pause for part in parts],
    )


def _takes(order: RenderOrder, report: ReportProgress) -> list[Take]:
    """The takes of the brief's script; a speech that is there already is the only one. Raises as `takes_of`."""
    brief = order.brief
    if order.speech is not None or order.recordings:
        speech = delayed(_speech(order, report), SPEECH_BEGINS_SECONDS)
        return [Take(script=brief.script, speech=speech, words=captions.timed_words(brief.script, speech.words))]
    if brief.voice_over:
        report(2, "speaking")

    def say(script: str) -> tuple[tuple[Passage, ...], list[Speech]]:
        parts = _passages(script, brief.voice_id, dict(brief.pronunciations), order.models, brief.currency)
        return parts, _all_spoken(parts, brief.voice_id, order.models, report, brief.speed)

    return takes_of(brief, say, delay=SPEECH_BEGINS_SECONDS)


def rehearse(order: RenderOrder, report: ReportProgress) -> Rehearsal:
    """Speaks, and writes what a remote engine is sent. Raises as `render`."""
    brief, folder = order.brief, order.folder
    speech = _speech(order, report)
    heard = delayed(speech, SPEECH_BEGINS_SECONDS)
    sound, compressed = folder / "speech.wav", folder / "speech.mp3"
    samples = loudness.normalised(loudness.to_48k(heard.samples, SAMPLE_RATE))
    write_sound(sound, samples, "pcm_s16le")
    write_sound(compressed, samples, "libmp3lame")
    _, _, width, height = panel(layout(brief.aspect_ratio, brief.resolution))
    picture, note = folder / "head.png", ""
    if brief.avatar_photo is None:
        drawn_portrait(picture, _avatar_id(brief))
    else:
        pixels = decoded(brief.avatar_photo, named="The portrait")
        sitter = _sitter(pixels, order)
        note = sitter if isinstance(sitter, str) else ""
        Image.fromarray(on_white(pixels)).save(picture)
    even = 2  # encoders take even sizes only
    return Rehearsal(
        speech=speech,
        picture=picture,
        sound=sound,
        compressed_sound=compressed,
        width=width // even * even,
        height=height // even * even,
        note=note,
    )


def render(order: RenderOrder, report: ReportProgress) -> RenderedVideo:
    """Speaks, draws and encodes. Raises InputFault for what the customer gave, and where no voices are installed."""
    brief, folder = order.brief, order.folder
    sys.setswitchinterval(SWITCH_SECONDS)
    if brief.kind is VideoKind.PRODUCT:
        made, speech = render_product(order, lambda: _takes(order, report), report)
        return replace(made, record=_record(order, speech))
    notes: list[str] = []
    with ThreadPoolExecutor(1, thread_name_prefix="speaking") as pool:  # pictures are made ready meanwhile
        speaking = pool.submit(_takes, order, report)
        product = _optional(brief.product_photo, decoded, "The product's photo", notes)
        logo = _optional(brief.logo, decoded_logo, "The brand's logo", notes)
        shown_product = (
            product_picture(replace(brief, product_photo=None), order.models, []) if product is None else None
        )
        stage = Stage(
            brief, product=product, logo=logo, drawing=shown_product.drawing if shown_product is not None else None
        )
        if shown_product is not None:
            notes.append(shown_product.note)
        actor = _actor(order, stage, notes)
        takes = speaking.result()
    report(SPEECH_SHARE, "drawing")
    seen = _seen(product, shown_product)
    boards = storyboards(replace(brief, seconds=None), seen.shows, takes)
    movement = _movement(
        brief, takes, boards, actor, stays=stage.layout.tall_card, pictured=bool(seen.shows - {"drawing"})
    )
    words, speech, frames, shapes = takes[-1].words, movement.speech, movement.frames, movement.shapes
    cuts, shown = movement.cuts, movement.card
    stated = film_of(
        replace(brief, seconds=None), seen, picture(logo) if logo is not None else None, boards[-1], order.models
    )
    music = music_for(brief, order.models, frames_to_samples(frames), notes)
    sound = soundtrack(speech, frames, seed=brief.seed, music=music, volume=brief.music_volume)
    video, poster = folder / "video.mp4", folder / "poster.jpg"
    opening = captions.opening_group(words) if brief.burn_captions else None
    groups = captions.groups(words[len(opening.words) :]) if opening is not None else ()
    poster_frame = _poster_frame(shapes, opening.end if opening is not None else speech.seconds * 0.5, cuts)
    pictures: list[Frame] = [stage.backdrop().copy() for _ in range(WAITING_FRAMES + 2)]  # one drawn, one encoded
    canvases = [surface_of(picture).getCanvas() for picture in pictures]
    turn = speech.seconds + 0.15
    end_card = np.zeros_like(pictures[0])
    end_canvas = surface_of(end_card).getCanvas()
    with Film(
        video,
        width=stage.layout.width,
        height=stage.layout.height,
        frames_per_second=FRAMES_PER_SECOND,
        sound=sound,
        title=brief.product_name or brief.brand_name,
    ) as film:
        place = 0
        for number in range(frames):
            time = number / FRAMES_PER_SECOND
            gone = min(1.0, max(0.0, (time - turn) / TURN_SECONDS))
            frame, canvas = pictures[number % len(pictures)], canvases[number % len(pictures)]
            if gone < 1.0:
                shot = editing.shot_at(cuts, time)
                if shot.product:
                    stated.draw_product(canvas, time - shot.start)
                elif shot.statement:
                    _draw_stated(stated, canvas, time)
                else:
                    np.copyto(frame, stage.backdrop(shot.nearness))
                    aside = _eased(shown[number]) if stage.layout.tall_card else 0.0
                    actor.draw(canvas, number, aside, shot.nearness)
                    stage.draw_card(canvas, float(shown[number]), at=actor.card_at)
                while place < len(groups) and groups[place].end <= time:
                    place += 1
                if opening is not None and time < opening.end and not shot.is_aside:
                    is_clear = actor.card_at == CHEST_CARD and shot.nearness <= editing.NEARNESS[1]
                    stage.draw_opening(canvas, opening, time, is_chest_clear=is_clear)
                elif place < len(groups) and _is_captioned(groups[place], time, shot):
                    if shot.product:
                        stated.captions.draw_beside_name(canvas, groups[place], time)
                    else:
                        stage.draw_caption(canvas, groups[place], time)
            if gone > 0.0:
                stated.draw_scene(end_canvas, len(stated.scenes) - 1, time - turn)
                _turned(frame, end_card, _eased(gone))
            film.add(frame)
            if number == poster_frame:
                Image.fromarray(rgb_of(frame)).save(poster, quality=90)
            if number % FRAMES_PER_SECOND == 0:
                report(SPEECH_SHARE + (97 - SPEECH_SHARE) * number // frames, "drawing")
    report(97, "finishing")
    raise_rate(video, seconds=frames / FRAMES_PER_SECOND)
    # The voice is a model's in every film; in a film of a remote engine the speaking head is too.
    origin = provenance.SOURCE_MODEL_COMPOSITE if order.clip is None else provenance.SOURCE_MODEL
    order.signing.sign(
        video,
        "video/mp4",
        title=f"Advertisement for {brief.product_name}".strip(),
        source_type=origin,
        photo=provenance.Ingredient.of(brief.product_photo),
        parent=parent_of(brief),
    )
    srt, vtt = folder / "captions.srt", folder / "captions.vtt"
    srt.write_text(captions.srt(words), encoding="utf-8")
    vtt.write_text(captions.vtt(words), encoding="utf-8")
    return RenderedVideo(
        video=video,
        poster=poster,
        captions_srt=srt,
        captions_vtt=vtt,
        width=stage.layout.width,
        height=stage.layout.height,
        duration_seconds=frames / FRAMES_PER_SECOND,
        notes=tuple(notes),
        provider=order.provider,
        origin=origin,
        record=_record(order, speech),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    """What is seen of a presenter, frame by frame. card: how far the product's card is in."""

    speech: Speech
    frames: int
    shapes: visemes.Mouths
    cuts: tuple[editing.Shot, ...]
    card: np.ndarray[Any, np.dtype[np.float64]]


def _movement(
    brief: VideoBrief,
    takes: Sequence[Take],
    boards: Sequence[tuple[Scene, ...]],
    actor: Actor,
    *,
    stays: bool,
    pictured: bool,
) -> _Movement:
    """Makes the actor ready for the last take. Up to each change it moves, and the film is cut, as before the change.

    boards: the storyboard of each take. stays, pictured: as for `presenter_cut`.
    """
    cut: PresenterCut | None = None
    made: _Movement | None = None
    for take, board in zip(takes, boards, strict=True):
        speech = take.speech
        if speech is None:
            raise ValueError("a presenter speaks")
        seconds = max(speech.seconds + END_CARD_SECONDS, SHORTEST_FILM_SECONDS)
        frames = int(np.ceil(seconds * FRAMES_PER_SECOND))
        since = int(take.difference.start * FRAMES_PER_SECOND) if take.difference is not None else 0
        shapes = visemes.mouths(speech.phones, speech.samples, frames=frames, frames_per_second=FRAMES_PER_SECOND)
        if made is not None:
            shapes = np.concatenate([made.shapes[:since], shapes[since:]])
        actor.prepare(speech, shapes, since)
        cut = presenter_cut(
            brief, take.words, speech.seconds, actor, stays=stays, statements=_statements(board),
            sayings=_sayings(board), pictured=pictured,
            earlier=(cut, take.difference) if cut is not None and take.difference is not None else None,
        )  # fmt: skip
        made = _Movement(
            speech=speech, frames=frames, shapes=shapes, cuts=cut.beside_card(actor), card=cut.card_track(frames)
        )
    if made is None:
        raise ValueError("a film has at least one take")
    return made


def _seen(photo: Pixels | None, drawn: ProductPicture | None) -> ProductPicture:
    """What statements show: the whole photo, which takes no time to cut out, or what stands for the product."""
    if photo is not None:
        return ProductPicture(photo=picture(photo), shows=frozenset({"photo"}))
    return drawn or ProductPicture()


def _record(order: RenderOrder, speech: Speech | None) -> FilmRecord | None:
    """What draws the film again; None where another engine made the voice or the head."""
    if order.speech is not None or order.recordings or order.clip is not None:
        return None
    return FilmRecord(speech_digest=digest_of(speech))


def _statements(scenes: Sequence[Scene]) -> list[tuple[float, float]]:
    """When the script says what a shot of its own shows better than a presenter, as (start, end) in seconds: while the
    sentences with it are said, and not the short ones that share its shot."""
    return [_stated(scene) for scene in scenes[1:-1] if scene.part.says in STATED]


def _sayings(scenes: Sequence[Scene]) -> list[tuple[float, float]]:
    """When shots set in type what the script says, word by word, as (start, end) in seconds: whole sentences where they
    are short enough, else whole clauses."""
    made: list[tuple[float, float]] = []
    sentence: list[tuple[Scene, Scene]] = []  # each scene with the one before it
    for before, scene in itertools.pairwise(scenes[:-1]):
        sentence.append((before, scene))
        if not _ends_with(scene, editing.SENTENCE):
            continue
        start, end = sentence[0][1].start, scene.end
        is_whole = _ends_with(sentence[0][0], editing.SENTENCE) and end - start <= editing.STATED_SECONDS[1]
        if is_whole and all(each.shot.text == "words" for _, each in sentence):
            made.append((start, end))
        else:
            made += [(each.start, each.end) for earlier, each in sentence if _is_clause(earlier, each)]
        sentence = []
    return made


def _is_clause(before: Scene, scene: Scene) -> bool:
    marks = editing.SENTENCE + editing.CLAUSE
    return scene.shot.text == "words" and _ends_with(before, marks) and _ends_with(scene, marks)


def _ends_with(scene: Scene, marks: str) -> bool:
    return scene.part.text.rstrip(editing.QUOTES)[-1:] in marks


def _stated(scene: Scene) -> tuple[float, float]:
    part, start, end = scene.part, scene.start, scene.end
    shown = (part.value, part.label, *part.items)
    said = [
        any(text and text in " ".join(word.text for word in each) for text in shown) for each in sentences(part.words)
    ]
    if part.says != "list" and any(said):
        whole = sentences(part.words)
        first, last = said.index(True), len(said) - said[::-1].index(True) - 1
        if first:
            start = whole[first][0].start - editing.LEAD_SECONDS
        if last + 1 < len(whole):
            # words that are set large come in a moment before they are said
            end = max(whole[last][-1].end, whole[last + 1][0].start - AHEAD_SECONDS)
    return start, end


def _is_captioned(group: captions.Group, time: float, shot: editing.Shot) -> bool:
    """Whether a caption is drawn at a time in a shot. What was said before the shot began is not shown in it again."""
    return group.start - 0.04 <= time and not shot.statement and group.words[-1].end > shot.start


def _draw_stated(film: ProductFilm, canvas: Any, time: float) -> None:
    *shots, _ = film.scenes  # the end card comes up over the last of them
    number = next((number for number, scene in enumerate(shots) if time < scene.end), len(shots) - 1)
    film.draw_scene(canvas, number, time - film.scenes[number].start)


def _actor(order: RenderOrder, stage: Stage, notes: list[str]) -> Actor:
    brief = order.brief
    if order.clip is not None:
        return ClipActor(order.clip, stage)
    if brief.avatar_photo is not None:
        pixels = decoded(brief.avatar_photo, named="The portrait")
        sitter = _sitter(pixels, order)
        if isinstance(sitter, str):
            notes.append(sitter)
            return FramedActor(pixels, stage)
        if sitter.count > 1:
            notes.append(SEVERAL.format(count=sitter.count))
        return PortraitActor(pixels, sitter, stage, brief.seed)
    return DrawnActor(_avatar_id(brief), stage, brief.seed)


def _sitter(pixels: Pixels, order: RenderOrder) -> Sitter | str:
    try:
        return sitter_of(pixels, order.models)
    except ModelMissing:
        return NO_FACE_MODELS


def _avatar_id(brief: VideoBrief) -> str:
    if brief.avatar_id in AVATARS:
        return brief.avatar_id
    words = f"{brief.brand_name} {brief.product_name} {brief.description}"
    return suitable_avatar(voice_id=brief.voice_id, words=words, seed=brief.seed).id


def _optional(path: Path | None, read: Callable[..., Pixels], named: str, notes: list[str]) -> Pixels | None:
    if path is None:
        return None
    try:
        return read(path, named=named)
    except InputFault as fault:
        notes.append(f"{named} was left out. {fault.message}")
        return None


def _poster_frame(shapes: visemes.Mouths, until: float, cuts: tuple[editing.Shot, ...]) -> int:
    """A frame before `until` seconds with the presenter and a friendly, half-open mouth."""
    last = max(2, int(min(until, 6.0) * FRAMES_PER_SECOND))
    first = min(last - 1, FRAMES_PER_SECOND // 2)
    part = shapes[first:last]
    liking = part[:, visemes.WIDTH] + part[:, visemes.TEETH] * 0.5 - np.abs(part[:, visemes.OPEN] - 0.35) * 1.5
    liking = liking - part[:, visemes.PRESS]
    alone = [editing.shot_at(cuts, number / FRAMES_PER_SECOND).is_aside for number in range(first, last)]
    return first + int(np.argmax(np.where(np.array(alone), -np.inf, liking)))


def _turned(frame: Frame, end_card: Frame, share: float) -> None:
    """The end card comes up over the picture from below."""
    rows = round(frame.shape[0] * share)
    if rows:
        frame[-rows:] = end_card[:rows]


def _eased(share: float) -> float:
    share = float(share)
    return share * share * (3 - 2 * share)
