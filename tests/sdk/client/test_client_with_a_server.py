from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import runicorn.api as api
from runicorn.api import responses
from tests.processes import Viewer
from tests.sdk.client.conftest import BEGIN, IDS

NEWEST = IDS[::-1]


def ids(runs: Any) -> list[str]:
    return [run["id"] for run in runs]


def test_all_runs_are_listed_newest_first(client: api.RunicornClient) -> None:
    runs = client.list_experiments()
    assert ids(runs) == NEWEST
    assert get_type_hints(responses.Experiment).keys() <= runs[0].keys()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"project": "vision"}, [4, 2, 0]),
        ({"project": "vision", "name": "net2"}, [2]),
        ({"status": "failed"}, [3]),
        ({"status": ["failed", "finished"], "limit": 2}, [4, 3]),
        ({"limit": 2, "offset": 1}, [3, 2]),
        ({"limit": 0}, []),
        ({"offset": 4}, [0]),
        ({"offset": 9}, []),
        ({"tags": ["all", "t1"]}, [1]),
        ({"tags": "t2"}, [2]),
        ({"tags": ["all,t1"]}, []),
        ({"search": "NLP net1"}, [1]),
        ({"created_after": BEGIN + 3}, [4, 3]),
        ({"created_before": datetime.fromtimestamp(BEGIN + 1, UTC)}, [1, 0]),
        ({"best_metric_min": 0.1, "best_metric_max": 0.3}, [3, 2, 1]),
        ({"order_by": "best_metric_value", "order_desc": False, "limit": 2}, [0, 1]),
        ({"order_by": "config.lr", "limit": 1, "include_deleted": True}, [4]),
    ],
)
def test_filters_reach_the_server(client: api.RunicornClient, filters: Any, expected: list[int]) -> None:
    assert ids(client.list_experiments(**filters)) == [IDS[number] for number in expected]


def test_pages_are_fetched_as_they_are_used(client: api.RunicornClient) -> None:
    runs = client.iter_experiments(page_size=2)
    assert next(runs)["id"] == NEWEST[0]
    assert ids(runs) == NEWEST[1:]
    assert ids(client.iter_experiments(status="failed")) == [IDS[3]]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda client: client.list_experiments(projects="vision"), TypeError),
        (lambda client: client.iter_experiments(limit=1), TypeError),
        (lambda client: client.list_experiments(limit=-1), ValueError),
        (lambda client: client.iter_experiments(page_size=0), ValueError),
        (lambda client: client.list_experiments(order_by="size"), api.BadRequestError),
        (lambda client: client.get_run("nothing"), api.BadRequestError),
        (lambda client: client.get_run(""), api.BadRequestError),
        (lambda client: client.get_run(".."), api.BadRequestError),
        (lambda client: client.update_config({"theme": "dark"}), ValueError),
        (lambda client: client.update_config({"user_root_dir": "relative"}), api.BadRequestError),
    ],
)
def test_invalid_arguments_are_refused(
    client: api.RunicornClient, ask: Callable[[Any], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(client)


def test_one_run_has_everything(client: api.RunicornClient) -> None:
    run = client.get_experiment(IDS[2])
    assert get_type_hints(responses.ExperimentDetail).keys() <= run.keys()
    assert (run["project"], run["name"], run["status"], run["created_at"]) == (
        "vision",
        "net2",
        "finished",
        BEGIN + 2,
    )
    assert run["summary"]["note"] == "good"
    assert run["config"] == {"lr": pytest.approx(0.3)}
    assert client.get_run(IDS[2]) == run


def test_the_error_contains_the_detail_of_the_server(client: api.RunicornClient) -> None:
    unknown = "20231114_221320_zzzzzz"
    for ask in (client.get_run, client.get_series):
        with pytest.raises(api.NotFoundError, match=f"{unknown}") as caught:
            ask(unknown)
        assert caught.value.status == 404
    for caught_by in (api.BadRequestError, api.NotFoundError):  # scripts for Runicorn 0.5 catch the second
        with pytest.raises(caught_by, match="Invalid run_id format: x") as malformed:
            client.get_run("x")
        assert malformed.value.status == 400
    with pytest.raises(api.NotFoundError, match="This server does not offer GET /api/nothing"):
        client.get("/api/nothing")


def test_any_route_is_asked_with_or_without_its_first_slash(client: api.RunicornClient) -> None:
    assert client.get("api/projects") == client.get("/api/projects")
    assert client.post("api/status/check")["checked"] == 0


def test_projects_are_counted(client: api.RunicornClient) -> None:
    projects = {project["name"]: project for project in client.list_projects()}
    assert {name: (p["experiment_count"], p["run_count"]) for name, p in projects.items()} == {
        "nlp": (2, 2),
        "vision": (3, 3),
    }
    assert projects["vision"]["latest_update"] > BEGIN


def test_series_are_columns(client: api.RunicornClient) -> None:
    answer = client.get_series(IDS[0], ["loss"], step_range=(2, None))
    (loss,) = answer["series"]
    assert (loss["name"], loss["count"], loss["x"][0], loss["y"][0]) == ("loss", 9, 2, 0.5)


def test_the_viewer_describes_itself(client: api.RunicornClient, store_viewer: Viewer) -> None:
    assert client.health_check()["status"] == "ok"
    assert client.get_config()["storage"] == str(store_viewer.root)
    assert client.get_gpu_info()["available"] in {True, False}


def test_artifacts_of_a_run_come_with_their_relation(client: api.RunicornClient) -> None:
    assert client.artifacts.list_experiment_artifacts(IDS[0]) == []
    with pytest.raises(ValueError, match="relation"):
        client.artifacts.list_experiment_artifacts(IDS[0], "made")  # type: ignore[arg-type]


def test_the_storage_root_is_changed(
    client: api.RunicornClient, store_viewer: Viewer, tmp_path: Path
) -> None:
    try:
        config = client.update_config({"user_root_dir": str(tmp_path / "new")})
        assert config["user_root_dir"] == config["storage"] == str(tmp_path / "new")
        assert client.list_experiments() == []
    finally:
        config = client.update_config({"user_root_dir": str(store_viewer.root)})
    assert config == client.get_config()
    assert ids(client.list_experiments()) == NEWEST
