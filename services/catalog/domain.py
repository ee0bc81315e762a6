"""What is advertised: values, limits and refusals of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.chassis.errors import FieldViolation, Kind, Refusal, ValidationFailed

MAX_IMAGE_BYTES = 10 * 1024 * 1024
IMAGE_TYPES = {"PNG": ("image/png", ".png"), "JPEG": ("image/jpeg", ".jpg"), "WEBP": ("image/webp", ".webp")}


class BriefKey(NamedTuple):
    """Whose brief of which project and product."""

    user_id: str
    project_id: UUID
    product_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A brand and its products. `brand` is the serialized Brand of the API, kept as it came."""

    id: UUID
    user_id: str
    name: str
    brand: bytes
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product or service. `price` is a decimal number as text, with the ISO code of its currency."""

    id: UUID
    project_id: UUID
    user_id: str
    name: str
    description: str
    features: tuple[str, ...]
    price: str | None
    currency: str | None
    image_url: str | None
    image_key: str | None
    image_type: str | None
    landing_page: str | None
    audience: str
    created_at: datetime
    updated_at: datetime

    def changed(self, changes: Mapping[str, Any], now: datetime) -> Product:
        """The product with the changes; empty text removes an optional field. Raises ValidationFailed."""
        optional = ("price", "currency", "image_url", "landing_page")
        cleaned: dict[str, Any] = {
            name: (value or None) if name in optional else value for name, value in changes.items()
        }
        product = replace(self, **cleaned, updated_at=now)
        if product.price is not None and product.currency is None:
            raise ValidationFailed([FieldViolation(field="currency", message="a price needs a currency")])
        return product


class ProjectNotFound(Refusal):
    """There is no such project, or it is somebody else's."""

    kind = Kind.NOT_FOUND
    reason = "PROJECT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such project.")


class ProductNotFound(Refusal):
    """There is no such product, or it is somebody else's, or of another project."""

    kind = Kind.NOT_FOUND
    reason = "PRODUCT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such product.")


class ProjectLimitReached(Refusal):
    """The user has as many projects as they may."""

    kind = Kind.CONFLICT
    reason = "PROJECT_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"There may be {limit} projects; delete one first.")


class ProductLimitReached(Refusal):
    """The project has as many products as it may."""

    kind = Kind.CONFLICT
    reason = "PRODUCT_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A project may have {limit} products; delete one first.")


class ImageUnreadable(Refusal):
    """The upload is not a picture that can be used."""

    kind = Kind.INVALID
    reason = "IMAGE_UNREADABLE"


class ImageTooLarge(Refusal):
    """The upload is larger than a product photo may be."""

    kind = Kind.TOO_LARGE
    reason = "IMAGE_TOO_LARGE"


class ImageNotFound(Refusal):
    """No photo was uploaded."""

    kind = Kind.NOT_FOUND
    reason = "IMAGE_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("No photo was uploaded for this product.")
