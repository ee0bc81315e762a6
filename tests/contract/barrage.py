"""Sends very many random requests by the route table, half valid and half hostile, over a few connections.

Schemathesis checks responses against the OpenAPI document but takes about 50 ms a request. The barrage sends a hundred
times as many requests and reports what no request may cause: a 5xx response, an error without the usual body, a
connection that closes without a response.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from gateway.routes import Route
from gateway.schema import FieldSchema, MessageSchema

THREADS = 4
RESPONSE_SECONDS = 60
MAX_FINDINGS = 50
ENDLESS_METHODS = ("WatchJobs", "WatchJob")  # their responses last as long as the jobs
TEXTS = (
    "", "a", "name", "Größe", "😀", "e\u0301", "\u202e", "\u0000", "\ud800", "a\nb", "'; drop table job; --",
    "{{7*7}}", "%s%n",
    "../../etc/passwd", "<script>", "null", "-1", "9" * 40, "1e400", "x" * 129, "y" * 5_001, "#1d2a8c", "24.90", "EUR",
    "http://127.0.0.1/", "https://[::1]:1/", "https://example.com/a.png", "2026-03-01T00:00:00Z", "male-1", "\ufeff",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**31, -(2**63), 10**30, 0.1, 1e308, 7)
NOISE = (
    b"", b" ", b"{", b"[]", b"null", b'"a"', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"\x1f\x8b\x08", b"{}" * 999,
    b'{"a":' * 99,
    b'{"name":"\xc3("}', b'{"name":1,}', b"--x\r\n", b"[" * 9_999, b'{"' + b"k" * 9_999 + b'":1}',
    b'{"name":"x"' + b',"projectId":"y"' * 999 + b"}", b"{" + b'"a":1,' * 6_000 + b'"b":2}', b"\\u0000",
)  # fmt: skip
KINDS = (
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "application/x-www-form-urlencoded",
    "x",
    "",
)
HEADERS = (
    ("Prefer", "wait=0"), ("Prefer", "handling=strict"), ("Prefer", ",;="), ("Range", "bytes=5-1"),
    ("If-None-Match", "*"),
    ("Idempotency-Key", "k"), ("Idempotency-Key", '"'), ("Idempotency-Key", "x" * 300), ("X-Request-Id", "mine"),
    ("X-HTTP-Method-Override", "DELETE"), ("Accept", "text/html"), ("Accept-Encoding", "gzip"), ("TE", "trailers"),
    ("X-Adwright-Unknown-Fields", "a=b"), ("X-Envoy-Max-Retries", "9"), ("X-Forwarded-For", "a, b"), ("Cookie", "a=b"),
    ("Content-Encoding", "gzip"), ("X-API-Key", "adw_x"), ("X-API-Key", "adw_" + "a" * 43), ("Origin", "null"),
)  # fmt: skip


@dataclass(slots=True)
class BarrageResult:
    """The number of requests sent, their response statuses, and the faults found."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def report(self) -> str:
        lines = [f"{self.sent:,} random requests; statuses: {dict(sorted(self.statuses.items()))}"]
        return "\n".join([*lines, f"{len(self.findings)} findings", *self.findings])


