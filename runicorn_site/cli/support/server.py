"""Access of commands to the apps."""

from __future__ import annotations

from runicorn_site.import_path import ForeignModule, make_importable
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import USAGE


def use_server() -> None:
    """Make the apps importable; exit if other modules have their names."""
    try:
        make_importable()
    except ForeignModule as error:
        common.exit_with(str(error), USAGE)
