"""Every import ends with a comparison of the store with the source, kept as a report."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.store import curation, layout
from runicorn_importers.experiment import Experiment, Point, Series, as_table
from runicorn_importers.writing.writer import REPORTS, import_experiments
from runicorn_tools.cli import app
from tests.fixtures.foreign.make import STEPS, losses
from tests.importers.test_import_of_trackers import OTHERS, TRACKERS, run_import, runs, small, unpacked

VALUES = [Point(step, 1.7e9 + step, {"loss": loss, "step": step}) for step, loss in losses()]


def report(root: Path) -> dict[str, Any]:
    """The stored report of the only import."""
    (file,) = (root / curation.PRIVATE / REPORTS).iterdir()
    return layout.read_json(file)[0]


@pytest.mark.parametrize("tracker", [*TRACKERS, *OTHERS])
def test_series_points_extremes_and_last_values_are_in_the_report(
    tracker: str, tmp_path: Path, folder: Path
) -> None:
    answer = run_import(tracker, unpacked(tracker, tmp_path), folder)
    compared = answer["compared"]
    assert compared["runs"] == answer["taken"] and compared["different"] == 0
    assert {key: report(folder)[key] for key in ("compared", "report")} == {
        "compared": compared,
        "report": answer["report"],
    }
    reports = [small(run, layout.IMPORT_REPORT) for run in runs(folder).values()]
    assert all(report["equal"] for report in reports)
    sides = ["reader"] if tracker in ("wandb", "swanlab") else ["reader", "source"]
    assert all(report["compared_with"] == sides for report in reports)
    loss = max(
        (
            report["series"].get("loss/train" if tracker == "clearml" else "loss", {"points": 0})
            for report in reports
        ),
        key=lambda report: report["points"],
    )
    assert loss["points"] in (STEPS, STEPS + 1)
    assert loss["low"] == pytest.approx(min(value for _, value in losses()))
    assert loss["high"] == pytest.approx(max(value for _, value in losses()))
    assert loss["last"] == ("nan" if loss["points"] > STEPS else pytest.approx(losses()[-1][1]))


def test_the_second_pass_reports_a_value_that_the_reader_missed(folder: Path) -> None:
    statistics = {"loss": Series(STEPS, *(f(v for _, v in losses()) for f in (min, max)), losses()[-1][1])}
    statistics["step"] = Series(STEPS, 0, STEPS - 1, STEPS - 1)

    def experiment(number: int, entries: list[Point]) -> Experiment:
        return Experiment(
            f"mlflow:{number}",
            "p",
            "n",
            started=1.7e9 + number,
            entries=lambda: entries,
            check=lambda: statistics,
        )

    sound, missing = experiment(1, VALUES), experiment(2, VALUES[:-1])
    result = import_experiments(folder, [sound, missing])
    assert result.compared == {"runs": 2, "series": 4, "points": 2 * (2 * STEPS - 1), "different": 1}
    assert result.differences and all(result.runs[1] in sentence for sentence in result.differences)
    assert "'loss': 20 points" in result.differences[0] and "19 points" in result.differences[0]
    about = small(folder / result.runs[1], layout.IMPORT_REPORT)
    assert (about["equal"], about["compared_with"]) == (False, ["reader", "source"])
    assert small(folder / result.runs[0], layout.IMPORT_REPORT)["series"]["mlflow/step"]["high"] == STEPS - 1


def test_a_value_and_a_file_that_were_not_stored_are_named(folder: Path) -> None:
    huge = {"loss": 1.0, "wide": 10**400}

    def entries() -> Iterator[Any]:
        yield Point(1, 1.7e9, huge)
        yield as_table("seen", 1, 1.7e9, [{"a": 1}])

    result = import_experiments(folder, [Experiment("aim:1", "p", "n", started=1.7e9, entries=entries)])
    assert result.compared["different"] == 1 and "'wide'" in result.differences[0]
    assert small(folder / result.runs[0], layout.IMPORT_REPORT)["media"] == {"seen": 1}


def test_a_difference_is_printed_and_exits_with_1(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = unpacked("trackio", tmp_path)
    (database,) = path.rglob("*.db")
    with closing(sqlite3.connect(database)) as rows, rows:
        rows.execute("UPDATE metrics SET metrics = ? WHERE step = 3", ('{"loss": 1.0, "loss": 2.0}',))
    result = CliRunner().invoke(app, ["import-from", "trackio", str(path), "--storage", str(folder)])
    assert result.exit_code == 1
    assert "differs  vision/resnet" in result.stderr and "'loss': 22 points" in result.stderr
    lines = result.stdout.splitlines()
    assert (
        lines[-2].endswith("1 of the runs differ.")
        and lines[-1] == "taken 1, updated 0, unchanged 0, failed 0"
    )


def test_a_run_without_a_report_is_compared_by_the_next_import(tmp_path: Path, folder: Path) -> None:
    path = unpacked("wandb", tmp_path)
    run_import("wandb", path, folder)
    (run,) = runs(folder).values()
    before = small(run, layout.IMPORT_REPORT)["series"]
    (run / layout.IMPORT_REPORT).unlink()
    answer = run_import("wandb", path, folder)
    assert (answer["unchanged"], answer["compared"]["runs"]) == (1, 1)
    assert small(run, layout.IMPORT_REPORT)["series"] == before
    journal = (run / layout.EVENTS).read_text().splitlines(keepends=True)
    (run / layout.EVENTS).write_text("".join(journal[:-1]))
    (run / layout.IMPORT_REPORT).unlink()
    result = CliRunner().invoke(app, ["import-from", "wandb", str(path), "--storage", str(folder), "--json"])
    assert result.exit_code == 1 and json.loads(result.stdout)["compared"]["different"] == 1
