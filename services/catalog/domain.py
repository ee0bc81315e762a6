"""Values of the catalog: projects, products and the keys of briefs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

from services.catalog.errors import ImageLimitReached, ImageNotFound
from services.catalog.understanding.values import Offer, Proof

# Of a product; None where absent.
OPTIONAL_FIELDS = ("price", "currency", "image_url", "landing_page", "sale_price", "old_price")
TEXT_FIELDS = ("description", "audience", "kind", "category", "goal", "price_per", "external_id", "gtin")
LIST_FIELDS = ("features", "conditions", "image_urls")
MAX_PHOTOS = 10  # uploaded ones of a product
PHOTO_SUFFIXES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}  # of asset keys, with their types
SVG_SUFFIX, SVG_TYPE = ".svg", "image/svg+xml"  # of logos


def type_of_key(key: str) -> str:
    """Returns the content type of an uploaded photo or logo, by the suffix of its asset key."""
    return {**PHOTO_SUFFIXES, SVG_SUFFIX: SVG_TYPE}[key[key.rindex(".") :]]


def image_id_of_key(key: str) -> str:
    """Returns the id of an uploaded photo, a UUID: the last part of its asset key, without the suffix."""
    return PurePosixPath(key).stem


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
    """A brand and its products. `brand` is the serialized message adwright.catalog.v1.Brand.

    logo_key: asset key of the uploaded logo; None without one.
    """

    id: UUID
    user_id: str
    name: str
    brand: bytes
    created_at: datetime
    updated_at: datetime
    logo_key: str | None = None

    def logo(self) -> str:
        """Returns the asset key of the uploaded logo. Raises ImageNotFound."""
        if self.logo_key is None:
            raise ImageNotFound("No logo was uploaded for this project.")
        return self.logo_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product or service to advertise.

    `price`, `sale_price` and `old_price` are decimal numbers as text, `currency` is their ISO 4217 code. `image_url`
    and `image_urls` are addresses of photos that the user gave. `image_key` and `image_type` are the asset key and
    content type of the uploaded main photo, `further_image_keys` the keys of the other uploaded ones. Texts that are
    not optional are empty where not said.
    """

    id: UUID
    project_id: UUID
    user_id: str
    name: str
    description: str = ""
    features: tuple[str, ...] = ()
    price: str | None = None
    currency: str | None = None
    image_url: str | None = None
    image_key: str | None = None
    image_type: str | None = None
    landing_page: str | None = None
    audience: str = ""
    created_at: datetime
    updated_at: datetime
    kind: str = ""
    category: str = ""
    goal: str = ""
    sale_price: str | None = None
    old_price: str | None = None
    price_per: str = ""
    offer: Offer | None = None
    proof: Proof | None = None
    conditions: tuple[str, ...] = ()
    external_id: str = ""
    gtin: str = ""
    image_urls: tuple[str, ...] = ()
    further_image_keys: tuple[str, ...] = ()

    @property
    def image_keys(self) -> tuple[str, ...]:
        """The asset keys of all uploaded photos, the main one first."""
        return (self.image_key, *self.further_image_keys) if self.image_key is not None else ()

    def main_photo(self) -> str:
        """Returns the asset key of the uploaded main photo. Raises ImageNotFound."""
        if self.image_key is None:
            raise ImageNotFound("No photo was uploaded for this product.")
        return self.image_key

    def photo(self, image_id: UUID) -> str:
        """Returns the asset key of an uploaded photo. Raises ImageNotFound."""
        for key in self.image_keys:
            if image_id_of_key(key) == str(image_id):
                return key
        raise ImageNotFound

    def with_main_photo(self, key: str, content_type: str, now: datetime) -> Product:
        """Returns the product with an uploaded photo in place of its main one."""
        return replace(self, image_key=key, image_type=content_type, updated_at=now)

    def with_further_photo(self, key: str, content_type: str, now: datetime) -> Product:
        """Returns the product with one more uploaded photo in the last position. Raises ImageLimitReached."""
        if len(self.image_keys) >= MAX_PHOTOS:
            raise ImageLimitReached(MAX_PHOTOS)
        if self.image_key is None:
            return self.with_main_photo(key, content_type, now)
        return replace(self, further_image_keys=(*self.further_image_keys, key), updated_at=now)

    def without_photo(self, image_id: UUID, now: datetime) -> Product:
        """Returns the product without an uploaded photo; those behind it move up. Raises ImageNotFound."""
        removed = self.photo(image_id)
        keys = tuple(key for key in self.image_keys if key != removed)
        return replace(
            self,
            image_key=keys[0] if keys else None,
            image_type=type_of_key(keys[0]) if keys else None,
            further_image_keys=keys[1:],
            updated_at=now,
        )

    def changed(self, changes: Mapping[str, Any], now: datetime) -> Product:
        """Returns the product with changes by field name; an empty text removes an optional field."""
        cleaned: dict[str, Any] = {
            name: (value or None) if name in OPTIONAL_FIELDS else value for name, value in changes.items()
        }
        return replace(self, **cleaned, updated_at=now)
