"""Plans the children of a campaign: the requests that the generating services get, in the order in which they begin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adwright.campaign.v1 import campaign_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.video.v1 import video_pb2
from google.protobuf.message import Message

from services.campaign.domain import MAX_CHILDREN, Axis, Child, Prices, Product, look, same_language, varied
from services.chassis.errors import FieldViolation, ValidationFailed

ALLOWED_WITH_ESTIMATE = frozenset({"mode", "estimate_id", "max_credits", "idempotency_key"})
AVATAR, PRODUCT_FILM = "avatar", "product"

ServiceRequest = copy_pb2.GenerateCopyRequest | image_pb2.GenerateStaticAdRequest | video_pb2.GenerateVideoRequest

REQUESTS: dict[str, type[ServiceRequest]] = {
    "copy": copy_pb2.GenerateCopyRequest,
    "static_ad": image_pb2.GenerateStaticAdRequest,
    "video": video_pb2.GenerateVideoRequest,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A child of one product and version, before its product is known.

    request: without ids, concept and seed. language: that was asked for; empty: the product's. quotes: whether it is
    made of the product's texts, and so in their language only.
    """

    type: str
    price_type: str
    request: ServiceRequest
    version: int
    language: str = ""
    quotes: bool = True


def check_request(request: campaign_pb2.GenerateCampaignRequest) -> None:
    """Raises ValidationFailed for fields that do not go together, and for more than MAX_CHILDREN children of the named
    products."""
    broken: list[FieldViolation] = []

    def say(field: str, message: str) -> None:
        broken.append(FieldViolation(field=field, message=message))

    if request.HasField("estimate_id"):
        if request.mode == "estimate":
            say("estimateId", "applies to the mode execute only")
        for field, _ in request.ListFields():
            if field.name not in ALLOWED_WITH_ESTIMATE:
                say(field.json_name, "must not be given beside estimateId, which has it already")
    else:
        _check_content(request, say)
    if broken:
        raise ValidationFailed(broken)
    if request.product_ids:
        check_number(request, len(request.product_ids))


def _check_content(request: campaign_pb2.GenerateCampaignRequest, say: Callable[[str, str], None]) -> None:
    if not request.HasField("project_id"):
        say("projectId", "is required")
    if bool(request.product_ids) == request.all_products:
        say("productIds", "must name products, unless allProducts is true")
    if not (request.copy or request.images or request.videos):
        say("images", "must have a deliverable, or copy or videos must")
    axis = axis_of(request)
    if request.variants > 1 and axis is None:
        say("variantAxis", "is required with variants")
    if axis is not None and not varied(axis, _asked(request)):
        say("variantAxis", f"{axis} changes none of the deliverables")
    for place, video in enumerate(request.videos):
        field = f"videos[{place}]"
        if kind_of(video) == AVATAR:
            if not video.HasField("script"):
                say(f"{field}.script", "is required for an avatar")
            if video.HasField("seconds"):
                say(f"{field}.seconds", "applies to product films only")
            if "4:5" in video.aspect_ratios:
                say(f"{field}.aspectRatios", "4:5 is for product films only")
        if axis is Axis.VOICE and len(video.voice_ids) != versions_of(request):
            say(f"{field}.voiceIds", f"must name {versions_of(request)} voices, one for each variant")
    for name in ("copy", "images", "videos"):
        seen: set[bytes] = set()
        for place, deliverable in enumerate(getattr(request, name)):
            content = deliverable.SerializeToString(deterministic=True)
            if content in seen:
                say(f"{name}[{place}]", "repeats another deliverable")
            seen.add(content)


def check_voices(request: campaign_pb2.GenerateCampaignRequest, known: Collection[str]) -> None:
    """Raises ValidationFailed for voices that do not exist."""
    broken = [
        FieldViolation(field=f"videos[{place}].voiceIds", message=f"{voice} is not one of /api/voices")
        for place, video in enumerate(request.videos)
        for voice in video.voice_ids
        if voice not in known
    ]
    if broken:
        raise ValidationFailed(broken)


def check_number(request: campaign_pb2.GenerateCampaignRequest, products: int) -> None:
    """Raises ValidationFailed for a campaign of so many products with more than MAX_CHILDREN children, or with none."""
    field = "allProducts" if request.all_products else "productIds"
    if not products:
        raise ValidationFailed([FieldViolation(field=field, message="the project has no products")])
    number = products * sum(1 for _ in _parts(request))
    if number > MAX_CHILDREN:
        message = f"makes {number} ads of {products} products; a campaign has at most {MAX_CHILDREN}"
        raise ValidationFailed([FieldViolation(field=field, message=message)])


def names_languages(request: campaign_pb2.GenerateCampaignRequest) -> bool:
    """Whether a deliverable names languages."""
    return (
        any(wanted.languages for wanted in request.copy)
        or any(wanted.languages for wanted in request.images)
        or any(wanted.languages for wanted in request.videos)
    )


