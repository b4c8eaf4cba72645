"""A viewer over a store that may be damaged in any way, and what is in it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from runicorn.store.samples.writer import SampleWriter
from tests.conftest import FIXTURE_STORE
from tests.documents.store import write_store
from tests.folders import folder_of, write_run
from tests.processes import Viewer
from tests.server.fuzzing.described import Description
from tests.server.fuzzing.values import Pool
from tests.waiting import until

SPARE_RUNS = 30


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer without limits over a store with runs and artifacts, in a home of its own."""
    base = tmp_path_factory.mktemp("fuzzing")
    with tarfile.open(FIXTURE_STORE) as archive:
        archive.extractall(base, filter="data")
    root = base / FIXTURE_STORE.name.removesuffix(".tar.gz")
    write_store(root)
    for number in range(SPARE_RUNS):
        config = {"lr": 10.0 ** -(number % 3), "seed": number, "optim": {"name": "sgd"}}
        run_id = write_run(
            root, "spare", "run", config=config, metrics=[{"loss": number}] * 20, logs="one\ntwo\n"
        )
        with SampleWriter(folder_of(root, run_id), "rollouts") as writer:
            writer.append([{"id": f"p{n}", "prompt": "What?", "reward": n / 4} for n in range(4)], step=1)
    off = {"RUNICORN_RATE_LIMIT": "off", "RUNICORN_MAX_SOCKETS": "0", "HOME": str(base)}
    viewer = Viewer(root, base / "home", **off)
    try:
        yield viewer.wait_until_it_answers()
    finally:
        viewer.stop()


@pytest.fixture(scope="module")
def description(target: Viewer) -> Description:
    """The OpenAPI description of the viewer."""
    return Description(target.get("/openapi.json").json())


@pytest.fixture(scope="module")
def pool(target: Viewer) -> Pool:
    """What exists in the store, by the names of parameters and fields."""
    until(lambda: len(target.get("/api/runs").json()) >= SPARE_RUNS)
    runs = target.get("/api/runs").json()
    artifacts = target.get("/api/artifacts").json()
    ids = [run["id"] for run in runs]
    names = ["loss", "val_acc", "nothing"]
    digest = f"sha256:{'0' * 64}"
    file = {"path": "weights.bin", "size": 4, "digest": digest}
    upload = target.post("/api/artifacts/uploads", json={"name": "sent", "type": "model", "files": [file]})
    formula = {"name": "gap", "formula": "loss - first(loss)"}
    assert target.post("/api/v2/projects/spare/formulas", json=formula).status_code == 201
    pool: dict[str, list[Any]] = {
        "project": [run["project"] for run in runs],
        "name": [*dict.fromkeys(run["name"] for run in runs), "rollouts", "gap"],
        "artifact_name": [artifact["name"] for artifact in artifacts],
        "artifact_number": [1, 2],
        "artifact_path": _files(target, artifacts),
        "artifact_alias": ["latest", "best", "prod"],
        "version": [1, 2],
        "type": [artifact["type"] for artifact in artifacts],
        "path": ["samples.png", "/new/root"],
        "host": ["127.0.0.1"],  # where no SSH server listens at port 1
        "port": [1],
        "connection_id": ["me@127.0.0.1:1"],
        "table": ["runs"],
        "order_by": ["name", "duration", "metric.loss.best", "config.lr", "-n", "metric.loss.mean", "reward"],
        "where": ["config.lr < 0.1", "metric.loss.best > 0", "tags contains baseline", "not status = failed"],
        "step_range": ["1:10", ":5", "5:", ":"],
        "time_range": ["1:10", "0:", ":1768405000"],
        "group_by": ["tag", "config.lr"],
        "by": ["group", "project", "tag", "config.lr", "config.optim.name,tag", "replicas", "status"],
        "metric": ["loss", "loss.min", "val_acc.last", "gap", "nothing"],
        "metrics": ["loss", "gap", "val_acc.max", "nothing"],
        "against": [ids[0], "baseline", f"{ids[0]},{ids[1]}"],
        "a": [*ids[:9], ",".join(ids[:3])],
        "b": [*ids[:9], ",".join(ids[:3]), "previous"],
        "run": ids,
        "runs": [",".join(ids[:2]), ids[0]],
        "sample": ["p1", "absent"],
        "step": [1, 0],
        "q": ["what", "absent"],
        "config": ['{"lr": 0.1}', "{}", '{"optim": {"name": "sgd"}, "seed": null}', '{"lr": 1e999}'],
        "formula": ["loss - val_acc", "ema(loss, 0.9)", "loss /", "a(", "loss > 0"],
        "created_after": ["2026-01-01", "1768404645.5"],
        "created_before": ["2026-12-31T00:00:00Z", "0"],
        "to_stage": ["staging", "production"],
        "digest": [digest],
        "artifact_upload_id": [upload.json()["upload_id"]],
    }
    pool |= dict.fromkeys(("run_id", "run_ids", "exp_ids", "ids", "evaluator_run_id"), ids)
    return pool | dict.fromkeys(("names", "metric_names", "metric_name"), names)


def _files(target: Viewer, artifacts: list[dict[str, Any]]) -> list[str]:
    return [
        entry["path"]
        for artifact in artifacts
        for entry in target.get(f"/api/artifacts/{artifact['name']}/v1/files?type={artifact['type']}")
        .json()
        .get("files", [])
    ]
