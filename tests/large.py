"""Large stores and long loops. A test that reaches this module is not quick (`tests/tiers.py`)."""

from __future__ import annotations

from typing import TypeVar

Items = TypeVar("Items")


def many(items: Items) -> Items:
    """Return what a test or fixture loops over where that takes a second: points, runs, requests."""
    return items
