"""What arrived and is not a CloudEvent: kept as it came, so that a person can see what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bus.envelope import Envelope
from bus.storable import storable


@dataclass(frozen=True, slots=True)
class Unreadable(Envelope):
    """An envelope in name alone. Its headers are those that it came with, so a redrive reads the same again."""

    flaw: str = ""
    came_with: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        return dict(self.came_with)


def unreadable(message_id: str, headers: Mapping[str, object], body: bytes, flaw: str) -> Unreadable:
    text = {storable(name): storable(value) for name, value in headers.items() if isinstance(value, str)}
    return Unreadable(
        id=message_id,
        type=text.get("ce-type", "unknown"),
        source=text.get("ce-source", "unknown"),
        time=text.get("ce-time", ""),
        subject=text.get("ce-subject", ""),
        correlation_id=text.get("ce-correlationid", ""),
        causation_id=text.get("ce-causationid", ""),
        traceparent=text.get("traceparent", ""),
        body=body,
        flaw=flaw,
        came_with=text,
    )
