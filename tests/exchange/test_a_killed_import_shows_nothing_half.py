"""Killed at any moment of an import: what can be seen is whole, and the next import does the rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn import stored
from runicorn.artifacts.store import Store
from runicorn.exchange.importing import import_archive
from tests.exchange.packing import snapshot
from tests.processes import environment

# Dies by SIGKILL right before the n-th call that changes the file system.
SCRIPT = """
import os, pathlib, signal, sys
left = int(sys.argv[3])

def dying(call):
    def instead(*args, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **more)
    return instead

for name in ("rename", "replace", "link", "mkdir", "unlink", "utime"):
    setattr(os, name, dying(getattr(os, name)))
from runicorn.exchange.importing import import_archive
with open(sys.argv[2], "rb") as file:
    import_archive(pathlib.Path(sys.argv[1]), file, overwrite=len(sys.argv) > 4)
"""


def killed(root: Path, archive: Path, after: int, home: Path, *more: str) -> bool:
    """Import in a process that dies after so many calls; whether it did."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(root), str(archive), str(after), *more],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def whole(root: Path, kept: dict[str, object]) -> int:
    """Hold that whatever can be seen is whole; how many runs that are."""
    ours = snapshot(root)
    runs = list(stored.all_runs(root))
    for relative in runs:
        of_run = [name for name in kept if name.startswith(f"{relative}/") and isinstance(kept[name], bytes)]
        assert all(ours.get(name) == kept[name] for name in of_run), relative
    for folder in Store(root).folders():
        for number in folder.numbers():
            for file in folder.version(number).manifest.files:
                assert folder.version(number).file_path(file.path).stat().st_size == file.size
    return len(runs)


def _kill_at(points: list[int], full: Path, archive: Path, tmp_path: Path, home: Path) -> None:
    kept, seen = snapshot(full), set()
    for after in points:
        root = tmp_path / f"killed-{after}"
        root.mkdir()
        died = killed(root, archive, after, home)
        seen.add(whole(root, kept))
        with archive.open("rb") as file:
            import_archive(root, file)
        assert whole(root, kept) == 3 and len(list(Store(root).folders())) == 2
        assert [path.name for path in (root / ".runicorn").iterdir()] == ["import.lock"]
        if not died:
            break
    assert 0 in seen


def test_killed_at_some_moments(full: Path, pack: Callable[..., Path], tmp_path: Path, home: Path) -> None:
    _kill_at([3, 40, 75, 95], full, pack(full), tmp_path, home)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_killed_at_every_moment(full: Path, pack: Callable[..., Path], tmp_path: Path, home: Path) -> None:
    _kill_at(list(range(400)), full, pack(full), tmp_path, home)


def test_killed_while_runs_are_replaced(
    full: Path, folder: Path, pack: Callable[..., Path], home: Path
) -> None:
    archive, kept = pack(full), snapshot(full)
    with archive.open("rb") as file:
        import_archive(folder, file)
    for after in (35, 45, 50):
        killed(folder, archive, after, home, "--overwrite")
        assert whole(folder, kept) == 3
