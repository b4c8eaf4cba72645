"""`wandb.sweep` and `wandb.agent`: run the trials of a sweep, one after the other, in this process or as programs."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.compat.wandb.active import open_runs
from runicorn.compat.wandb.errors import Error, TrialStopped, UsageError
from runicorn.compat.wandb.sweeps.current import VARIABLE, set_current
from runicorn.compat.wandb.sweeps.search import proposal
from runicorn.compat.wandb.sweeps.trials import Sweep, Trial, claim, create_sweep, find_sweep
from runicorn.compat.wandb.util import generate_id
from runicorn.store import layout
from runicorn.store.notices import say

COMMAND = ["${env}", "${interpreter}", "${program}", "${args}"]
FIRST_FAILURES = 5
"""Runs that may fail before the first that does not: more of them end the agent."""


def sweep(
    sweep: Any, entity: str | None = None, project: str | None = None, prior_runs: list[str] | None = None
) -> str:
    """Store a sweep, and return its id for `agent`.

    Args:
        sweep: the configuration, or a function that returns it.
        entity: ignored.
        project: project of its runs.
        prior_runs: not supported.

    Raises:
        UsageError: the configuration is invalid, or something in it is not supported.
    """
    if prior_runs:
        raise UsageError("prior_runs of a sweep are not supported")
    config = dict(sweep() if callable(sweep) else sweep)
    if project:
        config["project"] = project
    sweep_id = generate_id()
    create_sweep(sweep_id, config)
    say(f"sweep {sweep_id}; to run it: wandb.agent({sweep_id!r}), or runicorn run -m wandb agent {sweep_id}")
    return sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    **options: Any,
) -> None:
    """Run trials of a sweep until its grid, `run_cap` or `count` is reached.

    Args:
        sweep_id: the id, or `[entity/]project/id`.
        function: called for each trial, and calls `wandb.init`; without it the `program` of the sweep is run.
        count: maximum number of runs of this agent.
        entity, project, options: ignored.

    Raises:
        UsageError: there is no such sweep, or it needs a function.
        Error: no run succeeded.
    """
    about = find_sweep(sweep_id)
    if function is None and not about.definition.program:
        raise UsageError("wandb.agent needs a function, or a sweep with a program")
    runs = failures = 0
    while count is None or runs < count:
        trial = _next_trial(about)
        if trial is None:
            break
        runs += 1
        values_text = ", ".join(f"{name}: {value}" for name, value in trial.config.items())
        say(f"sweep {about.id}, run {trial.number + 1} with {values_text}")
        if function is None:
            _run_program(trial)
        else:
            _call(function, trial)
        failures += trial.state == "failed"
        if failures == runs == FIRST_FAILURES:
            break
    if failures == runs > 0:
        raise Error(f"All {runs} runs of the sweep {about.id} have failed")


def _next_trial(about: Sweep) -> Trial | None:
    """Claim the next trial; None if there is no more."""
    sweep = about.definition
    while True:
        trials = about.trials()
        number = len(trials)
        if sweep.run_cap is not None and number >= sweep.run_cap:
            return None
        sign = 1 if sweep.minimize else -1
        finished = [
            (trial["positions"], sign * trial["result"])
            for trial in trials
            if trial.get("positions") and trial.get("result") is not None and trial["state"] != "running"
        ]
        # By id and number: a repeated sweep has other values, two agents of a sweep never the same ones.
        proposed = proposal(sweep, number, finished, random.Random(f"{about.id} {number}"))
        if proposed is None:
            return None
        trial = claim(about, *proposed, number)
        if trial is not None:
            return trial


class _Attempt:
    """Ends the run of a trial, and reports an exception of the function instead of raising it."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self._before = trial, set(map(id, open_runs))

    def __enter__(self) -> None:
        set_current(self._trial)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        set_current(None)
        stopped = isinstance(error, TrialStopped)
        failed = error is not None and not stopped
        for run in [run for run in open_runs if id(run) not in self._before]:
            if failed:
                run.__exit__(kind, error, trace)
            else:
                run.finish()
        if self._trial.state == "running":
            self._trial.state = "failed" if failed else "finished"
            self._trial.save()
        if failed and isinstance(error, Exception):
            traceback.print_exception(kind, error, trace)
            say(f"run {self._trial.number + 1} of the sweep failed; the sweep goes on.")
        return stopped or isinstance(error, Exception)


def _call(function: Callable[[], Any], trial: Trial) -> None:
    with _Attempt(trial):
        function()
    if not trial.run_id and trial.state == "finished":
        raise UsageError("The function of wandb.agent did not call wandb.init")


def _run_program(trial: Trial) -> None:
    environment = {**os.environ, VARIABLE: str(trial.path.absolute()), "WANDB_SWEEP_ID": trial.sweep.id}
    process = subprocess.run(_command(trial), env=environment, check=False)
    content, _ = layout.read_json(trial.path)
    trial.state, trial.result = content["state"], content["result"]
    trial.run_id, trial.at_bands = content["run_id"], content["at_bands"]
    if trial.state == "running" or process.returncode:
        trial.state = "failed" if process.returncode else "finished"
        trial.save()


def _command(trial: Trial) -> list[str]:
    about = trial.sweep.definition
    values = {name: str(value) for name, value in trial.config.items()}
    flags = [
        *(f"--{name}" for name, value in trial.config.items() if value is True),
        *(f"--{name}={value}" for name, value in values.items() if not isinstance(trial.config[name], bool)),
    ]
    macros: dict[str, list[str]] = {
        "${env}": [] if sys.platform == "win32" else ["/usr/bin/env"],
        "${interpreter}": [sys.executable],
        "${program}": [about.program],
        "${args}": [f"--{name}={value}" for name, value in values.items()],
        "${args_no_hyphens}": [f"{name}={value}" for name, value in values.items()],
        "${args_no_boolean_flags}": flags,
        "${args_json}": [json.dumps(trial.config)],
    }
    if "${args_json_file}" in about.command:
        file = Path(trial.sweep.folder, f"{trial.number}.args")
        file.write_text(json.dumps(trial.config), encoding="utf-8")
        macros["${args_json_file}"] = [str(file.absolute())]
    words: list[str] = []
    for word in about.command or COMMAND:
        words += macros.get(word) or ([] if word in macros else [_with_variables(word)])
    return words


def _with_variables(word: str) -> str:
    return re.sub(r"\$\{envvar:([^}]+)\}", lambda match: os.environ.get(match[1], ""), word)


def main(arguments: list[str]) -> None:
    """Run `sweep FILE` or `agent SWEEP`, as the program `wandb` does.

    Raises:
        SystemExit: the arguments are invalid.
    """
    import argparse

    parser = argparse.ArgumentParser(prog="wandb")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("sweep", help="store the sweep of a YAML or JSON file")
    new.add_argument("file")
    run = commands.add_parser("agent", help="run trials of a sweep")
    run.add_argument("sweep")
    run.add_argument("--count", type=int)
    for command_parser in (new, run):
        command_parser.add_argument("-p", "--project")
        command_parser.add_argument("-e", "--entity")
    options = parser.parse_args(arguments)
    if options.command == "agent":
        agent(options.sweep, count=options.count)
        return
    text = Path(options.file).read_text(encoding="utf-8")
    if options.file.endswith(".json"):
        sweep(json.loads(text), project=options.project)
        return
    import yaml

    sweep(yaml.safe_load(text), project=options.project)
