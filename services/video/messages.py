"""Conversions between the protobuf messages of the video service and the domain's values."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from adwright.catalog.v1 import catalog_pb2
from adwright.job.v1 import job_pb2
from adwright.video.v1 import video_pb2

from services.video.domain import (
    DEFAULT_VOICES,
    VOICES,
    AspectRatio,
    Avatar,
    Music,
    PriceLine,
    ProductFacts,
    VideoBrief,
    VideoKind,
    Voice,
    VoiceOfAnotherLanguage,
)
from services.video.policy import ScriptCheck
from services.video.prices import written_price
from services.video.product.parts import Price, parts_of
from services.video.product.price_line import price_line
from services.video.product.storyboard import silent_words
from services.video.product.writing import FOOTNOTE_MARKS, Fact, Material, shown_name
from services.video.script.language import spoken_language
from services.video.script.markup import said, shown

JOB_TYPE = "video"
PRODUCT_PRICE = "video_product"
DEFAULT_MUSIC_VOLUME = 0.5
PRESET_RESOLUTION = "1080p"  # what ad platforms ask for
MAX_SMALL_PRINT = 6  # lines of the brief that the end card shows
PRICED = frozenset({"price", "offer"})  # roles of facts that state prices
UNPRICED = frozenset({"cause", "job"})  # kinds of what has no price


def job_submission(
    request: video_pb2.GenerateVideoRequest,
    brief: catalog_pb2.Brief,
    user_id: str,
    notes: Sequence[str] = (),
    *,
    portrait_key: str = "",
) -> job_pb2.SubmitJobRequest:
    """Builds the job of a request, with a copy of the current brief. `notes` become notes of the finished job.

    portrait_key: asset key of the uploaded portrait that presents.
    """
    return job_pb2.SubmitJobRequest(
        user_id=user_id,
        type=JOB_TYPE,
        project_id=request.project_id,
        product_id=request.product_id,
        idempotency_key=request.idempotency_key,
        priced_as=PRODUCT_PRICE if kind_of(request) is VideoKind.PRODUCT else "",
        parameters=video_pb2.VideoJobParameters(
            request=request, brief=brief, notes=notes, portrait_key=portrait_key
        ).SerializeToString(),
    )


def video_brief(
    parameters: video_pb2.VideoJobParameters,
    *,
    seed: str,
    avatar_photo: Path | None,
    product_photo: Path | None,
    logo: Path | None,
    call_to_action: str,
) -> VideoBrief:
    """Builds the provider's brief from a job's parameters and its downloaded files."""
    request, project, product = parameters.request, parameters.brief.project, parameters.brief.product
    return VideoBrief(
        script=request.script,
        voice_id=voice_id(request),
        avatar_id=request.avatar_id,
        avatar_photo=avatar_photo,
        aspect_ratio=AspectRatio(request.aspect_ratio) if request.HasField("aspect_ratio") else AspectRatio("9:16"),
        resolution=_resolution(request),
        product_name=_name(parameters.brief),
        description=product.description,
        price=_price(product),
        currency=product.currency if product.HasField("currency") else None,
        brand_name=project.name,
        brand_colours=tuple(project.brand.colours),
        brand_font=project.brand.font,
        product_photo=product_photo,
        logo=logo,
        call_to_action=call_to_action,
        burn_captions=request.captions if request.HasField("captions") else True,
        pronunciations=pronunciations(request, parameters.brief),
        seed=seed,
        kind=kind_of(request),
        seconds=request.seconds if request.HasField("seconds") else None,
        voice_over=request.voice_over if request.HasField("voice_over") else True,
        speed=request.speed if request.HasField("speed") else 1.0,
        music=music_of(request),
        music_volume=request.music_volume if request.HasField("music_volume") else DEFAULT_MUSIC_VOLUME,
        facts=_facts(parameters.brief, request.script),
    )


def kind_of(request: video_pb2.GenerateVideoRequest) -> VideoKind:
    """The kind of film that a request asks for."""
    return VideoKind(request.kind) if request.HasField("kind") else VideoKind.AVATAR


def music_of(request: video_pb2.GenerateVideoRequest) -> Music:
    """The music of a film: as asked for, or quiet music under product films, as ads of that kind have it, and none
    under a presenter, who is to sound like a person in a room."""
    if request.HasField("music"):
        return Music(request.music)
    return Music.CALM if kind_of(request) is VideoKind.PRODUCT else Music.NONE


def is_spoken(request: video_pb2.GenerateVideoRequest) -> bool:
    """Whether a film has a voice: all but product films without a voice-over."""
    return kind_of(request) is VideoKind.AVATAR or not request.HasField("voice_over") or request.voice_over


def settle_language(request: video_pb2.GenerateVideoRequest) -> None:
    """Sets the language of a request that names none, from its script, and the voice where English's does not fit.

    A script that does not tell is in its voice's language. Raises VoiceOfAnotherLanguage.
    """
    if not request.HasField("language"):
        named = VOICES[request.voice_id].language if request.voice_id in VOICES else "en"
        recognised = spoken_language(said(request.script)) if request.script else None
        request.language = recognised or named
    if not request.HasField("voice_id"):
        request.voice_id = DEFAULT_VOICES[request.language]
    if VOICES[request.voice_id].language != request.language:
        raise VoiceOfAnotherLanguage(request.voice_id, request.language)


def voice_id(request: video_pb2.GenerateVideoRequest) -> str:
    """The voice of a request: as given, or the default one of its language."""
    if request.HasField("voice_id"):
        return request.voice_id
    return DEFAULT_VOICES[request.language if request.HasField("language") else "en"]


def _resolution(request: video_pb2.GenerateVideoRequest) -> str:
    if request.HasField("resolution"):
        return request.resolution
    return PRESET_RESOLUTION if request.HasField("platform") else "720p"


def _price(product: catalog_pb2.Product) -> str | None:
    """What is paid now."""
    if product.HasField("sale_price"):
        return product.sale_price
    return product.price if product.HasField("price") else None


def _old_price(product: catalog_pb2.Product) -> str | None:
    """What was paid before, only where the brief says so."""
    if product.HasField("sale_price") and product.HasField("price"):
        return product.price
    return product.old_price if product.HasField("old_price") else None


def _price_line(brief: catalog_pb2.Brief) -> PriceLine | None:
    """What the brief says of the product's price, as far as its facts state one; of what has no price, nothing: amounts
    of a job or an appeal are pay, gifts and costs."""
    price = _price(brief.product)
    if price is None and brief.understanding.kind in UNPRICED:
        return None
    stated = sorted(brief.understanding.facts, key=lambda fact: fact.role not in PRICED)
    return price_line([fact.text for fact in stated if price is not None or fact.role in PRICED], price)


def _said_price(brief: catalog_pb2.Brief, script: str) -> PriceLine | None:
    """The product's price as the script says it, with "from" or what it pays for; None: just the amount."""
    price = _price(brief.product)
    if price is None:
        return None
    words = silent_words(" ".join(shown(script).split()))
    for part in parts_of(words, name=_name(brief), price=Price(now=float(price))):
        if part.says == "price" and (part.label or part.items):
            return PriceLine(amount=part.value, before=part.label, after=" ".join(part.items))
    return None


