"""Portraits of users: checks an upload in a process of its own, and keeps it in the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import structlog
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc

from services.chassis.errors import DependencyUnavailable, FieldViolation, InputFault, Refusal, TransientFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.worker.progress import ReportProgress
from services.worker.render_process import NICENESS, RenderProcess

MEMORY_LIMIT_BYTES: Final = 6 << 30  # of address space; the largest picture takes 256 MB while it is decoded
CHECK_SECONDS: Final = 30.0
MAX_CHECKS: Final = 5  # that run or wait: one at a time runs, and each holds its upload of up to 10 MiB
RETRY_SECONDS: Final = 5
STORE_SECONDS: Final = 10.0
MAX_BYTES: Final = 10 * 1024 * 1024
TYPES: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}  # by the format, as Pillow names it
NAMED: Final = "The portrait"

log = structlog.get_logger()


class ConsentRequired(Refusal):
    reason = "CONSENT_REQUIRED"

    def __init__(self, consent: Consent) -> None:
        message = f"must be {consent.version}, the version of the text that you agree to"
        super().__init__(
            f"Agree to this text first, by consent={consent.version}: {consent.text}",
            fields=(FieldViolation(field="consent", message=message),),
        )


class PortraitUnreadable(Refusal):
    reason = "IMAGE_UNREADABLE"


class PortraitTooLarge(Refusal):
    reason = "IMAGE_TOO_LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a user agrees to before uploading a portrait. Nothing is asked for where the version is empty."""

    version: str
    text: str

    def check(self, version: str) -> str:
        """Returns the version to store. Raises ConsentRequired for any other than the current one."""
        if self.version and version != self.version:
            raise ConsentRequired(self)
        return self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPortrait:
    """A portrait that can be decoded. faces: how many were found, None without the models. notes: what follows."""

    content: bytes
    content_type: str
    faces: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The body of an upload, as the process that checks it receives it."""

    content: bytes
    models: Path


class Portraits:
    """Checks, stores, lists and deletes portraits."""

    def __init__(
        self,
        *,
        catalog: grpc.aio.Channel,
        identity: ServiceIdentity,
        models: Path,
        consent: Consent,
        niceness: int = NICENESS,
    ) -> None:
        self._stub: Any = catalog_pb2_grpc.PortraitServiceStub(catalog)
        self._identity = identity
        self._models = models
        self.consent = consent
        self._process = RenderProcess(
            "portraits",
            memory_limit_bytes=MEMORY_LIMIT_BYTES,
            time_limit_seconds=CHECK_SECONDS,
            niceness=niceness,
        )
        self._uploading: set[str] = set()  # users, each with one upload

    async def store(
        self, content: bytes, *, user_id: str, name: str, consent: str
    ) -> tuple[catalog_pb2.Portrait, tuple[str, ...]]:
        """Returns the stored portrait, and notes on its faces.

        Raises ConsentRequired, PortraitUnreadable, PortraitTooLarge, AVATAR_LIMIT_REACHED, and DependencyUnavailable
        while MAX_CHECKS uploads, or another one of the user, are being checked.
        """
        version = self.consent.check(consent)
        if user_id in self._uploading or len(self._uploading) >= MAX_CHECKS:
            raise DependencyUnavailable(
                "Other portraits are being checked right now; try again.", retry_after_seconds=RETRY_SECONDS
            )
        self._uploading.add(user_id)
        try:
            await self._call(
                self._stub.CheckPortraitLimit, catalog_pb2.CheckPortraitLimitRequest(user_id=user_id)
            )  # before the upload is decoded
            checked = await self._checked(content)
        finally:
            self._uploading.discard(user_id)
        request = catalog_pb2.StorePortraitRequest(
            user_id=user_id,
            name=name,
            content=checked.content,
            content_type=checked.content_type,
            consent_version=version,
            faces=checked.faces,
        )
        return await self._call(self._stub.StorePortrait, request), checked.notes

    async def list(self, user_id: str) -> list[catalog_pb2.Portrait]:
        """Returns the portraits of a user, newest first."""
        response = await self._call(self._stub.ListPortraits, catalog_pb2.ListPortraitsRequest(user_id=user_id))
        return list(response.portraits)

    async def get(self, portrait_id: str, user_id: str, *, with_content: bool = False) -> catalog_pb2.Portrait:
        """Returns a user's portrait. Raises AVATAR_NOT_FOUND."""
        request = catalog_pb2.GetPortraitRequest(user_id=user_id, portrait_id=portrait_id, with_content=with_content)
        found: catalog_pb2.Portrait = await self._call(self._stub.GetPortrait, request)
        return found

    async def delete(self, portrait_id: str, user_id: str) -> None:
        """Deletes a user's portrait. Raises AVATAR_NOT_FOUND."""
        request = catalog_pb2.DeletePortraitRequest(user_id=user_id, portrait_id=portrait_id)
        await self._call(self._stub.DeletePortrait, request)

    async def close(self) -> None:
        await self._process.close()

    async def _checked(self, content: bytes) -> CheckedPortrait:
        try:
            return await self._process.run(checked_portrait, Upload(content=content, models=self._models))
        except InputFault as fault:
            refusal = PortraitTooLarge if fault.reason == "PHOTO_TOO_LARGE" else PortraitUnreadable
            raise refusal(fault.message) from None
        except TransientFault as fault:
            log.warning("portrait_not_checked", reason=fault.reason, bytes=len(content))
            if fault.reason == "RENDER_OUT_OF_MEMORY":  # it would every time; too long it takes on a busy machine too
                raise PortraitTooLarge(f"{NAMED} takes too much memory to decode.") from fault
            raise DependencyUnavailable(
                "The portrait cannot be checked right now; try again.", retry_after_seconds=RETRY_SECONDS
            ) from fault

    async def _call(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, metadata=self._identity.metadata(), timeout=STORE_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise refusal_from_rpc_error(error) from error


def checked_portrait(upload: Upload, report: ReportProgress) -> CheckedPortrait:
    """Takes the file out of an upload, decodes it and counts its faces. Runs in the process. Raises InputFault."""
    import numpy as np

    from services.media.model_files import ModelMissing
    from services.media.photo import decode_content, photo_format
    from services.media.upload_forms import file_of_upload
    from services.video.providers.local.photos import LONGEST_SIDE
    from services.video.providers.local.portraits import actor

    content = file_of_upload(upload.content)
    if len(content) > MAX_BYTES:
        raise InputFault("PHOTO_TOO_LARGE", f"{NAMED} may be at most {MAX_BYTES >> 20} MiB.")
    kind = photo_format(content, named=NAMED, formats=tuple(TYPES))
    picture = decode_content(content, named=NAMED, longest_side=LONGEST_SIDE)  # in no file, which a kill would leave
    pixels = np.asarray(picture.convert("RGBA"))
    faces: int | None = None
    try:
        faces, notes = actor.faces_in(pixels, upload.models)
    except ModelMissing:
        notes = ()
    return CheckedPortrait(content=content, content_type=TYPES[kind], faces=faces, notes=notes)
