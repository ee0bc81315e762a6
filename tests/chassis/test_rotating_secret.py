"""Rotation of secrets under traffic: the documented order refuses no call."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc

from services.chassis import rotating_secret
from services.chassis.config import ConfigurationError, ServiceSettings, read_settings
from services.chassis.rotating_secret import MAX_LINES, RotatingSecret, secret_lines
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.server import Server, always_ready, open_channel
from services.job.asset_urls import AssetUrlSigner
from services.job.errors import BadSignature
from tests.running import free_port

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32
ID = "4be0643f-1d98-473b-97cd-ca98a65347dd"
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
DOCUMENTED = (f"{OLD}\n{NEW}", f"{NEW}\n{OLD}", NEW)
STARTED = OLD


class Lookups(catalog_pb2_grpc.CatalogLookupServiceServicer):
    async def GetBrief(self, request: Any, context: Any) -> catalog_pb2.Brief:
        return catalog_pb2.Brief(image_key=caller().service)

    async def GetBriefs(self, request: Any, context: Any) -> catalog_pb2.GetBriefsResponse:
        raise NotImplementedError


class Replica:
    """A service that calls its peers and can be restarted with another secret."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.channel = open_channel(f"127.0.0.1:{self.port}")
        self._folder = folder
        self._server: Server | None = None
        self.identity = ServiceIdentity("image", STARTED)

    async def start(self, secret: str) -> None:
        settings = ServiceSettings(
            listen=f"127.0.0.1:{self.port}",
            token_issuer="https://adwright.local",
            token_jwks=str(self._folder / "none"),
            service_secret=secret,  # type: ignore[arg-type]  # pydantic wraps it
            stop_grace_seconds=5,
        )
        self._server = Server(
            settings,
            register=lambda server: catalog_pb2_grpc.add_CatalogLookupServiceServicer_to_server(Lookups(), server),
            services=["adwright.catalog.v1.CatalogLookupService"],
            ready=always_ready,
        )
        await self._server.start()
        self.identity = ServiceIdentity("image", settings.service_secrets())

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.stop()


@asynccontextmanager
async def replicas(folder: Path) -> AsyncIterator[Sequence[Replica]]:
    found = [Replica(folder) for _ in range(3)]
    for replica in found:
        await replica.start(STARTED)
    try:
        yield found
    finally:
        for replica in found:
            await replica.stop()
            await replica.channel.close()


async def refused_while_restarting(found: Sequence[Replica], order: Sequence[str]) -> tuple[int, int]:
    """Restarts the replicas with each secret of `order`, while every replica calls every other.

    Returns (calls made, calls refused). A call waits for a replica that is starting, so that only refusals are counted.
    """
    made = refused = 0

    async def call_all() -> None:
        nonlocal made, refused
        for source in found:
            for target in found:
                stub = catalog_pb2_grpc.CatalogLookupServiceStub(target.channel)
                request = catalog_pb2.GetBriefRequest(user_id="u", project_id=ID, product_id=ID)
                try:
                    await stub.GetBrief(request, metadata=source.identity.metadata(), timeout=20, wait_for_ready=True)
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                        raise
                    refused += 1
                made += 1

    for secret in order:
        for replica in found:
            await replica.stop()
            await replica.start(secret)
            await call_all()
    return made, refused


async def test_documented_order_refuses_no_call(tmp_path: Path) -> None:
    async with replicas(tmp_path) as found:
        made, refused = await refused_while_restarting(found, DOCUMENTED)
    assert made == 81
    assert refused == 0


@pytest.mark.parametrize("skipped", [0, 1])
async def test_each_step_of_the_documented_order_is_needed(tmp_path: Path, skipped: int) -> None:
    async with replicas(tmp_path) as found:
        order = [step for index, step in enumerate(DOCUMENTED) if index != skipped]
        _, refused = await refused_while_restarting(found, order)
    assert refused > 0


@pytest.fixture
def immediate_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating_secret, "RELOAD_SECONDS", -1.0)


