"""Was the work that is to be measured done, and done right? Read from the databases alone."""

from collections.abc import Sequence
from uuid import UUID

from benchmarks.house import PRICE, SERVICES, House
from benchmarks.load import SKU

PATH = ["start", "awaiting_payment", "awaiting_goods", "awaiting_shipment", "completed"]
LEFT_OVER = ("outbox", "effects", "dead_letters")


class Wrong(Exception):
    """A figure would be worthless: the books do not agree."""


def check(house: House, order_ids: Sequence[UUID], shipped_before: int) -> None:
    """Every one of these orders was completed by its path, paid once and shipped once, and nothing is left to do.

    Raises Wrong, with all that is.
    """
    ids = [str(order_id) for order_id in order_ids]
    faults = [*left_over(house, ids), *wrong_histories(house, ids), *wrong_money(house, ids)]
    stock = house.ask("inventory", "SELECT on_hand, reserved, shipped FROM stock WHERE sku = :sku", sku=SKU)[0]
    if tuple(stock) != (0, 0, shipped_before + len(ids)):
        faults.append(f"stock is {tuple(stock)}, not (0, 0, {shipped_before + len(ids)})")
    if faults:
        raise Wrong("; ".join(faults))


def nothing_waits(house: House) -> bool:
    return not any(house.number(s, f"SELECT count(*) FROM {t}") for s in SERVICES for t in ("outbox", "effects"))


def left_over(house: House, ids: list[str]) -> list[str]:
    counts = {f"{s}.{t}": house.number(s, f"SELECT count(*) FROM {t}") for s in SERVICES for t in LEFT_OVER}
    armed = "SELECT count(*) FROM timers WHERE subject = ANY(:ids)"
    counts |= {f"{service}.timers": house.number(service, armed, ids=ids) for service in SERVICES}
    return [f"{count} rows are left in {table}" for table, count in counts.items() if count]


def wrong_histories(house: House, ids: list[str]) -> list[str]:
    right = house.number(
        "order",
        """SELECT count(*) FROM saga_instances i
           WHERE flow = 'order' AND instance_id = ANY(:ids) AND state = 'completed'
           AND :path = (SELECT string_agg(h.from_state, ' ' ORDER BY step) || ' ' || i.state FROM saga_history h
                        WHERE h.flow = 'order' AND h.instance_id = i.instance_id)""",
        ids=ids,
        path=" ".join(PATH),
    )
    return [] if right == len(ids) else [f"{len(ids) - right} of {len(ids)} orders were not completed by their path"]


def wrong_money(house: House, ids: list[str]) -> list[str]:
    booked = house.ask(
        "payment",
        """SELECT coalesce(sum(amount) FILTER (WHERE amount > 0 AND kind = 'charged'), 0), coalesce(sum(amount), 0)
           FROM ledger_entries WHERE reference = ANY(:ids)""",
        ids=ids,
    )[0]
    taken = house.ask(
        "gateway",
        """SELECT coalesce(sum(amount), 0), count(*) FROM charges
           WHERE reference = ANY(:ids) AND declined IS NULL""",
        ids=ids,
    )[0]
    found = [*booked, *taken]
    right = [PRICE * len(ids), 0, PRICE * len(ids), len(ids)]
    return (
        [] if found == right else [f"charged, balance, taken by the gateway and its charges are {found}, not {right}"]
    )
