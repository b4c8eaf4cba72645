"""`mlflow.tracking.context.registry`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def resolve_tags(tags: Mapping[str, Any] | None = None, ignore: Any = None) -> dict[str, Any]:
    """Return the tags as they are."""
    return dict(tags or {})
