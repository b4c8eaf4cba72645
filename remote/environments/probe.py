"""Parse what the scripts of this folder print on a remote host. No Django, and no network.

The scripts go over standard input, so that nothing of them meets a command line: `find_pythons.sh` lists the Pythons
that are there, and `describe_python.py`, run by each of them, prints one line of JSON.
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
"""Pythons of one machine that are looked at."""


def script(name: str) -> bytes:
    """Return the text of a script of this folder, to be sent over standard input."""
    return Path(__file__).with_name(name).read_bytes()


@dataclass(frozen=True)
class Candidate:
    """A Python that is there, by its path."""

    kind: Kind
    tool: str
    """Who made it: system, conda, venv, pyenv, uv or pipx."""
    path: str

    @property
    def folder(self) -> str:
        """The environment's folder: that above `bin`."""
        return posixpath.dirname(posixpath.dirname(self.path))


@dataclass(frozen=True)
class Environment:
    """A Python of another machine and what it said of itself; nothing is known of one that said nothing."""

    name: str
    kind: Kind
    tool: str
    path: str
    python: str | None = None
    """Its version, `3.12.1`."""
    identity: str = ""
    """Equal for two paths to one Python with the same packages."""
    runicorn: str | None = None
    """The version of the `runicorn` in it."""
    implementation: str | None = None
    """Of that runicorn; `None` for another program of the name."""
    home: str = ""
    root: str = ""
    """The storage root that a training started there would use."""
    root_exists: bool = False
    port: int = 0
    """A free port over there, a moment ago."""
    is_default: bool = False

    @property
    def ours(self) -> bool:
        """Whether the `runicorn` in it is this program."""
        return self.implementation == IMPLEMENTATION

    @property
    def new_enough(self) -> bool:
        """Whether this Python can run this program."""
        return self.python is not None and _numbers(self.python) >= OLDEST_PYTHON

    def to_dict(self) -> RemoteEnvironment:
        """Serialize for the API."""
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
    """Parse the output of `find_pythons.sh`: each path once, at most `MOST`.

    Raises:
        ValueError: the script did not come to its end.
    """
    parts = output.split(MARK.encode() + b"\0")
    if len(parts) < 3:
        raise ValueError("The script did not come to its end")
    fields = parts[-2].split(b"\0")
    found: dict[str, Candidate] = {}
    for number in range(0, len(fields) - 2, 3):
        kind, tool, path = (field.decode("utf-8", "surrogateescape") for field in fields[number : number + 3])
        path = posixpath.normpath(path)
        if kind in ("system", "conda", "virtualenv") and path.startswith("/") and path.isprintable():
            found.setdefault(path, Candidate(kind, tool, path))  # type: ignore[arg-type]
    return list(found.values())[:MOST]


def environment(candidate: Candidate, output: bytes) -> Environment:
    """Return a candidate with the description that `describe_python.py` printed, or without where it printed none."""
    bare = Environment("", candidate.kind, candidate.tool, candidate.path)
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith(MARK)]
    try:
        told = json.loads(lines[-1].removeprefix(MARK))
        runicorn = told["runicorn"] or {}
        return replace(
            bare,
            python=_text(told["python"]),
            identity=_text(told["identity"]) or "",
            runicorn=_text(runicorn.get("version")),
            implementation=_text(runicorn.get("implementation")),
            home=_text(told["home"]) or "",
            root=_text(told["root"]) or "",
            root_exists=told["root_exists"] is True,
            port=told["port"] if isinstance(told["port"], int) else 0,
        )
    except (IndexError, KeyError, ValueError, TypeError, AttributeError):
        return bare


def _text(value: object) -> str | None:
    """What may be shown of a text that another machine said."""
    if not isinstance(value, str):
        return None
    return "".join(character for character in value if character.isprintable())[:4096] or None


def named(found: Iterable[Environment]) -> list[Environment]:
    """Environments with names, each its own, and one of them the default: the first with our program, else the first.

    A name is `system`, `base`, the folder of an environment, or for a folder like `.venv` that of its project; where
    two would have the same, the later have their path. One that said nothing has the name that it has otherwise.
    """
    found = list(found)
    home = next((one.home for one in found if one.home), "")
    listed: list[Environment] = []
    taken: set[str] = set()
    for one in _different(found):
        name = _name(one, home)
        if name in taken:
            name = one.path if one.kind == "system" else posixpath.dirname(posixpath.dirname(one.path))
        if name in taken:
            name = one.path
        taken.add(name)
        listed.append(replace(one, name=name))
    default = next((one for one in listed if one.ours), listed[0] if listed else None)
    return [replace(one, is_default=one is default) for one in listed]


def _different(found: Iterable[Environment]) -> Iterator[Environment]:
    seen: set[str] = set()
    for one in found:
        if not one.identity or one.identity not in seen:
            seen.add(one.identity)
            yield one


def _name(one: Environment, home: str) -> str:
    if one.kind == "system":
        return "system"
    folder = posixpath.dirname(posixpath.dirname(one.path))
    above, last = posixpath.split(folder)
    if one.kind == "conda" and posixpath.basename(above) != "envs":
        return "base"
    if last in (".venv", "venv", "env"):
        return f"{posixpath.basename(above)}/{last}" if above != home else last
    return last or one.path


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:2])
