"""Saying in the file that it is AI-made: a signed C2PA manifest that carries the IPTC digital source type.

Without the operator's own certificate a development chain is made once and cached; validators call its signature
valid and its issuer unknown, which is the truth.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# IPTC NewsCodes, digitalsourcetype.
MADE_BY_MODEL: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
WITH_MODEL: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
COMPOSITE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"

VALID_DAYS: Final = 825
DEVELOPMENT_FILE: Final = "development.pem"
KEY_MARK: Final = b"-----BEGIN PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIdentity:
    """Certificate chain (leaf first) and private key, both PEM. ES256."""

    chain: bytes
    key: bytes


def operators_identity(chain: Path, key: Path) -> SigningIdentity:
    """The operator's own certificate chain and key, an EC P-256 one."""
    return SigningIdentity(chain=chain.read_bytes(), key=key.read_bytes())


def development_identity(folder: Path) -> SigningIdentity:
    """A chain of a development authority, made on first use and kept in `folder`, readable by its owner only.

    Chain and key are one file, put there whole: of workers that begin at the same time the first one's stays.
    """
    path = folder / DEVELOPMENT_FILE
    found = _read(path)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    made = _made_chain()
    handle, whole = tempfile.mkstemp(dir=folder)  # for its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(made.chain + made.key)
        with contextlib.suppress(FileExistsError):
            os.link(whole, path)
        if _read(path) is None:  # what is there has run out
            Path(whole).replace(path)
    finally:
        Path(whole).unlink(missing_ok=True)
    return _read(path) or made


def _read(path: Path) -> SigningIdentity | None:
    """The identity kept in a file, unless there is none that can be read or it runs out within a day."""
    try:
        chain, mark, key = path.read_bytes().partition(KEY_MARK)
        leaf = x509.load_pem_x509_certificate(chain)
    except (FileNotFoundError, ValueError):  # ValueError: not a certificate, a file that was cut short
        return None
    if leaf.not_valid_after_utc <= datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1):
        return None
    return SigningIdentity(chain=chain, key=mark + key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signs: the operator's chain and key when both are given, else the development chain kept in `folder`.

    Plain paths, so that a render process can be told of them.
    """

    folder: Path = Path.home() / ".cache" / "adwright" / "signing"
    chain: Path | None = None
    key: Path | None = None

    def sign(self, path: Path, content_type: str, *, title: str, source_type: str) -> None:
        """As `sign`."""
        if self.chain is not None and self.key is not None:
            identity = operators_identity(self.chain, self.key)
        else:
            identity = development_identity(self.folder)
        sign(path, content_type, identity, title=title, source_type=source_type)


def sign(
    path: Path, content_type: str, identity: SigningIdentity, *, title: str, source_type: str, worker: str = "Adwright"
) -> None:
    """Embeds a signed manifest into a PNG, JPEG, WebP or MP4, in place: it is whole before and after."""
    manifest = {
        "claim_generator_info": [{"name": worker, "version": "0.1.0"}],
        "title": title[:200],
        "format": content_type,
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": source_type}]},
            },
            {
                "label": "stds.schema-org.CreativeWork",
                "data": {"@context": "https://schema.org", "@type": "CreativeWork", "name": title[:200]},
            },
        ],
    }
    # The library's own thumbnail would double a PNG's size.
    settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    information = c2pa.C2paSignerInfo(b"es256", identity.chain, identity.key, None)
    signed = path.with_name(path.name + ".signed")
    try:
        with (
            c2pa.Signer.from_info(information) as signer,
            c2pa.Context(settings=settings) as context,
            c2pa.Builder(manifest, context) as builder,
            path.open("rb") as source,
            signed.open("w+b") as destination,
        ):
            builder.sign(signer, content_type, source, destination)
        signed.replace(path)
    finally:
        signed.unlink(missing_ok=True)


def _made_chain() -> SigningIdentity:
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Adwright development authority")

    def builder(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
        )

    authority = (
        builder(authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signing=False), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        builder(_name("Adwright development signer"), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signing=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return SigningIdentity(
        chain=leaf.public_bytes(pem) + authority.public_bytes(pem),
        key=key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Adwright development"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing,
        key_cert_sign=not signing,
        crl_sign=not signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
