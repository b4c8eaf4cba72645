"""Runs with samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.samples.writer import SampleWriter
from tests.answers import read
from tests.folders import folder_of

Log = Callable[..., Path]


def sample(number: int, **more: Any) -> dict[str, Any]:
    """A rollout: 8 prompts, rewards 0.0 to 0.9."""
    return {
        "id": f"p{number % 8}",
        "group": f"g{number % 8}",
        "prompt": f"What is {number}?",
        "completion": f"The answer of number{number} is boxed{{{number}}}.",
        "reward": number % 10 / 10,
        "rewards": {"format": float(number % 2)},
        "truncated": number % 4 == 0,
        "tool_calls": number % 6,
        **more,
    }


@pytest.fixture
def log(store: Path, make_run: Any) -> Log:
    """`log(rows, name="rollouts", step=…, run=…)` appends samples to a run and returns its folder."""

    def append(
        rows: list[dict[str, Any]], name: str = "rollouts", step: int | None = None, run: Path | None = None
    ) -> Path:
        folder = run or folder_of(store, make_run(store, metrics=[{"loss": 1.0}]))
        with SampleWriter(folder, name) as writer:
            writer.append(rows, step=step)
        return folder

    return append


@pytest.fixture
def rows(api: Any) -> Callable[..., Any]:
    """`rows(run, name, **query)` is the answer of the route."""

    def ask(run: Path, name: str = "rollouts", **query: Any) -> Any:
        return read(api.get(f"/api/v2/experiments/{run.name}/samples/{name}", query))

    return ask
