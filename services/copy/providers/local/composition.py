"""From a frame to a text: the hook, the sentence that brings the product in, what the brief supports, and the end.

Each format has a shape of its own: a short text is two or three sentences, a hook is paid off in one, a long text has
paragraphs that each do one thing, and a story keeps scene, turn and ending apart.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from services.copy.domain import Format, Tone
from services.copy.providers.local import english, library
from services.copy.providers.local.facts import Fact, FactKind, content_words, words_of_line
from services.copy.providers.local.library import Frame
from services.copy.providers.local.phrases import Missing, Phrases
from services.copy.providers.local.request import Order

HOOK_TRIM = 4  # characters that polish may take off a hook
_BRIDGE_TRIES = 3  # bridges need facts of some kind; three draws find one that fits or there is hardly any
_SUPPORT = "{support}"  # a sentence from the brief, whichever can be made
_SHARE_OF_FACTS = 0.6
_LIST_ROWS = 5
_LISTED = frozenset({FactKind.DOES, FactKind.HAS, FactKind.IS, FactKind.CAN, FactKind.NONE, FactKind.BARE})
_LIST_ODDS = 0.3  # one long text in three has its facts as a list
_PRICE_ODDS = {Tone.LUXE: 0.0, Tone.PROFESSIONAL: 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Hook and body before they are polished; `closer`, `lines` and `facts` are what they were made with."""

    hook: str
    body: str
    closer: str
    lines: frozenset[str]
    facts: frozenset[int]
    words: frozenset[str]  # its content words, offers aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A frame that could be filled."""

    hook: str
    opening: str
    turn: str
    phrases: Phrases
    words: frozenset[str]  # content words of the hook


def compose(
    frame: Frame, lead: Fact | None, facts: list[Fact], order: Order, random_: random.Random, *, plain: bool
) -> Text | None:
    """The frame filled for this order; None where the brief has nothing for one of its slots."""
    start = _start(frame, lead, facts, order, random_)
    if start is None:
        return None
    return _text(start, order, random_, plain=plain)


def _start(frame: Frame, lead: Fact | None, facts: list[Fact], order: Order, random_: random.Random) -> Start | None:
    said = words_of_line(frame.hook)
    if said & order.subject.words or frame.senses:  # what the opening line speaks of comes first
        facts = sorted(facts, key=lambda fact: -len(fact.words & said) - len(fact.senses & frame.senses))
    opened = Phrases(order.stock, random_, facts, lead=lead)
    try:
        hook = opened.fill(frame.hook)
        if len(hook) > order.layout.hook + HOOK_TRIM:
            return None
        opening = opened.fill(frame.opening) if frame.opening else ""
    except Missing:
        return None
    words = content_words(hook) if "{" in frame.hook else said
    turns = _turns(frame, len(facts), order, random_)
    for number, turn in enumerate(turns, start=1):
        phrases = opened if number == len(turns) else opened.copy()
        try:
            if turn == _SUPPORT:
                line = phrases.support(named=order.subject.name in hook, room=120, said=words, count=1) or ""
            else:
                line = phrases.fill(turn)
        except Missing:
            continue
        if turn.endswith("{truth}") and len(content_words(line) & words) > 1:
            continue  # it says again what the hook has said
        if not line or (lead is not None and lead.order not in {fact.order for fact in phrases.used}):
            continue
        if len(hook) + 1 + len(opening) + 1 + len(line) > order.layout.whole and number < len(turns):
            continue
        return Start(hook=hook, opening=opening, turn=line, phrases=phrases, words=words)
    return None


def _turns(frame: Frame, known: int, order: Order, random_: random.Random) -> list[str]:
    """What may follow the hook, the first that can be filled."""
    bridges = library.bridges()[order.brief.tone]
    if frame.body:
        return [frame.body]
    if order.limited:
        return [random_.choice(bridges.bare), *bridges.bare]
    if not known and not order.subject.definition:
        return [random_.choice(bridges.bare)]
    turns = [random_.choice(bridges.long)] if order.brief.format is Format.LONG and order.layout.body > 200 else []
    turns += random_.sample(bridges.bridges, k=min(_BRIDGE_TRIES, len(bridges.bridges)))
    turns.append(_SUPPORT)
    if known < 2 and order.brief.format is not Format.LONG:
        # little to say: what anyone in the trade would sign says more than the same fact in every text
        turns.insert(random_.randrange(2), random_.choice(bridges.bare) + " {truth}")
    if order.subject.loose:
        turns = [turn for turn in turns if "{is} {def}" not in turn and "{Itis} {def}" not in turn]
    return turns


