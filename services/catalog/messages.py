"""Conversion of the catalog's values to and from protobuf messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from adwright.catalog.v1 import catalog_pb2
from google.protobuf.message import Message

from services.catalog.domain import OPTIONAL_FIELDS, Product, Project
from services.chassis.rpc.pagination import timestamp


def project_message(project: Project) -> catalog_pb2.Project:
    return catalog_pb2.Project(
        id=str(project.id),
        name=project.name,
        brand=catalog_pb2.Brand.FromString(project.brand),
        created_at=timestamp(project.created_at),
        updated_at=timestamp(project.updated_at),
    )


def product_message(product: Product) -> catalog_pb2.Product:
    message = catalog_pb2.Product(
        id=str(product.id),
        project_id=str(product.project_id),
        name=product.name,
        description=product.description,
        features=product.features,
        has_image=product.image_key is not None,
        audience=product.audience,
        created_at=timestamp(product.created_at),
        updated_at=timestamp(product.updated_at),
    )
    for name in OPTIONAL_FIELDS:
        value = getattr(product, name)
        if value is not None:
            setattr(message, name, value)
    return message


def new_product(request: catalog_pb2.CreateProductRequest, *, product_id: UUID, user_id: str, now: datetime) -> Product:
    present = _present_fields(request)
    optional: dict[str, Any] = {name: getattr(request, name) if name in present else None for name in OPTIONAL_FIELDS}
    return Product(
        id=product_id,
        project_id=UUID(request.project_id),
        user_id=user_id,
        name=request.name,
        description=request.description,
        features=tuple(request.features),
        image_key=None,
        image_type=None,
        audience=request.audience,
        created_at=now,
        updated_at=now,
        **optional,
    )


def product_changes(request: catalog_pb2.UpdateProductRequest) -> dict[str, Any]:
    """Returns the new values of the fields that the request changes, by field name."""
    names = ("name", "description", "audience", *OPTIONAL_FIELDS)
    changes: dict[str, Any] = {name: getattr(request, name) for name in names if name in _present_fields(request)}
    if request.features or "features" in request.update_mask.paths:
        changes["features"] = tuple(request.features)
    return changes


def _present_fields(message: Message) -> set[str]:
    """Returns the names of the fields that are set; an explicit empty text counts where the field is optional."""
    return {field.name for field, _ in message.ListFields()}


def brief_message(project: Project, product: Product) -> catalog_pb2.Brief:
    return catalog_pb2.Brief(
        project=project_message(project), product=product_message(product), image_key=product.image_key or ""
    )
