"""Facts about a run that a difference compares, read from the files of its folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from runicorn.capture.sources import cells
from runicorn.capture.sources.record import Sources
from runicorn.store import layout
from runicorn_tools.analysis import replicas
from runicorn_tools.differences import notebooks

VOLATILE = frozenset({"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_PROCID", "RUNICORN_DIR"})
"""Environment variables that differ between any two runs."""


class RunFacts:
    """One run.

    Attributes:
        root: the storage root.
        folder: the folder of the run.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder

    @property
    def id(self) -> str:
        return self.folder.name

    def _file(self, name: str) -> dict[str, Any]:
        return layout.read_json(self.folder / name)[0]

    @cached_property
    def meta(self) -> dict[str, Any]:
        return self._file(layout.META)

    @cached_property
    def config(self) -> dict[str, Any]:
        return self._file(layout.CONFIG)

    @cached_property
    def environment(self) -> dict[str, Any]:
        return self._file(layout.ENVIRONMENT)

    @cached_property
    def git(self) -> dict[str, Any]:
        return _dict(self.environment.get("git_info"))

    @cached_property
    def sources(self) -> Sources:
        return Sources(self.folder)

    @cached_property
    def cells(self) -> str:
        """Return the cells of a notebook that ran, as the text of a script; "" without cells."""
        texts = cells.read(self.folder).get("cells", [])
        return notebooks.joined(texts) if texts else ""

    @property
    def commit(self) -> str:
        value = self.sources.about.get("commit") or self.git.get("commit")
        return value if isinstance(value, str) else ""

    @property
    def has_code(self) -> bool:
        """Return whether the files of the program are stored with the run."""
        return bool(self.sources) or bool(self.cells)

    @cached_property
    def command(self) -> list[str]:
        line = self.environment.get("command_line")
        return [str(word) for word in line] if isinstance(line, list) else []

    @cached_property
    def program(self) -> str:
        """Return what was run: the script, the module, or the notebook; "" if it is unknown."""
        if self.cells and not self.sources.about.get("script"):
            return str(cells.read(self.folder).get("notebook") or "notebook")
        words = self.command[1:] if _is_python(self.command[:1]) else self.command
        for position, word in enumerate(words):
            if word == "-m" and position + 1 < len(words):
                return words[position + 1]
            if not word.startswith("-"):
                return re.split(r"[/\\]", word)[-1]
        return ""

    @cached_property
    def packages(self) -> dict[str, str]:
        """Return the versions of packages by name; those of conda only where pip does not list them."""
        packages: dict[str, str] = {}
        for key, separator in (("conda_packages", "="), ("pip_packages", "==")):
            for text in _list(self.environment.get(key)):
                name, _, version = str(text).partition(separator)
                packages[re.sub(r"[-_.]+", "-", name).lower()] = version.partition("=")[0]
        return packages

    @cached_property
    def variables(self) -> dict[str, str]:
        variables = _dict(self.environment.get("env_variables"))
        return {name: str(value) for name, value in variables.items() if name not in VOLATILE}

    @cached_property
    def hardware(self) -> dict[str, Any]:
        """Return host, system, interpreter, CPU, memory, GPUs and drivers."""
        cpu = _dict(self.environment.get("cpu_info"))
        facts: dict[str, Any] = {
            "host": self.meta.get("hostname"),
            "system": self.environment.get("platform") or self.meta.get("platform"),
            "python": self.environment.get("python_version") or self.meta.get("python"),
            "cpu": cpu.get("model"),
            "cpu_cores": cpu.get("usable_count") or cpu.get("count"),
            "memory_mb": cpu.get("memory_total_mb"),
        }
        for number, card in enumerate(_list(self.environment.get("gpu_info"))):
            card = _dict(card)
            facts[f"gpu{number}"] = card.get("name")
            facts["gpu_driver"] = card.get("driver_version")
        return {name: value for name, value in facts.items() if value not in (None, "")}

    @cached_property
    def artifacts(self) -> dict[str, Any]:
        """Return the versions of the artifacts that the run used, by `type/name`."""
        versions: dict[str, Any] = {}
        for entry in replicas.entries_in(self._file(layout.ARTIFACTS_USED)):
            if isinstance(entry, Mapping):
                key = f"{entry.get('type')}/{entry.get('name')}"
                versions.setdefault(key, []).append(entry.get("version"))
        return {key: numbers[0] if len(numbers) == 1 else numbers for key, numbers in versions.items()}

    @cached_property
    def seed(self) -> Any:
        return replicas.seed_of(self.config, self.rules)

    @cached_property
    def project(self) -> str:
        """Return the project of the run, also after a move to another one."""
        moved = self._file(layout.CURATION).get("project")
        return str(moved or self.meta.get("project") or self._project_of_folder())

    def _project_of_folder(self) -> str:
        return project_of(self.folder.resolve().relative_to(self.root.resolve()).as_posix())

    @cached_property
    def rules(self) -> replicas.Rules:
        return replicas.rules_of(self.root, self.project)

    @cached_property
    def replica_key(self) -> str:
        """Return what replicas have in common; "" if too little is known."""
        return replicas.key_of_folder(self.folder, self.rules)


def project_of(folder: str) -> str:
    """Return the project that the path of a run names, relative to the root."""
    path = layout.path_of_folder(folder)
    return layout.names_of_path(path)[0] if path is not None else folder.partition("/")[0]


def _is_python(words: list[str]) -> bool:
    return bool(words) and re.split(r"[/\\]", words[0])[-1].lower().startswith(("python", "pypy", "ipython"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
