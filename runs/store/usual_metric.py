"""Choice of the metric that lists show for runs of which none was declared the primary one."""

from __future__ import annotations

from collections.abc import Iterable

SYSTEM = "system/"


def choose(keys: Iterable[str]) -> str | None:
    """Return the first metric of a validation, else of an evaluation, else a loss, else any of the training's own."""
    own = [key for key in keys if not key.startswith(SYSTEM)]
    return min(own, key=lambda key: (_rank(key.lower()), key), default=None)


def _rank(key: str) -> int:
    return 0 if key.startswith("val") else 1 if key.startswith("eval") else 2 if "loss" in key else 3
