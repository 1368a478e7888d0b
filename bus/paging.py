"""Long lists in pages. An entry stands in its list by a moment and its id; the cursor names the last one seen."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bus.errors import Refused


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry stands: business time as a datetime or machine time as seconds; then its id."""

    at: Any
    id: str


Entry = tuple[Place, dict[str, Any]]


def beyond(at: sa.Column[Any], entry_id: sa.Column[Any], after: Place | None) -> sa.ColumnElement[bool]:
    """The condition for what stands further on in the list."""
    if after is None:
        return sa.true()
    return sa.tuple_(at, entry_id) > sa.tuple_(sa.literal(after.at, at.type), sa.literal(after.id))


def page(entries: Iterable[Entry], limit: int) -> dict[str, Any]:
    """The first `limit` of entries that may come from several lists, each read one further than `limit`."""
    ranked = sorted(entries, key=lambda entry: entry[0])
    more = len(ranked) > limit
    return {"items": [item for _, item in ranked[:limit]], "next": cursor(ranked[limit - 1][0]) if more else None}


def cursor(place: Place) -> str:
    at = place.at.isoformat() if isinstance(place.at, datetime) else place.at
    return base64.urlsafe_b64encode(json.dumps([at, place.id]).encode()).decode()


def place(after: str | None, moment: Callable[[Any], Any]) -> Place | None:
    """Read a cursor. Raises Refused if we did not make it."""
    if after is None:
        return None
    try:
        at, entry_id = json.loads(base64.urlsafe_b64decode(after.encode()))
        return Place(moment(at), str(UUID(entry_id)))
    except (binascii.Error, AttributeError, OverflowError, RecursionError, TypeError, ValueError):
        raise Refused("`after` is not a cursor of this list: give the `next` of an earlier page") from None


def business_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


machine_time = float
