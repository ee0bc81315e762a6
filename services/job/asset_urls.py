"""Links to assets: signed, so that they open without a token, and only until they expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from services.chassis.rpc.rotating_secret import RotatingSecret
from services.job.domain import BadSignature, LinkExpired


class AssetUrlSigner:
    """Makes and checks links. The signature is HMAC-SHA256 over "<asset id>.<expiry>", base64url without padding."""

    def __init__(self, *, secret: str | RotatingSecret, public_url: str, lifetime: timedelta) -> None:
        """secret: links are signed with its first line, and those of every line open."""
        self._secrets = RotatingSecret(secret) if isinstance(secret, str) else secret
        self._base = public_url.rstrip("/")
        self._lifetime = lifetime

    def link(self, asset_id: UUID, now: datetime) -> str:
        """The asset's address, valid for the lifetime from now on."""
        expires = int((now + self._lifetime).timestamp())
        signature = _signature(self._secrets.signing(), asset_id, expires)
        return f"{self._base}/api/assets/{asset_id}?expires={expires}&signature={signature}"

    def check(self, asset_id: UUID, expires: int, signature: str, now: datetime) -> None:
        """Raises BadSignature, LinkExpired."""
        good = False
        for secret in self._secrets.accepted():  # all of them, so that the time says nothing of which one it was
            good |= hmac.compare_digest(_signature(secret, asset_id, expires).encode(), signature.encode())
        if not good:
            raise BadSignature
        if expires < now.timestamp():
            raise LinkExpired


def _signature(secret: str, asset_id: UUID, expires: int) -> str:
    digest = hmac.new(secret.encode(), f"{asset_id}.{expires}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
