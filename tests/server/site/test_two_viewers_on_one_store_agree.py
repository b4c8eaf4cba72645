from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.processes import Viewer
from tests.waiting import until


def ids(viewer: Viewer) -> set[str]:
    """The runs that a viewer lists."""
    return {run["id"] for run in viewer.get("/api/runs").json()}


def last_step(viewer: Viewer, run_id: str) -> int:
    """The last step that a viewer knows of a run."""
    return int(viewer.get(f"/api/runs/{run_id}/metrics_step").headers["X-Last-Step"])


def test_both_viewers_see_every_change(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str]
) -> None:
    first_run = make_run(folder, metrics=[{"loss": 1.0}] * 7)
    viewers = [start_viewer(RUNICORN_RATE_LIMIT="off") for _ in range(2)]
    for viewer in viewers:
        until(lambda viewer=viewer: ids(viewer) == {first_run})
        assert last_step(viewer, first_run) == 7
    second_run = make_run(folder)
    for viewer in viewers:
        until(lambda viewer=viewer: ids(viewer) == {first_run, second_run})

    def tag(number: int) -> None:
        body = {"run_ids": [first_run], "add": [str(number)]}
        assert viewers[number % 2].post("/api/runs/tags", json=body).json()["updated"] == 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tag, range(24)))
    for viewer in viewers:  # each adds to the tags at that time
        until(lambda viewer=viewer: len(viewer.get(f"/api/runs/{first_run}").json()["tags"]) == 24)

    def send(route: str, number: int) -> int:
        answer = viewers[number % 2].post(route, json={"run_ids": [second_run]}).json()
        return sum(result["success"] for result in answer["results"].values())

    with ThreadPoolExecutor(8) as pool:  # of many who delete a run one did
        for route in ("/api/runs/soft-delete", "/api/recycle-bin/restore"):
            assert sum(pool.map(partial(send, route), range(16))) == 1


@pytest.mark.parametrize("end", [pytest.param(Viewer.stop, marks=pytest.mark.torture), Viewer.kill])
def test_when_one_ends_the_other_goes_on_with_its_work(
    start_viewer: Callable[..., Viewer],
    folder: Path,
    make_run: Callable[..., str],
    end: Callable[[Viewer], None],
) -> None:
    first, second = start_viewer(RUNICORN_RATE_LIMIT="off"), start_viewer(RUNICORN_RATE_LIMIT="off")
    end(first)
    run_id = make_run(folder, metrics=[{"loss": 0.5}] * 3)
    until(lambda: ids(second) == {run_id})
    assert last_step(second, run_id) == 3


def test_each_viewer_shows_its_own_store(
    start_viewer: Callable[..., Viewer], folder: Path, tmp_path: Path, make_run: Callable[..., str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    run_id = make_run(folder)
    make_run(other, run_id=run_id, project="elsewhere")
    here, there = (start_viewer(root, RUNICORN_RATE_LIMIT="off") for root in (folder, other))
    until(lambda: ids(here) and ids(there))
    assert here.get(f"/api/runs/{run_id}").json()["project"] == "vision"
    assert there.get(f"/api/runs/{run_id}").json()["project"] == "elsewhere"
