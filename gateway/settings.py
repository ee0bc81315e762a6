"""The settings of a gateway: addresses, the identity provider, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ISSUER = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?")
MAX_PROXIES = 10  # no deployment has more in a row; a larger number is a mistake
SERVICES = ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")


class SettingsError(ValueError):
    """The settings are not valid; the message names everything that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An IP address or host name, and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads "host:port" ("[::1]:80" for IPv6). Raises SettingsError."""
        host, _, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise SettingsError(f"{text!r} is not host:port")
        return cls(host=host, port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A token bucket for each user; callers without credentials share one for each address."""

    # Ten times a burst of 1,000: the limit stops a faulty program, not a busy customer.
    burst: int = 10_000
    per_second: int = 1_000

    def split(self, gateways: int) -> RateLimit:
        """Returns the share of one of several gateways, which count separately and together stay within the limit."""
        return RateLimit(burst=max(1, self.burst // gateways), per_second=max(1, self.per_second // gateways))


def _is_issuer(address: str) -> bool:
    """Whether an address can be an issuer: without a query, and with a host that a Content-Security-Policy can name."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    return (parts.scheme == "https" or local) and ISSUER.fullmatch(address) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """All settings of `gateway.render.render`. Times are in seconds, sizes in bytes."""

    listen: Address
    """The address on which the gateway accepts requests."""
    upstreams: Mapping[str, Address]
    """The gRPC address of each service."""
    token_issuer: str
    """The required `iss` claim of users' tokens."""
    token_jwks: str
    """The issuer's JWKS: a file's path, which may change while the gateway runs, or an http:// or https:// address."""
    token_audience: str = "adwright"  # noqa: S105 - a name, not a secret
    """The required `aud` claim of users' tokens."""
    keys_socket: str = ""
    """The Unix socket through which the gateway refreshes a JWKS file; empty: an abstract one, named after `listen`."""
    token_keys_seconds: int = 30
    """The interval of fetching the issuer's keys: a new key is accepted, and a withdrawn one rejected, this late."""
    descriptors: Path = Path("gen/descriptors.binpb")
    """The protos' descriptor set, from which Envoy transcodes."""

    admin: Address | None = None
    """Envoy's admin endpoint; None: no endpoint. It must listen on loopback only."""
    access_log: str = "/dev/stdout"
    cors_origins: tuple[str, ...] = ("*",)
    """Exact origins, or "*" for all: tokens are sent in a header and never in a cookie, so any page may call."""
    rate_limit: RateLimit | None = field(default_factory=RateLimit)
    """The limit of all gateways together."""
    replicas: int = 1
    """The number of gateways, which share `rate_limit` equally."""
    tls_certificate: str = ""
    """A PEM file with the certificate chain; empty: plain HTTP."""
    tls_private_key: str = ""
    """The PEM file of the certificate's private key."""
    health_checks: bool = True
    """Whether the gateway checks the services' health and sends no requests to unhealthy ones."""
    studio_issuer: str = ""
    """The OpenID Connect issuer at which /studio signs users in (code flow with PKCE), such as
    https://login.example.com/; empty: users paste a token or an API key."""
    studio_client_id: str = ""
    """The public client that the issuer knows /studio as; its redirect URI is the gateway's address with /studio."""
    studio_scopes: str = "openid"
    """The scopes that /studio requests, separated by spaces. With them the issuer's access tokens must have the
    audience `token_audience`."""
    documents: Mapping[str, tuple[str, Path]] = field(default_factory=dict)
    """Files that are served unchanged and without a token: path to content type and file."""

    trace_collector: Address | None = None
    """An OTLP/gRPC collector; None: the gateway starts no traces."""
    trace_share: float = 1.0
    """The share of requests that are traced: 0 to 1."""

    headers_seconds: int = 10
    """The time limit for a request's headers, and for the TLS handshake."""
    request_seconds: int = 120
    """The time limit for a whole request: a 10 MiB photo over a line of 1 Mbit/s."""
    trusted_proxies: int = 0
    """The number of proxies between clients and the gateway. Each appends an address to X-Forwarded-For, and only
    those are trusted. 0: clients connect directly, and X-Forwarded-For is ignored."""
    max_connections: int = 10_000
    """The limit of clients' open connections; further ones are closed immediately."""
    max_heap_bytes: int = 1 << 30
    """The heap size near which Envoy begins to refuse requests."""
    max_json_bytes: int = 1 << 20
    """The limit of a JSON body; above it: 413."""
    max_upload_bytes: int = 10 * (1 << 20)
    """The limit of an uploaded photo; above it: 413."""

    def __post_init__(self) -> None:
        complaints = [f"upstreams: {name} is missing" for name in SERVICES if name not in self.upstreams]
        complaints += [f"upstreams: {name} is not a service" for name in self.upstreams if name not in SERVICES]
        if bool(self.tls_certificate) != bool(self.tls_private_key):
            complaints.append("tls_certificate and tls_private_key must be set together")
        if self.replicas < 1:
            complaints.append("replicas must be at least 1")
        if not self.token_issuer:
            complaints.append("token_issuer is missing")
        if not self.token_jwks:
            complaints.append("token_jwks is missing")
        if self.rate_limit is not None and (self.rate_limit.burst < 1 or self.rate_limit.per_second < 1):
            complaints.append("rate_limit: burst and per_second must be at least 1")
        if bool(self.studio_issuer) != bool(self.studio_client_id):
            complaints.append("studio_issuer and studio_client_id must be set together")
        if self.studio_issuer and not _is_issuer(self.studio_issuer):
            complaints.append("studio_issuer must be an https:// address, or an http:// address of this machine")
        if "openid" not in self.studio_scopes.split():
            complaints.append("studio_scopes must contain openid")
        if not 0 <= self.trusted_proxies <= MAX_PROXIES:
            complaints.append(f"trusted_proxies must be between 0 and {MAX_PROXIES}")
        if not 0 <= self.trace_share <= 1:
            complaints.append("trace_share must be between 0 and 1")
        numbers = ("token_keys_seconds", "headers_seconds", "request_seconds", "max_connections", "max_heap_bytes")
        for name in (*numbers, "max_json_bytes", "max_upload_bytes"):
            if getattr(self, name) < 1:
                complaints.append(f"{name} must be at least 1")
        if complaints:
            raise SettingsError("; ".join(complaints))

    @classmethod
    def from_json(cls, text: str) -> GatewaySettings:
        """Parses a JSON object with the same names; addresses are "host:port". Raises SettingsError."""
        try:
            given: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise SettingsError(f"not JSON: {error}") from None
        if not isinstance(given, dict):
            raise SettingsError("not a JSON object")
        unknown = sorted(set(given) - {item.name for item in fields(cls)})
        if unknown:
            raise SettingsError(f"unknown settings: {', '.join(unknown)}")
        missing = sorted({"listen", "upstreams", "token_issuer", "token_jwks"} - set(given))
        if missing:
            raise SettingsError(f"missing settings: {', '.join(missing)}")
        try:
            given["listen"] = Address.parse(given["listen"])
            given["upstreams"] = {name: Address.parse(text) for name, text in given["upstreams"].items()}
            for name in ("admin", "trace_collector"):
                if given.get(name):
                    given[name] = Address.parse(given[name])
            if "descriptors" in given:
                given["descriptors"] = Path(given["descriptors"])
            if "cors_origins" in given:
                given["cors_origins"] = tuple(given["cors_origins"])
            if given.get("rate_limit"):
                given["rate_limit"] = RateLimit(**given["rate_limit"])
            if "documents" in given:
                given["documents"] = {path: (kind, Path(name)) for path, (kind, name) in given["documents"].items()}
            return cls(**given)
        except (TypeError, AttributeError) as error:
            raise SettingsError(f"a setting has the wrong type: {error}") from None
