"""The catalog on a real PostgreSQL database, called over real gRPC, for the tests of catalog."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import jwt
import psycopg
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from cryptography.hazmat.primitives.asymmetric import ec
from google.api import httpbody_pb2

from services.catalog.briefs import Briefs
from services.catalog.catalog_store import CatalogStore
from services.catalog.servicer import CatalogLookupServicer, CatalogServicer
from services.catalog.understanding.reading import Reader
from services.catalog.understanding.values import Evidence, Fact, ProductTexts, Recognition
from services.catalog.understanding_store import UnderstandingStore
from services.catalog.understandings import Understandings
from services.chassis.config import ServiceSettings
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.rotating_secret import RotatingSecret
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, open_channel
from tests.database import until_statements_wait_for_locks
from tests.running import Postgres

MIGRATIONS = Path(__file__).resolve().parents[2] / "services" / "catalog" / "migrations"
START = datetime(2026, 3, 9, 10, tzinfo=UTC)
PROJECTS_PER_USER = 5
PRODUCTS_PER_PROJECT = 4
LOCK_WAIT_SECONDS = 30
ISSUER = "https://adwright.local"
AUDIENCE = "adwright"
SERVICE_SECRET = "s" * 32
SERVICES = ("adwright.catalog.v1.CatalogService", "adwright.catalog.v1.CatalogLookupService")
LOOKUP_METHODS = frozenset({"GetBrief"})


class Refused(Exception):
    """A refused call: the gRPC code, the stable reason, the message, and the message of every field at fault."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        metadata = {str(key): value for key, value in error.trailing_metadata() or ()}
        body = json.loads(str(metadata["x-adwright-error"]))["error"]
        self.code = error.code().name
        self.reason: str = body["reason"]
        self.message: str = body["message"]
        self.retryable: bool = body["retryable"]
        self.fields: Mapping[str, str] = {item["field"]: item["message"] for item in body.get("fields", [])}
        super().__init__(f"{self.reason}: {self.message}")


class SettableClock:
    """A clock that stands still until a test advances it."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Trade:
    """A trade of the tests' taxonomy."""

    name: str
    sector: str
    kind: str
    goal: str
    sensitive: tuple[str, ...] = ()
    regulated: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


TRADES = {
    "dentist": Trade(
        "dental practice",
        "health",
        "service",
        "book",
        regulated=("health",),
        names={"en": ("dentist", "dental practice")},
    ),
    "florist": Trade("flower shop", "retail", "good", "sell"),
    "undertaker": Trade("undertaker", "personal services", "service", "call", sensitive=("death",)),
    "bottles": Trade("drinking bottle", "household", "good", "sell"),
}


