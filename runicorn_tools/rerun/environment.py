"""A Python environment with the packages that a run recorded.

An interpreter of this machine that has exactly these packages is used as it is: the recorded one, or that of this command.
Otherwise an environment is created: by conda if the run had one and it is here, by uv if it is here, else by venv and pip.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runicorn_tools.differences.facts import RunFacts

SECONDS = 1800.0
OWN = frozenset({"runicorn", "runicorn-sdk", "runicorn-django"})
"""Distributions that this installation takes the place of."""
TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})
"""Packages of environments whose versions do not change a training."""
_LIST = """
import json, sys, importlib.metadata as m
packages = {d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}
print(json.dumps({"version": sys.version.split()[0], "packages": packages}))
"""
_DRY = {"PIP_BREAK_SYSTEM_PACKAGES": "1"}
"""A dry run installs nothing, and is that of a new environment: one of the system's does not refuse it (PEP 668)."""
_NOT_FOUND = re.compile(
    r"No matching distribution found for ([^\s;]+)|Because (\S+) was not found|there is no version of (\S+)"
)
_NOT_IN_CHANNELS = re.compile(r"(?:not available|could not be found|not found)[^\n]*\n\s*(?:-|[├└]─) (\S+)")


class NoEnvironment(Exception):
    """The environment cannot be made; the text is a sentence."""


@dataclass
class Environment:
    """An environment, existing or to be created.

    Attributes:
        kind: "existing", "conda", "uv" or "venv".
        python: its interpreter; of one that is to be created relative to its folder.
        requirements: packages that pip or uv installs into a new one.
        channels: of conda, those of the recorded packages.
        remarks: sentences about what is not the same.
    """

    kind: str
    python: str
    version: str = ""
    requirements: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)

    def conda_command(self, prefix: str, folder: str, *options: str) -> list[str]:
        """Return the command that creates a conda environment from the list in a folder."""
        channels = ["--override-channels"] if self.channels else []
        for channel in self.channels:
            channels += ["--channel", channel]
        words = [conda() or "conda", "create", "--yes", *options, "--prefix", prefix, *channels]
        return [*words, "--file", f"{folder}/conda.txt"]

    def commands(self, folder: str) -> list[list[str]]:
        """Return the commands that create it in a folder."""
        listing = f"{folder}/requirements.txt"
        if self.kind == "uv":
            return [
                ["uv", "venv", "--python", self.version, f"{folder}/.venv"],
                ["uv", "pip", "install", "--python", f"{folder}/.venv", "--no-deps", "-r", listing],
            ]
        if self.kind == "venv":
            return [
                [self.python, "-m", "venv", f"{folder}/.venv"],
                [f"{folder}/.venv/bin/python", "-m", "pip", "install", "--no-deps", "-r", listing],
            ]
        if self.kind == "conda":
            pip = [f"{folder}/.venv/bin/python", "-m", "pip", "install", "--no-deps", "-r", listing]
            created = self.conda_command(f"{folder}/.venv", folder)
            return [created, pip] if self.requirements else [created]
        return []


def plan(run: RunFacts, *, exact: bool = True) -> Environment:
    """Return the environment for a run.

    Args:
        exact: create an environment if no interpreter here has the same packages; otherwise that of this command is
            used, with a remark.
    """
    packages = wanted_packages(run)
    version = str(run.environment.get("python_version") or run.meta.get("python") or "").split()[0:1]
    python_version = version[0] if version else ""
    if not packages:
        return Environment(
            "existing", sys.executable, remarks=["The run recorded no packages: those here are used."]
        )
    for python in _interpreters(run):
        installation = installed(python)
        if (
            installation
            and not differing(packages, installation[1])
            and _minor(installation[0]) == _minor(python_version)
        ):
            return Environment(
                "existing", python, installation[0], remarks=_version_remark(python_version, installation[0])
            )
    if not exact:
        remark = "The packages here are not those of the run; they are used all the same."
        return Environment("existing", sys.executable, remarks=[remark])
    requirements = [f"{name}=={number}" for name, number in sorted(packages.items())]
    if run.environment.get("conda_packages") and conda():
        by_conda = _conda(run)
        requirements = [
            f"{name}=={number}" for name, number in sorted(packages.items()) if by_conda.get(name) != number
        ]
        names = run.environment.get("conda_channels")
        channels = [str(name) for name in names] if isinstance(names, list) else []
        return Environment("conda", ".venv/bin/python", python_version, requirements, channels=channels)
    remarks = []
    if run.environment.get("conda_packages"):
        remarks.append("The run used conda, which is not here: its packages come from pip.")
    if shutil.which("uv"):
        return Environment("uv", ".venv/bin/python", python_version or "3", requirements, remarks)
    python, there = _nearest_python(python_version)
    remarks += _version_remark(python_version, there)
    return Environment("venv", python, python_version, requirements, remarks)


def _nearest_python(version: str) -> tuple[str, str]:
    """Return an interpreter for a virtual environment and its version: the same, else one of the same minor version."""
    paths = [sys.executable, shutil.which(f"python{_minor(version)}") or sys.executable]
    versions = {path: installation[0] for path in paths if (installation := installed(path))}
    for is_near in (str.__eq__, lambda a, b: _minor(a) == _minor(b)):
        for path, its_version in versions.items():
            if is_near(its_version, version):
                return path, its_version
    return sys.executable, versions.get(sys.executable, "")


