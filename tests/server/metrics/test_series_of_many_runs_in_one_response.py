"""`/api/v2/series`: the curves of many runs, and the statistics of groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries
from rest_framework.test import APIClient

from metrics.query import limits, overlay
from metrics.query.bands import rounded
from metrics.store.cache import cache
from runs.active_root import active_root
from runs.services.selection import select_runs

MakeRun = Callable[..., str]
UNKNOWN = "20260101_000000_aaaaaa"


@pytest.fixture
def ask(api: APIClient) -> Callable[..., dict[str, Any]]:
    """The answer of both addresses, the API's and the pages'."""

    def get(ids: list[str], query: str = "") -> dict[str, Any]:
        answers = [
            api.get(f"{address}?ids={','.join(ids)}&{query}") for address in ("/api/v2/series", "/series")
        ]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].content
        contents = [answer.json() | {"query_time_ms": 0} for answer in answers]
        assert contents[0] == contents[1]
        return contents[0]

    return get


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def three(store: Path, make_run: MakeRun) -> list[str]:
    """Three runs of 20, 30 and 40 steps with two learning rates and two tags."""
    return [
        make_run(
            store,
            name=f"n{i}",
            metrics=[{"loss": float(i + 1), f"own{i}": 1.0} for _ in range(20 + 10 * i)],
            config={"lr": 0.1 if i < 2 else 0.01, "optim": {"name": "adam"}},
            tags=["a"] if i == 0 else ["a", "b"] if i == 1 else [],
            created_at=1000.0 + 1000 * i,
        )
        for i in range(3)
    ]


def test_every_run_has_its_series_in_the_order_of_the_ids(ask: Ask, three: list[str]) -> None:
    answer = ask(three[::-1], "names=loss")
    assert [(entry["id"], entry["name"], entry["count"]) for entry in answer["series"]] == [
        (three[2], "loss", 40),
        (three[1], "loss", 30),
        (three[0], "loss", 20),
    ]
    assert answer["series"][0]["x"] == list(range(1, 41)) and set(answer["series"][0]["y"]) == {3.0}
    assert [run["id"] for run in answer["runs"]] == three[::-1]
    assert answer["runs"][0]["started_at"] == 3000.0 and answer["runs"][0]["last_row"] == 39
    assert answer["missing"] == [] and "groups" not in answer
    assert [entry["name"] for entry in ask(three)["series"]] == ["loss"] * 3 + ["own0", "own1", "own2"]


def test_each_series_is_as_in_the_answer_of_its_run(ask: Ask, three: list[str], api: APIClient) -> None:
    for query in ("points=10", "points=7&x=time", "step_range=5:12", "names=own1"):
        for entry in ask(three, query)["series"]:
            alone = api.get(f"/api/v2/experiments/{entry['id']}/series?points=500&{query}").json()["series"]
            same = next(curve for curve in alone if curve["name"] == entry["name"])
            same.pop("band", None)  # the shades of many curves would hide each other
            assert {"id": entry["id"], **same} == entry


def test_curves_of_noise_have_a_rounded_band_on_request(ask: Ask, store: Path, make_run: MakeRun) -> None:
    values = [[i + (j % 2) + j / 1_000_003 for j in range(60)] for i in range(2)] + [
        [j / 7 for j in range(60)]
    ]
    runs = [
        make_run(store, metrics=[{"loss": value} for value in losses], created_at=1000.0 * (i + 1))
        for i, losses in enumerate(values)
    ]
    for query in ("x=relative", "x=step"):
        *noisy, calm = ask(runs, f"names=loss&points=12&band=true&{query}")["series"]
        assert "band" not in calm
        for i, entry in enumerate(noisy):
            band = entry["band"]
            assert (band["x"][0], band["x"][-1]) == (entry["x"][0], entry["x"][-1])
            assert band["low"][1:] == pytest.approx([i] * (len(band["x"]) - 1), abs=2e-4)
            assert band["high"][1:] == pytest.approx([i + 1] * (len(band["x"]) - 1), abs=2e-4)
            assert all(i + 0.3 < mean < i + 0.7 for mean in band["mean"][1:-1])
            assert all(len(repr(mean)) <= 7 for mean in band["mean"])


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_rounded_values_have_five_digits_and_keep_their_order(values: list[float]) -> None:
    short_values = rounded(np.array(values))
    for value, short in zip(values, short_values.tolist(), strict=True):
        if 1e-15 < abs(value) < 1e15:
            assert short == pytest.approx(value, rel=5.1e-5)
            assert float(f"{short:.4e}") == short
        else:
            assert short == value or math.isnan(value)


def test_relative_time_begins_with_each_run(ask: Ask, three: list[str]) -> None:
    answer = ask(three, "names=loss&x=relative")
    first = [entry["x"][0] for entry in answer["series"]]
    assert first == [ask(three, "names=loss&x=time")["series"][i]["x"][0] - 1000 * (i + 1) for i in range(3)]
    part = ask(three, "names=loss&x=relative&time_range=5:25")["series"]
    assert all(5 <= x <= 25 for entry in part for x in entry["x"])
    assert [entry["count"] for entry in part] == [
        len([x for x in e["x"] if 5 <= x <= 25]) for e in answer["series"]
    ]


def test_runs_of_a_config_value_are_summed_up(ask: Ask, three: list[str]) -> None:
    low, high = ask(three, "names=loss&group_by=config.lr")["groups"]
    assert (low["value"], low["ids"]) == ("0.01", [three[2]])
    assert (high["value"], high["ids"]) == ("0.1", three[:2])
    (loss,) = high["series"]
    assert loss["name"] == "loss" and loss["runs"] == 2
    assert loss["x"] == list(range(1, 31)) and loss["count"] == [2] * 20 + [1] * 10
    assert loss["mean"] == [1.5] * 20 + [2.0] * 10
    assert (loss["min"][0], loss["p25"][0], loss["p50"][0], loss["p75"][0], loss["max"][0]) == (
        (1.0, 1.25, 1.5, 1.75, 2.0)
    )
    assert [group["value"] for group in ask(three, "group_by=config.optim.name")["groups"]] == ["adam"]
    assert [group["value"] for group in ask(three, "group_by=config.unknown")["groups"]] == [None]


def test_a_run_is_in_the_group_of_each_of_its_tags(ask: Ask, three: list[str]) -> None:
    groups = ask(three, "names=loss&group_by=tag")["groups"]
    assert [(group["value"], group["ids"]) for group in groups] == [
        ("a", three[:2]),
        ("b", [three[1]]),
        (None, [three[2]]),
    ]


def test_runs_are_grouped_by_the_group_that_their_script_named(
    ask: Ask, store: Path, make_run: MakeRun
) -> None:
    ids = [make_run(store, metrics=[{"loss": 1.0}], group=group) for group in ("big", None, "big", "small")]
    groups = ask(ids, "names=loss&group_by=group")["groups"]
    assert [(group["value"], group["ids"]) for group in groups] == [
        ("big", [ids[0], ids[2]]),
        ("small", [ids[3]]),
        (None, [ids[1]]),
    ]


def test_text_metrics_have_no_mean(ask: Ask, store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, metrics=[{"word": "x", "nan": float("nan"), "flag": True}] * 3)
    answer = ask([run_id], "group_by=tag")
    assert [entry["name"] for entry in answer["series"]] == ["flag", "nan", "word"]
    (group,) = answer["groups"]
    assert [(entry["name"], entry["mean"]) for entry in group["series"]] == [("flag", [1, 1, 1])]


def test_missing_runs_are_listed(ask: Ask, three: list[str], api: APIClient) -> None:
    api.post("/api/runs/soft-delete", {"run_ids": [three[0]]})
    answer = ask([three[0], UNKNOWN, three[1], three[1]], "names=loss")
    assert answer["missing"] == [three[0], UNKNOWN]
    assert [entry["id"] for entry in answer["series"]] == [three[1]]


def test_new_points_are_in_the_response(ask: Ask, three: list[str], store: Path) -> None:
    ask(three)
    journal = next(store.glob(f"*/*/runs/{three[1]}/events.jsonl"))
    with journal.open("a") as events:
        events.write('{"ts":9000.0,"type":"metrics","data":{"loss":9.0,"global_step":99,"time":9000.0}}\n')
    assert [entry["last"] for entry in ask(three, "names=loss")["series"]] == [1.0, 9.0, 3.0]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "ids"),
        ("ids=", "ids"),
        (f"ids={','.join(['x'] * 201)}", "ids"),
        (f"ids={UNKNOWN}&points=3", "points"),
        (f"ids={UNKNOWN}&points=50001", "points"),
        (f"ids={UNKNOWN}&x=epoch", "x"),
        (f"ids={UNKNOWN}&step_range=1", "step_range"),
        (f"ids={UNKNOWN}&time_range=a:b", "time_range"),
        (f"ids={UNKNOWN}&group_by=lr", "group_by"),
        (f"ids={UNKNOWN}&group_by=config.", "group_by"),
        (
            f"ids={UNKNOWN}&names={','.join('abc' * 70)}&names=" + "&names=".join(map(str, range(201))),
            "names",
        ),
    ],
)
def test_bad_input_is_refused_and_named(store: Path, api: APIClient, query: str, field: str) -> None:
    answer = api.get(f"/api/v2/series?{query}")
    assert answer.status_code == 400 and field in answer.json()["errors"], answer.content
    assert api.get(f"/api/v2/series?ids={UNKNOWN},nonsense").status_code == 400


def test_more_than_one_answer_can_hold_is_refused(
    three: list[str], api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_NUMBERS", 400)
    assert api.get(f"/api/v2/series?ids={','.join(three)}&names=loss").status_code == 200
    answer = api.get(f"/api/v2/series?ids={','.join(three)}&names=loss&group_by=tag")
    assert answer.status_code == 400 and "points" in answer.json()["errors"]


def test_many_runs_take_as_many_queries_as_one(
    store: Path, make_run: MakeRun, api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [make_run(store, metrics=[{"loss": 1.0}] * 5, config={"lr": i}) for i in range(10)]
    api.get(f"/api/v2/series?ids={','.join(ids)}")
    for count in (2, 10):
        cache._entries.clear()
        with django_assert_num_queries(
            5
        ):  # the runs, their journals twice, series and config; tails are known
            selection = select_runs(active_root(), ids[:count])
            assert len(overlay.compare_series(selection, group_by="config.lr")["series"]) == count
