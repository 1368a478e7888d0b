"""A folder of SQLite files: which process may run a service on it, and when its time began."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path


class FolderInUse(Exception):
    """Another process runs one of these services on this folder."""


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self, names: Sequence[str]) -> Iterator[None]:
        """SQLite has one writer process a file, so a service has one process. The hold ends with it, however it ends.

        Raises FolderInUse.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for name in sorted(names):
                lock = stack.enter_context((self.path / f"{name}.lock").open("w"))
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise FolderInUse(self._sentence(name)) from None
            yield

    def _sentence(self, name: str) -> str:
        return (
            f"{name} in {self.path}/ is in use by another `minuet up`, and SQLite has one writer process: "
            "stop that one, or set MINUET_DATABASE_URL to PostgreSQL, where a service may have any number of processes"
        )

    def has_clock(self) -> bool:
        return (self.path / "clock").exists()

    def clock(self, wanted: str) -> str:
        """The clock of this folder's first run counts: its deadlines are in that time."""
        kept = self.path / "clock"
        draft = self.path / f"clock.{os.getpid()}"
        draft.write_text(wanted)
        try:
            kept.hardlink_to(draft)  # whole or not at all, and only if nobody was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return kept.read_text()
