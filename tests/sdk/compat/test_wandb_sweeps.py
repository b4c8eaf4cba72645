"""Sweeps of W&B: the search, early stopping, and both forms of an agent."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from runicorn.compat.wandb.errors import UsageError
from runicorn.compat.wandb.sweeps.definition import definition
from runicorn.compat.wandb.sweeps.search import proposal
from tests.records import records
from tests.sdk.compat.conftest import Launch

DISTRIBUTIONS = [
    ({"min": 1, "max": 4}, 1, 4),
    ({"min": 0.5, "max": 2.0}, 0.5, 2.0),
    ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, 0, 1),
    ({"distribution": "log_uniform", "min": -3, "max": 0}, math.exp(-3), 1),
    ({"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}, 1e-5, 0.1),
    ({"distribution": "q_log_uniform_values", "min": 8, "max": 256, "q": 8}, 8, 256),
    ({"distribution": "inv_log_uniform", "min": 1, "max": 3}, math.exp(-3), math.exp(-1)),
    ({"distribution": "normal", "mu": 100, "sigma": 1}, 90, 110),
    ({"distribution": "q_normal", "mu": 100, "sigma": 10, "q": 5}, 30, 170),
    ({"distribution": "log_normal", "mu": 0, "sigma": 0.1}, 0.4, 2.5),
    ({"values": ["a", "b"]}, "a", "b"),
    ({"value": 3}, 3, 3),
]


def _samples(about: dict[str, Any]) -> list[Any]:
    sweep, generator = definition({"method": "random", "parameters": {"x": about}}), random.Random(0)
    proposals = [proposal(sweep, n, [], generator) for n in range(300)]
    return [values["x"] for values, _ in filter(None, proposals)]


@pytest.mark.parametrize(("about", "low", "high"), DISTRIBUTIONS)
def test_values_have_the_distribution(about: dict[str, Any], low: Any, high: Any) -> None:
    values = _samples(about)
    assert low <= min(values) <= max(values) <= high
    if about.get("q"):
        assert all(value % about["q"] == 0 for value in values) and len(set(values)) > 4
    if "log_uniform_values" in about.get("distribution", "") and "q" not in about:
        assert 100 < sum(value < 1e-3 for value in values) < 200  # half of the orders of magnitude
    if type(about.get("min")) is int and "distribution" not in about:
        assert set(values) == {1, 2, 3, 4}


def test_probabilities_of_values_are_followed() -> None:
    values = _samples({"values": ["rare", "often"], "probabilities": [0.1, 0.9]})
    assert 10 < values.count("rare") < 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "custom"}, "method"),
        ({"parameters": {}}, "parameters"),
        ({"parameters": {"x": {}}}, "'x' needs"),
        ({"parameters": {"x": {"distribution": "beta", "a": 1, "b": 2}}}, "'beta' of the parameter 'x'"),
        ({"parameters": {"x": {"min": 2, "max": 1}}}, "greater"),
        ({"method": "grid", "parameters": {"x": {"min": 0.0, "max": 1.0}}}, "grid"),
        ({"method": "bayes"}, "needs a metric"),
        ({"metric": {"name": "loss"}, "early_terminate": {"type": "median"}}, "'median' is not supported"),
        ({"controller": {"type": "local"}}, "controller"),
    ],
)
def test_what_is_not_supported_is_an_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        definition({"method": "random", "parameters": {"x": {"values": [1]}}, **change})


def test_bayes_finds_better_values_than_random() -> None:
    config: dict[str, Any] = {
        "metric": {"name": "loss"},
        "parameters": {
            **{name: {"min": 0.0, "max": 1.0} for name in ("a", "b", "c")},
            "kind": {"values": ["bad", "good", "worse"]},
        },
    }

    def best(method: str, seed: int) -> float:
        sweep, generator = definition({"method": method, **config}), random.Random(seed)
        finished: list[tuple[dict[str, float], float]] = []
        for n in range(40):
            proposed = proposal(sweep, n, finished, generator)
            assert proposed is not None
            values, positions = proposed
            loss = sum((values[name] - 0.3) ** 2 for name in ("a", "b", "c")) + (values["kind"] != "good")
            finished.append((positions, loss))
        return min(loss for _, loss in finished)

    wins = sum(best("bayes", seed) < best("random", seed) for seed in range(20))
    assert wins >= 16


def test_a_grid_is_run_completely(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        def main():
            run = wandb.init(config={"a": 0, "momentum": 0.5})
            assert run.sweep_id == sweep_id
            wandb.config.update({"a": 99})
            with_b = wandb.config.a + wandb.config.optimizer["b"]
            wandb.log({"loss": with_b})
        config = {"method": "grid", "metric": {"name": "loss", "goal": "maximize"},
                  "parameters": {"a": {"values": [1, 2]}, "fixed": {"value": 7},
                                 "optimizer": {"parameters": {"b": {"min": 10, "max": 12}}}}}
        sweep_id = wandb.sweep(config, project="grid")
        wandb.agent(sweep_id, function=main)
        sweep = wandb.Api().sweep(f"lab/grid/{sweep_id}")
        assert len(sweep.runs) == 6 and sweep.state == "FINISHED"
        assert sweep.best_run().summary["loss"] == 14
        wandb.agent(sweep_id, function=main)
        assert wandb.run is None
        """
    )
    assert process.returncode == 0, process.stderr
    runs = records(folder)
    assert [run.curve("loss") for run in runs] == [[(0, a + b)] for a in (1, 2) for b in (10, 11, 12)]
    assert {run.meta["project"] for run in runs} == {"grid"}
    assert len({run.meta["group"] for run in runs}) == 1
    assert runs[0].config["optimizer.b"] == 10 and runs[0].config["fixed"] == 7
    assert runs[0].config["momentum"] == 0.5 and runs[0].config["a"] == 1
    assert "the change to 99 was ignored" in process.stderr


