"""Metrics that are derived from others: the app of metrics computes their rows before a query needs them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from runs.models import StorageRoot

Prepare = Callable[[StorageRoot, Collection[str]], None]
"""Writes the rows of metrics of these names that are missing or old."""
_providers: list[Prepare] = []


def register(provider: Prepare) -> None:
    _providers.append(provider)


def prepare(root: StorageRoot, names: Collection[str]) -> None:
    """Bring the rows of metrics up to date that are derived from others."""
    if names:
        for provider in _providers:
            provider(root, names)
