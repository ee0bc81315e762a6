"""Conversion of the catalog's values to and from protobuf messages."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from adwright.catalog.v1 import catalog_pb2
from google.protobuf.message import Message

from services.catalog.domain import LIST_FIELDS, OPTIONAL_FIELDS, TEXT_FIELDS, Product, Project, image_id_of_key
from services.catalog.product_rules import DEFAULT_BEST_RATING
from services.catalog.understanding.values import Offer, Proof
from services.chassis.errors import FieldViolation, ValidationFailed
from services.chassis.rpc.pagination import timestamp

STRIPPED_FIELDS = ("category", "price_per", "external_id")


def project_message(project: Project) -> catalog_pb2.Project:
    brand = catalog_pb2.Brand.FromString(project.brand)
    brand.colors.extend(brand.colours)
    return catalog_pb2.Project(
        id=str(project.id),
        name=project.name,
        brand=brand,
        created_at=timestamp(project.created_at),
        updated_at=timestamp(project.updated_at),
        has_logo=project.logo_key is not None,
    )


def stored_brand(brand: catalog_pb2.Brand, before: bytes = b"") -> bytes:
    """Returns a request's brand as it is stored: its colours in `colours` only, whichever spelling the request uses.

    before: the brand that it replaces, as stored. Raises ValidationFailed.
    """
    chosen = _chosen_colours(
        list(brand.colours), list(brand.colors), list(catalog_pb2.Brand.FromString(before).colours)
    )
    stored = catalog_pb2.Brand()
    stored.CopyFrom(brand)
    del stored.colours[:], stored.colors[:]
    stored.colours.extend(chosen)
    return stored.SerializeToString()


def _chosen_colours(colours: list[str], colors: list[str], stored: list[str]) -> list[str]:
    """Returns the colours that a request wants: of two different lists, the one that is not the stored one.

    An empty list is the same as an absent one, and so never wins against the other. Raises ValidationFailed when both
    lists differ from the stored one.
    """
    if not colours or not colors:
        return colours or colors
    folded, other, known = ([text.lower() for text in texts] for texts in (colours, colors, stored))
    if folded == other:
        return colors if colours == stored else colours
    if folded == known:
        return colors
    if other == known:
        return colours
    message = "has different colours and colors: send one of them, or the same in both"
    raise ValidationFailed([FieldViolation(field="brand", message=message)])


def product_message(product: Product) -> catalog_pb2.Product:
    message = catalog_pb2.Product(
        id=str(product.id),
        project_id=str(product.project_id),
        name=product.name,
        has_image=product.image_key is not None,
        image_count=len(product.image_keys),
        images=[
            catalog_pb2.ProductImage(id=image_id_of_key(key), position=position)
            for position, key in enumerate(product.image_keys, start=1)
        ],
        created_at=timestamp(product.created_at),
        updated_at=timestamp(product.updated_at),
        **{name: getattr(product, name) for name in (*TEXT_FIELDS, *LIST_FIELDS)},
    )
    for name in OPTIONAL_FIELDS:
        value = getattr(product, name)
        if value is not None:
            setattr(message, name, value)
    if product.offer is not None:
        message.offer.CopyFrom(catalog_pb2.Offer(**asdict(product.offer)))
    if product.proof is not None:
        message.proof.CopyFrom(catalog_pb2.Proof(**asdict(product.proof)))
    return message


def new_product(request: catalog_pb2.CreateProductRequest, *, product_id: UUID, user_id: str, now: datetime) -> Product:
    return Product(
        id=product_id,
        project_id=UUID(request.project_id),
        user_id=user_id,
        created_at=now,
        updated_at=now,
        **_given_values(request),
    )


def product_changes(request: catalog_pb2.UpdateProductRequest) -> dict[str, Any]:
    """Returns the new values of the fields that the request changes, by field name."""
    changes = _given_values(request)
    for name in LIST_FIELDS:
        if name in request.update_mask.paths:
            changes[name] = tuple(getattr(request, name))
    return changes


def _given_values(request: catalog_pb2.CreateProductRequest | catalog_pb2.UpdateProductRequest) -> dict[str, Any]:
    """Returns the values of a product that are set in a request, by field name; blanks around short texts are cut."""
    present = _present_fields(request)
    values: dict[str, Any] = {
        name: getattr(request, name) for name in ("name", *TEXT_FIELDS, *OPTIONAL_FIELDS) if name in present
    }
    values |= {name: tuple(getattr(request, name)) for name in LIST_FIELDS if name in present}
    values |= {name: values[name].strip() for name in STRIPPED_FIELDS if name in values}
    if "conditions" in values:
        values["conditions"] = tuple(condition.strip() for condition in values["conditions"])
    if "currency" in values:
        values["currency"] = values["currency"].upper()
    if "offer" in present:
        values["offer"] = _offer(request.offer)
    if "proof" in present:
        values["proof"] = _proof(request.proof)
    return values


def _offer(message: catalog_pb2.Offer) -> Offer | None:
    offer = Offer(text=message.text.strip(), code=message.code.strip(), ends=message.ends)
    return offer if offer.text or offer.code or offer.ends else None


def _proof(message: catalog_pb2.Proof) -> Proof | None:
    proof = Proof(
        rating=message.rating,
        best=message.best or DEFAULT_BEST_RATING,
        count=message.count,
        source=message.source.strip(),
        award=message.award.strip(),
    )
    return proof if proof.rating or proof.count or proof.source or proof.award else None


def _present_fields(message: Message) -> set[str]:
    """Returns the names of the fields that are set; an explicit empty text counts where the field is optional."""
    return {field.name for field, _ in message.ListFields()}


def brief_message(project: Project, product: Product) -> catalog_pb2.Brief:
    return catalog_pb2.Brief(
        project=project_message(project),
        product=product_message(product),
        image_key=product.image_key or "",
        image_keys=product.image_keys,
        logo_key=project.logo_key or "",
    )
