"""Reads the held lists of offences and ordinary sentences, and scores the advertising rules on them."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from services.ad_policy import Finding, Subject, review

FOLDER = Path(__file__).parent
_SUBJECTS = {
    "": Subject(),
    "health": Subject(regulated=frozenset({"health"}), kind="service", trade="dentist", sector="health"),
    "supplements": Subject(kind="good", trade="supplements", sector="health"),
    "cosmetics": Subject(kind="good", trade="skincare", sector="beauty"),
    "children": Subject(kind="good", trade="toys", sensitive=frozenset({"minors"})),
    "politics": Subject(sensitive=frozenset({"politics"})),
    "jobs": Subject(regulated=frozenset({"jobs"}), kind="job"),
    "housing": Subject(regulated=frozenset({"housing"}), kind="property"),
    "credit": Subject(regulated=frozenset({"credit"}), kind="finance"),
    "finance": Subject(regulated=frozenset({"finance"}), kind="finance"),
    "alcohol": Subject(regulated=frozenset({"alcohol"}), kind="food"),
    "gambling": Subject(regulated=frozenset({"gambling"}), kind="service"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """missed: offences that no right rule found, with what was found. flagged: ordinary sentences with findings other
    than notes."""

    offences: int
    ordinary: int
    missed: tuple[tuple[str, str, list[Finding]], ...]
    flagged: tuple[tuple[str, list[Finding]], ...]

    @property
    def caught(self) -> float:
        return 1 - len(self.missed) / self.offences

    @property
    def false_alarms(self) -> float:
        return len(self.flagged) / self.ordinary


def rows(name: str, kind: str) -> list[tuple[Subject, list[str]]]:
    """The rows of a list: the subject, then the other columns."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))[kind]
    return [(_SUBJECTS[row[0]], row[1:]) for row in table]


def score(name: str) -> Score:
    """Scores the rules on the list of that name."""
    missed = []
    for subject, (text, wanted) in rows(name, "offences"):
        findings = review(text, subject=subject)
        if not {finding.rule for finding in findings} & set(wanted.split("|")):
            missed.append((text, wanted, findings))
    flagged = []
    for subject, (text,) in rows(name, "ordinary"):
        findings = [finding for finding in review(text, subject=subject) if finding.severity != "note"]
        if findings:
            flagged.append((text, findings))
    return Score(
        offences=len(rows(name, "offences")),
        ordinary=len(rows(name, "ordinary")),
        missed=tuple(missed),
        flagged=tuple(flagged),
    )


if __name__ == "__main__":
    for list_name in sys.argv[1:]:
        result = score(list_name)
        print(
            f"{list_name}: {result.caught:.1%} of {result.offences} caught, "
            f"{result.false_alarms:.1%} of {result.ordinary} ordinary ones flagged"
        )
        for offence, rule, found in result.missed:
            print(f"  missed  {offence}  ({rule}; found {[f.rule for f in found]})")
        for sentence, found in result.flagged:
            print(f"  flagged {sentence}  {[(f.rule, f.words) for f in found]}")
