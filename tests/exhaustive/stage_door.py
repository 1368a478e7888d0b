"""How the demo's people reach simulated services: over HTTP, and they ask again until somebody answers."""

import asyncio

import httpx

from minuet.simulation.world import World

AGAIN_SECONDS = 1.0


class StageDoor(httpx.AsyncBaseTransport):
    """The host of a request's URL is the service that it is for."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Who asks again may hear that it was done already: his first question was heard, and its answer lost."""
        tries = 1
        while (answer := await self._ask(request)) is None or answer.status_code == 503:
            tries += 1
            await asyncio.sleep(AGAIN_SECONDS)
        if tries > 1 and answer.status_code == 409:
            return httpx.Response(200, json={}, request=request)
        return answer

    async def _ask(self, request: httpx.Request) -> httpx.Response | None:
        """None: nobody was there, or who was there has died."""
        replicas = self._world.alive(request.url.host)
        if not replicas:
            return None
        client = self._world.stage.http[request.url.host]
        path, body = request.url.raw_path.decode(), request.content
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        asking = replicas[0].run(client.request(request.method, path, content=body, headers=headers))
        try:
            answer = await asking
        except asyncio.CancelledError:
            if asking.cancelled():
                return None
            raise
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content, request=request)
