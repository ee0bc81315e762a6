"""Installs the application on the node as `deploy/README.md` says for `overlays/dev`."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.compose import DESCRIPTORS
from gateway.render import render
from gateway.settings import SERVICES, Address, GatewaySettings
from local.home import AUDIENCE, ISSUER
from local.ports import free_ports
from tests.cluster import forwarder
from tests.cluster.commands import kubectl, run, timed
from tests.cluster.node import wait_for_pods
from tests.cluster.places import GATEWAY_PORT, NAMESPACE, RESOURCES, ROOT, RUN, STATE

READY_SECONDS = 600
GATEWAY = "10.96.0.80"  # resources/stand-ins.yaml
DATABASE = "10.96.0.54"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How this machine reaches the cluster."""

    url: str
    database: str
    """With {name} where a database and its role are named."""
    workers: bool = True
    """Whether the workers run."""

    def write(self, path: Path = STATE) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path = STATE) -> State:
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def make(*targets: str) -> None:
    """Runs make with this cluster's kubectl first in PATH."""
    run("env", f"PATH={RUN / 'bin'}:{os.environ['PATH']}", "make", *targets, folder=ROOT, seconds=300)


def install() -> None:
    """Applies the stand-ins, the overlay and the migrations, and waits until everything is Ready. Raises StepError."""
    with timed("issuer, manifests"):
        make("issuer-dev")
        make("manifests", "SETTINGS=deploy/overlays/dev/gateway.json")
    with timed("stand-ins"):
        _stand_in_secrets()
        kubectl("-n", NAMESPACE, "apply", "--server-side", "-f", RESOURCES / "stand-ins.yaml")
    with timed("overlays/dev"):
        kubectl("apply", "--server-side", "-k", "deploy/overlays/dev")
        wait_for_pods(NAMESPACE, "app in (stand-in-database, stand-in-broker)", seconds=READY_SECONDS)
        kubectl("apply", "--server-side", "-k", "deploy/migrations")
        wait_ready()
        kubectl(
            "-n", NAMESPACE, "wait", "job", "-l", "adwright.dev/role=migration", "--for=condition=complete",
            f"--timeout={READY_SECONDS}s", seconds=READY_SECONDS + 10,
        )  # fmt: skip
    reach()


def wait_ready() -> None:
    """Waits for every Deployment's rollout."""
    for name in deployments():
        kubectl("-n", NAMESPACE, "rollout", "status", name, f"--timeout={READY_SECONDS}s", seconds=READY_SECONDS + 10)


def deployments() -> list[str]:
    """The Deployments of the namespace, as kubectl names them."""
    return kubectl("-n", NAMESPACE, "get", "deployments", "-o", "name").split()


def reach() -> None:
    """Makes the gateway and PostgreSQL reachable on this machine's loopback."""
    [port] = free_ports(1)
    forwarder.start(GATEWAY_PORT, f"{GATEWAY}:8080")
    forwarder.start(port, f"{DATABASE}:5432")
    State(
        url=f"http://127.0.0.1:{GATEWAY_PORT}",
        database=f"postgresql://{{name}}:development@127.0.0.1:{port}/{{name}}",
    ).write()


def _stand_in_secrets() -> None:
    """Creates what Strimzi would: a certificate authority, the broker's certificate, and the client's password.

    Once: the broker keeps the first password in its data.
    """
    if kubectl("-n", NAMESPACE, "get", "secret", "adwright-kafka-client", "--ignore-not-found", "-o", "name"):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = ",".join(
            f"DNS:adwright-kafka-bootstrap{suffix}" for suffix in ("", f".{NAMESPACE}", f".{NAMESPACE}.svc")
        )
        run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "365", "-subj", "/CN=adwright-kafka-bootstrap", "-addext", f"subjectAltName={names}",
            "-keyout", folder / "tls.key", "-out", folder / "ca.crt",
        )  # fmt: skip
        (folder / "tls.pem").write_text((folder / "tls.key").read_text() + (folder / "ca.crt").read_text())
        (folder / "password").write_text(secrets.token_urlsafe(24))
        settings = GatewaySettings(
            listen=Address(host="0.0.0.0", port=8080),
            upstreams={name: Address(host=f"{name}.{NAMESPACE}.svc.cluster.local", port=7100) for name in SERVICES},
            token_issuer=ISSUER,
            token_audience=AUDIENCE,
            token_jwks="/etc/adwright/issuer/jwks.json",
            descriptors=ROOT / "gen" / "descriptors.binpb",
        )
        text = render(settings).replace(
            str(ROOT / "gen" / "descriptors.binpb"), DESCRIPTORS.replace("/etc/adwright/", "/etc/adwright/gateway/")
        )
        (folder / "envoy.json").write_text(text, encoding="utf-8")
        for kind, target, files in (
            ("secret", "stand-in-broker", (folder / "tls.pem",)),
            ("secret", "adwright-kafka-client", (folder / "password",)),
            ("secret", "adwright-cluster-ca-cert", (folder / "ca.crt",)),
            ("configmap", "stand-in-gateway", (folder / "envoy.json", ROOT / "gen" / "descriptors.binpb")),
        ):
            generic = ("generic",) if kind == "secret" else ()
            sources = [f"--from-file={path}" for path in files]
            made = kubectl(
                "-n", NAMESPACE, "create", kind, *generic, target, *sources, "--dry-run=client", "-o", "yaml"
            )
            kubectl("apply", "--server-side", "-f", "-", text=made)
