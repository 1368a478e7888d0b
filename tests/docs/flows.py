"""docs/flows.md, made of the flows as they are built: `python -m tests.docs.flows` writes it anew."""

from pathlib import Path

from minuet.flow_commands import FLOWS
from saga import printing
from saga.flow import Flow

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "flows.md"
HEAD = """\
# The flows

Printed from what was built; `minuet flow table|matrix|diagram` print the same. In a table the upper of two rows that
fit counts; in brackets stands how what is sent is undone. A state `a/b` is a variant: from outside it looks like `a`,
but it leads on differently. `needs_attention/b` is a person's task that remembers where it came from.
"""


def document() -> str:
    return HEAD + "".join(map(chapter, FLOWS.values()))


def chapter(flow: Flow) -> str:
    name = f"the {flow.name} flow, revision {flow.revision}"
    parts = {
        f"{name}: the table": printing.table(flow),
        f"{name}: every pair of state and message": printing.matrix(flow),
        f"{name}: every transition": f"```mermaid\n{printing.diagram(flow)}\n```",
    }
    return "".join(f"\n## {title[0].upper()}{title[1:]}\n\n{text}\n" for title, text in parts.items())


def picture() -> str:
    """The order flow without its human task, as the README shows it."""
    lines = printing.diagram(FLOWS["order"]).splitlines()
    return "\n".join(line for line in lines if "needs_attention" not in line)


if __name__ == "__main__":
    DOCUMENT.write_text(document())
