"""Signatures of webhooks by Standard Webhooks: HMAC-SHA256 (v1) and Ed25519 (v1a)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_PREFIX = "whsec_"  # noqa: S105
PRIVATE_KEY_PREFIX, PUBLIC_KEY_PREFIX = "whsk_", "whpk_"
SECRET_BYTES = 32  # also of an Ed25519 key


def new_secret() -> str:
    """A new signing secret: `whsec_` and 32 random bytes in Base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether the text is a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in Base64."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(SECRET_PREFIX) and 24 <= len(key) <= 64


def new_ed25519_key() -> str:
    """A new Ed25519 key: `whsk_` and its 32 random bytes in Base64."""
    return PRIVATE_KEY_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def public_key_of(ed25519_key: str) -> str:
    """The public key of a key of `new_ed25519_key`: `whpk_` and 32 bytes in Base64."""
    public = _private_key(ed25519_key).public_key().public_bytes_raw()
    return PUBLIC_KEY_PREFIX + base64.b64encode(public).decode()


def signature_headers(
    event_id: str, body: bytes, signing_secrets: Sequence[str], now: datetime, ed25519_keys: Sequence[str] = ()
) -> dict[str, str]:
    """The three headers of Standard Webhooks, with a signature by each secret (v1) and each Ed25519 key (v1a)."""
    seconds = str(int(now.timestamp()))
    signed = f"{event_id}.{seconds}.".encode() + body
    signatures = []
    for secret in signing_secrets:
        digest = hmac.new(base64.b64decode(secret.removeprefix(SECRET_PREFIX)), signed, hashlib.sha256).digest()
        signatures.append("v1," + base64.b64encode(digest).decode())
    signatures += ["v1a," + base64.b64encode(_private_key(key).sign(signed)).decode() for key in ed25519_keys]
    return {"webhook-id": event_id, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def _private_key(ed25519_key: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(ed25519_key.removeprefix(PRIVATE_KEY_PREFIX)))
