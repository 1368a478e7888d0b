"""What the page about the simulator says is so."""

import re

from tests.docs.flows import ROOT

PAGE = (ROOT / "docs" / "simulation.md").read_text()


def test_its_commands_are_the_readmes_which_are_run() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^\.venv/bin/minuet .*$", PAGE, flags=re.MULTILINE)
    assert len(commands) == 2
    assert all(re.search(rf"^{re.escape(command)}\s", readme, flags=re.MULTILINE) for command in commands)


def test_it_lists_the_invariants_that_the_oracle_asks_for() -> None:
    listed = re.findall(r"^\| ([SQL]\d) \|", PAGE, flags=re.MULTILINE)
    oracle = ROOT / "minuet" / "simulation" / "oracle"
    source = (oracle / "asking.py").read_text() + (oracle / "watch.py").read_text()
    asked = {name.upper() for name in re.findall(r"\b([sql]\d)_", source)}
    assert set(listed) == asked
    assert listed == sorted(listed, key=lambda name: ("SQL".index(name[0]), name))
