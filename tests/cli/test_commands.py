"""What a user meets at the terminal: each command with good and bad input, against a system that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import jwt
import pytest

from local.home import ROOT, Home
from tests.running import RunningSystem

SECONDS = 180


class Terminal:
    """A shell without a terminal, in which ADWRIGHT_HOME is a system's folder."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.folder = folder
        self._variables = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", ""),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
            "ADWRIGHT_HOME": str(home.folder),
            "COLUMNS": "80",
        }

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env={**self._variables, **variables},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done.returncode, done.stdout, done.stderr

    def good(self, *arguments: str, **variables: str) -> str:
        code, told, problems = self.run(*arguments, **variables)
        assert code == 0, problems
        return told

    def bad(self, *arguments: str, code: int = 1, **variables: str) -> str:
        got, _, problems = self.run(*arguments, **variables)
        assert got == code, problems
        return problems


@pytest.fixture
def terminal(system: RunningSystem, tmp_path: Path) -> Terminal:
    return Terminal(system.home, tmp_path)


@pytest.fixture
def nowhere(tmp_path: Path) -> Terminal:
    """Where no system runs."""
    return Terminal(Home(tmp_path / "empty"), tmp_path)


class TestScripts:
    def test_env_is_for_a_shell_to_evaluate(self, terminal: Terminal, system: RunningSystem) -> None:
        told = terminal.good("env")
        names = [line.partition("=")[0] for line in told.splitlines()]
        wanted = ("URL", "TOKEN", "ADMIN_TOKEN", "PROJECT_ID", "PRODUCT_ID")
        assert names == [f"export ADWRIGHT_{name}" for name in wanted]
        line = f'{told}\necho "$ADWRIGHT_URL $ADWRIGHT_PRODUCT_ID"'
        url, product = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.split()
        assert url == system.system.url
        assert system.client("demo").get(f"/api/products/{product}").json()["name"] == "Aurora Bottle"
        assert terminal.good("env").splitlines()[-2:] == told.splitlines()[-2:]  # the second time makes nothing new

    def test_token_has_the_user_the_role_and_the_end_that_were_asked_for(self, terminal: Terminal) -> None:
        claims = jwt.decode(
            terminal.good("token", "--user", "ann", "--admin", "--expires", "90s").strip(),
            options={"verify_signature": False},
        )
        assert (claims["sub"], claims["roles"], claims["exp"] - claims["iat"]) == ("ann", ["admin"], 90)

    @pytest.mark.parametrize("expires", ["5", "0s", "-1h", "1w", "99999999999d", "4000d", ""])
    def test_token_takes_no_other_time(self, terminal: Terminal, expires: str) -> None:
        assert "90s" in terminal.bad("token", "--user", "ann", f"--expires={expires}", code=2)

    @pytest.mark.parametrize("user", ["", "u" * 256])
    def test_token_takes_no_id_that_the_services_refuse(self, terminal: Terminal, user: str) -> None:
        assert "1 to 255" in terminal.bad("token", "--user", user, code=2)

    def test_grant_adds_and_repeats_nothing(self, terminal: Terminal) -> None:
        user = f"user-{uuid.uuid4()}"
        for _ in range(2):
            assert (
                terminal.good("grant", "--user", user, "--credits", "7", "--grant-id", user)
                == f"{user} has 7 credits\n"
            )
        assert terminal.good("credits", "--user", user) == "7 available, 0 held\n"

    def test_credits_of_another_user_are_not_those_of_the_token_in_the_environment(
        self, terminal: Terminal, system: RunningSystem
    ) -> None:
        customer = system.customer(5)
        mine = {"ADWRIGHT_URL": system.system.url, "ADWRIGHT_TOKEN": system.token(customer.id)}
        assert terminal.good("credits", **mine) == "5 available, 0 held\n"
        assert terminal.good("credits", "--user", f"user-{uuid.uuid4()}", **mine) == "0 available, 0 held\n"

    def test_what_is_wrong_with_a_grant_is_said(self, terminal: Terminal) -> None:
        assert "credits: must be" in terminal.bad("grant", "--user", "ann", "--credits", "-5")
        assert "expiresAt" in terminal.bad("grant", "--user", "ann", "--credits", "5", "--expires", "99999999999d")


