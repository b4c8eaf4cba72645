"""Rows that are not derived from files, as lines of JSON.

Rows refer to runs and storage roots by their names, so that they fit into a database that indexes the runs again.
The runs that they refer to are restored as stubs, which the server completes from the files.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.apps import apps
from django.core import serializers
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, router, transaction
from django.db.models.functions import Now

from runicorn_site.cluster.models import Lease
from runicorn_site.web.models import ImportedFile
from runs.index import search_index
from runs.models import Run, StorageRoot

DERIVED = frozenset(
    {
        *("auth.permission", "contenttypes.contenttype", "sessions.session", "admin.logentry"),
        *("runs.storageroot", "runs.run", "runs.runtag", "runs.runmetric", "runs.runparam", "runs.runmedia"),
        *("metrics.journal", "metrics.series", "metrics.tail", "metrics.tile"),
        *("artifacts.artifact", "artifacts.version", "artifacts.file", "artifacts.links", "artifacts.use"),
        *("axes.accessattempt", "axes.accessattemptexpiration", "axes.accessfailurelog", "axes.accesslog"),
        *("remote.knownhost", "remote.viewersession", "cluster.lease"),
    }
)
"""Models whose rows follow from files, from the program, or from running processes."""
REFERRED: tuple[type[models.Model], ...] = (StorageRoot, Run)
"""Derived models that kept rows refer to; each by rows of those before it."""
STUB_FIELDS = ("root", "run_id", "folder", "project", "name", "status", "created", "updated")


def kept_models() -> list[type[models.Model]]:
    """Return the models to back up, referenced models first."""
    primary = [model for model in apps.get_models() if model._meta.label_lower not in DERIVED]
    ordered = serializers.sort_dependencies([(None, [*REFERRED, *primary])])
    return [model for model in ordered if model not in REFERRED]


def dump() -> tuple[str, int]:
    """Return a snapshot of the rows, and their number without stubs."""
    with ExitStack() as snapshots:
        for database in connections:
            snapshots.enter_context(_snapshot(database))
        rows = [row for model in kept_models() for row in _rows(model)]
        runs = Run.objects.filter(pk__in=_references(rows, Run)).select_related("root")
        roots = StorageRoot.objects.filter(
            pk__in=_references(rows, StorageRoot) | {run.root.pk for run in runs}
        )
        parts = [_lines(list(roots), ("path", "opened_at")), _lines(list(runs), STUB_FIELDS), _lines(rows)]
    return "".join(parts), len(rows)


def count() -> int:
    """Return the number of rows that a restore would mix with those of a backup."""
    return sum(model._default_manager.count() for model in kept_models() if model is not ImportedFile)


def has_server() -> bool:
    """Return whether a server does background work on a database that several share."""
    return connection.vendor != "sqlite" and Lease.objects.filter(until__gt=Now()).exists()


def load(rows: str, *, replace: bool = False) -> None:
    """Store the rows of `dump` in one transaction.

    Args:
        rows: as returned by `dump`.
        replace: delete the existing rows first.

    Raises:
        django.core.serializers.base.DeserializationError: they do not fit the tables.
    """
    by_database: defaultdict[str, list[str]] = defaultdict(list)
    for line in rows.splitlines():
        row = json.loads(line)
        if row["model"].startswith("metrics.alert"):  # their app when the backup was made
            row["model"] = row["model"].replace("metrics", "alerts", 1)
        model = apps.get_model(row["model"])
        by_database[router.db_for_write(model) or DEFAULT_DB_ALIAS].append(json.dumps(row))
    with ExitStack() as transactions:
        for database in connections:
            transactions.enter_context(transaction.atomic(using=database))
        if replace:
            for model in reversed(kept_models()):
                model._default_manager.all().delete()
        else:
            ImportedFile.objects.all().delete()
        for database, lines in by_database.items():
            _store("\n".join(lines), database)


def _store(rows: str, database: str) -> None:
    deferred, has_stubs = [], False
    for row in serializers.deserialize("jsonl", rows, using=database, handle_forward_references=True):
        stub = type(row.object) in REFERRED
        if not stub or row.object.pk is None:  # an existing row is complete already
            row.save(using=database)
            has_stubs = has_stubs or stub
        if row.deferred_fields:
            deferred.append(row)
    for row in deferred:
        row.save_deferred_fields(using=database)
    if has_stubs:  # the index of searches must have every row that is updated later
        search_index.rebuild()
    connection = connections[database]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(
            no_style(),
            [
                model
                for model in kept_models()
                if (router.db_for_write(model) or DEFAULT_DB_ALIAS) == database
            ],
        ):
            cursor.execute(statement)


def _rows(model: type[models.Model]) -> models.QuerySet[models.Model]:
    """Return the rows of a model with the names of the runs and roots that they refer to."""
    names = {Run: "{}__root", StorageRoot: "{}"}
    related = [
        names[field.related_model].format(field.name)
        for field in model._meta.concrete_fields
        if field.related_model in REFERRED
    ]
    rows = model._default_manager.order_by("pk")
    return rows.select_related(*related) if related else rows


def _lines(rows: list[models.Model], fields: tuple[str, ...] | None = None) -> str:
    # Stubs get new keys. Users keep theirs: shared links name them.
    text: str = serializers.serialize(
        "jsonl", rows, fields=fields, use_natural_foreign_keys=True, use_natural_primary_keys=bool(fields)
    )
    return text


def _references(rows: list[models.Model], to: type[models.Model]) -> set[int]:
    """Return the keys of another model's rows that these rows refer to."""
    return {
        getattr(row, field.attname)
        for row in rows
        for field in row._meta.concrete_fields
        if field.related_model is to and getattr(row, field.attname) is not None
    }


@contextmanager
def _snapshot(database: str) -> Iterator[None]:
    """Read everything in one snapshot, without blocking writers."""
    connection = connections[database]
    if connection.vendor == "sqlite":  # a transaction of Django would be IMMEDIATE
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic(using=database), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
