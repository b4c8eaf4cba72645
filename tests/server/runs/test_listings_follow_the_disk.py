from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runicorn.store import find
from runs.active_root import active_root
from runs.index import discovery, folders, refresh
from runs.models import Run
from runs.services.recycle_bin import soft_delete_runs
from runs.store.folder_stat import FolderState
from tests.answers import read
from tests.folders import folder_of
from tests.mounts import mounted
from tests.server.runs.conftest import row


def ids() -> set[str]:
    return set(Run.objects.in_root(active_root()).values_list("run_id", flat=True))


def tick() -> None:
    discovery.tick(active_root())


def make_old(store: Path) -> None:
    """Set the times of all folders back, as if nothing had happened for an hour."""
    for path in [store, *store.rglob("*")]:
        os.utime(path, (time.time() - 3600, time.time() - 3600))


def test_a_new_run_is_there_after_a_tick(store: Path, make_run: Any, look: Callable[[], None]) -> None:
    look()
    first = make_run(store)
    tick()
    assert ids() == {first}
    second = make_run(store)
    third = make_run(store, project="another", name="experiment")
    tick()
    assert ids() == {first, second, third}


def test_a_run_is_filled_in_while_it_is_being_written(store: Path, look: Callable[[], None]) -> None:
    folder = store / "p" / "n" / "runs" / "20260101_000000_abcdef"
    look()
    folder.mkdir(parents=True)
    tick()
    assert not Run.objects.filter(run_id=folder.name).exists()
    (folder / "meta.json").write_text('{"project": "p", "name": "n", "created_at": 1700000000.5}')
    (folder / "status.json").write_text('{"status": "running", "started_at": 1700000000.5}')
    tick()
    assert (row(folder.name).status, row(folder.name).created) == ("running", 1700000000.5)


def test_a_running_run_is_followed(store: Path, make_run: Any, look: Callable[[], None]) -> None:
    run_id = make_run(store, status="running")
    look()
    (folder_of(store, run_id) / "status.json").write_text(
        '{"status": "finished", "started_at": 1, "ended_at": 5}'
    )
    tick()
    run = row(run_id)
    assert (run.status, run.ended, run.duration) == ("finished", 5.0, 4.0)


def test_a_resumed_run_is_noticed_by_the_folder_above(
    store: Path, make_run: Any, look: Callable[[], None]
) -> None:
    run_id = make_run(store)
    make_old(store)
    look()
    status = folder_of(store, run_id) / "status.json"
    status.unlink()
    status.write_text('{"status": "running"}')
    os.utime(status.parent.parent)
    tick()
    assert row(run_id).status == "running"


def test_unannounced_changes_are_found_by_the_full_scan(
    store: Path, make_run: Any, look: Callable[[], None]
) -> None:
    run_id = make_run(store)
    make_old(store)
    look()
    (folder_of(store, run_id) / ".deleted").write_text("{}")
    tick()
    assert row(run_id).deleted is None
    look()
    assert row(run_id).deleted is not None


def test_a_run_that_was_removed_is_gone_after_a_tick(
    store: Path, make_run: Any, look: Callable[[], None]
) -> None:
    removed_id, other_id = make_run(store), make_run(store)
    look()
    shutil.rmtree(folder_of(store, removed_id))
    tick()
    assert ids() == {other_id}


@pytest.mark.parametrize("what", ["vision", "vision/resnet", "vision/resnet/runs"])
def test_the_runs_of_a_removed_folder_are_gone(
    store: Path, make_run: Any, look: Callable[[], None], what: str
) -> None:
    make_run(store)
    run_id = make_run(store, project="kept")
    look()
    shutil.rmtree(store / what)
    tick()
    assert ids() == {run_id}


def test_a_removed_run_is_not_found(store: Path, make_run: Any, look: Callable[[], None], api: Any) -> None:
    run_id = make_run(store)
    look()
    shutil.rmtree(folder_of(store, run_id))
    assert api.get(f"/api/runs/{run_id}").json() == {"detail": f"Run not found: {run_id}"}
    assert ids() == set()


def test_a_missing_root_loses_no_run(store: Path, make_run: Any, look: Callable[[], None], api: Any) -> None:
    run_id = make_run(store)
    look()
    store.rename(store.with_name("away"))
    tick()
    look()
    assert [item["id"] for item in read(api.get("/api/runs"))] == [run_id]
    active_root().refresh_from_db()
    assert active_root().problems == ["The storage root could not be listed: No such file or directory."]
    assert read(api.get(f"/api/runs/{run_id}"))["id"] == run_id


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_disk_that_is_not_mounted_loses_no_run(
    store: Path, make_run: Any, look: Callable[[], None], forgotten: bool
) -> None:
    with mounted(store, "-t", "tmpfs", "runicorn-test"):
        run_id = make_run(store)
        look()
    active_root().refresh_from_db()
    if forgotten:
        discovery.forget(active_root())
    look()
    assert ids() == {run_id}
    active_root().refresh_from_db()
    assert "a disk seems not to be mounted" in active_root().problems[0]


