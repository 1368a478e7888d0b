"""The network between the payment service and the card gateway."""

import asyncio
import contextvars

import httpx

from minuet.simulation.faults import Faults
from minuet.simulation.replica import RUNNING_IN

SLOW_SECONDS = 5.0  # longer than the payment service waits
LATEST_SECONDS = 3.4  # for a request to arrive: soon after its caller has given up, if at all
UNREACHABLE_SECONDS = 2.4  # until that is noticed: a moment sooner than its caller gives up
STILL_SECONDS = 20.0  # longer than any lease of a call
PLACE = "gateway"


class Network(httpx.AsyncBaseTransport):
    """Once a request has arrived the gateway works on it, whether its caller still waits or not."""

    def __init__(self, gateway: httpx.AsyncBaseTransport, outside: contextvars.Context) -> None:
        self.faults: Faults | None = None  # of the present world
        self.waiting = 0  # callers
        self.slow_to_tell = False  # in some worlds questions take long, too
        self._gateway = gateway
        self._outside = outside

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.waiting += 1
        try:
            return await self._answer(request)
        finally:
            self.waiting -= 1
            self._hold_up_caller()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if (hard := self._strike("gateway-unreachable")) is not None:
            await asyncio.sleep(hard * UNREACHABLE_SECONDS)
            raise httpx.ConnectError("nobody is there", request=request)
        if (hard := self._strike("gateway-request-lost")) is not None:
            await asyncio.sleep(hard * UNREACHABLE_SECONDS)
            raise httpx.ReadError("the connection broke", request=request)
        slow = self._strike("gateway-slow") if self.slow_to_tell or request.method == "POST" else None
        late = 0.0 if slow is None else LATEST_SECONDS * slow**0.2
        arrived = self._outside.run(asyncio.get_running_loop().create_task, self._arrive(request, late))
        response = await asyncio.shield(arrived)
        if slow is not None:
            await asyncio.sleep(SLOW_SECONDS - late)
        if self._strike("gateway-answer-lost") is not None:
            raise httpx.ReadError("the connection broke", request=request)
        return response

    def _hold_up_caller(self) -> None:
        replica, hard = RUNNING_IN.get(), self._strike("caller-stands-still")
        if replica is not None and hard is not None:
            replica.stand_still(STILL_SECONDS * hard)

    async def _arrive(self, request: httpx.Request, late: float) -> httpx.Response:
        await asyncio.sleep(late)
        return await self._gateway.handle_async_request(request)

    def _strike(self, kind: str) -> float | None:
        return None if self.faults is None else self.faults.strike(kind, PLACE)