@pytest.mark.usefixtures("immediate_reload")
class TestFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        found = tmp_path / "secret"
        found.write_text(OLD, encoding="utf-8")
        return found

    def test_change_is_loaded_without_a_restart(self, file: Path) -> None:
        secret = RotatingSecret(OLD, file=str(file))
        identity = ServiceIdentity("image", secret)
        before = identity.metadata()
        assert identity.metadata() == before
        replace(file, f"{NEW}\n{OLD}")
        assert (secret.signing(), secret.accepted()) == (NEW, (NEW, OLD))
        assert identity.metadata() != before  # the new secret signs immediately, not when the old token expires

    @pytest.mark.parametrize("content", ["", "short", f"{NEW}\nshort", "\n".join([NEW] * (MAX_LINES + 1))])
    def test_file_without_a_valid_secret_changes_nothing(self, file: Path, content: str) -> None:
        secret = RotatingSecret(OLD, file=str(file))
        replace(file, content)
        assert secret.accepted() == (OLD,)
        file.unlink()
        assert secret.accepted() == (OLD,)
        replace(file, NEW)
        assert secret.accepted() == (NEW,)


def replace(file: Path, content: str) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(content, encoding="utf-8")
    partial.replace(file)


class TestLinks:
    @pytest.fixture
    def links(self) -> dict[str, AssetUrlSigner]:
        def make(secret: str) -> AssetUrlSigner:
            return AssetUrlSigner(secret=secret, public_url="https://ads.example", lifetime=timedelta(hours=1))

        return {"old": make(OLD), "both": make(f"{NEW}\n{OLD}"), "new": make(NEW), "other": make(OTHER)}

    def test_urls_of_both_secrets_open_while_both_are_accepted(self, links: dict[str, AssetUrlSigner]) -> None:
        for signer in ("old", "new", "both"):
            self._check(links[signer], links["both"])
        with pytest.raises(BadSignature):
            self._check(links["other"], links["both"])

    def test_new_urls_are_signed_with_the_first_secret(self, links: dict[str, AssetUrlSigner]) -> None:
        self._check(links["both"], links["new"])
        for signer in ("both", "new"):
            with pytest.raises(BadSignature):
                self._check(links[signer], links["old"])

    def _check(self, signer: AssetUrlSigner, verifier: AssetUrlSigner) -> None:
        asset = uuid4()
        query = dict(part.split("=", 1) for part in signer.sign(asset, NOW).partition("?")[2].split("&"))
        verifier.verify(asset, int(query["expires"]), query["signature"], NOW)


class TestSettings:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith("ADWRIGHT_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("ADWRIGHT_TOKEN_ISSUER", "https://issuer")
        monkeypatch.setenv("ADWRIGHT_TOKEN_JWKS", "/jwks.json")

    def test_variable_takes_precedence_and_its_file_is_not_reloaded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, immediate_reload: None
    ) -> None:
        file = tmp_path / "secret"
        file.write_text(f"{OTHER}\n", encoding="utf-8")
        monkeypatch.setenv("ADWRIGHT_SERVICE_SECRET_FILE", str(file))
        assert read_settings(ServiceSettings).service_secrets().accepted() == (OTHER,)
        monkeypatch.setenv("ADWRIGHT_SERVICE_SECRET", f"{NEW}\n{OLD}\n")
        assert read_settings(ServiceSettings).service_secrets().accepted() == (NEW, OLD)

    @pytest.mark.parametrize("secret", ["", "short", f"{NEW}\nshort", "\n".join([NEW] * 5)])
    def test_invalid_secret_is_a_configuration_error_that_hides_it(
        self, secret: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ADWRIGHT_SERVICE_SECRET", secret)
        with pytest.raises(ConfigurationError, match="ADWRIGHT_SERVICE_SECRET") as refused:
            read_settings(ServiceSettings)
        assert NEW not in str(refused.value)

    def test_any_line_endings_are_accepted(self) -> None:
        assert secret_lines(f"{NEW}\r\n\n  {OLD} \n") == (NEW, OLD)