def test_a_store_that_was_emptied_is_empty(store: Path, make_run: Any, look: Callable[[], None]) -> None:
    make_run(store)
    look()
    shutil.rmtree(store / "vision")
    discovery.forget(active_root())
    active_root().refresh_from_db()
    look()
    assert ids() == set()


def test_a_large_store_is_listed_before_it_is_read(
    store: Path, make_run: Any, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "CHUNK", 3)
    monkeypatch.setattr(discovery, "DIRECT_SECONDS", 0.0)
    monkeypatch.setattr(discovery, "PRELIMINARY_CHUNK", 4)
    run_ids = [
        make_run(store, name=f"n{number % 3}", config={"lr": number}, tags=["t"], created_at=1.7e9 + number)
        for number in range(10)
    ]
    run_folders = [f"vision/n{number % 3}/runs/{run_id}" for number, run_id in enumerate(run_ids)]
    chunks = discovery._to_read(active_root(), run_folders)
    first = next(chunks)
    assert ids() == set(run_ids)
    assert set(Run.objects.values_list("signature", "status")) == {("", "finished")}
    assert [len(chunk) for chunk in (first, *chunks)] == [3, 3, 3, 1]
    look()
    assert not Run.objects.filter(signature="").exists()
    assert [param.number for param in row(run_ids[7]).param_rows.all()] == [7.0]
    assert [tag.tag for tag in row(run_ids[7]).tag_rows.all()] == ["t"]
    in_order = Run.objects.order_by("pk").values_list("run_id", flat=True)
    assert list(in_order) == sorted(run_ids)


@pytest.mark.parametrize(("count", "listed_after"), [(6, None), (10, None), (12, 6), (30, 6)])
def test_runs_that_are_soon_read_are_not_listed_before(
    store: Path, make_run: Any, monkeypatch: pytest.MonkeyPatch, count: int, listed_after: int | None
) -> None:
    seconds = 0.0
    clock = SimpleNamespace(thread_time=lambda: seconds, monotonic=lambda: seconds)
    monkeypatch.setattr(discovery, "time", clock)
    monkeypatch.setattr(discovery, "CHUNK", 2)
    monkeypatch.setattr(discovery, "DIRECT_SECONDS", 3.0)
    run_folders = [f"vision/n/runs/{make_run(store, name='n')}" for _ in range(count)]
    count_of_ids = 0
    for chunk in discovery._to_read(active_root(), run_folders):
        if ids():
            break
        seconds += 1.0
        count_of_ids += len(chunk)
    assert count_of_ids == (listed_after or count)
    assert len(ids()) == (count - listed_after if listed_after else 0)


def test_scans_for_new_runs_leave_those_of_a_copied_store_to_the_first_scan(
    store: Path, make_run: Any, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "CHUNK", 2)
    monkeypatch.setattr(discovery, "SOON_SECONDS", -1.0)
    run_folders = [f"vision/n/runs/{make_run(store, name='n')}" for _ in range(7)]
    listed: list[str] = []
    read_state = folders.read_state
    monkeypatch.setattr(folders, "read_state", lambda path: listed.append(path) or read_state(path))
    look()
    assert len(ids()) == 7
    assert sorted(listed) == sorted(f"{store}/{folder}" for folder in run_folders)


def test_a_run_that_begins_during_the_first_scan_does_not_wait_for_its_end(
    store: Path, make_run: Any, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "CHUNK", 2)
    monkeypatch.setattr(discovery, "SOON_SECONDS", -1.0)
    for number in range(7):
        make_run(store, created_at=1.7e9 + number)
    begun: list[str] = []
    listed: list[str] = []
    read_state = folders.read_state

    def begin_at_first(path: str) -> FolderState:
        if not begun:
            begun.append(make_run(store, status="running"))
        listed.append(folders.id_of(path))
        return read_state(path)

    monkeypatch.setattr(folders, "read_state", begin_at_first)
    look()
    assert len(ids()) == 8
    assert listed.index(begun[0]) == 2


def test_two_viewers_scanning_at_once_agree(store: Path, make_run: Any, look: Callable[[], None]) -> None:
    run_ids = {make_run(store) for _ in range(5)}
    look()
    discovery.forget(active_root())
    look()
    assert ids() == run_ids


def test_many_unknown_ids_cost_one_search(
    store: Path, make_run: Any, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    look()
    new, walks, parents = make_run(store), list[Path](), find._parents
    monkeypatch.setattr(find, "_parents", lambda root: walks.append(root) or parents(root))
    unknown = [f"20200101_{number:06d}_abcdef" for number in range(200)]
    runs = refresh.refresh_runs(active_root(), [*unknown, new])
    assert [run_id for run_id, run in runs.items() if run is not None] == [new] and len(walks) == 1
    results = soft_delete_runs(root=active_root(), run_ids=unknown)
    assert len(results) == 200 and len(walks) == 2


@pytest.mark.parametrize(("took", "pause"), [(0.1, 60.0), (1.0, 400.0), (900.0, 600.0)])
def test_scans_of_very_many_runs_take_a_small_share_of_a_core(took: float, pause: float) -> None:
    assert discovery.seconds_until_next_scan(took) == pause
