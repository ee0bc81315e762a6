"""The gateway of the local system: its TLS certificate, its Envoy configuration and its command."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from gateway.api_docs import write_documents
from gateway.render import command, render
from gateway.settings import Address, GatewaySettings
from local.certificate import DAYS, hosts_of, write_certificate
from local.home import AUDIENCE, ISSUER, ROOT, Home

CERTIFICATE_DAYS = 300  # a generated certificate is replaced after this many days
ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - listened on only when --listen requests it


def generated_certificate(folder: Path, listen: str, public_url: str) -> tuple[Path, Path]:
    """The paths of the certificate and the private key that HTTPS uses without certificate files of the user.

    A certificate is generated when there is none, when it is old, and when it does not cover the gateway's host names.
    """
    certificate, private_key = folder / "tls.pem", folder / "tls.key"
    names = {"localhost", "127.0.0.1", socket.gethostname(), urlsplit(public_url).hostname or ""}
    names |= {listen} - set(ALL_ADDRESSES)
    hosts = tuple(sorted(names - {""}))
    if hosts_of(certificate, datetime.now(UTC) + timedelta(days=DAYS - CERTIFICATE_DAYS)) != hosts:
        write_certificate(folder, hosts, datetime.now(UTC))
    return certificate, private_key


def gateway_command(
    home: Home,
    *,
    listen: str,
    ports: Mapping[str, int],
    upstreams: Iterable[str],
    trusted_proxies: int,
    certificate: Path | None,
    private_key: Path | None,
    trace_collector: str,
) -> list[str]:
    """Writes the Envoy configuration into the home folder and returns the command that runs it.

    ports: by process name; `gateway`, `envoy-admin` and every upstream. certificate, private_key: PEM files; None: it
    serves HTTP. trace_collector: host:port; empty: none.
    """
    settings = GatewaySettings(
        listen=Address(host=listen, port=ports["gateway"]),
        upstreams={name: Address(host="127.0.0.1", port=ports[name]) for name in upstreams},
        token_issuer=ISSUER,
        token_audience=AUDIENCE,
        token_jwks=str(home.keys / "jwks.json"),
        descriptors=ROOT / "gen" / "descriptors.binpb",
        admin=Address(host="127.0.0.1", port=ports["envoy-admin"]),
        trusted_proxies=trusted_proxies,
        tls_certificate=str(certificate or ""),
        tls_private_key=str(private_key or ""),
        trace_collector=Address.parse(trace_collector) if trace_collector else None,
        access_log=str(home.logs / "gateway.access.log"),
        health_checks=False,  # the supervisor restarts services; with checks, the first request waits for one
        documents=write_documents(home.folder / "documents"),
    )
    path = home.folder / "envoy.json"
    path.write_text(render(settings), encoding="utf-8")
    return [str(part) for part in command(path)]
