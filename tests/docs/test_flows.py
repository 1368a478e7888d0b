"""What the documents show of the flows is what was built."""

import re

from tests.docs.flows import DOCUMENT, ROOT, document, picture


def test_the_document_of_the_flows_is_current() -> None:
    assert DOCUMENT.read_text() == document(), "write it anew: .venv/bin/python -m tests.docs.flows"


def test_the_picture_in_the_readme_is_current() -> None:
    readme = (ROOT / "README.md").read_text()
    assert re.findall(r"^```mermaid\n(.*?)\n```", readme, flags=re.MULTILINE | re.DOTALL) == [picture()]
