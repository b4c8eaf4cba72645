"""Output, errors and confirmation of the commands."""

from __future__ import annotations

import errno
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Never

import typer

from runicorn.settings import user
from runicorn.store import layout
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE

REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
WIDE = 240
"""Width of a table that is written to a file or pipe."""


def exit_with(sentence: str, code: int) -> Never:
    """Print an error and exit."""
    print_error(sentence)
    raise typer.Exit(code)


def print_error(sentence: str) -> None:
    """Print a message to stderr, prefixed with the program."""
    typer.echo(f"runicorn: {printable(sentence)}", err=True)


def print_notice(sentence: str) -> None:
    """Print a notice to stderr; stdout is for results."""
    typer.echo(printable(sentence), err=True)


def existing_root(storage: Path | None) -> Path:
    """Return the storage root; exit if it does not exist."""
    root = user.storage_root(storage)
    if not root.is_dir():
        exit_with(f"There is no storage root at {root}.", NOT_AVAILABLE)
    return root


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Exit with a message and the documented code if the block fails."""
    from runicorn.artifacts.errors import ArtifactError, BadPool, InvalidArtifact, PoolUnavailable, StoreBusy

    try:
        yield
    except (InvalidArtifact, BadPool) as error:
        exit_with(str(error), USAGE)
    except (StoreBusy, PoolUnavailable) as error:
        exit_with(str(error), NOT_AVAILABLE)
    except ArtifactError as error:
        exit_with(str(error), FAILED)
    except BrokenPipeError:  # the reader closed the pipe: click exits quietly
        raise
    except OSError as error:
        exit_with(*describe_error(error))


def describe_error(error: OSError) -> tuple[str, int]:
    """Return the message and the exit code for a system error."""
    place = f"{error.filename}: " if error.filename else ""
    missing = NOT_AVAILABLE if isinstance(error, FileNotFoundError) else FAILED
    return f"{place}{error.strerror or error}", PERMISSION if error.errno in REFUSED else missing


def confirm(question: str, sure: bool, option: str) -> bool:
    """Ask for confirmation at the terminal or from a pipe, unless the option is given.

    Exits if there is neither an answer nor the option.
    """
    if sure:
        return True
    if is_interactive():
        return typer.confirm(question)
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:  # stdin is empty
        typer.echo(err=True)
        exit_with(f"Nothing was changed: without a terminal, {option} is needed to confirm.", USAGE)


def is_interactive() -> bool:
    """Return whether stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def print_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not _supports_unicode()))


def print_table(columns: Iterable[str], rows: Iterable[Sequence[str]], numbers: Iterable[str] = ()) -> None:
    """Print a table to stdout, as wide as the terminal, or `WIDE` without one."""
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


_INVISIBLE = re.compile(rf"{layout.CONTROL.pattern}|[\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that reverse the text after them."""


def printable(text: str) -> str:
    """Replace control characters, and those that the terminal cannot show."""
    display = _INVISIBLE.sub("�", text).encode("utf-8", "replace").decode()
    return display if _supports_unicode() else display.encode("ascii", "replace").decode()


def format_time(seconds: float) -> str:
    """Format Unix seconds in local time; "" for 0."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _supports_unicode() -> bool:
    # textual replaces stdout by an object without an encoding.
    encoding = getattr(sys.stdout, "encoding", None) or getattr(sys.__stdout__, "encoding", None) or ""
    return encoding.lower().replace("-", "").startswith("utf")
