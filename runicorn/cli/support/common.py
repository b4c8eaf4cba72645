"""What the commands that show and change a store share: where it is, how errors end them, and when they ask."""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Never

import typer

from runicorn.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE
from runicorn.settings import user
from runicorn.store import layout

REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
WIDE = 240
"""Columns of a table that goes into a file or another program."""


def exit_with(sentence: str, code: int) -> Never:
    """Say why, and end with an exit code."""
    print_error(sentence)
    raise typer.Exit(code)


def print_error(sentence: str) -> None:
    """A sentence on stderr."""
    typer.echo(f"runicorn: {printable(sentence)}", err=True)


def print_notice(sentence: str) -> None:
    """What was done, on stderr: stdout is for what was asked for."""
    typer.echo(printable(sentence), err=True)


def existing_root(storage: Path | None) -> Path:
    """The storage root; the command ends here when there is none."""
    root = user.storage_root(storage)
    if not root.is_dir():
        exit_with(f"There is no storage root at {root}.", NOT_AVAILABLE)
    return root


@contextmanager
def exit_on_error() -> Iterator[None]:
    """End the command with a sentence and the right code when its work fails."""
    from runicorn.artifacts.errors import ArtifactError, InvalidArtifact, StoreBusy

    try:
        yield
    except InvalidArtifact as error:
        exit_with(str(error), USAGE)
    except StoreBusy as error:
        exit_with(str(error), NOT_AVAILABLE)
    except ArtifactError as error:
        exit_with(str(error), FAILED)
    except BrokenPipeError:  # whoever reads has seen enough: click ends quietly then
        raise
    except OSError as error:
        exit_with(*describe_error(error))


def describe_error(error: OSError) -> tuple[str, int]:
    """What a person is told of a failure of the system, and the exit code that goes with it."""
    place = f"{error.filename}: " if error.filename else ""
    missing = NOT_AVAILABLE if isinstance(error, FileNotFoundError) else FAILED
    return f"{place}{error.strerror or error}", PERMISSION if error.errno in REFUSED else missing


def confirm(question: str, sure: bool, option: str) -> bool:
    """Whether to go on: by an option, or by the answer of whoever sits at the terminal.

    Ends the command where nobody can be asked and the option is not given.
    """
    if sure:
        return True
    if not is_interactive():
        exit_with(f"Nothing was changed: nobody can be asked here, so {option} is needed.", USAGE)
    return typer.confirm(question)


def is_interactive() -> bool:
    """Whether somebody can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not _supports_unicode()))


def print_table(columns: Iterable[str], rows: Iterable[Sequence[str]], numbers: Iterable[str] = ()) -> None:
    """A table on stdout: as wide as the terminal, or as its rows where there is none. Columns may have no names."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names, right = list(columns), set(numbers)
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(names))
    for name in names:
        table.add_column(
            name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in right
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def printable(text: str) -> str:
    """Text without what a terminal would obey, or could not show."""
    shown = layout.CONTROL.sub("�", text).encode("utf-8", "replace").decode()
    return shown if _supports_unicode() else shown.encode("ascii", "replace").decode()


def format_time(seconds: float) -> str:
    """A time as the clock on the wall shows it, "" for none."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _supports_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith("utf")
