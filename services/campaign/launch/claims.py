"""Reviews texts by the rules of advertising, which services/ad_policy holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.ad_policy import Subject, review
from services.campaign.launch.rules import Finding, finding
from services.campaign.pack.entries import CopyText, PackEntry
from services.campaign.pack.platforms import Source

_READ: Final = "2026-11-29"  # when the rules were last gone through as a whole; each names its own date besides


def check_claims(entry: PackEntry, copy: CopyText, where: str) -> Iterator[Finding]:
    """The claims of a variant that must not run, and those that need something beside them."""
    stated = entry.subject
    subject = Subject(
        regulated=stated.regulated,
        sensitive=stated.sensitive,
        kind=stated.kind,
        trade=stated.trade,
        sector=stated.sector,
        language=entry.language,
    )
    for claim in review(f"{copy.hook}\n{copy.body}\n{copy.cta}", subject=subject):
        if claim.severity == "note":
            continue
        yield finding(
            "claim-forbidden" if claim.severity == "leave_out" else "claim-needs",
            platform="",
            where=where,
            what=f"“{claim.words}”: {claim.why} (rule {claim.rule})",
            source=_policy(claim.source),
        )


def _policy(source: str) -> Source:
    """The source of a policy, whose date stands in its name: "UK CAP Code, section 3 (as known in 2025)"."""
    date = source.rpartition("(")[2].rstrip(") ")
    return Source.model_validate({"page": source, "url": "", "updated": date, "read": _READ, "verified": False})
