"""After a kill, a full disk or a changing file nothing is visible, nothing is blocked, and the next save works."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn.artifacts import garbage, verify
from runicorn.artifacts.errors import NotSaved, SourceChanged
from runicorn.artifacts.pool import Intake
from runicorn.artifacts.store import Store
from tests.processes import PROJECT, environment
from tests.sdk.tracking.limited_disks import small_disk
from tests.waiting import until

Write = Callable[..., Path]
SAVES = """
import sys, runicorn as rn
from pathlib import Path
from typing import Any
run = rn.init("p", "n", storage=sys.argv[1], capture_env=False, system_metrics=False, mode="online")
print("ready", flush=True)
while True:
    number = run.log_artifact(rn.Artifact("m").add_dir(sys.argv[2]))
    print(number, flush=True)
"""


def check(store: Store) -> list[int]:
    """Every version that is there is whole; the numbers of those."""
    numbers = [number for artifact in store.folders() for number in artifact.numbers()]
    for artifact in store.folders():
        for number in artifact.numbers():
            version = artifact.version(number)
            for file in version.manifest.files:
                assert verify.is_whole(version.file_path(file.path), file), (version, file)
            assert version.metadata.version == number
    return numbers


def kill_again_and_again(tmp_path: Path, folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    sources = tmp_path / "sources"
    sources.mkdir()
    store, acknowledged = Store(folder), 0
    for round in range(kills):
        for name in range(20):
            (sources / f"{name}.bin").write_bytes(chance.randbytes(1 << chance.randrange(8, 21)))
        process = subprocess.Popen(
            [sys.executable, "-c", SAVES, str(folder), str(sources)],
            env=environment(tmp_path / "home"),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.25)
        os.killpg(process.pid, signal.SIGKILL)
        acknowledged_steps = process.communicate()[0].split()
        numbers = check(store)
        acknowledged = max([acknowledged, *map(int, acknowledged_steps)])
        assert set(map(int, acknowledged_steps)) <= set(numbers)
        assert numbers == sorted(set(numbers)), round
    with rn.init("p", "n", storage=folder, capture_env=False, system_metrics=False, mode="online") as run:
        assert run.log_artifact(rn.Artifact("m").add_dir(sources)) > acknowledged
    garbage.collect(store)
    assert not garbage.find(store).bytes and not garbage.find(store).rests
    check(store)


@pytest.mark.parametrize("seed", range(4))
def test_a_save_killed_at_any_moment_leaves_nothing_visible(tmp_path: Path, folder: Path, seed: int) -> None:
    kill_again_and_again(tmp_path, folder, kills=5, seed=seed)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(100, 112))
def test_a_save_killed_hundreds_of_times_leaves_nothing_visible(
    tmp_path: Path, folder: Path, seed: int
) -> None:
    kill_again_and_again(tmp_path, folder, kills=20, seed=seed)


def test_leftovers_of_dead_processes_are_removed(run: rn.Run, shelves: Store, write: Write) -> None:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin")))
    dead = shelves.path / "model" / "m" / ".saving-1-dead"
    dead.mkdir()
    (dead / ".claim").touch()
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin")))
    assert not dead.exists()


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, write: Write) -> None:
    with small_disk(tmp_path / "disk", "2m") as disk:
        run = rn.init("p", "n", storage=disk, capture_env=False, system_metrics=False, mode="online")
        run.log_artifact(rn.Artifact("small").add_file(write("s.bin", "s")))
        before = sorted(str(path) for path in disk.rglob("*"))
        for big in (b"x" * 3_000_000, os.urandom(1_200_000)):
            artifact = rn.Artifact("big").add_file(write("w.bin", big)).add_file(write("v.bin", big + b"y"))
            with pytest.raises(NotSaved, match=r"No space left on device.*Nothing of it was stored"):
                run.log_artifact(artifact)
        assert not Store(disk).folder("model", "big").numbers()
        assert not list(Store(disk).pool.incoming.iterdir())
        garbage.collect(Store(disk))
        after = sorted(str(path) for path in disk.rglob("*"))
        assert set(before) <= set(after)
        assert run.log_artifact(rn.Artifact("small").add_file(write("s.bin", "t"))) == 2
        run.finish()


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_a_file_that_changes_meanwhile_is_refused_by_name(
    run: rn.Run, shelves: Store, write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    source = write("w.bin", b"a" * size)
    wait = Intake._wait

    def meddle(self: Intake, *content: Any) -> None:
        with source.open("ab") as file:
            file.write(b"more")
        wait(self, *content)

    monkeypatch.setattr(Intake, "_wait", meddle)
    with pytest.raises(SourceChanged, match=r"w\.bin was changed while it was being stored"):
        run.log_artifact(rn.Artifact("m").add_file(source))
    monkeypatch.undo()
    assert not shelves.folder("model", "m").numbers()
    assert run.log_artifact(rn.Artifact("m").add_file(source)) == 1


def test_a_file_that_vanishes_is_refused_by_name(run: rn.Run, write: Write) -> None:
    source = write("w.bin")
    artifact = rn.Artifact("m").add_file(source)
    source.unlink()
    with pytest.raises(NotSaved, match=r"No such file or directory \(.*w\.bin\)"):
        run.log_artifact(artifact)


def test_processes_that_log_one_name_at_once_get_numbers_of_their_own(tmp_path: Path, folder: Path) -> None:
    script = SAVES.replace("while True:", "for _ in range(5):")
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "same.bin").write_bytes(os.urandom(2_000_000))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(folder), str(sources)],
            env=environment(tmp_path / "home"),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    acknowledged_steps = [int(word) for process in processes for word in process.communicate()[0].split()[1:]]
    assert all(process.returncode == 0 for process in processes)
    assert sorted(acknowledged_steps) == list(range(1, 16))
    assert sorted(check(Store(folder))) == sorted(acknowledged_steps)
    [artifact] = Store(folder).folders()
    assert [entry["version"] for entry in artifact.index_entries()] == sorted(acknowledged_steps)


def test_a_save_waits_for_a_collection_and_goes_on(run: rn.Run, shelves: Store, write: Write) -> None:
    import threading

    saver = threading.Thread(target=run.log_artifact, args=(rn.Artifact("m").add_file(write("w.bin")),))
    with shelves.pool.alone():
        saver.start()
        saver.join(0.2)
        assert saver.is_alive()
    until(lambda: not saver.is_alive())
    assert check(shelves) == [1]
