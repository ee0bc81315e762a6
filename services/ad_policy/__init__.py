"""What advertising platforms and the law on advertising forbid, by subject, as data with its source and date.

The rules stand in services/ad_policy/data; docs/ad-policy.md lists them.
"""

from services.ad_policy.review import Finding, dropped_line, forbidden_claim, review
from services.ad_policy.sentences import (
    AllowedText,
    KeptText,
    LeftOut,
    allowed_text,
    sentences_without_offences,
)
from services.ad_policy.subject import Subject

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
