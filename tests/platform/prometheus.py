"""A real Prometheus that scrapes the processes of a test."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.platform import tools
from tests.platform.manifests import ROOT
from tests.support import until

START_SECONDS = 30


def rules(name: str = "alerts") -> dict[str, Any]:
    """Returns the alert groups of one file of the component in Prometheus' format."""
    resource = yaml.safe_load((ROOT / f"deploy/components/monitoring/{name}.yaml").read_text(encoding="utf-8"))
    return {"groups": resource["spec"]["groups"]}


def assert_firing(
    count: int, found: dict[str, Any], alert: str, series: Mapping[str, str], folder: Path, at: str = "25m"
) -> None:
    """Fails unless `count` instances of an alert fire at a time of these series, which have a value a minute."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(found), encoding="utf-8")
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        # `alert_rule_test` would also compare the alerts' labels and texts.
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": count}],
            }
        ],
    }
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (folder / "test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    promtool = tools.program(tools.PROMETHEUS, "cmd/promtool", "remove_all_sd")
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Prometheus:
    """Scrapes `targets` (job to host:port) every second and evaluates the alerts."""

    def __init__(self, folder: Path, targets: Mapping[str, str]) -> None:
        found = rules()
        for rule in found["groups"][0]["rules"]:
            rule["for"] = "1s"  # the real durations are tested with promtool
        (folder / "rules.yaml").write_text(yaml.safe_dump(found), encoding="utf-8")
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(folder / "rules.yaml")],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()
            ],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
        self._log = folder / "prometheus.log"
        program = tools.program(tools.PROMETHEUS, "cmd/prometheus", "remove_all_sd")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    "--web.listen-address=127.0.0.1:0",
                ],
                stdout=log,
                stderr=log,
            )
        self._client = httpx.Client(base_url=self._address(), timeout=5, trust_env=False)

    def _address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while True:
            text = self._log.read_text(encoding="utf-8")
            for line in text.splitlines():
                if "Listening on" in line and "address=" in line:
                    return "http://" + line.rsplit("address=", 1)[1].split()[0]
            assert self._process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.05)

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self._client.get("/api/v1/query", params={"query": expression})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"]["result"])

    def firing(self) -> set[str]:
        """Returns the names of the firing alerts."""
        alerts = self._client.get("/api/v1/alerts").json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def wait_for(self, alert: str, seconds: float) -> None:
        until(lambda: alert in self.firing(), seconds=seconds, interval_seconds=0.5, describe=self.firing)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
