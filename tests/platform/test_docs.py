"""Documents name only settings, metrics, commands, files, log events and alerts that exist."""

from __future__ import annotations

import pytest

from tests.platform.doc_names import ROOT, documents, existing, unknown_names

# Texts with one wrong name each, of each kind, and the complaint about it.
WRONG = {
    "Set `ADWRIGHT_KEEP_JOBS_WEEKS` to 4.": "setting ADWRIGHT_KEEP_JOBS_WEEKS",
    "`ADWRIGHT_TOKEN_ISSUER`, `_TOKEN_AUDIENCES`": "setting ADWRIGHT_TOKEN_AUDIENCES",
    "All of `ADWRIGHT_QUEUE_*` are numbers.": "setting ADWRIGHT_QUEUE_*",
    "`adwright_queue_ages_seconds` grows.": "metric adwright_queue_ages_seconds",
    "Run `make tests`.": "target make tests",
    "Run `make up PORTS=1`.": "variable PORTS of make up",
    "Run `adwright ledger reconciliate`.": "command adwright ledger reconciliate",
    "```sh\n.venv/bin/adwright upp\n```": "command adwright upp",
    "Run `adwright up --proxies 1`.": "option --proxies of adwright up",
    "Run `python -m gateway.rendering`.": "module gateway.rendering",
    "Call `GET /api/jobs/dead`.": "REST path /api/jobs/dead",
    "## AdwrightQueueIsAncient": "alert AdwrightQueueIsAncient",
    "The log says `sweep_failed`.": "log event sweep_failed",
    "Billing's loop `expire_overdue` does not run.": "loop expire_overdue",
    "It is refused with `TOO_MANY_JOB_STREAMS`.": "identifier TOO_MANY_JOB_STREAMS",
    "See `services/job/leases_store.py`.": "file services/job/leases_store.py",
    "See `overlays/productive/kustomization.yaml`.": "file overlays/productive/kustomization.yaml",
}


@pytest.mark.parametrize("document", documents())
def test_document_names_only_what_exists(document: str) -> None:
    assert unknown_names((ROOT / document).read_text(encoding="utf-8"), document) == []


@pytest.mark.parametrize(("text", "complaint"), WRONG.items())
def test_wrong_name_is_found(text: str, complaint: str) -> None:
    assert complaint in unknown_names(text, "README.md")


def test_names_are_read_from_the_code() -> None:
    found = existing()
    assert all((found.settings, found.metrics, found.targets, found.events, found.alerts, found.paths))
    assert {"sweep_step_failed", "call_failed"} <= found.events
    assert "adwright_queue_age_seconds" in found.metrics
