"""Listeners of the permanent removal of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runs.models import Run, StorageRoot

listeners: list[Callable[[StorageRoot, Run], None]] = []
"""Called with each run that is removed for good, for what is durable about it; layers above register here."""
