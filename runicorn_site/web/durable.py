"""Name of the durable database, in which is what belongs to people; see `runicorn_site/database/durable.py`."""

from __future__ import annotations

from typing import Final

from django.db import transaction

DURABLE: Final = "durable"
"""Its alias in `DATABASES`."""


def changing() -> transaction.Atomic:
    """Return a transaction of the durable database, for `with`; one at a time with SQLite."""
    return transaction.atomic(using=DURABLE)
