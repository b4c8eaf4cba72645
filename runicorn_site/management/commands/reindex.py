from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from artifacts.models import Artifact
from artifacts.services import lookup
from metrics.ingest import catch_up as metrics
from runicorn.settings.user import storage_root
from runicorn_site.database import prepare
from runs.active_root import activate
from runs.errors import OutsideRoot
from runs.index import discovery, folders, search_index
from runs.models import Run

CHUNK = 200
"""Runs removed in one transaction, so that a viewer can write in between."""

PATIENCE = 10.0
"""Seconds for one bite of a big journal."""


class Command(BaseCommand):
    """`manage.py reindex`: rebuild the rows of a storage root from its files."""

    help = "Drops every row that was derived from a storage root and reads its files again. Nothing is lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the command line."""
        parser.add_argument(
            "--storage", type=Path, default=None, help="the storage root (default: the usual one)"
        )
        parser.add_argument("--no-metrics", action="store_true", help="leave the metrics to the viewer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drop and read again; a viewer that is running meanwhile sees the runs come back."""
        folder = storage_root(options["storage"])
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}", returncode=4)
        prepare.prepare()
        root = activate(folder)
        keys = list(Run.objects.in_root(root).values_list("pk", flat=True))
        for start in range(0, len(keys), CHUNK):
            folders.remove(root, keys[start : start + CHUNK])
        discovery.forget(root)
        discovery.full(root)
        search_index.rebuild()
        Artifact.objects.in_root(root).delete()
        lookup.catch_up_all(root, thorough=True)
        summary = (
            f"{Run.objects.in_root(root).count()} runs and {Artifact.objects.in_root(root).count()} artifacts"
        )
        self.stdout.write(f"{summary} in {folder}")
        if not options["no_metrics"]:
            metrics.forget(root)
            metrics.catch_up_all(root)
            # Those that are not summarized. A list: SQLite refuses to write on a connection that is still reading an older
            # state.
            others = Run.objects.in_root(root).live().filter(summarized_bytes=None)
            for run in list(others.select_related("root").defer("config", "summary")):
                self.take_in(run)

    def take_in(self, run: Run) -> None:
        """Read a run's metrics; an error of one run never hides another."""
        previous = None
        try:
            while (behind := metrics.catch_up(run, PATIENCE)) and behind != previous:
                previous = behind
            if behind:
                self.stderr.write(f"{run}: {behind} bytes of its journal are still to be taken in")
        except OutsideRoot as error:
            self.stderr.write(f"{run}: {error.detail}")
