"""The same runs behind both sources of the commands: a store without a viewer, and a viewer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn_tools.cli import app
from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

BEGIN = 1_768_404_645.0
Run = Callable[..., Any]


def write_runs(root: Path) -> list[str]:
    """Three seeds of vision/resnet with falling losses, and a failed nlp/bert; the ids, oldest first."""
    ids = []
    for number in range(4):
        is_bert = number == 3
        steps = [{"loss": 1 / step + number / 10, "acc": step / 100 - number / 50} for step in range(1, 41)]
        ids.append(
            write_run(
                root,
                "nlp" if is_bert else "vision",
                "bert" if is_bert else "resnet",
                run_id=f"2026011{number + 4}_153045_a1b2c{number}",
                created_at=BEGIN + 86_400 * number,
                status="failed" if is_bert else "finished",
                metrics=steps,
                config={"lr": 0.1 / 10**number, "seed": number, "optim": {"name": "sgd"}},
                summary={"best_metric_name": "acc", "best_metric_value": 0.4, "best_metric_mode": "max"},
                tags=["good"] if number == 1 else [],
                logs="".join(f"line {line}\n" for line in range(30)),
            )
        )
    return ids


@pytest.fixture(scope="module", params=["store", "viewer"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The options that select the source."""
    root = tmp_path_factory.mktemp("runs") / "store"
    getattr(request.module, "write_own_runs", write_runs)(root)
    if request.param == "store":
        yield ["--storage", str(root)]
        return
    viewer = Viewer(root, root.parent / "home", RUNICORN_RATE_LIMIT="off").wait_until_it_answers()

    def has_points() -> bool:
        params = {"where": getattr(request.module, "INDEXED", "metric.acc.last exists")}
        count: int = viewer.get("/api/v2/experiments", params=params).json()["total"]
        return count == len(list(root.glob("*/*/runs/*")))

    until(has_points)
    yield ["--url", viewer.url]
    viewer.stop()


@pytest.fixture
def run(source: list[str]) -> Run:
    """Run a command on the source: `run("ls", "--json")` is the parsed document, else the text."""
    return lambda *words, code=0: call(*words, *source, code=code)


def call(*words: str, code: int = 0) -> Any:
    """Run a command within the process; its JSON, or its text."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if "--json" in words and code == 0 else result.output
