"""Payment and the sandbox gateway work for a reference that means nothing to them."""

import re
from pathlib import Path

import pytest

import payment_service
import sandbox_gateway

FILES = [
    path
    for package in (payment_service, sandbox_gateway)
    for path in sorted(Path(str(package.__file__)).parent.glob("**/*.py"))
]
FOREIGN = re.compile(r"vip|order(?!_by\b)", re.IGNORECASE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_word_of_their_callers_business_is_in_them(path: Path) -> None:
    found = [
        f"{number}: {line}" for number, line in enumerate(path.read_text().splitlines(), 1) if FOREIGN.search(line)
    ]
    assert found == []
