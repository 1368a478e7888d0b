"""Handlers: a message in, messages out."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bus.message import Effect, Local, Message
from bus.unit import Context, Store

M = TypeVar("M", bound=Message)
E = TypeVar("E", bound=Effect)


@dataclass(frozen=True)
class Sweep:
    """What a service must notice by itself in machine time, e.g. that a lease is over: it looks every second or so."""

    is_due: Callable[[sa.Connection, float], bool]  # at a machine time; it costs little, and may be wrong
    run: Callable[[Context], Iterable[Message]]  # like a handler

    def carry_out(self, context: Context) -> None:
        context.send(self.run(context))


@dataclass(frozen=True)
class Handler:
    message: type[Message]
    handle: Callable[[Any, Context], Iterable[Message]]
    loads: tuple[type[Store], ...] = ()


@dataclass(frozen=True)
class Performer:
    effect: type[Effect]
    perform: Callable[[Any], Awaitable[Local]]


def on(message: type[M], handle: Callable[[M, Context], Iterable[Message]], *loads: type[Store]) -> Handler:
    """`handle` answers `message`. `loads` names the stores that it will ask; they prepare themselves in this sequence.

    A handler computes and uses its own database; it never calls the outside world. It returns what is to be said:
    commands and events go to the outbox, effects to the performer.
    """
    return Handler(message, handle, loads)


def perform(effect: type[E], call: Callable[[E], Awaitable[Local]]) -> Performer:
    """`call` carries out `effect` in the outside world and returns what came of it.

    It runs outside any transaction and at least once; the effect carries the idempotency key. What it raises is
    retried with growing pauses, machine time.
    """
    return Performer(effect, call)
