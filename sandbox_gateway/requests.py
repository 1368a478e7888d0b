"""What callers ask of the gateway."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Money(Request):
    """An integer count of minor units, e.g. cents, with an ISO 4217 currency."""

    amount: int = Field(ge=0, le=10**12, strict=True)
    currency: str = Field(pattern="^[A-Z]{3}$")


class ChargeRequest(Request):
    """Charge a card. `key` names the charge for good."""

    key: Text
    reference: Text
    amount: Money
    token: Text


class RefundRequest(Request):
    """Give back what was charged under `charge_key`, or a part of it. `key` names the refund for good."""

    key: Text
    charge_key: Text
    reference: Text
    amount: Money
