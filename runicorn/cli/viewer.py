"""`runicorn viewer`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runicorn.cli.server import ForeignModule, make_importable

USAGE, PERMISSION, NOT_AVAILABLE = 2, 3, 4


class Level(StrEnum):
    """How much the server says."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def viewer(
    storage: Annotated[Path | None, typer.Option(help="The storage root to show.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 23300,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = False,
    log_level: Annotated[Level, typer.Option(case_sensitive=False)] = Level.INFO,
) -> None:
    """Serve the pages and the API of a storage root until Ctrl-C."""
    try:
        make_importable()
    except ForeignModule as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from error
    from runicorn_site.listening import CannotListen
    from runicorn_site.serve import MissingRoot, Options, serve

    try:
        serve(Options(host, port, storage, open_browser, log_level.value))
    except (CannotListen, MissingRoot) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_AVAILABLE) from error
