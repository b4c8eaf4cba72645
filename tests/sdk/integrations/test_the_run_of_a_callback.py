"""What all callbacks share, without any of the libraries: the run, and who ends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.integrations.tracking import Tracking
from tests.records import Record, records


def _train(tracking: Tracking, *losses: float) -> None:
    tracking.begin({})
    for step, loss in enumerate(losses, start=1):
        tracking.log({"loss": loss}, step)
    tracking.end()


def test_a_callback_without_arguments_starts_and_ends_a_run(only_run: Callable[[], Record]) -> None:
    _train(Tracking(None, {}), 3, 2)
    assert only_run().curve("loss") == [(1, 3), (2, 2)]
    assert only_run().status["status"] == "finished"


def test_the_active_run_is_left_open(root: Path) -> None:
    with rn.init("mine") as run:
        _train(Tracking(None, {}), 3)
        assert run.is_open()
    assert [record.curve("loss") for record in records(root)] == [[(1, 3)]]


def test_a_callback_with_options_has_its_own_run(root: Path) -> None:
    with rn.init("mine"):
        _train(Tracking(None, {"project": "own"}), 3)
    assert {record.meta["project"]: record.curve("loss") for record in records(root)} == {
        "mine": [],
        "own": [(1, 3)],
    }


def test_a_run_and_options_together_are_refused(root: Path) -> None:
    with pytest.raises(TypeError, match=r"\(project, tags\), not both"):
        Tracking(rn.init(), {"project": "own", "tags": []})


def test_settings_of_the_user_are_kept(only_run: Callable[[], Record]) -> None:
    tracking = Tracking(None, {"config": {"optimizer.lr": "mine", "seed": 1}})
    tracking.begin({"optimizer": {"lr": 0.1, "name": "sgd"}, "epochs": 3})
    assert only_run().config == {"optimizer.lr": "mine", "seed": 1, "optimizer.name": "sgd", "epochs": 3}


def test_a_later_evaluation_continues_the_ended_run(only_run: Callable[[], Record]) -> None:
    tracking = Tracking(None, {"project": "own", "name": "n", "tags": ["kept"]})
    _train(tracking, 3, 2)
    tracking.begin_again()
    assert only_run().status["status"] == "running"
    tracking.log({"test/loss": 4}, step=2)
    tracking.end()
    run = only_run()
    assert (run.curve("loss"), run.curve("test/loss")) == ([(1, 3), (2, 2)], [(2, 4)])
    assert (run.status["status"], run.meta["tags"]) == ("finished", ["kept"])


def test_an_evaluation_during_training_starts_no_run(only_run: Callable[[], Record]) -> None:
    tracking = Tracking(None, {})
    tracking.begin({})
    tracking.begin_again()
    assert tracking.training
    assert only_run().status["status"] == "running"


def test_an_error_determines_the_status_of_the_run(root: Path) -> None:
    for error in (ValueError("bad"), KeyboardInterrupt()):
        tracking = Tracking(None, {})
        tracking.begin({})
        tracking.break_off(error)
    assert [record.status["status"] for record in records(root)] == ["failed", "interrupted"]
    assert records(root)[0].status["exit_reason"] == "ValueError: bad"


def test_an_unfinished_training_is_marked_failed_by_the_next(root: Path) -> None:
    tracking = Tracking(None, {"project": "own"})
    tracking.begin({})
    _train(tracking, 1)
    assert [record.status["status"] for record in records(root)] == ["failed", "finished"]


def test_nothing_is_logged_before_there_is_a_run(root: Path) -> None:
    tracking = Tracking(None, {})
    tracking.log({"loss": 1}, step=1)
    tracking.summary({"best": 1})
    tracking.end()
    assert records(root) == []
