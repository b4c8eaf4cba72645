"""Every record has a step: the one given, or one more than the last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import runicorn as rn
from tests.sdk.tracking.scripts import Recorded


@pytest.fixture
def run(begin: Callable[..., rn.Run]) -> rn.Run:
    return begin()


def _steps(run: rn.Run) -> list[int]:
    return Recorded(run.run_dir).steps()


def test_steps_start_at_one_by_default(run: rn.Run) -> None:
    for _ in range(3):
        run.log({"loss": 1.0})
    assert _steps(run) == [1, 2, 3]


def test_a_given_step_is_counted_on_from(run: rn.Run) -> None:
    run.log({"loss": 1.0}, step=100)
    run.log({"loss": 1.0})
    run.log({"loss": 1.0}, step=7)
    run.log(loss=1.0)
    assert _steps(run) == [100, 101, 7, 8]


@pytest.mark.parametrize("step", [0, -3, 2.9, "5", True, np.int32(4), np.float32(6.0), Decimal(8), 2**63 - 1])
def test_integers_of_other_types_are_steps(run: rn.Run, step: Any) -> None:
    run.log({"loss": 1.0}, step=step)
    assert _steps(run) == [int(step)]


ODD = ["x", [1], float("nan"), float("inf"), object(), 2**63, pytest.param(10**5000, id="long"), np.arange(3)]


@pytest.mark.parametrize("step", ODD)
def test_an_invalid_step_is_reported_once_and_replaced(
    run: rn.Run, step: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    run.log({"loss": 1.0})
    run.log({"loss": 2.0}, step=step)
    run.log({"loss": 3.0}, step=step)
    assert _steps(run) == [1, 2, 3]
    assert capsys.readouterr().err.count("is not a 64-bit integer") == 1


def test_threads_get_steps_of_their_own_in_the_order_of_the_file(run: rn.Run) -> None:
    def train() -> None:
        for _ in range(500):
            run.log({"loss": 1.0})

    threads = [threading.Thread(target=train) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _steps(run) == list(range(1, 4001))


def test_an_image_does_not_count(run: rn.Run) -> None:
    run.log({"loss": 1.0})
    run.log_image("sample", b"png", step=50)
    run.log({"loss": 1.0})
    assert _steps(run) == [1, 2]
