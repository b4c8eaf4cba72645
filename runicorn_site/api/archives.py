"""Import of archives into the active store and export of runs: files first, then rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rest_framework import status

from artifacts.services import lookup
from runicorn.settings.capabilities import require
from runicorn.store.journal.records import columns
from runicorn_site.web.readable import current
from runicorn_site.web.service_error import ServiceError
from runicorn_tools.archives.limits import ArchiveRefused, ArchiveTooLarge
from runs.index import discovery, refresh
from runs.models import Run, StorageRoot
from runs.services.write_through import one_file

if TYPE_CHECKING:
    from runicorn_tools.archives.read import Outcome

NO_METRICS = ("global_step", "time")
"""The columns of the CSV of a run that has logged nothing."""


class BadArchive(ServiceError):
    """The archive is damaged, or holds what no store has."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.errors = {"file": [sentence]}


class LargeArchive(ServiceError):
    """The archive is beyond a limit."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


def import_into(
    root: StorageRoot, file: IO[bytes], *, overwrite: bool = False, dry_run: bool = False
) -> Outcome:
    """Add the runs and artifacts of an archive to a store, and index them.

    Raises:
        BadArchive, LargeArchive: the archive is refused; nothing has changed.
        ReadOnlyStore, NotWritten: the store cannot be written.
    """
    from runicorn_tools.archives.read import import_archive

    require("import")
    with one_file():
        try:
            outcome = import_archive(Path(root.path), file, overwrite=overwrite, dry_run=dry_run)
        except ArchiveTooLarge as error:
            raise LargeArchive(str(error)) from error
        except ArchiveRefused as error:
            raise BadArchive(str(error)) from error
    if not dry_run:
        discovery.tick(root)
        refresh.refresh_runs(root, ids_of(outcome.replaced))
        lookup.catch_up_all(root)
    return outcome


def ids_of(folders: Iterable[str]) -> list[str]:
    """Return the ids of the runs in these folders."""
    return sorted(folder.rpartition("/")[2] for folder in folders)


def metrics_as_csv(run: Run) -> Iterator[str]:
    """Yield the records of a run as lines of CSV; a run without records has the header alone.

    Raises:
        OSError: the journal cannot be read.
    """
    from runicorn_tools.export.exporters import csv_lines

    return csv_lines(run.path, columns(run.path) or NO_METRICS, include_metadata=False)


def packed(root: StorageRoot, runs: Iterable[Run]) -> Iterator[bytes]:
    """Yield runs as the bytes of a zip file; a run that is removed meanwhile is left out.

    Raises:
        OSError: a file cannot be read. The zip file then has no end, and no reader accepts it.
    """
    from runicorn_tools.archives import write

    folders = [run.folder for run in runs if run.path.is_dir()]
    path = Path(root.path)
    # The folder of a run that was moved is still in that of its former project.
    of_projects = [folder for folder in folders if folder.partition("/")[0] in current()]
    entries = chain(write.run_entries(path, folders), write.project_entries(path, of_projects))
    return write.zip_pieces(write.about(folders, ()), entries)
