"""Every command with good and bad input, against a running system."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

import jwt
import pytest

from local.home import Home
from tests.cli.terminal import Terminal
from tests.running import RunningSystem


@pytest.fixture
def terminal(system: RunningSystem, tmp_path: Path) -> Terminal:
    return Terminal(system.home, tmp_path)


@pytest.fixture
def nowhere(tmp_path: Path) -> Terminal:
    """A home in which no system runs."""
    return Terminal(Home(tmp_path / "empty"), tmp_path)


class TestScripts:
    def test_env_output_is_evaluated_by_a_shell(self, terminal: Terminal, system: RunningSystem) -> None:
        output = terminal.good("env")
        names = [line.partition("=")[0] for line in output.splitlines()]
        wanted = ("URL", "TOKEN", "ADMIN_TOKEN", "PROJECT_ID", "PRODUCT_ID")
        assert names == [f"export ADWRIGHT_{name}" for name in wanted]
        line = f'{output}\necho "$ADWRIGHT_URL $ADWRIGHT_PRODUCT_ID"'
        url, product = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.split()
        assert url == system.system.url
        assert system.client("demo").get(f"/api/products/{product}").json()["name"] == "Aurora Bottle"
        assert terminal.good("env").splitlines()[-2:] == output.splitlines()[-2:]  # repeating it creates nothing

    def test_token_has_the_requested_user_role_and_validity(self, terminal: Terminal) -> None:
        claims = jwt.decode(
            terminal.good("token", "--user", "ann", "--admin", "--expires", "90s").strip(),
            options={"verify_signature": False},
        )
        assert (claims["sub"], claims["roles"], claims["exp"] - claims["iat"]) == ("ann", ["admin"], 90)

    @pytest.mark.parametrize("expires", ["5", "0s", "-1h", "1w", "99999999999d", "4000d", ""])
    def test_token_rejects_other_durations(self, terminal: Terminal, expires: str) -> None:
        assert "90s" in terminal.bad("token", "--user", "ann", f"--expires={expires}", code=2)

    @pytest.mark.parametrize("user", ["", "u" * 256])
    def test_token_rejects_user_ids_that_the_services_refuse(self, terminal: Terminal, user: str) -> None:
        assert "1 to 255" in terminal.bad("token", "--user", user, code=2)

    def test_grant_with_the_same_id_is_applied_once(self, terminal: Terminal) -> None:
        user = f"user-{uuid.uuid4()}"
        for _ in range(2):
            assert (
                terminal.good("grant", "--user", user, "--credits", "7", "--grant-id", user)
                == f"{user} has 7 credits\n"
            )
        assert terminal.good("credits", "--user", user) == "7 available, 0 held\n"

    def test_credits_of_another_user_ignore_the_token_in_the_environment(
        self, terminal: Terminal, system: RunningSystem
    ) -> None:
        customer = system.customer(5)
        mine = {"ADWRIGHT_URL": system.system.url, "ADWRIGHT_TOKEN": system.token(customer.id)}
        assert terminal.good("credits", **mine) == "5 available, 0 held\n"
        assert terminal.good("credits", "--user", f"user-{uuid.uuid4()}", **mine) == "0 available, 0 held\n"

    def test_refused_grant_names_the_field(self, terminal: Terminal) -> None:
        assert "credits: must be" in terminal.bad("grant", "--user", "ann", "--credits", "-5")
        assert "expiresAt" in terminal.bad("grant", "--user", "ann", "--credits", "5", "--expires", "99999999999d")


class TestStatus:
    def test_status_lists_port_pid_and_health_of_every_process(self, terminal: Terminal, system: RunningSystem) -> None:
        lines = [line.split() for line in terminal.good("status").splitlines()]
        table = {line[0]: line for line in lines[1:] if len(line) >= 3}
        assert set(system.system.processes) < set(table)
        assert {line[-1] for name, line in table.items() if name in system.system.processes} == {"healthy"}
        assert table["job"][1:3] == [str(system.system.ports["job"]), str(system.system.processes["job"].pid)]

    def test_commands_without_a_system_say_how_to_start_one(self, nowhere: Terminal) -> None:
        for command in (
            ("status",),
            ("env",),
            ("credits",),
            ("generate", "copy"),
            ("jobs", "list"),
            ("ledger", "verify"),
        ):
            assert "make up" in nowhere.bad(*command, code=3)
        assert "make up" in nowhere.bad("logs", code=3)

    def test_second_system_in_the_same_folder_is_refused(self, terminal: Terminal) -> None:
        assert "is running from" in terminal.bad("up")


class TestGenerate:
    def test_copy_is_saved_and_its_paths_are_printed(self, terminal: Terminal) -> None:
        output = terminal.good("generate", "copy", "--tone", "luxe", "--out", "made/here")
        assert output.splitlines()[-2:] == ["made/here/copy.txt", "made/here/copy.json"]
        answer = json.loads((terminal.folder / "made/here/copy.json").read_text())
        text = (terminal.folder / "made/here/copy.txt").read_text()
        assert len(answer["variants"]) == 5
        assert all(variant["hook"] in text for variant in answer["variants"])

    def test_ad_is_saved_in_the_requested_format(self, terminal: Terminal) -> None:
        output = terminal.good("generate", "static-ad", "--ratio", "4:5", "--file-format", "jpeg", "--visible-mark")
        assert "static-ad: completed, 3 credits" in output
        assert "A small line on the picture says" in output
        assert (terminal.folder / "out/ad.jpeg").read_bytes().startswith(b"\xff\xd8")

    def test_variants_are_saved_side_by_side(self, terminal: Terminal) -> None:
        output = terminal.good("generate", "static-ad", "--variants", "2")
        assert "static-ad: completed, 2 of 2 pictures, 6 credits" in output
        saved = ["out/ad-1.png", "out/ad-1-thumbnail.webp", "out/ad-2.png", "out/ad-2-thumbnail.webp"]
        assert output.splitlines()[-4:] == saved
        assert len({(terminal.folder / name).read_bytes() for name in saved}) == 4

    def test_one_thing_of_a_picture_is_changed(self, terminal: Terminal, system: RunningSystem) -> None:
        terminal.good("generate", "static-ad")
        [job] = system.client("demo").get("/api/generate/jobs", params={"pageSize": 1}).json()["jobs"]
        picture = next(asset["id"] for asset in job["assets"] if asset["type"] == "image")
        output = terminal.good("generate", "variant", picture, "--headline", "Cold at noon")
        assert "variant: completed, 1 credit" in output
        assert output.splitlines()[-2:] == ["out/ad-variant.png", "out/ad-variant-thumbnail.webp"]
        assert (terminal.folder / "out/ad-variant.png").read_bytes() != (terminal.folder / "out/ad.png").read_bytes()
        [changed] = system.client("demo").get("/api/generate/jobs", params={"pageSize": 1}).json()["jobs"]
        assert "“Cold at noon”" in changed["notes"][0]
        assert "variant: completed" in terminal.good("generate", "variant", picture, "--lock", "headline")
        assert "changes.headline" in terminal.bad("generate", "variant", picture, "--headline", "W" * 80)
        for wrong in ((), ("--cta", "Buy", "--lock", "headline")):
            assert "what to change" in terminal.bad("generate", "variant", picture, *wrong, code=2)
        assert "404 ASSET_NOT_FOUND" in terminal.bad("generate", "variant", str(uuid.uuid4()), "--cta", "Buy")
        url, token = system.system.url, system.token(system.customer(5).id)
        strange = ("generate", "variant", picture, "--cta", "Buy")
        assert "404 ASSET_NOT_FOUND" in terminal.bad(*strange, ADWRIGHT_URL=url, ADWRIGHT_TOKEN=token)

    def test_refusal_names_every_field_in_one_line(self, terminal: Terminal) -> None:
        output = terminal.bad("generate", "static-ad", "--style", "nope", "--ratio", "2:1")
        assert "style: must be one of product_hero, lifestyle, minimal, bold, seasonal, modern" in output
        assert "aspectRatio: must be one of 1:1, 9:16, 4:5, 16:9" in output
        assert output.count("\n") == 1

    def test_unwritable_output_folder_costs_nothing(self, terminal: Terminal, system: RunningSystem) -> None:
        customer = system.customer(10)
        mine = {
            "ADWRIGHT_URL": system.system.url,
            "ADWRIGHT_TOKEN": system.token(customer.id),
            "ADWRIGHT_PROJECT_ID": customer.project_id,
            "ADWRIGHT_PRODUCT_ID": customer.product_id,
        }
        (terminal.folder / "file").touch()
        for out in ("file", "file/below", "/proc/nothing"):
            assert "--out" in terminal.bad("generate", "copy", "--out", out, code=2, **mine)
        assert customer.credits == {"available": 10, "held": 0}

    def test_project_and_product_options_are_never_replaced_by_the_demos(self, terminal: Terminal) -> None:
        assert "must be given together" in terminal.bad("generate", "copy", "--project", str(uuid.uuid4()), code=2)
        ids = [str(uuid.uuid4()), str(uuid.uuid4())]
        output = terminal.bad("generate", "copy", "--project", ids[0], "--product", ids[1])
        assert "404 PROJECT_NOT_FOUND" in output

    def test_failed_job_prints_its_reason(self, terminal: Terminal) -> None:
        terminal.good("grant", "--user", "demo", "--credits", "40")
        output = terminal.bad("generate", "video", "--avatar-url", "http://127.0.0.1/a.png")
        assert "is not a public internet address. (ADDRESS_NOT_PUBLIC)" in output

    def test_unreachable_gateway_is_reported(self, terminal: Terminal) -> None:
        output = terminal.bad("credits", ADWRIGHT_URL="http://127.0.0.1:1", ADWRIGHT_TOKEN="t")
        assert "does not respond" in output


class TestJobs:
    def test_list_of_a_user_without_jobs_says_so(self, terminal: Terminal) -> None:
        user = f"user-{uuid.uuid4()}"
        assert terminal.good("jobs", "list", "--user", user) == f"{user} has no jobs.\n"

    def test_jobs_are_listed_and_ended_jobs_cannot_be_canceled(self, terminal: Terminal, system: RunningSystem) -> None:
        customer = system.customer(1)
        body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
        job_id = customer.client.post("/api/generate/copy", json=body).json()["jobId"]
        assert terminal.good("jobs", "list", "--user", customer.id).startswith(f"{job_id}  copy       completed")
        assert "409 JOB_ENDED" in terminal.bad("jobs", "cancel", job_id, "--user", customer.id)
        assert "404 JOB_NOT_FOUND" in terminal.bad("jobs", "cancel", job_id, "--user", "somebody else")
        assert "jobId: must be a valid UUID" in terminal.bad("jobs", "retry", "x")


class TestWebhooks:
    def test_webhook_is_added_tested_rotated_and_removed(self, terminal: Terminal) -> None:
        user = f"user-{uuid.uuid4()}"
        assert terminal.good("webhooks", "list", "--user", user).strip() == f"{user} has no webhooks."
        events = ("--event", "job.completed", "--event", "job.failed")
        webhook, secret = terminal.good("webhooks", "add", "https://example.com/hook", *events, "--user", user).split()
        assert secret.startswith("whsec_")
        line = terminal.good("webhooks", "list", "--user", user)
        assert line.strip() == f"{webhook}  enabled  https://example.com/hook  job.completed, job.failed"
        rotated = terminal.good("webhooks", "rotate", webhook, "--overlap", "1", "--user", user).strip()
        assert rotated.startswith("whsec_")
        assert rotated != secret
        delivery = terminal.good("webhooks", "test", webhook, "--user", user).strip()
        [shown, *_] = terminal.good("webhooks", "deliveries", webhook, "--user", user).splitlines()
        assert shown.split()[:2] == [delivery, "webhook.test"]
        assert "not found" in terminal.bad("webhooks", "remove", webhook, "--user", "somebody-else").lower()
        terminal.good("webhooks", "remove", webhook, "--user", user)
        assert terminal.good("webhooks", "list", "--user", user).strip() == f"{user} has no webhooks."

    def test_refused_address_and_event_say_why(self, terminal: Terminal) -> None:
        assert "https://" in terminal.bad("webhooks", "add", "http://example.com/hook")
        assert "events" in terminal.bad("webhooks", "add", "https://example.com/hook", "--event", "job.begun")
