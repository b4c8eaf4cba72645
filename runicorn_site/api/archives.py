"""Archives on their way into the active store and runs on their way out: files first, then rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from rest_framework import status
from rest_framework.exceptions import APIException

from artifacts import services as artifact_services
from runicorn.archives import write
from runicorn.archives.limits import ArchiveRefused, ArchiveTooLarge
from runicorn.archives.read import Outcome, import_archive
from runicorn.export.exporters import csv_lines
from runicorn.settings.capabilities import require
from runicorn.store.journal.records import columns
from runs.index import discovery
from runs.models import Run, StorageRoot
from runs.services.write_through import one_file

NO_METRICS = ("global_step", "time")
"""The columns of the CSV of a run that has logged nothing."""


class BadArchive(APIException):
    """The archive is damaged, or holds what no store has."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.errors = {"file": [sentence]}


class LargeArchive(APIException):
    """The archive is beyond a limit."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


def take_in(root: StorageRoot, file: IO[bytes], *, overwrite: bool = False, dry_run: bool = False) -> Outcome:
    """Add what an archive holds to a store, and look at it.

    Raises:
        BadArchive, LargeArchive: it is not taken; nothing has changed.
        ReadOnlyStore, NotWritten: the store cannot be written.
    """
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
        discovery.refresh_runs(root, ids_of(outcome.replaced))
        artifact_services.catch_up_all(root)
    return outcome


def ids_of(folders: Iterable[str]) -> list[str]:
    """The ids of runs whose folders these are."""
    return sorted(folder.rpartition("/")[2] for folder in folders)


def metrics_as_csv(run: Run) -> Iterator[str]:
    """The records of a run as CSV, line by line; a run without any has a head alone.

    Raises:
        OSError: the journal cannot be read.
    """
    return csv_lines(run.path, columns(run.path) or NO_METRICS, include_metadata=False)


def packed(root: StorageRoot, runs: Iterable[Run]) -> Iterator[bytes]:
    """Runs as the bytes of a zip file, as they are sent; one that is removed meanwhile is left out.

    Raises:
        OSError: a file cannot be read. The zip file has no end then, and nobody takes it for whole.
    """
    folders = [run.folder for run in runs if run.path.is_dir()]
    entries = write.run_entries(Path(root.path), folders)
    return write.zip_pieces(write.about(folders, ()), entries)
