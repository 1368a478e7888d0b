"""`minuet flow`: every flow can be printed."""

import pytest
from typer.testing import CliRunner

from minuet.flow_commands import FLOWS, app, line

BEGINS = {"table": "| while | when |", "matrix": "| while | ", "diagram": "stateDiagram-v2"}


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("how", BEGINS)
def test_every_flow_is_printed_in_every_way(how: str, flow: str) -> None:
    printed = CliRunner().invoke(app, [how, flow])
    assert printed.exit_code == 0
    assert printed.stdout.startswith(BEGINS[how])


def test_a_flow_that_is_none_is_told_which_there_are() -> None:
    printed = CliRunner().invoke(app, ["table", "shipping"])
    assert printed.exit_code == 1
    assert "order, payment, invoice" in printed.output


def test_an_earlier_revision_is_printed_if_it_is_known() -> None:
    printed = CliRunner().invoke(app, ["table", "order", "--revision", "1"])
    assert (printed.exit_code, printed.stdout) == (0, CliRunner().invoke(app, ["table"]).stdout)
    unknown = CliRunner().invoke(app, ["table", "order", "--revision", "7"])
    assert unknown.exit_code == 1
    assert "there is no revision 7 of order; there are 1" in unknown.output


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("migrates", "order o-1: waiting of revision 1 → resting of revision 2"),
        ("stays", "order o-1: waiting of revision 1 stays"),
        ("refused", "order o-1: waiting of revision 1 is refused: it has no bags"),
    ],
)
def test_every_fate_is_told_in_one_line(outcome: str, said: str) -> None:
    item = {
        "instance_id": "o-1",
        "from": {"revision": 1, "state": "waiting"},
        "to": {"revision": 2, "state": "resting"},
        "outcome": outcome,
        "refused": "it has no bags",
    }
    assert line("order", item) == said
