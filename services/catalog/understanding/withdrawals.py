"""Takes out of a text what its writer takes back: "We bake 45 a day. Sorry, it's 40 not 45."

A correction replaces only the nearest earlier statement of the same thing. Two equal numbers are not the same thing: a
price, a share, an age and a day are corrected only where the correction says which is meant. What stays in doubt is
dropped, except conditions and legal lines: these are never lost to a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.catalog.understanding.mess import DATA, ENDED, MAX_CHARACTERS, any_of, is_ended

_CORRECTION = DATA["correction"]
_NOT_INCLUDED = re.compile(rf"(?<!\w)(?:{any_of(DATA['ended']['not_included'])})(?!\w)")
_INCLUSION = re.compile(
    rf"[,;]?\s+(?:{any_of(DATA['ended']['inclusions'])})\s+(?P<what>[^.;,()]{{3,60}}?)(?=[.;!]|$)", re.IGNORECASE
)
MAX_NAMED: Final = 8  # words of a statement that says little more than the thing it names
MAX_SUBJECT: Final = 3  # words of a thing that is withdrawn
_NOT: Final = any_of(_CORRECTION["not"])
_BUT: Final = any_of(_CORRECTION["but"])
_OPENING = re.compile(rf"\W*(?:{any_of(_CORRECTION['openings'])})(?!\w)")
_APOLOGY = re.compile(rf"\W*(?:{any_of(_CORRECTION['apologies'])})(?!\w)")
_FIGURE: Final = r"\d[\d.,]{0,14}"
_INSTEAD = re.compile(
    rf"(?P<right>{_FIGURE})[^\d.;]{{0,20}}?(?<!\w)(?:{_NOT})(?!\w)[^\d.;]{{0,12}}(?P<wrong>{_FIGURE})"
    rf"|(?<!\w)(?:{_NOT}) (?P<wrong2>{_FIGURE})[^\d.;]{{0,12}}?(?<!\w)(?:{_BUT}) (?P<right2>{_FIGURE})",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[$€£¥₹₺₽]")
_NUMBER = re.compile(_FIGURE)
_MONEY_BEFORE = re.compile(r"(?:[$€£₹¥₺₽]|R\$|(?<!\w)(?:rs|eur|usd|gbp|chf|kr))\.? ?$", re.IGNORECASE)
_MONEY_BEHIND = re.compile(r" ?(?:[$€£₹¥₺₽]|,-|(?:euros?|eur|usd|gbp|chf|kr|zł|kč|p)(?!\w))", re.IGNORECASE)
_AGE: Final = any_of(_CORRECTION["age"])
_AGE_BEFORE = re.compile(rf"(?<!\w)(?:{_AGE})(?: is| of|:)? $", re.IGNORECASE)
_AGE_BEHIND = re.compile(rf"\+|s(?!\w)|[ -](?:{_AGE}|years?[ -]old)(?!\w)", re.IGNORECASE)
_MONTH: Final = any_of(_CORRECTION["months"])
_DAY_BEHIND = re.compile(rf"(?:st|nd|rd|th|\.)? (?:de )?(?:{_MONTH})|[:/]\d|\.\d\d?\.| ?[ap]\.?m(?!\w)", re.IGNORECASE)
_DAY_BEFORE = re.compile(rf"(?:(?<!\w)(?:{_MONTH})\w*\.? |\d[:/])$", re.IGNORECASE)
_SHARE_BEHIND = re.compile(r" ?%| per ?cent", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_SAME_STEM: Final = 5  # letters in which two words of one thing agree


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of a statement: its digits, its place, and what it counts ("money", "share", "age", "day" or "")."""

    digits: str
    start: int
    end: int
    kind: str


def without_withdrawn(statements: Sequence[str], *, is_binding: Callable[[str], bool]) -> list[str]:
    """Returns statements without what their writer takes back, and without the sentences that take it back.

    is_binding: whether a statement is a condition or a legal line, which only its own correction may change.
    """
    kept: list[str] = []
    for statement in statements:
        opening = _opening(statement)
        if opening is None:
            kept.append(statement)
            continue
        rest = statement[opening.end() :].strip(" ,:!–—-")
        pair = _INSTEAD.search(statement[:MAX_CHARACTERS])
        if pair is not None:
            _replace_number(kept, statement, pair, is_binding)
        elif not _can_correct(kept, statement, rest):
            kept.append(_sentence(rest))
        elif kept and is_binding(kept[-1]) and _is_bare(rest, kept[-1]):
            corrected = _with_amount(kept.pop(), rest)
            kept.extend(filter(None, [corrected]))
        elif not _replace_statement(kept, rest):
            if kept and not is_binding(kept[-1]):
                kept.pop()
            if is_binding(rest):
                kept.append(_sentence(rest))
    return kept


def without_ended(statements: Sequence[str]) -> list[str]:
    """Returns statements without what a later one says is not offered.

    "£85 with lunch. Lunch is no longer included.": the price loses its lunch. "Tractor rides £2. Tractor rides are
    cancelled.": the first is left out; the second is no statement either (`mess.is_ended`).
    """
    kept: list[str] = []
    for statement in statements:
        lowered = statement[:MAX_CHARACTERS].lower().replace("’", "'")
        if found := _NOT_INCLUDED.search(lowered):
            things = _things(lowered[: found.start()])
            kept = [_without_inclusion(said, things) for said in kept] if things else kept
        elif is_ended(statement) and (found := ENDED.search(lowered)):
            things = _things(lowered[: found.start()])
            if things:
                kept = [said for said in kept if not _is_about(said, things)]
        kept.append(statement)
    return kept


