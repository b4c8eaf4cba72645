"""The commands for runs give the same answers on a store and on a viewer."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn_tools.cli import app

FIRST, SECOND, THIRD, BERT = (f"2026011{n + 4}_153045_a1b2c{n}" for n in range(4))


def test_runs_are_listed_newest_first(run: Any) -> None:
    runs = run("ls", "--json")
    assert [entry["id"] for entry in runs] == [BERT, THIRD, SECOND, FIRST]
    assert runs[0]["state"] == "failed" and runs[0]["config"]["optim"] == {"name": "sgd"}


def test_a_list_is_filtered_sorted_and_cut(run: Any) -> None:
    arguments = [
        "ls",
        "--project",
        "vision",
        "--where",
        "config.lr < 0.05 or tags = good",
        "--sort",
        "config.lr",
    ]
    assert [entry["id"] for entry in run(*arguments, "--json")] == [THIRD, SECOND]
    assert [entry["id"] for entry in run(*arguments, "--limit", "1", "--json")] == [THIRD]


def test_a_list_is_sorted_by_a_metric(run: Any) -> None:
    runs = run("ls", "--sort", "-metric.acc.best", "--columns", "metric.acc.best", "--json")
    assert [entry["id"] for entry in runs] == [FIRST, SECOND, THIRD, BERT]
    assert runs[0]["metric.acc.best"] == pytest.approx(0.4)


def test_groups_have_mean_and_standard_deviation(run: Any) -> None:
    groups = run("ls", "--group", "project", "--columns", "metric.loss.last", "--json")
    assert [(group["group"], group["runs"], group["failed"]) for group in groups] == [
        ("vision", 3, 0),
        ("nlp", 1, 1),
    ]
    loss = groups[0]["columns"]["metric.loss.last"]
    assert (loss["mean"], loss["std"]) == (pytest.approx(0.125), pytest.approx(0.1))


def test_a_list_as_csv_has_full_precision(run: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(run("ls", "--csv", "--columns", "id,lr,metric.loss.last"))))
    assert {row["id"]: float(row["metric.loss.last"]) for row in rows}[SECOND] == 1 / 40 + 0.1


def test_a_run_is_shown(run: Any) -> None:
    details = run("show", FIRST, "--json")
    assert details["metrics"]["loss"] == {
        "last": 1 / 40,
        "best": 1 / 40,
        "min": 1 / 40,
        "max": 1.0,
        "count": 40,
        "last_step": details["metrics"]["loss"]["last_step"],
    }
    text = run("show", FIRST)
    assert "vision" in text and "optim.name" in text and "sgd" in text


@pytest.mark.parametrize(
    ("name", "run_id"),
    [
        (SECOND, SECOND),
        ("20260115", SECOND),
        ("bert", BERT),
        ("latest", BERT),
        ("vision/latest", THIRD),
        ("best:acc", FIRST),
        ("best:loss", FIRST),
        ("nlp/best:loss", BERT),
    ],
)
def test_a_run_is_named(run: Any, name: str, run_id: str) -> None:
    assert run("tag", name, "--json") == {run_id: ["good"] if run_id == SECOND else []}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("resnet", f"resnet may be {THIRD}"),
        ("20260230", "Run not found: 20260230"),
        ("best:nothing", "No run has the metric nothing"),
        ("20270114_153045_a1b2c0", "Run not found: 20270114_153045_a1b2c0"),
    ],
)
def test_a_name_of_no_run_or_several_is_one_sentence(run: Any, name: str, sentence: str) -> None:
    assert sentence in run("show", name, code=2)


def test_a_malformed_condition_is_one_sentence(run: Any) -> None:
    text = run("ls", "--where", "lr <", code=2)
    assert text.startswith("runicorn: ") and "Traceback" not in text


def test_runs_are_compared(run: Any) -> None:
    compared = run("compare", FIRST, SECOND, "--json")
    rows = {row["key"]: row["values"] for row in compared["rows"]}
    assert compared["runs"] == [FIRST, SECOND]
    assert rows["config.lr"] == [0.1, 0.01] and "config.optim.name" not in rows
    assert rows["metric.acc.best"] == [pytest.approx(0.4), pytest.approx(0.38)]


def test_a_comparison_is_markdown_for_a_pull_request(run: Any) -> None:
    lines = run("compare", FIRST, SECOND, "--markdown").splitlines()
    assert lines[:2] == [f"| `key` | `{FIRST}` | `{SECOND}` |", "|---|---|---|"]
    assert "| `config.lr` | `0.1` | `0.01` |" in lines
    assert any(line.startswith("- `acc`: `") for line in lines)


def test_the_log_is_printed(run: Any) -> None:
    assert run("tail", FIRST, "--lines", "2").splitlines() == ["line 28", "line 29"]
    followed = run("tail", FIRST, "--lines", "1", "--follow").splitlines()
    assert followed == ["line 29"]


def test_curves_are_drawn(run: Any) -> None:
    output = run("plot", FIRST, SECOND, "--metric", "loss", "--width", "80", "--height", "8")
    assert output.splitlines()[0] == "loss"
    assert any(0x2800 < ord(sign) <= 0x28FF for sign in output)
    assert FIRST in output and "min 0.025, max 1" in output
    points = run("plot", FIRST, "--metric", "loss", "--json")["loss"][FIRST]
    assert points["count"] == 40 and points["values"][0] == 1.0


def test_files_are_copied(run: Any, tmp_path: Path) -> None:
    assert "logs.txt" in run("get", FIRST, "--list")
    run("get", FIRST, "logs.txt", "--output", str(tmp_path))
    assert (tmp_path / "logs.txt").read_text().splitlines()[-1] == "line 29"
    run("get", FIRST, "missing.bin", code=1)


def test_wait_tells_how_it_ended(run: Any) -> None:
    assert run("wait", FIRST, SECOND, "--json") == {FIRST: True, SECOND: True}
    run("wait", FIRST, "--until", "metric.acc.best > 0.3")
    run("wait", FIRST, "--until", "metric.acc.best > 0.9", code=1)
    run("wait", BERT, code=1)


@pytest.mark.parametrize("until", ["((", 'status = "failed") or (id exists'])
def test_a_malformed_condition_to_wait_for_names_its_position(run: Any, until: str) -> None:
    position = 3 if until == "((" else 18
    assert f"position {position}" in run("wait", FIRST, "--until", until, code=2)


def test_verdicts_of_a_shown_run_are_a_column(run: Any) -> None:
    _, _, changed = run("show", THIRD).partition("WHAT CHANGED")
    verdicts = [
        line for line in changed.split("\n\n")[0].splitlines() if line.startswith(("  acc", "  loss"))
    ]
    assert [line[:8] for line in verdicts] == ["  acc   ", "  loss  "]


def test_a_tag_without_its_option_says_which_one(run: Any) -> None:
    assert "Run not found: nice." in run("tag", "latest", "nice", code=2)
    assert "--add nice" in run("tag", "latest", "nice", code=2)


def test_a_run_without_a_note_prints_no_line(source: list[str]) -> None:
    result = CliRunner().invoke(app, ["note", FIRST, *source])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{FIRST} has no note.\n")


def test_notes_and_tags_are_changed(run: Any) -> None:
    run("note", THIRD, "Diverged.")
    run("note", THIRD, "Twice.", "--append")
    assert run("note", THIRD, "--json")["note"] == "Diverged.\n\nTwice."
    assert run("tag", THIRD, "--add", "paper", "--add", "draft", "--json") == {THIRD: ["paper", "draft"]}
    assert run("tag", THIRD, "--remove", "draft", "--json") == {THIRD: ["paper"]}


def test_runs_go_to_the_recycle_bin_and_come_back(run: Any) -> None:
    assert run("rm", BERT, "--yes", "--json") == {"deleted": [BERT]}
    assert [entry["id"] for entry in run("ls", "--json")] == [THIRD, SECOND, FIRST]
    assert [entry["id"] for entry in run("ls", "--deleted", "--json")] == [BERT]
    assert run("restore", BERT, "--json") == {"restored": [BERT]}
    assert len(run("ls", "--json")) == 4
