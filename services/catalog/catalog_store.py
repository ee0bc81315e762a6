"""The tables of the catalog. Every statement that a user's request reaches is restricted to rows of that user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from services.catalog.domain import LIST_FIELDS, BriefKey, Product, Project, ProjectKey
from services.catalog.errors import ProductLimitReached, ProductNotFound, ProjectLimitReached, ProjectNotFound
from services.catalog.tables import PRODUCT, PROJECT, UNDERSTANDING
from services.catalog.understanding.values import Offer, Proof
from services.chassis.data.database import Connection
from services.chassis.data.sql import unnest
from services.chassis.data.statements import CountRow, IdRow, Query, fetch_row, fetch_rows, run

ARRAY_COLUMNS = (*LIST_FIELDS, "further_image_keys")
IDENTITY = ("id", "project_id", "user_id", "created_at")  # columns that never change
BEFORE = bindparam("before", type_=Uuid())
LIMIT = bindparam("limit", type_=BigInteger())


def _of_user(table: Table) -> ColumnElement[bool]:
    return and_(table.c.id == bindparam("row_id", type_=Uuid()), table.c.user_id == bindparam("user"))


def _page(of: Select[Any], table: Table) -> Select[Any]:
    """Restricts a query to the rows before BEFORE, newest first."""
    return of.where(or_(table.c.id < BEFORE, BEFORE.is_(None))).order_by(table.c.id.desc()).limit(LIMIT)


def _insert(table: Table) -> Any:
    return insert(table).values({column: bindparam(column.name) for column in table.c})


def _update(table: Table) -> Any:
    """Sets all columns but the identity; the parameters are named like the columns, with `new_` before."""
    return (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values({column: bindparam(f"new_{column.name}") for column in table.c if column.name not in IDENTITY})
    )


def _version(table: Table) -> ColumnElement[str]:
    """The version of a row: every change gives it another one."""
    return cast(literal_column(f"{table.name}.xmin"), Text).label(f"{table.name}_version")


# Serializes a user's inserts: concurrent ones would count the same projects and exceed the limit.
LOCK_USER = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("user", type_=Text()), 1)))


COUNT_PROJECTS = Query(CountRow, select(func.count().label("number")).where(PROJECT.c.user_id == bindparam("user")))
INSERT_PROJECT = _insert(PROJECT)


_ONE_PROJECT = select(PROJECT).where(_of_user(PROJECT))
FIND_PROJECT = Query(Project, _ONE_PROJECT)
LOCK_PROJECT = Query(Project, _ONE_PROJECT.with_for_update())
LIST_PROJECTS = Query(Project, _page(select(PROJECT).where(PROJECT.c.user_id == bindparam("user")), PROJECT))
UPDATE_PROJECT = _update(PROJECT)
DELETE_PROJECT = delete(PROJECT).where(PROJECT.c.id == bindparam("row_id"))

IN_PROJECT = PRODUCT.c.project_id == bindparam("project", type_=Uuid())
COUNT_PRODUCTS = Query(CountRow, select(func.count().label("number")).where(IN_PROJECT))
INSERT_PRODUCT = _insert(PRODUCT)


@dataclass(frozen=True, slots=True)
class ProductRow:
    id: UUID
    project_id: UUID
    user_id: str
    name: str
    description: str
    features: list[str]
    price: str | None
    currency: str | None
    image_url: str | None
    image_key: str | None
    image_type: str | None
    landing_page: str | None
    audience: str
    created_at: datetime
    updated_at: datetime
    kind: str
    category: str
    goal: str
    sale_price: str | None
    old_price: str | None
    price_per: str
    offer: dict[str, Any] | None
    proof: dict[str, Any] | None
    conditions: list[str]
    external_id: str
    gtin: str
    image_urls: list[str]
    further_image_keys: list[str]


_ONE_PRODUCT = select(PRODUCT).where(_of_user(PRODUCT))
FIND_PRODUCT = Query(ProductRow, _ONE_PRODUCT)
LOCK_PRODUCT = Query(ProductRow, _ONE_PRODUCT.with_for_update())
LIST_PRODUCTS = Query(ProductRow, _page(select(PRODUCT).where(IN_PROJECT), PRODUCT))


LIST_PRODUCT_IDS = Query(
    IdRow,
    (
        select(PRODUCT.c.id)
        .where(IN_PROJECT, PRODUCT.c.user_id == bindparam("user"))
        .order_by(PRODUCT.c.id.desc())
        .limit(LIMIT)
    ),
)
UPDATE_PRODUCT = _update(PRODUCT)
PHOTO_KEYS = (PRODUCT.c.image_key, PRODUCT.c.further_image_keys)


class ImageKeysRow(NamedTuple):
    image_key: str | None
    further_image_keys: list[str]


DELETE_PRODUCT = Query(ImageKeysRow, delete(PRODUCT).where(_of_user(PRODUCT)).returning(*PHOTO_KEYS))
DELETE_PRODUCTS = Query(ImageKeysRow, delete(PRODUCT).where(IN_PROJECT).returning(*PHOTO_KEYS))

GIVEN = unnest("given", user_id=Text, project_id=Uuid, product_id=Uuid)
GIVEN_PROJECTS = GIVEN.join(PROJECT, and_(PROJECT.c.id == GIVEN.c.project_id, PROJECT.c.user_id == GIVEN.c.user_id))
IS_GIVEN_PRODUCT = and_(PRODUCT.c.id == GIVEN.c.product_id, PRODUCT.c.project_id == PROJECT.c.id)


class VersionsRow(NamedTuple):
    user_id: str
    project_id: UUID
    product_id: UUID
    project_version: str
    product_version: str
    understanding_version: str


VERSIONS = Query(
    VersionsRow,
    select(GIVEN, _version(PROJECT), _version(PRODUCT), _version(UNDERSTANDING)).select_from(
        GIVEN_PROJECTS.outerjoin(PRODUCT, IS_GIVEN_PRODUCT).outerjoin(
            UNDERSTANDING, UNDERSTANDING.c.product_id == PRODUCT.c.id
        )
    ),
)
OF_PROJECT = "of_project_"  # before the names of the project's columns, which the product has too


@dataclass(frozen=True, slots=True)
class BriefRow(ProductRow):
    """A product with its project."""

    of_project_id: UUID
    of_project_user_id: str
    of_project_name: str
    of_project_brand: bytes
    of_project_created_at: datetime
    of_project_updated_at: datetime
    of_project_logo_key: str | None
    project_version: str
    product_version: str


BRIEFS = Query(
    BriefRow,
    select(
        *PRODUCT.c,
        *(column.label(OF_PROJECT + column.name) for column in PROJECT.c),
        _version(PROJECT),
        _version(PRODUCT),
    ).select_from(GIVEN_PROJECTS.join(PRODUCT, IS_GIVEN_PRODUCT)),
)


class CatalogStore:
    """Reads and writes on a connection that the caller has opened; never begins or commits."""

    def __init__(self, *, projects_per_user: int, products_per_project: int) -> None:
        self._projects_per_user = projects_per_user
        self._products_per_project = products_per_project

    async def insert_project(self, connection: Connection, project: Project) -> None:
        """Stores a new project. Raises ProjectLimitReached."""
        await run(connection, LOCK_USER, {"user": project.user_id})
        [row] = await fetch_rows(connection, COUNT_PROJECTS, {"user": project.user_id})
        if row.number >= self._projects_per_user:
            raise ProjectLimitReached(self._projects_per_user)
        await run(connection, INSERT_PROJECT, asdict(project))

    async def project(self, connection: Connection, project_id: UUID, user_id: str, *, lock: bool = False) -> Project:
        """Returns a user's project; lock: locks its row for update. Raises ProjectNotFound."""
        found = await fetch_row(
            connection, LOCK_PROJECT if lock else FIND_PROJECT, {"row_id": project_id, "user": user_id}
        )
        if found is None:
            raise ProjectNotFound
        return found

    async def projects(self, connection: Connection, user_id: str, before: UUID | None, limit: int) -> list[Project]:
        """Returns a user's projects, newest first; `before`: only projects older than this."""
        return await fetch_rows(connection, LIST_PROJECTS, {"user": user_id, "before": before, "limit": limit})

    async def update_project(self, connection: Connection, project: Project) -> None:
        """Stores the name, brand and logo of a project that the caller has locked."""
        await run(connection, UPDATE_PROJECT, _changes(asdict(project)))

    async def delete_project(self, connection: Connection, project_id: UUID, user_id: str) -> list[str]:
        """Deletes a project with its products; returns the asset keys of their photos and of its logo.

        Raises ProjectNotFound.
        """
        project = await self.project(connection, project_id, user_id, lock=True)
        rows = await fetch_rows(connection, DELETE_PRODUCTS, {"project": project_id})
        await run(connection, DELETE_PROJECT, {"row_id": project_id})
        photos = [key for row in rows for key in _image_keys(row)]
        return photos if project.logo_key is None else [*photos, project.logo_key]

    async def insert_product(self, connection: Connection, product: Product) -> None:
        """Stores a new product. Raises ProjectNotFound, ProductLimitReached."""
        # Locking the project serializes its inserts: concurrent ones would exceed the limit.
        await self.project(connection, product.project_id, product.user_id, lock=True)
        [row] = await fetch_rows(connection, COUNT_PRODUCTS, {"project": product.project_id})
        if row.number >= self._products_per_project:
            raise ProductLimitReached(self._products_per_project)
        await run(connection, INSERT_PRODUCT, _row(product))

    async def product(self, connection: Connection, product_id: UUID, user_id: str, *, lock: bool = False) -> Product:
        """Returns a user's product; lock: locks its row for update. Raises ProductNotFound."""
        row = await fetch_row(
            connection, LOCK_PRODUCT if lock else FIND_PRODUCT, {"row_id": product_id, "user": user_id}
        )
        if row is None:
            raise ProductNotFound
        return _product(row)

    async def products(
        self, connection: Connection, project_id: UUID, user_id: str, before: UUID | None, limit: int
    ) -> list[Product]:
        """Returns a project's products, newest first; `before`: only products older than this.

        Raises ProjectNotFound.
        """
        await self.project(connection, project_id, user_id)
        rows = await fetch_rows(connection, LIST_PRODUCTS, {"project": project_id, "before": before, "limit": limit})
        return [_product(row) for row in rows]

    async def product_ids(self, connection: Connection, key: ProjectKey, limit: int) -> list[UUID]:
        """Returns the ids of a project's products, newest first; none of a project of another user."""
        rows = await fetch_rows(
            connection, LIST_PRODUCT_IDS, {"project": key.project_id, "user": key.user_id, "limit": limit}
        )
        return [row.id for row in rows]

    async def update_product(self, connection: Connection, product: Product) -> None:
        """Stores all fields of a product that the caller has locked."""
        await run(connection, UPDATE_PRODUCT, _changes(_row(product)))

    async def delete_product(self, connection: Connection, product_id: UUID, user_id: str) -> list[str]:
        """Deletes a product; returns the asset keys of its photos. Raises ProductNotFound."""
        row = await fetch_row(connection, DELETE_PRODUCT, {"row_id": product_id, "user": user_id})
        if row is None:
            raise ProductNotFound
        return _image_keys(row)

    async def versions(
        self, connection: Connection, keys: Sequence[BriefKey]
    ) -> dict[BriefKey, tuple[str, str | None, str | None]]:
        """Returns the row versions of briefs: of the project, of the product (None: not in this project), and of the
        product's understanding (None: it was not read yet).

        Every change of a row gives it another version. A project that does not exist, or belongs to another user, has
        no entry.
        """
        rows = await fetch_rows(connection, VERSIONS, _given(keys))
        return {
            BriefKey(row.user_id, row.project_id, row.product_id): (
                row.project_version,
                row.product_version,
                row.understanding_version,
            )
            for row in rows
        }

    async def briefs(
        self, connection: Connection, keys: Sequence[BriefKey]
    ) -> dict[BriefKey, tuple[tuple[str, str], Project, Product]]:
        """Reads the projects and products of briefs, with their row versions; those not found have no entry."""
        rows = await fetch_rows(connection, BRIEFS, _given(keys))
        found = {}
        for row in rows:
            project = Project(**{column.name: getattr(row, OF_PROJECT + column.name) for column in PROJECT.c})
            product = _product(row)
            versions = (row.project_version, row.product_version)
            found[BriefKey(project.user_id, project.id, product.id)] = (versions, project, product)
        return found


