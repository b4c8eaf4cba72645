"""`runicorn config`: show, set and validate the storage root of a user."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from typing import Annotated, Any

import typer

from runicorn import _platform
from runicorn.settings import user, user_root
from runicorn.store import layout
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, PERMISSION, USAGE


def config(
    show: Annotated[bool, typer.Option("--show", help="Show the configuration; the default.")] = False,
    set_user_root: Annotated[
        Path | None, typer.Option("--set-user-root", help="Set the storage root.")
    ] = None,
    path: Annotated[
        bool, typer.Option("--path", help="Print only the path of the configuration file.")
    ] = False,
    validate: Annotated[bool, typer.Option("--validate", help="Check the configuration.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Unset the storage root.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "--force", "-y", help="Reset without confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Show and change where runs are stored.

    Examples:

      runicorn config --show

      runicorn config --set-user-root ./experiments

      runicorn config --validate
    """
    if sum([show, set_user_root is not None, path, validate, reset]) > 1:
        common.exit_with("Specify one of --show, --set-user-root, --path, --validate and --reset", USAGE)
    try:
        file = user.config_directory() / user.CONFIG_FILE
    except OSError as error:
        common.exit_with(f"{error.filename}: {error.strerror or error}", PERMISSION)
    if set_user_root is not None:
        _set(set_user_root)
    elif path:
        typer.echo(str(file))
    elif validate:
        _validate(file, storage, as_json)
    elif reset:
        _reset(file, yes)
    else:
        _show(file, storage, as_json)


def _set(folder: Path) -> None:
    if not _platform.WINDOWS and PureWindowsPath(folder).drive:
        common.exit_with(
            f"{folder} is a Windows path; on this system it would be a folder of that name.", USAGE
        )
    try:
        root = user_root.set_user_root(str(folder.expanduser().absolute()))
    except user_root.InvalidRoot as error:
        common.exit_with(f"Invalid path: {error}", USAGE)
    except OSError as error:
        common.exit_with(f"The configuration could not be written: {error.strerror or error}", PERMISSION)
    typer.echo(common.printable(f"Set user_root_dir to: {root}"))


def _show(file: Path, storage: Path | None, as_json: bool) -> None:
    configured = user.read_user_config().get("user_root_dir")
    root = configured if isinstance(configured, str) and configured else None
    in_use = user.storage_root(storage)
    if as_json:
        common.print_json({"config_file": str(file), "user_root_dir": root, "storage": str(in_use)})
        return
    typer.echo("Runicorn user config:")
    typer.echo(common.printable(f"  File          : {file}"))
    typer.echo(common.printable(f"  user_root_dir : {root or '(not set)'}"))
    typer.echo(common.printable(f"  In use here   : {in_use}"))
    if root is None:
        typer.echo("Tip: runicorn config --set-user-root DIR lets every script write to one folder.")


def _validate(file: Path, storage: Path | None, as_json: bool) -> None:
    faults = problems(file, storage)
    if as_json:
        common.print_json({"valid": not faults, "problems": faults})
    for problem in faults if not as_json else ():
        common.print_error(f"✗ {problem}")
    if faults:
        raise typer.Exit(FAILED)
    if not as_json:
        typer.echo(common.printable("✓ Configuration is valid"))


def problems(file: Path, storage: Path | None) -> list[str]:
    """Return the problems of the configuration file and the storage root."""
    content, problem = layout.read_json(file, follow_links=True)
    faults = [problem] if problem else []
    configured: Any = content.get("user_root_dir")
    if configured is not None and not isinstance(configured, str):
        faults.append("user_root_dir must be text")
    try:
        user_root.checked_root(str(user.storage_root(storage)))
    except user_root.InvalidRoot as error:
        faults.append(f"The storage root {user.storage_root(storage)} cannot be used: {error}")
    return faults


def _reset(file: Path, yes: bool) -> None:
    if not common.confirm(f"Unset the storage root in {file}?", yes, "--yes"):
        typer.echo("Cancelled.")
        return
    try:
        user.write_user_config({"user_root_dir": None})
    except OSError as error:
        common.exit_with(f"{file} cannot be written: {error.strerror or error}", PERMISSION)
    typer.echo("The storage root is no longer set.")
