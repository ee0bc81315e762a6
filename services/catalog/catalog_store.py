"""The tables of the catalog. Every statement that a user's request reaches is restricted to rows of that user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from services.catalog.domain import LIST_FIELDS, BriefKey, Product, Project, ProjectKey
from services.catalog.errors import ProductLimitReached, ProductNotFound, ProjectLimitReached, ProjectNotFound
from services.catalog.understanding.values import Offer, Proof
from services.chassis.data.database import Connection, fetch_all, fetch_one

ARRAY_COLUMNS = (*LIST_FIELDS, "further_image_keys")


class CatalogStore:
    """Reads and writes on a connection that the caller has opened; never begins or commits."""

    def __init__(self, *, projects_per_user: int, products_per_project: int) -> None:
        self._projects_per_user = projects_per_user
        self._products_per_project = products_per_project

    async def insert_project(self, connection: Connection, project: Project) -> None:
        """Stores a new project. Raises ProjectLimitReached."""
        # Serializes the user's inserts: concurrent ones would count the same projects and exceed the limit.
        await connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", [project.user_id])
        row = await fetch_one(connection, "select count(*) as count from project where user_id = %s", [project.user_id])
        assert row is not None, "an aggregate returns one row"
        if row["count"] >= self._projects_per_user:
            raise ProjectLimitReached(self._projects_per_user)
        await connection.execute(
            """insert into project (id, user_id, name, brand, created_at, updated_at)
               values (%(id)s, %(user_id)s, %(name)s, %(brand)s, %(created_at)s, %(updated_at)s)""",
            asdict(project),
        )

    async def project(self, connection: Connection, project_id: UUID, user_id: str, *, lock: bool = False) -> Project:
        """Returns a user's project; lock: locks its row for update. Raises ProjectNotFound."""
        row = await fetch_one(
            connection,
            "select * from project where id = %s and user_id = %s for update"
            if lock
            else "select * from project where id = %s and user_id = %s",
            [project_id, user_id],
        )
        if row is None:
            raise ProjectNotFound
        return _project(row)

    async def projects(self, connection: Connection, user_id: str, before: UUID | None, limit: int) -> list[Project]:
        """Returns a user's projects, newest first; `before`: only projects older than this."""
        rows = await fetch_all(
            connection,
            """select * from project where user_id = %(user)s and (id < %(before)s or %(before)s::uuid is null)
                order by id desc limit %(limit)s""",
            {"user": user_id, "before": before, "limit": limit},
        )
        return [_project(row) for row in rows]

    async def update_project(self, connection: Connection, project: Project) -> None:
        """Stores the name, brand and logo of a project that the caller has locked."""
        await connection.execute(
            """update project set name = %(name)s, brand = %(brand)s, logo_key = %(logo_key)s,
                                  updated_at = %(updated_at)s where id = %(id)s""",
            asdict(project),
        )

    async def delete_project(self, connection: Connection, project_id: UUID, user_id: str) -> list[str]:
        """Deletes a project with its products; returns the asset keys of their photos and of its logo.

        Raises ProjectNotFound.
        """
        project = await self.project(connection, project_id, user_id, lock=True)
        rows = await fetch_all(
            connection,
            "delete from product where project_id = %s returning image_key, further_image_keys",
            [project_id],
        )
        await connection.execute("delete from project where id = %s", [project_id])
        photos = [key for row in rows for key in _image_keys(row)]
        return photos if project.logo_key is None else [*photos, project.logo_key]

    async def insert_product(self, connection: Connection, product: Product) -> None:
        """Stores a new product. Raises ProjectNotFound, ProductLimitReached."""
        # Locking the project serializes its inserts: concurrent ones would exceed the limit.
        await self.project(connection, product.project_id, product.user_id, lock=True)
        row = await fetch_one(
            connection, "select count(*) as count from product where project_id = %s", [product.project_id]
        )
        assert row is not None, "an aggregate returns one row"
        if row["count"] >= self._products_per_project:
            raise ProductLimitReached(self._products_per_project)
        await connection.execute(
            """insert into product (id, project_id, user_id, name, description, features, price, currency, image_url,
                                    landing_page, audience, created_at, updated_at, kind, category, goal, sale_price,
                                    old_price, price_per, offer, proof, conditions, external_id, gtin, image_urls)
               values (%(id)s, %(project_id)s, %(user_id)s, %(name)s, %(description)s, %(features)s, %(price)s,
                       %(currency)s, %(image_url)s, %(landing_page)s, %(audience)s, %(created_at)s, %(updated_at)s,
                       %(kind)s, %(category)s, %(goal)s, %(sale_price)s, %(old_price)s, %(price_per)s, %(offer)s,
                       %(proof)s, %(conditions)s, %(external_id)s, %(gtin)s, %(image_urls)s)""",
            _row(product),
        )

    async def product(self, connection: Connection, product_id: UUID, user_id: str, *, lock: bool = False) -> Product:
        """Returns a user's product; lock: locks its row for update. Raises ProductNotFound."""
        row = await fetch_one(
            connection,
            "select * from product where id = %s and user_id = %s for update"
            if lock
            else "select * from product where id = %s and user_id = %s",
            [product_id, user_id],
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
        rows = await fetch_all(
            connection,
            """select * from product where project_id = %(project)s and (id < %(before)s or %(before)s::uuid is null)
                order by id desc limit %(limit)s""",
            {"project": project_id, "before": before, "limit": limit},
        )
        return [_product(row) for row in rows]

    async def product_ids(self, connection: Connection, key: ProjectKey, limit: int) -> list[UUID]:
        """Returns the ids of a project's products, newest first; none of a project of another user."""
        rows = await fetch_all(
            connection,
            "select id from product where project_id = %s and user_id = %s order by id desc limit %s",
            [key.project_id, key.user_id, limit],
        )
        return [row["id"] for row in rows]

    async def update_product(self, connection: Connection, product: Product) -> None:
        """Stores all fields of a product that the caller has locked."""
        await connection.execute(
            """update product set name = %(name)s, description = %(description)s, features = %(features)s,
                      price = %(price)s, currency = %(currency)s, image_url = %(image_url)s, image_key = %(image_key)s,
                      image_type = %(image_type)s, landing_page = %(landing_page)s, audience = %(audience)s,
                      updated_at = %(updated_at)s, kind = %(kind)s, category = %(category)s, goal = %(goal)s,
                      sale_price = %(sale_price)s, old_price = %(old_price)s, price_per = %(price_per)s,
                      offer = %(offer)s, proof = %(proof)s, conditions = %(conditions)s,
                      external_id = %(external_id)s, gtin = %(gtin)s, image_urls = %(image_urls)s,
                      further_image_keys = %(further_image_keys)s
                where id = %(id)s""",
            _row(product),
        )

    async def delete_product(self, connection: Connection, product_id: UUID, user_id: str) -> list[str]:
        """Deletes a product; returns the asset keys of its photos. Raises ProductNotFound."""
        row = await fetch_one(
            connection,
            "delete from product where id = %s and user_id = %s returning image_key, further_image_keys",
            [product_id, user_id],
        )
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
        rows = await fetch_all(
            connection,
            """select given.*, project.xmin::text as project_version, product.xmin::text as product_version,
                      understanding.xmin::text as understanding_version
                 from unnest(%s::text[], %s::uuid[], %s::uuid[]) as given (user_id, project_id, product_id)
                 join project on project.id = given.project_id and project.user_id = given.user_id
                 left join product on product.id = given.product_id and product.project_id = project.id
                 left join understanding on understanding.product_id = product.id""",
            [list(column) for column in zip(*keys, strict=True)],
        )
        return {
            BriefKey(row["user_id"], row["project_id"], row["product_id"]): (
                row["project_version"],
                row["product_version"],
                row["understanding_version"],
            )
            for row in rows
        }

    async def briefs(
        self, connection: Connection, keys: Sequence[BriefKey]
    ) -> dict[BriefKey, tuple[tuple[str, str], Project, Product]]:
        """Reads the projects and products of briefs, with their row versions; those not found have no entry."""
        rows = await fetch_all(
            connection,
            """select given.user_id as owner, project.xmin::text as project_version,
                      product.xmin::text as product_version, project.name as project_name, project.brand,
                      project.created_at as project_created_at, project.updated_at as project_updated_at, product.*
                 from unnest(%s::text[], %s::uuid[], %s::uuid[]) as given (user_id, project_id, product_id)
                 join project on project.id = given.project_id and project.user_id = given.user_id
                 join product on product.id = given.product_id and product.project_id = project.id""",
            [list(column) for column in zip(*keys, strict=True)],
        )
        found = {}
        for row in rows:
            versions = (row.pop("project_version"), row.pop("product_version"))
            project = Project(
                id=row["project_id"],
                user_id=row.pop("owner"),
                name=row.pop("project_name"),
                brand=bytes(row.pop("brand")),
                created_at=row.pop("project_created_at"),
                updated_at=row.pop("project_updated_at"),
            )
            product = _product(row)
            found[BriefKey(project.user_id, project.id, product.id)] = (versions, project, product)
        return found


def _project(row: DictRow) -> Project:
    return Project(**{**row, "brand": bytes(row["brand"])})


def _image_keys(row: DictRow) -> list[str]:
    return [*([row["image_key"]] if row["image_key"] else []), *row["further_image_keys"]]


def _product(row: DictRow) -> Product:
    return Product(
        **{
            **row,
            **{name: tuple(row[name]) for name in ARRAY_COLUMNS},
            "offer": Offer(**row["offer"]) if row["offer"] is not None else None,
            "proof": Proof(**row["proof"]) if row["proof"] is not None else None,
        }
    )


def _row(product: Product) -> dict[str, Any]:
    return {
        **asdict(product),
        **{name: list(getattr(product, name)) for name in ARRAY_COLUMNS},
        "offer": Jsonb(asdict(product.offer)) if product.offer is not None else None,
        "proof": Jsonb(asdict(product.proof)) if product.proof is not None else None,
    }
