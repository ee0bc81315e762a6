"""Metrics of the webhook service."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

TRIES = Counter(
    "adwright_webhook_tries_total", "Tries of deliveries, by result: delivered, retried, failed", ["result"]
)
DISABLED = Counter("adwright_webhooks_disabled_total", "Webhooks that were disabled because they failed")
DELAY_SECONDS = Histogram(
    "adwright_webhook_delay_seconds",
    "Time from a job's end to its delivery at the first try",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300),
)
RUNNING_TRIES = Gauge("adwright_webhook_running_tries", "Tries that are running")
FEED_DELAY_SECONDS = Gauge("adwright_webhook_feed_delay_seconds", "Age of the last complete reading of job's feed")
