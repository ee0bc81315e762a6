"""The Helm chart on the node, in place of `overlays/dev`: installed, upgraded, rolled back, and removed."""

from __future__ import annotations

import yaml

from tests.cluster.application import READY_SECONDS, make, wait_ready
from tests.cluster.commands import StepError, console, kubectl, run, timed, until
from tests.cluster.places import NAMESPACE, ROOT, RUN
from tests.platform import tools

CHART = ROOT / "out" / "chart" / "adwright"
RELEASE = "adwright"
HELM_SECONDS = READY_SECONDS + 60
CHANGED = "ADWRIGHT_LOG_LEVEL"  # by the upgrade
OF_RELEASE = "app.kubernetes.io/part-of=adwright"
STAYS = ("Namespace", "CustomResourceDefinition")


def helm(*arguments: str) -> str:
    """Runs helm in the node's network namespace."""
    inside = (RUN / "pid").read_text(encoding="utf-8").strip()
    program = tools.program(tools.HELM, "cmd/helm")
    return run(
        "nsenter", "-t", inside, "-n", "--", program, "--kubeconfig", RUN / "kubeconfig", "--namespace", NAMESPACE,
        *arguments, folder=ROOT, seconds=HELM_SECONDS,
    )  # fmt: skip


def install() -> None:
    """Removes what kustomize applied, except the stand-ins and the databases, and installs the chart as for a trial.

    Raises StepError.
    """
    with timed("helm's program and chart"):
        tools.program(tools.HELM, "cmd/helm")
        make("chart", "SETTINGS=deploy/overlays/dev/gateway.json")
    remove_overlay()
    with timed("helm install"):
        helm("install", RELEASE, str(CHART), "--values", str(CHART / "values-dev.yaml"), "--wait", "--timeout=10m")
        wait_ready()
    _expect_in_every_pod("debug")
    console.print(helm("status", RELEASE, "--show-resources=false").strip())


def upgrade() -> None:
    """Upgrades with a changed setting and the migrations' Jobs, which run before the rollout. Raises StepError."""
    with timed("helm upgrade"):
        helm(
            "upgrade", RELEASE, str(CHART), "--values", str(CHART / "values-dev.yaml"), "--wait", "--timeout=10m",
            "--set=migrations.enabled=true", f"--set=config.{CHANGED}=info",
        )  # fmt: skip
        wait_ready()
    _expect_in_every_pod("info")


def roll_back() -> None:
    """Returns to what was installed first. Raises StepError."""
    with timed("helm rollback"):
        helm("rollback", RELEASE, "1", "--wait", "--timeout=10m")
        wait_ready()
    _expect_in_every_pod("debug")
    console.print(helm("history", RELEASE).strip())


def _expect_in_every_pod(value: str) -> None:
    """Raises StepError unless each process of the release has the value of the changed setting."""
    for name in kubectl("-n", NAMESPACE, "get", "deployments", "-l", OF_RELEASE, "-o", "name").split():
        found = kubectl("-n", NAMESPACE, "exec", name, "--", "printenv", CHANGED).strip()
        if found != value:
            raise StepError(f"{name} has {CHANGED}={found} and not {value}")


def remove() -> None:
    """Uninstalls the release, and waits until its pods are gone. Raises StepError."""
    with timed("helm uninstall"):
        helm("uninstall", RELEASE, "--wait", "--timeout=5m")
        _wait_until_pods_are_gone()


def remove_overlay() -> None:
    """Deletes what `overlays/dev` and the migrations applied. Raises StepError."""
    with timed("removal of overlays/dev"):
        for folder in ("deploy/migrations", "deploy/overlays/dev"):
            rendered = yaml.safe_load_all(kubectl("kustomize", folder))
            items = [item for item in rendered if item["kind"] not in STAYS]
            kubectl(
                "delete", "--ignore-not-found", "--wait=true", "-f", "-", text=yaml.safe_dump_all(items), seconds=300
            )
        _wait_until_pods_are_gone()
        # A volume belongs to the claim that it had, until its name is all that is left of it.
        kubectl("patch", "pv", "assets", "--type=json", '--patch=[{"op": "remove", "path": "/spec/claimRef/uid"}]')


def _wait_until_pods_are_gone() -> None:
    def gone() -> bool:
        return not kubectl("-n", NAMESPACE, "get", "pods", "-l", OF_RELEASE, "-o", "name")

    until("the end of the pods", gone, seconds=120)
