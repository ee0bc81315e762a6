"""The tables of the catalog, their constraints and indexes. Every row is reached through its owner only."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.data.sql import NAMING_CONVENTION

METADATA = MetaData(naming_convention=NAMING_CONVENTION)
MOMENT = DateTime(timezone=True)
EMPTY_LIST = text("'{}'::text[]")

PROJECT = Table(
    "project",
    METADATA,
    Column("id", Uuid, primary_key=True),  # version 7: in order of creation
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("brand", LargeBinary, nullable=False),  # adwright.catalog.v1.Brand
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("logo_key", Text),  # of the uploaded logo in the asset storage
)
Index("project_of_user", PROJECT.c.user_id, PROJECT.c.id.desc())

PRODUCT = Table(
    "product",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey(PROJECT.c.id, ondelete="CASCADE"), nullable=False),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("features", ARRAY(Text), nullable=False),
    Column("price", Text),
    Column("currency", Text),
    Column("image_url", Text),
    Column("image_key", Text),  # of the uploaded photo in the asset storage
    Column("image_type", Text),
    Column("landing_page", Text),
    Column("audience", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("kind", Text, nullable=False, server_default=""),
    Column("category", Text, nullable=False, server_default=""),
    Column("goal", Text, nullable=False, server_default=""),
    Column("sale_price", Text),
    Column("old_price", Text),
    Column("price_per", Text, nullable=False, server_default=""),
    Column("offer", JSONB),  # text, code, ends
    Column("proof", JSONB),  # rating, best, count, source, award
    Column("conditions", ARRAY(Text), nullable=False, server_default=EMPTY_LIST),
    Column("external_id", Text, nullable=False, server_default=""),
    Column("gtin", Text, nullable=False, server_default=""),
    Column("image_urls", ARRAY(Text), nullable=False, server_default=EMPTY_LIST),
    # The uploaded photos after image_key, in order.
    Column("further_image_keys", ARRAY(Text), nullable=False, server_default=EMPTY_LIST),
    CheckConstraint("price is null or currency is not null", name="product_check"),
    CheckConstraint("(image_key is null) = (image_type is null)", name="product_check1"),
    CheckConstraint("image_key is not null or further_image_keys = '{}'", name="product_further_photos"),
    CheckConstraint("cardinality(further_image_keys) < 10", name="product_photo_limit"),
)
Index("product_of_project", PRODUCT.c.project_id, PRODUCT.c.id.desc())

# What was understood of a product: the reading of its texts, and the owner's corrections of it.
UNDERSTANDING = Table(
    "understanding",
    METADATA,
    Column("product_id", Uuid, ForeignKey(PRODUCT.c.id, ondelete="CASCADE"), primary_key=True),
    Column("inputs_digest", LargeBinary),  # over the texts that `reading` was made from
    Column("reading", LargeBinary),  # adwright.catalog.v1.Understanding without corrections; null: not made yet
    Column("made_at", MOMENT),
    # adwright.catalog.v1.UpdateUnderstandingRequest: the corrections that hold
    Column("corrections", LargeBinary, nullable=False),
    CheckConstraint("(inputs_digest is null) = (reading is null)", name="understanding_check"),
    CheckConstraint("(made_at is null) = (reading is null)", name="understanding_check1"),
)

# Portraits that users uploaded as avatars of videos.
PORTRAIT = Table(
    "portrait",
    METADATA,
    Column("id", Uuid, primary_key=True),  # version 7: in order of creation
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("asset_key", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),  # also the time of the consent
    Column("consent_version", Text, nullable=False),  # of the text agreed to; "" where the operator asked for none
    Column("faces", BigInteger),  # found in it; null: not searched for
    CheckConstraint("faces >= 0", name="portrait_faces"),
)
Index("portrait_of_user", PORTRAIT.c.user_id, PORTRAIT.c.id.desc())