def _things(before: str) -> frozenset[str]:
    """The stems of the thing that a statement begins with; none where it begins with more than a thing."""
    words = _WORD.findall(before.rsplit(":", maxsplit=1)[-1])
    return frozenset(word[:_SAME_STEM] for word in words) if 0 < len(words) <= MAX_SUBJECT else frozenset()


def _is_about(statement: str, things: frozenset[str]) -> bool:
    words = _WORD.findall(statement.lower())
    return len(statement.split()) <= MAX_NAMED and things <= {word[:_SAME_STEM] for word in words[: len(things) + 1]}


def _without_inclusion(statement: str, things: frozenset[str]) -> str:
    """A statement without the end that promises one of the things ("£85, including lunch")."""
    found = _INCLUSION.search(statement)
    if found is None or things.isdisjoint(word[:_SAME_STEM] for word in _WORD.findall(found["what"].lower())):
        return statement
    return f"{statement[: found.start()]}{statement[found.end() :].rstrip('.')}"


def _opening(statement: str) -> re.Match[str] | None:
    lowered = statement[:MAX_CHARACTERS].lower().replace("’", "'")
    if opening := _OPENING.match(lowered):
        return opening
    apology = _APOLOGY.match(lowered)
    # "Sorry, it's cash only" takes nothing back
    return apology if apology and re.match(r"\W{0,3}(?:R\$)?\d", lowered[apology.end() :]) else None


def _replace_number(kept: list[str], correction: str, pair: re.Match[str], is_binding: Callable[[str], bool]) -> None:
    """Writes the right number for the wrong one in the one statement that is meant; drops statements in doubt."""
    which = ("right", "wrong") if pair["right"] else ("right2", "wrong2")
    right, wrong = (pair[name].rstrip(".,") for name in which)
    said = next((amount.kind for amount in _amounts(correction) if amount.kind), "")
    meant = [
        (at, amount)
        for at, statement in enumerate(kept)
        for amount in _amounts(statement)
        if amount.digits == wrong and (not said or amount.kind == said)
    ]
    named = [(at, amount) for at, amount in meant if _share_a_word(kept[at], correction)]
    # ages and days are written without a sign of their own, so a bare correction may mean them as well
    is_bare = all(amount.kind not in {"age", "day"} for _, amount in meant)
    plain = [(at, amount) for at, amount in meant if amount.kind == said] if said or is_bare else []
    is_adjacent = len(meant) == 1 and meant[0][0] == len(kept) - 1
    for found in (named, plain, meant if is_adjacent else []):
        if len(found) == 1:
            at, amount = found[0]
            kept[at] = f"{kept[at][: amount.start]}{right}{kept[at][amount.end :]}"
            return
    for at in sorted({at for at, _ in meant}, reverse=True):
        if not is_binding(kept[at]):
            del kept[at]


def _replace_statement(kept: list[str], rest: str) -> bool:
    """Puts "deposit is £20" in the place of the nearest earlier statement about a deposit; False without one."""
    kinds = {amount.kind for amount in _amounts(rest)}
    for at in range(len(kept) - 1, -1, -1):
        if _share_a_word(kept[at], rest) and kinds & {amount.kind for amount in _amounts(kept[at])}:
            kept[at] = _sentence(rest)
            return True
    return False


def _can_correct(kept: Sequence[str], correction: str, rest: str) -> bool:
    """Returns False for an apology with a number where nothing before it has one: "Sorry, 2 dogs at most"."""
    lowered = correction[:MAX_CHARACTERS].lower().replace("’", "'")
    if _OPENING.match(lowered) or any(True for statement in kept for _ in _amounts(statement)):
        return True
    return next(_amounts(rest), None) is None


def _is_bare(rest: str, statement: str) -> bool:
    """Returns True for "£20" and "20 euros": an amount and no word that the statement has not."""
    said = {word.casefold() for word in _WORD.findall(statement)}
    return re.match(r"\W{0,3}(?:R\$)?\d", rest) is not None and said.issuperset(
        word.casefold() for word in _WORD.findall(rest)
    )


def _with_amount(statement: str, rest: str) -> str:
    """Returns a statement with a bare amount in the place of its only one of that kind, "" where that is in doubt."""
    amounts, said = list(_amounts(statement)), list(_amounts(rest))
    meant = [amount for amount in amounts if not said[0].kind or amount.kind == said[0].kind]
    if len(said) != 1 or len(meant) != 1 or not set(_SIGN.findall(rest)) <= set(_SIGN.findall(statement)):
        return "" if meant else statement
    return f"{statement[: meant[0].start]}{said[0].digits}{statement[meant[0].end :]}"


def _sentence(rest: str) -> str:
    return f"{rest[:1].upper()}{rest[1:]}"


def _share_a_word(some: str, other: str) -> bool:
    stems = {word.casefold()[:_SAME_STEM] for word in _WORD.findall(_OPENING.sub("", other.lower(), count=1))}
    return any(word.casefold()[:_SAME_STEM] in stems for word in _WORD.findall(some))


def _amounts(statement: str) -> Iterator[_Amount]:
    for found in _NUMBER.finditer(statement[:MAX_CHARACTERS]):
        digits = found[0].rstrip(".,")
        start, end = found.start(), found.start() + len(digits)
        before, behind = statement[max(0, start - 24) : start], statement[end : end + 16]
        yield _Amount(digits, start, end, _kind(before, behind))


def _kind(before: str, behind: str) -> str:
    if _MONEY_BEFORE.search(before) or _MONEY_BEHIND.match(behind):
        return "money"
    if _SHARE_BEHIND.match(behind):
        return "share"
    if _DAY_BEHIND.match(behind) or _DAY_BEFORE.search(before):
        return "day"
    if _AGE_BEFORE.search(before) or _AGE_BEHIND.match(behind):
        return "age"
    return ""
