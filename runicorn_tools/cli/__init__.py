"""The command line: `runicorn …`.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not permitted, 4 not available (port, path).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from runicorn._version import __version__
from runicorn.extension_points import COMMANDS
from runicorn_tools.cli.support.common import describe_error, print_error


class Commands(Mapping[str, Any]):
    """All commands by name; each is imported on first use."""

    @cached_property
    def _functions(self) -> dict[str, str]:
        tables = [entry.load() for entry in entry_points(group=COMMANDS)]
        return dict(sorted(item for table in tables for item in table.items()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __getitem__(self, name: str) -> Any:
        function = resolve_name(self._functions[name])
        alone = typer.Typer(add_completion=False)
        settings = getattr(sys.modules[function.__module__], "CONTEXT", None)
        alone.command(name, context_settings=settings)(function)
        command = typer.main.get_command(alone)
        # Rich breaks lines where the docstring does.
        command.help = re.sub(r"(?<=\S)\n(?=\w)", " ", command.help or "")
        return command


class Runicorn(TyperGroup):
    """Group of the commands that the installed distributions define."""

    def __init__(self, **settings: Any) -> None:
        """Create the group without eager commands."""
        super().__init__(**{**settings, "commands": None})
        self.commands = Commands()  # type: ignore[assignment]


def _print_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"runicorn {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app = typer.Typer(
    name="runicorn",
    cls=Runicorn,
    callback=_options,
    help="A self-hosted, local-first experiment tracker.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app(prog_name="runicorn")
    except OSError as error:  # such as stdout on a full disk
        sentence, code = describe_error(error)
        print_error(sentence)
        sys.exit(code)