def _is_small_print(fact: catalog_pb2.Fact) -> bool:
    """Whether a film shows a fact on its end card: what the brief obliges to, and footnotes."""
    return fact.role == "legal" or fact.text[:1] in FOOTNOTE_MARKS


def _name(brief: catalog_pb2.Brief) -> str:
    """The product's name as films show and say it."""
    known = brief.understanding
    return shown_name(known.name or brief.product.name, known.subject)


def _facts(brief: catalog_pb2.Brief, script: str) -> ProductFacts:
    known = brief.understanding
    return ProductFacts(
        trade=known.trade,
        trade_name=known.trade_name,
        sector=known.sector,
        kind=known.kind,
        confidence=known.confidence,
        subject=known.subject,
        language="" if known.language == "und" else known.language,
        sensitive=frozenset(known.sensitive),
        old_price=_old_price(brief.product),
        price_line=_price_line(brief) or _said_price(brief, script),
        offer_code=brief.product.offer.code,
        small_print=tuple(fact.text for fact in known.facts if _is_small_print(fact))[:MAX_SMALL_PRINT],
    )


def script_material(brief: catalog_pb2.Brief, today: datetime.date) -> Material:
    """What a product film's script is written from. An offer that has ended is left out."""
    known, product = brief.understanding, brief.product
    ended = bool(product.offer.ends) and product.offer.ends < today.isoformat()
    currency = product.currency if product.HasField("currency") else None
    language = "" if known.language == "und" else known.language
    return Material(
        name=_name(brief),
        brand=known.brand or brief.project.name,
        language=language,
        goal=known.goal,
        facts=[
            Fact(text=fact.text, role=fact.role, strength=fact.strength)
            for fact in known.facts
            if not (ended and fact.source == "offer") and fact.source != "name"  # the name is said anyway
        ],
        price=written_price(_price(product), currency, language.split("-")[0]),
        price_line=line.text if (line := _price_line(brief)) else "",
        old_price=written_price(_old_price(product), currency, language.split("-")[0]),
        code="" if ended else product.offer.code,
    )


def pronunciations(request: video_pb2.GenerateVideoRequest, brief: catalog_pb2.Brief) -> dict[str, str]:
    """Merges the pronunciations of project and request. The request's take precedence, regardless of case."""
    requested = dict(request.pronunciations)
    overridden = {word.casefold() for word in requested}
    return {
        **{
            word: respelling
            for word, respelling in brief.project.brand.pronunciations.items()
            if word.casefold() not in overridden
        },
        **requested,
    }


def script_check(request: video_pb2.GenerateVideoRequest, brief: catalog_pb2.Brief, user_id: str) -> ScriptCheck:
    """Builds the script policy's input from a request and its brief: the words that are spoken, without tags."""
    return ScriptCheck(
        script=said(request.script),
        pronunciations=pronunciations(request, brief),
        banned_words=tuple(brief.project.brand.banned_words),
        voice_id=voice_id(request),
        user_id=user_id,
        project_id=request.project_id,
    )


def voice_message(voice: Voice) -> video_pb2.Voice:
    return video_pb2.Voice(
        id=voice.id,
        name=voice.name,
        accent=voice.accent,
        style=voice.style,
        sample_url=f"/api/voices/{voice.id}/sample",
        language=voice.language,
    )


def avatar_message(avatar: Avatar) -> video_pb2.Avatar:
    return video_pb2.Avatar(
        id=avatar.id,
        name=avatar.name,
        description=avatar.description,
        preview_url=f"/api/avatars/{avatar.id}/preview",
    )


def portrait_message(portrait: catalog_pb2.Portrait, notes: Sequence[str] = ()) -> video_pb2.Avatar:
    """An uploaded portrait as an avatar of its owner. notes: on its faces."""
    return video_pb2.Avatar(
        id=portrait.id,
        name=portrait.name,
        description="Your uploaded portrait",
        preview_url=f"/api/avatars/{portrait.id}/image",
        uploaded=True,
        created_at=portrait.created_at,
        consent_version=portrait.consent_version or None,
        faces=portrait.faces if portrait.HasField("faces") else None,
        notes=notes,
    )
