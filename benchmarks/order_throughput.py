"""Card orders from PlaceOrder to OrderCompleted: four service processes on RabbitMQ and PostgreSQL.

    .venv/bin/python benchmarks/order_throughput.py --orders 4000 --concurrency 500             # saturation
    .venv/bin/python benchmarks/order_throughput.py --orders 300 --concurrency 500 --rate 20    # latency at low load

Prints one JSON line; nothing but an error if stock, ledger, history or outboxes are wrong afterwards.
"""

import argparse
import json
import sys
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.checking import Wrong, check, nothing_waits
from benchmarks.house import House, house
from benchmarks.load import SKU, measure, percentile
from benchmarks.servers import servers


def figures(built: House, orders: int, concurrency: int, rate: float | None) -> dict[str, float]:
    """Raises Wrong, TimeoutError."""
    built.sell(orders)
    shipped = built.number("inventory", "SELECT shipped FROM stock WHERE sku = :sku", sku=SKU)
    before = built.usage()
    seconds, load = uvloop.run(measure(built.servers.amqp_url, orders, concurrency, rate))
    after = built.usage()
    built.settle(lambda: nothing_waits(built), "outboxes and effects to be empty")
    check(built, load.order_ids, shipped)
    return {
        "orders_per_s": round(orders / seconds, 1),
        "p50_ms": round(percentile(load.latencies, 50) * 1000, 1),
        "p99_ms": round(percentile(load.latencies, 99) * 1000, 1),
        "cpu_s_per_order": round((after.cpu_seconds - before.cpu_seconds) / orders, 5),
        "rss_mb": round(after.resident_bytes / 2**20, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=4000, help="how many are placed")
    parser.add_argument("--concurrency", type=int, default=500, help="how many are under way at most")
    parser.add_argument("--rate", type=float, help="how many are placed a second; default: as fast as they end")
    asked = parser.parse_args()
    if asked.orders < 1 or asked.concurrency < 1 or (asked.rate is not None and asked.rate <= 0):
        parser.error("--orders, --concurrency and --rate must be more than zero")
    try:
        with servers() as found, house(found) as built:
            print(json.dumps(figures(built, asked.orders, asked.concurrency, asked.rate)))
    except (Wrong, LookupError, TimeoutError) as error:
        sys.exit(f"no figures: {error or 'no order has ended for a minute'}")


if __name__ == "__main__":
    main()
