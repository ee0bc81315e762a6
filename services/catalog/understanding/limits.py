"""Finds what limits a feature elsewhere in the texts: a list says "45 minutes", they say "(not curved screens)".

A limit behind the same amount or words is put behind the feature, so that neither is said without the other. A
condition that names the same benefit ("Delivery to the islands costs more") stays a fact of its own, which limits it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.catalog.understanding.values import Fact

LONGEST: Final = 110  # characters of a feature with its limit
MAX_LIMIT: Final = 80  # characters of a limit
MAX_FEATURE: Final = 60  # characters of a feature that a sentence may limit
WITHIN: Final = 3  # further words among those of the feature
BEFORE: Final = 3  # words between the feature and its limit
HARDER: Final = 0.12  # less strength: a text with a limit is harder to lead with
ENDING: Final = 2  # telling words at the end of a feature that a statement says again
NEAR: Final = 6  # words between a benefit and what limits it
STEM: Final = 6  # letters by which forms of a word are the same
ALIKE: Final = 0.8  # share of a condition's words that a feature with its limit says already
LIMITED: Final = frozenset({"benefit", "feature", "figure", "offer", "price", "proof", "logistics"})
PAID: Final = frozenset({"price", "figure"})
LEAST_WORDS: Final = 7  # of a condition that says the least number that is sold
PROMISES: Final = frozenset({"benefit", "feature", "offer", "proof"})
SOURCES: Final = frozenset({"features", "name"})
_DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "data" / "limits.toml").read_text(encoding="utf-8")
)
_TOKEN = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_MONEY = re.compile(r"[$€£]\s?\d|\d\s?(?:[$€£]|zł)")
_MONEY_PER = re.compile(rf"{_MONEY.pattern}|\d\s?(?:cents?|p|ct)(?!\w)")
_ACTED = re.compile(r"(?<!\w)(?:we|i|you|they|wir|ich|sie|nous|je|vous|yo|io|eu|noi)\W+(?:\w+\W+)?$", re.IGNORECASE)
_REMARK = re.compile(r"[\s!.*]*\(([^()]{3,90})\)")
_CLAUSE_END = re.compile(r"[.;!?](?=\s|$)|\s[–—-]\s|\n|\s/\s|[|()\[\]]")
_CONVERSION = re.compile(  # no limit: the same in other words, and what it cost before
    r"\W*(?:that'?s|that is|i\.?e|=|das sind|soit|es decir|cioè|ou seja|was|were|used to|previously|formerly|früher"
    r"|vorher|bisher|avant|auparavant|antes|prima|wcześniej|eerder|vroeger)(?!\w)",
    re.IGNORECASE,
)
_JOINT = re.compile("|".join(map(re.escape, _DATA["joints"]["words"].split())), re.IGNORECASE)
_UNITS: Final = {form: unit for unit, forms in _DATA["units"].items() for form in forms.split()}
_TIMES: Final = frozenset(unit[:STEM] for unit in _DATA["units"])
_EMPTY: Final = frozenset(_DATA["empty"]["words"].split())
_DENIED = re.compile(rf"(?:{'|'.join(_DATA['denied']['words'])})\W+(?:\w+\W+)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Words:
    """The limiting words of a language."""

    strong: re.Pattern[str]
    cases: re.Pattern[str]
    either: re.Pattern[str]
    benefits: tuple[re.Pattern[str], ...]
    least: re.Pattern[str]
    aged: re.Pattern[str]

    def sets_least(self, text: str) -> bool:
        """Returns True for the least number that is sold or booked, and not of an age, a size or a time before."""
        if len(text.split()) > LEAST_WORDS or not any(sign.isdigit() for sign in text):
            return False
        return self.least.search(text) is not None and self.aged.search(text) is None

    def limit_in(self, text: str) -> re.Match[str] | None:
        """Returns the first word that limits, or None."""
        found = [match for pattern in (self.strong, self.cases) if (match := pattern.search(text))]
        return min(found, key=lambda match: match.start(), default=None)


@cache
def _words(language: str) -> _Words | None:
    data = _DATA["languages"].get(language.split("-", maxsplit=1)[0])
    if data is None:
        return None

    def any_of(words: Iterable[str], *, end: str = r"(?![^\W\d])") -> re.Pattern[str]:
        return re.compile(rf"(?<![\w-])(?:{'|'.join(words)}){end}", re.IGNORECASE)

    return _Words(
        strong=any_of(data["strong"]),
        cases=any_of(data["cases"]),
        either=any_of(data["either"]),
        least=any_of(data["least"]),
        aged=any_of(data["aged"]),
        benefits=tuple(any_of(words, end=r"(?![\w-])") for words in data["benefits"]),
    )


def with_limits(facts: Sequence[Fact], statements: Iterable[str], language: str) -> list[Fact]:
    """Returns facts, the strongest first, with the limit behind each listed feature that a statement limits.

    statements: the sentences, list items and name of the product, as they are cleaned. Conditions that then say nothing
    more are left out, and a bare time ("5 years") says what a short statement says of it ("5-year warranty").
    """
    words = _words(language)
    if words is None:
        return list(facts)
    said = list(dict.fromkeys(statements))
    found: list[Fact] = []
    merged: list[frozenset[str]] = []
    texts = {fact.text.rstrip(" .!").casefold() for fact in facts}
    for fact in facts:
        if _is_bare_time(fact) and (whole := _with_its_noun(fact.text, said)):
            if whole.casefold() not in texts:
                found.append(replace(fact, text=whole))
            continue
        limit = _limit_of(fact, said, language)
        if limit:
            text = f"{fact.text.rstrip(' .!*')}{limit if limit.startswith(',') else f' {limit}'}"
            merged.append(frozenset(token for token, _, _ in _tokens(text)))
            found.append(replace(fact, text=text, strength=round(max(0.05, fact.strength - HARDER), 3)))
        else:
            found.append(fact)
    kept = [fact for fact in found if fact.role != "condition" or not _is_said(fact.text, merged)]
    return sorted(kept, key=lambda fact: -fact.strength)


def limit_behind(feature: str, statement: str, language: str) -> str:
    """Returns what a statement says behind the words of a feature that limits them, as it is put behind the feature;
    "" where it says nothing of it, or does not limit it.

    "2-year refund", "2-year refund if it leaks." → "if it leaks"; "£50", "£50 fitted (up to 2 m)." → "(up to 2 m)".
    """
    words = _words(language)
    if words is None or len(feature) > MAX_FEATURE:
        return ""
    end = _end_of(feature, statement)
    if end < 0:
        return _case_behind_ending(feature, statement, words)
    if remark := _REMARK.match(statement, end):
        inside = remark[1].strip()
        is_limit = words.limit_in(inside) is not None or _MONEY.search(feature) is not None
        return f"({inside})" if is_limit and not _CONVERSION.match(inside) else ""
    stop = _CLAUSE_END.search(statement, end)
    rest = statement[end : stop.start() if stop else len(statement)]
    if _MONEY.search(feature) and (choice := _choice(rest, words)):
        return choice
    tail = rest.strip(" ,:*!")
    limit = words.limit_in(tail)
    if limit is None or not _belongs(rest, tail[: limit.start()], words, tail):
        return ""
    if not words.cases.match(tail):
        tail = _without_other(tail, words)
    again = {token for token, _, _ in _tokens(tail)} & {token for token, _, _ in _tokens(feature)}
    if len(tail.split()) < 2 or len(tail) > MAX_LIMIT or any(not token[0].isdigit() for token in again):
        return ""
    return f", {tail}" if rest.lstrip(" *!").startswith(",") else tail


def _case_behind_ending(feature: str, statement: str, words: _Words) -> str:
    """Returns the case that a statement sets directly behind the last words of a feature, where it names before them
    most of what else the feature does; "" elsewhere.

    "Visit fee comes off the bill", "The visit is $150, and it comes off the bill if you go ahead." → "if you go ahead"
    """
    listed = [token for token, _, _ in _tokens(feature)]
    ending, subject = listed[-ENDING:], listed[:-ENDING]
    found = _tokens(statement)
    for at in range(len(found) - ENDING + 1):
        if not subject or [token for token, _, _ in found[at : at + ENDING]] != ending:
            continue
        named = {token for token, _, _ in found[:at]} & set(subject)
        rest = statement[found[at + ENDING - 1][2] :]
        if 2 * len(named) < len(subject) or words.cases.match(rest.lstrip()) is None:
            continue
        stop = _CLAUSE_END.search(rest)
        tail = rest[: stop.start() if stop else len(rest)].strip(" ,:*!")
        is_affirmed = _is_affirmed(statement[: found[at][1]])
        return tail if is_affirmed and len(tail.split()) >= 2 and len(tail) <= MAX_LIMIT else ""
    return ""


def limited_elsewhere(facts: Sequence[Fact], language: str) -> dict[int, list[Fact]]:
    """Returns, by id() of a fact without a limit of its own, the conditions elsewhere that limit it.

    "Free delivery" is limited by "We can't deliver to the islands", and a price by the least number that is sold; by
    nothing that merely mentions a delivery or a number.
    """
    words = _words(language)
    if words is None:
        return {}
    conditions = [fact for fact in facts if fact.role == "condition"]
    least = [fact for fact in conditions if words.sets_least(fact.text)][:1]  # others say it again
    leading = _leading_prices(facts) if least else frozenset()
    found: dict[int, list[Fact]] = {}
    for fact in facts:
        if words.limit_in(fact.text):
            continue
        limits = least if id(fact) in leading else []
        if fact.role in PROMISES:
            promised = [benefit for benefit in words.benefits if _is_promised(fact.text, benefit)]
            limits = [
                one for one in conditions if any(_limits_benefit(one.text, benefit, words) for benefit in promised)
            ]
        if limits:
            found[id(fact)] = limits
    return found


def _leading_prices(facts: Sequence[Fact]) -> frozenset[int]:
    """Returns the id() of the strongest price of each source: other prices are those of what is sold beside."""
    priced = [fact for fact in facts if fact.role in PAID and _MONEY_PER.search(fact.text)]
    strongest = {fact.source: fact for fact in sorted(priced, key=lambda fact: fact.strength)}
    return frozenset(id(fact) for fact in strongest.values())


def _is_promised(text: str, benefit: re.Pattern[str]) -> bool:
    """Returns True for a benefit that a text names; "we guarantee that it is warm" promises something else."""
    named = benefit.search(text)
    return named is not None and _ACTED.search(text[: named.start()]) is None


def _is_bare_time(fact: Fact) -> bool:
    """Returns True for a listed number of hours, days or years that does not say of what."""
    tokens = [token for token, _, _ in _tokens(fact.text)]
    return fact.source == "features" and len(tokens) == 2 and tokens[0][0].isdigit() and tokens[1] in _TIMES


def _with_its_noun(time: str, statements: Sequence[str]) -> str:
    """Returns the shortest statement that says what a bare time is of, "" where none of MAX_FEATURE characters does."""
    wanted = {token for token, _, _ in _tokens(time)}
    found = []
    for statement in statements:
        tokens = {token for token, _, _ in _tokens(statement)}
        is_whole = len(statement) <= MAX_FEATURE and not any(sign in statement for sign in "()?*:=")
        if wanted < tokens and is_whole and any(len(token) > 2 and token.isalpha() for token in tokens - wanted):
            found.append(statement.strip(" .!"))
    return min(found, key=len, default="")


def _limits_benefit(condition: str, benefit: re.Pattern[str], words: _Words) -> bool:
    """Returns True for a condition that is about the benefit: it denies it, or limits it within a few words."""
    named = benefit.search(condition)
    if named is None or len(condition[: named.start()].split()) > BEFORE:
        return False
    if _DENIED.search(condition[: named.start()]):
        return True
    limit = words.limit_in(condition[named.end() :])
    return limit is not None and len(condition[named.end() :][: limit.start()].split()) <= NEAR


def _limit_of(fact: Fact, statements: Sequence[str], language: str) -> str:
    words = _words(language)
    if words is None or fact.source not in SOURCES or fact.role not in LIMITED:
        return ""
    if "(" in fact.text or words.limit_in(fact.text):
        return ""
    for statement in statements:
        if statement == fact.text:
            continue
        limit = limit_behind(fact.text, statement, language)
        if limit and len(fact.text) + len(limit) < LONGEST:
            return limit
    return ""


def _belongs(rest: str, before: str, words: _Words, tail: str) -> bool:
    """Returns True for a limit that belongs to what stands before it. `before`: the words between the two.

    Behind a comma the limit follows at once, and a case begins the next clause: ", if you are late we leave".
    """
    if rest.lstrip(" *!").startswith(","):
        return not before.strip() and not words.cases.match(tail)
    between = before.split()
    if before.rstrip().endswith(",") and words.cases.match(tail, len(before)):
        return False
    return len(between) <= BEFORE and not (between and _JOINT.fullmatch(between[0])) and "," not in before.strip(" ,")


def _choice(rest: str, words: _Words) -> str:
    """Returns the alternatives behind an amount of which it buys one: "brisket or pork or chicken"."""
    head = re.split(r"[,(]", rest, maxsplit=1)[0].strip()
    either = words.either.search(head)
    if either is None or not 0 < len(head[: either.start()].split()) <= BEFORE:
        return ""
    return head if 0 < len(head[either.end() :].split()) <= 2 * BEFORE else ""


def _without_other(tail: str, words: _Words) -> str:
    """Returns a limit without what stands behind a comma and limits nothing: "over £50, made in Leeds"."""
    parts = re.split(r",\s", tail)
    kept = 1
    while kept < len(parts) and words.limit_in(parts[kept]):
        kept += 1
    return ", ".join(parts[:kept])


def _end_of(feature: str, statement: str) -> int:
    """Returns where the words of a feature end in a statement that says all of them close together, or -1."""
    wanted = {token for token, _, _ in _tokens(feature)}
    if not wanted or (len(wanted) < 2 and not _MONEY.search(feature)) or not any(len(one) > 2 for one in wanted):
        return -1
    found = _tokens(statement)
    for first, (token, start, _) in enumerate(found):
        if token not in wanted:
            continue
        left = set(wanted)
        for token_at, _, stop in found[first : first + len(wanted) + WITHIN]:
            left.discard(token_at)
            if not left:
                return stop if _is_affirmed(statement[:start]) else -1
    return -1


def _is_affirmed(before: str) -> bool:
    return _DENIED.search(before) is None


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """Returns the words and numbers of a text that carry meaning, in the form in which they are compared."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0].lower()
        if word in _EMPTY:
            continue
        word = _UNITS.get(word, word)
        if not word[0].isdigit() and len(word) > 3 and word.endswith("s"):
            word = word[:-1]
        found.append((word[:STEM] if not word[0].isdigit() else word, match.start(), match.end()))
    return found


def _is_said(condition: str, merged: Sequence[frozenset[str]]) -> bool:
    tokens = frozenset(token for token, _, _ in _tokens(condition))
    return bool(tokens) and any(
        len(tokens & said) >= ALIKE * len(tokens) and _digits(tokens) <= said for said in merged
    )


def _digits(tokens: frozenset[str]) -> frozenset[str]:
    return frozenset(token for token in tokens if token[0].isdigit())
