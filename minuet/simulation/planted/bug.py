"""A bug that can be planted."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any


@dataclass(frozen=True)
class Bug:
    """`plant` puts it into the running code, until it is left."""

    name: str
    what: str
    plant: Callable[[], AbstractContextManager[None]]


def bug(plant: Callable[[], AbstractContextManager[None]]) -> Bug:
    """Named after the function, described by its docstring."""
    return Bug(plant.__name__.replace("_", "-"), plant.__doc__ or "", plant)


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """The attribute is another meanwhile. It must exist: a bug in what is gone would never be caught."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def rewritten(function: Any, other: Callable[..., Any]) -> Iterator[None]:
    """Whoever refers to the function already, a flow's table for one, does what `other` does: which is given the
    original before the arguments.
    """
    code, keywords = function.__code__, function.__kwdefaults__
    original = FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    original.__kwdefaults__ = keywords
    function.__code__, function.__kwdefaults__ = instead.__code__, {"other": partial(other, original)}
    try:
        yield
    finally:
        function.__code__, function.__kwdefaults__ = code, keywords


@contextmanager
def both(one: AbstractContextManager[None], other: AbstractContextManager[None]) -> Iterator[None]:
    with one, other:
        yield


def instead(*arguments: Any, other: Callable[..., Any], **named: Any) -> Any:
    return other(*arguments, **named)
