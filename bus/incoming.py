"""What a service is about to handle, and where it came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from pydantic import ValidationError

from bus.envelope import Envelope
from bus.errors import Poison
from bus.flaws import sentence
from bus.message import Message
from bus.nul import REFUSAL, contains_nul
from bus.service import Service
from bus.unit import Context, UnitOfWork
from bus.unreadable import Unreadable


class Source(Protocol):
    """Where incoming messages come from: the wire, timers, effects, dead letters."""

    presumes: ClassVar[bool]  # `claim` knows how to presume

    def claim(self, unit: UnitOfWork, ids: Sequence[str], *, presuming: bool = False) -> set[str]:
        """Take these messages in the unit's own transaction. Returns those that nobody has taken before.

        `presuming` allows to return all of them, if a Conflict comes of it, when the unit is written, should that be
        wrong: a repeat is rare, and to look first is a statement more.
        """

    def set_aside(self, unit: UnitOfWork, message_id: str) -> bool:
        """The message goes to the dead letters instead of being handled. False if it must not, as it is another's now,
        or was taken back.
        """


@dataclass(eq=False)
class Work:
    """Something to do in a transaction, and afterwards what came of it."""

    envelope: Envelope
    done: bool = field(default=False, init=False)
    result: Any = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)

    def finish(self, result: Any = None) -> None:
        self.done, self.result, self.error = True, result, None

    def fail(self, error: Exception) -> None:
        self.done, self.error = True, error


@dataclass(eq=False)
class Incoming(Work):
    """A message. It is handled at most once: its source is claimed in the same transaction."""

    source: Source
    message: Message | None = None  # None: it could not be decoded, for the reason in `poison`
    poison: Poison | None = None


@dataclass(eq=False)
class Call(Work):
    """A function of the transaction: an HTTP write. Its result goes to the caller."""

    run: Callable[[Context], Any]


def decode(service: Service, envelope: Envelope, source: Source) -> Incoming:
    """Bodies are decoded before the transaction; what cannot be decoded never joins a batch."""
    if isinstance(envelope, Unreadable):
        return Incoming(envelope, source, poison=Poison(envelope.flaw))
    if contains_nul(envelope.body):
        return Incoming(envelope, source, poison=Poison(REFUSAL))
    try:
        message = service.message_class(envelope.type).model_validate_json(envelope.body)
    except Poison as poison:
        return Incoming(envelope, source, poison=poison)
    except Exception as error:  # whatever hostile JSON can raise: ValidationError, RecursionError, ValueError ...
        return Incoming(envelope, source, poison=Poison(f"not a valid {envelope.type}: {what_is_wrong(error)}"))
    return Incoming(envelope, source, message)


def what_is_wrong(error: Exception) -> str:
    """Where and what, for a person."""
    return sentence(error.errors()) if isinstance(error, ValidationError) else str(error)
