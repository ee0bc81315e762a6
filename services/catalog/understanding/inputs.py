"""The texts that a reading is made from, and their digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from adwright.catalog.v1 import catalog_pb2

from services.catalog.understanding.values import Offer, ProductTexts, Proof


def product_texts(brief: catalog_pb2.Brief) -> ProductTexts:
    """Returns everything that the brief's customer says of the product, as sent."""
    product = brief.product
    offer, proof = product.offer, product.proof
    return ProductTexts(
        project=brief.project.name,
        name=product.name,
        description=product.description,
        features=tuple(product.features),
        audience=product.audience,
        price=product.price,
        sale_price=product.sale_price,
        old_price=product.old_price,
        price_per=product.price_per,
        currency=product.currency,
        kind=product.kind,
        category=product.category,
        goal=product.goal,
        offer=Offer(text=offer.text, code=offer.code, ends=offer.ends) if product.HasField("offer") else None,
        proof=Proof(
            rating=proof.rating,
            best=proof.best or 5,
            count=proof.count,
            source=proof.source,
            award=proof.award,
        )
        if product.HasField("proof")
        else None,
        conditions=tuple(product.conditions),
    )


def inputs_digest(texts: ProductTexts) -> bytes:
    """Returns the SHA-256 digest of the texts."""
    return hashlib.sha256(json.dumps(asdict(texts), sort_keys=True).encode()).digest()
