"""Generated documents are up to date, and documents name only what exists."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from deploy import ad_policy_reference, error_reference, notices, settings_reference
from gateway.error_reasons import STATUS_ERRORS
from services.ad_policy.rules import rules
from services.chassis.config import Settings
from services.chassis.error_table import TABLE
from services.media.model_files import MODELS

ROOT = Path(__file__).resolve().parents[2]
APACHE_2_SHA256 = (
    "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # of the text as Apache publishes it
)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
# A path as documents write it: at least one folder, and a file name with an extension or a folder with a final slash.
QUOTED_PATH = re.compile(
    r"`((?:services|gateway|local|deploy|cli|tests|docs|protos|\.github)/[A-Za-z0-9_./-]*(?:\.[a-z0-9]+|/))`"
)


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).exists()]


def documents() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


class TestLicences:
    def test_licence_is_the_whole_apache_text(self) -> None:
        assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_SHA256

    def test_notice_matches_the_dependencies(self) -> None:
        assert notices.NOTICE.read_text(encoding="utf-8") == notices.render(), "run: make notice"

    def test_notice_names_every_direct_dependency_with_a_licence(self) -> None:
        text = notices.NOTICE.read_text(encoding="utf-8")
        names = [*notices.direct_dependencies(), *notices.direct_dependencies(notices.EXTRAS)]
        missing = [name for name in names if not re.search(rf"^{re.escape(name)}\s{{2,}}\S", text, re.MULTILINE)]
        assert not missing

    def test_notice_names_every_model_with_a_licence(self) -> None:
        text = notices.NOTICE.read_text(encoding="utf-8")
        missing = [
            model.name
            for model in MODELS.values()
            if not re.search(rf"^{re.escape(model.name)}\s+{re.escape(model.licence)}; from\s", text, re.MULTILINE)
        ]
        assert not missing

    def test_carried_software_belongs_to_a_locked_package(self) -> None:
        assert {package for package, _, _ in notices.CARRIED} <= set(notices.packages())

    def test_a_package_without_a_stated_licence_is_refused(self) -> None:
        with pytest.raises(LookupError, match="no-such-package"):
            notices.licence_of("no-such-package")


class TestSettings:
    def test_reference_matches_the_settings_classes(self) -> None:
        assert settings_reference.SETTINGS.read_text(encoding="utf-8") == settings_reference.render_settings(), (
            "run: make docs"
        )

    def test_env_example_matches_the_settings_classes(self) -> None:
        assert settings_reference.EXAMPLE.read_text(encoding="utf-8") == settings_reference.render_example(), (
            "run: make docs"
        )

    def test_reference_holds_every_setting_of_every_process(self) -> None:
        text = settings_reference.SETTINGS.read_text(encoding="utf-8")
        for kind in settings_reference.processes().values():
            assert issubclass(kind, Settings)
            missing = [name for name in kind.model_fields if f"`ADWRIGHT_{name.upper()}`" not in text]
            assert not missing, kind.__name__

    def test_settings_are_described(self) -> None:
        missing = {
            f"ADWRIGHT_{name.upper()}"
            for kind in settings_reference.processes().values()
            for name, info in kind.model_fields.items()
            if not info.description
        }
        assert missing == set()


class TestErrors:
    def test_reference_matches_the_table(self) -> None:
        assert error_reference.ERRORS.read_text(encoding="utf-8") == error_reference.render(), "run: make docs"

    def test_reference_holds_reasons_of_services_gateway_and_jobs(self) -> None:
        text = error_reference.ERRORS.read_text(encoding="utf-8")
        refused, rest = text.split("## The gateway's own errors")
        gateway, jobs = rest.split("## Reasons of failed jobs and attempts")
        own = {item.reason for row in STATUS_ERRORS for item in (row.from_envoy, row.from_service) if item}
        for part, reasons in (
            (refused, set(TABLE.refusals)),
            (gateway, own | {"REQUEST_FAILED", "DEPENDENCY_UNAVAILABLE"}),
            (jobs, set(TABLE.faults)),
        ):
            assert set(re.findall(r"^\| `([A-Z_]+)` \|", part, re.MULTILINE)) == reasons
        assert not re.search(r"\| *\|", text)  # no empty cell


class TestAdPolicy:
    def test_reference_matches_the_tables(self) -> None:
        text = ad_policy_reference.AD_POLICY.read_text(encoding="utf-8")
        assert text == ad_policy_reference.render(), "run: make docs"

    def test_reference_holds_every_rule(self) -> None:
        text = ad_policy_reference.AD_POLICY.read_text(encoding="utf-8")
        assert {rule.id for rule in rules()} == set(re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE))


class TestReferences:
    def test_links_lead_to_files(self) -> None:
        broken = [
            f"{path.relative_to(ROOT)}: {target}"
            for path in documents()
            for target in LINK.findall(path.read_text(encoding="utf-8"))
            if not (path.parent / target).exists()
        ]
        assert not broken

    def test_quoted_paths_exist(self) -> None:
        names = [path.relative_to(ROOT).as_posix() for path in tracked()]
        broken = [
            f"{path.relative_to(ROOT)}: {target}"
            for path in documents()
            if path.name != "CHANGELOG.md"
            for target in QUOTED_PATH.findall(path.read_text(encoding="utf-8"))
            if not any(name.startswith(target) or f"/{name}".endswith(f"/{target}") for name in names)
        ]
        assert not broken

    def test_drawings_are_well_formed_and_described(self) -> None:
        drawings = [path for path in tracked() if path.suffix == ".svg" and path.parent == ROOT / "docs"]
        assert drawings
        for path in drawings:
            root = ElementTree.parse(path).getroot()
            assert root.find("{http://www.w3.org/2000/svg}title") is not None, path.name
            assert root.find("{http://www.w3.org/2000/svg}desc") is not None, path.name