def _given(keys: Sequence[BriefKey]) -> dict[str, list[Any]]:
    return {
        "given_user_id": [key.user_id for key in keys],
        "given_project_id": [key.project_id for key in keys],
        "given_product_id": [key.product_id for key in keys],
    }


def _changes(row: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters of _update."""
    return {"row_id": row["id"], **{f"new_{name}": value for name, value in row.items() if name not in IDENTITY}}


def _image_keys(row: ProductRow | ImageKeysRow) -> list[str]:
    return [*([row.image_key] if row.image_key else []), *row.further_image_keys]


def _product(row: ProductRow) -> Product:
    values = {column.name: getattr(row, column.name) for column in PRODUCT.c}
    return Product(
        **{
            **values,
            **{name: tuple(values[name]) for name in ARRAY_COLUMNS},
            "offer": Offer(**row.offer) if row.offer is not None else None,
            "proof": Proof(**row.proof) if row.proof is not None else None,
        }
    )


def _row(product: Product) -> dict[str, Any]:
    return {
        **asdict(product),
        **{name: list(getattr(product, name)) for name in ARRAY_COLUMNS},
        "offer": Jsonb(asdict(product.offer)) if product.offer is not None else None,
        "proof": Jsonb(asdict(product.proof)) if product.proof is not None else None,
    }
