from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.processes import Viewer


def test_a_rebuilt_database_is_reported_on_every_page(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    database = home / "data" / "runicorn.sqlite3"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"no database at all, and long enough to be looked at " * 400)
    viewer = start_viewer(folder)
    for address in ("/", "/system", "/recycle-bin"):
        assert "damaged" in viewer.get(address, headers={"Accept": "text/html"}).text
