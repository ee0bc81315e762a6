"""A small OpenID Connect issuer in a process of its own: `python -m tests.contract.oidc_issuer HOME USER`.

It serves discovery, a page to agree on, codes with PKCE (S256 only) and tokens, and prints its address. Access tokens
are those of the system in HOME; ID tokens have a key of its own. `POST /test` sets what a test needs: `redirect`, the
client's registered address, and `fault`, what is wrong with the next ID token. `GET /test` returns the requests so far.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from local.home import Home

CLIENT = "studio"
FAULTS: dict[str, dict[str, Any]] = {
    "": {},
    "nonce": {"nonce": "another"},
    "audience": {"aud": "another"},
    "issuer": {"iss": "https://another.example"},
    "expiry": {"exp": 1},
}
KEY = rsa.generate_private_key(65537, 2048)
CODES: dict[str, dict[str, str]] = {}
SEEN: list[dict[str, Any]] = []
STATE = {"redirect": "", "fault": ""}


class Handler(BaseHTTPRequestHandler):
    home: Home
    user: str

    @property
    def issuer(self) -> str:
        return f"http://{self.headers['host']}"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        if address.path == "/test":
            return self._json(SEEN)
        self._record(query)
        if address.path == "/.well-known/openid-configuration":
            return self._json({
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
            })  # fmt: skip
        if address.path == "/jwks":
            return self._json({"keys": [jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)]})
        if address.path == "/authorize":
            return self._authorize(query)
        return self._json({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode(), keep_blank_values=True))
        if self.path == "/test":
            STATE.update(form)
            return self._json(STATE)
        self._record(form)
        asked = CODES.pop(form.get("code", ""), None)  # a code is good for one try
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        right = asked is not None and (form.get("grant_type"), form.get("client_id"), form.get("redirect_uri")) == (
            "authorization_code", CLIENT, STATE["redirect"]
        )  # fmt: skip
        if asked is None or not right or asked["code_challenge"] != challenge.decode().rstrip("="):
            return self._json({"error": "invalid_grant", "error_description": "The code is not valid."}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.user,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
        }
        signed = jwt.encode({**claims, **FAULTS[STATE["fault"]]}, KEY, algorithm="RS256")
        return self._json({"access_token": self.home.token(self.user), "token_type": "Bearer", "id_token": signed})

    def _authorize(self, query: dict[str, str]) -> None:
        wanted = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": STATE["redirect"],
            "code_challenge_method": "S256",
        }
        if any(query.get(name) != value for name, value in wanted.items()) or "openid" not in query["scope"].split():
            return self._json({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe()
        CODES[code] = query
        back = f"{STATE['redirect']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"
        page = f'<!doctype html><title>Issuer</title><h1>Issuer</h1><a href="{html.escape(back)}">Agree</a>'
        return self._send(page.encode(), "text/html")

    def _record(self, values: dict[str, str]) -> None:
        SEEN.append({"path": urlsplit(self.path).path, "referer": self.headers["referer"] or "", **values})

    def _json(self, value: object, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("access-control-allow-origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    Handler.home, Handler.user = Home(Path(sys.argv[1])), sys.argv[2]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
