"""The guarded fetcher connects to public addresses only."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.certificate import write_certificate
from services.chassis.backoff import Backoff
from services.chassis.data.assets import AssetStore
from services.chassis.errors import InputFault, TransientFault
from services.worker.remote import customer_images
from services.worker.remote import fetcher as fetcher_module
from services.worker.remote.customer_images import CustomerImages
from services.worker.remote.fetcher import KNOWN_HOST, Fetcher, is_public, is_unknown_host
from tests.running import free_port

ACCEPT = ("image/png",)


@asynccontextmanager
async def serving(answer: Callable[[], AsyncIterator[bytes]]) -> AsyncIterator[int]:
    """Runs a server on loopback that sends the response to every request. Yields its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            async for part in answer():
                writer.write(part)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def whole(head: str, body: bytes = b"") -> Callable[[], AsyncIterator[bytes]]:
    async def parts() -> AsyncIterator[bytes]:
        yield head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body

    return parts


def fetcher(port: int) -> Fetcher:
    """Returns a fetcher that may connect to the test's server."""
    return Fetcher(allowed=["127.0.0.1"], ports=[port, 80, 443])


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1",
            "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "nonsense",
        ],
    )  # fmt: skip
    def test_private_addresses_are_not_public(self, address: str) -> None:
        assert not is_public(address)

    @pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "64:ff9b::101:101"])
    def test_public_addresses_are_public(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/a", "http://localhost/a", "http://2130706433/a", "http://0x7f.1/a", "http://[::1]/a",
            "http://[::ffff:127.0.0.1]/a", "http://169.254.169.254/latest/meta-data", "http://0/a",
            "http://0177.0.0.1/a", "http://127.1/a", "http://127.0.0.1./a", "http://[::]/a", "http://[fe80::1%25lo]/a",
            "http://①②⑦.⓪.⓪.①/a", "http://127。0。0。1/a", "http://[::ffff:a9fe:a9fe]/a", "http://0xa9fea9fe/a",
            "http://LOCALHOST/a", "http://[64:ff9b::169.254.169.254]/a",
        ],
    )  # fmt: skip
    async def test_no_form_of_a_private_address_is_connected(self, url: str) -> None:
        with pytest.raises((InputFault, TransientFault)) as refused:
            await Fetcher().fetch(url, max_bytes=100, timeout=5, accept=ACCEPT)
        assert refused.value.reason in ("ADDRESS_NOT_PUBLIC", "ADDRESS_NOT_USABLE", "FETCH_FAILED")

    @pytest.mark.parametrize(
        "url", ["file:///etc/passwd", "ftp://example.com/a", "http://u:p@example.com/", "http://example.com:22/", "x"]
    )
    async def test_other_schemes_ports_and_credentials_are_refused(self, url: str) -> None:
        with pytest.raises(InputFault) as refused:
            await Fetcher().fetch(url, max_bytes=100, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "ADDRESS_NOT_USABLE"

    async def test_name_with_one_private_address_is_refused(self) -> None:
        async def both(host: str, port: int) -> Sequence[str]:
            return ["93.184.215.14", "127.0.0.1"]

        with pytest.raises(InputFault) as refused:
            await Fetcher(lookup=both).fetch("http://example.com/", max_bytes=100, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "ADDRESS_NOT_PUBLIC"

    async def test_redirect_to_private_address_is_refused(self) -> None:
        async with serving(whole("HTTP/1.1 302 Found\nLocation: http://169.254.169.254/\nContent-Length: 0")) as port:
            with pytest.raises(InputFault) as refused:
                await fetcher(port).fetch(f"http://127.0.0.1:{port}/", max_bytes=100, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "ADDRESS_NOT_PUBLIC"

    async def test_dns_rebinding_after_the_check_has_no_effect(self) -> None:
        # "localhost" stands for the attacker's name: the system resolves it to 127.0.0.1, the address of the secret.
        # The checked lookup returns 127.0.0.2, which stands for a public address.
        reached: list[str] = []

        async def secret(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            reached.append("the secret")
            writer.close()

        async def public(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            reached.append("the checked address")
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()

        answers = iter([["127.0.0.2"], ["127.0.0.1"]])

        async def changing(host: str, port: int) -> Sequence[str]:
            return next(answers)

        inside = await asyncio.start_server(secret, "127.0.0.1", 0)
        port = inside.sockets[0].getsockname()[1]
        outside = await asyncio.start_server(public, "127.0.0.2", port)
        async with inside, outside:
            guarded = Fetcher(lookup=changing, allowed=["127.0.0.2"], ports=[port])
            with pytest.raises(InputFault) as refused:
                await guarded.fetch(f"http://localhost:{port}/", max_bytes=100, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "ADDRESS_NOT_PUBLIC"  # from the second lookup, for the redirect
        assert reached == ["the checked address"]
        assert list(answers) == []


class TestUnresolvableNames:
    async def test_internal_and_missing_names_fail_alike(self) -> None:
        async def missing(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        async def inside(host: str, port: int) -> Sequence[str]:
            return ["10.0.0.7"]

        async def none(host: str, port: int) -> Sequence[str]:
            return []

        failures = []
        for lookup in (missing, inside, none):
            with pytest.raises(InputFault) as refused:
                await Fetcher(lookup=lookup).fetch("http://a.example/", max_bytes=9, timeout=5, accept=ACCEPT)
            failures.append((refused.value.reason, refused.value.message))
        assert failures == [("ADDRESS_NOT_PUBLIC", "The address is not a public internet address.")] * 3

    async def test_resolver_outage_is_a_transient_fault(self) -> None:
        async def away(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

        with pytest.raises(TransientFault) as refused:
            await Fetcher(lookup=away).fetch("http://a.example/", max_bytes=9, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "NAME_LOOKUP_FAILED"


class TestUnknownHosts:
    """What is refused before a job is made of it."""

    @pytest.mark.parametrize(
        ("known", "fault", "unknown"),
        [
            ({KNOWN_HOST}, socket.EAI_NONAME, True),
            ({KNOWN_HOST, "host.test"}, socket.EAI_NONAME, False),
            ({KNOWN_HOST}, socket.EAI_AGAIN, False),
            ({KNOWN_HOST}, socket.EAI_FAIL, False),
            (set(), socket.EAI_NONAME, False),  # cut off from the public DNS
        ],
    )
    async def test_only_a_host_that_certainly_does_not_exist_is_unknown(
        self, known: set[str], fault: int, unknown: bool
    ) -> None:
        async def lookup(host: str, port: int) -> Sequence[str]:
            if host not in known:
                raise socket.gaierror(fault, "no")
            return ["93.184.216.34"]

        assert await is_unknown_host("https://host.test/a.jpg", lookup=lookup) is unknown

    @pytest.mark.parametrize(
        ("url", "unknown"),
        [
            ("https://vault.internal/a.jpg", True),
            ("https://printer/a.jpg", True),
            ("https://10.1.2.3/a.jpg", False),  # no name: the job says what is wrong
        ],
    )
    async def test_name_inside_is_as_unknown_as_one_that_does_not_exist(self, url: str, unknown: bool) -> None:
        async def lookup(host: str, port: int) -> Sequence[str]:
            return ["93.184.216.34"] if host == KNOWN_HOST else ["10.1.2.3", "fd00::7"]

        assert await is_unknown_host(url, lookup=lookup) is unknown

    async def test_silent_name_servers_take_none_of_the_threads_of_the_service(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answered = threading.Event()

        def silent(*_: object, **__: object) -> list[object]:
            answered.wait(20)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", silent)
        monkeypatch.setattr(fetcher_module, "UNKNOWN_HOST_SECONDS", 0.2)
        urls = [f"https://host-{number}.test/a.jpg" for number in range(3 * fetcher_module.MOST_LOOKUPS)]
        try:
            assert not any(await asyncio.gather(*map(is_unknown_host, urls)))
            async with asyncio.timeout(2):
                assert await asyncio.to_thread(lambda: "in its turn") == "in its turn"
                assert not await is_unknown_host("https://one.more.test/a.jpg")
        finally:
            answered.set()


class TestTls:
    async def test_untrusted_certificate_is_an_input_fault(self, tmp_path: Path) -> None:
        write_certificate(tmp_path, ("127.0.0.1",), datetime.now(UTC))
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(tmp_path / "tls.pem", tmp_path / "tls.key")
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(InputFault) as refused:
                await fetcher(port).fetch(f"https://127.0.0.1:{port}/", max_bytes=9, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "ADDRESS_NOT_TRUSTED"
        assert "certificate" in refused.value.message

    async def test_host_without_tls_is_an_input_fault(self) -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(InputFault) as refused:
                await fetcher(port).fetch(f"https://127.0.0.1:{port}/", max_bytes=9, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "ADDRESS_NOT_TRUSTED"


class TestCustomerImages:
    @pytest.fixture(autouse=True)
    def no_pauses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(customer_images, "BACKOFF", Backoff(0.0, 0.0))

    @pytest.mark.parametrize(
        ("heads", "reason", "requests"),
        [
            (["503 Busy"], "FETCH_FAILED", 3),
            (["429 Slow Down"], "FETCH_FAILED", 3),
            (["404 Not Found"], "ADDRESS_NOT_FOUND", 1),
            (["403 Forbidden"], "ADDRESS_NOT_FOUND", 1),
            (["200 OK\nContent-Type: text/html"], "CONTENT_NOT_USABLE", 1),
            (["200 OK\nContent-Type: image/svg+xml"], "CONTENT_NOT_USABLE", 1),
            (["200 OK\nContent-Type: image/png\nContent-Length: 99999999"], "CONTENT_TOO_LARGE", 1),
            (["302 Found\nLocation: http://10.0.0.7/"], "ADDRESS_NOT_PUBLIC", 1),
            (["503 Busy", "200 OK\nContent-Type: image/png"], "", 2),
            (["503 Busy", "503 Busy", "200 OK\nContent-Type: image/jpg"], "", 3),
            (["200 OK\nContent-Type: application/octet-stream"], "", 1),
            (["200 OK\nContent-Type: binary/octet-stream"], "", 1),
            (["200 OK"], "", 1),
            (["200 OK\nContent-Type: image/avif"], "", 1),
        ],
    )
    async def test_transient_faults_are_retried_and_final_ones_named(
        self, heads: list[str], reason: str, requests: int, tmp_path: Path
    ) -> None:
        asked = 0

        async def answer() -> AsyncIterator[bytes]:
            nonlocal asked
            head = heads[min(asked, len(heads) - 1)]
            asked += 1
            length = "" if "Content-Length" in head else "\nContent-Length: 4"
            yield f"HTTP/1.1 {head}{length}\nConnection: close\n\n".replace("\n", "\r\n").encode() + b"abcd"

        async with serving(answer) as port:
            assets = AssetStore(f"file://{tmp_path}")
            images = CustomerImages(assets=assets, fetcher=fetcher(port))
            url = f"http://127.0.0.1:{port}/avatar.jpg"
            if reason:
                with pytest.raises(InputFault) as refused:
                    await images.download(url, tmp_path / "picture", named="avatarUrl")
                assert refused.value.reason == reason
                assert refused.value.message.startswith("avatarUrl could not be used. ")
            else:
                path = await images.download(url, tmp_path / "picture", named="avatarUrl")
                assert path.read_bytes() == b"abcd"
        assert asked == requests

    async def test_refused_connection_has_customer_message(self, tmp_path: Path) -> None:
        port = free_port()
        images = CustomerImages(assets=AssetStore(f"file://{tmp_path}"), fetcher=fetcher(port))
        with pytest.raises(InputFault) as refused:
            await images.download(f"http://127.0.0.1:{port}/", tmp_path / "picture", named="avatarUrl")
        assert refused.value.message == (
            "avatarUrl could not be used. The address could not be reached, or the connection was lost."
        )


class TestContent:
    async def test_image_is_fetched(self) -> None:
        async with serving(whole("HTTP/1.1 200 OK\nContent-Type: image/png\nContent-Length: 4", b"abcd")) as port:
            fetched = await fetcher(port).fetch(f"http://127.0.0.1:{port}/", max_bytes=4, timeout=5, accept=ACCEPT)
        assert (fetched.content, fetched.content_type) == (b"abcd", "image/png")

    @pytest.mark.parametrize(
        ("head", "body", "reason"),
        [
            ("HTTP/1.1 200 OK\nContent-Type: image/png\nContent-Length: 5", b"abcde", "CONTENT_TOO_LARGE"),
            ("HTTP/1.1 200 OK\nContent-Type: image/png", b"x" * 100_000, "CONTENT_TOO_LARGE"),
            ("HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 1", b"x", "CONTENT_NOT_USABLE"),
            (
                "HTTP/1.1 200 OK\nContent-Type: image/png\nContent-Encoding: gzip\nContent-Length: 1",
                b"x",
                "CONTENT_NOT_USABLE",
            ),
            ("HTTP/1.1 404 Not Found\nContent-Length: 0", b"", "ADDRESS_NOT_FOUND"),
        ],
    )
    async def test_unusable_content_is_an_input_fault(self, head: str, body: bytes, reason: str) -> None:
        async with serving(whole(head, body)) as port:
            with pytest.raises(InputFault) as refused:
                await fetcher(port).fetch(f"http://127.0.0.1:{port}/", max_bytes=4, timeout=5, accept=ACCEPT)
        assert refused.value.reason == reason

    async def test_failing_host_is_a_transient_fault(self) -> None:
        async with serving(whole("HTTP/1.1 503 Busy\nContent-Length: 0")) as port:
            with pytest.raises(TransientFault):
                await fetcher(port).fetch(f"http://127.0.0.1:{port}/", max_bytes=4, timeout=5, accept=ACCEPT)

    async def test_circular_redirects_end(self) -> None:
        async with serving(whole("HTTP/1.1 302 Found\nLocation: /again\nContent-Length: 0")) as port:
            with pytest.raises(InputFault) as refused:
                await fetcher(port).fetch(f"http://127.0.0.1:{port}/", max_bytes=4, timeout=5, accept=ACCEPT)
        assert refused.value.reason == "TOO_MANY_REDIRECTS"

    async def test_slow_body_ends_at_the_deadline(self) -> None:
        async def drip() -> AsyncIterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"
            for _ in range(100):
                yield b"x"
                await asyncio.sleep(0.05)

        async with serving(drip) as port:
            with pytest.raises(TransientFault) as refused:
                await fetcher(port).fetch(f"http://127.0.0.1:{port}/", max_bytes=1000, timeout=0.3, accept=ACCEPT)
        assert refused.value.reason == "FETCH_TIMED_OUT"
