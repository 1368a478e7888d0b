"""What people do in the scenarios: customers, the call centre, a carrier's driver, nobody."""

from typing import Any

from minuet.demo.shop import Shop

INVOICE = {"method": "invoice"}
AGENT = "call-centre-1"
DRIVER = "driver-1"


def card(token: str = "tok_ok") -> dict[str, str]:
    return {"method": "card", "token": token}


def euros(cents: int) -> dict[str, Any]:
    return {"amount": {"amount": cents, "currency": "EUR"}}


async def pays_by_card(shop: Shop, key: str) -> None:
    await shop.place(key, "c-1", {"TEAPOT": 1, "CUP": 4}, card())


async def pays_by_invoice_after_a_reminder(shop: Shop, key: str) -> None:
    order_id = await shop.place(key, "c-vip", {"TEAPOT": 2}, INVOICE)
    await shop.until_state(order_id, "awaiting_invoice_payment")
    await shop.days_later(38)  # due after 30 days, reminded after 37
    await shop.post("payment", f"/invoices/{order_id}/payments", euros(11800), key)


async def gives_a_new_card_on_day_three(shop: Shop, key: str) -> None:
    order_id = await shop.place(key, "c-1", {"TEAPOT": 1}, card("tok_declined"))
    case_id = (await open_case(shop, order_id))["case_id"]
    await shop.days_later(3)
    await shop.post("payment", f"/clearing-cases/{case_id}/claim", {"agent": AGENT})
    note = {"note": "she found her other card", "agent": AGENT}
    await shop.post("payment", f"/clearing-cases/{case_id}/resolve", {"outcome": "new_card", "token": "tok_ok", **note})


async def open_case(shop: Shop, order_id: str) -> Any:
    async def found() -> Any:
        cases = (await shop.get("payment", "/clearing-cases?state=open&limit=500"))["items"]
        return next((case for case in cases if case["reference"] == order_id), None)

    return await shop.until_found(found, f"a clearing case for {order_id}")


async def accepts_the_new_price(shop: Shop, key: str) -> None:
    order_id = await asked_for_a_new_price(shop, key)
    quote = (await shop.order(order_id))["quote"]
    await shop.post(
        "order", f"/orders/{order_id}/price-decision", {"accept": True, "quote": quote["number"], "token": "tok_ok"}
    )


async def does_not_decide(shop: Shop, key: str) -> None:
    await asked_for_a_new_price(shop, key)
    await shop.days_later(3.1)


async def asked_for_a_new_price(shop: Shop, key: str) -> str:
    """Nobody clears the payment for seven days, and copper has become dearer meanwhile."""
    await shop.put("order", "/catalogue/KETTLE", {"name": "Kettle, copper", "price": euros(7900)["amount"]})
    order_id = await shop.place(key, "c-2", {"KETTLE": 1}, card("tok_declined"))
    await shop.put("order", "/catalogue/KETTLE", {"name": "Kettle, copper", "price": euros(8400)["amount"]})
    await shop.days_later(7.1)
    await shop.until_state(order_id, "awaiting_price_decision")
    return order_id


async def wants_what_is_sold_out(shop: Shop, key: str) -> None:
    await shop.place(key, "c-2", {"CUP": 2, "SAMOVAR": 2}, card())


async def cancels_in_clearing(shop: Shop, key: str) -> None:
    order_id = await shop.place(key, "c-1", {"CUP": 6}, card("tok_expired"))
    await open_case(shop, order_id)
    await shop.days_later(1)
    await shop.post("order", f"/orders/{order_id}/cancel", {})


async def cannot_be_delivered_to(shop: Shop, key: str) -> None:
    await shop.place(key, "c-3", {"TEAPOT": 1}, card())


async def cancels_while_a_carrier_holds_the_job(shop: Shop, key: str) -> None:
    await shop.put("shipping", "/carrier", {"mode": "pull"})
    order_id = await shop.place(key, "c-1", {"CUP": 1}, card())
    job_id = await claimed_job(shop, order_id)
    await shop.post("order", f"/orders/{order_id}/cancel", {})
    await shop.until_state(order_id, "cancelling_shipment")
    await shop.post("shipping", f"/jobs/{job_id}/complete", {"worker": DRIVER, "tracking_number": "DRIVER-0001"})
    await shop.put("shipping", "/carrier", {"mode": "push"})


async def claimed_job(shop: Shop, order_id: str) -> Any:
    async def found() -> Any:
        wish = {"worker": DRIVER, "max": 1, "lease_seconds": 600}
        jobs = (await shop.post("shipping", "/jobs/claims", wish))["items"]
        return next((job["job_id"] for job in jobs if job["reference"] == order_id), None)

    return await shop.until_found(found, f"a job to ship {order_id}")


async def finds_the_gateway_away(shop: Shop, key: str) -> None:
    await shop.place(key, "c-1", {"CUP": 1}, card("tok_flaky_3"))


async def gets_charged_without_an_answer(shop: Shop, key: str) -> None:
    await shop.place(key, "c-2", {"CUP": 1}, card("tok_unknown_2"))
