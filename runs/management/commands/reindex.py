from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from runicorn.settings import storage_root
from runs import discovery, search_index
from runs.active import activate
from runs.models import Run


class Command(BaseCommand):
    """Throws the rows of a storage root away and reads them from its folders again."""

    help = "Rebuild the rows of a storage root from its folders. Metrics follow when a viewer runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The root, where it is not the configured one."""
        parser.add_argument("--storage", help="the storage root; the configured one by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how many runs were found."""
        root = activate(storage_root(options["storage"]))
        discovery.forget(root)
        while keys := list(Run.objects.in_root(root).order_by("pk").values_list("pk", flat=True)[:10]):
            discovery.remove(root, keys)
        discovery.full(root)
        search_index.rebuild()
        self.stdout.write(f"{Run.objects.in_root(root).count()} runs in {root.path}")
