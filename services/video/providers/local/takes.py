"""The speech of a script, and of one of whose sentences others have taken the place.

The voice says a sentence together with its neighbours, which decide how it sounds. A new sentence is therefore said
within them and then cut out: it stands between the sentences as they were said before, whose sound stays bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from services.chassis.errors import InputFault
from services.video.domain import Difference, ScriptChange, VideoBrief
from services.video.product.storyboard import silent_words
from services.video.providers.local import captions
from services.video.providers.local.captions import CaptionWord
from services.video.providers.local.kokoro import SAMPLE_RATE, SENTENCE_PAUSE_SECONDS, Speech, joined
from services.video.providers.local.phonemes import Passage
from services.video.script.markup import shown

Say = Callable[[str], tuple[tuple[Passage, ...], list[Speech]]]
"""Says a script: its passages, and the speech of each."""

SCENE_CHANGED: Final = "SCENE_CHANGED"
QUIET_SAMPLES: Final = SAMPLE_RATE // 100  # over which the quietest place of a pause is sought
EDGE_SAMPLES: Final = SAMPLE_RATE // 250  # faded on either side of a cut: it lies in a pause, and must not click


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A script with its speech and when its words are said. speech: None of a silent film. difference: from the take
    before; None of the first."""

    script: str
    speech: Speech | None
    words: tuple[CaptionWord, ...]
    difference: Difference | None = None

    @property
    def until(self) -> float:
        """When the last word ends, in seconds."""
        return max(self.speech.seconds if self.speech is not None else 0.0, self.words[-1].end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Speech that was said in one breath, for the characters from `start` to before `end` of the script."""

    speech: Speech
    start: int
    end: int
    pause: float


def takes_of(brief: VideoBrief, say: Say, *, delay: float) -> list[Take]:
    """The first take of a brief's script, and one for each of its changes, the current script last.

    delay: the silence before the speech, in seconds. Raises InputFault SCENE_CHANGED when the speech of the film before
    the last change does not come out as it was.
    """
    takes = _spoken(brief, say, delay) if brief.voice_over else _silent(brief)
    if brief.parent is not None and digest_of(takes[brief.parent.changes].speech) != brief.parent.speech_digest:
        raise InputFault(
            SCENE_CHANGED,
            "The film cannot be made again exactly: the voice does not say the script as it did. Generate a new film.",
        )
    return takes


def digest_of(speech: Speech | None) -> str:
    """SHA-256 of the samples, hexadecimal; "" without speech."""
    return hashlib.sha256(speech.samples.tobytes()).hexdigest() if speech is not None else ""


def delayed(speech: Speech, seconds: float) -> Speech:
    """The speech after a silence."""
    silent = Speech(samples=np.zeros(round(seconds * SAMPLE_RATE), np.float32), phones=(), words=())
    return joined([silent, speech], pause_seconds=0.0)


def _spoken(brief: VideoBrief, say: Say, delay: float) -> list[Take]:
    script = brief.changes[0].script if brief.changes else brief.script
    parts = _parts(script, *say(script))
    takes = [_take(script, parts, delay, None)]
    for change in brief.changes:
        parts, difference = _changed(parts, change, say)
        late = Difference(
            start=difference.start + delay, end_before=difference.end_before + delay, end=difference.end + delay
        )
        takes.append(_take(change.changed, parts, delay, late))
    return takes


def _take(script: str, parts: Sequence[_Part], delay: float, difference: Difference | None) -> Take:
    speech = joined([part.speech for part in parts], pauses=[part.pause for part in parts])
    speech = delayed(speech, delay)
    return Take(script=script, speech=speech, words=captions.timed_words(script, speech.words), difference=difference)


def _silent(brief: VideoBrief) -> list[Take]:
    script = brief.changes[0].script if brief.changes else brief.script
    takes = [_read(script, None)]
    for change in brief.changes:
        before, after = takes[-1].words, _read(change.changed, None).words
        kept = len(shown(change.script[: change.start]).split())
        left = len(shown(change.script[change.end :]).split())
        difference = Difference(
            start=after[kept - 1].end if kept else 0.0,
            end_before=before[-left].start if left else before[-1].end,
            end=after[-left].start if left else after[-1].end,
        )
        takes.append(_read(change.changed, difference))
    return takes


def _read(script: str, difference: Difference | None) -> Take:
    words = silent_words(shown(script))
    read = tuple(CaptionWord(text=word.text, start=word.start, end=word.end) for word in words)
    return Take(script=script, speech=None, words=read, difference=difference)


def _parts(script: str, passages: Sequence[Passage], spoken: Sequence[Speech]) -> list[_Part]:
    """Each passage with its stretch of the script; the stretches leave no gap."""
    starts = [0, *(passage.words[0].start for passage in passages[1:])]
    return [
        _Part(speech=speech, start=start, end=end, pause=passage.pause)
        for passage, speech, start, end in zip(passages, spoken, starts, [*starts[1:], len(script)], strict=True)
    ]


def _changed(parts: Sequence[_Part], change: ScriptChange, say: Say) -> tuple[list[_Part], Difference]:
    """The parts with another sentence in place of one, and where they differ, without the silence before the film."""
    touched = [place for place, part in enumerate(parts) if part.start < change.end and part.end > change.start]
    first, last = touched[0], touched[-1]
    start, end = parts[first].start, parts[last].end
    old = parts[first : last + 1]
    before = joined([part.speech for part in old], pauses=[part.pause for part in old])
    passages, spoken = say(change.changed[start : end + change.longer])
    context = _shifted(joined(spoken, pauses=[passage.pause for passage in passages]), start)
    head = _piece(before, 0, change.start)
    new = _piece(context, change.start, change.start + len(change.text))
    tail = _piece(before, change.end, len(change.script))
    made = _Part(
        speech=_concatenated([head, new, _shifted(tail, change.longer)]),
        start=start,
        end=end + change.longer,
        pause=parts[last].pause,
    )
    begin = _seconds_before(parts, first) + head.seconds
    difference = Difference(
        start=begin, end_before=begin + before.seconds - head.seconds - tail.seconds, end=begin + new.seconds
    )
    after = [
        replace(part, speech=_shifted(part.speech, change.longer), start=part.start + change.longer,
                end=part.end + change.longer)
        for part in parts[last + 1 :]
    ]  # fmt: skip
    return [*parts[:first], made, *after], difference


def _seconds_before(parts: Sequence[_Part], count: int) -> float:
    """When the part after the first `count` ones begins, as `joined` sets them."""
    return sum(part.speech.seconds + max(SENTENCE_PAUSE_SECONDS, part.pause) for part in parts[:count])


def _piece(speech: Speech, start: int, end: int) -> Speech:
    """What is said for the characters from `start` to before `end`, cut where the pauses around it are quietest."""
    numbers = [number for number, word in enumerate(speech.words) if start <= word.script_start < end]
    if not numbers:
        return Speech(samples=np.zeros(0, np.float32), phones=(), words=())
    first = _quietest(speech, numbers[0])
    last = _quietest(speech, numbers[-1] + 1)
    samples = speech.samples[first:last].copy()
    ramp = np.linspace(0, 1, min(EDGE_SAMPLES, len(samples) // 2), dtype=np.float32)
    if first:
        samples[: len(ramp)] *= ramp
    if last < len(speech.samples):
        samples[len(samples) - len(ramp) :] *= ramp[::-1]
    begin, stop = first / SAMPLE_RATE, last / SAMPLE_RATE
    return Speech(
        samples=samples,
        phones=tuple(
            replace(phone, start=max(0.0, phone.start - begin), end=min(stop, phone.end) - begin)
            for phone in speech.phones
            if begin <= (phone.start + phone.end) / 2 < stop
        ),
        words=tuple(
            replace(word, start=word.start - begin, end=word.end - begin)
            for word in (speech.words[number] for number in numbers)
        ),
    )


def _quietest(speech: Speech, number: int) -> int:
    """The sample at which the pause before the word of that number is quietest; the speech's ends for its first word
    and behind its last."""
    if number == 0:
        return 0
    if number == len(speech.words):
        return len(speech.samples)
    first, last = (round(time * SAMPLE_RATE) for time in (speech.words[number - 1].end, speech.words[number].start))
    middle = (first + last) // 2
    if last - first <= 2 * QUIET_SAMPLES:
        return middle
    power = np.convolve(speech.samples[first:last].astype(np.float64) ** 2, np.ones(QUIET_SAMPLES), mode="valid")
    return first + int(np.argmin(power)) + QUIET_SAMPLES // 2


def _concatenated(pieces: Sequence[Speech]) -> Speech:
    return joined([piece for piece in pieces if len(piece.samples)], pause_seconds=0.0)


def _shifted(speech: Speech, characters: int) -> Speech:
    """The same speech for words that stand so many characters further on in the script."""
    return replace(
        speech,
        words=tuple(
            replace(word, script_start=word.script_start + characters, script_end=word.script_end + characters)
            for word in speech.words
        ),
    )
