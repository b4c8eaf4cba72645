"""The durable database for commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runicorn_site.cli.support.server import use_server
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED


@contextmanager
def durable(what: str) -> Iterator[None]:
    """Open the durable database, and exit with the sentence of an error.

    Args:
        what: to be opened and changed, for the sentence.
    """
    use_server()
    import django
    from django.db import DatabaseError

    from runicorn_site.database.state_dir import UnsafeDirectory

    try:
        django.setup()
        from runicorn_site.database.durable import prepare_durable

        prepare_durable()
    except (DatabaseError, OSError, UnsafeDirectory) as error:
        common.exit_with(f"{what} cannot be opened: {error}", FAILED)
    try:
        yield
    except (DatabaseError, OSError) as error:
        common.exit_with(f"{what} cannot be changed: {error}", FAILED)