class HarnessReader:
    """Reads texts by plain words, and counts; tests can hold its readings up or let them fail."""

    def __init__(self) -> None:
        self.VERSION = "t1"
        self.read_names: list[str] = []
        self._held: set[str] = set()
        self._failing: set[str] = set()
        self._changed = threading.Condition()
        self._reader = Reader(
            recognise=_recognise, find_facts=_find_facts, about=lambda kind, facts, language: facts,
            language_of=lambda text: "en",
            clean_name=str.strip, clean_text=str.strip, calm=str, calm_name=str, trades=TRADES, data_version="t",
        )  # fmt: skip

    def read(self, texts: ProductTexts) -> catalog_pb2.Understanding:
        with self._changed:
            self.read_names.append(texts.name)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: texts.name not in self._held, LOCK_WAIT_SECONDS)
            if texts.name in self._failing:
                raise ValueError(texts.name)
        reading = self._reader.read(texts)
        reading.version = self.VERSION
        return reading

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Holds up readings of products of this name."""
        with self._changed:
            self._held.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(name)
                self._changed.notify_all()

    def fail(self, name: str) -> None:
        """Lets readings of products of this name fail from now on."""
        self._failing.add(name)

    async def until_reading(self, name: str, times: int = 1) -> None:
        """Returns once a product of this name was read so many times, or the last of them is held up."""

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: self.read_names.count(name) >= times, LOCK_WAIT_SECONDS)

        assert await asyncio.to_thread(wait)


def _recognise(texts: ProductTexts, language: str, facts: Sequence[Fact]) -> Recognition:
    for trade, found in TRADES.items():
        if trade.removesuffix("s") in texts.name.lower() or trade in texts.project.lower():
            evidence = (
                Evidence(decided="trade", source="name", words=texts.name, by="name"),
                Evidence(decided="kind", source="name", words=texts.name, by="name"),
            )
            return Recognition(
                confidence="likely", kind=found.kind, trade=trade, sector=found.sector, subject=texts.name,
                goal=found.goal, sensitive=found.sensitive, regulated=found.regulated, evidence=evidence,
            )  # fmt: skip
    return Recognition()


def _find_facts(texts: ProductTexts, language: str) -> list[Fact]:
    return [
        Fact(text=text, role="feature", strength=0.9 - 0.01 * number, source="features")
        for number, text in enumerate(texts.features)
    ]


class Tokens:
    """Signs the tokens of users with a key of its own, and those of services with the shared secret."""

    def __init__(self, folder: Path) -> None:
        """folder: where the key's JWKS is written, for the server to read."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.jwks = folder / "jwks.json"
        public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self.jwks.write_text(json.dumps({"keys": [{**public, "kid": "k", "alg": "ES256", "use": "sig"}]}))

    def user(self, name: str) -> tuple[tuple[str, str], ...]:
        """Returns call metadata with a token of this user."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": name, "iat": now, "exp": now + 600}
        token = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "k"})
        return (("authorization", f"Bearer {token}"),)

    def service(self, name: str) -> tuple[tuple[str, str], ...]:
        """Returns call metadata with a token of this service."""
        return tuple(ServiceIdentity(name, RotatingSecret(SERVICE_SECRET)).metadata())


class CatalogClient:
    """Calls a replica of the catalog as one user or service."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._stub = catalog_pb2_grpc.CatalogServiceStub(channel)
        self._lookup_stub = catalog_pb2_grpc.CatalogLookupServiceStub(channel)
        self._metadata = metadata

    async def call(self, method: str, **fields: Any) -> Any:
        """Calls a method with these fields of its request. Raises Refused."""
        stub: Any = self._lookup_stub if method in LOOKUP_METHODS else self._stub
        request = getattr(catalog_pb2, f"{method}Request")(**fields)
        try:
            return await getattr(stub, method)(request, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise Refused(error) from None

    async def create_project(self, name: str = "Aurora", **fields: Any) -> str:
        """Creates a project; returns its id."""
        return str((await self.call("CreateProject", name=name, **fields)).id)

    async def create_product(self, project_id: str, name: str = "Bottle", **fields: Any) -> str:
        """Creates a product; returns its id."""
        return str((await self.call("CreateProduct", project_id=project_id, name=name, **fields)).id)

    async def upload_photo(self, product_id: str, content: bytes, content_type: str = "image/png") -> Any:
        """Uploads a photo; returns the product."""
        image = httpbody_pb2.HttpBody(data=content, content_type=content_type)
        return await self.call("UploadProductImage", product_id=product_id, image=image)

    async def add_photo(self, product_id: str, content: bytes) -> Any:
        """Uploads a further photo; returns the product."""
        return await self.call("AddProductImage", product_id=product_id, image=httpbody_pb2.HttpBody(data=content))

    async def brief(self, user: str, project_id: str, product_id: str) -> catalog_pb2.Brief:
        """Looks a brief up; the client must be a service's."""
        found = await self.call("GetBrief", user_id=user, project_id=project_id, product_id=product_id)
        assert isinstance(found, catalog_pb2.Brief)
        return found


@dataclass
class CatalogHarness:
    """Two replicas of the catalog on one database and one folder of assets, with a clock that tests set."""

    url: str
    clock: SettableClock
    assets: Path
    channels: list[grpc.aio.Channel]
    tokens: Tokens
    readers: list[HarnessReader]

    def user(self, name: str = "u", *, replica: int = 0) -> CatalogClient:
        """A client with a user's token."""
        return CatalogClient(self.channels[replica], self.tokens.user(name))

    def service(self, *, replica: int = 0) -> CatalogClient:
        """A client with a service's token."""
        return CatalogClient(self.channels[replica], self.tokens.service("image"))

    def photos(self) -> list[bytes]:
        """Returns the contents of all stored photos."""
        return [path.read_bytes() for path in self.assets.rglob("*") if path.is_file()]

    @asynccontextmanager
    async def lock_rows(self, query: str, *parameters: Any) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Runs a statement in a transaction of its own, which is committed on leaving: its locks last as long."""
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            await connection.execute(query.encode(), parameters)
            yield connection

    async def until_statements_wait_for_locks(self, number: int) -> None:
        """Returns once exactly so many statements wait for locks."""
        database = Database(self.url, pool_size=1)
        await database.open()
        try:
            await until_statements_wait_for_locks(database, number)
        finally:
            await database.close()


@asynccontextmanager
async def serving(postgres: Postgres, folder: Path, *, background: bool = False) -> AsyncIterator[CatalogHarness]:
    """Serves two replicas on a fresh database; assets are stored in a folder below `folder`.

    background: changed products are read in the background.
    """
    assets, clock, tokens = folder / "assets", SettableClock(), Tokens(folder)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.migrated(MIGRATIONS))
        channels, readers = [], []
        for _ in range(2):
            database = Database(url, pool_size=8)
            await database.open()
            stack.push_async_callback(database.close)
            reader = HarnessReader()
            understandings = harness_understandings(database, reader, clock)
            stack.push_async_callback(understandings.close)
            assets_store = AssetStore(assets.as_uri())
            server = _server(database, understandings, assets_store, clock, tokens, background=background)
            await server.start()
            stack.push_async_callback(server.stop)
            channel = open_channel(f"127.0.0.1:{server.port}")
            stack.push_async_callback(channel.close)
            channels.append(channel)
            readers.append(reader)
        yield CatalogHarness(url, clock, assets, channels, tokens, readers)


def catalog_store() -> CatalogStore:
    """Returns a store with the limits of the tests."""
    return CatalogStore(projects_per_user=PROJECTS_PER_USER, products_per_project=PRODUCTS_PER_PROJECT)


def harness_understandings(
    database: Database, reader: HarnessReader, clock: SettableClock, **limits: int
) -> Understandings:
    """Returns understandings that a reader of the tests makes."""
    return Understandings(
        database=database, catalog_store=catalog_store(), store=UnderstandingStore(), reader=reader, trades=TRADES,
        clock=clock, **limits,
    )  # fmt: skip


def harness_briefs(database: Database, understandings: Understandings) -> Briefs:
    """Returns the lookup of briefs with these understandings."""
    return Briefs(
        database=database, store=catalog_store(), understanding_store=UnderstandingStore(),
        understandings=understandings,
    )  # fmt: skip


def _server(
    database: Database,
    understandings: Understandings,
    assets: AssetStore,
    clock: SettableClock,
    tokens: Tokens,
    *,
    background: bool,
) -> Server:
    def register(server: grpc.aio.Server) -> None:
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(
            CatalogServicer(
                database=database, store=catalog_store(), understandings=understandings, assets=assets, clock=clock
            ),
            server,
        )
        catalog_pb2_grpc.add_CatalogLookupServiceServicer_to_server(
            CatalogLookupServicer(harness_briefs(database, understandings)), server
        )

    settings = ServiceSettings(
        token_issuer=ISSUER,
        token_jwks=str(tokens.jwks),
        service_secret=SERVICE_SECRET,  # type: ignore[arg-type]  # pydantic wraps it
        stop_grace_seconds=1.0,
    )
    loops = [understandings.run] if background else []
    return Server(settings, register=register, services=SERVICES, ready=database.ready, loops=loops)
