"""Plays the scenarios one after the other on a system of its own."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import structlog
from rich.console import Console

from minuet import seeding
from minuet.demo.outcome import Outcome
from minuet.demo.scenarios import SCENARIOS, Scenario
from minuet.demo.shop import Shop
from minuet.demo.telling import Telling
from minuet.embedded import embedded
from minuet.settings import Settings
from minuet.system import System

DAYS_PER_SECOND = 4


async def play() -> bool:
    """True if every order ended where it should. Nothing outside a temporary folder is touched."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console()
    console.print(
        f"Four services, one process, SQLite. {DAYS_PER_SECOND} days pass in a second, "
        "but none while anything is under way."
    )
    with tempfile.TemporaryDirectory(prefix="minuet-demo-") as folder:
        async with embedded(settings_in(folder)) as system, browser(system) as client:
            shop = Shop(client, lambda _: "", system.clock, system.activity)
            for service, path, body in seeding.puts():
                await shop.put(service, path, body)
            telling = Telling(system.transport, shop, system.services, console)
            await telling.subscribe()
            listening = asyncio.create_task(telling.run())
            wrong = [await play_one(scenario, shop, telling) for scenario in SCENARIOS]
            listening.cancel()
            return await settle(Outcome(shop, console, telling.said), console, [text for text in wrong if text])


async def play_one(scenario: Scenario, shop: Shop, telling: Telling) -> str:
    """Returns what went wrong, or nothing."""
    telling.say(f"\n{scenario.title}", "bold underline")
    try:
        async with shop.acting():
            await scenario.play(shop, scenario.key)
        order_id = shop.order_id(scenario.key)
        await shop.until_state(order_id, "completed", "cancelled", "closed")
        await shop.days_later(0.1)  # the last messages are told before the next order
        await telling.finish(order_id)
    except (TimeoutError, httpx.HTTPStatusError) as error:
        return f"{scenario.title}: {error}"
    return ""


async def settle(outcome: Outcome, console: Console, wrong: list[str]) -> bool:
    console.print()
    if not wrong:
        await outcome.check(SCENARIOS)
    for fault in (*wrong, *outcome.wrong):
        console.print(f"NOT AS EXPECTED  {fault}", style="bold red", highlight=False, markup=False)
    if not wrong and not outcome.wrong:
        console.print("Every order ended where it should, and the books agree.", style="bold green")
        console.print("Next: `make up`, then `.venv/bin/minuet seed` and `.venv/bin/minuet order place --help`.")
    return not wrong and not outcome.wrong


def settings_in(folder: str) -> Settings:
    start = datetime.now(UTC).isoformat()
    return Settings(
        database_url=f"sqlite:///{folder}/{{service}}.db",
        clock=f"accelerated:{DAYS_PER_SECOND * 86400}@{start}",
        gateway_url=None,
        api_token=None,
    )


@asynccontextmanager
async def browser(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(system.app), base_url="http://127.0.0.1") as client:
        yield client
