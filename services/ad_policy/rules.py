"""The advertising rules: services/ad_policy/data/*.toml, read once into typed values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, cast

from services.ad_policy.subject import Subject
from services.ad_policy.wording import Wording, compile_wording, fold

Severity = Literal["leave_out", "needs", "note"]
LANGUAGES = ("en", "es", "fr", "de", "it", "pt")
_NOT_RULES = frozenset({"lookalikes.toml", "sources.toml", "words.toml", "subjects.toml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of advertising.

    subjects: it holds for these only; empty: for all. except_subjects, except_kinds: it does not hold for these. keeps:
    a text that makes the claim must carry what is needed where the customer's own texts do. satisfied: wordings that
    carry what is needed. capitals, marks: it is about the shape of letters, found by code.
    """

    id: str
    group: str
    subjects: frozenset[str]
    except_subjects: frozenset[str]
    except_kinds: frozenset[str]
    severity: Severity
    why: str
    sources: tuple[str, ...]
    example: str
    keeps: bool
    shape: str
    wordings: tuple[tuple[str, Wording], ...]  # with the only language that it is for; empty: for texts of any language
    unless: tuple[Wording, ...]
    satisfied: tuple[Wording, ...]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("services.ad_policy.data").joinpath(name).read_text("utf-8"))


@cache
def sources() -> Mapping[str, str]:
    """The policies by their short name: "Meta Advertising Standards, personal attributes (as known in 2025)"."""
    return {key: f"{row['name']} ({row['date']})" for key, row in _read("sources.toml").items()}


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of the files' names and of the rules in them."""
    folder = files("services.ad_policy.data")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    lists = _read("words.toml")
    return tuple(
        _rule(row, name.removesuffix(".toml"), lists)
        for name in names
        if name not in _NOT_RULES
        for row in _read(name)["rule"]
    )


def _rule(row: dict[str, Any], group: str, lists: dict[str, dict[str, list[str]]]) -> Rule:
    def compiled(key: str) -> list[tuple[str, Wording]]:
        table = cast("dict[str, list[str]]", row.get(key, {}))
        return [(lang, compile_wording(text, lists[lang])) for lang, texts in table.items() for text in texts]

    return Rule(
        id=row["id"],
        group=group,
        subjects=frozenset(row.get("subjects", ())),
        except_subjects=frozenset(row.get("except_subjects", ())),
        except_kinds=frozenset(row.get("except_kinds", ())),
        severity=row["severity"],
        why=row["why"],
        sources=tuple(sources()[key] for key in row["sources"]),
        example=row["example"],
        keeps=row.get("keeps", False),
        shape=row.get("shape", ""),
        wordings=(*(("", wording) for _, wording in compiled("wordings")), *compiled("only")),
        unless=tuple(wording for _, wording in compiled("unless")),
        satisfied=tuple(wording for _, wording in compiled("satisfied_by")),
    )


@cache
def _trades() -> dict[str, dict[str, list[str]]]:
    return _read("subjects.toml")


@lru_cache(maxsize=512)
def subjects_of(subject: Subject) -> frozenset[str]:
    """The fields of the rules that a subject is in: its regulated and sensitive ones, and those of trade and sector.

    "unknown" where nothing is known of the trade.
    """
    found = set(subject.regulated | subject.sensitive)
    if not (found or subject.trade or subject.sector):
        found.add("unknown")
    if subject.kind == "job":
        found.add("jobs")
    if "minors" in subject.sensitive:
        found.add("children")
    trade = fold(f"{subject.trade} {subject.sector}".replace("_", " ").replace("-", " "))
    found |= {name for name, row in _trades().items() if any(stem in trade for stem in row["stems"])}
    return frozenset(found)


@lru_cache(maxsize=512)
def active_rules(subject: Subject, *, decisive: bool) -> tuple[bool, ...]:
    """For each of rules(): whether it holds for the subject. decisive: only rules by which a text can be rejected."""
    fields = subjects_of(subject)
    return tuple(
        (not rule.subjects or bool(rule.subjects & fields))
        and not rule.except_subjects & fields
        and subject.kind not in rule.except_kinds
        and (not decisive or rule.keeps or rule.severity == "leave_out")
        for rule in rules()
    )
