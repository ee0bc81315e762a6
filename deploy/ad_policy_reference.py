"""docs/ad-policy.md: the advertising rules of the copy service, read from its tables.

`python -m deploy.ad_policy_reference` writes the file, `… --check` exits with 1 if the committed one differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.ad_policy.rules import Rule, rules, sources

ROOT: Final = Path(__file__).resolve().parents[1]
AD_POLICY: Final = ROOT / "docs" / "ad-policy.md"
GROUPS: Final = {
    "general": "Every ad",
    "personal": "Personal attributes",
    "health": "Health",
    "products": "Supplements, cosmetics, children, politics",
    "equality": "Housing, jobs, credit: fairness",
    "money": "Finance, credit, income",
    "alcohol": "Alcohol",
    "gambling": "Gambling",
}
SEVERITIES: Final = {"leave_out": "must not run", "needs": "needs something beside it", "note": "worth a look"}

INTRODUCTION: Final = """\
# Rules of advertising

Generated from `services/ad_policy/data` by `make docs`; change the tables there.

The copy service reviews the customer's texts before it writes and every variant before it is delivered, whoever wrote
it. A sentence that must not run is left out whole and quoted in `notes.filtered`, with the rule and its source. The
rules condense the platforms' policies and the law into wordings, in English, Spanish, French, German, Italian and
Portuguese; English is the fullest. One strict set holds everywhere, see
[the decision](decisions/0016-advertising-rules.md). It is no legal advice, and a text that passes can still be refused
by a platform.

* **must not run**: the sentence or the variant is left out.
* **needs something beside it**: the claim needs its proof, its terms or its warning. Where the rule is marked with `*`
  and the customer's own texts carry that, a variant that makes the claim without it is rejected.
* **worth a look**: reported by the review, and nothing is left out.

*Holds for* names the subjects (regulated or sensitive fields of the understanding, or its trade); "all" is every
product.
"""


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _subjects(rule: Rule) -> str:
    held = ", ".join(sorted(rule.subjects)) or "all"
    excepted = ", ".join(sorted({kind.replace("_", " ") for kind in rule.except_kinds | rule.except_subjects}))
    return f"{held}; not: {excepted}" if excepted else held


def _table(held: Iterable[Rule]) -> str:
    lines = [_row("rule", "holds for", "severity", "why", "example", "sources"), _row(*["---"] * 6)]
    lines += [
        _row(
            f"`{rule.id}`",
            _subjects(rule),
            SEVERITIES[rule.severity] + ("*" if rule.keeps else ""),
            rule.why,
            rule.example.replace("*", "\\*"),
            "; ".join(rule.sources),
        )
        for rule in held
    ]
    return "\n".join([*lines, ""])


def render() -> str:
    """The text of docs/ad-policy.md."""
    parts = [INTRODUCTION]
    for group, title in GROUPS.items():
        parts += [f"## {title}\n", _table(rule for rule in rules() if rule.group == group)]
    parts.append("## Sources\n")
    parts.append("\n".join(f"* {source}" for source in sorted(sources().values())) + "\n")
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    text = render()
    if (sys.argv[1:] if arguments is None else arguments) == ["--check"]:
        current = AD_POLICY.exists() and AD_POLICY.read_text(encoding="utf-8") == text
        if not current:
            print(f"{AD_POLICY.name}: not what the tables say; run: make docs", file=sys.stderr)
        return 0 if current else 1
    AD_POLICY.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
