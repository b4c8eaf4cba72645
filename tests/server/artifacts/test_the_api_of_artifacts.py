"""The routes of artifacts respond as documented, from rows that follow the folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run

Write = Callable[..., Path]
pytestmark = pytest.mark.django_db


@pytest.fixture
def logged(store: Path, run: rn.Run, write: Write) -> rn.Run:
    """model m with three versions, dataset d with one, used by the run."""
    run.log_artifact(rn.Artifact("d", "dataset").add_file(write("d.csv", "a,b\n1,2\n")))
    run.use_artifact("d:latest")
    for number in (1, 2, 3):
        artifact = rn.Artifact("m", metadata={"acc": number / 10}, description=f"try {number}").add_tags("t")
        artifact.add_file(write("shared.bin", b"s" * 1000)).add_file(write("own.bin", b"%d" % number))
        run.log_artifact(artifact.add_reference("s3://b/k", checksum="x", size=5))
    return run


def test_artifacts_are_listed_last_updated_first(api: Any, logged: rn.Run) -> None:
    items = api.get("/api/artifacts").json()
    assert [(a["name"], a["type"], a["num_versions"], a["latest_version"]) for a in items] == [
        ("m", "model", 3, 3),
        ("d", "dataset", 1, 1),
    ]
    assert [item["version"] for item in items] == [3, 1], "as scripts for Runicorn 0.5 read it"
    assert items[0]["size_bytes"] == 1006 and items[0]["aliases"] == {"latest": 3}
    assert [a["name"] for a in api.get("/api/artifacts?type=dataset").json()] == ["d"]
    assert api.get("/api/artifacts?type=").status_code == 200
    assert api.get("/api/artifacts?type=nonsense").status_code == 400


def test_versions_ascend_and_deleted_ones_are_asked_for(api: Any, logged: rn.Run) -> None:
    address = "/api/artifacts/m/versions"
    assert [v["version"] for v in api.get(address).json()] == [1, 2, 3]
    assert api.delete("/api/artifacts/m/v3").json() == {
        "success": True,
        "message": "Soft deleted m:v3 locally",
    }
    assert [v["version"] for v in api.get(address).json()] == [1, 2]
    every = api.get(f"{address}?include_deleted=true").json()
    assert [(v["version"], v["status"], v["aliases"]) for v in every] == [
        (1, "ready", []),
        (2, "ready", ["latest"]),
        (3, "deleted", []),
    ]
    assert api.get("/api/artifacts").json()[0]["latest_version"] == 2
    assert api.post("/api/artifacts/m/v3/restore").json()["status"] == "ready"
    assert api.get("/api/artifacts").json()[0]["aliases"] == {"latest": 3}


def test_a_version_has_all_documented_fields(api: Any, logged: rn.Run) -> None:
    stored_version = api.get("/api/artifacts/m/v2").json()
    assert (
        stored_version["metadata"] == {"acc": 0.2}
        and stored_version["tags"] == ["t"]
        and stored_version["description"] == "try 2"
    )
    assert (stored_version["num_files"], stored_version["num_references"], stored_version["size_bytes"]) == (
        2,
        1,
        1006,
    )
    assert stored_version["created_by_run"] == logged.id
    assert (
        stored_version["manifest_digest"].startswith("sha256:")
        and len(stored_version["manifest_digest"]) == 71
    )
    files = api.get("/api/artifacts/m/v2/files").json()
    assert files["artifact"] == "m:v2" and [f["path"] for f in files["files"]] == ["own.bin", "shared.bin"]
    assert Path(files["files"][0]["absolute_path"]).read_bytes() == b"2"
    assert files["references"] == [{"uri": "s3://b/k", "checksum": "x", "size": 5, "metadata": {}}]
    assert (files["total_size"], files["total_files"], files["total_references"]) == (1006, 2, 1)


def test_description_metadata_and_tags_are_replaced(api: Any, logged: rn.Run) -> None:
    changed = api.patch("/api/artifacts/m/v1", {"description": "new", "tags": ["x"]}, format="json")
    assert (changed.json()["description"], changed.json()["tags"]) == ("new", ["x"])
    assert changed.json()["metadata"] == {"acc": 0.1}
    assert api.patch("/api/artifacts/m/v1", {}, format="json").json() == changed.json()
    twice = api.patch("/api/artifacts/m/v1", {"tags": ["x", "y", "x"]}, format="json")
    assert twice.json()["tags"] == ["x", "y"]
    wrong = ({"tags": "x"}, {"description": "x" * 10_001}, {"metadata": []}, {"tags": ["\u0000"]})
    for bad in (*wrong, {"description": "typed", "tag": ["x"]}, {"status": "ready"}):
        answer = api.patch("/api/artifacts/m/v1", bad, format="json")
        assert answer.status_code == 400 and "detail" in answer.json()
    assert api.get("/api/artifacts/m/v1").json()["description"] == "new"


def test_aliases_are_put_and_removed(api: Any, logged: rn.Run) -> None:
    assert api.put("/api/artifacts/m/aliases/prod", {"version": 2}, format="json").json()["aliases"] == {
        "latest": 3,
        "prod": 2,
    }
    assert logged.use_artifact("m:prod").version == 2
    for alias, body, status in [
        ("latest", 1, 400),
        ("v1", 1, 400),
        ("x", 9, 404),
        ("x", 0, 400),
        ("x", "a", 400),
    ]:
        answer = api.put(f"/api/artifacts/m/aliases/{alias}", {"version": body}, format="json")
        assert answer.status_code == status and ("errors" in answer.json()) == (status == 400)
    assert api.delete("/api/artifacts/m/aliases/prod").json()["aliases"] == {"latest": 3}
    assert api.delete("/api/artifacts/m/aliases/prod").status_code == 404


def test_deleting_for_good_frees_bytes_and_no_number_comes_twice(
    api: Any, logged: rn.Run, write: Write, folder: Path
) -> None:
    assert (
        api.delete("/api/artifacts/m/v3?permanent=true").json()["message"]
        == "Permanently deleted m:v3 locally"
    )
    assert api.get("/api/artifacts/m/v3").status_code == 404
    assert not (folder / "artifacts/model/m/v3").exists()
    assert logged.log_artifact(rn.Artifact("m").add_file(write("own.bin", b"4"))) == 4


def test_statistics_are_correct(api: Any, logged: rn.Run) -> None:
    api.delete("/api/artifacts/m/v1")
    sums = api.get("/api/artifacts/stats").json()
    assert (sums["total_artifacts"], sums["total_versions"], sums["total_files"]) == (2, 3, 7)
    assert sums["total_size_bytes"] == 3 * 1001 + 8
    assert sums["dedup_pool_size_bytes"] == 1000 + 3 + 8
    assert sums["space_saved_bytes"] == 2000 and sums["dedup_ratio"] == pytest.approx(2000 / 3011)
    assert sums["by_type"]["model"] == {"count": 1, "versions": 2, "size_bytes": 2002}


def test_missing_artifacts_and_versions_are_not_found(api: Any, logged: rn.Run, write: Write) -> None:
    for address, status, detail in [
        ("nope/versions", 404, "Artifact not found: nope"),
        ("m/v9", 404, "Version not found: m:v9"),
        ("m/v0", 404, "Version not found: m:v0"),
        (f"m/v{10**20}", 404, f"Version not found: m:v{10**20}"),
        ("m/v1/files/nope.bin", 404, "m:v1 has no file nope.bin"),
        ("m/versions?type=dataset", 404, "Artifact not found: m (type=dataset)"),
    ]:
        answer = api.get(f"/api/artifacts/{address}")
        assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    logged.log_artifact(rn.Artifact("m", "dataset").add_file(write("x")))
    answer = api.get("/api/artifacts/m/versions")
    assert answer.status_code == 409 and "dataset, model" in answer.json()["detail"]
    assert api.get("/api/artifacts/m/versions?type=dataset").status_code == 200


def test_rows_follow_what_others_do_on_disk(api: Any, logged: rn.Run, folder: Path) -> None:
    assert len(api.get("/api/artifacts/m/versions").json()) == 3
    (folder / "artifacts/model/m/v2/.deleted").write_text('{"deleted_at": 5.0}')  # the older viewer's way
    assert [v["version"] for v in api.get("/api/artifacts/m/versions").json()] == [1, 3]
    shutil.rmtree(folder / "artifacts/model/m")
    assert api.get("/api/artifacts/m/versions").status_code == 404
    assert [a["name"] for a in api.get("/api/artifacts").json()] == ["d"]


def test_a_run_lists_the_versions_it_made_and_used(api: Any, logged: rn.Run) -> None:
    artifacts = api.get(f"/api/runs/{logged.id}/artifacts").json()
    assert [(a["name"], a["version"]) for a in artifacts["created"]] == [
        ("d", 1),
        ("m", 1),
        ("m", 2),
        ("m", 3),
    ]
    assert [(a["name"], a["type"], a["aliases"]) for a in artifacts["used"]] == [("d", "dataset", ["latest"])]
    assert artifacts["created"][3]["description"] == "try 3"


def test_the_life_of_a_model(api: Any, logged: rn.Run) -> None:
    def promote(number: int, stage: str) -> Any:
        return api.post(f"/api/artifacts/m/v{number}/promote", {"to_stage": stage}, format="json")

    assert promote(1, "production").json()["detail"] == "Invalid transition from experimental to production"
    assert "Invalid target stage: nope" in promote(1, "nope").json()["detail"]
    assert list(promote(1, "production").json()["errors"]) == ["to_stage"]
    for number in (1, 2):
        assert promote(number, "staging").json()["message"] == "Successfully promoted to staging"
        assert promote(number, "production").status_code == 200
    assert api.get("/api/artifacts").json()[0]["aliases"] == {"latest": 3, "production": 2}
    assert logged.use_artifact("m:production").version == 2
    assert api.get("/api/artifacts/m/v1").json()["lifecycle_stage"] == "production"
    assert promote(2, "archived").status_code == 200
    assert "production" not in api.get("/api/artifacts").json()[0]["aliases"]


def test_evaluations_are_kept_newest_first(api: Any, logged: rn.Run) -> None:
    for value in (0.5, 0.75):
        body = {"metrics": {"acc": value}, "status": "passed", "model_name": "ignored", "model_version": 9}
        assert api.post("/api/artifacts/m/v1/evaluate", body, format="json").json()["ok"] is True
    evaluations = api.get("/api/artifacts/m/evaluations").json()
    assert [(e["metrics"]["acc"], e["model_name"], e["model_version"]) for e in evaluations] == [
        (0.75, "m", 1),
        (0.5, "m", 1),
    ]
    assert api.get("/api/artifacts/m/evaluations?version=2").json() == []
    for bad in ({}, {"metrics": {"a": "x"}, "status": "s"}, {"metrics": [], "status": "s"}):
        assert api.post("/api/artifacts/m/v1/evaluate", bad, format="json").status_code == 400
    assert logged.use_artifact("m:v1").version == 1  # what was recorded keeps nothing from being read


def test_the_runs_of_a_model_give_its_performance_history(api: Any, logged: rn.Run) -> None:
    logged.summary({"acc": 0.9, "note": "text"})
    api.get(f"/api/runs/{logged.id}")
    history = api.get("/api/artifacts/m/performance-history").json()
    assert [(h["version"], h["metrics"]) for h in history] == [(n, {"acc": 0.9}) for n in (1, 2, 3)]
    assert api.get("/api/artifacts/m/performance-history?metric_name=nope").json() == []
    training = api.get("/api/artifacts/m/training-metrics").json()
    assert (training["run_id"], training["metrics"]["acc"], training["project"]) == (logged.id, 0.9, "p")


def test_training_metrics_without_a_run_are_null(api: Any, logged: rn.Run) -> None:
    missing = api.get("/api/artifacts/m/training-metrics?version=99")
    assert (missing.status_code, missing.content) == (200, b"null")
    api.get(f"/api/runs/{logged.id}")
    shutil.rmtree(Run.objects.get(run_id=logged.id).path)
    discovery.full(active_root())
    without = api.get("/api/artifacts/m/training-metrics")
    assert (without.status_code, without.content) == (200, b"null")
