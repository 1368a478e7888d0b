"""The gateway for callers in its own process: the same paths and answers as over HTTP, without HTTP in between."""

from typing import Any
from urllib.parse import unquote

import httpx
from pydantic import ValidationError

from bus import problems
from bus.errors import Refused, Unavailable
from sandbox_gateway.ledger import AnswerLost, Unreachable
from sandbox_gateway.requests import ChargeRequest, RefundRequest
from sandbox_gateway.sandbox import Sandbox, trouble

CHARGES = "/gateway/charges"


class Nearby:
    """As much of an HTTP client as the gateway's callers use."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def request(self, method: str, path: str, *, json: Any = None, **_: float) -> httpx.Response:
        """Nobody is far away here: a timeout is of no use."""
        try:
            return httpx.Response(200, json=await self._answer(method, path, json))
        except Refused as refused:
            answer = problems.problem(refused.status, str(refused))
        except ValidationError as error:
            answer = problems.problem(422, str(error))
        except (Unreachable, AnswerLost, Unavailable) as error:
            answer = trouble(error)
        return httpx.Response(answer.status_code, content=bytes(answer.body))

    async def _answer(self, method: str, path: str, body: Any) -> dict[str, Any]:
        match method, path:
            case "POST", "/gateway/charges":
                return await self._sandbox.charge(ChargeRequest.model_validate(body))
            case "POST", "/gateway/refunds":
                return await self._sandbox.refund(RefundRequest.model_validate(body))
            case "GET", _ if path.startswith(f"{CHARGES}/"):
                return await self._sandbox.ask(unquote(path.removeprefix(f"{CHARGES}/")))
        raise Refused(f"there is nothing to {method} at {path}", 404)
