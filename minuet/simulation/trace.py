"""Everything that happens, in sequence. Two runs with one hash were the same run."""

import hashlib
from collections.abc import Callable

from minuet.simulation.clock import Calendar
from minuet.simulation.loop import VirtualLoop


class Trace:
    """Hashed always; `listen` is told each line if somebody reads along."""

    def __init__(self, calendar: Calendar, loop: VirtualLoop, listen: Callable[[str], None] | None) -> None:
        self._calendar = calendar
        self._loop = loop
        self._listen = listen
        self._hash = hashlib.sha256()
        self.lines = 0

    def tell(self, who: str, what: str) -> None:
        at = self._calendar.now
        line = f"{at:%m-%d %H:%M} {self._loop.time():11.4f}  {who:<10} {what}"
        self._hash.update(line.encode())
        self.lines += 1
        if self._listen is not None:
            self._listen(line)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
