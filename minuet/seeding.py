"""Demo customers, catalogue and stock, put in through the public HTTP surface. Safe to repeat."""

from collections.abc import Iterator
from typing import Any

CUSTOMERS = {
    "c-1": {"name": "Ada Lovelace", "tier": "standard", "address": "12 Dock Street"},
    "c-2": {"name": "Alan Turing", "tier": "standard", "address": "7 Mill Lane"},
    "c-3": {"name": "Nobody Knows", "tier": "standard", "address": ""},  # no carrier takes a parcel without one
    "c-vip": {"name": "Grace Hopper", "tier": "vip", "address": "1 Navy Yard"},
}
CATALOGUE = {
    "TEAPOT": ("Teapot, cast iron", 5900, 100),
    "CUP": ("Cup, porcelain", 1250, 500),
    "KETTLE": ("Kettle, copper", 7900, 50),
    "SAMOVAR": ("Samovar, brass", 24900, 1),
}


def puts() -> Iterator[tuple[str, str, Any]]:
    """What to PUT: service, path, body."""
    for customer_id, customer in CUSTOMERS.items():
        body = {**customer, "email": f"{customer_id}@example.com", "rewards_member": True}
        yield "order", f"/customers/{customer_id}", body
    for sku, (name, cents, on_hand) in CATALOGUE.items():
        yield "order", f"/catalogue/{sku}", {"name": name, "price": {"amount": cents, "currency": "EUR"}}
        yield "inventory", f"/stock/{sku}", {"on_hand": on_hand}
