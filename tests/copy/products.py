"""Products and services to write for, as the copy service gets them: read by the catalog's own reader."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2

from services.catalog.understanding.engine import Engine, load_engine
from services.catalog.understanding.inputs import product_texts
from services.copy import messages
from services.copy.domain import CopyBrief, Format, Platform, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product of the test set."""

    name: str
    brand: str = ""
    description: str = ""
    features: tuple[str, ...] = ()
    price: str | None = None
    currency: str | None = None
    audience: str = ""
    conditions: tuple[str, ...] = ()


def _products(group: str) -> tuple[Product, ...]:
    table: dict[str, list[dict[str, Any]]] = tomllib.loads(
        Path(__file__).with_name("products.toml").read_text(encoding="utf-8")
    )
    return tuple(Product(**{**row, "features": tuple(row.get("features", ()))}) for row in table[group])


PRODUCTS = _products("met")
UNMET = _products("unmet")
FOREIGN = _products("foreign")
CAREFUL = _products("careful")
EVERY = (*PRODUCTS, *UNMET, *FOREIGN, *CAREFUL)


@cache
def _engine() -> Engine:
    return load_engine()


@cache
def catalog_brief(product: Product) -> catalog_pb2.Brief:
    """The brief that the catalog makes of a product. It is shared: copy it before changing it."""
    made = catalog_pb2.Brief(
        project=catalog_pb2.Project(name=product.brand),
        product=catalog_pb2.Product(
            name=product.name,
            description=product.description,
            features=product.features,
            price=product.price,
            currency=product.currency,
            audience=product.audience,
            conditions=product.conditions,
        ),
    )
    return understood(made)


def understood(made: catalog_pb2.Brief) -> catalog_pb2.Brief:
    """The brief with what the catalog's reader understands of it."""
    made.understanding.CopyFrom(_engine().reader.read(product_texts(made)))
    return made


def brief_of(made: catalog_pb2.Brief, platform: Platform, format_: Format, tone: Tone) -> CopyBrief:
    """A request for a brief of the catalog."""
    return messages.copy_brief(copy_pb2.GenerateCopyRequest(platform=platform, format=format_, tone=tone), made)


def brief(
    product: Product,
    platform: Platform = Platform.META,
    format_: Format = Format.SHORT,
    tone: Tone = Tone.CASUAL,
    *,
    instructions: str = "",
    tone_words: tuple[str, ...] = (),
    banned_words: tuple[str, ...] = (),
    spelling: str = "",
) -> CopyBrief:
    """A request for one of the products."""
    made = catalog_pb2.Brief()
    made.CopyFrom(catalog_brief(product))
    made.project.brand.tone_words.extend(tone_words)
    made.project.brand.banned_words.extend(banned_words)
    made.project.brand.spelling = spelling
    request = copy_pb2.GenerateCopyRequest(
        platform=platform, format=format_, tone=tone, custom_instructions=instructions
    )
    return messages.copy_brief(request, made)
