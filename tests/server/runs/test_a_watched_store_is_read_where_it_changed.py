"""Discovery by changes that the kernel reports; where it reports none, by a slow look."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from runs.store import folder_watch, inotify
from runs.store.walk import Walk
from tests.folders import append_metrics, folder_of
from tests.large import many
from tests.server.runs.conftest import row
from tests.waiting import until

pytestmark = pytest.mark.skipif(not os.path.exists(inotify.LIMITS), reason="this system has no inotify")
FIELDS = ("run_id", "folder", "project", "name", "status", "tags", "config", "deleted", "other_folders")


@pytest.fixture
def bell() -> threading.Event:
    return threading.Event()


@pytest.fixture
def grown() -> threading.Event:
    """Set when journals have grown."""
    return threading.Event()


@pytest.fixture
def watched(store: Path, bell: threading.Event, grown: threading.Event) -> Iterator[Callable[[], None]]:
    """The active store, watched and listed; the fixture is what the background does after the bell."""
    assert discovery.follow(active_root(), bell.set, grown.set) == ""
    discovery.full(active_root())

    def tick() -> None:
        until(bell.is_set)
        bell.clear()
        discovery.tick(active_root())

    yield tick
    discovery.forget(active_root())


def rows() -> list[tuple[Any, ...]]:
    return list(Run.objects.filter(root=active_root()).order_by("run_id").values_list(*FIELDS))


def test_a_quiet_store_is_not_scanned(
    store: Path, make_run: Any, watched: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(store)
    watched()
    until(lambda: discovery.seconds_until_tick(active_root()) > 60 or discovery.tick(active_root()))
    scans: list[Walk] = []
    monkeypatch.setattr(Walk, "go", lambda walk: scans.append(walk))
    discovery.tick(active_root())
    discovery.scan_changed_runs(active_root())
    assert scans == []


def test_a_change_within_a_finished_run_is_read_at_once(
    store: Path, make_run: Any, watched: Callable[[], None]
) -> None:
    run_id = make_run(store)
    watched()
    (folder_of(store, run_id) / "curation.json").write_text('{"tags": ["late"]}')
    watched()
    assert row(run_id).tags == ["late"]


def test_lines_of_a_run_that_has_ended_are_announced(
    store: Path, make_run: Any, watched: Callable[[], None], grown: threading.Event
) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0}])
    watched()
    discovery.grown_journals(active_root())
    grown.clear()
    append_metrics(store, "vision", "resnet", run_id, [{"loss": 2.0}], time.time())
    watched()
    assert grown.is_set()
    assert discovery.grown_journals(active_root()) == {f"vision/resnet/runs/{run_id}"}


def test_a_run_in_slowly_made_folders_is_found(
    store: Path, make_run: Any, watched: Callable[[], None]
) -> None:
    for folder in ("p", "p/n", "p/n/runs", "p/n/runs/20260101_000000_abcdef"):
        (store / folder).mkdir()
        watched()
    (store / "p/n/runs/20260101_000000_abcdef/meta.json").write_text('{"project": "p", "name": "n"}')
    watched()
    assert row("20260101_000000_abcdef").project == "p"


def test_a_renamed_experiment_is_followed(store: Path, make_run: Any, watched: Callable[[], None]) -> None:
    run_id = make_run(store)
    watched()
    (store / "vision" / "resnet").rename(store / "vision" / "vit")
    watched()
    until(lambda: row(run_id).folder.startswith("vision/vit/") or discovery.tick(active_root()))
    (store / "vision" / "vit" / "runs" / run_id / "curation.json").write_text('{"tags": ["moved"]}')
    watched()
    assert row(run_id).tags == ["moved"]


def test_a_replaced_root_is_read_again(store: Path, make_run: Any, watched: Callable[[], None]) -> None:
    make_run(store)
    watched()
    store.rename(store.with_name("away"))
    store.mkdir()
    new = make_run(store)
    discovery.check_root(active_root())
    watched()
    assert [run.run_id for run in Run.objects.filter(root=active_root())] == [new]
    (folder_of(store, new) / "curation.json").write_text('{"tags": ["here"]}')
    watched()
    assert row(new).tags == ["here"]


def test_changes_that_the_kernel_dropped_are_found(
    store: Path, make_run: Any, watched: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(store)
    watched()
    monkeypatch.setattr(folder_watch.FolderWatch, "_read", lambda watch: None)  # nobody empties the queue
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for number in many(range(most // 2 + 1)):  # two events each that the kernel does not join
        (store / f"x{number}").touch()
    (folder_of(store, run_id) / ".deleted").write_text("{}")
    new = make_run(store, name="new")
    monkeypatch.undo()
    watched()
    discovery.tick(active_root())
    assert row(run_id).deleted is not None and row(new).name == "new"


@pytest.mark.parametrize("obstacle", ["few watches", "no watches", "network", "no inotify"])
def test_a_store_that_cannot_be_watched_is_looked_at_slowly(
    store: Path, make_run: Any, bell: threading.Event, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    if obstacle == "few watches":
        monkeypatch.setattr(folder_watch, "MOST_FOLDERS", 3)
    elif obstacle == "no watches":
        monkeypatch.setattr(inotify.Inotify, "add", refuse)
    elif obstacle == "network":
        monkeypatch.setattr("runicorn._platform.is_network_filesystem", lambda path: True)
    else:
        monkeypatch.setattr(inotify.Inotify, "__init__", refuse)
    finished, running = make_run(store), make_run(store, status="running", name="running")
    problem = discovery.follow(active_root(), bell.set)
    assert bool(problem) == (obstacle in ("network", "no inotify"))
    discovery.full(active_root())
    assert not discovery.is_watched(active_root())
    assert discovery.seconds_until_tick(active_root()) == discovery.TICK_SECONDS
    status = {"status": "finished", "started_at": 1, "ended_at": 5}
    (folder_of(store, running) / "status.json").write_text(json.dumps(status))
    new = make_run(store, name="new")
    discovery.tick(active_root())
    assert (row(running).status, row(new).name) == ("finished", "new")
    (folder_of(store, finished) / ".deleted").write_text("{}")
    discovery.full(active_root())
    assert row(finished).deleted is not None
    until(lambda: not discovery.store_of(active_root()).again or discovery.tick(active_root()))
    discovery.store_of(active_root()).tick_seconds = 0.03
    assert discovery.seconds_until_tick(active_root()) == pytest.approx(12.0)
    discovery.forget(active_root())


class Changing:
    """Random changes of a store by other programs."""

    def __init__(self, store: Path, make_run: Any, seed: int) -> None:
        self.store, self.make_run, self.random = store, make_run, Random(seed)

    def change(self) -> None:
        run = self.random.choice([None, *sorted(self.store.glob("*/*/runs/*"))])
        if run is None:
            place = {"project": self.random.choice("pq"), "name": self.random.choice("mn")}
            self.make_run(self.store, status=self.random.choice(["running", "finished"]), **place)
            return
        name = self.random.choice(
            ["meta.json", "status.json", "curation.json", ".deleted", "away", "move", "rename"]
        )
        if name == "away":
            shutil.rmtree(self.random.choice([run, run, run.parent, run.parent.parent.parent]))
        elif name == "move":
            other = self.store / self.random.choice("pq") / "moved" / "runs"
            other.mkdir(parents=True, exist_ok=True)
            run.rename(other / run.name)
        elif name == "rename":
            run.parent.parent.rename(run.parent.parent.with_name(f"n{self.random.random()}"))
        elif name == "curation.json":
            (run / name).write_text(json.dumps({"tags": [str(self.random.random())]}))
        elif name == "status.json":
            (run / "new").write_text(json.dumps({"status": self.random.choice(["finished", "running"])}))
            (run / "new").rename(run / name)
        else:
            (run / name).write_text(json.dumps({"created_at": self.random.random() * 1e9}))


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_changes_leaves_the_rows_of_a_full_scan(
    store: Path, make_run: Any, watched: Callable[[], None], seed: int
) -> None:
    changing = Changing(store, make_run, seed)
    for _ in range(12):
        for _ in range(changing.random.randrange(1, 5)):
            changing.change()
        discovery.tick(active_root())
    # A folder may be read during a write, and is then read again.
    discovery.tick(active_root())
    of_ticks = rows()
    discovery.forget(active_root())
    discovery.full(active_root())
    assert of_ticks == rows()
