from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runicorn.store import curation
from runs.active_root import active_root
from runs.models import Run
from runs.services import write_through
from runs.services.recycle_bin import empty_recycle_bin
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import Listing, row

UNKNOWN = "20200101_000000_000000"
FORM = "Expected format: YYYYMMDD_HHMMSS_XXXXXX"


def delete(api: Any, *run_ids: str, **more: Any) -> Any:
    return api.post("/api/runs/soft-delete", {"run_ids": list(run_ids), **more})


def restore(api: Any, *run_ids: str) -> Any:
    return api.post("/api/recycle-bin/restore", {"run_ids": list(run_ids)})


def test_a_deleted_run_is_in_the_bin_alone(store: Path, make_run: Any, list_runs: Listing, api: Any) -> None:
    deleted_id, live_id = make_run(store), make_run(store)
    before = time.time()
    answer = read(delete(api, deleted_id, reason="a mistake"))
    assert answer == {
        "deleted_count": 1,
        "results": {deleted_id: {"success": True}},
        "message": "Soft deleted 1 of 1 runs",
    }
    assert [item["id"] for item in list_runs()] == [live_id]
    for address in ("", "/logs", "/media", "/artifacts"):
        assert api.get(f"/api/runs/{deleted_id}{address}").json() == {
            "detail": f"Run not found: {deleted_id}"
        }
    (deleted,) = read(api.get("/api/recycle-bin"))["deleted_runs"]
    assert before <= deleted["deleted_at"] <= time.time()
    assert (deleted["id"], deleted["delete_reason"]) == (deleted_id, "a mistake")


def test_the_marker_is_what_runicorn_05_reads(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store, status="interrupted")
    delete(api, run_id)
    marker = json.loads((folder_of(store, run_id) / ".deleted").read_text())
    assert marker.keys() == {"deleted_at", "reason", "original_status"}
    assert (marker["reason"], marker["original_status"]) == ("user_deleted", "interrupted")


def test_a_restored_run_is_as_it_was(store: Path, make_run: Any, list_runs: Listing, api: Any) -> None:
    run_id = make_run(store, summary={"x": 1}, config={"lr": 0.5})
    before = read(api.get(f"/api/runs/{run_id}"))
    delete(api, run_id)
    answer = read(restore(api, run_id))
    assert answer == {
        "restored_count": 1,
        "results": {run_id: {"success": True}},
        "message": "Restored 1 of 1 runs",
    }
    assert read(api.get(f"/api/runs/{run_id}")) == before
    assert len(list_runs()) == 1


def test_a_run_restored_while_the_bin_is_emptied_is_kept(
    store: Path, make_run: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [make_run(store), make_run(store)]
    for run_id in runs:
        delete(api, run_id)
    put_aside, removed = curation.put_aside, list[str]()

    def restore_the_other(root: Path, folder: Path) -> Path:
        if not removed:
            removed.append(folder.name)
            restore(api, *(run_id for run_id in runs if run_id != folder.name))
        return put_aside(root, folder)

    monkeypatch.setattr(write_through, "TOGETHER", 1)
    monkeypatch.setattr(curation, "put_aside", restore_the_other)
    results = empty_recycle_bin(root=active_root())
    (survivor,) = set(runs) - set(removed)
    assert results[survivor] == {"success": False, "error": "run not deleted"}
    assert folder_of(store, survivor).is_dir()


def test_each_run_has_its_own_result(store: Path, make_run: Any, api: Any) -> None:
    first, second = make_run(store), make_run(store)
    delete(api, first)
    answer = read(delete(api, first, second, second, UNKNOWN))
    assert answer["results"] == {
        first: {"success": False, "error": "already deleted"},
        second: {"success": True},
        UNKNOWN: {"success": False, "error": "run not found"},
    }
    assert answer["message"] == "Soft deleted 1 of 3 runs"
    restore(api, second)
    answer = read(restore(api, first, second, UNKNOWN))
    assert answer["results"] == {
        first: {"success": True},
        second: {"success": False, "error": "run not deleted"},
        UNKNOWN: {"success": False, "error": "run not found"},
    }


def test_a_run_of_a_custom_id_can_be_deleted_and_restored(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store, run_id="my run")
    assert read(delete(api, run_id))["deleted_count"] == 1
    assert read(restore(api, run_id))["restored_count"] == 1


@pytest.mark.parametrize("route", ["runs/soft-delete", "recycle-bin/restore"])
@pytest.mark.parametrize(
    "body", [{}, {"run_ids": []}, {"run_ids": "all"}, {"run_ids": None}, {"run_ids": {"a": 1}}]
)
def test_a_list_is_required(store: Path, api: Any, route: str, body: dict[str, Any]) -> None:
    answer = api.post(f"/api/{route}", body)
    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "run_ids is required and must be a list",
        "errors": {"run_ids": ["run_ids is required and must be a list"]},
    }


