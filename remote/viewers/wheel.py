"""Wheels of this program for remote hosts that lack it, built without network or build tools.

The `runicorn` on package indexes is another program, so the files themselves are copied: `runicorn-sdk`, and
`runicorn-django`, which requires it. An installation is packed from its list of files; a checkout is laid out as in
`pyproject.toml` and `sdk/pyproject.toml`. Format:
https://packaging.python.org/en/latest/specifications/binary-distribution-format/. No Django.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import runicorn
from remote.ssh.shell import display_command
from runicorn._version import FULL, SDK, __version__
from runicorn.message import Message

HERE = Path(__file__).resolve()
PACKAGE = Path(runicorn.__file__).resolve().parent
LEFT_OUT = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""Files in `.dist-info` that belong to an installation, not to a wheel."""
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
WHEEL = "Wheel-Version: 1.0\nGenerator: runicorn\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
SAME_SDK = f"{SDK}=={__version__}"


class CannotPack(Exception):
    """No wheel can be built from this program; the text is a sentence."""


class Member(NamedTuple):
    name: str
    content: bytes


def stem(distribution: str) -> str:
    """Return name and version as in the names of a wheel and of its `.dist-info`."""
    return f"{distribution.replace('-', '_')}-{__version__}"


def file_name(distribution: str) -> str:
    return f"{stem(distribution)}-py3-none-any.whl"


def own_wheels() -> dict[str, bytes]:
    """Return the content of both wheels by file name, that of the SDK first.

    Raises:
        CannotPack: neither an installation nor a checkout was found, or a file cannot be read.
    """
    try:
        sdk = _installed(SDK, PACKAGE / "_version.py") or list(_checkout_of_sdk(PACKAGE.parent))
        server = _installed(FULL, HERE) or list(_checkout_of_server(HERE.parents[2]))
        return {file_name(name): _zipped(name, files) for name, files in ((SDK, sdk), (FULL, server))}
    except (OSError, KeyError, ValueError) as error:
        raise CannotPack(
            Message("The wheel of this program could not be built: {error}.", error=error)
        ) from error


def _installed(name: str, module: Path) -> list[Member]:
    """Return the files of the distribution that installed a module; none if the module is that of a checkout."""
    from importlib import metadata  # takes a hundredth of the start

    for distribution in metadata.distributions(name=name):
        files = [file for file in distribution.files or [] if _belongs(PurePosixPath(file.as_posix()))]
        paths = {file.as_posix(): Path(str(file.locate())) for file in files}
        if any(path.name == module.name and path.resolve() == module for path in paths.values()):
            return [Member(place, _portable(place, path.read_bytes())) for place, path in paths.items()]
    return []


def _portable(place: str, content: bytes) -> bytes:
    """Require the SDK by its version. An installation from a checkout requires it by its folder."""
    if not place.endswith(".dist-info/METADATA"):
        return content
    return re.sub(
        rb"(?m)^Requires-Dist: %b @ .*$" % SDK.encode(), b"Requires-Dist: " + SAME_SDK.encode(), content
    )


def _belongs(path: PurePosixPath) -> bool:
    inside = (
        ".." not in path.parts and not path.is_absolute()
    )  # scripts in `bin` are generated on installation
    made_there = path.parent.name.endswith(".dist-info") and path.name in LEFT_OUT
    return inside and not made_there and "__pycache__" not in path.parts


def _checkout_of_sdk(folder: Path) -> Iterator[Member]:
    yield from _files(folder / "runicorn", "runicorn")
    yield from _described(folder / "sdk", [])


def _checkout_of_server(folder: Path) -> Iterator[Member]:
    wheel = _project(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {name: name for name in wheel["packages"]} | wheel["force-include"]
    for source, target in places.items():
        yield from _files(folder / source, target)
    yield from _described(folder, [*requirements(folder / "requirements.txt"), SAME_SDK])


def _project(folder: Path) -> Any:
    import tomllib  # of no use to an installed viewer

    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def _files(source: Path, target: str) -> Iterator[Member]:
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden:
            yield Member(f"{target}/{inside.as_posix()}", path.read_bytes())


def _described(folder: Path, required: list[str]) -> Iterator[Member]:
    """Yield the files of `.dist-info`."""
    project = _project(folder)["project"]
    info = f"{stem(project['name'])}.dist-info"
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {__version__}"]
    lines += [f"Summary: {project['description']}", f"License-Expression: {project['license']}"]
    lines += [f"Author: {author['name']}" for author in project["authors"]]
    lines += [f"License-File: {name}" for name in project["license-files"]]
    lines += [f"Project-URL: {label}, {url}" for label, url in project["urls"].items()]
    lines += [f"Keywords: {','.join(project['keywords'])}"]
    lines += [f"Classifier: {name}" for name in project["classifiers"]]
    lines += [f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in required]
    for extra, specifiers in project["optional-dependencies"].items():
        lines += [
            f"Provides-Extra: {extra}",
            *(f"Requires-Dist: {specifier}; extra == '{extra}'" for specifier in specifiers),
        ]
    lines += ["Description-Content-Type: text/markdown", ""]
    text = "\n".join(lines) + "\n" + (folder / project["readme"]).read_text(encoding="utf-8")
    yield Member(f"{info}/METADATA", text.encode())
    yield Member(f"{info}/WHEEL", WHEEL.encode())
    yield Member(f"{info}/entry_points.txt", _entry_points(project).encode())
    for name in project["license-files"]:
        yield Member(f"{info}/licenses/{name}", (folder / name).read_bytes())


def _entry_points(project: dict[str, Any]) -> str:
    scripts = {"console_scripts": project["scripts"]} if "scripts" in project else {}
    groups = {**scripts, **project.get("entry-points", {})}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in sorted(entries.items()))
        for group, entries in sorted(groups.items())
    )


def requirements(path: Path) -> list[str]:
    """Return the requirements in a file, without its comments."""
    lines = (line.partition(" #")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _zipped(distribution: str, members: list[Member]) -> bytes:
    import zipfile

    record = f"{stem(distribution)}.dist-info/RECORD"
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for member in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(member.content).digest()).rstrip(b"=").decode()
        table.writerow([member.name, f"sha256={digest}", len(member.content)])
    table.writerow([record, "", ""])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*members, Member(record, rows.getvalue().encode())]:
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


OWN_MARK = "runicorn-venv:"
"""Parent of the virtual environment that `remote/environments/own_environment.py` prints."""


def install_command(python: str, places: list[str], own: str = "") -> str:
    """Return the shell command that installs the wheels on the remote host.

    Args:
        places: paths of the wheels.
        own: a virtual environment to create first; "" installs into `python` itself.
    """
    if not own:
        return display_command([python, "-m", "pip", "install", *places])
    make = display_command([python, "-m", "venv", own])
    return f"{make} && {display_command([f'{own}/bin/python', '-m', 'pip', 'install', *places])}"
