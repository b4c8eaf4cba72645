"""Provider of the rows of formulas. What they are computed with is imported when a query first names a formula."""

from __future__ import annotations

from collections.abc import Collection

from runs.models import StorageRoot


def prepare(root: StorageRoot, names: Collection[str]) -> None:
    """Compute the missing and old rows of formulas with these names."""
    from metrics.query.formulas import index

    index.prepare(root, names)
