"""Alerts about the gateway, PostgreSQL, Kafka, certificates and backups fire only above their thresholds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.platform import tools
from tests.platform.manifests import ROOT, of_kind
from tests.platform.prometheus import assert_firing, rules

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS + 300)

RULES = rules("dependencies")
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}

REQUESTS = (
    'envoy_http_downstream_rq_xx{job="gateway",envoy_http_conn_manager_prefix="https-10443",'
    'pod="%s",envoy_response_code_class="%s"}'
)
PROXY_TIME = (
    'envoy_cluster_upstream_rq_time_bucket{job="gateway",envoy_cluster_name="httproute/adwright/%s/rule/0",le="%s"}'
)
HEALTHY = 'envoy_cluster_membership_healthy{job="gateway",pod="%s",envoy_cluster_name="httproute/adwright/%s/rule/0"}'
POSTGRES = 'namespace="adwright",pod="adwright-database-1"'
REPLICA = 'namespace="adwright",pod="adwright-database-2"'
VOLUME = 'kubelet_volume_stats_%s_bytes{namespace="adwright",persistentvolumeclaim="%s"}'
COPIED = 'kube_cronjob_status_last_successful_time{namespace="adwright",cronjob="%s"}'
SERVICES = ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")
DAY = 86_400  # the series start at time 0, so a date is the remaining time


def healthy(**counts: int) -> dict[str, str]:
    """Returns the series of two proxies with one ready pod of each service, or the given number."""
    return {HEALTHY % (pod, name): f"{counts.get(name, 1)}x120" for pod in ("a", "b") for name in SERVICES}


def volume(name: str, free: int) -> dict[str, str]:
    return {VOLUME % ("available", name): f"{free}x120", VOLUME % ("capacity", name): "100x120"}


# For each alert: series that make it fire (and the number of instances), and similar series that do not.
SERIES: dict[str, tuple[dict[str, str], int, dict[str, str]]] = {
    "AdwrightGatewayDown": (
        {'up{job="gateway",pod="a"}': "1x10 0x110", 'up{job="gateway",pod="b"}': "0x120"},
        1,
        {'up{job="gateway",pod="a"}': "1x120", 'up{job="gateway",pod="b"}': "0x120"},
    ),
    "AdwrightGatewayErrors": (
        {REQUESTS % ("a", 2): "0+900x120", REQUESTS % ("b", 5): "0+30x120"},
        1,
        {
            REQUESTS % ("a", 2): "0+900x120",
            REQUESTS % ("b", 5): "0+10x120",
            # Probes and scrapes are not responses to clients.
            REQUESTS.replace("https-10443", "admin") % ("b", 5): "0+900x120",
        },
    ),
    "AdwrightGatewaySlow": (
        {
            PROXY_TIME % ("catalog", "1000"): "0+90x120",
            PROXY_TIME % ("catalog", "2500"): "0+100x120",
            PROXY_TIME % ("catalog", "+Inf"): "0+100x120",
        },
        1,
        {
            PROXY_TIME % ("catalog", "1000"): "0+100x120",
            PROXY_TIME % ("catalog", "+Inf"): "0+100x120",
            # Waiting for an image does not count as slow.
            PROXY_TIME % ("image", "1000"): "0+0x120",
            PROXY_TIME % ("image", "30000"): "0+900x120",
            PROXY_TIME % ("image", "+Inf"): "0+900x120",
        },
    ),
    "AdwrightGatewayHasNoEndpoints": (healthy(billing=0), 1, healthy()),
    "AdwrightGatewayRejectsConfiguration": (
        {'envoy_http_rds_update_rejected{job="gateway",pod="a"}': "0x20 1x100"},
        1,
        {
            'envoy_http_rds_update_rejected{job="gateway",pod="a"}': "3x120",
            'envoy_listener_manager_lds_update_rejected{job="gateway",pod="a"}': "0x120",
            'envoy_cluster_manager_cds_update_rejected{job="gateway",pod="a"}': "0x120",
        },
    ),
    "AdwrightGatewayCertificateExpires": (
        {'envoy_server_days_until_first_cert_expiring{job="gateway",pod="a"}': "13x120"},
        1,
        # Envoy's value without a certificate.
        {'envoy_server_days_until_first_cert_expiring{job="gateway",pod="a"}': "4294967295x120"},
    ),
    "AdwrightCertificateExpires": (
        {'certmanager_certificate_expiration_timestamp_seconds{namespace="adwright",name="t"}': f"{13 * DAY}x120"},
        1,
        {'certmanager_certificate_expiration_timestamp_seconds{namespace="adwright",name="t"}': f"{15 * DAY}x120"},
    ),
    "AdwrightCertificateNotReady": (
        {'certmanager_certificate_ready_status{namespace="adwright",name="t",condition="False"}': "1x120"},
        1,
        {
            'certmanager_certificate_ready_status{namespace="adwright",name="t",condition="False"}': "0x120",
            'certmanager_certificate_ready_status{namespace="other",name="t",condition="False"}': "1x120",
        },
    ),
    "AdwrightPostgresDown": (
        {f'cnpg_collector_up{{cluster="adwright-database",{POSTGRES}}}': "0x120"},
        1,
        {f'cnpg_collector_up{{cluster="adwright-database",{POSTGRES}}}': "1x120"},
    ),
    "AdwrightPostgresReplicationLags": (
        {f"cnpg_pg_replication_lag{{{REPLICA}}}": "31x120", f"cnpg_pg_replication_lag{{{POSTGRES}}}": "0x120"},
        1,
        {f"cnpg_pg_replication_lag{{{REPLICA}}}": "29x120"},
    ),
    "AdwrightPostgresReplicaIsCutOff": (
        {
            f"cnpg_pg_replication_in_recovery{{{REPLICA}}}": "1x120",
            f"cnpg_pg_replication_is_wal_receiver_up{{{REPLICA}}}": "0x120",
        },
        1,
        {
            f"cnpg_pg_replication_in_recovery{{{REPLICA}}}": "1x120",
            f"cnpg_pg_replication_is_wal_receiver_up{{{REPLICA}}}": "1x120",
            f"cnpg_pg_replication_in_recovery{{{POSTGRES}}}": "0x120",
            f"cnpg_pg_replication_is_wal_receiver_up{{{POSTGRES}}}": "0x120",
        },
    ),
    "AdwrightPostgresDiskFills": (volume("adwright-database-1", 14), 1, volume("adwright-database-1", 16)),
    "AdwrightPostgresConnectionsRunOut": (
        {
            f'cnpg_backends_total{{{POSTGRES},datname="job"}}': "200x120",
            f'cnpg_backends_total{{{POSTGRES},datname="billing"}}': "60x120",
            f'cnpg_pg_settings_setting{{{POSTGRES},name="max_connections"}}': "300x120",
        },
        1,
        {
            f'cnpg_backends_total{{{POSTGRES},datname="job"}}': "200x120",
            f'cnpg_backends_total{{{REPLICA},datname="job"}}': "60x120",
            f'cnpg_pg_settings_setting{{{POSTGRES},name="max_connections"}}': "300x120",
            f'cnpg_pg_settings_setting{{{REPLICA},name="max_connections"}}': "300x120",
            f'cnpg_pg_settings_setting{{{REPLICA},name="max_wal_senders"}}': "10x120",
        },
    ),
    "AdwrightWalArchivingFails": (
        {
            f"cnpg_pg_stat_archiver_last_failed_time{{{POSTGRES}}}": "500x120",
            f"cnpg_pg_stat_archiver_last_archived_time{{{POSTGRES}}}": "100x120",
            f'cnpg_collector_pg_wal_archive_status{{{REPLICA},value="ready"}}': "31x120",
        },
        2,
        {
            f"cnpg_pg_stat_archiver_last_failed_time{{{POSTGRES}}}": "100x120",
            f"cnpg_pg_stat_archiver_last_archived_time{{{POSTGRES}}}": "500x120",
            f'cnpg_collector_pg_wal_archive_status{{{POSTGRES},value="ready"}}': "3x120",
            f'cnpg_collector_pg_wal_archive_status{{{POSTGRES},value="done"}}': "300x120",
        },
    ),
    "AdwrightBackupIsOld": (
        {f"cnpg_collector_last_available_backup_timestamp{{{POSTGRES}}}": f"{-36 * 3600}x120"},
        1,
        {
            f"cnpg_collector_last_available_backup_timestamp{{{POSTGRES}}}": f"{-30 * 3600}x120",
            f"cnpg_collector_last_available_backup_timestamp{{{REPLICA}}}": f"{-90 * 3600}x120",
        },
    ),
    "AdwrightBackupFails": (
        {
            f"cnpg_collector_last_failed_backup_timestamp{{{POSTGRES}}}": "200x120",
            f"cnpg_collector_last_available_backup_timestamp{{{POSTGRES}}}": "100x120",
        },
        1,
        {
            f"cnpg_collector_last_failed_backup_timestamp{{{POSTGRES}}}": "100x120",
            f"cnpg_collector_last_available_backup_timestamp{{{POSTGRES}}}": "200x120",
        },
    ),
    "AdwrightAssetsBackupIsOld": (
        {COPIED % "assets-backup": f"{-36 * 3600}x120"},
        1,
        {COPIED % "assets-backup": f"{-30 * 3600}x120", COPIED % "other": f"{-90 * 3600}x120"},
    ),
    "AdwrightKafkaNodeDown": (
        {'up{job="kafka",pod="a"}': "1x120", 'up{job="kafka",pod="b"}': "0x120"},
        1,
        {'up{job="kafka",pod="a"}': "1x120", 'up{job="kafka",pod="b"}': "1x120"},
    ),
    "AdwrightKafkaPartitionsOffline": (
        {'kafka_controller_kafkacontroller_offlinepartitionscount{namespace="adwright"}': "1x120"},
        1,
        {'kafka_controller_kafkacontroller_offlinepartitionscount{namespace="adwright"}': "0x120"},
    ),
    "AdwrightKafkaRefusesWrites": (
        {'kafka_server_replicamanager_underminisrpartitioncount{namespace="adwright"}': "2x120"},
        1,
        {'kafka_server_replicamanager_underminisrpartitioncount{namespace="adwright"}': "0x120"},
    ),
    "AdwrightKafkaUnderReplicated": (
        {'kafka_server_replicamanager_underreplicatedpartitions{namespace="adwright"}': "2x120"},
        1,
        # A restarted node.
        {'kafka_server_replicamanager_underreplicatedpartitions{namespace="adwright"}': "0x70 6x8 0x42"},
    ),
    "AdwrightKafkaConsumersStall": (
        {
            'kafka_consumergroup_lag{consumergroup="adwright-video-workers",partition="0"}': "4x120",
            'kafka_consumergroup_current_offset{consumergroup="adwright-video-workers",partition="0"}': "9x120",
        },
        1,
        {
            # A busy group, and an idle one.
            'kafka_consumergroup_lag{consumergroup="adwright-video-workers",partition="0"}': "900x120",
            'kafka_consumergroup_current_offset{consumergroup="adwright-video-workers",partition="0"}': "0+1x120",
            'kafka_consumergroup_lag{consumergroup="adwright-image-workers",partition="0"}': "0x120",
            'kafka_consumergroup_current_offset{consumergroup="adwright-image-workers",partition="0"}': "5x120",
        },
    ),
    "AdwrightKafkaDiskFills": (volume("data-0-adwright-brokers-1", 14), 1, volume("data-0-adwright-brokers-1", 16)),
    "AdwrightKafkaCertificateExpires": (
        {
            'strimzi_certificate_expiration_timestamp_ms{cluster="adwright",resource_namespace="adwright",type="c"}':
            f"{19 * DAY * 1000}x120"
        },
        1,
        {
            'strimzi_certificate_expiration_timestamp_ms{cluster="adwright",resource_namespace="adwright",type="c"}':
            f"{21 * DAY * 1000}x120"
        },
    ),
}  # fmt: skip


def test_every_alert_has_series_and_a_runbook_section() -> None:
    ours = {rule["alert"]: rule for group in rules()["groups"] for rule in group["rules"]}
    headings = re.findall(r"^## (Adwright\w+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.M)
    assert sorted(headings) == sorted([*ours, *ALERTS])
    assert set(SERIES) == set(ALERTS)
    for name, rule in (ours | ALERTS).items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.slow
@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("fires", [True, False])
def test_alert_fires_only_above_its_threshold(alert: str, fires: bool, tmp_path: Path) -> None:
    firing, count, quiet = SERIES[alert]
    # An alert about a rising counter is evaluated while it rises; the others fire for an hour or longer.
    at = "25m" if alert == "AdwrightGatewayRejectsConfiguration" and fires else "85m"
    assert_firing(count if fires else 0, RULES, alert, firing if fires else quiet, tmp_path, at)


@pytest.mark.slow
@pytest.mark.parametrize("alert", ["AdwrightGatewayDown", "AdwrightPostgresDown", "AdwrightKafkaNodeDown"])
def test_down_alert_fires_where_nothing_is_scraped(alert: str, tmp_path: Path) -> None:
    assert_firing(1, RULES, alert, {"something_else": "1x120"}, tmp_path)


@pytest.mark.slow
def test_alert_fires_for_a_service_that_the_gateway_does_not_know(tmp_path: Path) -> None:
    series = {name: values for name, values in healthy().items() if "/video/" not in name}
    assert_firing(1, RULES, "AdwrightGatewayHasNoEndpoints", series, tmp_path)


def metrics_in(prefix: str) -> set[str]:
    return {name for rule in ALERTS.values() for name in re.findall(rf"\b{prefix}\w+", rule["expr"])}


def test_postgres_alerts_use_metrics_that_cloudnativepg_has() -> None:
    source = tools.source(tools.CLOUDNATIVE_PG)
    document = yaml.safe_load((source / "config/manager/default-monitoring.yaml").read_text(encoding="utf-8"))
    queries: dict[str, Any] = yaml.safe_load(document["data"]["queries"])
    known = {
        f"cnpg_{query}_{metric}" for query, found in queries.items() for item in found["metrics"] for metric in item
    }
    collector = (source / "pkg/management/postgres/webserver/metricserver/pg_collector.go").read_text(encoding="utf-8")
    known |= {f"cnpg_collector_{name}" for name in re.findall(r'Name:\s+"(\w+)"', collector)}
    found = metrics_in("cnpg_")
    assert len(found) >= 9
    assert found <= known
    assert of_kind("overlays/production", "Cluster")["adwright-database"]["spec"]["monitoring"]["enablePodMonitor"]


def test_kafka_alerts_use_metrics_that_are_exported() -> None:
    spec = of_kind("overlays/production", "Kafka")["adwright"]["spec"]
    exported = spec["kafka"]["metricsConfig"]["values"]["allowList"]
    for name in metrics_in("kafka_controller_") | metrics_in("kafka_server_"):
        assert any(re.fullmatch(pattern, name) for pattern in exported), name
    groups = metrics_in("kafka_consumergroup_")
    assert groups
    assert all(
        re.fullmatch(spec["kafkaExporter"]["groupRegex"], f"adwright-{name}-workers") for name in ("image", "video")
    )
