"""What advertising platforms and the law on advertising forbid, by subject, as data with its source and date.

The rules stand in services/copy/data/policy; docs/ad-policy.md lists them.
"""

from services.copy.domain import Subject
from services.copy.providers.ad_policy.review import Finding, dropped_line, forbidden_claim, review
from services.copy.providers.ad_policy.sentences import (
    AllowedText,
    KeptText,
    LeftOut,
    allowed_text,
    sentences_without_offences,
)

__all__ = [
    "AllowedText",
    "Finding",
    "KeptText",
    "LeftOut",
    "Subject",
    "allowed_text",
    "dropped_line",
    "forbidden_claim",
    "review",
    "sentences_without_offences",
]
