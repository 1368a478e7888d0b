"""What is under way in this process, for whoever must know when nothing is."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar


class Activity:
    """Told of every message, effect and due timer that is unprocessed. Nobody listens: real time waits for no one."""

    listens: ClassVar[bool] = False  # to what was left behind before it was there, too: that may be much to read

    def begin(self, keys: Iterable[str]) -> None:
        """These are unprocessed. To begin one twice is to begin it once."""

    def end(self, keys: Iterable[str]) -> None:
        """These are processed, or left to others."""

    def next_due(self, service: str, due: datetime | None) -> None:
        """The earliest timer of `service`, or None if it has none."""
