"""Every alert fires for its condition and only for it; every query of the dashboard returns data."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.system import SERVICES, WORKERS, Options, metrics_of
from tests.platform import tools
from tests.platform.manifests import ROOT
from tests.platform.prometheus import Prometheus, assert_firing, rules
from tests.running import Customer, RunningSystem
from tests.support import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(tools.BUILD_SECONDS + 300)]

ALERTS = [rule["alert"] for rule in rules()["groups"][0]["rules"]]

# For each alert: series that make it fire, and series that do not (a value a minute, for half an hour).
SERIES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "AdwrightProcessDown": ({'up{job="job",instance="a"}': "1 0x30"}, {'up{job="job",instance="a"}': "1x30"}),
    "AdwrightCallsFail": (
        {
            'adwright_calls_total{job="j",code="OK"}': "0+90x30",
            'adwright_calls_total{job="j",code="INTERNAL"}': "0+10x30",
        },
        {
            'adwright_calls_total{job="j",code="OK"}': "0+99x30",
            'adwright_calls_total{job="j",code="INTERNAL"}': "0+1x30",
        },
    ),
    "AdwrightCallsAreSlow": (
        {
            'adwright_call_seconds_bucket{job="j",method="m",le="1"}': "0+90x30",
            'adwright_call_seconds_bucket{job="j",method="m",le="2.5"}': "0+100x30",
            'adwright_call_seconds_bucket{job="j",method="m",le="+Inf"}': "0+100x30",
        },
        {
            'adwright_call_seconds_bucket{job="j",method="m",le="1"}': "0+100x30",
            'adwright_call_seconds_bucket{job="j",method="m",le="2.5"}': "0+100x30",
            'adwright_call_seconds_bucket{job="j",method="m",le="+Inf"}': "0+100x30",
        },
    ),
    "AdwrightQueueIsOld": (
        {'adwright_queue_age_seconds{type="video"}': "1000x30"},
        {'adwright_queue_age_seconds{type="video"}': "800x30"},
    ),
    "AdwrightLeasesAreLost": ({"adwright_lease_overdue_seconds": "40x30"}, {"adwright_lease_overdue_seconds": "20x30"}),
    "AdwrightSettlementLags": (
        {"adwright_settlement_lag_seconds": "130x30"},
        {"adwright_settlement_lag_seconds": "100x30"},
    ),
    "AdwrightOutboxLags": ({"adwright_outbox_lag_seconds": "70x30"}, {"adwright_outbox_lag_seconds": "50x30"}),
    "AdwrightWebhookFeedLags": (
        {"adwright_webhook_feed_delay_seconds": "70x30"},
        {"adwright_webhook_feed_delay_seconds": "50x30"},
    ),
    "AdwrightWebhookTriesRunOut": (
        {
            'adwright_webhook_running_tries{instance="a"}': "128x30",
            'adwright_webhook_running_tries{instance="b"}': "128x30",
        },
        {
            'adwright_webhook_running_tries{instance="a"}': "128x30",
            'adwright_webhook_running_tries{instance="b"}': "9x30",
        },
    ),
    "AdwrightCampaignsLag": (
        {"adwright_campaign_delay_seconds": "130x30"},
        {"adwright_campaign_delay_seconds": "110x30"},
    ),
    "AdwrightHoldsAreOverdue": ({"adwright_holds_overdue": "1x30"}, {"adwright_holds_overdue": "0x30"}),
    "AdwrightJobsDie": ({"adwright_dead_jobs": "0x20 5x10"}, {"adwright_dead_jobs": "9x20 12x10"}),
    "AdwrightWorkersFail": (
        {
            'adwright_worker_faults_total{type="t",kind="transient"}': "0+30x30",
            'adwright_worker_attempts_total{type="t",outcome="x"}': "0+100x30",
        },
        {
            'adwright_worker_faults_total{type="t",kind="input"}': "0+90x30",
            'adwright_worker_attempts_total{type="t",outcome="x"}': "0+100x30",
        },
    ),
    "AdwrightMetricsAreStale": (
        {'adwright_measured_timestamp_seconds{job="j"}': "1x30"},
        {'adwright_measured_timestamp_seconds{job="j"}': "0+60x30"},
    ),
}


@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("fires", [True, False])
def test_alert_fires_only_above_its_threshold(alert: str, fires: bool, tmp_path: Path) -> None:
    assert_firing(int(fires), rules(), alert, SERIES[alert][0 if fires else 1], tmp_path)


@pytest.fixture(scope="module")
def faulty() -> Iterator[RunningSystem]:
    """A system whose parts the tests below break one after the other."""
    running = RunningSystem(Options(metrics=True))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def prometheus(faulty: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    names = [*SERVICES, *(f"{name}-worker" for name in WORKERS)]
    targets = {name: f"127.0.0.1:{faulty.system.ports[metrics_of(name)]}" for name in names}
    found = Prometheus(tmp_path_factory.mktemp("prometheus"), targets)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def customer(faulty: RunningSystem) -> Customer:
    return faulty.customer(1_000)


def execute(system: RunningSystem, database: str, statement: str) -> None:
    with psycopg.connect(system.system.database_url(database), autocommit=True) as connection:
        connection.execute(statement.encode())


def submit(customer: Customer, kind: str = "static-ad") -> str:
    body: dict[str, Any] = dict(customer.ids)
    if kind == "video":
        body["script"] = "A script that takes a while to be spoken, so that there is time. " * 8
    return str(customer.client.post(f"/api/generate/{kind}", json=body).json()["jobId"])


def wait_for_status(customer: Customer, job_id: str, status: str) -> None:
    until(lambda: customer.status(job_id)["status"] == status, seconds=90, describe=lambda: customer.status(job_id))


class TestRunningSystem:
    """The tests run in order: each leaves the system in the state that the next one needs."""

    def test_healthy_system_fires_no_alert_and_fills_the_dashboard(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        for _ in range(3):
            wait_for_status(customer, submit(customer), "completed")
            assert faulty.customer(0).client.post("/api/generate/copy", json={}).status_code == 400
        now = time.time()  # the gauges of the databases are updated every ten seconds
        until(lambda: prometheus.query(f"min(adwright_measured_timestamp_seconds > 0) > {now}"), seconds=40)
        dashboard = json.loads((ROOT / "deploy/components/monitoring/dashboard.json").read_text(encoding="utf-8"))
        empty = [
            target["expr"]
            for panel in dashboard["panels"]
            for target in panel["targets"]
            if not prometheus.query(target["expr"])
        ]
        # Gauges of waiting jobs have no series while no job waits.
        assert empty in ([], ["max by (type) (adwright_queue_age_seconds)"]) or set(empty) == {
            "max by (type) (adwright_queue_age_seconds)",
            "max by (type, status) (adwright_live_jobs)",
        }
        assert prometheus.firing() == set()

    def test_storage_that_rejects_writes_fires_workers_fail(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        assets = faulty.home.assets
        assets.rename(assets.with_suffix(".away"))
        assets.write_text("not a folder")
        for _ in range(4):
            submit(customer)
        prometheus.wait_for("AdwrightWorkersFail", 60)
        assets.unlink()
        assets.with_suffix(".away").rename(assets)

    def test_dead_jobs_fire_jobs_die(self, faulty: RunningSystem, prometheus: Prometheus) -> None:
        execute(faulty, "job", "update job set dead = true where status in ('completed', 'failed')")
        execute(faulty, "job", "update job set dead = true where status = 'queued'")
        prometheus.wait_for("AdwrightJobsDie", 30)

    def test_open_transaction_delays_the_recovery_of_a_lost_lease(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        job_id = submit(customer, "video")
        wait_for_status(customer, job_id, "processing")
        with psycopg.connect(faulty.system.database_url("job")) as connection:
            connection.execute(f"select from job where id = '{job_id}' for update".encode())
            faulty.run(faulty.system.processes["video-worker"].stop())
            prometheus.wait_for("AdwrightLeasesAreLost", 80)

    def test_queue_without_workers_fires_queue_is_old(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        wait_for_status(customer, submit(customer, "video"), "queued")
        execute(faulty, "job", "update job set created_at = created_at - interval '20 min' where status = 'queued'")
        prometheus.wait_for("AdwrightQueueIsOld", 40)

    def test_locked_ledger_fires_holds_are_overdue_and_calls_are_slow(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        with psycopg.connect(faulty.system.database_url("billing")) as connection:
            connection.execute(b"lock table account in exclusive mode")
            execute(faulty, "billing", "update hold set expires_at = now() - interval '1 hour' where state = 'held'")
            for _ in range(3):
                customer.client.post("/api/generate/static-ad", json=customer.ids)
            prometheus.wait_for("AdwrightHoldsAreOverdue", 60)
        prometheus.wait_for("AdwrightCallsAreSlow", 60)

    def test_stopped_broker_fires_outbox_lags(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        faulty.run(faulty.system.processes["broker"].stop())
        submit(customer, "video")
        execute(faulty, "job", "update outbox set created_at = created_at - interval '5 min'")
        prometheus.wait_for("AdwrightOutboxLags", 60)

    def test_stopped_billing_fires_process_down_and_settlement_lags(
        self, faulty: RunningSystem, prometheus: Prometheus, customer: Customer
    ) -> None:
        job_id = submit(customer, "video")
        faulty.run(faulty.system.processes["billing"].stop())
        assert customer.client.post("/api/generate/cancel", json={"jobId": job_id}).status_code == 200
        execute(faulty, "job", f"update job set completed_at = now() - interval '5 min' where id = '{job_id}'")
        for _ in range(12):
            assert customer.client.post("/api/generate/static-ad", json=customer.ids).status_code == 503
            time.sleep(0.5)
        prometheus.wait_for("AdwrightProcessDown", 30)
        prometheus.wait_for("AdwrightCallsFail", 30)
        prometheus.wait_for("AdwrightSettlementLags", 40)

    def test_unavailable_database_fires_metrics_are_stale(self, faulty: RunningSystem, prometheus: Prometheus) -> None:
        execute(faulty, "billing", "alter database job with allow_connections false")
        execute(faulty, "billing", "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'job'")
        prometheus.wait_for("AdwrightMetricsAreStale", 180)
