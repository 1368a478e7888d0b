"""A folder of SQLite files is held service by service, and keeps the time of its first run."""

from pathlib import Path

import pytest

from minuet.folder import Folder, FolderInUse
from minuet.settings import Settings


def test_a_service_is_held_once_and_others_are_free(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new")
    with folder.held(["order", "gateway"]), folder.held(["payment"]):
        with pytest.raises(FolderInUse, match=r"^gateway in .*PostgreSQL"), folder.held(["shipping", "gateway"]):
            pass
        with folder.held(["shipping"]):  # the failed attempt held nothing
            pass
    with folder.held(["order"]):
        pass


def test_the_first_clock_counts(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.clock("accelerated:10@2026-01-01T00:00:00Z") == "accelerated:10@2026-01-01T00:00:00Z"
    assert folder.clock("real") == "accelerated:10@2026-01-01T00:00:00Z"
    assert [path.name for path in tmp_path.iterdir()] == ["clock"]


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///.minuet/{service}.db", Path(".minuet")),
        ("sqlite:////data/{service}/db.sqlite", Path("/data")),
        ("sqlite:////data/minuet_{service}.db?timeout=3", Path("/data")),
        ("sqlite:///:memory:?{service}", None),
        ("postgresql+psycopg://127.0.0.1/minuet_{service}", None),
    ],
)
def test_the_folder_is_where_the_files_are(url: str, folder: Path | None) -> None:
    assert Settings(database_url=url).folder() == folder
