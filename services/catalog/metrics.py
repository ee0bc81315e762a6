"""Metrics of the catalog service."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

UNDERSTANDINGS = Counter(
    "adwright_understandings_total",
    "Readings of products, by confidence: sure, likely, not_known, or failed",
    ["confidence"],
)
UNDERSTANDING_SECONDS = Histogram(
    "adwright_understanding_seconds",
    "Duration of reading one product, without waiting",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5),
)
UNDERSTANDINGS_POSTPONED = Counter(
    "adwright_understandings_postponed_total",
    "Changed products that were not read in the background, because too many waited; they are read when asked for",
)