def _closers(order: Order) -> tuple[str, ...]:
    voice = library.voices()[order.brief.tone]
    return voice.endings if order.brief.format is Format.STORY else voice.closers


def _price(order: Order, random_: random.Random) -> str:
    wanted, subject, tone = order.instructions.price, order.subject, order.brief.tone
    if not subject.price or wanted is False:
        return ""
    if not wanted and (
        order.brief.format not in {Format.SHORT, Format.LONG} or random_.random() >= _PRICE_ODDS.get(tone, 0.3)
    ):
        return ""
    return random_.choice(library.voices()[tone].price).replace("{price}", subject.price).replace("{P}", subject.name)


def _text(start: Start, order: Order, random_: random.Random, *, plain: bool) -> Text:
    layout, form, limited = order.layout, order.brief.format, order.limited
    closer, price = random_.choice(_closers(order)), _price(order, random_)
    reserved = sum(len(text) + 2 for text in (order.offers, price) if text)
    limit = min(layout.body, layout.whole - len(start.hook) - 1) - reserved
    plain = plain or limited
    paragraphs = form in {Format.LONG, Format.STORY} and layout.body > 200 and not limited
    grown = _Grown(start, order, random_, limit=limit, plain=plain)
    if paragraphs and form is Format.LONG:
        blocks = grown.long()
    elif paragraphs:
        blocks = grown.story()
    else:
        blocks = [grown.short()]
    used = sum(map(len, blocks)) + 2 * len(blocks)
    blocks.extend(part for part in (price, order.offers) if part)
    if limited or (form is Format.HOOK and not plain) or (form is Format.STORY and not paragraphs):
        closer = ""
    ended = form in {Format.LONG, Format.STORY}
    if not closer or used + len(closer) + 2 > limit or not (ended or used < 0.75 * layout.aim):
        closer = ""
    blocks.append(closer)
    return Text(
        hook=start.hook,
        body=("\n\n" if paragraphs else " ").join(block for block in blocks if block),
        closer=closer,
        lines=frozenset(start.phrases.lines),
        facts=frozenset(fact.order for fact in start.phrases.used),
        words=grown.words.union(words_of_line(closer), words_of_line(price)),
    )


