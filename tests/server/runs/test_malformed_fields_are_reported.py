from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runs.models import Run
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import row

Alter = Callable[..., dict[str, Any]]


@pytest.fixture
def alter(store: Path, make_run: Callable[..., str], api: Any) -> Alter:
    """Writes fields over those of a run's small file, and answers the run's detail as it is then."""
    run_id = make_run(store, tags=["kept"], summary={"best_metric_name": "loss", "best_metric_value": 0.5})
    read(api.get(f"/api/runs/{run_id}"))

    def write(file: str, content: Any) -> dict[str, Any]:
        path = folder_of(store, run_id) / file
        if isinstance(content, dict) and path.exists():
            content = json.loads(path.read_text()) | content
        path.write_text(json.dumps(content))
        settled = time.time() - 60
        for entry in path.parent.iterdir():
            os.utime(entry, (settled, settled))
        detail: dict[str, Any] = read(api.get(f"/api/runs/{run_id}"))
        return detail

    return write


@pytest.mark.parametrize(
    ("file", "field", "value", "sentence"),
    [
        ("meta.json", "created_at", "yesterday", "created_at is not a time in Unix seconds"),
        ("meta.json", "created_at", -5, "created_at is not a time in Unix seconds"),
        ("meta.json", "pid", 1.5, "pid is not a whole number"),
        ("meta.json", "pid", True, "pid is not a whole number"),
        ("meta.json", "process_start", [], "process_start is not a number"),
        ("meta.json", "hostname", {"name": "a"}, "hostname is not text"),
        ("meta.json", "group", 7, "group is not text"),
        ("meta.json", "notes", ["a"], "notes is not text"),
        ("meta.json", "tags", "one, two", "tags is not a list"),
        ("meta.json", "tags", ["kept", 5], "tags holds something that is not text"),
        ("status.json", "started_at", "2026-01-01", "started_at is not a time in Unix seconds"),
        ("status.json", "ended_at", 10**400, "ended_at is not a time in Unix seconds"),
        ("status.json", "exit_reason", 137, "exit_reason is not text"),
        ("summary.json", "best_metric_name", 5, "best_metric_name is not text"),
        ("summary.json", "best_metric_value", "high", "best_metric_value is not a number"),
        ("summary.json", "best_metric_step", "12", "best_metric_step is not a whole number"),
        ("summary.json", "best_metric_mode", "maximize", 'best_metric_mode is not "max" or "min"'),
        ("curation.json", "tags", {}, "tags is not a list"),
        ("curation.json", "description", 5, "description is not text"),
        ("curation.json", "pinned", "yes", "pinned is neither true nor false"),
        ("curation.json", "archived", 1, "archived is neither true nor false"),
        ("artifacts_created.json", "artifacts", {"name": "m"}, "artifacts is not a list"),
        ("artifacts_used.json", "artifacts", [{"name": "m"}, {}, 3], "2 of its artifacts have no name"),
    ],
)
def test_a_field_of_a_wrong_type_is_reported(
    alter: Alter, file: str, field: str, value: Any, sentence: str
) -> None:
    assert alter(file, {field: value})["warnings"] == [f"{file}: {sentence}."]


@pytest.mark.parametrize("file", ["meta.json", "status.json", "summary.json", "curation.json"])
def test_an_unknown_or_null_field_is_not_reported(alter: Alter, file: str) -> None:
    unsaid = dict.fromkeys(["pid", "exit_reason", "ended_at", "best_metric_mode", "description", "tags"])
    assert alter(file, unsaid | {"colour": [1, {"of": "the sky"}]})["warnings"] == []


def test_each_malformed_field_of_a_file_has_a_warning(alter: Alter) -> None:
    everything = [name for name in (field.name for field in Run._meta.get_fields()) if name != "status"]
    content = {field: {"a": "x" * 5000} for field in [*everything, "created_at", "started_at", "notes"]}
    for file in ("meta.json", "status.json", "summary.json", "curation.json"):
        detail = alter(file, content)
    assert 15 < len(detail["warnings"]) < 30
    assert max(map(len, detail["warnings"])) < 100


def test_malformed_curation_falls_back_to_the_run(alter: Alter) -> None:
    assert alter("curation.json", {"tags": 5})["tags"] == ["kept"]


def test_an_edit_repairs_the_file(alter: Alter, api: Any, store: Path) -> None:
    run_id = alter("curation.json", {"tags": 5, "description": [], "pinned": "yes"})["id"]
    api.patch(f"/api/runs/{run_id}", {"archived": True}, format="json")
    assert read(api.get(f"/api/runs/{run_id}"))["warnings"] == []
    assert row(run_id).archived and not row(run_id).pinned


@pytest.mark.parametrize("content", [[], "text", 5, None])
def test_an_environment_that_is_not_an_object_is_unavailable(alter: Alter, api: Any, content: Any) -> None:
    detail = alter("environment.json", content)
    assert not detail["environment_available"]
    assert detail["warnings"] == ["environment.json is not a JSON object."]
    assert read(api.get(f"/api/environment/{detail['id']}")) == {"available": False}


def test_an_environment_is_available_when_it_can_be_shown(alter: Alter, api: Any) -> None:
    detail = alter("environment.json", {"python": "3.11"})
    assert detail["environment_available"] and detail["warnings"] == []
    assert read(api.get(f"/api/environment/{detail['id']}"))["environment"] == {"python": "3.11"}


def test_artifacts_are_counted_as_they_are_shown(alter: Alter, api: Any) -> None:
    detail = alter("artifacts_created.json", {"artifacts": [{"name": "m", "version": 1}, {"version": 2}]})
    assert detail["artifacts_created_count"] == 1
    assert len(read(api.get(f"/api/runs/{detail['id']}/artifacts"))["created"]) == 1
    assert detail["warnings"] == ["artifacts_created.json: 1 of its artifacts has no name."]
