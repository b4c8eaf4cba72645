"""`runicorn version`."""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn._version import SDK, __version__
from runicorn.remote_protocol import IMPLEMENTATION
from runicorn.settings import user
from runicorn_site.import_path import ForeignModule, make_importable
from runicorn_tools.cli.support import common

LIBRARIES = (SDK, "Django", "djangorestframework", "channels", "daphne", "numpy", "typer")


def version(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON, without details.")] = False,
    details: Annotated[
        bool | None,
        typer.Option(help="Show paths, the size of the store and the database; the default without --json."),
    ] = None,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Show version, implementation, paths, and the state of the database.

    Examples:

      runicorn version

      runicorn version --json
    """
    report: dict[str, Any] = {
        "name": "runicorn",
        "version": __version__,
        "implementation": IMPLEMENTATION,
    }
    if details if details is not None else not as_json:
        report |= _details(user.storage_root(storage))
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(f"runicorn {__version__}")
    if "python" in report:
        _say(report)


def _say(report: dict[str, Any]) -> None:
    from runicorn.store.units import format_bytes, number_of

    store, database, durable = report["store"], report["database"], report["durable_database"]
    contents = (
        f"{number_of(store['runs'], 'run')}, {format_bytes(store['bytes'])}"
        if store["exists"]
        else "does not exist yet"
    )
    rows = [
        ("Implementation", report["implementation"]),
        ("Python", f"{report['python']} ({sys.executable})"),
        ("System", report["system"]),
        ("Libraries", ", ".join(f"{name} {number}" for name, number in report["libraries"].items())),
        ("Storage root", f"{store['path']} ({contents})"),
        ("Configuration", report["config_dir"]),
        ("Data", report["data_dir"]),
        ("Index", f"{database['place']} ({database['state']})"),
        ("Durable database", f"{durable['place']} ({durable['state']})"),
    ]
    common.print_table(("", ""), rows)


def _details(root: Path) -> dict[str, Any]:
    try:
        make_importable()
    except ForeignModule as error:
        common.print_error(str(error))
    from runicorn.store import find
    from runs.store.reader import folder_bytes

    exists = root.is_dir()
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": {name: number for name in LIBRARIES if (number := _number(name))},
        "store": {
            "path": str(root),
            "exists": exists,
            "runs": sum(1 for _ in find.all_runs(root)) if exists else 0,
            "bytes": folder_bytes(str(root)) if exists else 0,
        },
        "config_dir": _place(user.config_directory),
        "data_dir": _place(user.data_directory),
        "database": database_state(),
        "durable_database": durable_state(),
    }


def _number(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _place(folder: Any) -> str:
    try:
        return str(folder())
    except OSError as error:
        return f"not available: {error.strerror or error}"


def database_state() -> dict[str, Any]:
    """Return path and state of the database, without a server."""
    if user.get("RUNICORN_DATABASE_URL"):
        return {"place": "RUNICORN_DATABASE_URL", "state": "on a server, which was not asked"}
    from runicorn.store.units import format_bytes
    from runicorn_site.database.file import choose, known_migrations, pending_migrations
    from runicorn_site.database.state_dir import UnsafeDirectory, state_directory
    from runicorn_site.folders import APP_NAMES, APPS

    try:
        state = known_migrations(APPS, APP_NAMES)
        file = choose(state_directory(), state)
    except (OSError, UnsafeDirectory) as error:
        return {"place": "", "state": f"not available: {error}"}
    if not file.exists():
        return {"place": str(file), "state": "does not exist yet; the viewer creates it"}
    missing = pending_migrations(file, state)
    waiting = f", {len(missing)} migrations to come with the next start" if missing else ""
    return {"place": str(file), "state": f"{format_bytes(file.stat().st_size)}, {_soundness(file)}{waiting}"}


def durable_state() -> dict[str, Any]:
    """Return path and state of the durable database, without a server."""
    if user.get("RUNICORN_DATABASE_URL").startswith("postgres"):
        return {"place": "RUNICORN_DATABASE_URL", "state": "on a server, which was not asked"}
    from runicorn.store.units import format_bytes
    from runicorn_site.database.durable_file import CURE, FORMER, marker, place
    from runicorn_site.database.state_dir import UnsafeDirectory, state_directory

    try:
        file = place(state_directory())
    except (OSError, UnsafeDirectory) as error:
        return {"place": "", "state": f"not available: {error}"}
    if not file.exists() or not file.stat().st_size:
        if marker(file).exists():
            return {"place": str(file), "state": f"{'empty' if file.exists() else 'missing'}: {CURE}"}
        former = file.with_name(FORMER)
        source = f" from {former}" if former.exists() else ""
        return {"place": str(file), "state": f"does not exist yet; the viewer creates it{source}"}
    soundness = _soundness(file, f"damaged: {CURE}")
    return {"place": str(file), "state": f"{format_bytes(file.stat().st_size)}, {soundness}"}


def _soundness(file: Path, damaged: str = "damaged; the viewer rebuilds it at its next start") -> str:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=2)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return f"cannot be opened now ({error})"
    except sqlite3.DatabaseError:
        return damaged
    return "can be read"
