"""What was refused at the door: kept as it came, so that a person can see what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bus.envelope import Envelope
from bus.storable import storable

REFUSED = "minuet-refused"


@dataclass(frozen=True, slots=True)
class Unreadable(Envelope):
    """An envelope in name alone. Its headers are those that it came with, and why it was refused: so is its redrive."""

    flaw: str = ""
    came_with: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        return {**self.came_with, REFUSED: self.flaw}


def unreadable(message_id: str, headers: Mapping[str, object], body: bytes, flaw: str) -> Unreadable:
    text = {name: value for name, value in headers.items() if isinstance(value, str) and name != REFUSED}
    shown = {name: storable(value) for name, value in text.items()}
    return Unreadable(
        id=message_id,
        type=shown.get("ce-type", "unknown"),
        source=shown.get("ce-source", "unknown"),
        time=shown.get("ce-time", ""),
        subject=shown.get("ce-subject", ""),
        correlation_id=shown.get("ce-correlationid", ""),
        causation_id=shown.get("ce-causationid", ""),
        traceparent=shown.get("traceparent", ""),
        body=body,
        flaw=flaw,
        came_with=text,
    )
