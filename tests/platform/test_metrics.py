"""The metrics of every process, in Prometheus' format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from local.system import SERVICES, WORKERS, metrics_of
from services.chassis.data.database import Database
from services.chassis.data.migrations import migrate
from services.chassis.data.sql_gauges import MEASURED_AT, SqlGauges
from services.chassis.errors import DependencyUnavailable
from services.job.metrics import GAUGES
from tests.running import Postgres, RunningSystem
from tests.support import ended

MIGRATIONS = Path(__file__).parents[2] / "services" / "job" / "migrations"


def samples(system: RunningSystem, process: str) -> dict[tuple[str, ...], float]:
    """Returns the samples of a process by name and label values, the latter in the order of the labels' names."""
    text = httpx.get(f"http://127.0.0.1:{system.system.ports[metrics_of(process)]}/metrics", trust_env=False).text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_service_and_worker_exports_metrics(system: RunningSystem) -> None:
    for process in (*SERVICES, *(f"{name}-worker" for name in WORKERS)):
        assert ("process_cpu_seconds_total",) in samples(system, process), process


def test_job_is_counted_in_each_service_that_handles_it(system: RunningSystem) -> None:
    customer = system.customer(10)
    job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
    ended(customer, job_id, seconds=60, status="completed")
    assert (
        samples(system, "image")["adwright_calls_total", "OK", "/adwright.image.v1.ImageService/GenerateStaticAd"] >= 1
    )
    assert samples(system, "image-worker")["adwright_worker_attempts_total", "completed", "static_ad"] >= 1
    assert samples(system, "job")["adwright_jobs_total", "completed", "static_ad"] >= 1


async def test_gauges_report_waiting_jobs_and_disappear_without_them(postgres: Postgres) -> None:
    url = postgres.database()
    await migrate(url, MIGRATIONS)
    with psycopg.connect(url, autocommit=True) as connection:
        columns = "id, user_id, type, project_id, product_id, self_made, parameters, expires_at, deadline, updated_at"
        values = "gen_random_uuid(), 'u', 'video', gen_random_uuid(), gen_random_uuid(), false, '', now(), now(), now()"
        connection.execute(
            f"""insert into job ({columns}, status, credits, created_at, completed_at, settle, lease_expires_at,
                                 attempt_deadline, attempt, dead)
                select {values}, status, 1, now() - age * interval '1 s',
                       case when settle is not null then now() - age * interval '1 s' end, settle,
                       case when status = 'processing' then now() - age * interval '1 s' end, now(),
                       1, status = 'failed'
                  from (values ('queued', 100, null), ('queued', 40, null), ('processing', 30, null),
                               ('completed', 20, 'capture'), ('failed', 50, 'release')) as given (status, age, settle)
            """.encode()
        )
        connection.execute(
            "insert into outbox (topic, key, value, created_at) values ('t', 'k', '', now() - interval '70 s')"
        )
    database = Database(url, pool_size=1)
    await database.open()
    measures = SqlGauges(database, GAUGES)
    try:
        await measures.update()
        gauges = {measure.gauge: sample.value for measure in GAUGES for sample in _samples(measure.gauge)}
        assert [round(value, -1) for value in gauges.values()][1:] == [100, 30, 50, 0, 70]
        assert list(gauges.values())[4] == 1
        live = {(sample.labels["type"], sample.labels["status"]): sample.value for sample in _samples(GAUGES[0].gauge)}
        assert live == {("video", "queued"): 2, ("video", "processing"): 1}
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("delete from job")
            connection.execute("delete from outbox")
        await measures.update()
        assert not [sample for measure in GAUGES for sample in _samples(measure.gauge) if sample.value]
    finally:
        await database.close()


async def test_gauges_keep_their_values_without_a_database(postgres: Postgres) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none", pool_size=1)
    await database.open()
    before = _samples(MEASURED_AT)[0].value
    try:
        with pytest.raises(DependencyUnavailable):
            await SqlGauges(database, GAUGES).update()
    finally:
        await database.close()
    assert _samples(MEASURED_AT)[0].value == before


def _samples(gauge: object) -> list[Any]:
    return [sample for family in gauge.collect() for sample in family.samples]  # type: ignore[attr-defined]
