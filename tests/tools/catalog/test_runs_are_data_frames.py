"""`rn.runs`, `rn.open_run` and `Run.frame` give the content of a store as frames, without a viewer."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pytest

import runicorn as rn
from tests.folders import append_metrics, write_run
from tests.tools.terminal.conftest import BEGIN, write_runs

FRAMES = {"pandas": pandas.DataFrame, "polars": polars.DataFrame, "arrow": pyarrow.Table}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_runs(tmp_path)
    return tmp_path


def column(frame: Any, name: str) -> list[Any]:
    """The values of a column of any kind of frame."""
    series = frame[name] if not isinstance(frame, pyarrow.Table) else frame.column(name)
    return list(series.to_pylist() if isinstance(frame, pyarrow.Table) else series.to_list())


@pytest.mark.parametrize("kind", FRAMES)
def test_runs_are_rows(store: Path, kind: Any) -> None:
    frame = rn.runs("project = vision and config.lr < 0.05", store, as_=kind)
    assert isinstance(frame, FRAMES[kind])
    assert column(frame, "config.seed") == [2, 1]
    assert column(frame, "config.optim.name") == ["sgd", "sgd"]
    assert column(frame, "metric.loss.last") == pytest.approx([0.225, 0.125])
    assert column(frame, "metric.acc.best") == pytest.approx([0.36, 0.38])
    assert column(frame, "created_at")[0] == datetime.fromtimestamp(BEGIN + 2 * 86_400, UTC)


def test_a_column_of_several_types_has_texts_in_every_frame(tmp_path: Path) -> None:
    for number, rate in enumerate((0.1, "auto", [1, 2])):
        write_run(
            tmp_path, config={"lr": rate, "width": number or 0.5}, created_at=BEGIN - number, metrics=[]
        )
    for kind in ("pandas", "polars", "arrow"):
        frame = rn.runs(storage=tmp_path, as_=kind)
        assert column(frame, "config.lr") == ["0.1", "auto", "[1, 2]"]
        assert column(frame, "config.width") == [0.5, 1.0, 2.0]


def test_a_primary_metric_that_is_set_after_its_points_has_its_best_value(tmp_path: Path) -> None:
    with rn.init(project="p", name="n", storage=str(tmp_path), capture_env=False) as run:
        run.log({"acc": 0.8}, step=1)
        run.log({"acc": 0.5}, step=2)
        run.set_primary_metric("acc", mode="max")
    (row,) = rn.runs(storage=tmp_path, as_="records")
    assert (row["best_metric_name"], row["best_metric_value"], row["best_metric_step"]) == ("acc", 0.8, 1)
    assert rn.open_run("latest", tmp_path).entry.best_metric_step == 1


def test_a_bare_key_is_looked_up_in_the_project_that_is_asked_for(tmp_path: Path) -> None:
    for project, name in (("vision", "optim"), ("speech", "model")):
        for rate in (0.1, 0.2):
            write_run(tmp_path, project, config={name: {"lr": rate}}, metrics=[])
    for question in (
        {"where": "lr < 0.15", "project": "speech"},
        {"where": "lr < 0.15 and project = speech"},
    ):
        (row,) = rn.runs(storage=tmp_path, as_="records", **question)
        assert (row["project"], row["config.model.lr"]) == ("speech", 0.1)
    with pytest.raises(ValueError, match=r"Did you mean config\.(optim|model)\.lr or config"):
        rn.runs("lr < 0.15", storage=tmp_path)


def test_the_last_text_of_a_metric_of_texts_is_in_frames(tmp_path: Path) -> None:
    write_run(tmp_path, metrics=[{"phase": "warm-up", "loss": 1.0}, {"phase": "train", "loss": 0.5}])
    for kind in FRAMES:
        frame = rn.runs(storage=tmp_path, as_=kind)
        assert column(frame, "metric.phase.last") == ["train"] and column(frame, "metric.loss.last") == [0.5]


def test_special_values_are_kept(tmp_path: Path) -> None:
    write_run(tmp_path, metrics=[{"loss": 1.0}, {"loss": float("nan")}])
    write_run(tmp_path, metrics=[{"loss": float("-inf")}], created_at=BEGIN)
    last = column(rn.runs(storage=tmp_path), "metric.loss.last")
    assert math.isnan(last[0]) and last[1] == -math.inf


def test_an_empty_store_has_the_columns_of_every_run(tmp_path: Path) -> None:
    frame = rn.runs(storage=tmp_path)
    assert len(frame) == 0 and {"id", "project", "created_at"} <= set(frame.columns)


def test_a_wrong_question_is_a_sentence(store: Path) -> None:
    with pytest.raises(ValueError, match="expected a value"):
        rn.runs("lr <", store)
    with pytest.raises(ValueError, match="as_ is"):
        rn.runs(storage=store, as_="spark")
    with pytest.raises(LookupError, match="Run not found: nobody"):
        rn.open_run("nobody", store)
    with pytest.raises(FileNotFoundError, match="no storage root"):
        rn.runs(storage=store / "missing")


@pytest.mark.parametrize(
    ("kind", "library"), [("pandas", "pandas"), ("polars", "polars"), ("arrow", "pyarrow")]
)
def test_a_missing_library_is_named_with_its_installation(
    store: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"Frames need {library}: python -m pip install {library}"):
        rn.runs(storage=store, as_=kind)
    run = rn.open_run("latest", storage=store)
    with pytest.raises(ImportError, match="or ask for as_='records'"):
        run.frame(as_=kind)
    assert rn.runs(storage=store, as_="records")


def test_points_are_rows(tmp_path: Path) -> None:
    with rn.init(project="p", name="n", storage=str(tmp_path), capture_env=False) as run:
        run.log({"loss": 1.0, "phase": "warm"}, step=1)
        run.log({"loss": 0.5}, step=2)
        run.log({"loss": 0.4, "acc": 0.9}, step=2)
        frame = run.frame()
    assert column(frame, "step") == [1, 2]
    assert column(frame, "loss") == [1.0, 0.4]
    assert column(frame, "phase")[0] == "warm" and math.isnan(column(frame, "acc")[0])
    opened_run = rn.open_run("latest", tmp_path)
    assert column(opened_run.frame("acc", as_="polars"), "acc") == [0.9]
    assert (opened_run.id, opened_run.entry.state) == (run.id, "finished")


def test_modules_of_the_script_keep_their_names(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.modules.get("runs"), sys.modules.get("metrics")
    monkeypatch.setitem(sys.modules, "runs", pandas)
    assert len(rn.runs(storage=store)) == 4
    assert sys.modules["runs"] is pandas and sys.modules.get("metrics") is before[1]


def test_unchanged_runs_are_remembered_and_changed_ones_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runicorn.store import curation
    from runicorn_site.catalog import cache
    from runicorn_site.catalog.base import Query
    from runicorn_site.catalog.store import StoreCatalog

    monkeypatch.setenv("RUNICORN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(cache, "WORTHWHILE", 1)
    monkeypatch.setattr(cache, "_is_settled", lambda path: True)
    root = tmp_path / "store"
    first, *others = write_runs(root)
    write_run(root, status="running", metrics=[{"loss": 1}])
    query = Query(metrics=True)
    catalog = StoreCatalog(root)
    entries = {entry.id: entry for entry in catalog.select(query)}
    catalog.close()

    journal = root / entries[first].folder / "events.jsonl"
    journal.rename(tmp_path / "aside")  # a rename of another file would not change what was remembered
    (tmp_path / "aside").rename(journal)
    reads: list[str] = []
    original = StoreCatalog._read_files
    monkeypatch.setattr(
        StoreCatalog, "_read_files", lambda self, folder: reads.append(folder) or original(self, folder)
    )
    append_metrics(root, "vision", "resnet", others[1], [{"loss": 7.0, "global_step": 99}], BEGIN)
    curation.note(root, root / entries[others[0]].folder, {**_plain(), "tags": []}, {"tags": ["new"]})
    again = {entry.id: entry for entry in StoreCatalog(root).select(query)}
    assert (
        {folder.rpartition("/")[2] for folder in reads}
        == {
            first,  # its folder changed
            *others[:2],
            *(run_id for run_id, entry in entries.items() if entry.status == "running"),
        }
    )
    assert again[others[1]].metrics["loss"].last == 7.0
    assert again[others[0]].tags == ["new"]
    assert [again[run_id].to_dict() for run_id in others[2:]] == [entries[i].to_dict() for i in others[2:]]


def _plain() -> dict[str, Any]:
    return {"description": "", "pinned": False, "archived": False}


def test_nan_in_a_config_leaves_its_column_a_number(tmp_path: Path) -> None:
    for value in (0.5, float("nan"), 2, float("inf")):
        with rn.init(project="p", name="n", storage=str(tmp_path), config={"x": value}, capture_env=False):
            pass
    column = rn.runs(storage=tmp_path)["config.x"]
    assert column.dtype == float and column.isna().sum() == 1 and column.max() == float("inf")
