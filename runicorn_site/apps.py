from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_migrate


class SiteConfig(AppConfig):
    """The project package as an application, for its management commands and its part of the admin site."""

    name = "runicorn_site"
    label = "site"
    verbose_name = "Runicorn"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the tables of the durable database apart in PostgreSQL."""
        from runicorn_site.database.durable import create_schema, use_schema

        connection_created.connect(use_schema)
        pre_migrate.connect(create_schema, sender=self)
