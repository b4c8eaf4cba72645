"""The size of a run is that of all files in its folder, those of Runicorn and others; links are not followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runicorn.store import heartbeat, layout
from runs.store.folder_stat import read_state
from runs.store.reader import read_run


def size_of(root: Path, folder: Path) -> int | None:
    state = read_state(folder)
    return read_run(str(root), folder.relative_to(root).as_posix(), state)[0].stored_bytes


def test_files_of_the_run_and_others_count_once(folder: Path, make_run: Any, tmp_path: Path) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    (run,) = (path.parent for path in folder.rglob(layout.META) if path.parent.name == run_id)
    plain = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    assert size_of(folder, run) == plain > 0
    (run / layout.MEDIA / "images").mkdir(parents=True, exist_ok=True)
    (run / layout.MEDIA / "images" / "a.png").write_bytes(b"x" * 1000)
    (run / "notes.txt").write_bytes(b"y" * 200)
    (run / heartbeat.NAME).write_bytes(b"z" * 30)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "large.bin").write_bytes(b"w" * 100_000)
    link = run / "link"
    link.symlink_to(elsewhere)
    assert size_of(folder, run) == plain + 1000 + 200 + 30 + link.lstat().st_size


def test_a_file_that_is_removed_meanwhile_counts_nothing(
    folder: Path, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(folder)
    (run,) = (path.parent for path in folder.rglob(layout.META) if path.parent.name == run_id)
    plain = size_of(folder, run)
    (run / "notes.txt").write_bytes(b"y" * 200)
    state = read_state(run)
    (run / "notes.txt").unlink()
    record, _ = read_run(str(folder), run.relative_to(folder).as_posix(), state)
    assert record.stored_bytes == plain
