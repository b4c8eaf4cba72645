"""What the callbacks' tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runicorn as rn
from tests.records import Record, records


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore warnings of the libraries themselves."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture
def root(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where runs are written that name no storage; what is still open afterwards is closed."""
    monkeypatch.setenv("RUNICORN_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    yield folder
    while (run := rn.get_active_run()) is not None:
        run.finish()


@pytest.fixture
def only_run(root: Path) -> Callable[[], Record]:
    """Reads the one run that there is."""

    def read() -> Record:
        (record,) = records(root)
        return record

    return read
