"""The service on a host: what it does by itself, in machine time."""

import asyncio
import json
from uuid import uuid4

import pytest

from bus import host
from bus.activity import Activity
from bus.host import Host
from bus.transport import Binding
from bus.transports.memory import MemoryTransport
from tests.service_bench import ServiceBench
from tests.shipping_service.words import CANCELLED, cancel, change_mode, claim, lease_runs_out, ship

DEADLINE_SECONDS = 10.0


async def test_a_lease_that_runs_out_is_noticed_though_nobody_says_anything(
    bench: ServiceBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "POLL_SECONDS", 0.01)
    change_mode(bench, "pull")
    bench.tell(ship())
    claim(bench)
    bench.tell(cancel())
    transport = MemoryTransport()
    await transport.declare("test", [Binding(CANCELLED, command=False)])
    running = Host(bench.service, bench.database, transport, bench.clock, uuid4, Activity())
    await running.declare()
    await running.start()
    lease_runs_out(bench)
    [heard] = await asyncio.wait_for(transport.receive("test", 10), DEADLINE_SECONDS)
    await running.stop()
    assert json.loads(heard.body) == {"reference": "r-1"}
    assert heard.headers["ce-correlationid"] == "r-1"
