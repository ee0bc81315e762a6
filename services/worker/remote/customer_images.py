"""Photos and logos of customers: reads uploads from the asset storage, downloads URLs through the guarded fetcher."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from adwright.catalog.v1 import catalog_pb2

from services.chassis.backoff import Backoff
from services.chassis.data.assets import AssetStore, ObjectMissing
from services.chassis.errors import Fault, InputFault, TransientFault
from services.worker.remote.fetcher import GENERIC_TYPES, LOOKUP_FAILED, Fetched, Fetcher

MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_PICTURE_BYTES = 32 * 1024 * 1024  # of a finished picture, which the engine keeps far below
FETCH_SECONDS = 20.0
# Before the second and the third try at a failing host. With FETCH_SECONDS for each try a job occupies its slot for at
# most about a minute.
TRIES = 3
BACKOFF = Backoff(2.0, 5.0)
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
LOGO_TYPES = (*IMAGE_TYPES, "image/svg+xml")
# Safe to accept, since the decoder checks the content itself.
OTHER_IMAGE_TYPES = (
    "image/jpg",
    "image/pjpeg",
    "image/x-png",
    "image/avif",
    "image/heic",
    "image/heif",
    "image/gif",
    *GENERIC_TYPES,
)

log = structlog.get_logger()


class CustomerImages:
    """Writes customers' images into files, without decoding them."""

    def __init__(self, *, assets: AssetStore, fetcher: Fetcher) -> None:
        self._assets = assets
        self._fetcher = fetcher

    async def upload(self, key: str, path: Path, *, named: str = "The product's photo") -> Path:
        """Writes an uploaded photo to `path`; `named` is its name in messages.

        Raises InputFault when the photo was deleted after the submission.
        """
        try:
            content = await self._assets.read_all(key, max_bytes=MAX_IMAGE_BYTES)
        except ObjectMissing:
            raise InputFault("IMAGE_NOT_FOUND", f"{named} was deleted before the job could use it.") from None
        await asyncio.to_thread(path.write_bytes, content)
        return path

    async def earlier_file(self, key: str, path: Path, *, max_bytes: int = MAX_PICTURE_BYTES) -> Path | None:
        """Writes the picture or film that a variant is made from to `path`. Returns None without a key, and for a file
        that was deleted after the submission: the variant does not need it."""
        try:
            content = await self._assets.read_all(key, max_bytes=max_bytes) if key else b""
        except ObjectMissing:
            return None
        if not content:
            return None
        await asyncio.to_thread(path.write_bytes, content)
        return path

    async def product_photo(self, brief: catalog_pb2.Brief, path: Path) -> Path | None:
        """Writes the product's photo to `path`: the upload, else the photo at imageUrl. Returns None without either."""
        if brief.image_key:
            return await self.upload(brief.image_key, path)
        if brief.product.image_url:
            return await self.download(brief.product.image_url, path, named="The product's imageUrl")
        return None

    async def further_photos(
        self, brief: catalog_pb2.Brief, folder: Path, *, most: int, notes: list[str]
    ) -> list[Path]:
        """Writes up to `most` uploaded photos besides the main one into `folder`. A deleted one adds a note."""
        found: list[Path] = []
        for number, key in enumerate([key for key in brief.image_keys if key != brief.image_key][:most]):
            try:
                found.append(await self.upload(key, folder / f"photo-{number + 2}"))
            except InputFault:
                notes.append("A further photo of the product was left out: it was deleted before the job could use it.")
        return found

    async def brand_logo(self, brief: catalog_pb2.Brief, path: Path, notes: list[str]) -> Path | None:
        """Writes the brand's logo to `path`: the upload, else the image at logoUrl.

        Returns None without either; a failed download adds a note.
        """
        if brief.logo_key:
            try:
                return await self.upload(brief.logo_key, path)
            except InputFault:
                notes.append("The logo was left out. It was deleted before the job could use it.")
                return None
        url = brief.project.brand.logo_url
        if not url:
            return None
        try:
            return await self.download(url, path, named="The brand's logoUrl", accept=LOGO_TYPES)
        except InputFault as fault:
            notes.append(f"The logo was left out. {fault.message}")
            log.info("logo_left_out", reason=fault.reason)
        except TransientFault as fault:
            notes.append("The logo was left out. Its host name could not be resolved.")
            log.warning("logo_left_out", reason=fault.reason)
        return None

    async def download(self, url: str, path: Path, *, named: str, accept: tuple[str, ...] = IMAGE_TYPES) -> Path:
        """Downloads an image from a URL given by the customer into `path`; `named` is the URL's name in messages.

        A failing host is tried three times. Raises InputFault, and TransientFault when DNS itself fails, which the
        customer cannot mend.
        """
        try:
            fetched = await self._fetch_with_retries(url, accept)
        except Fault as fault:
            if fault.reason == LOOKUP_FAILED:
                raise TransientFault(fault.reason, f"{named}: {fault.message}") from fault
            raise InputFault(fault.reason, f"{named} could not be used. {fault.message}") from fault
        await asyncio.to_thread(path.write_bytes, fetched.content)
        return path

    async def _fetch_with_retries(self, url: str, accept: tuple[str, ...]) -> Fetched:
        for number in range(1, TRIES + 1):
            try:
                return await self._fetcher.fetch(
                    url,
                    max_bytes=MAX_IMAGE_BYTES,
                    timeout=FETCH_SECONDS,
                    accept=accept,
                    also=OTHER_IMAGE_TYPES,
                )
            except TransientFault as fault:
                if number == TRIES:
                    raise
                log.info("image_download_retried", reason=fault.reason)
                await BACKOFF.pause(number)
        raise AssertionError("the last try returns or raises")
