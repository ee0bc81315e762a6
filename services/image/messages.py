"""Conversions between the protobuf messages of image jobs and the domain's values."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

from services.image.domain import AspectRatio, ImageBrief, Style, Subject

JOB_TYPE = "static_ad"
UNDETERMINED = "und"  # BCP 47: the language is not known

# Tone of the headline by style; the brand's tone words take precedence.
TONES = {
    Style.PRODUCT_HERO: "bold",
    Style.LIFESTYLE: "casual",
    Style.MINIMAL: "luxe",
    Style.BOLD: "bold",
    Style.SEASONAL: "playful",
    Style.MODERN: "professional",
}


def job_submission(
    request: image_pb2.GenerateStaticAdRequest, brief: catalog_pb2.Brief, user_id: str, notes: Sequence[str] = ()
) -> job_pb2.SubmitJobRequest:
    """Builds the job of a request, with a copy of the current brief. `notes` become notes of the finished job."""
    return job_pb2.SubmitJobRequest(
        user_id=user_id,
        type=JOB_TYPE,
        project_id=request.project_id,
        product_id=request.product_id,
        idempotency_key=request.idempotency_key,
        parameters=image_pb2.ImageJobParameters(request=request, brief=brief, notes=notes).SerializeToString(),
    )


def tone_of(style: str) -> str:
    """Returns the tone of the headline for a request's style; empty means product_hero."""
    return TONES[Style(style or Style.PRODUCT_HERO)]


def image_brief(
    parameters: image_pb2.ImageJobParameters,
    *,
    seed: str,
    date: datetime.date,
    photo: Path | None,
    logo: Path | None,
    headline: copy_pb2.WriteHeadlineResponse,
) -> ImageBrief:
    """Builds the provider's brief from a job's parameters and its downloaded files."""
    request, project, product = parameters.request, parameters.brief.project, parameters.brief.product
    return ImageBrief(
        product_name=product.name,
        description=product.description,
        features=tuple(product.features),
        price=product.price if product.HasField("price") else None,
        currency=product.currency if product.HasField("currency") else None,
        audience=product.audience,
        brand_name=project.name,
        brand_colours=tuple(project.brand.colours),
        brand_font=project.brand.font,
        tone_words=tuple(project.brand.tone_words),
        style=Style(request.style) if request.HasField("style") else Style.PRODUCT_HERO,
        aspect_ratio=AspectRatio(request.aspect_ratio) if request.HasField("aspect_ratio") else AspectRatio.SQUARE,
        prompt=request.prompt,
        photo=photo,
        logo=logo,
        headline=headline.headline,
        subline=headline.subline,
        call_to_action=headline.call_to_action,
        seed=seed,
        date=date,
        format=request.file_format if request.HasField("file_format") else "png",
        subject=_subject(parameters.brief.understanding),
    )


def _subject(message: catalog_pb2.Understanding) -> Subject:
    """The understanding of a job; an empty one in jobs that were submitted before the catalog made one."""
    return Subject(
        trade=message.trade,
        trade_name=message.trade_name,
        sector=message.sector,
        kind=message.kind,
        confidence=message.confidence,
        subject=message.subject,
        language="" if message.language == UNDETERMINED else message.language,
        sensitive=frozenset(message.sensitive),
    )
