"""A real Envoy with a rendered configuration, for the duration of a test."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.render import command, render
from gateway.settings import GatewaySettings

START_SECONDS = 20
ISSUER = "https://adwright.local"
AUDIENCE = "adwright"


class IssuerKeys:
    """An issuer with a key of each accepted algorithm, and a key that is not published."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.stranger = rsa.generate_private_key(65537, 2048)

    def document(self) -> str:
        entries = [
            {**jwt.algorithms.RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256"},
            {**jwt.algorithms.ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True), "kid": "ec", "alg": "ES256"},
            {**jwt.algorithms.OKPAlgorithm.to_jwk(self.ed.public_key(), as_dict=True), "kid": "ed", "alg": "EdDSA"},
        ]
        return json.dumps({"keys": [{**entry, "use": "sig"} for entry in entries]})

    def token(self, user: str = "user-1", *, key: Any = None, algorithm: str = "RS256", **changes: Any) -> str:
        """Returns a valid token, or one with some claims changed (None removes one); `headers` changes the header."""
        headers = {"kid": "rsa", **changes.pop("headers", {})}
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + 600, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.rsa if key is None else key, algorithm=algorithm, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGateway:
    """A running gateway."""

    url: str
    admin: str
    port: int
    access_log: Path
    process: subprocess.Popen[bytes]

    def access_lines(self) -> list[dict[str, Any]]:
        """Returns the lines of the access log; Envoy flushes it within a second, so poll."""
        return [json.loads(line) for line in self.access_log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def running_gateway(
    settings: GatewaySettings,
    folder: Path,
    make: Callable[[GatewaySettings], str] = render,
    *,
    with_keys: bool = True,
) -> Iterator[RunningGateway]:
    """Starts Envoy on free ports and waits until all its clusters are healthy.

    `make` renders its configuration; `with_keys`: whether to wait for the issuer's keys.
    """
    configuration, address = folder / "envoy.json", folder / "admin"
    settings = replace(settings, keys_socket=str(folder / "keys.sock"))  # several gateways listen on port 0
    text = make(settings)
    configuration.write_text(text, encoding="utf-8")
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *command(configuration, threads=1),
                "--admin-address-path",
                str(address),
                "--file-flush-interval-msec",
                "50",
            ],
            stdout=log,
            stderr=log,
            env={**os.environ, "no_proxy": "*"},
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (
            address.exists() and _ready(f"http://{address.read_text()}", fetches=with_keys and "remote_jwks" in text)
        ):
            assert process.poll() is None, (folder / "envoy.log").read_text()
            assert time.monotonic() < deadline, (folder / "envoy.log").read_text()
            time.sleep(0.05)
        admin = f"http://{address.read_text()}"
        listeners = httpx.get(f"{admin}/listeners?format=json").json()
        port = listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"]
        scheme = "https" if settings.tls_certificate else "http"
        yield RunningGateway(
            url=f"{scheme}://127.0.0.1:{port}",
            admin=admin,
            port=port,
            access_log=Path(settings.access_log),
            process=process,
        )
    finally:
        process.terminate()
        process.wait(10)


def _ready(admin: str, *, fetches: bool) -> bool:
    if not admin.removeprefix("http://"):
        return False
    try:
        if httpx.get(f"{admin}/ready").status_code != httpx.codes.OK:
            return False
        if fetches and "fetch_success: 0" in httpx.get(f"{admin}/stats?filter=jwks_fetch_success").text:
            return False  # no token is valid before the first keys are fetched
        clusters = httpx.get(f"{admin}/clusters?format=json").json()["cluster_statuses"]
    except httpx.TransportError:
        return False
    hosts = [host["health_status"] for cluster in clusters for host in cluster.get("host_statuses", [])]
    return bool(hosts) and all(set(host) <= {"eds_health_status"} for host in hosts)
