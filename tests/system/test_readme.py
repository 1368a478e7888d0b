"""Every command that the README gives is run."""

import re
from pathlib import Path

from tests.system.running import Running, running

README = Path(__file__).parents[2] / "README.md"
RUN_BY_OTHERS = {"make demo", "make test", "make up", "make check"}  # test_demo, this run, `running`, CI


def commands() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [line.partition("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_the_commands_of_the_readme_work_on_a_running_system(tmp_path: Path) -> None:
    """In the order in which they are written, on a fresh folder."""
    with running(tmp_path) as system:
        for command in commands():
            if command not in RUN_BY_OTHERS:
                run(system, command)
        assert "c-1" in system.minuet("order", "list")


def run(system: Running, command: str) -> None:
    words = command.split()
    assert words[0] == ".venv/bin/minuet", f"a command that no test runs: {command}"
    system.minuet(*words[1:])


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (README.parent / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z-]+)", README.read_text()):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"README names `make {target}`"
