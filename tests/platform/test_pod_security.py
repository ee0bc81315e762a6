"""Every rendered pod and every pod of an operator is admitted to a namespace of the level `restricted`."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests.platform import tools
from tests.platform.manifests import OVERLAYS, Resource, of_kind, rendered
from tests.platform.pod_security import violations

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS + 300)

# The container templates of a Kafka resource: (component, template of each container).
STRIMZI_CONTAINERS = {
    "kafka": ("kafkaContainer", "initContainer"),
    "entityOperator": ("topicOperatorContainer", "userOperatorContainer"),
    "kafkaExporter": ("container",),
}
GOOD: Resource = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "c",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}


def strimzi_pods(kafka: Resource) -> dict[str, Resource]:
    """Returns the pod specs of each component with Strimzi's default provider, which sets nothing itself."""
    components = {name: spec for name, spec in kafka["spec"].items() if isinstance(spec, dict)}
    assert set(components) == set(STRIMZI_CONTAINERS), "a component without its securityContext is refused"
    found = {}
    for name, spec in components.items():
        template = spec.get("template", {})
        containers = [
            {"name": item, "securityContext": template.get(item, {}).get("securityContext")}
            for item in STRIMZI_CONTAINERS[name]
        ]
        context = template.get("pod", {}).get("securityContext", {"fsGroup": 0})
        found[name] = {"securityContext": context, "containers": containers}
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_workload_is_admitted(overlay: str) -> None:
    kinds = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
    found = [item for item in rendered(overlay) if item["kind"] in kinds]
    assert found
    for item in found:
        spec = item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"]
        assert violations(spec["template"]["spec"]) == [], item["metadata"]["name"]


@pytest.mark.parametrize("overlay", ["overlays/dev", "overlays/production", "overlays/recovery"])
def test_strimzis_pods_are_admitted(overlay: str) -> None:
    [kafka] = of_kind(overlay, "Kafka").values()
    for name, pod in strimzi_pods(kafka).items():
        assert violations(pod) == [], name
        assert pod["securityContext"] == {"fsGroup": 0}, "without Strimzi's fsGroup the volumes are not writable"


def test_strimzis_pods_are_rejected_without_their_contexts() -> None:
    kafka = copy.deepcopy(of_kind("overlays/production", "Kafka")["adwright"])
    del kafka["spec"]["kafka"]["template"]
    assert violations(strimzi_pods(kafka)["kafka"])


def test_cloudnativepgs_pods_are_admitted() -> None:
    specs = tools.source(tools.CLOUDNATIVE_PG) / "pkg" / "specs"
    text = (specs / "containers.go").read_text(encoding="utf-8") + (specs / "pods.go").read_text(encoding="utf-8")
    code = " ".join(text.split())
    for line in (
        'Drop: []corev1.Capability{ "ALL", }',
        "RunAsNonRoot: &trueValue, ReadOnlyRootFilesystem: &trueValue, AllowPrivilegeEscalation: &falseValue,"
        " SeccompProfile: seccompProfile",
        "RunAsNonRoot: &trueValue, RunAsUser: &user, RunAsGroup: &group, FSGroup: &group,"
        " SeccompProfile: seccompProfile",
    ):
        assert line in code, line
    for overlay in ("overlays/dev", "overlays/production", "overlays/recovery"):
        [cluster] = of_kind(overlay, "Cluster").values()
        assert not {"seccompProfile", "postgresUID", "podSecurityContext", "securityContext"} & set(cluster["spec"])


def test_envoy_gateways_pods_are_admitted() -> None:
    folder = tools.source(tools.ENVOY_GATEWAY) / "internal/infrastructure/kubernetes/proxy/testdata/deployments"
    deployment = yaml.safe_load((folder / "default.yaml").read_text(encoding="utf-8"))
    assert violations(deployment["spec"]["template"]["spec"]) == []
    [proxy] = of_kind("overlays/production", "EnvoyProxy").values()
    made = proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"]
    assert "securityContext" not in made.get("pod", {}) | made.get("container", {})
    assert "patch" not in made


def test_compliant_pod_is_admitted() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["hostNetwork"], True),
        (["hostPID"], True),
        (["hostIPC"], True),
        (["volumes"], [{"name": "v", "hostPath": {"path": "/"}}]),
        (["volumes"], [{"name": "v", "nfs": {"server": "s", "path": "/"}}]),
        (["securityContext", "runAsNonRoot"], False),
        (["securityContext", "runAsUser"], 0),
        (["securityContext", "seccompProfile"], {"type": "Unconfined"}),
        (["securityContext", "seccompProfile"], {}),
        (["securityContext", "sysctls"], [{"name": "kernel.msgmax", "value": "1"}]),
        (["securityContext", "seLinuxOptions"], {"type": "spc_t"}),
        (["containers", 0, "securityContext", "allowPrivilegeEscalation"], True),
        (["containers", 0, "securityContext", "privileged"], True),
        (["containers", 0, "securityContext", "runAsUser"], 0),
        (["containers", 0, "securityContext", "capabilities"], {"drop": ["NET_RAW"]}),
        (["containers", 0, "securityContext", "capabilities"], {"drop": ["ALL"], "add": ["SYS_TIME"]}),
        (["containers", 0, "securityContext", "procMount"], "Unmasked"),
        (["containers", 0, "securityContext", "appArmorProfile"], {"type": "Unconfined"}),
        (["containers", 0, "ports"], [{"containerPort": 1, "hostPort": 1}]),
        (["containers", 0, "livenessProbe"], {"httpGet": {"host": "h", "port": 1}}),
        (["initContainers"], [{"name": "i"}]),
        (["ephemeralContainers"], [{"name": "e"}]),
    ],
)
def test_each_violation_of_the_profile_is_found(path: list[Any], value: Any) -> None:
    pod = copy.deepcopy(GOOD)
    inside: Any = pod
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    assert violations(pod)
