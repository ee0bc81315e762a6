"""The rules of the launch check, from data/rules.toml, and the findings that they make."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.campaign.pack.platforms import Source

Severity = Literal["blocks", "warns"]


class Rule(BaseModel):
    """A rule. source: empty where the figure has one that it is measured by."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    severity: Severity
    title: str = Field(min_length=1)
    fix: str = Field(min_length=1)
    source: str = ""


class RuleBook(BaseModel):
    """All rules. Raises ValidationError for an id twice or an unknown source."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: Mapping[str, Source]
    rule: tuple[Rule, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> RuleBook:
        ids = [rule.id for rule in self.rule]
        unknown = {rule.source for rule in self.rule if rule.source} - set(self.source)
        if len(ids) != len(set(ids)) or unknown:
            raise ValueError(f"an id twice, or unknown sources: {', '.join(sorted(unknown))}")
        return self

    def named(self, rule_id: str) -> Rule:
        """A rule by its id. Raises KeyError."""
        for rule in self.rule:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found. where: a path in the pack, or product, format and variant of a text. what: what is wrong, with
    the measured figure. source, url, date: of the figure or rule; date is the page's own, else when it was read.
    verified: whether it was read on the platform's own page."""

    rule: str
    severity: Severity
    title: str
    platform: str
    where: str
    what: str
    fix: str
    source: str
    url: str
    date: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """What could not be judged, and how often."""

    rule: str
    why: str
    count: int


@cache
def rule_book() -> RuleBook:
    """The rules of data/rules.toml."""
    return read_rules(files("services.campaign.launch.data").joinpath("rules.toml").read_text(encoding="utf-8"))


def read_rules(text: str) -> RuleBook:
    """Reads a table of rules. Raises ValidationError for one that breaks the schema."""
    return RuleBook.model_validate(tomllib.loads(text))


def finding(rule_id: str, *, platform: str, where: str, what: str, source: Source | None = None) -> Finding:
    """A finding of a rule. source: of the figure; needed by rules without one of their own."""
    book = rule_book()
    rule = book.named(rule_id)
    stated = book.source[rule.source] if rule.source else source
    if stated is None:
        raise ValueError(f"{rule_id} has no source of its own, so that its finding must name one")
    return Finding(
        rule=rule_id,
        severity=rule.severity,
        title=rule.title,
        platform=platform,
        where=where,
        what=what,
        fix=rule.fix,
        source=stated.page,
        url=stated.url,
        date=stated.updated or stated.read.isoformat(),
        verified=stated.verified,
    )
