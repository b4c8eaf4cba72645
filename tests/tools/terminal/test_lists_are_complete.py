"""Lists show the usual metric, groups and notes, and refuse keys that no run has; on a store and by `--url` alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.api import transport
from runicorn_tools.cli import app
from tests.folders import folder_of, write_run
from tests.processes import free_port
from tests.tools.terminal.conftest import call

DECLARED, USUAL, EMPTY = (f"2026011{n + 4}_153045_a1b2c{n}" for n in range(3))
BEGIN = 1_768_404_645.0
INDEXED = 'metric."train/accuracy".last exists or metric."val/loss".last exists or config.lr = 0.3'


def write_own_runs(root: Path) -> None:
    """A run whose script declared a primary metric at its end, one without any, and a new one without metrics."""
    write_run(
        root,
        run_id=DECLARED,
        created_at=BEGIN,
        metrics=[
            {"train/accuracy": step / 10, "phase": "warm-up" if step < 4 else "train"} for step in range(1, 9)
        ],
        summary={"best_metric_name": "train/accuracy", "best_metric_mode": "max"},
        config={"lr": 0.1},
        group="sweep-1",
    )
    write_run(
        root,
        run_id=USUAL,
        created_at=BEGIN + 86_400,
        metrics=[{"val/loss": 1 / step, "other": 1.0} for step in range(1, 5)],
        config={"lr": 0.2},
    )
    (folder_of(root, USUAL) / "curation.json").write_text('{"description": "Diverged.", "tags": []}')
    write_run(root, run_id=EMPTY, created_at=BEGIN + 172_800, metrics=[], config={"lr": 0.3})


def test_the_best_value_is_shown_without_a_declaration(run: Any) -> None:
    best_values = {entry["id"]: entry["best"] for entry in run("ls", "--columns", "id,best", "--json")}
    assert best_values == {DECLARED: "train/accuracy 0.8", USUAL: "val/loss 0.25", EMPTY: None}
    assert run("ls", "--sort", "-best", "--json")[0]["id"] == DECLARED


def test_a_metric_of_texts_is_plotted_with_its_texts(run: Any) -> None:
    output = run("plot", DECLARED, "--metric", "phase", "--width", "80")
    assert "last train (0 warm-up, 1 train)" in output
    points = run("plot", DECLARED, "--metric", "phase", "--json")["phase"][DECLARED]
    assert (points["values"][0], points["values"][-1]) == ("warm-up", "train")


def test_the_group_and_the_note_are_in_lists(run: Any) -> None:
    entries = {entry["id"]: entry for entry in run("ls", "--columns", "group,note", "--json")}
    assert entries[DECLARED]["group"] == "sweep-1" and entries[USUAL]["description"] == "Diverged."
    groups = run("ls", "--group", "group", "--json")
    assert {group["group"]: group["runs"] for group in groups} == {"": 2, "sweep-1": 1}


def test_runs_are_sorted_by_the_number_of_points(run: Any) -> None:
    columns = ["--columns", "id,metric.val/loss.count", "--json"]
    assert run("ls", "--sort", "-metric.val/loss.count", *columns)[0]["id"] == USUAL


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("lrr < 0.05", "Did you mean config.lr?"),
        ("stat = running", "Did you mean state?"),
        ("nothing > 1", "unknown field 'nothing'"),
    ],
)
def test_a_typo_in_a_condition_is_refused(run: Any, condition: str, sentence: str) -> None:
    assert sentence in run("ls", "--where", condition, code=2)


@pytest.mark.parametrize(
    "options", [("--columns", "+nonsense"), ("--sort", "nonsense"), ("--group", "nonsense")]
)
def test_a_column_that_no_run_has_is_named(source: list[str], options: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["ls", *source, *options])
    assert (result.exit_code, result.stderr) == (0, "No run in this list has nonsense.\n")


def test_a_column_that_some_runs_have_is_not_named(source: list[str]) -> None:
    for options in (
        ("--columns", "id,tags,owner,best,config.lr,metric.val/loss.best,phase"),
        ("--sort", "-other"),
        ("--sort", "best"),
    ):
        result = CliRunner().invoke(app, ["ls", *source, *options])
        assert (result.exit_code, result.stderr) == (0, ""), options


def test_bare_keys_stand_for_config_keys_and_metrics(run: Any) -> None:
    assert [entry["id"] for entry in run("ls", "--where", "lr < 0.15", "--json")] == [DECLARED]
    assert [entry["id"] for entry in run("ls", "--where", "loss < 0.3", "--json")] == [USUAL]


def test_runs_are_selected_for_the_recycle_bin(run: Any) -> None:
    chosen = run("rm", "--where", "lr > 0.15", "--older-than", "1", "--dry-run", "--json")
    assert chosen == {"deleted": [EMPTY, USUAL], "dry_run": True}
    assert run("rm", "--older-than", "100000", "--yes", "--json") == {"deleted": []}
    assert "Name runs, or select them" in run("rm", code=2)
    assert "Name runs, or select them" in run("rm", DECLARED, "--where", "lr > 0", code=2)


def test_tags_are_replaced(run: Any) -> None:
    run("tag", DECLARED, "--add", "a", "--add", "b")
    assert run("tag", DECLARED, "--replace", "--add", "c", "--json") == {DECLARED: ["c"]}
    assert run("tag", DECLARED, "--replace", "--json") == {DECLARED: []}


def test_a_viewer_that_does_not_answer_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.01)
    assert "runicorn: " in call("ls", "--url", f"http://127.0.0.1:{free_port()}", code=4)


def test_a_missing_store_is_not_available(tmp_path: Path) -> None:
    assert "no storage root" in call("ls", "--storage", str(tmp_path / "none"), code=4)


def test_a_metric_of_texts_has_its_last_text(run: Any) -> None:
    metrics = run("show", DECLARED, "--json")["metrics"]
    assert (metrics["phase"]["last"], metrics["phase"]["best"]) == ("train", None)
    assert metrics["train/accuracy"]["last"] == 0.8
    assert "train" in next(line for line in run("show", DECLARED).splitlines() if "phase" in line)
    (entry,) = run("ls", "--columns", "id,metric.phase", "--where", "lr = 0.1", "--json")
    assert entry["metric.phase"] == "train"
