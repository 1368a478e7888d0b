"""The shipping service over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from bus.access import Access
from shipping_service import jobs, views
from shipping_service.messages import Text
from shipping_service.models import mode_of
from shipping_service.shipment import Mode

Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Request(BaseModel):
    """What a client sends. An unknown field is an error here: most likely it is misspelt."""

    model_config = ConfigDict(extra="forbid")


class CarrierIn(Request):
    mode: Mode


class ClaimIn(Request):
    worker: Text
    max: int = Field(ge=1, le=100, strict=True)
    lease_seconds: float = Field(ge=1, le=86_400, strict=True)


class CompletionIn(Request):
    worker: Text
    tracking_number: Text


class FailureIn(Request):
    worker: Text
    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")


def routes(access: Access) -> APIRouter:
    router = APIRouter(tags=["shipping"])

    @router.get("/shipments/{reference}")
    def show_shipment(reference: Key) -> dict[str, Any]:
        with access.read() as connection:
            return views.shipment(connection, reference)

    @router.get("/carrier")
    def show_carrier() -> dict[str, Any]:
        with access.read() as connection:
            return {"mode": mode_of(connection)}

    @router.put("/carrier")
    async def put_carrier(body: CarrierIn) -> dict[str, Any]:
        await access.write(lambda context: jobs.change_mode(body.mode, context))
        return {"mode": body.mode}

    @router.post("/jobs/claims")
    async def post_claim(body: ClaimIn) -> dict[str, Any]:
        claimed = await access.write(lambda context: jobs.claim(body.worker, body.max, body.lease_seconds, context))
        return {"items": [views.job(shipment) for shipment in claimed]}

    @router.post("/jobs/{job_id}/complete")
    async def post_completion(job_id: UUID, body: CompletionIn) -> dict[str, Any]:
        job, worker = str(job_id), body.worker
        done = await access.write(lambda context: jobs.complete(job, worker, body.tracking_number, context))
        return views.standing(done)

    @router.post("/jobs/{job_id}/fail")
    async def post_failure(job_id: UUID, body: FailureIn) -> dict[str, Any]:
        job, worker = str(job_id), body.worker
        done = await access.write(lambda context: jobs.fail(job, worker, body.reason, context))
        return views.standing(done)

    return router