def test_hyperband_stops_runs_that_are_behind(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        def main():
            with wandb.init() as run:
                for epoch in range(9):
                    try:
                        run.log({"loss": run.config.level + 1 / (epoch + 1)})
                    except Exception:
                        raise AssertionError
                run.summary["completed"] = True
        config = {"method": "grid", "metric": {"name": "loss", "goal": "minimize"},
                  "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2},
                  "parameters": {"level": {"values": [1, 5, 0, 6]}}}
        wandb.agent(wandb.sweep(config), function=main)
        """
    )
    assert process.returncode == 0, process.stderr
    runs = records(folder)
    assert [len(run.curve("loss")) for run in runs] == [9, 2, 9, 2]
    assert [run.status["status"] for run in runs] == ["finished"] * 4
    assert [run.summary.get("completed") for run in runs] == [True, None, True, None]


def test_a_failed_run_does_not_end_the_sweep_but_failures_only_do(launch: Launch, folder: Path) -> None:
    text = """
        import wandb
        def main():
            wandb.init()
            if wandb.config.x in {bad}:
                raise RuntimeError("no memory")
            wandb.log({{"loss": 1}})
        config = {{"method": "grid", "parameters": {{"x": {{"values": [1, 2, 3]}}}}}}
        wandb.agent(wandb.sweep(config, project="p"), function=main, count=3)
    """
    process = launch(text.format(bad=(1,)))
    assert process.returncode == 0, process.stderr
    assert [run.status["status"] for run in records(folder)] == ["failed", "finished", "finished"]
    assert "RuntimeError: no memory" in process.stderr
    assert records(folder)[0].status["exit_reason"] == "RuntimeError: no memory"
    process = launch(text.format(bad=(1, 2, 3)))
    assert process.returncode == 1 and "All 3 runs" in process.stderr


def test_an_agent_without_a_sweep_or_function_fails(launch: Launch) -> None:
    assert launch("import wandb; wandb.agent('absent', function=print)").returncode == 1
    process = launch(
        "import wandb; wandb.agent(wandb.sweep({'method': 'random', 'parameters': {'x': {'value': 1}}}))"
    )
    assert process.returncode == 1 and "needs a function" in process.stderr


def test_a_program_is_run_for_each_trial(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        dedent(
            """
            import argparse, wandb
            parser = argparse.ArgumentParser()
            parser.add_argument("--lr", type=float)
            parser.add_argument("--deep", action="store_true")
            parser.add_argument("more")
            arguments = parser.parse_args()
            with wandb.init(config=arguments) as run:
                assert run.config.lr == arguments.lr and arguments.deep and arguments.more == "word"
                for n in range(4):
                    wandb.log({"loss": arguments.lr})
            """
        )
    )
    process = launch(
        """
        import subprocess, sys, wandb
        config = {
            "program": "program.py", "method": "grid", "run_cap": 3, "project": "programs",
            "metric": {"name": "loss"}, "early_terminate": {"type": "hyperband", "min_iter": 2},
            "parameters": {"lr": {"values": [0.1, 0.2, 0.0, 0.3]}, "deep": {"value": True}},
            "command": ["${env}", "${interpreter}", "${program}", "${args_no_boolean_flags}", "${envvar:MORE}"],
        }
        sweep_id = wandb.sweep(config)
        wandb.agent(sweep_id, count=1)
        subprocess.run([sys.executable, "-m", "wandb", "agent", f"lab/programs/{sweep_id}", "--count", "9"], check=True)
        assert wandb.Api().sweep(sweep_id).best_run().config["lr"] == 0.0
        """,
        MORE="word",
    )
    assert process.returncode == 0, process.stderr
    runs = records(folder)
    assert [run.config["lr"] for run in runs] == [0.1, 0.2, 0.0]
    assert [len(run.curve("loss")) for run in runs] == [4, 2, 4]
    assert [run.status["status"] for run in runs] == ["finished"] * 3
    trials = [json.loads(path.read_text())["state"] for path in sorted(folder.glob(".sweeps/*/?.json"))]
    assert trials == ["finished", "stopped", "finished"]
