"""`runicorn move-database`: copy the database of the viewer to another place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runicorn.settings import user
from runicorn.store.units import number_of
from runicorn_site.cli.support.server import use_server
from runicorn_site.folders import APP_NAMES, APPS
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, PERMISSION, USAGE

URL = "RUNICORN_DATABASE_URL"


def move_database(
    target: Annotated[str, typer.Argument(metavar="URL", help="postgresql://… or sqlite:///PATH.")],
) -> None:
    """Copy the database of the viewer into another, empty one: users, rules and events of alerts, shared links,
    and all that is derived from storage roots.

    The viewer must not run. The database of RUNICORN_DATABASE_URL, or the usual SQLite file, stays as it is.

    Examples:

      runicorn move-database postgresql://runicorn@db.example.org/runicorn
    """
    use_server()
    from django.core.exceptions import ImproperlyConfigured
    from django.db import Error

    from runicorn_site.database.file import choose, known_migrations
    from runicorn_site.database.settings import database
    from runicorn_site.database.state_dir import UnsafeDirectory, state_directory

    try:
        source = database(user.get(URL), choose(state_directory(), known_migrations(APPS, APP_NAMES)))
        database(target, Path())
        os.environ[URL] = target
        os.environ["RUNICORN_USERS"] = "yes"  # their tables are copied too
        import django

        django.setup()
        from runicorn_site.server.move_database import CannotMove, move
    except ImproperlyConfigured as error:
        common.exit_with(str(error).replace(URL, "The URL"), USAGE)
    except UnsafeDirectory as error:
        common.exit_with(str(error), PERMISSION)
    try:
        counts = move(source)
    except (CannotMove, Error) as error:
        common.exit_with(str(error).strip().rstrip(".") + ".", FAILED)
    filled = [count for count in counts.values() if count]
    typer.echo(
        f"Copied {number_of(sum(filled), 'row')} of {number_of(len(filled), 'table')}. Set {URL} to the target and start the viewer."
    )
