"""Commands read a store on a read-only file system, and say that they cannot change it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn_site.catalog.store import StoreCatalog
from tests.mounts import read_only as read_only  # a fixture
from tests.tools.agents.conftest import asking_catalog
from tests.tools.terminal.conftest import call, write_runs
from tests.tools.terminal.test_every_verb_at_a_terminal_and_in_a_pipe import COMMANDS

READING = [
    *COMMANDS,
    ("ls", "--where", "metric.acc.best > 0.1", "--json"),
    ("sql", "select count(*) from runs"),
]
CHANGES = [
    ("tag", "latest", "--add", "x"),
    ("note", "latest", "A note."),
    ("note", "latest", "A paragraph.", "--append"),
    ("rm", "latest", "--yes"),
]


def test_a_read_only_store_is_read_and_not_changed(tmp_path: Path, read_only: Callable[[Path], Any]) -> None:
    root = tmp_path / "store"
    write_runs(root)
    with read_only(root):
        for words in READING:
            assert "Traceback" not in call(*words, "--storage", str(root)), words
        before = sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*"))
        for words in CHANGES:
            text = call(*words, "--storage", str(root), code=3)
            assert text.splitlines()[-1] == "runicorn: 20260117_153045_a1b2c3: Read-only file system"
            assert "Traceback" not in text
        ask = asking_catalog(StoreCatalog(root), 10)
        assert "Facts of run" in ask("show_run", run="latest")
        assert "Read-only file system" in ask("append_note", run="latest", text="More.")
        assert sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*")) == before
