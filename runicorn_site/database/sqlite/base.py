"""Django's SQLite backend, reporting errors to the database monitor and abandoning connections of earlier epochs."""

from __future__ import annotations

import sqlite3
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from runicorn_site.database.monitor import monitor


class ReportingErrorWrapper(DatabaseErrorWrapper):
    """Django's translation of SQLite's errors, with a report to the monitor before it."""

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        if exc_value is not None:
            monitor.note(exc_value)
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that belongs to one epoch of the monitor."""

    epoch = 0

    @cached_property
    def wrap_database_errors(self) -> ReportingErrorWrapper:
        """The context manager around every call of SQLite."""
        return ReportingErrorWrapper(self)

    def ensure_connection(self) -> None:
        """Connect if necessary; a connection of an earlier epoch is abandoned unless it is in a transaction."""
        self._abandon_if_stale()
        super().ensure_connection()

    def close_if_unusable_or_obsolete(self) -> None:
        """Close or abandon the connection between two requests, where no error may be raised."""
        self._abandon_if_stale()
        super().close_if_unusable_or_obsolete()

    def _abandon_if_stale(self) -> None:
        monitor.check()
        if self.connection is not None and self.epoch != monitor.epoch and not self.connection.in_transaction:
            self.connection = None  # not closed: a cursor that is still read from keeps it alive

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection.

        Raises:
            sqlite3.OperationalError: the database is being prepared again.
        """
        monitor.check(now=True)
        if monitor.is_barred():
            raise sqlite3.OperationalError(monitor.problem)
        self.epoch = monitor.epoch
        return super().get_new_connection(conn_params)
