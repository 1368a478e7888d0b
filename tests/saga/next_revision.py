"""The next revision of a flow: the same table, with some states under other names, and some rows more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from saga.flow import Flow
from saga.replacing import Replaces
from saga.row import Decision, Row
from saga.state import State

Names = Mapping[State, State]


def next_revision(
    flow: Flow,
    names: Names,
    *,
    first: Sequence[Row] = (),
    rows: Sequence[Row] | None = None,
    states: Mapping[State, State | Decision] | None = None,
    data: type[BaseModel] | None = None,
    **more: Any,
) -> Flow:
    """`first`: rows that are asked before the others; `rows`: the others, if they are not all that there were.

    `states`: the mapping, if it is not that of the names.
    """
    mapping = names if states is None else states
    described: dict[str, Any] = {"begins": flow.begins, "undos": flow.undos, "data": data or flow.data, **more}
    table = [*first, *(renamed(row, names) for row in (flow.rows if rows is None else rows))]
    return Flow(flow.name, revision=flow.revision + 1, rows=table, replaces=Replaces(flow, mapping), **described)


def renamed(row: Row, names: Names) -> Row:
    becomes = called(row.becomes, names) if isinstance(row.becomes, State) else row.becomes
    match row.state:
        case State() as state:
            return replace(row, state=called(state, names), becomes=becomes)
        case tuple() as states:
            return replace(row, state=tuple(called(state, names) for state in states), becomes=becomes)
        case _:
            return replace(row, becomes=becomes)


def called(state: State, names: Names) -> State:
    """A human task remembers a state by its name."""
    labels = {old.label: new.label for old, new in names.items()}
    return names.get(state, replace(state, variant=labels.get(state.variant, state.variant)))
