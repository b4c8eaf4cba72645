"""Parser for the output of the scripts in this folder. No Django, no network.

The scripts are sent over standard input, so none of their text reaches a command line: `find_pythons.sh` lists the
Pythons of a host, and `describe_python.py`, run by each of them, prints one line of JSON.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runicorn.remote_protocol import IMPLEMENTATION, OLDEST_PYTHON

if TYPE_CHECKING:
    from runicorn.api.responses.remote import RemoteEnvironment

Kind = Literal["system", "conda", "virtualenv"]

MARK = "runicorn-probe:"
MOST = 60
"""Pythons probed per host."""


def script(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


@dataclass(frozen=True)
class Candidate:
    """A Python that was found, by its path."""

    kind: Kind
    tool: str
    """Kind of environment: system, conda, venv, pyenv, uv or pipx."""
    path: str

    @property
    def folder(self) -> str:
        """The environment's folder: the parent of `bin`."""
        return posixpath.dirname(posixpath.dirname(self.path))


@dataclass(frozen=True)
class Environment:
    """A remote Python and its description; the fields are empty when it printed none."""

    name: str
    kind: Kind
    tool: str
    path: str
    python: str | None = None
    """Python version, for example `3.12.1`."""
    identity: str = ""
    """Identity of the environment: equal for two paths to the same Python and packages."""
    runicorn: str | None = None
    """Version of the installed `runicorn`."""
    implementation: str | None = None
    """Implementation of that `runicorn`; None for another program of the same name."""
    home: str = ""
    root: str = ""
    """Storage root that a training script in this environment would use."""
    root_exists: bool = False
    port: int = 0
    """A port that was free on the remote host at the time of the probe."""
    is_default: bool = False

    @property
    def ours(self) -> bool:
        """Whether the installed `runicorn` is this program."""
        return self.implementation == IMPLEMENTATION

    @property
    def new_enough(self) -> bool:
        """Whether this Python can run this program."""
        return self.python is not None and _numbers(self.python) >= OLDEST_PYTHON

    def to_dict(self) -> RemoteEnvironment:
        return {
            "name": self.name,
            "type": self.kind,
            "tool": self.tool,
            "path": self.path,
            "python_version": f"Python {self.python}" if self.python else "Unknown",
            "python_supported": self.new_enough,
            "runicorn_version": self.runicorn,
            "runicorn_is_ours": self.ours,
            "is_default": self.is_default,
        }


def candidates(output: bytes) -> list[Candidate]:
    """Parse the output of `find_pythons.sh` into at most `MOST` candidates with unique paths.

    Raises:
        ValueError: the output is incomplete.
    """
    parts = output.split(MARK.encode() + b"\0")
    if len(parts) < 3:
        raise ValueError("The output of find_pythons.sh is incomplete")
    fields = parts[-2].split(b"\0")
    candidates: dict[str, Candidate] = {}
    for number in range(0, len(fields) - 2, 3):
        kind, tool, path = (field.decode("utf-8", "surrogateescape") for field in fields[number : number + 3])
        path = posixpath.normpath(path)
        if kind in ("system", "conda", "virtualenv") and path.startswith("/") and path.isprintable():
            candidates.setdefault(path, Candidate(kind, tool, path))  # type: ignore[arg-type]
    return list(candidates.values())[:MOST]


def environment(candidate: Candidate, output: bytes) -> Environment:
    """Return a candidate with the description that `describe_python.py` printed, if any."""
    bare = Environment("", candidate.kind, candidate.tool, candidate.path)
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith(MARK)]
    try:
        description = json.loads(lines[-1].removeprefix(MARK))
        runicorn = description["runicorn"] or {}
        return replace(
            bare,
            python=_text(description["python"]),
            identity=_text(description["identity"]) or "",
            runicorn=_text(runicorn.get("version")),
            implementation=_text(runicorn.get("implementation")),
            home=_text(description["home"]) or "",
            root=_text(description["root"]) or "",
            root_exists=description["root_exists"] is True,
            port=description["port"] if isinstance(description["port"], int) else 0,
        )
    except (IndexError, KeyError, ValueError, TypeError, AttributeError):
        return bare


def _text(value: object) -> str | None:
    """Return remote text for display, or None if it is not text."""
    if not isinstance(value, str):
        return None
    return "".join(character for character in value if character.isprintable())[:4096] or None


def with_names(environments: Iterable[Environment]) -> list[Environment]:
    """Assign unique names and mark the default: the first environment with this program, else the first.

    A name is `system`, `base`, the environment's folder, or for a folder like `.venv` that of its project. Duplicates get
    their path as the name. An environment that printed no description is named the same way.
    """
    environments = list(environments)
    home = next((environment.home for environment in environments if environment.home), "")
    results: list[Environment] = []
    used_names: set[str] = set()
    for environment in _unique(environments):
        name = _name(environment, home)
        if name in used_names:
            name = (
                environment.path
                if environment.kind == "system"
                else posixpath.dirname(posixpath.dirname(environment.path))
            )
        if name in used_names:
            name = environment.path
        used_names.add(name)
        results.append(replace(environment, name=name))
    default = next(
        (environment for environment in results if environment.ours), results[0] if results else None
    )
    return [replace(environment, is_default=environment is default) for environment in results]


def _unique(environments: Iterable[Environment]) -> Iterator[Environment]:
    identities: set[str] = set()
    for environment in environments:
        if not environment.identity or environment.identity not in identities:
            identities.add(environment.identity)
            yield environment


def _name(environment: Environment, home: str) -> str:
    if environment.kind == "system":
        return "system"
    folder = posixpath.dirname(posixpath.dirname(environment.path))
    above, last = posixpath.split(folder)
    if environment.kind == "conda" and posixpath.basename(above) != "envs":
        return "base"
    if last in (".venv", "venv", "env"):
        return f"{posixpath.basename(above)}/{last}" if above != home else last
    return last or environment.path


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:2])
