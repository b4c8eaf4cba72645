"""Formulas of a project are metrics of the commands, on a store without a viewer too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import analysis
from tests.tools.terminal.conftest import write_runs

FIRST, SECOND, THIRD, BERT = (f"2026011{n + 4}_153045_a1b2c{n}" for n in range(4))
FORMULAS = {
    "margin": "acc - loss",
    "smooth": "ema(loss, 0.5) / first(loss)",
    "broken": "acc -",
    "other": "acc * nothing",
}


def write_own_runs(root: Path) -> None:
    """The usual runs, and formulas of their project."""
    write_runs(root)
    analysis.write(analysis.path_of(root, "vision"), {**analysis.empty(), "formulas": FORMULAS})


def test_a_formula_is_plotted(run: Any) -> None:
    points = run("plot", FIRST, "--metric", "margin", "--json")["margin"][FIRST]
    assert points["steps"] == list(range(1, 41))
    assert points["values"] == pytest.approx([step / 100 - 1 / step for step in range(1, 41)])


def test_a_formula_is_a_column_a_key_and_a_condition(run: Any) -> None:
    arguments = [
        "ls",
        "--where",
        "metric.margin.last > 0.2",
        "--sort",
        "-metric.margin.last",
        "--columns",
        "metric.margin.last",
    ]
    runs = run(*arguments, "--json")
    assert [entry["id"] for entry in runs] == [FIRST, SECOND]
    assert runs[0]["metric.margin.last"] == pytest.approx(0.4 - 1 / 40)


def test_a_formula_is_shown_with_its_statistics(run: Any) -> None:
    metrics = run("show", FIRST, "--json")["metrics"]
    assert metrics["margin"]["max"] == pytest.approx(0.4 - 1 / 40)
    assert not metrics.keys() & {"broken", "other"}
