"""The inventory service over HTTP."""

import base64
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from bus.access import Access
from bus.errors import Refused
from inventory_service.handlers import count_stock
from inventory_service.models import stock

Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class CountIn(BaseModel):
    """What a client sends. An unknown field is an error here: most likely it is misspelt."""

    model_config = ConfigDict(extra="forbid")

    on_hand: int = Field(ge=0, le=10**12, strict=True)


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["inventory"])

    @router.put("/stock/{sku}")
    async def put_stock(sku: Key, body: CountIn) -> dict[str, Any]:
        await access.write(lambda context: count_stock(sku, body.on_hand, context))
        return {"sku": sku, "on_hand": body.on_hand}

    @router.get("/stock/{sku}")
    def show_stock(sku: Key) -> dict[str, Any]:
        with access.read() as connection:
            return one(connection, sku)

    @router.get("/stock")
    def list_stock(
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        after: Annotated[str | None, Query(max_length=2000)] = None,
    ) -> dict[str, Any]:
        with access.read() as connection:
            return page(connection, limit, after)

    return router


def one(connection: sa.Connection, sku: str) -> dict[str, Any]:
    """Raises Refused with status 404."""
    row = connection.execute(sa.select(stock).where(stock.c.sku == sku)).first()
    if row is None:
        raise Refused(f"unknown sku {sku!r}: give it a stock with PUT /stock/{{sku}} first", 404)
    return dict(row._mapping)


def page(connection: sa.Connection, limit: int, after: str | None) -> dict[str, Any]:
    """Stock in SKU sequence."""
    query = sa.select(stock).order_by(stock.c.sku).limit(limit + 1)
    if after is not None:
        query = query.where(stock.c.sku > position(after))
    rows = connection.execute(query).all()
    more = len(rows) > limit
    return {"items": [dict(r._mapping) for r in rows[:limit]], "next": cursor(rows[limit - 1].sku) if more else None}


def cursor(sku: str) -> str:
    return base64.urlsafe_b64encode(sku.encode()).decode()


def position(after: str) -> str:
    """Raises Refused for a cursor that we did not make."""
    try:
        sku = base64.b64decode(after, altchars="-_", validate=True).decode()
    except ValueError:
        sku = ""
    if not sku or "\x00" in sku:
        raise Refused("`after` is not a cursor of this list: give the `next` of an earlier page")
    return sku
