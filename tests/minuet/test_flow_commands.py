"""`minuet flow`: every flow can be printed."""

import pytest
from typer.testing import CliRunner

from minuet.flow_commands import FLOWS, app

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
