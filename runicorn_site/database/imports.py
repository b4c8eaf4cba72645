"""Import of what earlier versions kept elsewhere into the durable database."""

from __future__ import annotations

import time

from django.apps import apps
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connections

from runicorn_site.web.durable import DURABLE, changing
from runicorn_site.web.models import ImportedFile

PUBLIC = "postgresql:public"
"""Mark of the import of the tables that were in PostgreSQL beside those of the index."""
BY_MIGRATION = ("django_content_type", "auth_permission")
"""Tables that migrations fill."""


def import_former() -> None:
    """Import what is not imported yet."""
    if connections[DURABLE].vendor == "postgresql":
        _import_tables()


def _import_tables() -> None:
    """Copy the users from the tables of the same names beside the index, which stay as they are."""
    connection = connections[DURABLE]
    former = set(connections[DEFAULT_DB_ALIAS].introspection.table_names())
    tables = [
        model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in IMPORTED
    ]
    with changing(), connection.cursor() as cursor:
        if ImportedFile.objects.filter(place=PUBLIC).exists():
            return
        if "auth_user" in former:
            for table in reversed(BY_MIGRATION):
                cursor.execute(f'DELETE FROM "{table}"')
            for model in tables:
                name = model._meta.db_table
                if name in former:
                    columns = ", ".join(f'"{field.column}"' for field in model._meta.local_concrete_fields)
                    cursor.execute(f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM public."{name}"')
            for statement in connection.ops.sequence_reset_sql(no_style(), tables):
                cursor.execute(statement)
        ImportedFile.objects.create(place=PUBLIC, digest="", at=time.time())


IMPORTED = frozenset({"auth", "contenttypes", "sessions", "admin", "axes", "people"})
