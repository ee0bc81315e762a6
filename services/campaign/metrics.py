"""Metrics of the campaign service."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

CHILDREN = Counter(
    "adwright_campaign_children_total",
    "Children of campaigns that ended, by result: completed, failed, canceled, skipped",
    ["result"],
)
STEP_FAILURES = Counter("adwright_campaign_step_failures_total", "Steps of campaigns that could not go on")
RUNNING_STEPS = Gauge("adwright_campaign_running_steps", "Steps that are running")
DELAY_SECONDS = Gauge("adwright_campaign_delay_seconds", "How long the most overdue campaign has waited for its step")
