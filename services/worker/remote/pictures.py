"""Pictures that a job brings: uploaded ones from the asset storage, others fetched by the guarded fetcher."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import structlog
from adwright.catalog.v1 import catalog_pb2

from services.chassis.data.assets import AssetStore, ObjectMissing
from services.chassis.errors import Fault, InputFault, TransientFault
from services.worker.remote.fetcher import LOOKUP_FAILED, LOOSE_TYPES, Fetched, Fetcher

MAX_PICTURE_BYTES = 10 * 1024 * 1024
FETCH_SECONDS = 20.0
# Before the second and the third try of an address whose host is not well: a job waits about a minute at most, with
# FETCH_SECONDS for each try, and holds its slot as long.
RETRY_SECONDS = (1.0, 5.0)
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
# The decoder looks at the content itself, so these lead to nothing that it does not allow.
OTHER_PICTURE_TYPES = ("image/jpg", "image/pjpeg", "image/x-png", *LOOSE_TYPES)

log = structlog.get_logger()


class PictureSource:
    """Puts pictures into files; whether they are sound is for the decoder to say."""

    def __init__(self, *, assets: AssetStore, fetcher: Fetcher) -> None:
        self._assets = assets
        self._fetcher = fetcher

    async def stored(self, key: str, path: Path) -> Path:
        """An uploaded picture. Raises InputFault when it has been deleted since."""
        try:
            content = await self._assets.read_all(key, max_bytes=MAX_PICTURE_BYTES)
        except ObjectMissing:
            raise InputFault(
                "IMAGE_NOT_FOUND", "The product's photo was deleted before the job could use it."
            ) from None
        await asyncio.to_thread(path.write_bytes, content)
        return path

    async def of_product(self, brief: catalog_pb2.Brief, path: Path) -> Path | None:
        """The product's photo: the uploaded one, else the one at imageUrl, else None."""
        if brief.image_key:
            return await self.stored(brief.image_key, path)
        if brief.product.image_url:
            return await self.fetched(brief.product.image_url, path, named="The product's imageUrl")
        return None

    async def of_brand(self, brief: catalog_pb2.Brief, path: Path, notes: list[str]) -> Path | None:
        """The brand's logo, if it has one that can be had; otherwise a note says that it was left out."""
        url = brief.project.brand.logo_url
        if not url:
            return None
        try:
            return await self.fetched(url, path, named="The brand's logoUrl")
        except InputFault as fault:
            notes.append(f"The logo was left out. {fault.message}")
            log.info("logo_left_out", reason=fault.reason)
        except TransientFault as fault:
            notes.append("The logo was left out: its address could not be looked up.")
            log.warning("logo_left_out", reason=fault.reason)
        return None

    async def fetched(self, url: str, path: Path, *, named: str) -> Path:
        """A picture from an address the customer gave; `named` is how faults call it.

        A host that is not well is asked again, three times in all; then the address is at fault. Raises InputFault,
        and TransientFault when no name can be looked up at all, which is nothing the customer can mend.
        """
        try:
            fetched = await self._fetch_with_retries(url)
        except Fault as fault:
            if fault.reason == LOOKUP_FAILED:
                raise TransientFault(fault.reason, f"{named}: {fault.message}") from fault
            raise InputFault(fault.reason, f"{named} could not be used. {fault.message}") from fault
        await asyncio.to_thread(path.write_bytes, fetched.content)
        return path

    async def _fetch_with_retries(self, url: str) -> Fetched:
        for pause in (*RETRY_SECONDS, None):
            try:
                return await self._fetcher.fetch(
                    url,
                    max_bytes=MAX_PICTURE_BYTES,
                    timeout=FETCH_SECONDS,
                    accept=PICTURE_TYPES,
                    also=OTHER_PICTURE_TYPES,
                )
            except TransientFault as fault:
                if pause is None:
                    raise
                log.info("picture_fetched_again", reason=fault.reason)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("the last try returns or raises")
