"""Killed at any moment of an import: what can be seen is whole, and the next import does the rest."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from runicorn.artifacts import import_commit as commit
from runicorn.artifacts.store import Store
from runicorn.store import find
from runicorn_tools.archives.read import import_archive
from runs.active_root import active_root
from runs.index import discovery
from tests.processes import environment
from tests.tools.exchange.packing import snapshot

# Dies by SIGKILL right before the n-th call that changes the file system; prints how many there are when it survives.
SCRIPT = """
import os, pathlib, signal, sys
left = int(sys.argv[3])
CHANGES = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.utime", "os.truncate", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def count(event, args):
    global left
    # Two folders are exchanged through ctypes.
    if event in CHANGES or event == "ctypes.dlsym" or (event == "open" and args[2] & WRITING):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

from runicorn_tools.archives.read import import_archive
sys.addaudithook(count)
with open(sys.argv[2], "rb") as file:
    import_archive(pathlib.Path(sys.argv[1]), file, overwrite=len(sys.argv) > 4)
print(int(sys.argv[3]) - left)
"""


NOTHING, ALL = (0, 0), (3, 2)


def killed(root: Path, archive: Path, after: int, home: Path, *more: str) -> str:
    """Import in a process that dies after so many changes; what it printed if it did not."""
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(root), str(archive), str(after), *more],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode in (0, -9), process.stderr
    return process.stdout


def changes(root: Path, archive: Path, home: Path, *more: str) -> int:
    """Return how many changes of the file system the import makes."""
    root.mkdir(exist_ok=True)
    return int(killed(root, archive, 10**9, home, *more))


def count_complete(root: Path, snapshot_before: dict[str, object]) -> tuple[int, int]:
    """Check that all visible runs and artifacts are complete, and count both."""
    runs = list(find.all_runs(root))  # completes what was committed
    ours = snapshot(root)
    for relative in runs:
        of_run = [
            name
            for name in snapshot_before
            if name.startswith(f"{relative}/") and isinstance(snapshot_before[name], bytes)
        ]
        assert all(ours.get(name) == snapshot_before[name] for name in of_run), relative
    for folder in Store(root).folders():
        for number in folder.numbers():
            for file in folder.version(number).manifest.files:
                assert folder.version(number).file_path(file.path).stat().st_size == file.size
    return len(runs), len(list(Store(root).folders()))


def _kill_at(points: Iterable[int], full: Path, archive: Path, tmp_path: Path, home: Path) -> None:
    complete_state, counts = snapshot(full), set()
    for after in points:
        root = tmp_path / f"killed-{after}"
        root.mkdir()
        killed(root, archive, after, home)
        counts.add(count_complete(root, complete_state))
        assert counts <= {NOTHING, ALL}, after
        with archive.open("rb") as file:
            import_archive(root, file)
        assert count_complete(root, complete_state) == ALL
        assert [path.name for path in (root / ".runicorn").iterdir()] == ["import.lock"]
        shutil.rmtree(root)
    assert counts == {NOTHING, ALL}


def test_an_import_killed_at_some_moments_is_completed(
    full: Path, pack: Callable[..., Path], tmp_path: Path, home: Path
) -> None:
    archive = pack(full)
    last = changes(tmp_path / "first", archive, home)
    # Those before the last are the renames behind the commit.
    _kill_at([last // 3, last - 40, *range(last - 70, last, 11)], full, archive, tmp_path, home)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_an_import_killed_at_every_moment_is_completed(
    full: Path, pack: Callable[..., Path], tmp_path: Path, home: Path
) -> None:
    archive = pack(full)
    _kill_at(range(changes(tmp_path / "first", archive, home)), full, archive, tmp_path, home)


def _kill_replacing(step: int, full: Path, folder: Path, archive: Path, home: Path) -> None:
    complete_state = snapshot(full)
    with archive.open("rb") as file:
        import_archive(folder, file)
    for meta in folder.glob("*/*/runs/*/meta.json"):
        meta.with_name("notes.txt").write_text("of the run before")
    last = changes(shutil.copytree(folder, folder.with_name("copy")), archive, home, "--overwrite")
    for after in range(step - 1, last, step):
        killed(folder, archive, after, home, "--overwrite")
        assert count_complete(folder, complete_state) == ALL
        # Of the three runs all are replaced or none.
        notes = len(list(folder.glob("*/*/runs/*/notes.txt")))
        assert notes in (0, 3), after
        if not notes:
            for meta in folder.glob("*/*/runs/*/meta.json"):
                meta.with_name("notes.txt").write_text("of the run before")


def test_an_import_killed_while_runs_are_replaced_is_completed(
    full: Path, folder: Path, pack: Callable[..., Path], home: Path
) -> None:
    _kill_replacing(11, full, folder, pack(full), home)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_an_import_killed_at_every_moment_of_a_replacement_is_completed(
    full: Path, folder: Path, pack: Callable[..., Path], home: Path
) -> None:
    _kill_replacing(1, full, folder, pack(full), home)


def test_a_viewer_completes_an_import_that_was_committed(
    store: Path, full: Path, pack: Callable[..., Path], api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, placed = commit._place_run, []

    def breaking(root: Path, source: Path, entry: Mapping[str, Any]) -> None:
        if placed:
            raise OSError(errno.EIO, "the disk is gone")
        placed.append(entry["path"])
        place(root, source, entry)

    with monkeypatch.context() as patched, pack(full).open("rb") as file:
        patched.setattr(commit, "_place_run", breaking)
        with pytest.raises(OSError, match="the disk is gone"):
            import_archive(store, file)
    assert len([path for path in store.glob("*/*/runs/*") if path.is_dir()]) == 1
    discovery.tick(active_root())  # what the viewer does every second
    assert api.get("/api/v2/experiments").json()["total"] == 3
    assert not list(store.glob(".runicorn/import-*"))
