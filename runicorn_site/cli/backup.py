"""`runicorn backup` and `runicorn restore`: users, keys, alerts and settings outside the storage root."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from runicorn.store import layout
from runicorn.store.units import number_of
from runicorn_site.cli.support.server import use_server
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE

Storage = Annotated[Path | None, typer.Option(help="Ignored; a backup contains no storage root.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to create, such as runicorn.tar.gz.")],
    storage: Storage = None,
) -> None:
    """Back up users, tokens, alerts, shared links, settings and saved connections; the viewer may be running.

    Runs and artifacts are in the storage root, which is copied as a folder. The file contains secrets, and only you may
    read it.

    Examples:

      runicorn backup runicorn-backup.tar.gz
    """
    with _errors():
        from runicorn_site.backup import services

        rows = services.create(file.expanduser().absolute())
        typer.echo(f"Backed up {number_of(rows, 'row')} and all settings to {file}")


def restore(
    names: Annotated[
        list[str],
        typer.Argument(metavar="FILE|RUN...", help="A file of runicorn backup, or ids of deleted runs."),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="A backup: replace existing data, after backing it up.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Runs: print JSON.")] = False,
    url: Annotated[str, typer.Option(help="Runs: a viewer to ask instead of the store.")] = "",
    token: Annotated[str | None, typer.Option(help="Token for --url.", envvar="RUNICORN_TOKEN")] = None,
    storage: Annotated[Path | None, typer.Option(help="Runs: the storage root.")] = None,
) -> None:
    """Restore a backup while no viewer is running, or take runs out of the recycle bin.

    Examples:

      runicorn restore runicorn-backup.tar.gz --overwrite

      runicorn restore 20260114_153045_a1b2c3
    """
    if all(map(layout.is_run_id, names)):
        from runicorn_site.cli.runs.curate import restore_runs

        restore_runs(names, as_json, url, token, storage)
        return
    if len(names) > 1:
        common.exit_with("Restore one backup, or runs by their whole ids", USAGE)
    file = Path(names[0])
    if not file.suffix and file.name == names[0] and not file.expanduser().exists():
        common.exit_with(f"Run not found: {file}. A run in the recycle bin is named by its whole id.", USAGE)
    with _errors():
        from runicorn_site.backup import services

        rows, before = services.restore(file.expanduser().absolute(), overwrite=overwrite)
        typer.echo(f"Restored {number_of(rows, 'row')} and all settings from {file}")
        if before is not None:
            typer.echo(f"The previous data is in {before}")


@contextmanager
def _errors() -> Iterator[None]:
    """Make the server importable, and exit with the code of an error."""
    use_server()
    from django.core.serializers.base import DeserializationError
    from django.db import DatabaseError

    from runicorn_site.backup.files import BadBackup
    from runicorn_site.backup.services import CannotRestore, OtherDatabase

    try:
        yield
    except FileNotFoundError as error:
        common.exit_with(str(error), NOT_AVAILABLE)
    except (FileExistsError, CannotRestore, OtherDatabase) as error:
        common.exit_with(str(error), USAGE)
    except (BadBackup, DeserializationError, DatabaseError, OSError) as error:
        common.exit_with(str(error), FAILED)
