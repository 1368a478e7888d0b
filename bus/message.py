"""Typed messages, and the one fact that services share about them: the wire name."""

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


def kebab_case(class_name: str) -> str:
    """`PaymentReceived` → `payment-received`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", class_name).lower()


class Message(BaseModel):
    """A fact or a wish, as JSON on the wire. Unknown fields are ignored, so that writers may add some.

    Class keywords, inherited by subclasses:
        owner    who obeys the command or emits the event
        key      the field that names the business object, e.g. "reference"; it becomes the CloudEvents subject
        version  the n of the wire name's `.v<n>`
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    owner: ClassVar[str] = ""
    key: ClassVar[str] = ""
    version: ClassVar[int] = 1
    wire_name: ClassVar[str] = ""

    def __init_subclass__(
        cls, *, owner: str | None = None, key: str | None = None, version: int | None = None, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.owner = owner or cls.owner
        cls.key = key or cls.key
        cls.version = version or cls.version
        cls.wire_name = f"{cls.owner}.{kebab_case(cls.__name__)}.v{cls.version}"

    @property
    def subject(self) -> str:
        """The business object that this message is about, e.g. the payment's reference."""
        return str(getattr(self, self.key))


class Command(Message):
    """A wish, owned by the service that obeys it. Exactly one service consumes it."""


class Event(Message):
    """A fact, owned by the service that emits it. Any number of services consume it, also none."""


class Effect(Message):
    """An intent to call the outside world. Committed first, then performed at least once, outside any transaction.

    `again` is set for whoever performs it if somebody else may have done so before, or may be doing so: a process that
    was killed, or one that took too long. That nobody answers is then no proof that nothing was done.
    """

    again: bool = Field(default=False, exclude=True)


class Local(Message):
    """What a service tells itself: the outcome of an effect, a timer that went off. It never leaves the service."""
