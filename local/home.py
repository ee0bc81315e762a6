"""The folder of a local system: database, assets, keys, logs, and the state of the running system."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parents[1]
ISSUER = "https://adwright.local"
AUDIENCE = "adwright"
KEY_ID = "development"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The state of a running system, as the `adwright` commands read it.

    ports, pids: by process name; pid 0: not running. databases: addresses by service. certificate: path of the
    gateway's PEM certificate; empty: it serves HTTP.
    """

    url: str
    supervisor_pid: int
    ports: dict[str, int]
    pids: dict[str, int]
    databases: dict[str, str]
    certificate: str = ""


class Home:
    """The folder of a local system: `ADWRIGHT_HOME`, or `var/` in the checkout."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or Path(os.environ.get("ADWRIGHT_HOME") or ROOT / "var")).resolve()
        self.keys = self.folder / "keys"
        self.logs = self.folder / "logs"
        self.assets = self.folder / "assets"
        self.database = self.folder / "postgres"
        self.state = self.folder / "running.json"
        self.lock = self.folder / "lock"

    def prepare(self) -> None:
        """Creates the folders and the missing keys, which only their owner can read. Raises OSError."""
        for folder in (self.folder, self.logs, self.assets, self.keys):
            folder.mkdir(parents=True, exist_ok=True)
        self.keys.chmod(0o700)
        for name in ("service-secret", "asset-secret"):
            if not (self.keys / name).exists():
                _write_private(self.keys / name, self.new_secret().encode())
        if not (self.keys / "private.pem").exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            jwks = {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}
            _replace(self.keys / "jwks.json", json.dumps(jwks).encode(), 0o644)
            _write_private(
                self.keys / "private.pem",
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ),
            )

    def secret(self, name: str) -> str:
        """The signing secret of a secret file: its first line. The lines after it are accepted but do not sign."""
        return (self.keys / name).read_text(encoding="utf-8").split("\n", 1)[0].strip()

    def new_secret(self) -> str:
        """A random secret of 48 bytes, URL-safe."""
        return secrets.token_urlsafe(48)

    def write_secret(self, name: str, *lines: str) -> None:
        """Replaces a secret file atomically and keeps its permissions. The first line signs. Raises OSError."""
        path = self.keys / name
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)  # left by an interrupted rotation
        _write_private(partial, "\n".join(lines).encode())
        partial.chmod(path.stat().st_mode)
        partial.replace(path)

    def token(self, user_id: str, *, admin: bool = False, seconds: int = 86_400) -> str:
        """A token signed by the development issuer.

        seconds: its validity.
        """
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user_id, "iat": now, "exp": now + seconds}
        if admin:
            claims["roles"] = ["admin"]
        key = (self.keys / "private.pem").read_bytes()
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": KEY_ID})

    def running(self) -> Running | None:
        """The system that runs from this folder, or None. Its supervisor holds the lock until it terminates."""
        try:
            with self.lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        except FileNotFoundError:
            return None
        except BlockingIOError:
            pass
        try:
            return Running(**json.loads(self.state.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None  # the system is starting or stopping

    def write_state(self, running: Running) -> bool:
        """Replaces the state file atomically. Returns False when it cannot be written, as on a full disk."""
        try:
            _replace(self.state, json.dumps(asdict(running)).encode(), 0o644)
        except OSError:
            return False
        return True


def _write_private(path: Path, content: bytes) -> None:
    _replace(path, content, 0o600)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Writes a file atomically: a file cut short by a full disk would be read as a valid one. Raises OSError."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
