"""What every transport can do. It speaks batches, so that whatever is under it can be made faster on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from bus.envelope import Envelope


@dataclass(frozen=True)
class Binding:
    """A queue wants the messages of this wire name."""

    wire_name: str
    command: bool

    @property
    def owner(self) -> str:
        return self.wire_name.split(".")[0]


@dataclass(frozen=True)
class Origin:
    """Who published a message, and under which name, where the transport vouches for both."""

    user: str  # of the broker; nothing if the message does not say
    address: str


@dataclass(frozen=True)
class Delivery:
    """Headers and body as they arrived, and the transport's own mark to acknowledge them by."""

    queue: str
    headers: Mapping[str, object]
    body: bytes
    tag: Any
    properties: Mapping[str, str] = field(default_factory=dict)  # what headers say, said again by the transport's means
    flaw: str = ""  # why the transport could not read it
    origin: Origin | None = None


class Transport(Protocol):
    """At-least-once delivery to queues. Nothing here knows what a message means.

    Every method may raise Unavailable. A delivery that is neither acknowledged nor given back, because its consumer
    died, is delivered again within 10 s.
    """

    async def declare(self, queue: str, bindings: Sequence[Binding]) -> None:
        """Make sure that the queue exists and has these bindings. Messages published from now on reach it."""

    async def publish(self, batch: Sequence[Envelope]) -> list[Exception | None]:
        """Returns one verdict a message, in order: None once it is stored in every queue bound to it.

        Unroutable for a command that no queue is bound to. An event that no queue is bound to is fine.
        """

    async def receive(self, queue: str, limit: int) -> list[Delivery]:
        """Waits until something is there; then whatever is there, up to `limit`, in the order it was published."""

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """These are handled for good. An acknowledgement that comes too late is ignored; the message comes again."""

    async def nack(self, deliveries: Sequence[Delivery]) -> None:
        """Give these back at once."""

    async def check(self) -> None:
        """Returns if messages can be sent and received now."""

    async def close(self) -> None: ...


@runtime_checkable
class GivesUp(Transport, Protocol):
    """A transport that does not deliver for ever what is never acknowledged."""

    def dead_queue(self, queue: str) -> str:
        """The queue that it puts such messages into, to be received like any other."""
