"""An outside party that answers as a test wants, and all the ways in which it does not."""

from collections.abc import Callable
from urllib.parse import unquote

import httpx

from payment_service.gateway import Gateway

Answer = Callable[[httpx.Request], httpx.Response]


def answers(status: int, body: object = None) -> Answer:
    return lambda _: httpx.Response(status, json=body)


def fails(error: type[httpx.TransportError]) -> Answer:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("as the test wants it", request=request)

    return fail


def no_such_charge(request: httpx.Request) -> httpx.Response:
    """As the gateway says it, of the key that was asked for."""
    key = unquote(request.url.raw_path.decode().rpartition("/")[2])
    return httpx.Response(404, json={"detail": f"there is no charge {key!r}"})


class Wire:
    """An outside party that answers charges, refunds and questions as a test wants, and counts them."""

    def __init__(self, post: Answer, ask: Answer | None = None) -> None:
        self.calls: list[str] = []
        self._post, self._ask = post, ask or no_such_charge

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.raw_path.decode()}")
        return self._post(request) if request.method == "POST" else self._ask(request)

    def gateway(self) -> Gateway:
        return Gateway(httpx.AsyncClient(transport=httpx.MockTransport(self), base_url="http://gateway"))


NOT_PROCESSED = {
    "503": answers(503),
    "connection refused": fails(httpx.ConnectError),
    "no connection in time": fails(httpx.ConnectTimeout),
}
UNKNOWN = {
    "504": answers(504),
    "500": answers(500),
    "502": answers(502),
    "redirect": answers(302),
    "not an answer": answers(200, {"status": "maybe"}),
    "not JSON": lambda _: httpx.Response(200, text="<html>"),
    "no answer in time": fails(httpx.ReadTimeout),
    "broken while sending": fails(httpx.WriteError),
    "broken while answering": fails(httpx.ReadError),
    "closed without an answer": fails(httpx.RemoteProtocolError),
}
NOT_ITS_WORD = {
    "nothing is there": answers(404, {"detail": "Not Found"}),
    "a proxy's": lambda _: httpx.Response(404, text="<html>"),
    "of another charge": answers(404, {"detail": "there is no charge 'r-2/1/1'"}),
}