class TestStatus:
    def test_every_process_has_a_port_a_process_and_its_health(self, terminal: Terminal, system: RunningSystem) -> None:
        lines = [line.split() for line in terminal.good("status").splitlines()]
        table = {line[0]: line for line in lines[1:] if len(line) >= 3}
        assert set(system.system.processes) < set(table)
        assert {line[-1] for name, line in table.items() if name in system.system.processes} == {"healthy"}
        assert table["job"][1:3] == [str(system.system.ports["job"]), str(system.system.processes["job"].pid)]

    def test_where_nothing_runs_it_is_said_how_to_start(self, nowhere: Terminal) -> None:
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

    def test_a_folder_with_a_system_takes_no_second_one(self, terminal: Terminal) -> None:
        assert "is running from" in terminal.bad("up")


class TestGenerate:
    def test_copy_is_saved_and_the_files_are_named(self, terminal: Terminal) -> None:
        told = terminal.good("generate", "copy", "--tone", "luxe", "--out", "made/here")
        assert told.splitlines()[-2:] == ["made/here/copy.txt", "made/here/copy.json"]
        answer = json.loads((terminal.folder / "made/here/copy.json").read_text())
        text = (terminal.folder / "made/here/copy.txt").read_text()
        assert len(answer["variants"]) == 5
        assert all(variant["hook"] in text for variant in answer["variants"])

    def test_an_ad_is_saved_in_the_format_that_was_asked_for(self, terminal: Terminal) -> None:
        told = terminal.good("generate", "static-ad", "--ratio", "4:5", "--file-format", "jpeg")
        assert "static-ad: completed, 3 credits" in told
        assert (terminal.folder / "out/ad.jpeg").read_bytes().startswith(b"\xff\xd8")

    def test_a_refusal_is_whole_and_in_one_line(self, terminal: Terminal) -> None:
        told = terminal.bad("generate", "static-ad", "--style", "nope", "--ratio", "2:1")
        assert "style: must be in list [product_hero, lifestyle, minimal, bold, seasonal, modern]" in told
        assert "aspectRatio: must be in list [1:1, 9:16, 4:5, 16:9]" in told
        assert told.count("\n") == 1

    def test_nothing_is_paid_for_that_cannot_be_saved(self, terminal: Terminal, system: RunningSystem) -> None:
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

    def test_a_project_is_not_changed_for_the_demos_behind_ones_back(self, terminal: Terminal) -> None:
        assert "together" in terminal.bad("generate", "copy", "--project", str(uuid.uuid4()), code=2)
        ids = [str(uuid.uuid4()), str(uuid.uuid4())]
        told = terminal.bad("generate", "copy", "--project", ids[0], "--product", ids[1])
        assert "404 PROJECT_NOT_FOUND" in told

    def test_a_job_that_fails_says_why(self, terminal: Terminal) -> None:
        terminal.good("grant", "--user", "demo", "--credits", "40")
        told = terminal.bad("generate", "video", "--avatar-url", "http://127.0.0.1/a.png")
        assert "not lead to a host on the public internet. (ADDRESS_NOT_PUBLIC)" in told

    def test_what_is_no_gateway_is_said_to_be_none(self, terminal: Terminal) -> None:
        told = terminal.bad("credits", ADWRIGHT_URL="http://127.0.0.1:1", ADWRIGHT_TOKEN="t")
        assert "does not answer" in told


class TestJobs:
    def test_none_is_said(self, terminal: Terminal) -> None:
        user = f"user-{uuid.uuid4()}"
        assert terminal.good("jobs", "list", "--user", user) == f"{user} has no jobs.\n"

    def test_those_there_are_are_listed_and_an_ended_one_cannot_be_canceled(
        self, terminal: Terminal, system: RunningSystem
    ) -> None:
        customer = system.customer(1)
        body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
        job_id = customer.client.post("/api/generate/copy", json=body).json()["jobId"]
        assert terminal.good("jobs", "list", "--user", customer.id).startswith(f"{job_id}  copy       completed")
        assert "409 JOB_ENDED" in terminal.bad("jobs", "cancel", job_id, "--user", customer.id)
        assert "404 JOB_NOT_FOUND" in terminal.bad("jobs", "cancel", job_id, "--user", "somebody else")
        assert "jobId: must be a valid UUID" in terminal.bad("jobs", "retry", "x")
