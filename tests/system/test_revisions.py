"""A flow is changed while orders are under way, as docs/changing-a-flow.md says, by processes of two versions."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.system.running import MINUET, Running, running

ROOT = Path(__file__).parents[2]
SECOND_VERSION = [sys.executable, "-m", "tests.system.second_version"]


def commands() -> list[list[str]]:
    text = (ROOT / "docs" / "changing-a-flow.md").read_text()
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for language, block in fenced if not language for line in block.splitlines()]
    return [shlex.split(line.removeprefix(".venv/bin/minuet ")) for line in lines]


def refused_to_start(system: Running, *names: str) -> str:
    """Start it, or these services alone, and see it end. Returns what it said."""
    command = [*system.program, "up", "--port", str(system.port), *names]
    done = subprocess.run(
        command, cwd=system.folder, env=system.environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stderr + done.stdout
    return done.stderr


def test_orders_are_migrated_by_the_version_that_knows_both_revisions(tmp_path: Path) -> None:
    """Before it, the version before goes on; after it, that one is refused, and nothing is lost."""
    with running(tmp_path, environment={"PYTHONPATH": str(ROOT)}) as system:
        system.minuet("seed")
        waits_for_clearing = {"method": "card", "token": "tok_declined"}
        order_id = system.place("k-1", "c-1", {"TEAPOT": 1}, waits_for_clearing)["order_id"]
        deadline = system.get(f"/orders/{order_id}")["deadlines"]
        assert "0 would be migrated" in system.minuet("flow", "migrate", "--dry-run")
        system.stop()

        system.program = SECOND_VERSION
        system.start()
        dry_run, migrate = commands()
        line = f"order {order_id}: awaiting_payment of revision 1 → awaiting_money of revision 2"
        assert line in system.minuet(*dry_run)
        assert system.get(f"/orders/{order_id}")["revision"] == 1
        assert "1 migrated, 0 stay, 0 refused" in system.minuet(*migrate)
        assert "0 migrated" in system.minuet(*migrate)
        order = system.get(f"/orders/{order_id}")
        assert (order["revision"], order["state"], order["deadlines"]) == (2, "awaiting_money", deadline)
        (action,) = system.get("/audit", target=order_id)["items"]
        assert (action["action"], action["reason"]) == ("flow.migrate", "goods are collected now")
        assert [item["order_id"] for item in system.get("/orders", state="awaiting_money")["items"]] == [order_id]
        system.stop()

        system.program = MINUET
        for names in ((), ("order",)):
            said = refused_to_start(system, *names)
            assert "revision 2 of the flow order is unknown to this version, which knows 1, and 1 instance" in said
            assert "start a version that knows revision 2, which is a newer one" in said

        system.program = SECOND_VERSION
        system.start()
        assert system.get(f"/orders/{order_id}") == order
