"""Values of the catalog: projects, products and the keys of briefs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.chassis.errors import FieldViolation, ValidationFailed

OPTIONAL_FIELDS = ("price", "currency", "image_url", "landing_page")  # of a product; None where absent


class BriefKey(NamedTuple):
    """Identifies a brief: its user, project and product."""

    user_id: str
    project_id: UUID
    product_id: UUID


class ProjectKey(NamedTuple):
    """Identifies all products of a user's project."""

    user_id: str
    project_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A brand and its products. `brand` is the serialized message adwright.catalog.v1.Brand."""

    id: UUID
    user_id: str
    name: str
    brand: bytes
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product or service to advertise.

    `price` is a decimal number as text, `currency` its ISO 4217 code. `image_url` is the photo's address that the user
    gave; `image_key` and `image_type` are the asset key and content type of an uploaded photo.
    """

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
        """Returns the product with changes by field name; an empty text removes an optional field.

        Raises ValidationFailed for a price without a currency.
        """
        cleaned: dict[str, Any] = {
            name: (value or None) if name in OPTIONAL_FIELDS else value for name, value in changes.items()
        }
        product = replace(self, **cleaned, updated_at=now)
        if product.price is not None and product.currency is None:
            raise ValidationFailed([FieldViolation(field="currency", message="is required with a price")])
        return product
