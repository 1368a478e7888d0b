"""The fragile service on a workbench, with what operators see of it and do to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bus import dead_letters, operator_view, redriving
from bus.audit import Instruction
from bus.envelope import Envelope
from bus.incoming import decode
from bus.unit import Context
from tests.databases import OpenDatabase
from tests.operators.fragile import Fragile, marks
from tests.service_bench import ServiceBench

ANN = Instruction(author="ann", reason="it is mended")


class FragileBench(ServiceBench):
    def __init__(self, open_database: OpenDatabase) -> None:
        self.fragile = Fragile()
        super().__init__(self.fragile.service(), open_database)

    def try_again(self, after: float = 0.0) -> None:
        """What the host does every second with what is due again, `after` so many seconds."""
        self.clock.advance(timedelta(seconds=after))
        for letter in self.call(dead_letters.due):
            self.retry(letter)

    def retry(self, letter: Envelope) -> None:
        self.journey.process([decode(self.service, letter, dead_letters.DeadLetters())])

    def redrive(self, letter_id: str) -> None:
        """As over HTTP: it is made due, and then tried."""
        self.retry(self.call(lambda context: redriving.redrive(context, letter_id, ANN)))

    def discard(self, letter_id: str) -> None:
        self.call(lambda context: redriving.discard(context, letter_id, ANN))

    def letters(self) -> list[dict[str, Any]]:
        return self.see(operator_view.letters)

    def letter(self) -> dict[str, Any]:
        (only,) = self.letters()
        return only

    def timers(self) -> list[dict[str, Any]]:
        return self.see(operator_view.timers)

    def audit(self) -> list[tuple[str, str, str, str]]:
        """(author, reason, action, target), the oldest first."""
        found = self.see(operator_view.actions)
        return [(done["author"], done["reason"], done["action"], done["target"]) for done in found]

    def see(self, view: Callable[..., Any]) -> list[dict[str, Any]]:
        with self.database.snapshot() as connection:
            return [item for _, item in view(connection, self.service, None, 100)]

    def marks(self) -> list[str]:
        with self.database.snapshot() as connection:
            return sorted(connection.execute(marks.select()).scalars())

    def act(self, action: Callable[..., Any], *arguments: Any) -> Any:
        def run(context: Context) -> Any:
            return action(context, *arguments, ANN)

        return self.call(run)
