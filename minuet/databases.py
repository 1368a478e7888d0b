"""The databases of one process, by the name of whose they are."""

from bus.database import Database
from minuet.migrations import migrate
from minuet.settings import Settings


class Databases:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: dict[str, Database] = {}

    def open(self, name: str) -> Database:
        """Nothing is connected before somebody asks it something."""
        if name not in self._opened:
            self._opened[name] = Database(self._settings.database_of(name))
        return self._opened[name]

    def migrate(self) -> None:
        """Create or upgrade each that was opened."""
        for name, database in self._opened.items():
            migrate(name, database.engine)

    def close(self) -> None:
        for database in self._opened.values():
            database.close()
