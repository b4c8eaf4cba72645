from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

# Compiling a query or starting workers for it takes longer than the queries of a page, and another request needs the core.
OPTIONS = "SET jit = off; SET parallel_setup_cost = 20000"


class ClusterConfig(AppConfig):
    name = "runicorn_site.cluster"
    label = "cluster"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(configure)


def configure(connection: Any, **_: Any) -> None:
    """Set the options of a new connection to PostgreSQL."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(OPTIONS)
