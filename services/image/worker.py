"""The worker of image jobs: collects the inputs, renders the image, returns its files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import structlog
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.image.v1 import image_pb2

from services.chassis.clock import Clock
from services.chassis.errors import DependencyFault, InputFault, TransientFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.image import messages
from services.image.domain import ImageBrief, RenderedImage, Taken
from services.image.providers import ImageProvider
from services.image.recent_pictures import RecentPictures
from services.image.scene_messages import brief_of, scene_of
from services.image.variants import VariantCheckpoints, VariantState
from services.worker.faults import dependency_fault
from services.worker.loop import SUPERSEDED, AttemptResult, ResultFile, RunningAttempt, remaining_seconds
from services.worker.remote.customer_images import CustomerImages

HEADLINE_SECONDS = 45.0  # a language model may take 40 s, after which the built-in engine writes
FURTHER_PHOTOS = 2  # no layout shows more than three

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """The customer's files, and notes on those that could not be used."""

    photo: Path | None
    further: tuple[Path, ...]
    logo: Path | None
    notes: tuple[str, ...]


class ImageWorker:
    """Produces the ad image of a job and its thumbnail, or several variants."""

    def __init__(
        self,
        *,
        provider: ImageProvider,
        customer_images: CustomerImages,
        copy: copy_pb2_grpc.CopyWriterServiceAsyncStub,
        identity: ServiceIdentity,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._customer_images = customer_images
        self._copy = copy
        self._identity = identity
        self._clock = clock
        self._recent = RecentPictures()

    async def handle(self, attempt: RunningAttempt) -> AttemptResult:
        """Produces the result of one attempt. Raises the faults of chassis.errors."""
        parameters = image_pb2.ImageJobParameters.FromString(attempt.job.parameters)
        attempt.progress.report(2, "gathering")
        if parameters.HasField("scene"):
            return await self._draw_again(attempt, parameters)
        inputs = await self._gather(parameters, attempt.folder)
        if parameters.request.variants > 1:
            return await self._make_variants(attempt, parameters, inputs)
        attempt.progress.begin("writing")
        taken = self._recent.taken(parameters)
        concept = messages.concept_of(parameters.request, attempt.job.job_id)
        headline = await self._write_headline(parameters, concept, taken.headlines)
        brief = self._brief(parameters, inputs, attempt.job.job_id, headline, taken)
        folder = attempt.folder / "output"
        folder.mkdir()
        rendered = await self._provider.render(brief, folder, attempt.progress.report, attempt)
        self._recent.add(parameters, rendered)
        scene = scene_of(parameters, brief, headline, rendered, attempt.job.job_id)
        return _result(rendered, inputs, parameters.request, scene)

    async def _draw_again(self, attempt: RunningAttempt, parameters: image_pb2.ImageJobParameters) -> AttemptResult:
        """Draws a picture's changed scene. Raises InputFault SCENE_CHANGED when the picture does not come out as
        before, and TEXT_TOO_LONG."""
        scene = parameters.scene
        own = image_pb2.ImageJobParameters(
            request=scene.request, brief=scene.brief, notes=parameters.notes, scene=image_pb2.Scene(seed=scene.seed)
        )
        inputs = await self._gather(own, attempt.folder)
        headline, job_id = scene.headline, attempt.job.job_id
        if not scene.HasField("headline"):
            attempt.progress.begin("writing")
            headline = await self._write_headline(own, messages.concept_of(own.request, job_id), scene.taken_headlines)
        brief = brief_of(
            scene,
            headline=headline,
            job_id=job_id,
            today=self._clock.now().date(),
            photo=inputs.photo,
            more_photos=inputs.further,
            logo=inputs.logo,
            parent=await self._customer_images.earlier_file(parameters.parent_key, attempt.folder / "parent"),
        )
        folder = attempt.folder / "output"
        folder.mkdir()
        rendered = await self._provider.draw_again(brief, folder, attempt.progress.report)
        kept = scene_of(own, brief, headline, rendered, job_id)
        return _result(rendered, inputs, own.request, kept, parent_asset_id=parameters.parent_asset_id)

    async def _gather(self, parameters: image_pb2.ImageJobParameters, folder: Path) -> _Inputs:
        notes = list(parameters.notes)
        photo = await self._customer_images.product_photo(parameters.brief, folder / "photo")
        further = await self._customer_images.further_photos(parameters.brief, folder, most=FURTHER_PHOTOS, notes=notes)
        logo = await self._customer_images.brand_logo(parameters.brief, folder / "logo", notes)
        return _Inputs(photo=photo, further=tuple(further), logo=logo, notes=tuple(notes))

    def _brief(
        self,
        parameters: image_pb2.ImageJobParameters,
        inputs: _Inputs,
        job_id: str,
        headline: copy_pb2.WriteHeadlineResponse,
        taken: Taken = messages.NOTHING_TAKEN,
    ) -> ImageBrief:
        return messages.image_brief(
            parameters,
            seed=job_id,
            date=self._clock.now().date(),
            photo=inputs.photo,
            more_photos=inputs.further,
            logo=inputs.logo,
            headline=headline,
            taken=taken,
        )

    async def _make_variants(
        self, attempt: RunningAttempt, parameters: image_pb2.ImageJobParameters, inputs: _Inputs
    ) -> AttemptResult:
        """Makes one picture after the other and stores each when it is finished; skips those that are stored.

        A picture that fails does not keep the next ones from being made. Raises the first fault that another attempt
        may not meet, else that of the first picture if none can be made. Raises at once if a dependency of the
        platform is unavailable.
        """
        total, failed = parameters.request.variants, dict[int, Exception]()
        seconds = remaining_seconds(attempt) / total  # so that a task that never ends leaves time for the others
        for number in range(1, total + 1):
            if number in attempt.stored_variants:
                continue
            done = len(attempt.stored_variants) + len(failed)
            try:
                await self._make_variant(attempt, parameters, inputs, number, done, seconds)
            except Exception as error:
                if dependency_fault(error) is not None:
                    raise
                if isinstance(error, TransientFault) and error.reason == SUPERSEDED:
                    raise
                log.warning("variant_failed", job_id=attempt.job.job_id, number=number, exc_info=error)
                failed[number] = error
        for failure in failed.values():
            if not isinstance(failure, InputFault):
                raise failure
        if failed and not attempt.stored_variants:
            raise next(iter(failed.values()))
        return AttemptResult(
            files=(),
            notes=tuple(
                f"Picture {number} could not be made: {failure.message}"
                for number, failure in failed.items()
                if isinstance(failure, InputFault)
            ),
        )

    async def _make_variant(
        self,
        attempt: RunningAttempt,
        parameters: image_pb2.ImageJobParameters,
        inputs: _Inputs,
        number: int,
        done: int,
        seconds: float,
    ) -> None:
        """Makes and stores one picture. Raises TransientFault if it is not made within `seconds`."""
        total, job_id = parameters.request.variants, attempt.job.job_id

        def report(percent: int, stage: str) -> None:
            attempt.progress.report((100 * done + percent) // total, f"picture {number} of {total}: {stage}")

        report(0, "writing")
        state = VariantState.read(attempt.checkpoint)
        own = messages.variant_parameters(parameters, job_id, number)
        taken = state.taken
        if messages.shares_headline(parameters.request):
            taken = replace(taken, headlines=())
        folder = attempt.folder / f"output-{number}"
        folder.mkdir()
        try:
            async with _time_limit(seconds):
                headline = await self._write_headline(own, messages.concept_of(own.request, job_id), taken.headlines)
                brief = self._brief(own, inputs, job_id, headline, taken)
                checkpoints = VariantCheckpoints(attempt, state, number)
                rendered = await self._provider.render(brief, folder, report, checkpoints)
            scene = scene_of(own, brief, headline, rendered, job_id)
            result = _result(rendered, inputs, own.request, scene, of=f" of picture {number}")
            await attempt.store_variant(number, result, state.after(number, rendered).to_bytes())
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _write_headline(
        self, parameters: image_pb2.ImageJobParameters, seed: str, taken: Sequence[str] = ()
    ) -> copy_pb2.WriteHeadlineResponse:
        """Requests headline, sub-line and call to action from the copy service. Raises DependencyFault while it is
        unavailable."""
        try:
            return await self._copy.WriteHeadline(
                copy_pb2.WriteHeadlineRequest(
                    brief=parameters.brief,
                    tone=messages.tone_of(parameters.request.style),
                    seed=seed,
                    instructions=messages.copy_instructions(parameters.request.prompt),
                    product_texts=messages.product_texts(parameters),
                    taken=taken,
                ),
                metadata=self._identity.metadata(),
                timeout=HEADLINE_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            log.warning("headline_failed", code=error.code().name)
            if refusal_from_rpc_error(error).retryable:
                raise DependencyFault("COPY_UNAVAILABLE", f"the copy service failed: {error.code().name}") from error
            raise


@asynccontextmanager
async def _time_limit(seconds: float) -> AsyncIterator[None]:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise TransientFault("ATTEMPT_TIMED_OUT", "the picture exceeded its share of the attempt's time") from None


def _result(
    rendered: RenderedImage,
    inputs: _Inputs,
    request: image_pb2.GenerateStaticAdRequest,
    scene: bytes,
    *,
    parent_asset_id: str = "",
    of: str = "",
) -> AttemptResult:
    return AttemptResult(
        files=_files(rendered, request, scene, parent_asset_id),
        notes=(f"Alternative text{of}: {rendered.alt_text}", *inputs.notes, *rendered.notes),
    )


def _files(
    rendered: RenderedImage, request: image_pb2.GenerateStaticAdRequest, scene: bytes, parent_asset_id: str
) -> tuple[ResultFile, ...]:
    suffix = rendered.thumbnail.suffix
    thumbnail_type = "image/jpeg" if suffix in {".jpg", ".jpeg"} else f"image/{suffix[1:]}"
    return (
        ResultFile(
            path=rendered.image,
            type="image",
            content_type=rendered.content_type,
            facts=messages.facts(rendered, visible_mark=request.visible_mark),
            scene=scene,
            parent_asset_id=parent_asset_id,
        ),
        ResultFile(path=rendered.thumbnail, type="thumbnail", content_type=thumbnail_type),
    )
