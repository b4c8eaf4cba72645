"""Metrics derived from others: the app of metrics computes their rows before a query needs them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from runs.models import StorageRoot


class Prepare(Protocol):
    """Writes the rows of metrics of these names that are missing or old, only of some runs if their keys are given."""

    def __call__(
        self, root: StorageRoot, names: Collection[str], runs: Collection[int] | None = None
    ) -> None: ...


_providers: list[Prepare] = []


def register(provider: Prepare) -> None:
    _providers.append(provider)


def prepare(root: StorageRoot, names: Collection[str], runs: Collection[int] | None = None) -> None:
    """Bring the rows of metrics up to date that are derived from others.

    Args:
        runs: primary keys of the few runs whose values are shown; by default all that can be computed at once, the
            newest first: the others follow in the background.
    """
    if names:
        for provider in _providers:
            provider(root, names, runs)
