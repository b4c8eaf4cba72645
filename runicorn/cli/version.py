"""`runicorn version`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from runicorn._version import __version__
from runicorn.farside import IMPLEMENTATION


def version(
    as_json: Annotated[bool, typer.Option("--json", help="As one line of JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="Taken as by every command; changes nothing.")] = None,
) -> None:
    """Say which version this is, and of which implementation."""
    if as_json:
        typer.echo(json.dumps({"name": "runicorn", "version": __version__, "implementation": IMPLEMENTATION}))
    else:
        typer.echo(f"runicorn {__version__}")
