"""`/api/v2/differ`, `/api/v2/nearest` and the sources of runs, with the client and the command line."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient
from typer.testing import CliRunner

from metrics.ingest.catch_up import catch_up_several
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources import keep
from runicorn.store import layout
from runicorn_site.web import readable
from runicorn_tools.cli import app
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.folders import folder_of, write_run


def write_run_with_sources(
    store: Path, number: int, config: dict[str, Any], code: str = "a = 1\n", project: str = "p"
) -> str:
    """Write a run whose loss jumps at step 60 if its learning rate is above 0.5."""
    run_id = f"20260101_00000{number}_abcdef"
    jump = 60 if config.get("lr", 0) > 0.5 else 1000
    metrics = [{"loss": 1 / step + (step >= jump), "same": step} for step in range(1, 101)]
    write_run(store, project, run_id=run_id, config=config, metrics=metrics, created_at=1000.0 + number)
    folder, source = folder_of(store, run_id), store.parent / f"source{number}"
    source.mkdir()
    (source / "train.py").write_text(code)
    keep.keep(store, folder, ProgramStart(str(source), [], [], "", {}))
    layout.write_json(
        folder / layout.ENVIRONMENT, {"command_line": ["python", "train.py"], "pip_packages": ["t==1"]}
    )
    return run_id


@pytest.fixture
def runs(store: Path) -> list[str]:
    """Three runs: a baseline, a replica, and one with another learning rate and code."""
    ids = [
        write_run_with_sources(store, 1, {"lr": 0.1, "seed": 1}),
        write_run_with_sources(store, 2, {"lr": 0.1, "seed": 2}),
        write_run_with_sources(store, 3, {"lr": 0.9, "seed": 1}, "a = 2\n"),
    ]
    discovery.full(active_root())
    catch_up_several(list(Run.objects.all()))
    return ids


def test_two_runs_are_compared(runs: list[str], api: APIClient) -> None:
    answer = api.get(f"/api/v2/differ?a={runs[0]}&b={runs[2]}").json()
    assert answer["config"] == {"changed": [{"key": "lr", "a": 0.1, "b": 0.9}], "added": [], "removed": []}
    assert answer["code"]["files"] == [{"path": "train.py", "status": "modified", "added": 1, "removed": 1}]
    assert "-a = 1\n+a = 2\n" in answer["code"]["diff"]
    assert answer["parting"] == [{"metric": "loss", "step": 60, "first": 60, "spread": "replicas"}]
    assert answer["packages"] == answer["environment"] == answer["command"] == answer["artifacts"] == {}
    assert (answer["replica"], answer["a"]["id"], answer["b"]["id"]) == (False, runs[0], runs[2])
    replica = api.get(f"/api/v2/differ?a={runs[0]}&b={runs[1]}").json()
    assert (replica["replica"], replica["code"], replica["parting"]) == (True, {}, [])
    assert replica["sentences"] == [f"Replica of run {runs[0]} but for the seed"]


def test_a_run_is_compared_with_its_predecessor_and_with_a_group(runs: list[str], api: APIClient) -> None:
    before = api.get(f"/api/v2/differ?a={runs[2]}&b=previous").json()
    assert (before["a"]["id"], before["b"]["id"]) == (runs[1], runs[2])
    group = api.get(f"/api/v2/differ?a={runs[2]}&b={runs[0]},{runs[1]}").json()
    assert [entry["key"] for entry in group["config"]["changed"]] == ["lr"]
    assert (group["parting"][0]["step"], group["parting"][0]["spread"]) == (60, "replicas")


def test_replicas_with_few_points_are_compared(store: Path, api: APIClient) -> None:
    ids = [f"20260101_000001_abcde{number}" for number in range(4)]
    for number, run_id in enumerate(ids):
        metrics = [{"loss": float(step + number + 10 * (number > 1))} for step in range(3)]
        write_run(
            store, "p", run_id=run_id, config={"lr": number // 2}, metrics=metrics, created_at=1000.0 + number
        )
    discovery.full(active_root())
    catch_up_several(list(Run.objects.all()))
    answer = api.get(f"/api/v2/differ?a={ids[1]}&b={ids[3]}")
    assert answer.status_code == 200, answer.content
    assert [(entry["metric"], entry["spread"]) for entry in answer.json()["parting"]] == [
        ("loss", "replicas")
    ]


def test_unknown_runs_and_invalid_queries_are_errors(runs: list[str], api: APIClient) -> None:
    for query, status in [
        (f"a={runs[0]}", 400),
        (f"a={runs[0]}&b=20200101_000000_000000", 404),
        (f"a=odd&b={runs[0]}", 400),
        (f"a={runs[0]}&b=previous", 404),
    ]:
        answer = api.get(f"/api/v2/differ?{query}")
        assert (answer.status_code, isinstance(answer.json()["detail"], str)) == (status, True), query
    unknown = "20200101_000000_000000"
    for path in (f"differ?a={unknown}&b={runs[0]}", f"nearest?project=p&run={unknown}"):
        answer = api.get(f"/api/v2/{path}")
        assert (answer.status_code, answer.json()) == (404, {"detail": f"Run not found: {unknown}"})
    for query in (
        "project=p",
        f"project=p&run={runs[0]}&config={{}}",
        "project=p&config=[1]",
        "project=p&config=x",
    ):
        assert api.get(f"/api/v2/nearest?{query}").status_code == 400, query


def test_a_malformed_id_is_named_by_its_parameter(
    runs: list[str], api: APIClient, subtests: pytest.Subtests
) -> None:
    for path, field in [
        ("differ?a=odd&b={}", "a"),
        ("differ?a={}&b=odd", "b"),
        ("differ?a={0}&b={0},odd", "b"),
        ("nearest?project=p&run=odd", "run"),
        ("samples/compare?name=x&runs={},odd", "runs"),
        ("verdict?metric=loss&a=odd&b={}", "a"),
        ("verdict?metric=loss&a={}&b=odd", "b"),
        ("groups?by=tag&against=odd,{}", "against"),
    ]:
        with subtests.test(path=path, field=field):
            answer = api.get(f"/api/v2/{path.format(runs[0])}")
            assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_the_nearest_runs_are_those_whose_settings_differ_least(runs: list[str], api: APIClient) -> None:
    config = json.dumps({"lr": 0.1, "seed": 77})
    near = api.get("/api/v2/nearest", {"project": "p", "config": config}).json()["runs"]
    assert [(run["run_id"], run["distance"], run["changed"]) for run in near] == [
        (runs[1], 0.0, []),
        (runs[0], 0.0, []),
        (runs[2], 1.0, ["lr"]),
    ]
    assert (near[0]["state"], near[0]["metrics"]["loss"]) == ("finished", 0.01)
    own = api.get("/api/v2/nearest", {"project": "p", "run": runs[2], "limit": 1}).json()["runs"]
    assert [run["run_id"] for run in own] == [runs[1]]


def test_sources_are_listed_and_downloaded(runs: list[str], api: APIClient) -> None:
    tree = api.get(f"/api/v2/experiments/{runs[2]}/sources").json()
    assert (tree["files"], tree["folder"]) == ([{"path": "train.py", "size": 6}], ".")
    answer = api.get(f"/api/v2/experiments/{runs[2]}/sources/file?path=train.py")
    assert (answer.content, answer["X-Content-Type-Options"]) == (b"a = 2\n", "nosniff")
    assert answer["Content-Disposition"].startswith("attachment")
    packed = api.get(f"/api/v2/experiments/{runs[2]}/sources/file").content
    assert zipfile.ZipFile(io.BytesIO(packed)).read("train.py") == b"a = 2\n"
    for path in ("../../meta.json", "/etc/passwd", "nothing.py"):
        assert api.get(f"/api/v2/experiments/{runs[2]}/sources/file?path={path}").status_code == 404


def test_runs_of_a_hidden_project_are_not_found(runs: list[str], store: Path, api: APIClient) -> None:
    other = write_run_with_sources(store, 4, {"lr": 0.1}, project="q")
    token = readable._current.set(readable.Readable(frozenset({"q"}), are_only=True))
    try:
        assert api.get(f"/api/v2/differ?a={other}&b={runs[0]}").status_code == 404
        assert api.get(f"/api/v2/experiments/{runs[0]}/sources").status_code == 404
        assert api.get("/api/v2/nearest?project=p&config={}").json() == {"runs": []}
    finally:
        readable._current.reset(token)


def test_the_command_answers_as_the_api_does(runs: list[str], store: Path, api: APIClient) -> None:
    def printed(*arguments: str) -> Any:
        result = CliRunner().invoke(app, [*arguments, "--storage", str(store)])
        assert result.exit_code == 0, result.output
        return result.stdout

    expected = api.get(f"/api/v2/differ?a={runs[0]}&b={runs[2]}").json()
    assert json.loads(printed("diff", runs[0], "latest", "--json")) == expected
    output = printed("show", "latest")
    assert f"WHAT CHANGED since {runs[1]}" in output
    assert "  Config: lr 0.1 → 0.9" in output
    verdict = api.get(f"/api/v2/verdict?metric=loss&a={runs[2]}&b={runs[1]}").json()
    assert re.search(rf"^  loss +{re.escape(verdict['sentence'])}$", output, re.M)
    text = printed("diff", "latest")
    assert f"{runs[1]} (p/resnet) → {runs[2]} (p/resnet)" in text
    assert "~ lr: 0.1 → 0.9" in text
    assert "-a = 1\n+a = 2\n" in text
    assert "+a = 2" not in printed("diff", "latest", "--no-code")
    near = json.loads(printed("nearest", runs[2], "--json"))
    assert near == api.get("/api/v2/nearest", {"project": "p", "run": runs[2]}).json()
