"""`/api/v2/experiments/{id}/metrics/fast`: selected metrics, a range of steps, a sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

MakeRun = Callable[..., str]
METRICS = [{"loss": 1 / (step + 1), "acc": step / 100, "time": 100.0 + step} for step in range(100)]
METRICS[40]["loss"] = 7.0
METRICS[60]["acc"] = -7.0


@pytest.fixture
def ask(store: Path, make_run: MakeRun, api: APIClient) -> Callable[..., Any]:
    run_id = make_run(store, metrics=METRICS)

    def get(query: str = "") -> Any:
        return api.get(f"/api/v2/experiments/{run_id}/metrics/fast?{query}")

    return get


Ask = Callable[..., Any]


@pytest.mark.usefixtures("small_pieces")
def test_everything_is_returned_without_filters(ask: Ask) -> None:
    answer = ask("metric_names=&step_range=&downsample=").json()
    assert answer["columns"] == ["global_step", "acc", "loss", "time"]
    assert [row["global_step"] for row in answer["rows"]] == list(range(1, 101))
    assert answer["rows"][0] == {"global_step": 1, "acc": 0.0, "loss": 1.0, "time": 100.0}
    assert answer["total_points"] == 100 and answer["query_time_ms"] > 0
    assert answer["applied_filters"] == {"metrics": None, "step_range": None, "downsampled": False}


@pytest.mark.usefixtures("small_pieces")
def test_both_ends_of_a_range_belong_to_it(ask: Ask, subtests: pytest.Subtests) -> None:
    for text, stretch, steps in [
        ("10:20", [10, 20], range(10, 21)),
        (":3", [None, 3], range(1, 4)),
        ("98:", [98, None], range(98, 101)),
        (":", [None, None], range(1, 101)),
        ("7:7", [7, 7], range(7, 8)),
        ("200:300", [200, 300], range(0)),
        ("20:10", [20, 10], range(0)),
        ("-5:2", [-5, 2], range(1, 3)),
    ]:
        with subtests.test(text=text, stretch=stretch, steps=steps):
            answer = ask(f"metric_names=loss&step_range={text}").json()
            assert [row["global_step"] for row in answer["rows"]] == list(steps)
            assert answer["total_points"] == len(steps)
            assert answer["applied_filters"]["step_range"] == stretch
            assert not steps or answer["columns"] == ["global_step", "loss", "time"]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("budget", [6, 20, 40])
def test_a_sample_of_a_stretch_keeps_its_ends_and_extremes(ask: Ask, budget: int) -> None:
    answer = ask(f"step_range=30:80&downsample={budget}").json()
    steps = [row["global_step"] for row in answer["rows"]]
    assert len(steps) == len(set(steps)) <= budget
    assert steps == sorted(steps) and {30, 41, 61, 80} <= set(steps)
    assert answer["total_points"] == 51 and answer["applied_filters"]["downsampled"] is True
    assert "extremes_complete" not in answer


def test_the_response_says_when_extremes_are_left_out(ask: Ask) -> None:
    answer = ask("downsample=2").json()
    assert [row["global_step"] for row in answer["rows"]] == [1, 100]
    assert answer["extremes_complete"] is False


def test_unknown_names_are_no_columns(ask: Ask) -> None:
    answer = ask("metric_names=acc,nothing").json()
    assert answer["columns"] == ["global_step", "acc", "time"]
    assert answer["applied_filters"]["metrics"] == ["acc", "nothing"]
    assert ask("metric_names=acc&metric_names=loss").json()["applied_filters"]["metrics"] == ["acc", "loss"]


def test_rows_without_a_selected_metric_are_returned_too(
    store: Path, make_run: MakeRun, api: APIClient
) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0, "stage": "a"}, {"acc": 0.5}])
    answer = api.get(f"/api/v2/experiments/{run_id}/metrics/fast?metric_names=acc").json()
    assert answer["columns"] == ["global_step", "acc", "time", "stage"]
    assert [(row["acc"], row["stage"]) for row in answer["rows"]] == [(None, "a"), (0.5, None)]
    assert answer["total_points"] == 2


@pytest.mark.parametrize("text", ["5", "a:b", "1:2:3", "1.5:2", "1e3:", "9" * 30 + ":"])
def test_a_bad_range_is_refused_in_the_documented_sentence(ask: Ask, text: str) -> None:
    answer = ask(f"step_range={text}")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Invalid step_range format, use 'min:max'"


@pytest.mark.parametrize("text", ["1", "50001", "-3", "x", "1.5", "NaN"])
def test_a_bad_downsample_is_refused(ask: Ask, text: str) -> None:
    answer = ask(f"downsample={text}")
    assert answer.status_code == 400 and "downsample" in answer.json()["errors"]


def test_unknown_malformed_and_deleted_ids_are_told_apart(
    store: Path, make_run: MakeRun, api: APIClient
) -> None:
    run_id = make_run(store, metrics=METRICS[:2])
    api.post("/api/runs/soft-delete", {"run_ids": [run_id]})
    for unknown in (run_id, "20260101_000000_aaaaaa"):
        answer = api.get(f"/api/v2/experiments/{unknown}/metrics/fast")
        assert (answer.status_code, answer.json()["detail"]) == (404, f"Experiment {unknown} not found")
    assert api.get("/api/v2/experiments/nonsense/metrics/fast").status_code == 400
