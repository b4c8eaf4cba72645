"""Objects of other trackers in the process of the test: loaded runs, inert results, tables and summaries."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.compat import wandb
from runicorn.compat.mlflow import search
from runicorn.compat.mlflow.entities import Run, RunData, RunInfo
from runicorn.compat.wandb import sharing
from runicorn.store.values import described
from tests.records import records

PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def run(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[wandb.Run]:
    """The active run, which ends with the test."""
    monkeypatch.setenv("RUNICORN_DIR", str(folder))
    monkeypatch.delenv("WANDB_MODE", raising=False)
    begun = wandb.init(project="p", name="new", settings=wandb.Settings(console="off"))
    yield begun
    while wandb.run is not None:
        wandb.finish()
    while (active := rn.get_active_run()) is not None:
        active.finish()


def _pickled_run() -> bytes:
    """Return what a checkpoint of another process has of a run that has ended."""
    earlier = wandb.init(project="p", name="earlier", reinit="create_new")
    content = pickle.dumps(earlier)
    earlier.finish()
    sharing._known.clear()
    return content


def test_a_checkpoint_with_an_earlier_run_leaves_the_active_run(run: wandb.Run, folder: Path) -> None:
    content = _pickled_run()
    earlier = pickle.loads(content)
    assert earlier is not run and wandb.run is run
    wandb.log({"loss": 1})
    wandb.finish()
    curves = {record.meta["name"]: record.curve("loss") for record in records(folder)}
    assert curves == {"new": [(0, 1)], "earlier": []}


def test_an_ended_run_of_a_checkpoint_does_not_stand_for_the_next_one(run: wandb.Run) -> None:
    content = _pickled_run()
    run.finish()
    earlier = pickle.loads(content)
    assert wandb.run is None and wandb.init(project="p", name="next") is not earlier


def test_a_running_run_is_active_in_a_process_without_one(run: wandb.Run) -> None:
    content = pickle.dumps(run)
    sharing._known.clear()
    wandb.active.open_runs.remove(run)
    attached = pickle.loads(content)
    assert attached is not run and wandb.run is attached
    attached.finish()


def test_inert_results_are_no_arrays_and_no_figures(run: wandb.Run) -> None:
    result = wandb.create_something(1)
    run.log({"loss": 1, "extra": result})
    assert not list(run._run.run_dir.glob("media/*"))
    for value in (result, wandb.create_something, wandb.Table(columns=["a"], data=[[1]])):
        assert not hasattr(value, "isoformat") and not hasattr(value, "itertuples")
        assert "isoformat" not in str(described(value))


def test_runs_are_searched_by_attributes_that_they_have() -> None:
    info = RunInfo("1", "one", "p")
    first, second = Run(info, RunData()), Run(replace(info, run_name="two"), RunData())

    def search_names(text: str) -> list[str]:
        conditions = search._conditions(text)
        return [run.info.run_name for run in (first, second) if all(test(run) for test in conditions)]

    assert search_names("attributes.foo != 'x'") == []
    assert search_names("attributes.run_name != 'one'") == ["two"]


def test_a_medium_in_many_rows_is_stored_once(run: wandb.Run) -> None:
    path = run._run.run_dir.parent / "picture.png"
    path.write_bytes(PICTURE)
    picture = wandb.Image(str(path), caption="same")
    run.log({"seen": wandb.Table(columns=["id", "image"], data=[[n, picture] for n in range(9)])})
    assert len(list(run._run.run_dir.glob("media/*image*"))) == 1


def test_a_value_that_the_script_sets_holds_until_the_metric_is_logged(run: wandb.Run, folder: Path) -> None:
    run.define_metric("loss", summary="min,last")
    run.log({"loss": 3.0})
    run.summary["loss"] = 9
    assert run.summary["loss"] == 9
    run.log({"loss": 4.0})
    assert run.summary["loss"] == {"min": 3.0, "last": 4.0}
    run.summary.loss = 8
    run.finish()
    (record,) = records(folder)
    assert record.summary == {"loss": 8, "loss.min": 3.0}


def test_nested_summaries_have_attributes_and_copies(run: wandb.Run, folder: Path) -> None:
    run.log({"a": {"b": {"c": 1}}, "x": 2})
    assert run.summary.a.b.c == 1 and not hasattr(run.summary.a, "absent")
    run.summary.a.best = 3
    whole = {"a": {"b": {"c": 1}, "best": 3}, "x": 2}
    assert copy.deepcopy(run.summary) == pickle.loads(pickle.dumps(run.summary)) == whole
    assert copy.deepcopy(run.summary.a) == pickle.loads(pickle.dumps(run.summary.a)) == whole["a"]
    run.finish()
    (record,) = records(folder)
    assert record.summary == {"a.best": 3}
