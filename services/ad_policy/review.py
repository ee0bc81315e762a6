"""Reviews texts: which rules of advertising they break, by which words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from services.ad_policy.disguise import PlainText, Vocabulary, plain_text
from services.ad_policy.rules import Rule, Severity, active_rules, rules
from services.ad_policy.subject import Subject
from services.ad_policy.wording import Wording

_WORD = re.compile(r"[^\W_]+")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b(?:[^\w.!?\n]+[A-Z]{2,}\b){2,}")
_LETTERS_OF_CAPITALS = 12  # shorter runs are abbreviations in a row: "USB HDMI LAN"
_MARKS = re.compile(r"[!?]*(?:!!|\?\?\?|!\?|\?!)[!?]*")
_SHORTEST_STEM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule of advertising.

    rule: its id. words: the exact words of the text. why: one plain line. source: the policy, with the date as of which
    it is known. severity: leave_out (must not run), needs (must carry something beside it), note (worth a look). keeps:
    for `needs`, whether a text must carry it as soon as the customer's own texts do.
    """

    rule: str
    words: str
    why: str
    source: str
    severity: Severity
    keeps: bool = False


class _Role(Enum):
    CLAIM = 0
    UNLESS = 1
    SATISFIED = 2


@dataclass(frozen=True, slots=True)
class _Row:
    """A wording in its place: number of the rule, what it is there for, the only language that it is for."""

    rule: int
    role: _Role
    language: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class _Index:
    """All wordings, by the words that they cannot do without: whole words, and beginnings of words."""

    rows: tuple[_Row, ...]
    words: dict[str, tuple[int, ...]]
    stems: dict[str, tuple[int, ...]]
    longest_stem: int


@cache
def _index() -> _Index:
    rows = [
        row
        for number, rule in enumerate(rules())
        for row in (
            *(_Row(number, _Role.CLAIM, language, wording) for language, wording in rule.wordings),
            *(_Row(number, _Role.UNLESS, "", wording) for wording in rule.unless),
            *(_Row(number, _Role.SATISFIED, "", wording) for wording in rule.satisfied),
        )
    ]
    words: dict[str, list[int]] = {}
    stems: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for letters, open_ended in row.wording.anchors:
            (stems if open_ended else words).setdefault(letters, []).append(number)
    return _Index(
        tuple(rows),
        {key: tuple(value) for key, value in words.items()},
        {key: tuple(value) for key, value in stems.items()},
        max(map(len, stems)),
    )


@lru_cache(maxsize=16384)
def _triggered(word: str) -> tuple[int, ...]:
    """The wordings that a word can stand in."""
    index = _index()
    found = list(index.words.get(word, ()))
    for length in range(_SHORTEST_STEM, min(len(word), index.longest_stem) + 1):
        found += index.stems.get(word[:length], ())
    return tuple(found)


@cache
def _vocabulary() -> Vocabulary:
    """The words of all wordings, for reading disguised ones; without those of two letters, which hide in all others."""
    known = {run for row in _index().rows for run in row.wording.words if len(run[0]) > 2}
    stems = tuple(sorted(letters for letters, open_ended in known if open_ended and len(letters) > 3))
    return Vocabulary(frozenset(letters for letters, _ in known), stems)


def review(text: str, *, subject: Subject) -> list[Finding]:
    """The broken rules of a text about a subject, in the order of the rules. Takes well below 1 ms for one variant.

    The rules of all languages hold for every text. One strict set holds in all countries.
    """
    return list(_reviewed(text, subject, decisive=False))


def forbidden_claim(text: str, *, subject: Subject) -> Finding | None:
    """The first thing in a text that must not run; None if there is none."""
    return next(
        (finding for finding in _reviewed(text, subject, decisive=True) if finding.severity == "leave_out"), None
    )


def dropped_line(text: str, source: str, *, subject: Subject) -> Finding | None:
    """What a text must carry beside its claim, where the customer's own texts carry it and the text does not: the
    representative APR beside its rate, the age line of a game of chance."""
    wanting = [finding for finding in _reviewed(text, subject, decisive=True) if finding.keeps]
    return next((finding for finding in wanting if _carries(finding.rule, source)), None)


@lru_cache(maxsize=256)
def _carries(rule_id: str, text: str) -> bool:
    plain = plain_text(text, _vocabulary()).text
    return any(wording.pattern.search(plain) for rule in rules() if rule.id == rule_id for wording in rule.satisfied)


@lru_cache(maxsize=4096)  # the engine's candidates share their lines, and the brief is read for every request about it
def _reviewed(text: str, subject: Subject, *, decisive: bool) -> tuple[Finding, ...]:
    plain = plain_text(text, _vocabulary())
    active = active_rules(subject, decisive=decisive)
    language = subject.language.partition("-")[0]
    rows: dict[_Role, dict[int, list[re.Pattern[str]]]] = {role: {} for role in _Role}
    index = _index()
    for number in {row for word in set(_WORD.findall(plain.text)) for row in _triggered(word)}:
        row = index.rows[number]
        if active[row.rule] and row.language in {"", language}:
            rows[row.role].setdefault(row.rule, []).append(row.wording.pattern)
    findings = []
    for number, patterns in sorted(rows[_Role.CLAIM].items()):
        spans = _spans(patterns, plain.text)
        if not spans or any(pattern.search(plain.text) for pattern in rows[_Role.SATISFIED].get(number, ())):
            continue
        harmless = _spans(rows[_Role.UNLESS].get(number, []), plain.text)
        spans = [span for span in spans if not any(span[0] < end and start < span[1] for start, end in harmless)]
        findings += [_finding(rules()[number], words) for words in _quotes(plain, spans)]
    findings += [
        _finding(rule, words)
        for number, rule in enumerate(rules())
        if rule.shape and active[number]
        for words in _shapes(rule.shape, text)
    ]
    return tuple(findings)


def _spans(patterns: list[re.Pattern[str]], text: str) -> list[tuple[int, int]]:
    return [match.span() for pattern in patterns for match in pattern.finditer(text) if match.end() > match.start()]


def _finding(rule: Rule, words: str) -> Finding:
    return Finding(
        rule=rule.id, words=words, why=rule.why, source=rule.sources[0], severity=rule.severity, keeps=rule.keeps
    )


def _quotes(plain: PlainText, spans: list[tuple[int, int]]) -> Iterable[str]:
    """The original words under the spans; spans that overlap are one."""
    reach = -1
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < reach:
            merged[-1] = (merged[-1][0], max(reach, end))
        else:
            merged.append((start, end))
        reach = max(reach, end)
    return dict.fromkeys(plain.quote(start, end) for start, end in merged)


def _shapes(shape: str, text: str) -> Iterable[str]:
    if shape == "capitals":
        for match in _CAPITALS.finditer(text):
            if sum(map(str.isalpha, match.group(0))) >= _LETTERS_OF_CAPITALS:
                yield match.group(0)
    elif shape == "marks":
        yield from (match.group(0) for match in _MARKS.finditer(text))
