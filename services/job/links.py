"""Links to assets: signed, so that they open without a token, and only until they expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from services.job.domain import BadSignature, LinkExpired


class Links:
    """Makes and checks links. The signature is HMAC-SHA256 over "<asset id>.<expiry>", base64url without padding."""

    def __init__(self, *, secret: str, public_url: str, lifetime: timedelta) -> None:
        self._secret = secret.encode()
        self._base = public_url.rstrip("/")
        self._lifetime = lifetime

    def link(self, asset_id: UUID, now: datetime) -> str:
        """The asset's address, valid for the lifetime from now on."""
        expires = int((now + self._lifetime).timestamp())
        return f"{self._base}/api/assets/{asset_id}?expires={expires}&signature={self._signature(asset_id, expires)}"

    def check(self, asset_id: UUID, expires: int, signature: str, now: datetime) -> None:
        """Raises BadSignature, LinkExpired."""
        if not hmac.compare_digest(self._signature(asset_id, expires).encode(), signature.encode()):
            raise BadSignature
        if expires < now.timestamp():
            raise LinkExpired

    def _signature(self, asset_id: UUID, expires: int) -> str:
        digest = hmac.new(self._secret, f"{asset_id}.{expires}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
