"""The endpoints that take a body, each with one that is fine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EUROS = {"amount": 1000, "currency": "EUR"}


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str  # as in the OpenAPI document
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, known: Mapping[str, str]) -> str:
        """With what is there, so that a request gets as far as it can."""
        return self.path.format_map(known)


PERSON = {"name": "Ann", "email": "ann@example.org", "address": "1 Road", "tier": "standard", "rewards_member": True}
BY = {"author": "ann", "reason": "to see"}
ORDER = {
    "customer_id": "c-1",
    "items": [{"sku": "tea", "quantity": 1}, {"sku": "pot", "quantity": 2}],
    "payment": {"method": "card", "token": "tok_ok"},
}

ENDPOINTS = (
    Endpoint("PUT", "/customers/{customer_id}", PERSON),
    Endpoint("PUT", "/catalogue/{sku}", {"name": "tea", "price": EUROS}),
    Endpoint("POST", "/orders", ORDER),
    Endpoint("POST", "/orders/{order_id}/cancel", {}),
    Endpoint("POST", "/orders/{order_id}/price-decision", {"accept": True, "quote": 2, "token": "t"}),
    Endpoint("POST", "/orders/{order_id}/attention", {"action": "retry", **BY}),
    Endpoint("POST", "/clearing-cases/{case_id}/claim", {"agent": "ann"}),
    Endpoint(
        "POST",
        "/clearing-cases/{case_id}/resolve",
        {"outcome": "new_card", "token": "t", "note": "n", "agent": "ann"},
    ),
    Endpoint("POST", "/invoices/{reference}/payments", {"amount": EUROS}),
    Endpoint("PUT", "/credits/{customer_id}", {"balance": EUROS}),
    Endpoint("PUT", "/stock/{sku}", {"on_hand": 5}),
    Endpoint("PUT", "/carrier", {"mode": "push"}),
    Endpoint("POST", "/jobs/claims", {"worker": "w", "max": 5, "lease_seconds": 60}),
    Endpoint("POST", "/jobs/{job_id}/complete", {"worker": "w", "tracking_number": "1"}),
    Endpoint("POST", "/jobs/{job_id}/fail", {"worker": "w", "reason": "lost"}),
    Endpoint("POST", "/dead-letters/{letter_id}/redrive", BY),
    Endpoint("POST", "/dead-letters/{letter_id}/discard", BY),
    Endpoint("POST", "/timers/{timer_id}/postpone", {"due_at": "2027-01-01T00:00:00Z", **BY}),
    Endpoint("POST", "/timers/{timer_id}/fire", BY),
    Endpoint("POST", "/timers/{timer_id}/cancel", BY),
    *(Endpoint("POST", f"/flows/{flow}/migration", {"limit": 5, **BY}) for flow in ("order", "payment", "invoice")),
    Endpoint("POST", "/gateway/charges", {"key": "k", "reference": "r", "amount": EUROS, "token": "tok_ok"}),
    Endpoint("POST", "/gateway/refunds", {"key": "r", "charge_key": "k", "reference": "r", "amount": EUROS}),
)