class RequestGenerator:
    """Generates one random sequence of requests."""

    def __init__(
        self, routes: Sequence[Route], messages: dict[str, MessageSchema], ids: dict[str, str], seed: int
    ) -> None:
        self._routes = [route for route in routes if route.method not in ENDLESS_METHODS]
        self._messages = messages
        self._ids = ids
        self._chance = random.Random(seed)

    def next(self) -> tuple[str, str, dict[str, str], bytes]:
        """The next request: verb, target, headers, body."""
        chance = self._chance
        route = chance.choice(self._routes)
        headers: dict[str, str] = {}
        body = b""
        if route.raw_request:
            body = chance.choice(
                (b"\x89PNG\r\n\x1a\n" + chance.randbytes(50), b"\xff\xd8\xff" + chance.randbytes(50), b"")
            )
            headers["Content-Type"] = chance.choice(("image/png", "image/jpeg", "x"))
        elif route.body:
            body = self._body(route)
            headers["Content-Type"] = chance.choice(KINDS) if chance.random() < 0.1 else KINDS[0]
        elif chance.random() < 0.05:
            body = chance.choice(NOISE)
        headers |= dict(chance.choices(HEADERS, k=chance.choice((0, 0, 0, 1, 2))))
        return route.verb, self._path(route) + self._query(route), headers, body

    def _path(self, route: Route) -> str:
        path = route.path
        for name in route.variables:
            known = self._ids.get(name)
            # Existing resources are read and changed but never deleted; the rest of the run needs them.
            if known is None or route.verb == "DELETE" or self._chance.random() < 0.3:
                known = (
                    self._text() if self._chance.random() < 0.3 else str(uuid.UUID(int=self._chance.getrandbits(128)))
                )
            path = path.replace("{" + name + "}", quote(known, safe="", errors="surrogatepass") or "-")
        return path

    def _query(self, route: Route) -> str:
        chance = self._chance
        if route.body and chance.random() < 0.9:
            return ""
        names = [item.name for item in self._messages[route.request].fields if item.proto_name not in route.variables]
        parts = []
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            name = (
                chance.choice(names) if names and chance.random() < 0.8 else quote(self._text(), errors="surrogatepass")
            )
            value = self._ids.get(name) or chance.choice(("5", "queued", "static_ad", self._text()))
            parts.append(f"{name}={quote(value, safe='', errors='surrogatepass')}" if chance.random() < 0.95 else name)
        return "?" + "&".join(parts) if parts else ""

    def _body(self, route: Route) -> bytes:
        chance = self._chance
        if chance.random() < 0.1:
            return chance.choice(NOISE)

        text = json.dumps(self._message(route.request, depth=0), ensure_ascii=chance.random() < 0.5)
        raw = bytearray(text.encode("utf-8", "surrogatepass"))
        if raw and chance.random() < 0.1:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        return bytes(raw)

    def _message(self, name: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for item in self._messages[name].fields:
            if self._chance.random() < 0.85:
                found[item.name if self._chance.random() < 0.9 else item.proto_name] = self._value(item, depth)
        if self._chance.random() < 0.2:
            found[self._text()] = self._anything(depth)
        return found

    def _value(self, item: FieldSchema, depth: int) -> Any:
        chance = self._chance
        if chance.random() < 0.1:
            return self._anything(depth)
        if item.repeated:
            return [self._single(item, depth) for _ in range(chance.choice((0, 1, 2, 60)))]
        if item.map:
            return {self._text(): self._single(item, depth) for _ in range(chance.choice((0, 1, 60)))}
        return self._single(item, depth)

    def _single(self, item: FieldSchema, depth: int) -> Any:
        chance = self._chance
        if item.name in self._ids and chance.random() < 0.9:
            return self._ids[item.name]
        if item.message in self._messages and depth < 3:
            return self._message(item.message, depth + 1)
        if item.rules.one_of and chance.random() < 0.9:
            return chance.choice(item.rules.one_of)
        if item.kind in ("int32", "int64", "number"):
            return chance.choice(NUMBERS)
        if item.kind == "bool":
            return chance.random() < 0.5
        return self._text()

    def _anything(self, depth: int) -> Any:
        plain = (None, True, chance_number(self._chance), self._text())
        if depth > 3 or self._chance.random() < 0.6:
            return self._chance.choice(plain)
        return self._chance.choice(([self._anything(depth + 1)] * 3, {self._text(): self._anything(depth + 1)}))

    def _text(self) -> str:
        if self._chance.random() < 0.7:
            return self._chance.choice(TEXTS)
        return "".join(map(chr, self._chance.choices(range(1, 0x3000), k=self._chance.randint(1, 20))))


def chance_number(chance: random.Random) -> float:
    return chance.choice(NUMBERS)


def barrage(
    url: str,
    routes: Sequence[Route],
    messages: dict[str, MessageSchema],
    *,
    tokens: Sequence[str],
    ids: dict[str, str],
    requests: int,
    seconds: float,
    seed: int,
) -> BarrageResult:
    """Sends up to `requests` requests within `seconds`. tokens: one is chosen for each request; "" means no token."""
    outcome, lock, deadline = BarrageResult(), threading.Lock(), time.monotonic() + seconds
    address = urlsplit(url)
    assert address.hostname is not None

    def send(number: int) -> None:
        generator, chance = RequestGenerator(routes, messages, ids, seed + number), random.Random(seed - number)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=RESPONSE_SECONDS)
        while time.monotonic() < deadline:
            verb, target, headers, body = generator.next()
            token = chance.choice(tokens)
            if token and "X-API-Key" not in headers:
                headers["Authorization"] = f"Bearer {token}"
            try:
                connection.request(verb, target, body=body or None, headers=headers)
                response = connection.getresponse()
                if response.getheader("content-type", "").startswith("text/event-stream"):
                    status, text = response.status, b""  # the stream lasts as long as the job is live
                    connection.close()
                else:
                    status, text = response.status, response.read()
                finding = fault_of(status, text)
            except (OSError, http.client.HTTPException) as error:
                # Envoy closes a connection whose request it refuses before the body has arrived.
                status, finding = 0, "" if len(body) > 60_000 else f"no response: {error!r}"
                connection.close()
            with lock:
                if outcome.sent >= requests or len(outcome.findings) >= MAX_FINDINGS:
                    break
                outcome.sent += 1
                outcome.statuses[status] += 1
                if finding:
                    shown = {name: value for name, value in headers.items() if name != "Authorization"}
                    outcome.findings.append(f"{finding}: {verb} {target[:300]} {shown} {body[:300]!r}")
        connection.close()

    threads = [threading.Thread(target=send, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome


def fault_of(status: int, text: bytes) -> str:
    """Describes the fault of a response; empty when it has none."""
    if status < 400:
        return ""
    if status >= 500:
        return f"{status} {text[:300]!r}"
    try:
        error = json.loads(text)["error"]
        valid = bool(error["reason"] and error["message"]) and {"requestId", "retryable"} <= set(error)
    except (ValueError, KeyError, TypeError):
        valid = False
    return "" if valid else f"{status} without the usual body: {text[:300]!r}"