def wanted_packages(run: RunFacts) -> dict[str, str]:
    """Return the versions of the recorded packages, without Runicorn, tools, and the program itself."""
    own = {_normal(name) for name in _projects(run)}
    return {
        name: number
        for name, number in _pip(run).items()
        if name not in OWN | TOOLS and name not in own and number
    }


def _pip(run: RunFacts) -> dict[str, str]:
    packages = run.environment.get("pip_packages")
    texts = packages if isinstance(packages, list) else []
    pairs = (str(text).partition("==") for text in texts)
    return {_normal(name): number for name, _, number in pairs if name}


def _conda(run: RunFacts) -> dict[str, str]:
    packages = run.environment.get("conda_packages")
    texts = packages if isinstance(packages, list) else []
    return {
        _normal(name): number
        for name, number, *_ in (str(text).split("=") for text in texts if "=" in str(text))
    }


def _projects(run: RunFacts) -> list[str]:
    """Return the names of distributions whose sources are those of the run."""
    names = []
    for path in run.sources.files:
        if path.rpartition("/")[2] in ("pyproject.toml", "setup.cfg", "setup.py"):
            text = run.sources.read(path).decode("utf-8", "replace")
            names += re.findall(r"""^\s*name\s*=\s*["']?([\w.-]+)""", text, re.MULTILINE)
    return names


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _interpreters(run: RunFacts) -> list[str]:
    """Return interpreters that may be that of the run, and that of this command."""
    words, variables = run.command, run.variables
    candidates = [word for word in words[:1] if os.path.isabs(word)]
    for prefix in (variables.get("VIRTUAL_ENV"), variables.get("CONDA_PREFIX")):
        if prefix:
            candidates.append(os.path.join(prefix, "bin", "python"))
    name = os.path.basename(words[0]) if words else "python3"
    if program := shutil.which(name, path=variables.get("PATH")):
        candidates.append(program)
    candidates.append(sys.executable)
    return [path for path in dict.fromkeys(candidates) if os.path.isfile(path) and os.access(path, os.X_OK)]


def installed(python: str) -> tuple[str, dict[str, str]] | None:
    """Return the version of an interpreter and of its packages; None if it cannot be run."""
    try:
        process = subprocess.run(
            [python, "-I", "-c", _LIST], capture_output=True, timeout=60, check=True, stdin=subprocess.DEVNULL
        )
        answer = json.loads(process.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer["version"], {_normal(name): number for name, number in answer["packages"].items()}


def differing(packages: dict[str, str], there: dict[str, str]) -> list[str]:
    """Return the packages that are missing or have another version."""
    return [name for name, number in packages.items() if there.get(name) != number]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _version_remark(version: str, local: str) -> list[str]:
    if not version or not local or version == local:
        return []
    return [f"Python {local} instead of {version}."]


def conda() -> str | None:
    """Return the program that makes conda environments."""
    return next((tool for tool in ("conda", "mamba", "micromamba") if shutil.which(tool)), None)


def missing(environment: Environment, folder: Path) -> str | None:
    """Return why packages cannot be installed: a sentence that names those that are in no index; None if they can.

    Asks the index, and the channels of conda, with a dry run; `folder` has the lists of packages.
    """
    if environment.kind == "conda":
        command = environment.conda_command(str(folder / ".dry"), str(folder), "--dry-run")
        if problem := _refused(command, "conda package", _NOT_IN_CHANNELS, "channel"):
            return problem
    if environment.kind not in ("uv", "venv", "conda") or not environment.requirements:
        return None
    listing = str(folder / "requirements.txt")
    if environment.kind == "uv":
        command = [
            "uv",
            "pip",
            "install",
            "--dry-run",
            "--no-deps",
            "--target",
            str(folder / ".dry"),
            "-r",
            listing,
        ]
        command += ["--python-version", environment.version] if environment.version.count(".") else []
    else:
        python = environment.python if environment.kind == "venv" else sys.executable
        command = [
            python,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--no-deps",
            "--ignore-installed",
            "-q",
            "-r",
            listing,
        ]
    return _refused(command, "package", _NOT_FOUND, "package index")


def _refused(command: list[str], what: str, not_found: re.Pattern[str], place: str) -> str | None:
    """Return why a dry run failed, in a sentence; None if it did not."""
    try:
        process = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, env=os.environ | _DRY
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"The {what}s cannot be looked up: {error}."
    if process.returncode == 0:
        return None
    output = f"{process.stdout}\n{process.stderr}"
    if match := not_found.search(output):
        return f"The {what} {next(filter(None, match.groups()))} is in no {place} that is reachable."
    last = (output.strip().splitlines() or ["unknown error"])[-1]
    return f"The {what}s cannot be installed: {last.strip()}"


def create(environment: Environment, folder: Path, run: Callable[[Sequence[str]], int]) -> str:
    """Create the environment, and return its interpreter.

    Raises:
        NoEnvironment: a command failed.
    """
    if environment.kind == "existing":
        return environment.python
    for command in environment.commands(str(folder)):
        if run(command) != 0:
            raise NoEnvironment(f"The environment could not be created: {' '.join(command)} failed.")
    return str(folder / ".venv" / "bin" / "python")
