"""Checks of the installation and the machine."""

from __future__ import annotations

import os
import platform
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from runicorn._version import FULL, SDK, __version__
from runicorn.capture import gpu
from runicorn.capture.subprocesses import Commands
from runicorn.settings import free_space, user
from runicorn.store.units import format_bytes
from runicorn_site.cli.version import database_state, durable_state
from runicorn_site.import_path import ForeignModule, make_importable
from runicorn_tools.cli import config
from runicorn_tools.cli.support.common import REFUSED
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE

FOREIGN = "runicorn"
"""Distribution of another program with a package of the same name; the name of this one before version 1.0.0."""
CLOCK_SECONDS = 2.0
"""Difference between the clock of the storage and that of this machine that is reported."""
LITTLE_SPACE = 2 * 10**9
EXTRAS = {
    "apprise": "messages of alerts to chat services",
    "botocore": "artifacts in an S3 bucket",
    "pandas": "data frames of runicorn.api",
    "PIL": "images from arrays",
    "psycopg": "PostgreSQL",
    "pyarrow": "Parquet",
    "xlsxwriter": "Excel",
}
"""Optional modules and what they are for."""


class Level(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """Result of a check; `exit_code` matters for problems only."""

    check: str
    text: str
    level: Level = Level.OK
    exit_code: int = 0


def run_all(storage: Path | None, port: int) -> Iterator[Finding]:
    """Yield the findings of all checks, for the storage root and the port that a viewer would use."""
    root = user.storage_root(storage)
    checks: list[Callable[[], Finding]] = [
        python,
        distributions,
        server,
        partial(configuration, storage),
        partial(storage_root, root),
        partial(space, root),
        partial(clock, root),
        sqlite,
        database,
        durable_database,
        partial(viewer_port, port),
        gpus,
        extras,
    ]
    return (check() for check in checks)


def python() -> Finding:
    """Return version and path of this Python."""
    return Finding("Python", f"{platform.python_version()} ({sys.executable})")


def distributions() -> Finding:
    """Check that the server and the SDK are installed in the version that is imported, and no other program over them."""
    versions = {name: _version(name) for name in (FULL, SDK, FOREIGN)}
    installed = " and ".join(f"{name} {version}" for name, version in versions.items() if version)
    again = f"then install {SDK} and {FULL} again"
    if versions[FOREIGN] and (versions[FULL] or versions[SDK]):
        text = f"{installed} overwrite each other's files: pip uninstall {FOREIGN}, {again}"
        return Finding("Distribution", text, Level.PROBLEM, FAILED)
    if versions[FOREIGN]:
        text = f"{installed} is the name of another program, whose update would replace this one: pip uninstall {FOREIGN}, {again}"
        return Finding("Distribution", text, Level.WARNING)
    if not installed:
        return Finding("Distribution", f"{FULL} {__version__}, not installed but on the path", Level.NOTE)
    if versions[FULL] and _owns_the_sdk():
        text = f"{FULL} {versions[FULL]} contains the files of {SDK}: pip uninstall {FULL}, {again}"
        return Finding("Distribution", text, Level.PROBLEM, FAILED)
    if versions[FULL] and versions[SDK] and versions[FULL] != versions[SDK]:
        text = f"{installed} are not of the same version: install both again"
        return Finding("Distribution", text, Level.PROBLEM, FAILED)
    for name in (SDK, FULL):
        if versions[name] != __version__:
            state = f"{name} {versions[name]} is installed" if versions[name] else f"{name} is not installed"
            return Finding(
                "Distribution", f"{state}, but {__version__} is imported from {_package()}", Level.WARNING
            )
    return Finding("Distribution", f"{installed} ({_package()})")


def _owns_the_sdk() -> bool:
    """Whether the installed server is of the time before the SDK was a distribution of its own."""
    return any(file.as_posix() == "runicorn/__init__.py" for file in metadata.files(FULL) or ())


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _package() -> Path:
    return Path(__file__).resolve().parents[2]


def server() -> Finding:
    """Check that the modules of the server can be imported."""
    try:
        make_importable()
        import runicorn_site.settings  # noqa: F401
    except ForeignModule as error:
        return Finding("Server", str(error), Level.PROBLEM, USAGE)
    except ImportError as error:
        return Finding("Server", f"cannot be imported: {error}", Level.PROBLEM, FAILED)
    return Finding("Server", f"Django {_version('Django')}, numpy {_version('numpy')}")


def configuration(storage: Path | None) -> Finding:
    """Check the configuration file."""
    try:
        file = user.config_directory() / user.CONFIG_FILE
    except OSError as error:
        return Finding("Configuration", f"{error.filename}: {error.strerror}", Level.PROBLEM, PERMISSION)
    wrong = config.problems(file, storage)
    if wrong:
        return Finding("Configuration", "; ".join(wrong), Level.PROBLEM, USAGE)
    return Finding("Configuration", str(file) if file.exists() else f"{file} (does not exist: defaults)")


def storage_root(root: Path) -> Finding:
    """Check that runs can be written."""
    if not root.exists():
        return Finding("Storage root", f"{root} does not exist yet; the first run creates it")
    try:
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"0")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        code = PERMISSION if error.errno in REFUSED else FAILED
        return Finding("Storage root", f"{root} cannot be written: {error.strerror}", Level.PROBLEM, code)
    return Finding("Storage root", f"{root} can be written")


