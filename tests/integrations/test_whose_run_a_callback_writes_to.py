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


def test_without_anything_it_begins_and_ends_a_run(only_run: Callable[[], Record]) -> None:
    _train(Tracking(None, {}), 3, 2)
    assert only_run().curve("loss") == [(1, 3), (2, 2)]
    assert only_run().status["status"] == "finished"


def test_the_active_run_is_left_open(root: Path) -> None:
    with rn.init("mine") as run:
        _train(Tracking(None, {}), 3)
        assert run.is_open()
    assert [record.curve("loss") for record in records(root)] == [[(1, 3)]]


def test_with_options_it_is_a_run_of_its_own(root: Path) -> None:
    with rn.init("mine"):
        _train(Tracking(None, {"project": "own"}), 3)
    assert {record.meta["project"]: record.curve("loss") for record in records(root)} == {
        "mine": [],
        "own": [(1, 3)],
    }


def test_a_run_and_options_are_too_much(root: Path) -> None:
    with pytest.raises(TypeError, match=r"\(project, tags\), not both"):
        Tracking(rn.init(), {"project": "own", "tags": []})


def test_what_the_user_says_of_a_setting_stays(only_run: Callable[[], Record]) -> None:
    tracking = Tracking(None, {"config": {"optimizer.lr": "mine", "seed": 1}})
    tracking.begin({"optimizer": {"lr": 0.1, "name": "sgd"}, "epochs": 3})
    assert only_run().config == {"optimizer.lr": "mine", "seed": 1, "optimizer.name": "sgd", "epochs": 3}


def test_a_later_judgement_goes_on_with_the_run_that_ended(only_run: Callable[[], Record]) -> None:
    tracking = Tracking(None, {"project": "own", "name": "n", "tags": ["kept"]})
    _train(tracking, 3, 2)
    tracking.begin_again()
    assert only_run().status["status"] == "running"
    tracking.log({"test/loss": 4}, step=2)
    tracking.end()
    run = only_run()
    assert (run.curve("loss"), run.curve("test/loss")) == ([(1, 3), (2, 2)], [(2, 4)])
    assert (run.status["status"], run.meta["tags"]) == ("finished", ["kept"])


def test_a_judgement_within_the_training_begins_nothing(only_run: Callable[[], Record]) -> None:
    tracking = Tracking(None, {})
    tracking.begin({})
    tracking.begin_again()
    assert tracking.training
    assert only_run().status["status"] == "running"


def test_an_error_that_is_told_ends_the_run_by_its_kind(root: Path) -> None:
    for error in (ValueError("bad"), KeyboardInterrupt()):
        tracking = Tracking(None, {})
        tracking.begin({})
        tracking.break_off(error)
    assert [record.status["status"] for record in records(root)] == ["failed", "interrupted"]
    assert records(root)[0].status["exit_reason"] == "ValueError: bad"


def test_a_training_that_nobody_ended_has_failed_when_the_next_begins(root: Path) -> None:
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
