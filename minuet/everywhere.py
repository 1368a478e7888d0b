"""One port for several services: lists of all of them, and the service that an id belongs to."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, TypeVar

import sqlalchemy as sa
from fastapi import Body, Path, Query

from bus.audit import Instruction
from bus.host import Host
from bus.paging import Entry
from bus.service import Service

T = TypeVar("T")

Id = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]*$")]
Text = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[str | None, Query(max_length=500)]
By = Annotated[Instruction | None, Body()]


def read(host: Host, view: Callable[[sa.Connection, Service], T]) -> T:
    with host.database.reading() as connection:
        return view(connection, host.service)


def read_all(hosts: Sequence[Host], view: Callable[[sa.Connection, Service], Iterable[Entry]]) -> list[Entry]:
    return [entry for host in hosts for entry in read(host, view)]


def owner(hosts: Sequence[Host], knows: Callable[[sa.Connection, Service], bool]) -> Host:
    """The host whose service knows what is looked for. If none does, any may say so."""
    return next((host for host in hosts if len(hosts) == 1 or read(host, knows)), hosts[0])
