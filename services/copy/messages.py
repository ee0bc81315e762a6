"""Converts copy requests and results between protobuf messages and domain values."""

from __future__ import annotations

from collections.abc import Sequence

from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.job.v1 import job_pb2

from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief, CopyResult, Format, Platform, Tone
from services.worker.submission import reuse_notes

JOB_TYPE = "copy"
UNDETERMINED = "und"  # BCP 47: the language is not known


def submit_job_request(
    request: copy_pb2.GenerateCopyRequest, brief: catalog_pb2.Brief, user_id: str, worker: str
) -> job_pb2.SubmitJobRequest:
    """The submission of the request's job, which starts leased to this process."""
    return job_pb2.SubmitJobRequest(
        user_id=user_id,
        type=JOB_TYPE,
        project_id=request.project_id,
        product_id=request.product_id,
        idempotency_key=request.idempotency_key,
        parameters=request.SerializeToString(),
        worker=worker,
        sends_heartbeats=True,
    )


def copy_brief(request: copy_pb2.GenerateCopyRequest, brief: catalog_pb2.Brief) -> CopyBrief:
    """The brief that a copy request gives the provider."""
    return _brief(
        brief,
        platform=Platform(request.platform),
        style=Format(request.format),
        tone=Tone(request.tone),
        instructions=request.custom_instructions,
    )


def headline_brief(request: copy_pb2.WriteHeadlineRequest) -> CopyBrief:
    """The brief that a headline request gives the engine."""
    return _brief(
        request.brief,
        platform=Platform.UNIVERSAL,
        style=Format.SHORT,
        tone=Tone(request.tone) if request.tone else Tone.BOLD,
        instructions=request.instructions,
    )


def _brief(
    brief: catalog_pb2.Brief,
    *,
    platform: Platform,
    style: Format,
    tone: Tone,
    instructions: str,
) -> CopyBrief:
    project, product = brief.project, brief.product
    return CopyBrief(
        product_name=product.name,
        description=product.description,
        features=tuple(product.features),
        price=product.price if product.HasField("price") else None,
        currency=product.currency if product.HasField("currency") else None,
        landing_page=product.landing_page if product.HasField("landing_page") else None,
        audience=product.audience,
        brand_name=project.name,
        tone_words=tuple(project.brand.tone_words),
        banned_words=tuple(project.brand.banned_words),
        spelling=project.brand.spelling,
        platform=platform,
        format=style,
        tone=tone,
        custom_instructions=instructions,
        understanding=_understanding(brief.understanding) if brief.HasField("understanding") else None,
    )


def _understanding(message: catalog_pb2.Understanding) -> BriefUnderstanding:
    return BriefUnderstanding(
        confidence=message.confidence,
        name=message.name,
        brand=message.brand,
        kind=message.kind,
        trade=message.trade,
        trade_name=message.trade_name,
        trade_words=tuple(message.trade_words),
        sector=message.sector,
        subject=message.subject,
        audience=message.audience,
        goal=message.goal,
        language="" if message.language == UNDETERMINED else message.language,
        sensitive=tuple(message.sensitive),
        regulated=tuple(message.regulated),
        facts=tuple(
            BriefFact(
                id=fact.id,
                text=fact.text,
                role=fact.role,
                source=fact.source,
                strength=fact.strength,
                limited_by=tuple(fact.limited_by),
                same_as=tuple(fact.same_as),
            )
            for fact in message.facts
        ),
    )


def job_result(result: CopyResult) -> copy_pb2.CopyJobResult:
    """The result that is stored with the job: variants, notes, and the usage of a model."""
    message = copy_pb2.CopyJobResult(
        variants=[
            copy_pb2.Variant(hook=variant.hook, body=variant.body, cta=variant.cta, hashtags=variant.hashtags)
            for variant in result.variants
        ],
    )
    notes = result.notes
    if notes.applied or notes.not_applied or notes.filtered:
        message.notes.CopyFrom(
            copy_pb2.Notes(applied=notes.applied, not_applied=notes.not_applied, filtered=notes.filtered)
        )
    if result.usage is not None:
        message.usage.CopyFrom(
            copy_pb2.Usage(
                model=result.usage.model,
                prompt_tokens=result.usage.prompt_tokens,
                completion_tokens=result.usage.completion_tokens,
                cost_micros=result.usage.cost_micros,
                calls=result.usage.calls,
            )
        )
    return message


def generate_copy_response(
    accepted: job_pb2.SubmitJobResponse, result: copy_pb2.CopyJobResult, status: str
) -> copy_pb2.GenerateCopyResponse:
    """The response: the variants, their cost, and notes if there are any."""
    message = copy_pb2.GenerateCopyResponse(
        job_id=accepted.job_id,
        status=status,
        credits_used=accepted.credits_used,
        credits_remaining=accepted.credits_remaining,
        variants=result.variants,
    )
    if result.HasField("notes"):
        message.notes.CopyFrom(result.notes)
    if notes := reuse_notes(accepted, JOB_TYPE):
        message.notes.general.extend(notes)
    return message


def with_notes(response: copy_pb2.GenerateCopyResponse, notes: Sequence[str]) -> copy_pb2.GenerateCopyResponse:
    """Adds notes about the request as a whole to the response."""
    if notes:
        response.notes.general.extend(notes)
    return response
