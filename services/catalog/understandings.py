"""The understandings of products: made once for the same texts, stored, and returned with corrections.

One thread reads, one product after another. Requests for a product that was not read yet wait for it, for a short time;
products that were created or changed are read in the background, so that requests normally find them read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from adwright.catalog.v1 import catalog_pb2

from services.catalog import messages
from services.catalog.catalog_store import CatalogStore
from services.catalog.corrections import Corrections, changed_corrections, corrected
from services.catalog.domain import BriefKey, ProjectKey
from services.catalog.errors import ProductNotFound, ProjectNotFound
from services.catalog.metrics import UNDERSTANDING_SECONDS, UNDERSTANDINGS, UNDERSTANDINGS_POSTPONED
from services.catalog.understanding.inputs import inputs_digest, product_texts
from services.catalog.understanding.reading import ProductReader, Trade, not_known
from services.catalog.understanding.values import ProductTexts
from services.catalog.understanding_store import StoredUnderstanding, UnderstandingStore
from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Connection, Database
from services.chassis.errors import Overloaded, Refusal
from services.chassis.rpc.pagination import timestamp
from services.chassis.tasks import cancel_and_wait

MAX_WAITING = 32
# With the wait of a lookup of briefs and the reading itself shorter than the 5 s deadline of those who ask for briefs.
MAX_WAIT_SECONDS = 1.5
MAX_POSTPONED = 1_000  # products, or projects whose products are to be read in the background
REREAD_AFTER = timedelta(minutes=10)  # a reading by another version of the reader
MAX_TRIES = 3  # of a correction whose product is changed meanwhile

log = structlog.get_logger()


class Inputs(NamedTuple):
    """What a product is read from: the product's key, its texts, and their digest."""

    key: BriefKey
    texts: ProductTexts
    digest: bytes


class Made(NamedTuple):
    """A reading and the corrections that held when it was stored. `failed`: the texts could not be read."""

    reading: catalog_pb2.Understanding
    corrections: Corrections
    failed: bool


