"""Exports of Neptune, in the schema of neptune-exporter (src/neptune_exporter/model.py of neptune-ai/neptune-exporter)."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from runicorn.store import layout
from runicorn_tools.cli import app
from tests.fixtures.foreign.make import PNG, STEPS, losses
from tests.importers.test_import_of_trackers import journal, points, run_import, runs, small

BEGAN = datetime(2025, 11, 1, tzinfo=UTC)
INSTANT = pyarrow.timestamp("ms", tz="UTC")
BINS = pyarrow.list_(pyarrow.float64())
SCHEMA = pyarrow.schema(
    {
        "project_id": pyarrow.string(),
        "run_id": pyarrow.string(),
        "attribute_path": pyarrow.string(),
        "attribute_type": pyarrow.string(),
        "step": pyarrow.decimal128(18, 6),
        "timestamp": INSTANT,
        "int_value": pyarrow.int64(),
        "float_value": pyarrow.float64(),
        "string_value": pyarrow.string(),
        "bool_value": pyarrow.bool_(),
        "datetime_value": INSTANT,
        "string_set_value": pyarrow.list_(pyarrow.string()),
        "file_value": pyarrow.struct({"path": pyarrow.string()}),
        "histogram_value": pyarrow.struct({"type": pyarrow.string(), "edges": BINS, "values": BINS}),
    }
)


def row(run: str, path: str, kind: str, value: Any, step: float | None = None) -> dict[str, Any]:
    column = {"float_series": "float", "string_series": "string", "histogram_series": "histogram"}
    name = column.get(kind, kind.removesuffix("_series"))
    moment = None if step is None else BEGAN + timedelta(seconds=step)
    exact = None if step is None else Decimal(str(step))
    about = {"project_id": "team/vision", "run_id": run, "attribute_path": path, "attribute_type": kind}
    return {**about, "step": exact, "timestamp": moment, f"{name}_value": value}


def begun(run: str) -> list[dict[str, Any]]:
    return [
        row(run, "sys/name", "string", "resnet"),
        row(run, "sys/creation_time", "datetime", BEGAN),
        row(run, "sys/modification_time", "datetime", BEGAN + timedelta(hours=1)),
    ]


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    names = SCHEMA.names
    full_rows = [{name: row.get(name) for name in names} for row in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(full_rows, SCHEMA), file, compression="snappy")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A run in two parts and its fork, with a file, a series of files, a histogram, texts and statistics."""
    top = tmp_path / "exports"
    data = top / "data" / "team_vision_1a2b"
    parameters = [
        row("base", "parameters/lr", "float", 0.1),
        row("base", "parameters/layers", "int", 3),
        row("base", "parameters/augment", "bool", True),
        row("base", "sys/tags", "string_set", ["a", "b"]),
        row("base", "model/weights", "file", {"path": "team_vision_1a2b/base/weights.bin"}),
        row("base", "outside", "file", {"path": "../../secret.txt"}),
    ]
    loss = [row("base", "loss", "float_series", value, step) for step, value in losses()]
    rest = [
        row("base", "loss", "float_series", float("nan"), STEPS),
        row("base", "monitoring/1f/cpu", "float_series", 50.0, 1),
        row("base", "monitoring/1f/stdout", "string_series", "a line of the log", 1),
        row("base", "said", "string_series", "hello", 2),
        row("base", "seen", "file_series", {"path": "team_vision_1a2b/base/seen.png"}, STEPS),
        row(
            "base",
            "counts",
            "histogram_series",
            {"type": "COUNTING", "edges": [0, 1, 2], "values": [3, 4]},
            5,
        ),
    ]
    write(data / "base_part_0.parquet", begun("base") + parameters + loss)
    write(data / "base_part_1.parquet", rest)
    fork = [
        row("fork", "sys/forking/parent", "string", "base"),
        row("fork", "sys/forking/step", "float", 9.5),
        row("fork", "sys/failed", "bool", True),
        *(row("fork", "loss", "float_series", float(step), step) for step in (10, 10.5, 11)),
    ]
    write(data / "fork_part_0.parquet", begun("fork") + fork)
    files = top / "files" / "team_vision_1a2b" / "base"
    files.mkdir(parents=True)
    (files / "weights.bin").write_text("weights")
    (files / "seen.png").write_bytes(PNG)
    (tmp_path / "secret.txt").write_text("private")
    return top


def test_an_export_of_neptune_becomes_runs_and_forks(export: Path, folder: Path) -> None:
    answer = run_import("neptune", export, folder)
    assert answer["taken"] == 2 and answer["compared"] == {
        "runs": 2,
        "series": 3,
        "points": 25,
        "different": 0,
    }
    runs_by_name = {
        small(run, layout.META)["imported_from"]: run for run in folder.glob("vision/resnet/runs/*")
    }
    base, fork = runs_by_name["neptune:team/vision/base"], runs_by_name["neptune:team/vision/fork"]
    assert points(base, "loss") == losses() and math.isnan(journal(base)[-1]["loss"])
    assert journal(base)[3]["time"] == BEGAN.timestamp() + 3
    assert small(base, layout.CONFIG) == {
        "parameters.lr": 0.1,
        "parameters.layers": 3,
        "parameters.augment": True,
    }
    assert small(base, layout.META)["tags"] == ["a", "b"]
    assert journal(base, "system")[0]["system/1f/cpu"] == 50.0
    assert (base / layout.LOGS).read_text() == "a line of the log\nsaid (step 2): hello\n"
    (image,), (histogram,) = journal(base, "image"), journal(base, "histogram")
    assert (base / image["path"]).read_bytes() == PNG and image["step"] == STEPS
    assert json.loads((base / histogram["path"]).read_text())["counts"] == [3, 4]
    (model_file,) = folder.glob("artifacts/custom/resnet-base/v1/files/model/*")
    assert (model_file.name, model_file.read_text()) == ("weights.bin", "weights")
    assert any("'outside'" in sentence for sentence in answer["left"])
    about = small(fork, layout.META)
    assert (about["imported_parent"], about["imported_fork_step"]) == ("neptune:team/vision/base", 95.0)
    assert about["group"] == small(base, layout.META)["group"] == "base"
    assert points(fork, "loss") == [(100, 10.0), (105, 10.5), (110, 11.0)]
    assert any("multiplied by 10" in sentence for sentence in answer["left"])
    assert small(fork, layout.STATUS)["status"] == layout.FAILED
    assert run_import("neptune", export / "data", folder)["unchanged"] == 2


def test_a_damaged_parquet_file_of_neptune_does_not_stop_the_other_runs(export: Path, folder: Path) -> None:
    (export / "data" / "torn_part_0.parquet").write_bytes(b"PAR1 and nothing else PAR1")
    result = CliRunner().invoke(
        app, ["import-from", "neptune", str(export), "--storage", str(folder), "--json"]
    )
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["taken"], answer["failed"]) == (1, 2, 1) and len(runs(folder)) == 1
