"""The order service over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from bus import audit
from bus.access import Access
from bus.audit import Instruction
from bus.errors import Refused
from bus.message import Message
from bus.unit import Context
from order_service import placing, views
from order_service.handlers import ORDERS
from order_service.messages import (
    CancelOrder,
    CloseOrder,
    DecidePrice,
    Item,
    Money,
    PaymentMethod,
    PlaceOrder,
    RetryOrder,
    Text,
)
from order_service.models import ShopStore
from order_service.order import Customer
from saga import api as flows
from saga.instance import Instance

Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Request(BaseModel):
    """What a client sends. An unknown field is an error here: most likely it is misspelt."""

    model_config = ConfigDict(extra="forbid")


class CustomerIn(Request):
    name: Text
    email: Text
    address: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
    tier: Literal["standard", "vip"]
    rewards_member: StrictBool


class ArticleIn(Request):
    name: Text
    price: Money


class OrderIn(Request):
    customer_id: Text
    items: Annotated[list[Item], Field(min_length=1, max_length=100)]
    payment: PaymentMethod


def number_of(quote: Any) -> Any:
    """A quote may be named by its number, or given as `GET /orders/{id}` shows it: one without a number is none."""
    return quote.get("number") or quote if isinstance(quote, dict) else quote


class PriceDecisionIn(Request):
    accept: StrictBool
    quote: Annotated[int | None, Field(ge=1, strict=True), BeforeValidator(number_of)] = None
    token: Text | None = None


class AttentionIn(Request):
    action: Literal["retry", "close"]
    reason: Text
    author: Text


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["order"])

    @router.put("/customers/{customer_id}")
    async def put_customer(customer_id: Key, body: CustomerIn) -> Customer:
        customer = Customer(id=customer_id, **body.model_dump())
        await access.write(lambda context: context.store(ShopStore).put_customer(customer))
        return customer

    @router.put("/catalogue/{sku}")
    async def put_article(sku: Key, body: ArticleIn) -> dict[str, Any]:
        await access.write(lambda context: context.store(ShopStore).put_price(sku, body.name, body.price))
        return {"sku": sku, **body.model_dump()}

    @router.post("/orders", status_code=201)
    async def place_order(
        body: OrderIn, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None
    ) -> dict[str, Any]:
        order_id = access.new_id() if idempotency_key is None else placing.order_id_for(idempotency_key)
        command = PlaceOrder(order_id=order_id, **body.model_dump())
        instance = await access.write(
            lambda context: placing.place(command, idempotency_key, context), request_id=placing.request_id(order_id)
        )
        return views.placed(instance, placing.order_of(instance))

    @router.get("/orders")
    def list_orders(
        state: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        after: Annotated[str | None, Query(max_length=500)] = None,
    ) -> dict[str, Any]:
        if state is not None and state not in states():
            raise Refused(f"there is no state {state!r}; the states are {', '.join(sorted(states()))}")
        with access.read() as connection:
            return views.page(connection, state, limit, after)

    @router.get("/orders/{order_id}")
    def show_order(order_id: UUID) -> dict[str, Any]:
        with access.read() as connection:
            return views.one(connection, str(order_id))

    @router.post("/orders/{order_id}/cancel", status_code=202)
    async def cancel_order(order_id: UUID, _: Annotated[dict[str, Any] | None, Body()] = None) -> dict[str, Any]:
        return await tell(CancelOrder(order_id=order_id))

    @router.post("/orders/{order_id}/price-decision", status_code=202)
    async def decide_price(order_id: UUID, body: PriceDecisionIn) -> dict[str, Any]:
        return await tell(DecidePrice(order_id=order_id, accept=body.accept, attempt=body.quote, token=body.token))

    @router.post("/orders/{order_id}/attention", status_code=202)
    async def attend(order_id: UUID, body: AttentionIn) -> dict[str, Any]:
        message = RetryOrder if body.action == "retry" else CloseOrder
        wish = message(order_id=order_id, reason=body.reason, author=body.author)
        by = Instruction(author=body.author, reason=body.reason)

        def attended(context: Context) -> Instance:
            audit.record(context, by, f"order.{body.action}", str(order_id), "an order that needs attention")
            return told(wish, context)

        instance = await access.write(attended)
        return views.placed(instance, placing.order_of(instance))

    router.include_router(flows.routes(access, ORDERS))

    async def tell(message: Message) -> dict[str, Any]:
        instance = await access.write(lambda context: told(message, context))
        return views.placed(instance, placing.order_of(instance))

    return router


def states() -> set[str]:
    """In which orders can be seen, in whatever revision."""
    return {state.name for table in ORDERS.flow.revisions.values() for state in table.states}


def told(message: Message, context: Context) -> Instance:
    """Raises Refused: 404 if there is no such order, 409 where the table refuses it."""
    placing.find(message.subject, context)
    step = ORDERS.hear(message, context)
    if step.refused:
        raise Refused(step.refused, 409)
    context.send(step.sends)
    return step.instance
