"""The `restricted` profile of the Kubernetes Pod Security Standards, as applied by a namespace's admission."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]

VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"
}  # fmt: skip
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
SECCOMP = {"RuntimeDefault", "Localhost"}
SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def violations(pod: Resource) -> list[str]:
    """Returns the violations for which a `restricted` namespace rejects a pod's spec."""
    return [
        *_of_pod(pod),
        *(f"{item['name']}: {text}" for item in _containers(pod) for text in _of_container(item, pod)),
    ]


def _containers(pod: Resource) -> list[Resource]:
    return [
        item for kind in ("initContainers", "containers", "ephemeralContainers") for item in pod.get(kind) or []
    ]  # fmt: skip


def _of_pod(pod: Resource) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"{name} is set"
    context = pod.get("securityContext") or {}
    for item in context.get("sysctls") or []:
        if item["name"] not in SYSCTLS:
            yield f"sysctl {item['name']}"
    for volume in pod.get("volumes") or []:
        kinds = set(volume) - {"name"} or {"emptyDir"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is of type {', '.join(sorted(kinds))}"
    yield from _of_context(context)


def _of_container(container: Resource, pod: Resource) -> Iterator[str]:
    context = container.get("securityContext") or {}
    above = pod.get("securityContext") or {}
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if context.get("runAsNonRoot", above.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot is not true"
    if context.get("seccompProfile", above.get("seccompProfile", {})).get("type") not in SECCOMP:
        yield "seccompProfile is neither RuntimeDefault nor Localhost"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in capabilities.get("drop", []):
        yield "capabilities are not dropped"
    if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities are added"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield "hostPort"
    handlers = [container.get(name) or {} for name in PROBES]
    handlers += [item or {} for item in (container.get("lifecycle") or {}).values()]
    if any((item.get(kind) or {}).get("host") for item in handlers for kind in ("httpGet", "tcpSocket")):
        yield "a probe or hook names a host"
    yield from _of_context(context)


def _of_context(context: Resource) -> Iterator[str]:
    """Returns the violations that apply to the contexts of pods and containers alike."""
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot is false"
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if (context.get("seccompProfile") or {}).get("type", "RuntimeDefault") not in SECCOMP:
        yield "seccompProfile is Unconfined"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"
    if (context.get("appArmorProfile") or {}).get("type", "RuntimeDefault") not in SECCOMP:
        yield "appArmorProfile is Unconfined"
    options = context.get("seLinuxOptions") or {}
    if options.get("type") not in SELINUX or options.get("user") or options.get("role"):
        yield "seLinuxOptions"
