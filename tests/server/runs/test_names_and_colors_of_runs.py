"""A run's display name and colour are kept in its `curation.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient

MakeRun = Callable[..., str]


@pytest.mark.parametrize("field", ["name", "display_name"])
def test_a_run_is_renamed_without_moving_it(
    api: APIClient, store: Path, make_run: MakeRun, field: str
) -> None:
    run_id = make_run(store, project="p", name="n")
    answer = api.patch(f"/api/runs/{run_id}", {field: "Best so far"})
    assert answer.status_code == 200
    assert (answer.json()["display_name"], answer.json()["name"]) == ("Best so far", "n")
    curation = json.loads((store / "p" / "n" / "runs" / run_id / "curation.json").read_text())
    assert curation["display_name"] == "Best so far" and "color" not in curation
    runs = api.get("/api/v2/experiments", {"search": "best far"}).json()["experiments"]
    assert [(run["id"], run["display_name"]) for run in runs] == [(run_id, "Best so far")]
    api.patch(f"/api/runs/{run_id}", {"pinned": True})
    assert api.get(f"/api/runs/{run_id}").json()["display_name"] == "Best so far"
    assert api.patch(f"/api/runs/{run_id}", {field: ""}).json()["display_name"] is None


def test_a_name_from_the_script_is_displayed_until_a_user_renames_the_run(
    api: APIClient, store: Path, make_run: MakeRun
) -> None:
    run_id = make_run(store, project="p", name="n")
    meta = store / "p" / "n" / "runs" / run_id / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "display_name": "lr/0.1"}))
    assert api.get(f"/api/runs/{run_id}").json()["display_name"] == "lr/0.1"
    assert api.patch(f"/api/runs/{run_id}", {"name": "Mine"}).json()["display_name"] == "Mine"
    assert api.patch(f"/api/runs/{run_id}", {"name": ""}).json()["display_name"] == "lr/0.1"


def test_a_run_keeps_a_color(api: APIClient, store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store)
    assert api.patch(f"/api/runs/{run_id}", {"color": "#2c6acf"}).json()["color"] == "#2c6acf"
    assert api.patch(f"/api/runs/{run_id}", {"color": "red"}).status_code == 400
    assert api.get(f"/api/runs/{run_id}").json()["color"] == "#2c6acf"
    assert api.patch(f"/api/runs/{run_id}", {"color": ""}).json()["color"] is None


def test_a_field_that_cannot_be_changed_is_refused(api: APIClient, store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store)
    answer = api.patch(f"/api/runs/{run_id}", {"pinned": True, "status": "finished"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"status": ["This field cannot be changed"]}
    assert api.get(f"/api/runs/{run_id}").json()["pinned"] is False


@pytest.mark.parametrize("color", ["red", "#12345", "#GGGGGG", 7])
def test_a_color_that_is_none_is_not_shown(
    api: APIClient, store: Path, make_run: MakeRun, color: object
) -> None:
    run_id = make_run(store, project="p", name="n")
    path = store / "p" / "n" / "runs" / run_id / "curation.json"
    path.write_text(json.dumps({"color": color, "display_name": ["x"]}))
    answer = api.get(f"/api/runs/{run_id}").json()
    assert (answer["color"], answer["display_name"]) == (None, None)
