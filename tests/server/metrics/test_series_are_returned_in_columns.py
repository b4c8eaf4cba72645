"""`series`: columns for charts, ranges, and the points after a line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

MakeRun = Callable[..., str]


@pytest.fixture(params=["/api/v2/experiments/{}/series", "/runs/{}/series"])
def ask(request: pytest.FixtureRequest, api: APIClient) -> Callable[..., dict[str, Any]]:
    """Both addresses, the API's and the page's, answer the same."""

    def get(run_id: str, query: str = "") -> dict[str, Any]:
        answer = api.get(f"{request.param.format(run_id)}?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return get


Ask = Callable[..., dict[str, Any]]


def journal_of(store: Path, run_id: str) -> Path:
    return next(store.glob(f"*/*/runs/{run_id}")) / "events.jsonl"


def write(store: Path, run_id: str, kind: str, ts: float, **data: Any) -> None:
    with journal_of(store, run_id).open("a") as journal:
        journal.write(json.dumps({"ts": ts, "type": kind, "data": data}) + "\n")


def named(answer: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry for entry in answer["series"]}


def test_a_series_has_its_statistics_and_columns(store: Path, make_run: MakeRun, ask: Ask) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0}, {"loss": math.nan}, {"loss": 0.25}])
    answer = ask(run_id)
    assert answer["series"] == [
        {
            "name": "loss",
            "kind": "float",
            "count": 3,
            "min": 0.25,
            "max": 1.0,
            "last": 0.25,
            "x": [1, 2, 3],
            "y": [1.0, None, 0.25],
            "special": [[1, "nan"]],
        }
    ]
    assert (answer["last_row"], answer["generation"]) == (2, 1)
    assert answer["journal_end"] == journal_of(store, run_id).stat().st_size
    assert answer["query_time_ms"] > 0


def test_a_thinned_curve_has_a_band_around_all_that_was_left_out(
    store: Path, make_run: MakeRun, ask: Ask
) -> None:
    values = [math.sin(i) * i for i in range(200)]
    run_id = make_run(store, metrics=[{"loss": value, "few": "a"} for value in values])
    curve = named(ask(run_id, "points=50"))["loss"]
    assert len(curve["x"]) <= 50 and len(curve["band"]["x"]) < 20
    assert (curve["band"]["x"][0], curve["band"]["x"][-1]) == (1, 200)
    for step, value in enumerate(values, 1):
        edge = min(i for i, x in enumerate(curve["band"]["x"]) if x >= step)
        assert curve["band"]["low"][edge] - 1e-4 <= value <= curve["band"]["high"][edge] + 1e-4
    assert "band" not in named(ask(run_id))["loss"]
    assert "band" not in named(ask(run_id, "points=50"))["few"]


def test_texts_are_counted_and_named(store: Path, make_run: MakeRun, ask: Ask) -> None:
    run_id = make_run(store, metrics=[{"state": "warm"}, {"state": "hot"}, {"state": "warm"}])
    (entry,) = ask(run_id)["series"]
    assert entry["kind"] == "text"
    assert [entry["labels"][code] for code in entry["y"]] == ["warm", "hot", "warm"]
    assert (entry["min"], entry["max"], entry["last"]) == (None, None, "warm")


def test_changes_of_the_stage_are_listed(store: Path, make_run: MakeRun, ask: Ask) -> None:
    stages = ["a", "a", "b", None]
    run_id = make_run(store, metrics=[{"loss": 1.0, "stage": stage} for stage in stages])
    assert named(ask(run_id))["loss"]["stages"] == [[0, "a"], [2, "b"], [3, None]]


def test_names_with_commas_are_asked_for_alone_or_repeated(store: Path, make_run: MakeRun, ask: Ask) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0, "acc": 0.5, "loss,acc": 3.0, "lr": 0.1}])
    assert list(named(ask(run_id, "names=lr"))) == ["lr"]
    assert list(named(ask(run_id, "names=acc,lr"))) == ["acc", "lr"]
    repeated = f"names={quote('loss,acc')}&names=lr"
    assert sorted(named(ask(run_id, repeated))) == ["loss,acc", "lr"]
    assert "loss,acc" in named(ask(run_id, f"names={quote('loss,acc')}"))
    assert ask(run_id, "names=,")["series"] == []
    assert ask(run_id, "names=unknown")["series"] == []


def test_a_stretch_has_both_its_ends(store: Path, make_run: MakeRun, ask: Ask) -> None:
    run_id = make_run(store, metrics=[{"loss": float(step)} for step in range(1, 11)])
    for query, expected in (("3:5", [3, 4, 5]), (":2", [1, 2]), ("9:", [9, 10]), (":", list(range(1, 11)))):
        (entry,) = ask(run_id, f"step_range={query}")["series"]
        assert entry["x"] == expected
        assert (entry["count"], entry["min"], entry["max"]) == (len(expected), expected[0], expected[-1])
    (entry,) = ask(run_id, "step_range=50:60")["series"]
    assert (entry["count"], entry["x"], entry["min"], entry["last"]) == (0, [], None, None)


def test_only_what_came_later_is_answered(store: Path, make_run: MakeRun, ask: Ask) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0, "acc": 0.1}, {"loss": 0.5}])
    first = ask(run_id)
    write(store, run_id, "metrics", 5.0, loss=0.2, global_step=3, time=5.0)
    later = ask(run_id, f"after_row={first['last_row']}&generation={first['generation']}")
    assert "reset" not in later
    assert [(e["name"], e["x"], e["y"]) for e in later["series"]] == [("loss", [3], [0.2])]
    nothing = ask(run_id, f"after_row={later['last_row']}&generation=1")
    assert (nothing["series"], nothing["last_row"]) == ([], later["last_row"])


def test_a_changed_generation_of_an_empty_run_is_reported_as_reset(
    store: Path, make_run: MakeRun, ask: Ask
) -> None:
    run_id = make_run(store)
    assert "reset" not in ask(run_id, "after_row=-1&generation=0")
    assert ask(run_id, "after_row=7&generation=1")["reset"] is True


def test_by_time_every_point_is_there_and_where_the_run_went_back(
    store: Path, make_run: MakeRun, ask: Ask
) -> None:
    steps = [1, 2, 3, 2, 3]
    run_id = make_run(store, metrics=[{"loss": float(i), "global_step": s} for i, s in enumerate(steps)])
    (entry,) = ask(run_id, "x=time")["series"]
    assert (entry["y"], entry["back"]) == ([0.0, 1.0, 2.0, 3.0, 4.0], [3])
    first = entry["x"][0]
    (part,) = ask(run_id, f"x=time&time_range={first + 0.5}:{first + 2.5}")["series"]
    assert part["y"] == [1.0, 2.0]
    (by_step,) = ask(run_id)["series"]
    assert (by_step["x"], by_step["y"]) == ([1, 2, 3], [0.0, 3.0, 4.0])


def test_system_metrics_are_returned_by_time_only(
    store: Path, make_run: MakeRun, ask: Ask, api: APIClient
) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0, "time": 5.0}])
    write(store, run_id, "system", 6.0, **{"system/cpu_percent": 12.5})
    assert list(named(ask(run_id))) == ["loss"]
    entry = named(ask(run_id, "x=time"))["system/cpu_percent"]
    assert (entry["x"], entry["y"], entry["system"]) == ([6.0], [12.5], True)
    for route in ("metrics", "metrics_step"):
        assert "system/cpu_percent" not in api.get(f"/api/runs/{run_id}/{route}").json()["columns"]


def test_points_without_a_step_have_a_time(store: Path, make_run: MakeRun, ask: Ask) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0, "time": 5.0}])
    write(store, run_id, "metrics", 6.0, loss=0.5)
    assert named(ask(run_id))["loss"]["count"] == 1
    (entry,) = ask(run_id, "x=time")["series"]
    assert (entry["x"], entry["y"], entry["count"]) == ([5.0, 6.0], [1.0, 0.5], 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("step_range=5", "step_range"),
        ("step_range=a:b", "step_range"),
        ("time_range=-1:2", "time_range"),
        ("points=3", "points"),
        ("points=50001", "points"),
        ("x=row", "x"),
        ("after_row=-2", "after_row"),
        ("generation=x", "generation"),
    ],
)
def test_bad_input_names_its_field(
    store: Path, make_run: MakeRun, api: APIClient, query: str, field: str
) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0}])
    answer = api.get(f"/api/v2/experiments/{run_id}/series?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    if field == "step_range":
        assert answer.json()["detail"] == "Invalid step_range format, use 'min:max'"


def test_an_unknown_experiment_is_not_found(store: Path, api: APIClient) -> None:
    answer = api.get("/api/v2/experiments/20200101_000000_abcdef/series")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Experiment 20200101_000000_abcdef not found"}


def test_a_run_that_logged_nothing_has_no_series(store: Path, make_run: MakeRun, ask: Ask) -> None:
    answer = ask(make_run(store))
    assert (answer["series"], answer["last_row"], answer["journal_end"]) == ([], -1, 0)


@pytest.mark.django_db
def test_the_series_of_one_run_have_the_ceiling_of_those_of_many(
    store: Path, api: Any, make_run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from metrics.query import limits

    run_id = make_run(store, metrics=[{"a": float(step), "b": float(step)} for step in range(20)])
    address = f"/api/v2/experiments/{run_id}/series"
    monkeypatch.setattr(limits, "MOST_NUMBERS", 60)
    for names, points, status in (("a", 20, 200), ("a,b", 20, 400), ("a,b", 10, 200)):
        answer = api.get(f"{address}?names={names}&points={points}")
        assert answer.status_code == status
    assert "too large" in api.get(address).json()["detail"]
    assert api.get(f"/runs/{run_id}/series").status_code == 400
