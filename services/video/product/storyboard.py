"""The storyboard of a product film: which shot shows which part of the script, from when until when."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.video.domain import Difference
from services.video.product.parts import END_MARKS, Part
from services.video.product.shots import Shot, shots
from services.video.script.markup import shown_word

BEAT_SECONDS: Final = 0.48  # 125 beats a minute, twelve frames
LEAD_SECONDS: Final = 0.12  # a shot begins this long before its first word
NEAR_BEAT_SECONDS: Final = 0.14  # a cut this close to a beat falls on it
SHORTEST_SHOT_SECONDS: Final = 1.15  # shorter parts are shown with the one before
GATHERED_WORDS: Final = 12  # of short parts that one shot shows
SENTENCE_WORDS: Final = 15  # likewise, of one sentence
READING_SECONDS: Final = 0.3  # of a word
SETTLING_SECONDS: Final = 0.5  # until what comes in can be read
END_SECONDS: Final = 2.4  # of the end card after the last word
MOST_END_SECONDS: Final = 4.4  # of it: nothing in it changes once it has come in
RECAP_SECONDS: Final = 3.2  # of a shot that shows a part once more, in a film that is longer than its words
SHORTEST_END_SECONDS: Final = 1.6  # of it in a film of a wanted length
SHORTEST_FILM_SECONDS: Final = 5.0  # what ad platforms accept
FIRST_WORD_SECONDS: Final = 0.30
TELLING: Final = frozenset({"price", "offer", "code"})  # what no other shot may swallow
SAME_SECONDS: Final = 0.002  # two words that begin as close together are the same one


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A shot with the part it shows, `start` to `end` in seconds of the film."""

    shot: Shot
    part: Part
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The film before a change of its script, and where this one differs from it."""

    scenes: tuple[Scene, ...]
    difference: Difference

    def scene_of(self, part: Part) -> Scene | None:
        """The scene that begins with the first word of an unchanged part; None where none does."""
        first, last = part.words[0].start, part.words[-1].end
        if last <= self.difference.start + SAME_SECONDS:
            return self._beginning_at(first)
        if first >= self.difference.end - SAME_SECONDS:
            return self._beginning_at(first - self.difference.end + self.difference.end_before)
        return None

    def replaced_scene(self, part: Part, before: Part) -> Scene | None:
        """The scene that began with the sentence whose place another one takes, for the part that begins that one; None
        for other parts, and where the sentence began within a scene. before: the part before it."""
        if not self.is_changed(part) or self.is_changed(before):
            return None
        earlier = [scene for scene in self.scenes[:-1] if scene.part.words[0].start < self._start]
        if earlier and earlier[-1].part.words[-1].end > self.difference.start + SAME_SECONDS:
            return None
        return next((scene for scene in self.scenes[len(earlier) : -1]), None)

    def is_changed(self, part: Part) -> bool:
        """Whether a part begins within the new sentence."""
        return self._start <= part.words[0].start < self.difference.end - SAME_SECONDS

    @property
    def _start(self) -> float:
        return self.difference.start - SAME_SECONDS

    def _beginning_at(self, time: float) -> Scene | None:
        return next((scene for scene in self.scenes[:-1] if abs(scene.part.words[0].start - time) < SAME_SECONDS), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWord:
    """A word of a silent film, and when it is read."""

    text: str
    start: float
    end: float


def storyboard(
    parts: Sequence[Part],
    *,
    shows: Collection[str],
    until: float,
    seconds: float | None,
    seed: str,
    earlier: Earlier | None = None,
) -> tuple[Scene, ...]:
    """Returns the scenes of a film without gaps, the end card last.

    shows: what there is to show, of shots.NEEDS. until: when the last word ends. seconds: the wanted length; where the
    words leave more than an end card can stand for, parts are shown once more. seed: chooses among shots that fit
    equally. earlier: where the script was changed: parts that it has too keep their shots, those before the change with
    the times too.
    """
    if not parts:
        raise ValueError("a film has at least one part")
    gathered = _gathered(parts, earlier)
    starts = [0.0, *(_start(part, before, earlier) for before, part in itertools.pairwise(gathered))]
    turn = max(_on_beat(until + 0.2), starts[-1] + SHORTEST_SHOT_SECONDS)
    end = max(seconds or 0.0, turn + (SHORTEST_END_SECONDS if seconds else END_SECONDS), SHORTEST_FILM_SECONDS)
    again = _recaps(gathered, turn, end)
    if again:
        starts += [part.words[0].start - LEAD_SECONDS for part in again]
        gathered, turn = [*gathered, *again], end - END_SECONDS
    chosen = _chosen(gathered, shows, seed, _kept_shots(gathered[: len(gathered) - len(again)], earlier))
    scenes = [
        Scene(shot=shot, part=part, start=start, end=after)
        for shot, part, start, after in zip(chosen, gathered, starts, [*starts[1:], turn], strict=True)
    ]
    closing = Part(words=gathered[-1].words, says="end")
    return (*scenes, Scene(shot=_fitting("end", shows)[0], part=closing, start=turn, end=end))


def _recaps(parts: Sequence[Part], start: float, end: float) -> list[Part]:
    """Parts to show once more from `start` until the end card, with their words in these times; none where the end card
    alone fills the time. A part whose words take longer than a shot is passed over."""
    if end - start <= MOST_END_SECONDS:
        return []
    count = max(1, round((end - start - END_SECONDS) / RECAP_SECONDS))
    length = (end - start - END_SECONDS) / count
    fitting = [part for part in parts if _spoken_seconds(part) <= length - SETTLING_SECONDS]
    fitting = fitting or [min(parts, key=_spoken_seconds)]
    return [_retimed(fitting[number % len(fitting)], start + number * length, length) for number in range(count)]


def _spoken_seconds(part: Part) -> float:
    return part.words[-1].end - part.words[0].start


def _retimed(part: Part, start: float, length: float) -> Part:
    """A part whose words begin with a shot of that start and length."""
    first = part.words[0].start
    pace = min(1.0, (length - SETTLING_SECONDS) / max(_spoken_seconds(part), 0.01))
    words = tuple(
        TimedWord(
            text=word.text,
            start=start + LEAD_SECONDS + (word.start - first) * pace,
            end=start + LEAD_SECONDS + (word.end - first) * pace,
        )
        for word in part.words
    )
    return replace(part, words=words, says="plain" if part.says == "hook" else part.says)


def _start(part: Part, before: Part, earlier: Earlier | None) -> float:
    """When the shot of a part begins. A new sentence's begins when that of the sentence before the change did: the shot
    before it stays as long as it was."""
    replaced = earlier.replaced_scene(part, before) if earlier is not None else None
    if replaced is not None:
        return replaced.start
    return _on_beat(part.words[0].start - LEAD_SECONDS)


def _kept_shots(parts: Sequence[Part], earlier: Earlier | None) -> dict[int, Shot]:
    """The shots of the parts that the earlier film shows too, by their numbers."""
    if earlier is None:
        return {}
    scenes = {number: earlier.scene_of(part) for number, part in enumerate(parts)}
    return {
        number: scene.shot
        for number, scene in scenes.items()
        if scene is not None and scene.part.text == parts[number].text and scene.part.says == parts[number].says
    }


def _begins_scene(part: Part, before: Part, earlier: Earlier | None) -> bool:
    """Whether a part begins a scene since it does so in the earlier film. A changed sentence that is too short for a
    shot takes the part behind it along."""
    if earlier is None:
        return False
    if earlier.is_changed(part):
        return earlier.replaced_scene(part, before) is not None
    is_short = part.words[0].start - before.words[0].start < SHORTEST_SHOT_SECONDS
    return earlier.scene_of(part) is not None and not (is_short and earlier.is_changed(before))


def _gathered(parts: Sequence[Part], earlier: Earlier | None) -> list[Part]:
    """Parts with those that are too short for a shot joined to a neighbour; the one that says more keeps its shot. The
    beginning of a sentence is joined to its rest rather than to the sentence before."""
    made: list[Part] = []
    for place, part in enumerate(parts):
        if made and not _begins_scene(part, made[-1], earlier):
            last = made[-1]
            opens = len(made) == 1  # a film's first shot begins with the film
            before = part.words[0].start - (LEAD_SECONDS if opens else last.words[0].start)
            own = part.words[-1].end - part.words[0].start
            is_waiting = own < SHORTEST_SHOT_SECONDS and not opens and _opens_sentence(part, last, parts[place + 1 :])
            short = before < SHORTEST_SHOT_SECONDS or (own < SHORTEST_SHOT_SECONDS and part.says not in TELLING)
            most = GATHERED_WORDS if last.text[-1:] in END_MARKS else SENTENCE_WORDS
            if short and not is_waiting and len(last.words) + len(part.words) <= most:
                keeps = max(last, part, key=lambda each: (each.says in TELLING, each.says != "plain"))
                made[-1] = replace(keeps, words=(*last.words, *part.words))
                continue
        made.append(part)
    return made


def _opens_sentence(part: Part, before: Part, after: Sequence[Part]) -> bool:
    """Whether a short part begins a sentence of which the next part, which it will be joined to, has the rest."""
    if not after or part.text[-1:] in END_MARKS or before.text[-1:] not in END_MARKS:
        return False
    return len(part.words) + len(after[0].words) <= SENTENCE_WORDS and part.says not in TELLING


def _chosen(parts: Sequence[Part], shows: Collection[str], seed: str, kept: Mapping[int, Shot]) -> list[Shot]:
    """A shot for each part: the one kept for its number, or the first that fits, plain ones in turn, never the same
    twice running."""
    made: list[Shot] = []
    plain = _fitting("plain", shows)
    chance = random.Random(f"shots {seed}")
    rest = [shot for shot in plain if shot.id != "hero"]
    offset = chance.randrange(len(rest))
    turns = [*rest[offset:], *rest[:offset]]
    seen_product = not set(shows) - {"drawing"}  # without a picture of it, only its name calls for the hero
    for number, part in enumerate(parts):
        beside = [*made[-1:], *([kept[number + 1]] if number + 1 in kept and number not in kept else [])]
        if number in kept:
            shot = kept[number]
            turns = [each for each in turns if each is not shot] + [each for each in turns if each is shot]
        elif part.says == "plain":
            if not seen_product and made:
                shot = next(shot for shot in plain if shot.id == "hero")
            else:
                shot = next((each for each in turns if each not in beside), turns[0])
                turns = [each for each in turns if each is not shot] + [shot]
        else:
            fitting = _fitting(part.says, shows)
            shot = next((each for each in fitting if each not in beside), fitting[0])
            if made and shot is made[-1]:
                shot = next(each for each in turns if each is not made[-1])
        seen_product = seen_product or shot.product == "hero"
        made.append(shot)
    return made


def _fitting(says: str, shows: Collection[str]) -> list[Shot]:
    return [shot for shot in shots() if says in shot.says and (not shot.needs or shot.needs & set(shows))]


def _on_beat(time: float) -> float:
    """The nearest beat if it is near, else the time itself; at least one beat in."""
    beat = round(time / BEAT_SECONDS) * BEAT_SECONDS
    return max(BEAT_SECONDS, beat if abs(beat - time) <= NEAR_BEAT_SECONDS else time)


def silent_words(script: str) -> tuple[TimedWord, ...]:
    """The script's words at the pace of reading: READING_SECONDS each, with a pause at every sentence's end."""
    made: list[TimedWord] = []
    time = FIRST_WORD_SECONDS
    for text in map(shown_word, script.split()):
        spent = READING_SECONDS + max(0, len(text) - 9) * 0.03
        made.append(TimedWord(text=text, start=time, end=time + spent))
        time += spent
        if text.rstrip("\"')”’»")[-1:] in ".!?…":
            time += SETTLING_SECONDS
        elif text[-1:] in ",;:–—":
            time += SETTLING_SECONDS / 3
    return tuple(made)


def silent_seconds(script: str) -> float:
    """How long a silent film of the script is at least, end card included."""
    words = silent_words(script)
    return max(SHORTEST_FILM_SECONDS, (words[-1].end if words else 0.0) + 0.2 + BEAT_SECONDS / 2 + END_SECONDS)
