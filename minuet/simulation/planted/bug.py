"""A bug that can be planted."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
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
