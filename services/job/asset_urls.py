"""URLs of assets: signed, so that they open without a token until they expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from services.chassis.rotating_secret import RotatingSecret
from services.job.domain import BadSignature, LinkExpired


class AssetUrlSigner:
    """Signs and verifies URLs. The signature is HMAC-SHA256 over "<asset id>.<expiry>", base64url without padding."""

    def __init__(self, *, secret: str | RotatingSecret, public_url: str, lifetime: timedelta) -> None:
        """secret: its first line signs; signatures by any of its lines verify.

        public_url: where clients reach the gateway. lifetime: how long a URL is valid.
        """
        self._secrets = RotatingSecret(secret) if isinstance(secret, str) else secret
        self._base = public_url.rstrip("/")
        self._lifetime = lifetime

    def sign(self, asset_id: UUID, now: datetime) -> str:
        """The asset's URL, valid for the lifetime from `now`."""
        expires = int((now + self._lifetime).timestamp())
        signature = _signature(self._secrets.signing(), asset_id, expires)
        return f"{self._base}/api/assets/{asset_id}?expires={expires}&signature={signature}"

    def verify(self, asset_id: UUID, expires: int, signature: str, now: datetime) -> None:
        """Raises BadSignature, LinkExpired."""
        valid = False
        for secret in self._secrets.accepted():  # every line, so that the timing does not reveal which one matched
            valid |= hmac.compare_digest(_signature(secret, asset_id, expires).encode(), signature.encode())
        if not valid:
            raise BadSignature
        if expires < now.timestamp():
            raise LinkExpired


def _signature(secret: str, asset_id: UUID, expires: int) -> str:
    digest = hmac.new(secret.encode(), f"{asset_id}.{expires}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
