"""Runs the curl lines that `make up` prints and those of the README, unchanged."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from cli.curl import EXAMPLES, curl_line, curl_lines
from gateway.routes import Route, read_descriptors, routes_of
from local.home import ROOT
from tests.running import Customer, RunningSystem
from tests.support import ended, until

SECONDS = 90


@pytest.fixture
def shell(customer: Customer, tmp_path: Path) -> dict[str, str]:
    """The variables of `adwright env`, for a new customer."""
    system = customer.system
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NO_PROXY": "*",
        "ADWRIGHT_URL": system.system.url,
        "ADWRIGHT_TOKEN": system.token(customer.id),
        "ADWRIGHT_ADMIN_TOKEN": system.token("admin", admin=True),
        "ADWRIGHT_PROJECT_ID": customer.project_id,
        "ADWRIGHT_PRODUCT_ID": customer.product_id,
    }


def run(line: str, variables: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euc", line], env=variables, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


def good(line: str, variables: dict[str, str], folder: Path) -> dict[str, object]:
    answer: dict[str, object] = json.loads(run(line, variables, folder))
    assert "error" not in answer, (line, answer)
    return answer


def shape(path: str) -> str:
    """The path with its variable parts replaced by *."""
    return re.sub(r"\{[^}]*\}|\$[A-Z]+|male-1|finn", "*", path.partition("?")[0])


class TestExamples:
    def test_every_endpoint_has_an_example(self) -> None:
        routes: tuple[Route, ...] = routes_of(read_descriptors(ROOT / "gen" / "descriptors.binpb"))
        shown = {
            (verb, shape(path.replace("$ASSET", "/api/assets/*")))
            for lines in EXAMPLES.values()
            for verb, path, _ in lines
        }
        assert shown == {(route.verb, shape(route.path)) for route in routes}

    def test_every_example_runs_unchanged(self, customer: Customer, shell: dict[str, str], tmp_path: Path) -> None:
        lines = {(verb, path): curl_line(verb, path, body) for group in EXAMPLES.values() for verb, path, body in group}
        assert set(lines.values()) <= set(curl_lines())

        def do(verb: str, path: str) -> dict[str, object]:
            return good(lines.pop((verb, path)), shell, tmp_path)

        created = do("POST", "/api/generate/copy")
        assert len(created["variants"]) == 5  # type: ignore[arg-type]
        shell["JOB"] = str(do("POST", "/api/generate/video")["jobId"])
        assert do("POST", "/api/generate/cancel")["status"] == "canceled"
        shell["JOB"] = str(do("POST", "/api/generate/static-ad")["jobId"])
        events = run(lines.pop(("GET", "/api/generate/events?jobId=$JOB")), shell, tmp_path)
        assert '"completed"' in events
        status = do("GET", "/api/generate/status?jobId=$JOB")
        shell["ASSET"] = status["assets"][0]["url"]  # type: ignore[index]
        shell["FILE"] = status["assets"][0]["id"]  # type: ignore[index]
        run(lines.pop(("GET", "$ASSET")), shell, tmp_path)
        (tmp_path / "asset").rename(tmp_path / "photo.png")
        assert (tmp_path / "photo.png").read_bytes().startswith(b"\x89PNG")
        shell["PICTURE"] = status["assets"][0]["id"]  # type: ignore[index]
        assert do("POST", "/api/assets/$PICTURE/variants")["parentAssetId"] == shell["PICTURE"]
        do("DELETE", "/api/assets/$FILE")
        endless = lines.pop(("GET", "/api/generate/jobs/events"))  # curl runs until the timeout
        run(f"timeout 1 {endless} || [ $? = 124 ]", shell, tmp_path)

        shell["PROJECT"] = str(do("POST", "/api/projects")["id"])
        shell["PRODUCT"] = str(do("POST", "/api/projects/$PROJECT/products")["id"])
        do("POST", "/api/projects/$PROJECT/logo")
        run(lines.pop(("GET", "/api/projects/$PROJECT/logo")), shell, tmp_path)
        do("POST", "/api/products/$PRODUCT/image")
        run(lines.pop(("GET", "/api/products/$PRODUCT/image")), shell, tmp_path)
        assert (tmp_path / "product.png").stat().st_size > 1000
        shell["IMAGE"] = do("POST", "/api/products/$PRODUCT/images")["images"][1]["id"]  # type: ignore[index]
        (tmp_path / "product.png").unlink()
        run(lines.pop(("GET", "/api/products/$PRODUCT/images/$IMAGE")), shell, tmp_path)
        assert (tmp_path / "product.png").stat().st_size > 1000
        shell["PORTRAIT"] = str(do("POST", "/api/avatars?name=Ana&consent=1")["id"])
        run(lines.pop(("GET", "/api/avatars/$PORTRAIT/image")), shell, tmp_path)
        shell["CAMPAIGN"] = str(do("POST", "/api/generate/campaign")["campaignId"])
        progress = run(lines.pop(("GET", "/api/campaigns/$CAMPAIGN/events")), shell, tmp_path)  # until it has ended
        assert '"completed"' in progress
        assert do("GET", "/api/campaigns/$CAMPAIGN")["status"] == "completed"
        run(lines.pop(("GET", "/api/campaigns/$CAMPAIGN/pack")), shell, tmp_path)
        assert b"manifest.json" in (tmp_path / "campaign.zip").read_bytes()
        cancellation = json.loads(run(lines.pop(("POST", "/api/campaigns/$CAMPAIGN/cancel")), shell, tmp_path))
        assert cancellation["error"]["reason"] == "CAMPAIGN_ENDED"
        shell["KEY"] = do("POST", "/api/keys")["apiKey"]["id"]  # type: ignore[index]
        shell["WEBHOOK"] = do("POST", "/api/webhooks")["webhook"]["id"]  # type: ignore[index]
        shell["DELIVERY"] = str(do("POST", "/api/webhooks/$WEBHOOK/test")["id"])
        copy = EXAMPLES["create something"][0][2]
        body = {**copy, **customer.ids, "webhookUrl": "https://example.com/hook"}  # type: ignore[dict-item]
        assert customer.client.post("/api/generate/copy", json=body).status_code == 200
        sent = until(lambda: customer.client.get("/api/webhook-deliveries").json().get("deliveries"), seconds=SECONDS)
        shell["SENT"] = str(sent[0]["id"])
        run(lines.pop(("GET", "/api/voices/male-1/sample")), shell, tmp_path)
        run(lines.pop(("GET", "/api/avatars/finn/preview")), shell, tmp_path)
        assert b"ftyp" in (tmp_path / "voice.m4a").read_bytes()[:16]
        assert (tmp_path / "avatar.png").read_bytes().startswith(b"\x89PNG")

        retry = json.loads(run(lines.pop(("POST", "/api/admin/jobs/$JOB/retry")), shell, tmp_path))
        assert retry["error"]["reason"] == "JOB_NOT_DEAD"  # the job of this customer has completed
        deadline = time.monotonic() + SECONDS
        refund = lines.pop(("POST", "/api/admin/refunds"))
        while "error" in (
            answer := json.loads(run(refund, shell, tmp_path))
        ):  # refused until the hold is captured, within a second
            assert time.monotonic() < deadline, answer
            time.sleep(0.2)
        for verb, path in sorted(lines, key=lambda line: line[0] == "DELETE"):
            if (verb, path) != ("DELETE", "/api/projects/$PROJECT"):
                do(verb, path)
        do("DELETE", "/api/projects/$PROJECT")
        assert lines == {}


class TestReadme:
    def test_curl_lines_of_the_readme_run_unchanged(
        self, system: RunningSystem, customer: Customer, shell: dict[str, str], tmp_path: Path
    ) -> None:
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        lines = [block for block in blocks if "curl" in block]
        assert len(lines) == 4
        answers = [good(line, shell, tmp_path) for line in lines[:3]]
        assert [answer["creditsUsed"] for answer in answers] == [1, 3, 40]
        assert "JOB" not in shell
        ended(customer, str(answers[1]["jobId"]))
        output = run(lines[3], shell, tmp_path)
        assert output.count('"completed"') == 2
        assert str(answers[1]["jobId"]) in output
        customer.client.post("/api/generate/cancel", json={"jobId": answers[2]["jobId"]})
