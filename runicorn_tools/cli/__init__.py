"""The command line: `runicorn …`.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not permitted, 4 not available (port, path).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from importlib.util import find_spec
from inspect import cleandoc
from types import CodeType, FunctionType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from runicorn._version import __version__
from runicorn.cli.collection_pause import collections_paused
from runicorn.extension_points import COMMANDS, EntryPoint, entries
from runicorn_tools.cli.support.common import describe_error, print_error

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class Commands(Mapping[str, Any]):
    """All commands by name; each is imported on first use."""

    @cached_property
    def _functions(self) -> dict[str, str]:
        tables = [entry.load() for entry in entries(COMMANDS)]
        return dict(sorted(item for table in tables for item in table.items()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __getitem__(self, name: str) -> Any:
        with collections_paused():
            return _command(name, EntryPoint(COMMANDS, name, self._functions[name]).load())

    def summary(self, name: str) -> str:
        """Return the first paragraph of a command's help without its import: that of all commands takes a second."""
        from importlib.abc import InspectLoader  # two milliseconds that no other command needs

        module, _, function = self._functions[name].partition(":")
        spec = find_spec(module)
        loader = None if spec is None else spec.loader
        code = loader.get_code(module) if isinstance(loader, InspectLoader) else None
        for constant in () if code is None else code.co_consts:
            if isinstance(constant, CodeType) and constant.co_name == function:
                first, _, _ = cleandoc(FunctionType(constant, {}).__doc__ or "").partition("\n\n")
                return " ".join(first.split())
        return str(self[name].get_short_help_str(80))


@cache
def _command(name: str, function: Callable[..., Any]) -> Any:
    """Build a command from its function and the settings of its module."""
    module = sys.modules[function.__module__]
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
    settings = {**HELP_NAMES, **getattr(module, "CONTEXT", {})}
    subcommands = getattr(module, "SUBCOMMANDS", None)
    if subcommands is None:
        alone.command(name, context_settings=settings)(function)
    else:
        alone.callback(context_settings=settings)(function)
        for subcommand, function in subcommands.items():
            alone.command(subcommand, context_settings=settings)(function)
    command: Any = typer.main.get_command(alone)
    command.name = name
    for each in (command, *getattr(command, "commands", {}).values()):
        # Rich breaks lines where the docstring does.
        each.help = re.sub(r"(?<=\S)\n(?=\w)", " ", each.help or "")
    return command


class Runicorn(TyperGroup):
    """Group of the commands that the installed distributions define."""

    def __init__(self, **settings: Any) -> None:
        """Create the group without eager commands."""
        super().__init__(**{**settings, "commands": None})
        self.table = Commands()
        self.commands = self.table  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table.summary(name)) for name in self.table])


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
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app(prog_name="runicorn")
    except OSError as error:  # such as stdout on a full disk
        sentence, code = describe_error(error)
        print_error(sentence)
        sys.exit(code)
