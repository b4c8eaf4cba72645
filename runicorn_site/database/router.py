"""Which tables are in the durable database, and which in the index that is derived from storage roots."""

from __future__ import annotations

from typing import Final

from django.db import DEFAULT_DB_ALIAS

from runicorn_site.web.durable import DURABLE

DURABLE_APPS: Final = frozenset(
    {"auth", "contenttypes", "sessions", "admin", "axes", "people", "alerts", "site"}
)
EXCEPTIONS: Final = {"alerts.alertmemory": False, "alerts.alertwatch": False, "remote.savedconnection": True}
"""Whether a model is durable, where its app does not tell."""


def is_durable(app: str, model: str | None = None) -> bool:
    """Return whether the tables of an app, or of a model of it, are durable."""
    return EXCEPTIONS.get(f"{app}.{model}".lower(), app in DURABLE_APPS)


class DurableRouter:
    """Django's database router."""

    def db_for_read(self, model: type, **hints: object) -> str | None:
        meta = model._meta  # type: ignore[attr-defined]
        return DURABLE if is_durable(meta.app_label, meta.model_name) else None

    db_for_write = db_for_read

    def allow_relation(self, first: object, other: object, **hints: object) -> bool | None:
        return None

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: object
    ) -> bool | None:
        if db == DEFAULT_DB_ALIAS or db.endswith(DURABLE):  # also of a copy
            return is_durable(app_label, model_name) == (db != DEFAULT_DB_ALIAS)
        return None
