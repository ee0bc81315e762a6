"""The yardstick: `POST /api/generate/static-ad` as one application, with the libraries that most users would choose.

FastAPI on uvicorn, SQLAlchemy with asyncpg, Celery on Redis. A request checks the token and the body, reads project and
product, and in one transaction inserts the job under its idempotency key, the hold and its ledger entry, and takes the
credits from the account; the commit waits for the disk. Then it sends the job's message to Celery's broker.

    python tests/bench/monolith/app.py      creates the tables
    uvicorn --app-dir tests/bench/monolith --workers 2 app:app
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import jwt
from celery import Celery
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import CheckConstraint, ForeignKey, Index, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DATABASE = os.environ["MONOLITH_DATABASE"]  # postgresql://…
PRICE = 3  # credits of one image
POOL = 16  # connections of each worker process


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSONB}


class Project(Base):
    __tablename__ = "project"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    brand: Mapped[dict[str, Any]]


class Product(Base):
    __tablename__ = "product"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id"), index=True)
    name: Mapped[str]
    description: Mapped[str]
    price: Mapped[str]
    currency: Mapped[str]


class Account(Base):
    __tablename__ = "account"
    user_id: Mapped[str] = mapped_column(primary_key=True)
    available: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    __table_args__ = (CheckConstraint("available >= 0 and held >= 0"),)


class Job(Base):
    __tablename__ = "job"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    product_id: Mapped[uuid.UUID]
    idempotency_key: Mapped[str | None]
    status: Mapped[str]
    credits: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("job_of_user", "user_id", "created_at"),
        Index("job_key", "user_id", "idempotency_key", unique=True, postgresql_where=text("status = 'queued'")),
    )


class Hold(Base):
    __tablename__ = "hold"
    job_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(default="held")


class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    job_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    amount: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaticAd(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    project_id: uuid.UUID
    product_id: uuid.UUID
    style: Literal["product_hero", "lifestyle", "minimal", "bold", "seasonal", "modern"] = "product_hero"
    aspect_ratio: Literal["1:1", "9:16", "4:5", "16:9", "1.91:1", "2:3"] = "1:1"
    prompt: Annotated[str, Field(min_length=5, max_length=1000)] | None = None
    headline: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    file_format: Literal["png", "jpeg", "webp"] = "png"
    variants: Annotated[int, Field(ge=1, le=10)] = 1
    idempotency_key: Annotated[str, Field(max_length=128)] = ""


class Accepted(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    job_id: uuid.UUID
    status: str
    credits_used: int
    credits_remaining: int


engine = create_async_engine(
    DATABASE.replace("postgresql://", "postgresql+asyncpg://"), pool_size=POOL, max_overflow=0, pool_timeout=10
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
celery = Celery("monolith", broker=os.environ["MONOLITH_BROKER"])
app = FastAPI()
bearer = HTTPBearer()
KEYS = {
    key["kid"]: jwt.PyJWK(key).key
    for key in json.loads(Path(os.environ["MONOLITH_JWKS"]).read_text(encoding="utf-8"))["keys"]
}


async def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    """The user of the token. Raises 401."""
    token = credentials.credentials
    try:
        key = KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token, key, ["RS256"], audience=os.environ["MONOLITH_AUDIENCE"], issuer=os.environ["MONOLITH_ISSUER"]
        )
    except (jwt.InvalidTokenError, KeyError):
        raise HTTPException(401, "The token is not valid.") from None
    return str(claims["sub"])


@app.post("/api/generate/static-ad")
async def submit(request: StaticAd, user: Annotated[str, Depends(caller)]) -> Accepted:
    """Accepts a job. Raises 402 and 404."""
    job_id, cost = uuid.uuid4(), PRICE * request.variants
    async with sessions.begin() as session:
        found = await session.execute(
            select(Project.name, Project.brand, Product.name, Product.description, Product.price, Product.currency)
            .join(Product, Product.project_id == Project.id)
            .where(Product.id == request.product_id, Project.id == request.project_id, Project.user_id == user)
        )
        if (brief := found.one_or_none()) is None:
            raise HTTPException(404, "There is no such product.")
        new = insert_or_ignore(Job).values(
            id=job_id,
            user_id=user,
            product_id=request.product_id,
            idempotency_key=request.idempotency_key or None,
            status="queued",
            credits=cost,
            parameters={"request": request.model_dump(mode="json"), "brief": list(brief)},
        )
        if (await session.execute(new.on_conflict_do_nothing().returning(Job.id))).one_or_none() is None:
            key = (Job.user_id == user, Job.idempotency_key == request.idempotency_key, Job.status == "queued")
            live = (await session.execute(select(Job.id).where(*key))).scalar_one()
            account = (await session.execute(select(Account).where(Account.user_id == user))).scalar_one()
            return Accepted(job_id=live, status="reused", credits_used=0, credits_remaining=account.available)
        await session.execute(insert(Hold).values(job_id=job_id, user_id=user, amount=cost, state="held"))
        await session.execute(insert(Entry).values(user_id=user, job_id=job_id, kind="hold", amount=cost))
        taken = await session.execute(  # last, so that the account's row is locked for the shortest time
            update(Account)
            .where(Account.user_id == user, Account.available >= cost)
            .values(available=Account.available - cost, held=Account.held + cost)
            .returning(Account.available)
        )
        if (left := taken.scalar_one_or_none()) is None:
            raise HTTPException(402, "There are not enough credits.")
    await asyncio.to_thread(celery.send_task, "generate", (str(job_id),), ignore_result=True)
    return Accepted(job_id=job_id, status="queued", credits_used=cost, credits_remaining=left)


async def create_tables() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(create_tables())
