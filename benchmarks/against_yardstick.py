"""Next to a bare prototype of the same journey, in alternating runs on the same servers.

    .venv/bin/python benchmarks/against_yardstick.py PATH/yardstick.py --pairs 3

The prototype is a program that takes AMQP, DSN and FULL=1 from the environment and --orders, --concurrency, --rate, and
prints a JSON line. It has a virtual host and a database of its own. Whatever it needs besides minuet's dependencies is
found as PYTHONPATH says. Prints each run, then the medians of the ratios: the machine's speed cancels out.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.servers import own_databases, private_broker, private_databases
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ

OURS = Path(__file__).with_name("order_throughput.py")
Figures = Mapping[str, float]


def run(program: Path, words: Sequence[str], environment: Mapping[str, str]) -> Figures:
    """Raises RuntimeError with what it said, if it printed no figures."""
    done = subprocess.run(
        [sys.executable, str(program), *words], env={**os.environ, **environment}, capture_output=True, text=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"{program.name} failed with code {done.returncode}:\n{done.stdout}{done.stderr[-2000:]}")
    figures: Figures = json.loads(lines[-1])
    return figures


def pair(broker: RabbitMQ, server: PostgreSQL, yardstick: Path, words: Sequence[str], name: str) -> list[Figures]:
    """Ours, then theirs, each on an empty virtual host and empty databases."""
    ours = {
        "MINUET_AMQP_URL": broker.virtual_host(f"ours-{name}"),
        "MINUET_DATABASE_URL": own_databases(server, f"ours_{name}"),
    }
    theirs = {
        "AMQP": broker.virtual_host(f"theirs-{name}"),
        "DSN": server.create_database(f"theirs_{name}"),
        "FULL": "1",
    }
    both = [run(OURS, words, ours), run(yardstick, words, theirs)]
    print(json.dumps({"words": " ".join(words), "minuet": both[0], "yardstick": both[1]}), flush=True)
    return both


def ratio(pairs: Sequence[Sequence[Figures]], figure: str) -> float:
    return round(median(ours[figure] / theirs[figure] for ours, theirs in pairs), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("yardstick", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--orders", type=int, default=4000, help="at saturation")
    parser.add_argument("--concurrency", type=int, default=500)
    parser.add_argument("--calm-orders", type=int, default=300, help="at 20 orders a second")
    asked = parser.parse_args()
    saturated = ["--orders", str(asked.orders), "--concurrency", str(asked.concurrency)]
    calm = ["--orders", str(asked.calm_orders), "--concurrency", str(asked.concurrency), "--rate", "20"]
    with private_broker() as broker, private_databases() as server:
        busy = [pair(broker, server, asked.yardstick, saturated, f"busy_{n}") for n in range(asked.pairs)]
        idle = [pair(broker, server, asked.yardstick, calm, f"calm_{n}") for n in range(asked.pairs)]
    ratios = {"orders_per_s": ratio(busy, "orders_per_s"), "p50_ms_at_20_a_second": ratio(idle, "p50_ms")}
    print(json.dumps({"minuet / yardstick, median of pairs": ratios}))


if __name__ == "__main__":
    main()