@pytest.mark.parametrize(
    ("route", "verb"), [("runs/soft-delete", "delete"), ("recycle-bin/restore", "restore")]
)
def test_a_hundred_at_once_is_the_limit(store: Path, api: Any, route: str, verb: str) -> None:
    many = [f"20260101_000000_{number:06d}" for number in range(101)]
    answer = api.post(f"/api/{route}", {"run_ids": many})
    assert answer.status_code == 400
    assert answer.json()["detail"] == f"Cannot {verb} more than 100 runs at once"
    assert api.post(f"/api/{route}", {"run_ids": many[:100] * 2}).status_code == 200


def test_a_malformed_id_deletes_nothing(store: Path, make_run: Any, list_runs: Listing, api: Any) -> None:
    run_id = make_run(store)
    answer = delete(api, run_id, "../../etc")
    assert answer.status_code == 400
    sentence = f"Invalid run_id format: ../../etc. {FORM}"
    assert answer.json() == {"detail": sentence, "errors": {"run_ids": [sentence]}}
    assert [item["id"] for item in list_runs()] == [run_id]


def test_the_last_deleted_comes_first(store: Path, make_run: Any, api: Any) -> None:
    run_ids = [make_run(store) for _ in range(3)]
    for run_id in run_ids:
        delete(api, run_id)
    deleted = read(api.get("/api/recycle-bin"))["deleted_runs"]
    assert [run["id"] for run in deleted] == run_ids[::-1]


def test_emptying_removes_the_folders(store: Path, make_run: Any, look: Any, api: Any) -> None:
    deleted_id, live_id = make_run(store, metrics=[{"x": 1}]), make_run(store)
    look()
    delete(api, deleted_id)
    answer = read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    assert answer == {"permanently_deleted": 1, "message": "Permanently deleted 1 runs", "failed": {}}
    assert not list(store.glob(f"**/{deleted_id}"))
    assert list((store / ".runicorn" / "trash").iterdir()) == []
    assert list(Run.objects.in_root(active_root()).values_list("run_id", flat=True)) == [live_id]
    assert read(api.get("/api/recycle-bin")) == {"deleted_runs": []}


@pytest.mark.parametrize(
    "body", [{}, {"confirm": False}, {"confirm": "true"}, {"confirm": 1}, {"confirm": None}]
)
def test_only_the_boolean_true_confirms(store: Path, make_run: Any, api: Any, body: dict[str, Any]) -> None:
    run_id = make_run(store)
    delete(api, run_id)
    answer = api.post("/api/recycle-bin/empty", body)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Must set confirm=true to permanently delete"
    assert folder_of(store, run_id).is_dir()


def test_a_run_restored_by_another_program_is_not_removed(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store)
    delete(api, run_id)
    (folder_of(store, run_id) / ".deleted").unlink()
    answer = read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    assert answer["permanently_deleted"] == 0
    assert answer["failed"] == {}
    assert row(run_id).deleted is None


def test_emptying_follows_no_link(store: Path, tmp_path: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "weights.pt").write_text("months of work")
    (folder_of(store, run_id) / "media" / "link").symlink_to(precious)
    delete(api, run_id)
    assert read(api.post("/api/recycle-bin/empty", {"confirm": True}))["permanently_deleted"] == 1
    assert (precious / "weights.pt").exists()


def test_emptying_does_not_work_through_a_linked_trash(
    store: Path, tmp_path: Path, make_run: Any, api: Any
) -> None:
    run_id = make_run(store)
    delete(api, run_id)
    (tmp_path / "elsewhere").mkdir()
    (store / ".runicorn").mkdir(exist_ok=True)
    (store / ".runicorn" / "trash").symlink_to(tmp_path / "elsewhere")
    assert api.post("/api/recycle-bin/empty", {"confirm": True}).status_code == 403
    assert folder_of(store, run_id).is_dir()


def test_emptying_finishes_what_was_interrupted(store: Path, api: Any) -> None:
    media = store / ".runicorn" / "trash" / "abc" / "media"
    media.mkdir(parents=True)
    (media / "x.png").write_text("x")
    read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    assert not media.parent.exists()
