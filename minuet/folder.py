"""The data folder of the embedded system: who may use it, and when its time began."""

import fcntl
from pathlib import Path
from types import TracebackType


class FolderInUse(Exception):
    """Another process runs on this folder."""


class Folder:
    """Held by one process at a time. The hold ends with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Folder":
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderInUse(
                f"{self.path} is in use by another `minuet up`: stop that one, or set MINUET_DATABASE_URL"
            ) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._lock.close()

    def clock(self, wanted: str) -> str:
        """The clock of this folder's first run counts: its deadlines are in that time."""
        kept = self.path / "clock"
        if not kept.exists():
            kept.write_text(wanted)
        return kept.read_text()
