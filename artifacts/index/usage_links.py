"""Index of the versions that runs created and used, from the two lists in their folders."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import transaction
from django.db.models import F, Q, QuerySet

from artifacts.models import Links, Use
from runicorn.artifacts.names import MISPLACED
from runicorn.store import layout
from runicorn_site.web.readable import unrestricted
from runs.errors import OutsideRoot
from runs.index import run_files
from runs.models import Run, StorageRoot

BATCH = 200
FIELDS = ("pk", "run_id", "root_id", "folder", "signature")


def behind(root: StorageRoot) -> Iterator[QuerySet[Run]]:
    """Yield queries for runs whose lists changed since they were indexed; one with OR would read all runs."""
    runs = Run.objects.in_root(root).exclude(artifact_links__signature=F("signature"))
    yield runs.filter(Q(artifacts_created_count__gt=0) | Q(artifacts_used_count__gt=0))
    yield runs.filter(artifact_links__isnull=False)


@unrestricted()
def catch_up_all(root: StorageRoot, seconds: float = 0.5) -> bool:
    """Index the lists of changed runs, for at most about `seconds`; return whether there were any."""
    deadline, has_pending = time.monotonic() + seconds, False
    for runs in behind(root):
        for run in list(runs.only(*FIELDS).order_by("-pk")[: BATCH * 10]):
            has_pending = True
            if time.monotonic() > deadline:
                return has_pending
            run.root = root
            catch_up(run)
    return has_pending


def catch_up(run: Run) -> None:
    """Index the lists of one run if they changed."""
    links = Links.objects.filter(run=run).first()
    if links is not None and links.signature == run.signature:
        return
    try:
        uses = [*_uses(run, Use.MADE, layout.ARTIFACTS_CREATED), *_uses(run, Use.USED, layout.ARTIFACTS_USED)]
    except OutsideRoot:
        uses = []
    with transaction.atomic():
        Use.objects.filter(run=run).delete()
        Use.objects.bulk_create(uses, ignore_conflicts=True)
        Links.objects.update_or_create(run=run, defaults={"signature": run.signature})


def _uses(run: Run, kind: str, file: str) -> list[Use]:
    return [
        Use(
            run=run,
            kind=kind,
            type=MISPLACED.get(entry["type"], entry["type"]),
            name=entry["name"],
            number=entry["version"],
            at=entry["created_at"],
            size_bytes=entry["size_bytes"],
            position=position,
        )
        for position, entry in enumerate(run_files.artifacts(run, file))
        if 0 < entry["version"] < 2**31
    ]