def plan(
    request: campaign_pb2.GenerateCampaignRequest,
    products: Sequence[Product],
    prices: Prices,
    campaign_id: UUID,
    languages: Mapping[UUID, str],
) -> list[Child]:
    """The children in order: products, their versions, then copy, images and videos as named.

    languages: of the products' texts, by product; "und" or missing: not known. Raises ValidationFailed if no child can
    be made in the language that is asked for.
    """
    children: list[Child] = []
    axis = axis_of(request)
    for place, product in enumerate(products, start=1):
        for part in _parts(request):
            headline_version = 0
            refusal = _refusal(product, part, languages.get(product.id, ""))
            message = type(part.request)()
            message.CopyFrom(part.request)  # type: ignore[arg-type]
            message.project_id, message.product_id = request.project_id, str(product.id)
            if isinstance(message, image_pb2.GenerateStaticAdRequest):
                shared = look(campaign_id, place, axis, part.version or 1)
                message.concept, message.seed = shared.concept, shared.seed
                headline_version = shared.headline_version
            children.append(
                Child(
                    number=len(children) + 1,
                    product=product,
                    type=part.type,
                    request=message.SerializeToString(deterministic=True),
                    version=part.version,
                    headline_version=headline_version,
                    credits=0 if refusal else prices.credits[part.price_type],
                    language=part.language,
                    refusal=refusal,
                )
            )
    if all(child.refusal for child in children):
        field = next(name for name in ("copy", "images", "videos") if getattr(request, name))
        raise ValidationFailed([FieldViolation(field=f"{field}[0].languages", message=children[0].refusal)])
    return children


def _refusal(product: Product, part: Part, known: str) -> str:
    """Why a product's child cannot be made in its language; empty if it can. known: the language of its texts."""
    if not part.language or not part.quotes or same_language(part.language, known):
        return ""
    if known in ("", "und"):
        return f"The language of the texts of “{product.name}” is not known: correct it in the product's understanding."
    return (
        f"The texts of “{product.name}” are in “{known}”, and ads quote them: add a product with texts in "
        f"“{part.language}”."
    )


def _parts(request: campaign_pb2.GenerateCampaignRequest) -> Iterator[Part]:
    """The children of one product. What the axis does not change is made in the first version only."""
    axis = axis_of(request)
    changed = varied(axis, _asked(request)) if axis is not None and versions_of(request) > 1 else frozenset()
    for version in range(1, versions_of(request) + 1):
        for kind, makes in (("copy", _copies), ("static_ad", _images), ("video", _videos)):
            if version > 1 and kind not in changed:
                continue
            for price_type, message, language in makes(request, axis, version):
                yield Part(
                    type=kind,
                    price_type=price_type,
                    request=message,
                    version=version if kind in changed else 0,
                    language=language,
                    quotes=not (isinstance(message, video_pb2.GenerateVideoRequest) and message.HasField("script")),
                )


def _asked(request: campaign_pb2.GenerateCampaignRequest) -> list[str]:
    """The types of the deliverables."""
    found = {"copy": request.copy, "static_ad": request.images, "video": request.videos}
    return [kind for kind, wanted in found.items() if wanted]


def _copies(
    request: campaign_pb2.GenerateCampaignRequest, axis: Axis | None, version: int
) -> Iterator[tuple[str, ServiceRequest, str]]:
    for wanted in request.copy:
        for language in wanted.languages or ("",):
            for platform in wanted.platforms:
                yield (
                    "copy",
                    copy_pb2.GenerateCopyRequest(
                        platform=platform,
                        format=wanted.format,
                        tone=wanted.tone,
                        custom_instructions=_given(wanted, "custom_instructions"),
                    ),
                    language,
                )


def _images(
    request: campaign_pb2.GenerateCampaignRequest, axis: Axis | None, version: int
) -> Iterator[tuple[str, ServiceRequest, str]]:
    for wanted in request.images:
        for language in wanted.languages or ("",):
            for ratio in wanted.aspect_ratios:
                yield (
                    "static_ad",
                    image_pb2.GenerateStaticAdRequest(
                        style=_given(wanted, "style"),
                        aspect_ratio=ratio,
                        prompt=_given(wanted, "prompt"),
                        file_format=_given(wanted, "file_format"),
                    ),
                    language,
                )


def _videos(
    request: campaign_pb2.GenerateCampaignRequest, axis: Axis | None, version: int
) -> Iterator[tuple[str, ServiceRequest, str]]:
    for wanted in request.videos:
        kind = kind_of(wanted)
        voices: Sequence[str | None] = list(wanted.voice_ids) or [None]
        if axis is Axis.VOICE and versions_of(request) > 1:
            voices = [wanted.voice_ids[version - 1]]
        languages: Sequence[str | None] = list(wanted.languages) or [None]
        for language in languages:
            for voice in voices:
                for ratio in wanted.aspect_ratios:
                    yield (
                        "video" if kind == AVATAR else "video_product",
                        video_pb2.GenerateVideoRequest(
                            kind=kind,
                            language=language,
                            voice_id=voice,
                            aspect_ratio=ratio,
                            script=_given(wanted, "script"),
                            seconds=_given(wanted, "seconds"),
                        ),
                        language or "",
                    )


def request_message(kind: str, content: bytes) -> ServiceRequest:
    """The request of a child of this type."""
    return REQUESTS[kind].FromString(content)


def axis_of(request: campaign_pb2.GenerateCampaignRequest) -> Axis | None:
    """The axis along which versions are asked for; None without one."""
    return Axis(request.variant_axis) if request.HasField("variant_axis") else None


def versions_of(request: campaign_pb2.GenerateCampaignRequest) -> int:
    """How many versions are asked for."""
    return request.variants or 1


def kind_of(video: campaign_pb2.VideoDeliverable) -> str:
    """avatar or product."""
    return video.kind or PRODUCT_FILM


def _given(message: Message, name: str) -> Any:
    """A field's value, None if it is absent."""
    return getattr(message, name) if message.HasField(name) else None
