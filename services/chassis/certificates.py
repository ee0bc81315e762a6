"""Certificates that the system makes for itself: for HTTPS on one machine, and for signing in development."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


class Certified(NamedTuple):
    """A certificate and its private key, on the curve P-256."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as PKCS #8, without a password."""
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def name_of(common: str, organization: str = "") -> x509.Name:
    """The distinguished name of a subject."""
    parts = [(x509.NameOID.ORGANIZATION_NAME, organization), (x509.NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts if text])


def certify(
    subject: x509.Name,
    valid: tuple[datetime, datetime],
    *,
    issuer: Certified | None = None,
    authority: bool = False,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Certified:
    """Makes a key and its certificate, self-signed without an issuer.

    valid: the first and the last moment, aware. authority: whether it may sign certificates, of leaves only.
    extensions: further ones, each with whether it is critical.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Certified(builder.sign(signer, hashes.SHA256()), key)