def space(root: Path) -> Finding:
    """Check the free space of the disk, without the reserve."""
    try:
        total, free = free_space.disk(root)
    except OSError as error:
        return Finding("Free space", f"unknown: {error.strerror}", Level.WARNING)
    reserve = free_space.reserve(total)
    text = f"{format_bytes(free)} of {format_bytes(total)}; uploads and imports leave {format_bytes(reserve)}"
    if free <= reserve:
        return Finding("Free space", text, Level.PROBLEM, FAILED)
    return Finding("Free space", text, Level.WARNING if free - reserve < LITTLE_SPACE else Level.OK)


def clock(root: Path) -> Finding:
    """Compare the clock of this machine with that of the storage, which may be a file server's."""
    folder = root if os.access(root, os.W_OK) else Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
            file.flush()
            ahead = os.fstat(file.fileno()).st_mtime - time.time()
    except OSError as error:
        return Finding("Clock", f"cannot be compared: {error.strerror}", Level.WARNING)
    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    if abs(ahead) > CLOCK_SECONDS:
        text = f"{now}; the storage is {ahead:+.0f} s off: live states and durations will be wrong"
        return Finding("Clock", text, Level.WARNING)
    return Finding("Clock", f"{now}, equal to that of {folder}")


def sqlite() -> Finding:
    """Check that SQLite has full-text search, and whether its version is advised against."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE search USING fts5(text)")
        except sqlite3.OperationalError as error:
            return Finding("SQLite", f"{sqlite3.sqlite_version}: {error}", Level.PROBLEM, FAILED)
    try:
        from runicorn_site.database.sqlite_version import advice
    except ImportError:  # reported by `server`
        advised = None
    else:
        advised = advice(sqlite3.sqlite_version_info)
    return Finding("SQLite", advised or sqlite3.sqlite_version, Level.WARNING if advised else Level.OK)


def database() -> Finding:
    """Return path and state of the database."""
    try:
        state = database_state()
    except ImportError:
        return Finding("Index", "unknown, since the server cannot be imported", Level.WARNING)
    text = f"{state['place']} ({state['state']})".strip()
    if state["state"].startswith("not available"):
        return Finding("Index", text, Level.PROBLEM, PERMISSION)
    return Finding("Index", text, Level.WARNING if "damaged" in text else Level.OK)


def durable_database() -> Finding:
    """Check the durable database, which cannot be rebuilt."""
    try:
        state = durable_state()
    except ImportError:
        return Finding("Durable database", "unknown, since the server cannot be imported", Level.WARNING)
    text = f"{state['place']} ({state['state']})".strip()
    if state["state"].startswith("not available"):
        return Finding("Durable database", text, Level.PROBLEM, PERMISSION)
    is_lost = any(f"{word}:" in state["state"] for word in ("damaged", "empty", "missing"))
    return Finding("Durable database", text, *((Level.PROBLEM, FAILED) if is_lost else (Level.OK, 0)))


def viewer_port(port: int) -> Finding:
    """Check that the port is free, or a viewer of this user has it."""
    ours = [viewer["url"] for viewer in user.running_viewers() if f":{port}" in viewer["url"]]
    if ours:
        return Finding("Port", f"your viewer runs at {ours[0]}")
    with socket.socket() as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            text = f"{port} cannot be used ({error.strerror}): start the viewer with --port"
            return Finding("Port", text, Level.PROBLEM, NOT_AVAILABLE)
    return Finding("Port", f"{port} is free")


def gpus() -> Finding:
    cards = gpu.query(Commands(), ("name",))
    if cards is None:
        return Finding("GPU", "nvidia-smi does not answer here: no GPU is sampled", Level.NOTE)
    return Finding("GPU", ", ".join(card["name"] for card in cards) or "none")


def extras() -> Finding:
    """Return which optional packages are missing, and what for."""
    missing = [f"{name} ({use})" for name, use in EXTRAS.items() if find_spec(name) is None]
    if missing:
        return Finding("Extras", f"not installed: {', '.join(missing)}", Level.NOTE)
    return Finding("Extras", "all installed")
