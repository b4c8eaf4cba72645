"""Switch for all tracking of a process: `set_enabled(False)`, or the environment variable `RUNICORN_ON=0`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runicorn.settings.user import get as get_setting

OFF = frozenset({"0", "false", "no", "n", "off"})
_chosen: bool | None = None


def is_enabled() -> bool:
    """Return whether runs are written."""
    return get_setting("RUNICORN_ON").strip().lower() not in OFF if _chosen is None else _chosen


def set_enabled(enabled: bool) -> None:
    """Enable or disable tracking for new runs, whatever the environment says."""
    global _chosen
    _chosen = bool(enabled)


def reset_enabled() -> None:
    """Restore the setting of the environment."""
    global _chosen
    _chosen = None


@contextmanager
def enabled(enabled: bool) -> Iterator[None]:
    """Enable or disable tracking for the runs of a block."""
    global _chosen
    before = _chosen
    set_enabled(enabled)
    try:
        yield
    finally:
        _chosen = before
