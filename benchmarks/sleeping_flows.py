"""Orders that wait for the call centre, asleep on their deadlines: what they cost, and how fast deadlines fire.

    .venv/bin/python benchmarks/sleeping_flows.py 10000 --due 2000

A sleeping order is two flows: the order itself, and its payment in clearing. Prints one JSON line: how fast they fell
asleep, bytes on disk and in the memory of all processes for each, the processor time of everything while all sleep (and
while none did), and how many deadlines fire a second once they are due.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.checking import Wrong, nothing_waits
from benchmarks.house import House, house, seconds_until
from benchmarks.load import measure
from benchmarks.servers import servers

DATABASES = ("order", "payment", "gateway")
IDLE_SECONDS = 10.0


def figures(built: House, flows: int, due: int) -> dict[str, float]:
    """Raises Wrong, TimeoutError."""
    built.sell(0)
    others = asleep(built)
    idle_before = idle_cost(built)
    disk_before, memory_before = disk(built), built.usage().resident_bytes
    falling = uvloop.run(
        measure(
            built.servers.amqp_url,
            flows,
            concurrency=500,
            card_token="tok_declined",
            until="payment.payment-in-clearing.v1",
        )
    )[0]
    built.settle(lambda: nothing_waits(built) and asleep(built) == others + flows, "all to be asleep")
    disk_after, memory_after = disk(built), built.usage().resident_bytes
    idle_after = idle_cost(built)
    firing = fire(built, due)
    return {
        "flows": flows,
        "asleep_per_s": round(flows / falling, 1),
        "disk_bytes_per_flow": round((disk_after - disk_before) / flows),
        "memory_bytes_per_flow": round((memory_after - memory_before) / flows),
        "idle_cpu_with_none": round(idle_before, 4),
        "idle_cpu_with_all": round(idle_after, 4),
        "deadlines_per_s": round(due / firing, 1),
    }


def asleep(built: House) -> int:
    return built.number("order", "SELECT count(*) FROM saga_instances WHERE data ->> 'in_clearing' = 'true'")


def disk(built: House) -> int:
    """Tables and indexes, without what is free to be used again."""
    for service in DATABASES:
        built.ask(service, "VACUUM")
    return sum(built.number(service, "SELECT pg_database_size(current_database())") for service in DATABASES)


def idle_cost(built: House) -> float:
    """Processor seconds a second, of everything, while nothing happens."""
    before, began = built.usage().cpu_seconds, time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (built.usage().cpu_seconds - before) / (time.perf_counter() - began)


def fire(built: House, due: int) -> float:
    """Seconds until so many escalations, which are due at once, have gone off. Raises Wrong if another number did."""
    escalated = "SELECT count(*) FROM clearing_cases WHERE escalated_at IS NOT NULL"
    built.ask(
        "payment",
        """UPDATE timers SET due_at = now() WHERE timer_id IN
           (SELECT timer_id FROM timers WHERE name = 'escalation' ORDER BY due_at LIMIT :due)""",
        due=due,
    )
    seconds = seconds_until(lambda: built.number("payment", escalated) >= due, "the deadlines to fire")
    if built.number("payment", escalated) != due:
        raise Wrong("more cases were escalated than were due")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flows", type=int, help="how many orders fall asleep")
    parser.add_argument("--due", type=int, help="how many deadlines fire; default: all")
    asked = parser.parse_args()
    due = asked.flows if asked.due is None else asked.due
    if not 1 <= due <= asked.flows:
        parser.error("flows must be more than zero, and --due at most as many")
    try:
        with servers() as found, house(found) as built:
            print(json.dumps(figures(built, asked.flows, due)))
    except (Wrong, LookupError, TimeoutError) as error:
        sys.exit(f"no figures: {error or 'no order has fallen asleep for a minute'}")


if __name__ == "__main__":
    main()
