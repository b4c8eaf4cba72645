"""Contents stored before an interruption are not copied again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import verify
from runicorn.artifacts.pool import Intake
from runicorn.artifacts.store import Store
from runicorn.store import bulk_io
from tests.processes import PROJECT, environment

Write = Callable[..., Path]
# Dies with the file of that name, as if the machine had been switched off, when ten megabytes are enough for one sync.
SCRIPT = """
import os, signal, sys
from runicorn.artifacts import pool
import runicorn as rn
pool.BATCH_FILES, pool.BATCH_BYTES = 10, 10_000_000
add = pool.Intake.add
def dying(self, source):
    blob = add(self, source)
    if source.name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return blob
pool.Intake.add = dying
run = rn.init("p", "n", storage=sys.argv[1], capture_env=False, system_metrics=False, mode="online")
run.log_artifact(rn.Artifact("d", "dataset").add_dir(sys.argv[2]))
"""


def save_and_die(tmp_path: Path, folder: Path, sources: Path, at: str) -> dict[str, int]:
    """The inodes of what is in the pool after a save was killed."""
    command = [sys.executable, "-c", SCRIPT, str(folder), str(sources), at]
    ended = subprocess.run(command, env=environment(tmp_path / "home"), cwd=PROJECT, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert not list(Store(folder).folders("dataset")) or not Store(folder).folder("dataset", "d").numbers()
    return {blob.name: blob.inode() for blob in Store(folder).pool.blobs()}


def test_small_files_are_not_written_again(
    tmp_path: Path, folder: Path, write: Write, run: rn.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        sources = write(f"many/{number:02d}.txt", f"content {number}").parent
    before = save_and_die(tmp_path, folder, sources, "34.txt")
    assert len(before) == 30
    copies = []
    new_copy = Intake._new_copy
    monkeypatch.setattr(Intake, "_new_copy", lambda self: copies.append(1) or new_copy(self))
    assert run.log_artifact(rn.Artifact("d", "dataset").add_dir(sources)) == 1
    assert len(copies) == 20
    after = {blob.name: blob.inode() for blob in Store(folder).pool.blobs()}
    assert len(after) == 50 and before.items() <= after.items()


def test_large_files_are_not_copied_again(
    tmp_path: Path, folder: Path, write: Write, run: rn.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [6_000_000, 6_000_001, 6_000_002, 6_000_003]
    for number, size in enumerate(sizes):
        sources = write(f"large/{number}.bin", os.urandom(size)).parent
    before = save_and_die(tmp_path, folder, sources, "2.bin")
    assert len(before) == 2
    copied = []
    copy_range = bulk_io.copy_range

    def counted(*where: int) -> int:
        count = copy_range(*where)
        copied.append(count)
        return count

    monkeypatch.setattr(bulk_io, "copy_range", counted)
    monkeypatch.setattr(bulk_io, "clone_file", lambda *_: False)
    assert run.log_artifact(rn.Artifact("d", "dataset").add_dir(sources)) == 1
    assert sum(copied) == sum(sizes[2:])
    version = Store(folder).folder("dataset", "d").version(1)
    assert all(verify.is_whole(version.file_path(file.path), file) for file in version.manifest.files)
    assert before.items() <= {blob.name: blob.inode() for blob in Store(folder).pool.blobs()}.items()
