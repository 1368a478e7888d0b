"""Does an order cost more, the more orders there have been, or the more are asleep?

    .venv/bin/python benchmarks/growth.py --few 10000 --many 200000 --asleep 100000 --pairs 3

Three sets of databases on the same servers: one after few finished orders, one after many, one with orders asleep in
clearing. One order of each kind goes through the services; the others are copies of all its rows in all databases, with
other ids. Then come alternating runs of `order_throughput.py`. Prints the medians of the ratios of orders a second.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import md5
from itertools import islice
from pathlib import Path
from statistics import median
from uuid import UUID

import sqlalchemy as sa
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.against_yardstick import OURS, Figures, run
from benchmarks.checking import nothing_waits
from benchmarks.house import SERVICES, House, house
from benchmarks.load import measure
from benchmarks.servers import Servers, own_databases, private_broker, private_databases
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ONE_EACH = ("alembic_version", "customers", "catalogue", "stock", "receipts", "carrier")  # not an order's own
AT_ONCE = 5000


@dataclass(frozen=True)
class Kind:
    card_token: str
    until: str  # the event that says that it is so


FINISHED = Kind("tok_ok", "order.order-completed.v1")
ASLEEP = Kind("tok_declined", "payment.payment-in-clearing.v1")


def filled(broker: RabbitMQ, server: PostgreSQL, name: str, orders: int, kind: Kind) -> Servers:
    """Databases with so many orders of this kind, and nothing else."""
    place = Servers(broker.virtual_host(name), own_databases(server, name))
    with house(place) as built:
        built.sell(1)
        uvloop.run(measure(place.amqp_url, 1, 1, card_token=kind.card_token, until=kind.until))
        built.settle(lambda: nothing_waits(built) and in_clearing_is_known(built, kind), "the first order to be done")
    for service in (*SERVICES, "gateway"):
        engine = sa.create_engine(place.database_of(service), isolation_level="AUTOCOMMIT")
        for table in set(sa.inspect(engine).get_table_names()) - set(ONE_EACH):
            copy(engine, table, orders - 1)
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")  # its writing would fall into the first runs
        engine.dispose()
    print(f"{name}: {orders} orders", file=sys.stderr)
    return place


def in_clearing_is_known(built: House, kind: Kind) -> bool:
    """The order has heard of it, too."""
    heard = built.number("order", "SELECT count(*) FROM saga_history WHERE because = 'PaymentInClearing'")
    return kind is FINISHED or heard == 1


def copy(engine: sa.Engine, table: str, copies: int) -> None:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT row_to_json(t)::text FROM {table} t").scalars().all()
        numbered = (renamed(row, number) for number in range(copies) for row in rows)
        for some in in_portions(numbered):
            rows_as_json = f"[{','.join(some)}]"
            connection.exec_driver_sql(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, CAST(%s AS json))",
                (rows_as_json,),
            )


def renamed(row: str, number: int) -> str:
    """The same id becomes the same other id in every table of every database."""
    return UUIDS.sub(lambda found: str(UUID(md5(f"{found[0]} {number}".encode()).hexdigest())), row)


def in_portions(rows: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(rows)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


def ratio(runs: Sequence[Figures], base: Sequence[Figures]) -> float:
    return round(median(a["orders_per_s"] / b["orders_per_s"] for a, b in zip(runs, base, strict=True)), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--asleep", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--orders", type=int, default=2000, help="in each run")
    parser.add_argument("--concurrency", type=int, default=500)
    asked = parser.parse_args()
    words = ["--orders", str(asked.orders), "--concurrency", str(asked.concurrency)]
    with private_broker() as broker, private_databases() as server:
        places = {
            "few": filled(broker, server, "few", asked.few, FINISHED),
            "many": filled(broker, server, "many", asked.many, FINISHED),
            "asleep": filled(broker, server, "asleep", asked.asleep, ASLEEP),
        }
        runs: dict[str, list[Figures]] = {name: [] for name in places}
        for _ in range(asked.pairs):
            for name, place in places.items():
                runs[name].append(run(OURS, words, place.environment()))
                print(json.dumps({name: runs[name][-1]}), flush=True)
    ratios = {name: ratio(runs[name], runs["few"]) for name in ("many", "asleep")}
    print(json.dumps({"orders_per_s, compared with few: median of pairs": ratios}))


if __name__ == "__main__":
    main()