class _Grown:
    """One body under way: how much room is left, what was said, whether the product was named."""

    def __init__(self, start: Start, order: Order, random_: random.Random, *, limit: int, plain: bool) -> None:
        self._start, self._order, self._random, self._plain = start, order, random_, plain
        self._phrases = start.phrases
        said = f"{start.hook} {start.opening} {start.turn}"
        self.words = start.words | content_words(f"{start.opening} {start.turn}")
        self._length = len(said)
        self._end = said[-20:].rstrip(".")
        self._named = order.subject.name in said
        self._left = limit - len(start.opening) - len(start.turn) - 2

    def short(self) -> str:
        """One paragraph: the turn, and as many facts as the layout wants."""
        layout = self._order.layout
        parts = [part for part in (self._start.opening, self._start.turn) if part]
        aim = layout.aim - sum(map(len, parts))
        if layout.facts and not self._plain:
            self._explain(parts, aim=aim)
        for _ in range(max(layout.facts, 0 if self._named else 1)):
            if (self._plain and self._named) or (self._named and sum(map(len, parts)) > layout.aim):
                break
            sentence = self._support(count=2 if layout.facts else 1)
            if sentence is None:
                break
            parts.append(sentence)
        return " ".join(parts)

    def long(self) -> list[str]:
        """Paragraphs: the turn and what the product is; what it does, and what that means; an occasion."""
        first = [part for part in (self._start.opening, self._start.turn) if part]
        self._explain(first, aim=90)
        blocks = [" ".join(first)]
        layout, tone = self._order.layout, self._order.brief.tone
        rows = self._rows() if layout.bullets and tone is not Tone.LUXE and self._random.random() < _LIST_ODDS else []
        if rows:
            opener = self._random.choice(library.voices()[tone].openers)
            self.words |= words_of_line(opener)
            blocks.append("\n".join([opener, *(f"• {english.upper_first(row)}" for row in rows)]))
        else:
            points = self._points()
            blocks.extend(
                " ".join(filter(None, (part for pair in points[at : at + 2] for part in pair)))
                for at in range(0, len(points), 2)
            )
        blocks.append(self._occasion())
        return blocks

    def story(self) -> list[str]:
        """Scene; turn, with what the product does; the ending follows."""
        turn = [self._start.turn]
        self._explain(turn, aim=90)
        for _ in range(self._order.layout.facts):
            sentence = self._support(count=2)
            if sentence is None:
                break
            turn.append(sentence)
        return [part for part in (self._start.opening, " ".join(turn)) if part]

    # -- pieces --------------------------------------------------------------------------------------------------------

    def _take(self, text: str, *, unlike: frozenset[str] = frozenset()) -> bool:
        """Takes the room that a text needs, if there is enough, and if it holds none of the words of `unlike`."""
        if len(text) + 1 > self._left:
            return False
        words = content_words(text)
        if words & unlike:
            return False
        self._left -= len(text) + 1
        self.words |= words
        self._length += len(text) + 1
        self._end = text[-20:].rstrip(".")
        return True

    def _explain(self, parts: list[str], *, aim: int) -> None:
        """Adds what the fact named last means, where there is something to say and room for it."""
        for fact in self._phrases.used[-1:]:
            if not self._end.endswith(fact.text[-8:]):
                return  # the line would follow something else
            line = self._phrases.meaning(fact, room=min(self._left, aim))
            if line and self._take(line, unlike=self._start.words):  # nor what the hook has said
                parts.append(line)

    def _support(self, *, count: int) -> str | None:
        sentence = self._phrases.support(named=self._named, room=self._left - 1, said=self.words, count=count)
        if sentence is None:
            return None
        self._take(sentence)
        self._named = self._named or self._order.subject.name in sentence
        return sentence

    def _enough(self) -> int:
        """How many facts one long text tells: not all, or five of them would tell the same."""
        count = len(self._order.facts)
        if count < 4:
            return self._random.randint(max(1, count - 1), max(1, count))
        return 3 if self._plain else max(3, math.ceil(_SHARE_OF_FACTS * count))

    def _rows(self) -> list[str]:
        """Facts for a list, one a row; empty if there are fewer than three."""
        rows: list[str] = []
        enough = self._enough()
        for _ in range(min(_LIST_ROWS, enough)):
            try:
                fact = self._phrases.take(_LISTED, room=70, apart_from=self.words)
            except Missing:
                break
            rows.append(self._phrases.fragment(fact))
        if len(rows) < 3:
            self._phrases.used[len(self._phrases.used) - len(rows) :] = []
            return []
        for row in rows:
            self._take(row)
        return rows

    def _points(self) -> list[tuple[str, str]]:
        """Sentences from the brief, each with a line on what it means, or an empty one."""
        layout = self._order.layout
        points: list[tuple[str, str]] = []
        size = self._length
        enough = self._enough()
        for _ in range(layout.facts):
            if len(self._phrases.used) >= enough:
                break
            sentence = self._support(count=min(2, enough - len(self._phrases.used)))
            if sentence is None:
                break
            fact = self._phrases.used[-1]
            meaning = self._phrases.meaning(fact, room=self._left) or ""
            if meaning and not self._take(meaning, unlike=self._start.words):
                meaning = ""
            points.append((english.upper_first(sentence), meaning))
            size += len(sentence) + len(meaning)
            if size > layout.aim:
                break
        return points

    def _occasion(self) -> str:
        """What anyone in the trade would sign, how it is used, and when: as much as the text lacks."""
        order = self._order
        parts: list[str] = []
        moment = self._random.choice(library.bridges()[order.brief.tone].moments)
        extras = ["{truth}", "{step}", moment]
        for extra in extras[: 2 if order.subject.kind == "cause" else 3]:
            if self._length + 40 > order.layout.aim or self._left < 60:
                break
            try:
                line = self._phrases.fill(extra)
            except Missing:
                continue
            if self._take(line, unlike=self.words):
                parts.append(line)
        return " ".join(parts)
