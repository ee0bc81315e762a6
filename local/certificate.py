"""A self-signed certificate for a machine without one; browsers warn about it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509

from services.chassis.certificates import certify, name_of

DAYS = 397  # browsers reject certificates that are valid for longer
CLOCK_SKEW = timedelta(minutes=5)


def write_certificate(folder: Path, hosts: tuple[str, ...], now: datetime) -> tuple[Path, Path]:
    """Writes tls.pem and tls.key (readable by the owner only) for the hosts, and returns both paths.

    `now` is aware. Raises ValueError without hosts.
    """
    if not hosts:
        raise ValueError("a certificate needs a host")
    names = x509.SubjectAlternativeName([_host(text) for text in hosts])
    valid = (now - CLOCK_SKEW, now + timedelta(days=DAYS) - CLOCK_SKEW)
    made = certify(name_of(hosts[0]), valid, authority=True, extensions=[(names, False)])
    folder.mkdir(parents=True, exist_ok=True)
    public, private = folder / "tls.pem", folder / "tls.key"
    private.unlink(missing_ok=True)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.key_pem)
    public.write_bytes(made.certificate_pem)
    return public, private


def hosts_of(path: Path, at: datetime) -> tuple[str, ...]:
    """Returns the sorted names of a certificate; none when it is missing or has expired at `at`."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(sorted(str(name.value) for name in names)) if at < certificate.not_valid_after_utc else ()


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
