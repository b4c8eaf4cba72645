from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from runs.active_root import active_root
from runs.models import Run
from runs.query.find import find_runs
from tests.answers import read
from tests.folders import folder_of


def test_reindex_rebuilds_every_row(store: Path, make_run: Any, look: Any, api: Any) -> None:
    run_id, deleted = make_run(store, config={"lr": 0.1}, tags=["a"]), make_run(store)
    look()
    read(api.patch(f"/api/runs/{run_id}", {"description": "important words"}))
    api.post("/api/runs/soft-delete", {"run_ids": [deleted]})
    before = {run_id: read(api.get(f"/api/runs/{run_id}")), deleted: read(api.get("/api/recycle-bin"))}
    Run.objects.filter(run_id=run_id).update(status="nonsense", summary={"wrong": 1})
    out = StringIO()
    call_command("reindex", "--storage", str(store), stdout=out)
    assert out.getvalue() == f"2 runs and 0 artifacts in {store}\n"
    assert {
        run_id: read(api.get(f"/api/runs/{run_id}")),
        deleted: read(api.get("/api/recycle-bin")),
    } == before
    runs = find_runs(active_root(), include_deleted=True, search="important", tags=["a"]).runs
    assert [run.run_id for run in runs] == [run_id]


def test_two_copies_of_a_store_are_two_stores(
    store: Path, tmp_path: Path, make_run: Any, look: Any, api: Any
) -> None:
    import shutil

    from runs.active_root import activate

    run_id = make_run(store)
    look()
    shutil.copytree(store, tmp_path / "copy")
    activate(tmp_path / "copy")
    look()
    api.post("/api/runs/soft-delete", {"run_ids": [run_id]})
    assert read(api.get("/api/runs")) == []
    assert not (folder_of(store, run_id) / ".deleted").exists()
    activate(store)
    assert [item["id"] for item in read(api.get("/api/runs"))] == [run_id]
