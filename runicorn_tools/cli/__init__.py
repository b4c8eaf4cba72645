"""The command line: `runicorn …`.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not permitted, 4 not available (port, path).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from runicorn._version import __version__
from runicorn_tools.cli.support.common import describe_error, print_error

MODULES = {
    "viewer": "viewer",
    "open": "open",
    "run": "run",
    "config": "config",
    "export": "exporting",
    "import": "importing",
    "import-from": "trackers.import_from",
    "watch": "trackers.watch",
    "export-data": "export_data",
    "manage": "manage",
    "demo": "demo",
    "artifacts": "artifacts",
    "alerts": "alerts",
    "clean": "clean",
    "fsck": "fsck",
    "rate-limit": "rate_limit",
    "token": "token",
    "share": "serving.share",
    "move-database": "serving.move_database",
    "move-artifacts": "serving.move_artifacts",
    "backup": "serving.backup",
    "restore": "serving.backup",
    "user": "serving.user",
    "generate-manifest": "generate_manifest",
    "sync": "sync",
    "doctor": "doctor.command",
    "version": "version",
}
"""The commands in the order of the help, with their modules."""
FUNCTIONS = {
    "open": "open_viewer",
    "export": "export",
    "restore": "restore",
    "import": "import_",
    "doctor": "doctor",
}
"""Functions whose name differs from their module."""


class Commands(Mapping[str, Any]):
    """All commands by name, each imported on first use because of its expensive imports."""

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)

    def __getitem__(self, name: str) -> Any:
        module = import_module(f"{__name__}.{MODULES[name]}")
        alone = typer.Typer(add_completion=False)
        settings = getattr(module, "CONTEXT", None)
        alone.command(name, context_settings=settings)(
            getattr(module, FUNCTIONS.get(name, MODULES[name].rpartition(".")[2]))
        )
        command = typer.main.get_command(alone)
        # Rich breaks lines where the docstring does.
        command.help = re.sub(r"(?<=\S)\n(?=\w)", " ", command.help or "")
        return command


class Runicorn(TyperGroup):
    """Group of the commands in `MODULES`."""

    def __init__(self, **settings: Any) -> None:
        """Create the group without eager commands."""
        super().__init__(**{**settings, "commands": None})
        self.commands = Commands()  # type: ignore[assignment]


def _print_version(wanted: bool) -> None:
    if wanted:
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
