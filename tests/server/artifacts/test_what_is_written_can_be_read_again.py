"""Versions of any number of files can be read; those too large to be read are refused before they are written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient

import runicorn as rn
from runicorn.artifacts import create
from runicorn.artifacts import store as artifact_store
from runicorn.artifacts.errors import InvalidArtifact
from runicorn.artifacts.store import Store
from runicorn.store import layout
from runicorn.store.layout import JSON_CEILING
from tests.large import many

Write = Callable[..., Path]
LONG = "x" * (JSON_CEILING + 1)
SMALL_CEILING = 2 * 2**20


@pytest.fixture
def small_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files of an eighth of the usual size at most: writing and reading 16 MiB takes seconds."""
    monkeypatch.setattr(layout, "JSON_CEILING", SMALL_CEILING)
    monkeypatch.setattr(artifact_store.fitting, "__defaults__", (SMALL_CEILING,))
    monkeypatch.setitem(layout.read_json.__kwdefaults__, "ceiling", SMALL_CEILING)


@pytest.mark.django_db
def test_a_manifest_may_be_larger_than_other_small_files(
    store: Path, run: rn.Run, write: Write, api: APIClient
) -> None:
    artifact = (
        rn.Artifact("d", "dataset").add_file(write("a.txt", "a")).add_reference("s3://b/k", note=many(LONG))
    )
    assert run.log_artifact(artifact) == 1
    assert run.use_artifact("d:latest").get_file_path("a.txt").read_text() == "a"
    assert api.get("/api/artifacts/d/v1").json()["num_references"] == 1
    assert api.get("/api/artifacts/d/v1/files").json()["total_files"] == 1


def test_more_files_than_a_manifest_can_list_are_refused(
    run: rn.Run, shelves: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create, "MANIFEST_CEILING", 1000)
    for number in range(20):
        sources = write(f"many/{number}.txt", f"{number}").parent
    with pytest.raises(InvalidArtifact, match=r"manifest\.json would have more than"):
        run.log_artifact(rn.Artifact("d", "dataset").add_dir(sources))
    assert not shelves.folder("dataset", "d").numbers()
    monkeypatch.undo()
    assert run.log_artifact(rn.Artifact("d", "dataset").add_dir(sources)) == 1


def test_metadata_beyond_the_ceiling_are_refused(run: rn.Run, shelves: Store, write: Write) -> None:
    artifact = rn.Artifact("m", metadata={"long": LONG}).add_file(write("w.bin"))
    with pytest.raises(InvalidArtifact, match=r"metadata\.json of m would have more than 15 MiB"):
        run.log_artifact(artifact)
    assert not shelves.folder("model", "m").numbers()


@pytest.mark.django_db
def test_the_api_refuses_too_much_metadata_and_changes_nothing(
    small_ceiling: None, store: Path, run: rn.Run, write: Write, api: APIClient
) -> None:
    run.log_artifact(rn.Artifact("m", metadata={"acc": 0.5}).add_file(write("w.bin")))
    # Half a megabyte as it is sent; a line for each number where they would be kept.
    many = {"metadata": {"list": [1] * 240_000}}
    answer = api.patch("/api/artifacts/m/v1", many, format="json")
    assert answer.status_code == 400, answer.content[:500]
    assert "metadata.json would have more than 2 MiB" in answer.json()["detail"]
    assert api.get("/api/artifacts/m/v1").json()["metadata"] == {"acc": 0.5}
    digest = "sha256:" + os.urandom(32).hex()
    declaration = {
        "name": "n",
        "type": "model",
        "files": [{"path": "a", "size": 1, "digest": digest}],
        **many,
    }
    assert api.post("/api/artifacts/uploads", declaration, format="json").status_code == 400
    assert not list((store / "artifacts").glob(".uploads/*"))


@pytest.mark.django_db
def test_evaluations_do_not_outgrow_what_can_be_read(
    small_ceiling: None, store: Path, run: rn.Run, write: Write, api: APIClient
) -> None:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin")))
    assert api.post("/api/artifacts/m/v1/promote", {"to_stage": "staging"}, format="json").status_code == 200
    metrics = {f"metric {number:070d}": 0.5 for number in many(range(8_750))}
    body = {"metrics": metrics, "status": "ok"}
    answers = [api.post("/api/artifacts/m/v1/evaluate", body, format="json").status_code for _ in range(3)]
    assert answers == [200, 200, 400]
    assert len(api.get("/api/artifacts/m/evaluations").json()) == 2
    assert api.get("/api/runs/" + run.id + "/artifacts").json()["created"][0]["lifecycle_stage"] == "staging"
