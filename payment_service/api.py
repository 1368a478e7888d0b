"""The payment service over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, ConfigDict, Field

from bus.access import Access
from bus.ids import derived
from payment_service import views
from payment_service.handlers import pay_invoice
from payment_service.messages import Money

Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200)]


class Request(BaseModel):
    """What a client sends. An unknown field is an error here: most likely it is misspelt."""

    model_config = ConfigDict(extra="forbid")


class MoneyIn(Request):
    """Something, at least: to pay nothing is no payment."""

    amount: int = Field(ge=1, le=10**12, strict=True)
    currency: str = Field(pattern="^[A-Z]{3}$")


class InvoicePaymentIn(Request):
    amount: MoneyIn


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["payment"])

    @router.get("/payments/{reference}")
    def show_payment(reference: Key) -> dict[str, Any]:
        with access.read() as connection:
            return views.payment(connection, reference)

    @router.get("/invoices/{reference}")
    def show_invoice(reference: Key) -> dict[str, Any]:
        with access.read() as connection:
            return views.invoice(connection, reference)

    @router.post("/invoices/{reference}/payments", status_code=201)
    async def post_invoice_payment(
        reference: Key, body: InvoicePaymentIn, idempotency_key: IdempotencyKey = None
    ) -> dict[str, Any]:
        amount = Money(**body.amount.model_dump())
        request_id = None if idempotency_key is None else request_id_of(reference, idempotency_key)
        paid = await access.write(lambda context: pay_invoice(reference, amount, context), request_id)
        return views.standing(paid)

    @router.get("/ledger")
    def show_ledger() -> dict[str, Any]:
        with access.read() as connection:
            return views.ledger(connection)

    return router


def request_id_of(reference: str, idempotency_key: str) -> str:
    """A key is the client's own: two clients who use the same for two invoices do not mean each other."""
    return str(derived("invoice payment", reference, idempotency_key))
