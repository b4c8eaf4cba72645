"""What is sent to another machine to find its Pythons, and how the answers are read. No Django, and no network.

Two scripts go over standard input, so that nothing of them meets a command line: one for `/bin/sh`, which names the
Pythons that are there, and one for each of these Pythons, which tells of itself in one line of JSON.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from runicorn.remote_protocol import IMPLEMENTATION, OLDEST_PYTHON

Kind = Literal["system", "conda", "virtualenv"]

MARK = "runicorn-probe:"
MOST = 60
"""Pythons of one machine that are looked at."""

FIND = r"""
# Names every Python of this user: kind NUL tool NUL path NUL, one after the other.
exec 2>/dev/null
say() { [ -x "$3" ] && [ ! -d "$3" ] && printf '%s\0%s\0%s\0' "$1" "$2" "$3"; }
printf 'runicorn-probe:\0'
for name in python3 python; do
  path=$(command -v "$name") && case $path in /*) say system system "$path";; esac
done
say system system /usr/bin/python3
say system system /usr/local/bin/python3
conda=$(command -v conda) && case $conda in /*) conda=$(dirname "$(dirname "$conda")");; *) conda=;; esac
known=$HOME/.conda/environments.txt
[ -f "$known" ] && while IFS= read -r folder || [ -n "$folder" ]; do
  say conda conda "$folder/bin/python"
done < "$known"
for root in "$CONDA_PREFIX" "${CONDA_EXE%/bin/conda}" "$conda" "$MAMBA_ROOT_PREFIX" \
  "$HOME"/anaconda3 "$HOME"/miniconda3 "$HOME"/miniforge3 "$HOME"/mambaforge "$HOME"/micromamba \
  "$HOME"/anaconda "$HOME"/miniconda "$HOME"/.conda "$HOME"/.local/share/mamba \
  /opt/anaconda3 /opt/miniconda3 /opt/miniforge3 /opt/mambaforge /opt/conda \
  /usr/local/anaconda3 /usr/local/miniconda3 /usr/local/miniforge3; do
  [ -n "$root" ] || continue
  [ -d "$root/conda-meta" ] && say conda conda "$root/bin/python"
  for folder in "$root"/envs/*; do
    [ -d "$folder/conda-meta" ] && say conda conda "$folder/bin/python"
  done
done
for folder in "$VIRTUAL_ENV" "$HOME"/.venv "$HOME"/venv "$HOME"/env "$HOME"/*/.venv "$HOME"/*/venv \
  "$HOME"/*/*/.venv "$HOME"/*/*/venv "${WORKON_HOME:-$HOME/.virtualenvs}"/* \
  "$HOME"/.cache/pypoetry/virtualenvs/*; do
  [ -f "$folder/pyvenv.cfg" ] && say virtualenv venv "$folder/bin/python"
done
pyenv=${PYENV_ROOT:-$HOME/.pyenv}
for folder in "$pyenv"/versions/* "$pyenv"/versions/*/envs/*; do
  say virtualenv pyenv "$folder/bin/python"
done
data=${XDG_DATA_HOME:-$HOME/.local/share}
for folder in "${UV_PYTHON_INSTALL_DIR:-$data/uv/python}"/*; do
  say virtualenv uv "$folder/bin/python3"
done
for folder in "${UV_TOOL_DIR:-$data/uv/tools}"/*; do
  say virtualenv uv "$folder/bin/python"
done
for folder in "${PIPX_HOME:-$data/pipx}"/venvs/*; do
  say virtualenv pipx "$folder/bin/python"
done
printf 'runicorn-probe:\0'
exit 0
"""
"""For `/bin/sh -s`. A login shell that greets does so outside of the marks."""

TELL = r"""
import sys
sys.path[:] = [entry for entry in sys.path if entry]  # the home may hold a `json.py`, or a folder `runicorn`
import json, os, socket, subprocess

def runicorn():
    try:
        from importlib.metadata import version
    except ImportError:
        version = None
    try:
        from importlib.util import find_spec
        spec = find_spec("runicorn")
    except Exception:
        return None
    if spec is None or spec.origin is None:
        return None
    found = {"version": None, "implementation": None}
    try:
        found["version"] = version and version("runicorn")
    except Exception:
        pass
    try:
        asked = subprocess.Popen([sys.executable, "-m", "runicorn", "version", "--json"], cwd="/",
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        told = json.loads(asked.communicate(timeout=15)[0].decode("utf-8", "replace").strip().splitlines()[-1])
        found = {"version": str(told["version"]), "implementation": str(told["implementation"])}
    except Exception:
        try:
            asked.kill()
        except Exception:
            pass
    return found

def root():
    home = os.path.expanduser("~")
    folder = os.environ.get("RUNICORN_CONFIG_DIR") or os.path.join(
        os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "runicorn")
    configured = None
    try:
        with open(os.path.join(os.path.expanduser(folder), "config.json")) as file:
            configured = json.load(file).get("user_root_dir")
    except Exception:
        pass
    usual = [os.path.join(home, name) for name in (".runicorn", "runicorn_data")]
    for place in [os.environ.get("RUNICORN_DIR"), configured]:
        if place and place == str(place):
            return os.path.join(home, os.path.expanduser(place))
    return ([place for place in usual if os.path.isdir(place)] + usual)[0]

def port():
    with_socket = socket.socket()
    try:
        with_socket.bind(("127.0.0.1", 0))
        return with_socket.getsockname()[1]
    finally:
        with_socket.close()

place = root()
told = {
    "python": ".".join(map(str, sys.version_info[:3])),
    "identity": os.path.realpath(sys.executable or "") + " " + os.path.realpath(sys.prefix),
    "runicorn": runicorn(),
    "home": os.path.expanduser("~"),
    "root": place,
    "root_exists": os.path.isdir(place),
    "port": port(),
}
sys.stdout.write("\nrunicorn-probe:" + json.dumps(told) + "\n")
"""
"""For `<python> -`. It has to be understood by every Python that is still about."""


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

    def told(self) -> dict[str, Any]:
        """As the API answers it."""
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
    """The Pythons that `FIND` named, each path once, at most `MOST`.

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
    """A candidate with what `TELL` said of it; one that said nothing is told of without."""
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
