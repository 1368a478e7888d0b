"""What a person reads of a flow, to the letter."""

from pydantic import BaseModel

from bus.message import Command, Event
from saga import printing
from saga.flow import Flow
from saga.row import (
    Row,
    after,
    after_start,
    anything_else,
    contradiction,
    deferred,
    every_undo_confirmed,
    refused,
    stays,
    undo_all,
)
from saga.state import Kind, State
from saga.undo import Undo


class Lamp(BaseModel):
    lamp_id: str


class Press(Event, owner="lamp", key="lamp_id"):
    lamp_id: str


class Darken(Command, owner="lamp", key="lamp_id"):
    lamp_id: str


class Light(Darken):
    pass


class Dark(Press):
    pass


def light(lamp: Lamp) -> Light:
    return Light(lamp_id=lamp.lamp_id)


def by_night(_: Lamp, __: Press) -> bool:
    return True


darken = Undo(Darken, lambda lamp, _: Darken(lamp_id=lamp.lamp_id), Light, Press, refused_by=(), confirmed_by=(Dark,))
start = State("start", kind=Kind.START)
bright, dim = State("on", "bright"), State("on", "dim")
broken = State("broken", kind=Kind.HUMAN)
off = State("off", kind=Kind.END)

lamps = Flow(
    "lamp",
    revision=1,
    data=Lamp,
    begins={Press: lambda press, _: Lamp(lamp_id=press.lamp_id)},
    undos=[darken],
    rows=[
        Row(start, Press, bright, given=by_night, sends=[light], undo=[darken]),
        Row(start, Press, dim),
        Row(start, anything_else, deferred),
        Row(bright, Press, dim, sends=[undo_all]),
        Row(dim, (Press, Dark), stays),
        Row(dim, every_undo_confirmed(), off, sends=[light], pivot=True),
        Row((bright, dim), after("battery", hours=12), broken),
        Row(off, Press, refused("it is off")),
        Row(after_start, anything_else, contradiction),
    ],
)


def test_the_table_has_a_line_a_row() -> None:
    assert printing.table(lamps) == (
        "| while | when | becomes | sends |\n"
        "|---|---|---|---|\n"
        "| start | Press (by night) | on/bright | → Light [Darken] |\n"
        "|  | Press | on/dim |  |\n"
        "|  | anything else | deferred |  |\n"
        "| on/bright | Press | on/dim | → undo all |\n"
        "| on/dim | Press, Dark | stays |  |\n"
        "|  | every undo confirmed | off | every undo dropped; → Light |\n"
        "| on/bright, on/dim | battery: 12:00:00 | broken |  |\n"
        "| off | Press | refused: it is off |  |\n"
        "| any state after start | anything else | contradiction |  |"
    )


def test_the_matrix_has_a_line_a_state_and_a_column_a_message() -> None:
    assert printing.matrix(lamps) == (
        "| while | Press | Dark |\n"
        "| --- | --- | --- |\n"
        "| start | by night: on/bright; on/dim | deferred |\n"
        "| on/bright | on/dim | contradiction |\n"
        "| on/dim | stays | stays |\n"
        "| off | refused | contradiction |\n"
        "| broken/on/bright | broken/on/dim | contradiction |\n"
        "| broken/on/dim | stays | stays |"
    )


def test_the_diagram_has_an_arrow_a_transition() -> None:
    assert printing.diagram(lamps) == (
        "stateDiagram-v2\n"
        "    [*] --> start\n"
        '    state "on/bright" as on__bright\n'
        '    state "on/dim" as on__dim\n'
        '    state "broken/on/bright" as broken__on__bright\n'
        '    state "broken/on/dim" as broken__on__dim\n'
        "    start --> on__bright: Press → Light [Darken]\n"
        "    start --> on__dim: Press\n"
        "    on__bright --> on__dim: Press → undo all\n"
        "    on__bright --> broken__on__bright: battery 12:00:00\n"
        "    on__dim --> off: every undo confirmed\n"
        "    on__dim --> broken__on__dim: battery 12:00:00\n"
        "    broken__on__bright --> broken__on__dim: Press → undo all\n"
        "    broken__on__dim --> off: every undo confirmed\n"
        "    off --> [*]"
    )
