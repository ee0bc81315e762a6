"""Films that are made again with another sentence: what stays as it was, and what is refused."""

from __future__ import annotations

import itertools
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from adwright.video.v1 import video_pb2

from services.chassis.errors import InputFault, Refusal, ValidationFailed
from services.video.domain import Difference, ParentFilm, SceneVersionGone, ScriptChange, VideoBrief, VideoKind
from services.video.product.parts import Price, parts_of
from services.video.product.storyboard import SHORTEST_SHOT_SECONDS, Earlier, Scene, silent_words, storyboard
from services.video.providers.local import editing, motion, visemes
from services.video.providers.local.captions import CaptionWord
from services.video.providers.local.kokoro import SAMPLE_RATE, Phone, Speech, SpokenWord
from services.video.providers.local.phonemes import Passage, Syllables
from services.video.providers.local.presenter_cut import presenter_cut
from services.video.providers.local.takes import Take, digest_of, takes_of
from services.video.scene_changes import MOST_CHANGES, changed_scene, sentence_spans
from services.video.scene_messages import SCENE_VERSION, script_of, with_scene

SCRIPT = (
    "Cold all day, warm all night. Meet the Tarn Flask. It keeps tea hot for up to 12 hours. No plastic, no dents, "
    "no leaks. Save 15% with code TARN15. Now $29.50 each. Find it at tarnflask.com."
)
OLD, NEW = "It keeps tea hot for up to 12 hours.", "Your tea stays hot from breakfast until late in the evening."
DELAY = 0.32


def change(script: str = SCRIPT, old: str = OLD, new: str = NEW) -> ScriptChange:
    start = script.index(old)
    return ScriptChange(script=script, start=start, end=start + len(old), text=new)


def changed(brief: VideoBrief, *changes: ScriptChange, digest: str = "") -> VideoBrief:
    parent = ParentFilm(path=None, speech_digest=digest, changes=len(changes) - 1)
    return replace(brief, script=changes[-1].changed, changes=changes, parent=parent)


def say(script: str) -> tuple[tuple[Passage, ...], list[Speech]]:
    """A voice whose sound of a word depends on the passage it is said in, as a real one's does: two sentences each."""
    spans = sentence_spans(script)
    passages, spoken = [], []
    for place in range(0, len(spans), 2):
        start, end = spans[place][0], spans[min(place + 1, len(spans) - 1)][1]
        text = script[start:end]
        chance = np.random.default_rng(zlib.crc32(text.encode()))
        samples, words, syllables, time = [], [], [], 0.05
        samples.append(np.zeros(round(0.05 * SAMPLE_RATE), np.float32))
        cursor = start
        for word in text.split():
            begin = script.index(word, cursor)
            cursor = begin + len(word)
            seconds = 0.1 + 0.04 * len(word) + 0.02 * chance.random()
            samples.append(chance.uniform(-0.5, 0.5, round(seconds * SAMPLE_RATE)).astype(np.float32))
            words.append(SpokenWord(start=time, end=time + seconds, script_start=begin, script_end=cursor))
            syllables.append(Syllables(phonemes="a", start=begin, end=cursor))
            time += seconds
            pause = 0.2 if word[-1] in ".!?" else 0.01
            samples.append(np.zeros(round(pause * SAMPLE_RATE), np.float32))
            time += pause
        phones = tuple(Phone(symbol="a", start=word.start, end=word.end, stressed=True) for word in words)
        passages.append(Passage(words=tuple(syllables)))
        spoken.append(Speech(samples=np.concatenate(samples), phones=phones, words=tuple(words)))
    return tuple(passages), spoken


