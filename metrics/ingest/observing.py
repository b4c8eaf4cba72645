"""Observers of ingested points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from metrics.ingest.parse import Batch
    from runs.models import Run


class Observer(Protocol):
    """Sees each batch of one generation of a journal once; see `metrics.ingest.intake`."""

    def add(self, batch: Batch) -> None:
        """Observe a batch before it is stored."""

    def prepare(self) -> None:
        """Work on what was added since the last `settle`, before the transaction."""

    def write(self) -> None:
        """Store the results in the transaction that stores the points."""

    def settle(self) -> None:
        """Go on after the transaction."""


observers: list[Callable[[Run, int], Observer]] = []
"""Begin to observe a run's journal in a generation; layers above the ingest register here when the app is loaded."""
judged_since: list[Callable[[], float]] = []
"""Return from when on points are observed, in Unix seconds: earlier ones need not be shown to an observer."""
