"""Plan of a repeated run: what is started where, and what cannot be the same."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.store import Store
from runicorn.capture import gpu
from runicorn.capture.subprocesses import Commands
from runicorn_tools.differences.facts import RunFacts
from runicorn_tools.rerun import changes as changing
from runicorn_tools.rerun import command as commands
from runicorn_tools.rerun import environment as environments
from runicorn_tools.rerun import sources
from runicorn_tools.rerun.command import Command
from runicorn_tools.rerun.environment import Environment

VARIABLES = (
    *("PYTHONHASHSEED", "PYTHONPATH", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS", "KERAS_BACKEND", "JAX_PLATFORMS"),
    *("JAX_PLATFORM_NAME", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
"""Recorded variables that a repeated run gets too."""
HELPERS = "-environment"
"""End of the name of the folder beside the sources with the environment and the lists of its packages."""


@dataclass
class Plan:
    """How a run is repeated.

    Attributes:
        folder: of the sources, new.
        command: with the paths of the new folder.
        remarks: sentences about what cannot be the same.
        changes: sentences about applied changes.
    """

    run: RunFacts
    folder: Path
    command: Command
    environment: Environment
    variables: dict[str, str]
    remarks: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    @property
    def helpers(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}{HELPERS}")

    @property
    def working_folder(self) -> Path:
        """Return the working directory: as in the run, relative to the sources."""
        place = str(self.run.sources.about.get("folder") or ".")
        return Path(place) if os.path.isabs(place) else self.folder / place

    @property
    def start_folder(self) -> Path:
        """Return the working directory, or the sources if it is not here."""
        return self.working_folder if self.working_folder.is_dir() else self.folder

    def words(self, python: str) -> list[str]:
        return [python, *self.command.words]

    def shell(self) -> list[str]:
        """Return the commands that do the same by hand, after the sources were unpacked into the folder."""
        lines = [f"cd {shlex.quote(str(self.working_folder))}"]
        lines += [shlex.join(command) for command in self.environment.commands(str(self.helpers))]
        python = self.environment.python
        python = python if os.path.isabs(python) else str(self.helpers / python)
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in sorted(self.variables.items()))
        lines.append(f"{settings} {shlex.join(self.words(python))}")
        return lines


def make(
    run: RunFacts, folder: Path, *, secrets: Mapping[str, str] | None = None, exact: bool = True
) -> Plan:
    """Return the plan of a run; nothing is changed.

    Raises:
        sources.Unrestorable, commands.NoCommand: the run cannot be repeated; the text says why.
    """
    _, remarks = sources.check(run)
    command = commands.moved(commands.of_run(run, secrets or {}), run, folder)
    environment = environments.plan(run, exact=exact)
    remarks = [*remarks, *command.remarks, *environment.remarks, *_machine(run), *_artifacts(run)]
    place = run.sources.about.get("folder")
    if isinstance(place, str) and os.path.isabs(place):
        remarks.append(f"The working directory {place} is outside of the sources{_here(place)}.")
    return Plan(run, folder, command, environment, _variables(run, folder), remarks)


def _here(path: str) -> str:
    return "" if os.path.isdir(path) else " and is not here"


def _variables(run: RunFacts, folder: Path) -> dict[str, str]:
    root = str(run.sources.about.get("root") or "")
    variables = {name: run.variables[name] for name in VARIABLES if name in run.variables}
    if root and "PYTHONPATH" in variables:
        parts = variables["PYTHONPATH"].split(os.pathsep)
        moved = [
            f"{folder}{part[len(root) :]}" if (part + "/").startswith(f"{root}/") else part for part in parts
        ]
        variables["PYTHONPATH"] = os.pathsep.join(moved)
    versions = [f"{key}:v{number}" for key, number in run.artifacts.items() if isinstance(number, int)]
    if versions:
        variables["RUNICORN_ARTIFACT_VERSIONS"] = ",".join(versions)
    return variables | {"RUNICORN_PARENT": run.id, "RUNICORN_DIR": str(run.root)}


def _machine(run: RunFacts) -> list[str]:
    remarks = []
    then = run.hardware
    system = str(then.get("system") or "")
    if system and platform.system().lower() not in system.lower() and system.lower() != _system():
        remarks.append(f"The run was on {system}, this is {platform.platform()}.")
    gpus = [str(name) for key, name in then.items() if key.startswith("gpu") and key != "gpu_driver"]
    if gpus:
        cards = gpu.query(Commands(), ["name", "driver_version"])
        here = [card["name"] for card in cards or ()]
        if not here:
            remarks.append(f"The run used {_listed(gpus)}; there is no GPU here.")
        elif here != gpus:
            remarks.append(f"The run used {_listed(gpus)}; here: {_listed(here)}.")
        driver = then.get("gpu_driver")
        if cards and driver and cards[0]["driver_version"] != driver:
            remarks.append(f"GPU driver {cards[0]['driver_version']} instead of {driver}.")
    return remarks


def _system() -> str:
    from runicorn import _platform

    return _platform.system_name().lower()


def _listed(names: Sequence[str]) -> str:
    counts = {name: list(names).count(name) for name in names}
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())


def _artifacts(run: RunFacts) -> list[str]:
    remarks = []
    for key, number in run.artifacts.items():
        kind, _, name = key.partition("/")
        if not isinstance(number, int):
            remarks.append(
                f"The run used several versions of {key}: {number}; each as the program asks for it."
            )
            continue
        try:
            Store(run.root).folder(kind, name).existing(number)
        except (ArtifactError, OSError):
            remarks.append(f"{key}:v{number} is no longer in the store.")
    return remarks


def apply_changes(plan: Plan, texts: Sequence[str]) -> None:
    """Apply `KEY=VALUE` to the arguments of a plan, or to the restored files.

    Raises:
        changes.Unchangeable: there is no place for one of them.
    """
    for text in texts:
        change = changing.Change.parse(text)
        where = changing.apply(change, plan.command, plan.run, plan.folder, plan.start_folder)
        plan.changes.append(f"Changed: {where}")