class Understandings:
    """Makes, stores, corrects and returns understandings."""

    def __init__(
        self,
        *,
        database: Database,
        catalog_store: CatalogStore,
        store: UnderstandingStore,
        reader: ProductReader,
        trades: Mapping[str, Trade],
        clock: Clock,
        max_waiting: int = MAX_WAITING,
        max_postponed: int = MAX_POSTPONED,
    ) -> None:
        """trades: the taxonomy, by id. max_waiting: products that may wait for the reader at once. max_postponed:
        entries that may wait to be read in the background."""
        self._database = database
        self._catalog_store = catalog_store
        self._store = store
        self._reader = reader
        self._trades = trades
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self._readings: Batcher[Inputs, tuple[catalog_pb2.Understanding, bool]] = Batcher(
            self._read, max_batch=1, max_waiting=max_waiting, max_wait_seconds=MAX_WAIT_SECONDS
        )
        self._making: dict[tuple[UUID, bytes], asyncio.Task[Made]] = {}
        self._max_postponed = max_postponed
        self._postponed: dict[BriefKey | ProjectKey, None] = {}  # in the order of arrival
        self._arrived = asyncio.Event()

    @property
    def unread(self) -> int:
        """The number of products that are being read or wait for the reader. Those that are postponed do not count."""
        return len(self._making)

    @property
    def waiting(self) -> int:
        """The number of products that wait for the reader, which reads another."""
        return self._readings.waiting

    async def get(self, product_id: UUID, user_id: str) -> catalog_pb2.Understanding:
        """Returns the current understanding of a user's product. Raises ProductNotFound, Overloaded."""
        inputs, stored = await self._load(product_id, user_id)
        found = self.current(inputs, stored)
        return found if found is not None else await self.make(inputs)

    def inputs(self, key: BriefKey, brief: catalog_pb2.Brief) -> Inputs:
        """Returns what the product of a brief is read from."""
        texts = product_texts(brief)
        return Inputs(key, texts, inputs_digest(texts))

    def current(self, inputs: Inputs, stored: StoredUnderstanding | None) -> catalog_pb2.Understanding | None:
        """Returns the stored understanding with its corrections; None: it was made from other texts, or never.

        One that another version of the reader made is returned too, and read again in the background.
        """
        if stored is None or stored.inputs_digest != inputs.digest:
            return None
        reading = catalog_pb2.Understanding.FromString(stored.reading)
        if self._outdated(stored, reading):
            self.read_later(inputs.key)
        return self._corrected(reading, Corrections.FromString(stored.corrections))

    def _outdated(self, stored: StoredUnderstanding, reading: catalog_pb2.Understanding) -> bool:
        """Whether another version of the reader made it, and not just now: while two versions run side by side, each
        would otherwise replace the other's readings all the time."""
        made_at = stored.made_at
        return reading.version != self._reader.VERSION and (
            made_at is None or self._clock.now() - made_at > REREAD_AFTER
        )

    async def make(self, inputs: Inputs) -> catalog_pb2.Understanding:
        """Reads the product and returns its understanding. It is stored unless the product was changed meanwhile.

        Raises Overloaded when too many products wait, and ProductNotFound when it was deleted.
        """
        made = await self._make(inputs)
        return self._corrected(made.reading, made.corrections)

    async def correct(self, request: catalog_pb2.UpdateUnderstandingRequest, user_id: str) -> catalog_pb2.Understanding:
        """Changes the corrections of a product and returns its understanding.

        Raises ProductNotFound, ValidationFailed, and Overloaded also when the product is changed again and again.
        """
        product_id = UUID(request.product_id)
        for _ in range(MAX_TRIES):
            inputs, stored = await self._load(product_id, user_id)
            if stored is not None and stored.inputs_digest == inputs.digest:
                reading = catalog_pb2.Understanding.FromString(stored.reading)
            else:
                reading = (await self._make(inputs)).reading
            async with self._database.transaction() as connection:
                if await self._locked_inputs(connection, inputs.key) != inputs:
                    continue  # its facts may be others now
                held = changed_corrections(
                    await self._held(connection, product_id), request, reading=reading, trades=self._trades
                )
                await self._store.write_corrections(connection, product_id, held.SerializeToString())
            return self._corrected(reading, held)
        raise Overloaded("The product is being changed; try again.", retry_after_seconds=1)

    def read_later(self, key: BriefKey | ProjectKey) -> None:
        """Lets a product, or all products of a project, be read in the background if their texts have changed.

        When too many wait, the product is left to be read when it is asked for.
        """
        if key in self._postponed:
            return
        if len(self._postponed) >= self._max_postponed:
            UNDERSTANDINGS_POSTPONED.inc()
            return
        self._postponed[key] = None
        self._arrived.set()

    async def run(self) -> None:
        """Reads the products that `read_later` was given, one after another, until it is cancelled."""
        while True:
            await self._arrived.wait()
            while self._postponed:
                key = next(iter(self._postponed))
                del self._postponed[key]
                try:
                    await self._read_postponed(key)
                except ProductNotFound:
                    pass  # deleted meanwhile
                except Refusal as refusal:
                    log.warning("background_reading_given_up", reason=refusal.reason, **_ids(key))
                except Exception as error:
                    log.error("background_reading_failed", error=type(error).__name__, **_ids(key))
            self._arrived.clear()

    async def close(self) -> None:
        """Gives up what waits and returns once the thread has finished its reading."""
        await cancel_and_wait(*self._making.values())
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def _read_postponed(self, key: BriefKey | ProjectKey) -> None:
        if isinstance(key, ProjectKey):
            async with self._database.connection() as connection:
                found = await self._catalog_store.product_ids(connection, key, self._max_postponed)
            for product_id in found:
                self.read_later(BriefKey(key.user_id, key.project_id, product_id))
            return
        inputs, stored = await self._load(key.product_id, key.user_id)
        if (
            stored is None
            or stored.inputs_digest != inputs.digest
            or self._outdated(stored, catalog_pb2.Understanding.FromString(stored.reading))
        ):
            await self._make(inputs)

    async def _load(self, product_id: UUID, user_id: str) -> tuple[Inputs, StoredUnderstanding | None]:
        async with self._database.connection() as connection:
            product = await self._catalog_store.product(connection, product_id, user_id)
            try:
                project = await self._catalog_store.project(connection, product.project_id, user_id)
            except ProjectNotFound:
                raise ProductNotFound from None  # both were deleted between the two statements
            stored = (await self._store.find(connection, [product_id])).get(product_id)
        key = BriefKey(user_id, project.id, product_id)
        return self.inputs(key, messages.brief_message(project, product)), stored

    async def _make(self, inputs: Inputs) -> Made:
        """Reads and stores; requests for the same texts of a product share one task."""
        name = (inputs.key.product_id, inputs.digest)
        task = self._making.get(name)
        if task is None:
            task = self._making[name] = asyncio.create_task(self._read_and_store(inputs))
            task.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(task)  # a caller that leaves does not end the reading of the others

    def _forget(self, name: tuple[UUID, bytes], task: asyncio.Task[Made]) -> None:
        del self._making[name]
        if not task.cancelled():
            task.exception()  # retrieved: its callers may all have left

    async def _read_and_store(self, inputs: Inputs) -> Made:
        product_id = inputs.key.product_id
        async with self._database.connection() as connection:
            stored = (await self._store.find(connection, [product_id])).get(product_id)
        if stored is not None and stored.inputs_digest == inputs.digest:  # read since the caller looked
            reading = catalog_pb2.Understanding.FromString(stored.reading)
            if not self._outdated(stored, reading):
                return Made(reading, Corrections.FromString(stored.corrections), failed=False)
        reading, failed = await self._readings.submit(inputs)
        async with self._database.transaction() as connection:
            unchanged = await self._locked_inputs(connection, inputs.key) == inputs
            if failed or not unchanged:
                return Made(reading, await self._held(connection, product_id), failed)
            corrections = await self._store.write_reading(
                connection,
                product_id,
                inputs_digest=inputs.digest,
                reading=reading.SerializeToString(),
                made_at=self._clock.now(),
            )
        return Made(reading, Corrections.FromString(corrections), failed)

    async def _locked_inputs(self, connection: Connection, key: BriefKey) -> Inputs:
        """Locks the project and then the product, and returns what the product is to be read from now.

        Raises ProductNotFound.
        """
        try:
            project = await self._catalog_store.project(connection, key.project_id, key.user_id, lock=True)
        except ProjectNotFound:
            raise ProductNotFound from None
        product = await self._catalog_store.product(connection, key.product_id, key.user_id, lock=True)
        return self.inputs(key, messages.brief_message(project, product))

    async def _held(self, connection: Connection, product_id: UUID) -> Corrections:
        stored = (await self._store.find(connection, [product_id])).get(product_id)
        return Corrections.FromString(stored.corrections) if stored is not None else Corrections()

    async def _read(self, batch: Sequence[Inputs]) -> list[tuple[catalog_pb2.Understanding, bool]]:
        """Reads in the thread. Texts that make the reader fail give an understanding in which nothing is known."""
        (inputs,) = batch
        product_id, now = str(inputs.key.product_id), self._clock.now()
        began = time.perf_counter()
        try:
            reading = await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.read, inputs.texts)
        except Exception as error:
            # Without the error's message and its traceback: both may quote the customer's texts.
            UNDERSTANDINGS.labels("failed").inc()
            log.error("product_not_read", product_id=product_id, error=type(error).__name__, at=_place(error))
            return [(_finished(not_known(inputs.texts, self._reader.VERSION), inputs, now), True)]
        seconds = time.perf_counter() - began
        UNDERSTANDING_SECONDS.observe(seconds)
        UNDERSTANDINGS.labels(reading.confidence).inc()
        log.info(
            "product_read",
            product_id=product_id,
            confidence=reading.confidence,
            trade=reading.trade,
            language=reading.language,
            facts=len(reading.facts),
            seconds=round(seconds, 4),
        )
        return [(_finished(reading, inputs, now), False)]

    def _corrected(self, reading: catalog_pb2.Understanding, held: Corrections) -> catalog_pb2.Understanding:
        return corrected(reading, held, self._trades)


def _finished(reading: catalog_pb2.Understanding, inputs: Inputs, now: datetime) -> catalog_pb2.Understanding:
    reading.product_id = str(inputs.key.product_id)
    reading.made_at.CopyFrom(timestamp(now))
    return reading


def _place(error: Exception) -> str:
    """Returns the file and line that raised the error."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _ids(key: BriefKey | ProjectKey) -> dict[str, str]:
    if isinstance(key, ProjectKey):
        return {"project_id": str(key.project_id)}
    return {"product_id": str(key.product_id)}
