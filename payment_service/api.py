"""The payment service over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bus.access import Access
from bus.ids import derived
from payment_service import case_views, desk, views
from payment_service.handlers import INVOICES, PAYMENTS
from payment_service.messages import CaseAction, ClaimCase, GiveUpCase, Money, TakeNewCard, Text
from payment_service.models import CaseRecord
from saga import api as flows

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


class BalanceIn(MoneyIn):
    amount: int = Field(ge=0, le=10**12, strict=True)


class CreditIn(Request):
    balance: BalanceIn


class ClaimIn(Request):
    agent: Text


class ResolutionIn(Request):
    outcome: Literal["new_card", "gave_up"]
    token: Text | None = None
    note: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    agent: Text

    @model_validator(mode="after")
    def a_token_for_a_new_card(self) -> "ResolutionIn":
        if (self.token is not None) != (self.outcome == "new_card"):
            raise ValueError("`token` names the new card: give it with outcome new_card, and with no other")
        return self


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["payment"])

    @router.get("/payments/{reference}")
    def show_payment(reference: Key) -> dict[str, Any]:
        with access.read() as connection:
            return views.payment(connection, reference)

    @router.get("/clearing-cases")
    def list_cases(
        state: case_views.State | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        after: Annotated[str | None, Query(max_length=500)] = None,
    ) -> dict[str, Any]:
        with access.read() as connection:
            return case_views.page(connection, state, limit, after)

    @router.post("/clearing-cases/{case_id}/claim")
    async def claim_case(case_id: UUID, body: ClaimIn) -> dict[str, Any]:
        return await act(case_id, ClaimCase, author=body.agent)

    @router.post("/clearing-cases/{case_id}/resolve")
    async def resolve_case(case_id: UUID, body: ResolutionIn) -> dict[str, Any]:
        if body.token is None:
            return await act(case_id, GiveUpCase, author=body.agent, reason=body.note)
        return await act(case_id, TakeNewCard, author=body.agent, reason=body.note, card_token=body.token)

    async def act(case_id: UUID, action: type[CaseAction], **details: str) -> dict[str, Any]:
        def about(case: CaseRecord) -> CaseAction:
            of = {"reference": case.reference, "attempt": case.attempt, "case_id": case_id}
            return action.model_validate({**of, **details})

        return case_views.case(await access.write(lambda context: desk.act_on_case(case_id, about, context)))

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
        invoice = await access.write(lambda context: desk.pay_invoice(reference, amount, context), request_id)
        return views.standing(invoice.state, invoice.data)

    @router.put("/credits/{customer_id}")
    async def put_credit(customer_id: Key, body: CreditIn) -> dict[str, Any]:
        balance = Money(**body.balance.model_dump())
        await access.write(lambda context: desk.set_credit(customer_id, balance, context))
        return {"customer_id": customer_id, "balance": balance}

    @router.get("/credits/{customer_id}")
    def show_credit(customer_id: Key) -> dict[str, Any]:
        with access.read() as connection:
            return views.credit(connection, customer_id)

    @router.get("/ledger")
    def show_ledger() -> dict[str, Any]:
        with access.read() as connection:
            return views.ledger(connection)

    router.include_router(flows.routes(access, PAYMENTS, INVOICES))
    return router


def request_id_of(reference: str, idempotency_key: str) -> str:
    """A key is the client's own: two clients who use the same for two invoices do not mean each other."""
    return str(derived("invoice payment", reference, idempotency_key))
