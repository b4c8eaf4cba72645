"""Wheel of this program for remote hosts that lack it, built without network or build tools.

The `runicorn` on package indexes is another program, so the file itself is copied. An installation is packed from its
list of files; a checkout is laid out as in `pyproject.toml`. Format:
https://packaging.python.org/en/latest/specifications/binary-distribution-format/. No Django.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import runicorn
from remote.ssh.shell import display_command
from runicorn._version import FULL, __version__
from runicorn.message import Message

PACKAGE = Path(runicorn.__file__).resolve().parent
NAME = f"{FULL.replace('-', '_')}-{__version__}-py3-none-any.whl"
INFO = f"{FULL.replace('-', '_')}-{__version__}.dist-info"
LEFT_OUT = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""Files in `.dist-info` that belong to an installation, not to a wheel."""
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
WHEEL = "Wheel-Version: 1.0\nGenerator: runicorn\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class CannotPack(Exception):
    """No wheel can be built from this program; the text is a sentence."""


class Member(NamedTuple):
    name: str
    content: bytes


def own_wheel() -> bytes:
    """Return the content of the wheel.

    Raises:
        CannotPack: neither an installation nor a checkout was found, or a file cannot be read.
    """
    try:
        return _zipped(_installed() or list(_checkout(PACKAGE.parent)))
    except (OSError, KeyError, ValueError) as error:
        raise CannotPack(
            Message("The wheel of this program could not be built: {error}.", error=error)
        ) from error


def _installed() -> list[Member]:
    """Return the files of the installation that this module runs from; none if it runs from a checkout."""
    for distribution in metadata.distributions(name=FULL, path=[str(PACKAGE.parent)]):
        files = distribution.files or []
        if distribution.version != __version__ or not any(
            str(file) == "runicorn/_version.py" for file in files
        ):
            continue  # an editable or old installation
        return [
            Member(file.as_posix(), Path(str(file.locate())).read_bytes())
            for file in files
            if _belongs(PurePosixPath(file.as_posix()))
        ]
    return []


def _belongs(path: PurePosixPath) -> bool:
    inside = (
        ".." not in path.parts and not path.is_absolute()
    )  # scripts in `bin` are generated on installation
    made_there = path.parent.name.endswith(".dist-info") and path.name in LEFT_OUT
    return inside and not made_there and "__pycache__" not in path.parts


def _checkout(folder: Path) -> Iterator[Member]:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {name: name for name in wheel["packages"]} | wheel["force-include"]
    for source, target in places.items():
        for path in sorted((folder / source).rglob("*")):
            inside = path.relative_to(folder / source)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
            if path.is_file() and not hidden:
                yield Member(f"{target}/{inside.as_posix()}", path.read_bytes())
    yield from _described(project["project"], folder)


def _described(project: dict[str, Any], folder: Path) -> Iterator[Member]:
    """Yield the files of `.dist-info`."""
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {__version__}"]
    lines += [f"Summary: {project['description']}", f"License-Expression: {project['license']}"]
    lines += [f"License-File: {name}" for name in project["license-files"]]
    lines += [f"Classifier: {name}" for name in project["classifiers"]]
    lines += [f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requirements(folder / "requirements.txt")]
    for extra, specifiers in project["optional-dependencies"].items():
        lines += [
            f"Provides-Extra: {extra}",
            *(f"Requires-Dist: {specifier}; extra == '{extra}'" for specifier in specifiers),
        ]
    lines += ["Description-Content-Type: text/markdown", ""]
    text = "\n".join(lines) + "\n" + (folder / project["readme"]).read_text(encoding="utf-8")
    yield Member(f"{INFO}/METADATA", text.encode())
    yield Member(f"{INFO}/WHEEL", WHEEL.encode())
    yield Member(f"{INFO}/entry_points.txt", _entry_points(project).encode())
    for name in project["license-files"]:
        yield Member(f"{INFO}/licenses/{name}", (folder / name).read_bytes())


def _entry_points(project: dict[str, Any]) -> str:
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in entries.items())
        for group, entries in groups.items()
    )


def requirements(path: Path) -> list[str]:
    """Return the requirements in a file, without its comments."""
    lines = (line.partition(" #")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _zipped(members: list[Member]) -> bytes:
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for member in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(member.content).digest()).rstrip(b"=").decode()
        table.writerow([member.name, f"sha256={digest}", len(member.content)])
    table.writerow([f"{INFO}/RECORD", "", ""])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*members, Member(f"{INFO}/RECORD", rows.getvalue().encode())]:
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


OWN_MARK = "runicorn-venv:"
"""Parent of the virtual environment that `remote/environments/own_environment.py` prints."""


def install_command(python: str, place: str, own: str = "") -> str:
    """Return the shell command that installs the wheel on the remote host.

    Args:
        place: path of the wheel.
        own: a virtual environment to create first; "" installs into `python` itself.
    """
    if not own:
        return display_command([python, "-m", "pip", "install", place])
    make = display_command([python, "-m", "venv", own])
    return f"{make} && {display_command([f'{own}/bin/python', '-m', 'pip', 'install', place])}"
