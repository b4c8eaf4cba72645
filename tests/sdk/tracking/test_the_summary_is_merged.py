"""`summary` sets what it is given and leaves the rest; the best value of the primary metric is in it."""

from __future__ import annotations

import datetime
import enum
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import runicorn as rn
from tests.sdk.tracking.scripts import Recorded


class Phase(enum.Enum):
    WARM = "warm"


@pytest.fixture
def run(begin: Callable[..., rn.Run]) -> rn.Run:
    return begin()


def _summary(run: rn.Run) -> dict[str, Any]:
    return Recorded(run.run_dir).json("summary")


def test_later_entries_join_the_earlier(run: rn.Run) -> None:
    run.summary({"a": 1, "b": {"x": 1}})
    run.summary({"b": 2, "c": None})
    assert _summary(run) == {"a": 1, "b": 2, "c": None}


def test_nothing_writes_nothing(run: rn.Run) -> None:
    run.summary(None)
    run.summary({})
    assert not (run.run_dir / "summary.json").exists()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.arange(3), [0, 1, 2]),
        ((1, {2}), [1, [2]]),
        (Path("a/b"), "a/b"),
        (Phase.WARM, "warm"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ({1: np.int8(2)}, {"1": 2}),
    ],
)
def test_what_json_can_hold_in_some_form_is_kept(run: rn.Run, value: Any, plain: Any) -> None:
    run.summary({"v": value})
    assert _summary(run) == {"v": plain}


def _endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value", [object(), b"x", 1j, [object()], _endless(), pytest.param(10**5000, id="long")]
)
def test_values_that_json_cannot_represent_are_reported_and_left_out(
    run: rn.Run, value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run.summary({"odd": value, "a": 1})
    assert _summary(run) == {"a": 1} and "'odd' is a" in capsys.readouterr().err


def test_threads_lose_nothing_of_each_other(run: rn.Run) -> None:
    def report(who: int) -> None:
        for count in range(15):
            run.summary({f"{who}-{count}": count})

    threads = [threading.Thread(target=report, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_summary(run)) == 60


def test_the_primary_metric_is_named_at_once_and_its_best_at_the_end(run: rn.Run) -> None:
    run.set_primary_metric("acc")
    assert _summary(run) == {"best_metric_name": "acc", "best_metric_mode": "max"}
    for step, value in enumerate([0.1, math.nan, np.float32(0.75), True, "x", math.inf, 0.5], start=10):
        run.log({"acc": value}, step=step)
    run.log({"loss": 3.0})
    run.finish()
    assert _summary(run) == {
        "best_metric_name": "acc",
        "best_metric_mode": "max",
        "best_metric_value": 0.75,
        "best_metric_step": 12,
    }


def test_what_is_no_dict_is_reported(run: rn.Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.summary([1])  # type: ignore[arg-type]
    assert "A summary is a dict, not list" in capsys.readouterr().err


def test_the_best_may_be_the_lowest(run: rn.Run) -> None:
    run.set_primary_metric("loss", "min")
    for value in (math.nan, 3, 1, 2, -math.inf):
        run.log({"loss": value})
    run.finish()
    assert (_summary(run)["best_metric_value"], _summary(run)["best_metric_step"]) == (1, 3)


def test_naming_another_primary_metric_resets_the_best_value(run: rn.Run) -> None:
    run.set_primary_metric("acc")
    run.log({"acc": 0.9, "f1": 0.1})
    run.set_primary_metric("acc", "max")
    run.log({"acc": 0.2})
    run.set_primary_metric("f1")
    run.log({"f1": 0.5})
    run.finish()
    assert (_summary(run)["best_metric_name"], _summary(run)["best_metric_value"]) == ("f1", 0.5)


def test_a_metric_that_was_never_logged_has_a_name_only(run: rn.Run) -> None:
    run.set_primary_metric("acc")
    run.finish()
    assert _summary(run) == {"best_metric_name": "acc", "best_metric_mode": "max"}


def test_a_mode_that_does_not_exist_raises(run: rn.Run) -> None:
    with pytest.raises(ValueError, match="Mode must be 'max' or 'min', got 'best'"):
        run.set_primary_metric("acc", "best")
