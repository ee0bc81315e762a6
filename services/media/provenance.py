"""Says how a file came about, in a signed C2PA manifest with the IPTC digital source type and the customer's photo.

Without the operator's certificate, a development chain is created once and cached. Validators report its signature as
valid and its issuer as unknown.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import c2pa
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image

from services.chassis.certificates import certify, name_of

# IPTC NewsCodes, digitalsourcetype. Only media with parts that a trained model generated have a type with "trained".
_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_DRAWN: Final = f"{_TYPES}algorithmicMedia"  # drawn by rules, with type; nothing photographed or generated
SOURCE_PHOTO_COMPOSITE: Final = f"{_TYPES}compositeCapture"  # photographs, with drawing and type
SOURCE_MODEL_COMPOSITE: Final = f"{_TYPES}compositeWithTrainedAlgorithmicMedia"  # as these, with a generated part
SOURCE_MODEL: Final = f"{_TYPES}trainedAlgorithmicMedia"  # generated as a whole

PHOTO_ID: Final = "product-photo"  # of the ingredient, in its manifest
PARENT_ID: Final = "parent"  # of the picture that a variant is made from
PHOTO_TITLE: Final = "Product photo"

VALID_DAYS: Final = 825
ORGANIZATION: Final = "Adwright development"
DEVELOPMENT_FILE: Final = "development.pem"
KEY_HEADER: Final = b"-----BEGIN PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIdentity:
    """Certificate chain (leaf first) and private key, both PEM. ES256."""

    chain: bytes
    key: bytes


def operator_identity(chain: Path, key: Path) -> SigningIdentity:
    """Reads the operator's certificate chain and EC P-256 key."""
    return SigningIdentity(chain=chain.read_bytes(), key=key.read_bytes())


def development_identity(folder: Path) -> SigningIdentity:
    """Returns the development identity in `folder`, and creates it on first use, readable by its owner only.

    Chain and key are in one file that is created atomically: of workers that start concurrently the first one wins.
    """
    path = folder / DEVELOPMENT_FILE
    found = _read_identity(path)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    made = _create_development_identity()
    handle, whole = tempfile.mkstemp(dir=folder)  # mkstemp creates it readable by its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(made.chain + made.key)
        with contextlib.suppress(FileExistsError):
            os.link(whole, path)
        if _read_identity(path) is None:  # the existing identity has expired
            Path(whole).replace(path)
    finally:
        Path(whole).unlink(missing_ok=True)
    return _read_identity(path) or made


def _read_identity(path: Path) -> SigningIdentity | None:
    """Reads an identity. Returns None for a missing, damaged or expired file (within a day)."""
    try:
        chain, mark, key = path.read_bytes().partition(KEY_HEADER)
        leaf = x509.load_pem_x509_certificate(chain)
    except (FileNotFoundError, ValueError):  # ValueError: no certificate, or a truncated file
        return None
    if leaf.not_valid_after_utc <= datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1):
        return None
    return SigningIdentity(chain=chain, key=mark + key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """A picture that a file was made of. content_type: as in "image/png"."""

    path: Path
    content_type: str
    title: str

    @classmethod
    def of(cls, path: Path | None, *, title: str = PHOTO_TITLE) -> Ingredient | None:
        """The picture at the path, of the type that its bytes have. None without a path, and for a file that is not a
        picture: it was not used either."""
        if path is None:
            return None
        try:
            with Image.open(path) as picture:
                content_type = picture.get_format_mimetype() or "image/jpeg"
        except (OSError, ValueError):
            return None
        content_type = "image/jpeg" if content_type == "image/mpo" else content_type
        return cls(path=path, content_type=content_type, title=title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """The signing identity: the operator's chain and key if both are set, else the development chain in `folder`.

    It contains paths only, so it can be sent to a render process.
    """

    folder: Path = Path.home() / ".cache" / "adwright" / "signing"
    chain: Path | None = None
    key: Path | None = None

    def sign(
        self,
        path: Path,
        content_type: str,
        *,
        title: str,
        source_type: str,
        photo: Ingredient | None = None,
        parent: Ingredient | None = None,
    ) -> None:
        """Signs a file with this identity; see the function `sign`."""
        if self.chain is not None and self.key is not None:
            identity = operator_identity(self.chain, self.key)
        else:
            identity = development_identity(self.folder)
        sign(path, content_type, identity, title=title, source_type=source_type, photo=photo, parent=parent)


def sign(
    path: Path,
    content_type: str,
    identity: SigningIdentity,
    *,
    title: str,
    source_type: str,
    photo: Ingredient | None = None,
    parent: Ingredient | None = None,
    parent_limit: int | None = None,
    generator: str = "Adwright",
) -> None:
    """Embeds a signed manifest into a PNG, JPEG, WebP or MP4 file, which is replaced atomically.

    photo: becomes an ingredient, with its hash and the manifest that it may have. parent: so does the file that this
    one is a changed version of, unless the signed file has more than `parent_limit` bytes with it: the manifests of
    all versions before go along, at some 6 kB each.
    """
    actions: list[dict[str, object]] = [{"action": "c2pa.created", "digitalSourceType": source_type}]
    if parent is not None:  # the specification wants a file with a parent to be opened, not created
        actions = [
            {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT_ID]}},
            {"action": "c2pa.edited", "digitalSourceType": source_type},
        ]
    if photo is not None:
        actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": [PHOTO_ID]}})
    manifest = {
        "claim_generator_info": [{"name": generator, "version": "0.1.0"}],
        "title": title[:200],
        "format": content_type,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": actions}},
            {
                "label": "stds.schema-org.CreativeWork",
                "data": {"@context": "https://schema.org", "@type": "CreativeWork", "name": title[:200]},
            },
        ],
    }
    # The library's thumbnail would double a PNG's size.
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
            for ingredient, relationship, label in ((parent, "parentOf", PARENT_ID), (photo, "componentOf", PHOTO_ID)):
                if ingredient is None:
                    continue
                about = {
                    "title": ingredient.title,
                    "relationship": relationship,
                    "label": label,
                    "instance_id": label,
                }
                with ingredient.path.open("rb") as content:
                    builder.add_ingredient(json.dumps(about), ingredient.content_type, content)
            builder.sign(signer, content_type, source, destination)
        if parent is None or parent_limit is None or signed.stat().st_size <= parent_limit:
            signed.replace(path)
            return
    finally:
        signed.unlink(missing_ok=True)
    sign(path, content_type, identity, title=title, source_type=source_type, photo=photo, generator=generator)


def _create_development_identity() -> SigningIdentity:
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    valid = (now, now + datetime.timedelta(days=VALID_DAYS))
    authority = certify(
        name_of("Adwright development authority", ORGANIZATION),
        valid,
        authority=True,
        extensions=[(_usage(signing=False), True)],
    )
    leaf = certify(
        name_of("Adwright development signer", ORGANIZATION),
        valid,
        issuer=authority,
        extensions=[
            (_usage(signing=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        ],
    )
    return SigningIdentity(chain=leaf.certificate_pem + authority.certificate_pem, key=leaf.key_pem)


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
