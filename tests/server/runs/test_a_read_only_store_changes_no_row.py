from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runs.active_root import active_root
from runs.models import Run, RunTag
from runs.services.dead_runs import check_processes
from tests.answers import read
from tests.server.runs.conftest import row
from tests.server.runs.test_a_dead_process_fails_its_run import end, ours

RUN_ID, DELETED = "20260101_000000_111111", "20260101_000000_222222"
SENTENCE = {"detail": "The storage root is read-only: nothing was changed"}


@pytest.fixture
def sealed(store: Path, make_run: Any, look: Any, read_only: Any, api: Any) -> Any:
    """A read-only store with a run, and another in the recycle bin."""
    make_run(store, run_id=RUN_ID, tags=["first"])
    make_run(store, run_id=DELETED)
    api.post("/api/runs/soft-delete", {"run_ids": [DELETED]})
    look()
    with read_only(store):
        yield store


def rows() -> Any:
    return list(Run.objects.order_by("pk").values()), list(RunTag.objects.order_by("pk").values())


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("patch", f"runs/{RUN_ID}", {"tags": ["x"], "pinned": True}),
        ("patch", f"runs/{RUN_ID}", {"description": "better"}),
        ("post", "runs/tags", {"run_ids": [RUN_ID], "add": ["x"]}),
        ("post", "runs/move", {"run_ids": [RUN_ID], "project": "other"}),
        ("patch", f"runs/{RUN_ID}", {"project": "other"}),
        ("post", "runs/soft-delete", {"run_ids": [RUN_ID]}),
        ("post", "recycle-bin/restore", {"run_ids": [DELETED]}),
        ("post", "recycle-bin/empty", {"confirm": True}),
        ("post", "experiments/tag", {"run_id": RUN_ID, "tags": ["x"]}),
        ("delete", "experiments/delete", {"run_ids": [RUN_ID]}),
        ("delete", "experiments/delete", {"run_ids": [DELETED], "force": True}),
    ],
)
def test_every_writing_route_is_refused(
    sealed: Path, api: Any, method: str, route: str, body: dict[str, Any]
) -> None:
    before = rows()
    answer = getattr(api, method)(f"/api/{route}", body)
    assert (answer.status_code, answer.json()) == (403, SENTENCE)
    assert rows() == before


def test_the_store_can_be_read(sealed: Path, api: Any) -> None:
    assert [item["id"] for item in read(api.get("/api/runs"))] == [RUN_ID]
    assert read(api.get(f"/api/runs/{RUN_ID}"))["tags"] == ["first"]


def test_the_forms_of_the_admin_are_refused(sealed: Path) -> None:
    before = rows()
    form = {"tags": "other", "description": "other", "pinned": "on"}
    assert Client().post(f"/admin/runs/run/{row(RUN_ID).pk}/change/", form).status_code == 403
    for action, run_id in (("delete_softly", RUN_ID), ("restore", DELETED)):
        chosen = {"action": action, "_selected_action": [row(run_id).pk]}
        assert Client().post("/admin/runs/run/", chosen).status_code == 403
    assert rows() == before


def test_a_dead_process_is_recorded_in_the_row_alone(
    store: Path, make_run: Any, look: Any, read_only: Any, process: Any, api: Any
) -> None:
    run_id = make_run(store, status="running", **ours(process))
    look()
    with read_only(store):
        end(process)
        assert check_processes(active_root()) == (1, 1)
        run = read(api.get(f"/api/runs/{run_id}"))
        look()
        assert read(api.get(f"/api/runs/{run_id}")) == run
    assert (run["status"], run["exit_reason"]) == ("failed", "process_not_found")
    assert run["warnings"] == [
        "The process is gone, but status.json could not be updated: Read-only file system."
    ]