def sound(take: Take, text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What is heard from the first to the last word of a sentence."""
    assert take.speech is not None
    start = take.script.index(text)
    words = [word for word in take.speech.words if start <= word.script_start < start + len(text)]
    first, last = round(words[0].start * SAMPLE_RATE), round(words[-1].end * SAMPLE_RATE)
    return take.speech.samples[first + 1 : last - 1]


class TestSpeech:
    def test_sentences_that_stay_keep_their_sound_and_the_new_one_stands_between_them(self, brief: VideoBrief) -> None:
        first, second = takes_of(replace(changed(brief, change()), parent=None), say, delay=DELAY)
        sentences = [SCRIPT[slice(*span)] for span in sentence_spans(SCRIPT)]
        assert len(sentences) == 7
        for text in sentences:
            if text != OLD:
                assert np.array_equal(sound(first, text), sound(second, text)), text
        assert len(sound(second, NEW)) > len(sound(first, OLD))
        assert " ".join(word.text for word in second.words) == second.script
        assert first.speech is not None
        assert second.speech is not None
        difference = second.difference
        assert difference is not None
        until = int(difference.start * SAMPLE_RATE) - 100
        assert np.array_equal(first.speech.samples[:until], second.speech.samples[:until])
        assert difference.moved(first.words[-1].start) == pytest.approx(second.words[-1].start, abs=1e-6)

    def test_each_change_after_another_leaves_the_earlier_ones(self, brief: VideoBrief) -> None:
        one = change()
        two = change(one.changed, "Meet the Tarn Flask.", "This is the Tarn Flask for long days out.")
        takes = takes_of(replace(changed(brief, one, two), parent=None), say, delay=DELAY)
        for text in (NEW, "Cold all day, warm all night.", "Now $29.50 each."):
            assert np.array_equal(sound(takes[1], text), sound(takes[2], text)), text
        assert takes[2].script == two.changed

    def test_film_whose_voice_has_changed_is_not_made(self, brief: VideoBrief) -> None:
        first = takes_of(replace(brief, script=SCRIPT), say, delay=DELAY)[0]
        takes_of(changed(brief, change(), digest=digest_of(first.speech)), say, delay=DELAY)
        with pytest.raises(InputFault) as caught:
            takes_of(changed(brief, change(), digest="another"), say, delay=DELAY)
        assert caught.value.reason == "SCENE_CHANGED"


def boards(brief: VideoBrief, *changes: ScriptChange, shows: set[str] | None = None) -> list[tuple[Scene, ...]]:
    """The storyboards of a silent film before and after each change."""
    made: list[tuple[Scene, ...]] = []
    for take in takes_of(replace(changed(brief, *changes), parent=None, voice_over=False), say, delay=0.0):
        parts = parts_of(take.words, name="Tarn Flask", price=Price(now=29.5), code="TARN15")
        earlier = Earlier(scenes=made[-1], difference=take.difference) if take.difference else None
        board = storyboard(parts, shows=shows or set(), until=take.until, seconds=None, seed="a", earlier=earlier)
        made.append(board)
    return made


class TestShots:
    @pytest.mark.parametrize("new", [NEW, "Hot tea.", "Tea at noon, at nine, and at ten stays hot in it for you all."])
    @pytest.mark.parametrize("shows", [set(), {"photo", "cutout"}])
    def test_shots_before_the_change_stay_and_those_behind_it_are_of_the_same_kind(
        self, brief: VideoBrief, new: str, shows: set[str]
    ) -> None:
        before, after = boards(brief, change(new=new), shows=shows)
        until = next(scene.start for scene in before if OLD.startswith(scene.part.text.split()[0]))
        kept = [scene for scene in before if scene.end <= until]
        assert len(kept) >= 2
        assert list(after[: len(kept)]) == kept
        assert after[len(kept)].start == until
        behind = {scene.part.text: scene.shot for scene in before if scene.start > until + SHORTEST_SHOT_SECONDS}
        same = {scene.part.text: scene.shot for scene in after if scene.part.text in behind}
        assert len(same) >= 3
        assert same == {text: behind[text] for text in same}

    def test_shots_behind_a_sentence_that_takes_more_of_them_stay(self, brief: VideoBrief) -> None:
        rest = ("Quiet as early snow.", "Warm like an old coat.", "Easy to carry home.")
        plain = " ".join(("Cold all day and night.", "Soft on every tongue.", *rest))
        longer = "Soft on every tongue that ever tasted water, and gentle with the hands of all who carry it home."
        before, after = boards(brief, change(plain, "Soft on every tongue.", longer), shows={"photo", "cutout"})
        shots = [{s.part.text: s.shot.id for s in board if s.part.text in rest} for board in (before, after)]
        assert len(after) > len(before)
        assert shots[0] == shots[1]
        assert set(shots[0]) == set(rest)

    def test_spoken_sentence_begins_with_the_cut_that_it_has_before(self, brief: VideoBrief) -> None:
        words = [CaptionWord(text=word.text, start=word.start, end=word.end) for word in silent_words(SCRIPT)]
        place = next(number for number, word in enumerate(words) if word.text == "It")
        late = [
            *words[:place],
            *(replace(word, start=word.start + 0.4, end=word.end + 0.4) for word in words[place:]),
        ]
        difference = Difference(
            start=words[place - 1].end, end_before=words[place + 9].start, end=late[place + 9].start
        )
        arguments: dict[str, Any] = {"shows": set(), "seconds": None, "seed": "a"}
        before = storyboard(parts_of(words), until=words[-1].end, **arguments)
        earlier = Earlier(scenes=before, difference=difference)
        after = storyboard(parts_of(late), until=late[-1].end, earlier=earlier, **arguments)
        alone = storyboard(parts_of(late), until=late[-1].end, **arguments)
        number = next(number for number, scene in enumerate(before) if scene.part.words[0] == words[place])
        assert [scene.end for scene in after[:number]] == [scene.end for scene in before[:number]]
        assert alone[number].start != before[number].start


class Anybody:
    nearest = nearest_beside = 1.28


class TestPresenter:
    def takes(self, brief: VideoBrief, *changes: ScriptChange) -> list[Take]:
        return takes_of(replace(changed(brief, *changes), parent=None), say, delay=DELAY)

    @pytest.mark.parametrize("old", [OLD, "Meet the Tarn Flask.", "Now $29.50 each."])
    @pytest.mark.parametrize("seed", ["a", "b", "c", "d"])
    def test_shots_and_card_before_the_change_stay_and_those_behind_it_move_along(
        self, brief: VideoBrief, old: str, seed: str
    ) -> None:
        own = replace(brief, seed=seed, product_name="Tarn Flask")
        first, second = self.takes(own, change(old=old))
        assert first.speech is not None
        assert second.speech is not None
        assert second.difference is not None
        before = presenter_cut(own, first.words, first.speech.seconds, Anybody(), stays=True)
        after = presenter_cut(
            own, second.words, second.speech.seconds, Anybody(), stays=True, earlier=(before, second.difference)
        )
        start, moved = second.difference.start, second.difference.moved
        assert [shot for shot in after.shots if shot.start < start] == [s for s in before.shots if s.start < start]
        behind = [replace(s, start=moved(s.start)) for s in before.shots if s.start > second.difference.end_before + 1]
        assert [shot for shot in after.shots if shot.start > second.difference.end + 1] == behind
        starts = [shot.start for shot in after.shots]
        assert starts == sorted(set(starts))
        assert before.card is not None
        assert after.card is not None
        if before.card[0] < start:
            assert after.card[0] == before.card[0]

    def test_cut_away_that_reaches_into_the_change_ends_when_it_did(self) -> None:
        away = editing.Shot(start=3.0, product=True)
        back = editing.Shot(start=5.0, nearness=1.14)
        before = (editing.Shot(start=0.0), away, back, editing.Shot(start=9.0, nearness=1.28))
        made = editing.continued(before, (editing.Shot(start=0.0),), Difference(start=4.0, end_before=7.0, end=8.0))
        assert made == (*before[:3], editing.Shot(start=10.0, nearness=1.28))

    def test_movement_goes_on_from_that_before(self, brief: VideoBrief) -> None:
        moved = []
        for take in self.takes(brief, change()):
            assert take.speech is not None
            frames = int(take.speech.seconds * 25)
            shapes = visemes.mouths(take.speech.phones, take.speech.samples, frames=frames, frames_per_second=25)
            moved.append(motion.poses(take.speech.phones, shapes, seed="a", frames_per_second=25))
        before, after = moved
        made = motion.continued(before, after, 80)
        assert made[:80] == before[:80]
        assert made[80 + motion.TURN_FRAMES :] == after[80 + motion.TURN_FRAMES :]
        assert len(made) == len(after)
        leaps = [abs(two.x - one.x) for one, two in itertools.pairwise(made[78:95])]
        assert max(leaps) < abs(after[80].x - before[79].x)


def scene(script: str = SCRIPT, **fields: Any) -> video_pb2.FilmScene:
    request = video_pb2.GenerateVideoRequest(script=script, kind="product", language="en", voice_id="male-1", **fields)
    return video_pb2.FilmScene(version=SCENE_VERSION, request=request, seed="a", call_to_action="Buy now")


def asked(**fields: Any) -> video_pb2.ChangeFilmRequest:
    request = video_pb2.ChangeFilmRequest(user_id="u", **{"scene": scene(), **fields})
    request.brief.project.brand.banned_words.append("cheap")
    return request


class TestChanges:
    def test_sentence_is_named_by_number_or_by_its_words(self, brief: VideoBrief) -> None:
        wanted = SCRIPT.replace(OLD, NEW)
        by_number = changed_scene(asked(sentence_number=3, sentence=NEW))
        by_words = changed_scene(asked(replaces=OLD.replace(" ", "  "), sentence=NEW[:-1]))  # takes the mark before it
        assert script_of(by_number) == script_of(by_words) == wanted
        again = changed_scene(asked(scene=by_number, sentence_number=2, sentence="Here is the Tarn Flask!"))
        assert script_of(again) == wanted.replace("Meet the Tarn Flask.", "Here is the Tarn Flask!")
        made = with_scene(replace(brief, kind=VideoKind.PRODUCT), again, changes_before=1, parent=None)
        assert made.script == script_of(again) == made.changes[-1].changed
        assert made.changes[0].changed == made.changes[1].script

    def test_full_stop_of_an_abbreviation_ends_no_sentence(self) -> None:
        script = "Ask for approx. ten of them. Open until Dec. 6th. Come by."
        assert [script[slice(*span)] for span in sentence_spans(script)] == [
            "Ask for approx. ten of them.", "Open until Dec. 6th.", "Come by.",
        ]  # fmt: skip

    def test_label_of_the_button_is_changed_alone(self) -> None:
        made = changed_scene(asked(cta="See it now"))
        assert made.call_to_action == "See it now"
        assert script_of(made) == SCRIPT

    @pytest.mark.parametrize(
        ("fields", "field", "says"),
        [
            ({}, "changes", "at least one"),
            ({"sentence_number": 8, "sentence": NEW}, "changes.sentence.number", "7: “Find it at tarnflask.com.”"),
            ({"replaces": "It keeps tea hot.", "sentence": NEW}, "changes.sentence.replaces", "no sentence"),
            ({"sentence_number": 3, "sentence": OLD}, "changes.sentence.text", "already"),
            ({"sentence_number": 3, "sentence": "Hot tea. All day."}, "changes.sentence.text", "one sentence"),
            ({"sentence_number": 3, "sentence": "…!"}, "changes.sentence.text", "no words"),
            ({"sentence_number": 3, "sentence": "Hot чай all day."}, "changes.sentence.text", "cannot speak “чай”"),
            ({"sentence_number": 3, "sentence": f"{'Tea ' * 499}tea."}, "changes.sentence.text", "characters long"),
            (
                {"scene": scene("Cold all day. Warm all night.", seconds=6), "sentence_number": 2, "sentence": NEW},
                "changes.sentence.text",
                "has room for",
            ),
            ({"scene": scene("Go on now. Go on now."), "replaces": "Go on now.", "sentence": NEW},
             "changes.sentence.replaces", "2 times"),
            ({"cta": "Cheap!"}, "changes.cta", "banned"),
            ({"cta": "→"}, "changes.cta", "letter"),
            ({"cta": "今すぐ"}, "changes.cta", "cannot show"),
        ],
    )  # fmt: skip
    def test_change_that_cannot_be_made_is_named(self, fields: dict[str, Any], field: str, says: str) -> None:
        with pytest.raises(Refusal) as caught:
            changed_scene(asked(**fields))
        assert [violation.field for violation in caught.value.fields] == [field]
        assert says in caught.value.message

    def test_scene_of_a_version_that_is_gone_is_refused(self) -> None:
        old = scene()
        old.version = SCENE_VERSION - 1
        with pytest.raises(SceneVersionGone):
            changed_scene(asked(scene=old, cta="See it now"))

    def test_script_is_changed_a_limited_number_of_times(self) -> None:
        made = scene()
        for number in range(MOST_CHANGES):
            text = f"Number {number} is here."
            made.changes.append(video_pb2.ScriptChange(start=0, end=sentence_spans(script_of(made))[0][1], text=text))
        with pytest.raises(ValidationFailed, match="times"):
            changed_scene(asked(scene=made, sentence_number=3, sentence=NEW))
