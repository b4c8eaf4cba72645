"""Whether a process writes runs: the switch for all tracking, the mode of a run, and the rank of the process.

The switch is `set_enabled(False)`, or the environment variable `RUNICORN_ON=0`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from runicorn.settings.user import get as get_setting
from runicorn.store.notices import say
from runicorn.tracking.ranks import Rank, current_rank

ONLINE, OFFLINE, DISABLED = "online", "offline", "disabled"
MODES = (ONLINE, OFFLINE, DISABLED)
OFF = frozenset({"0", "false", "no", "n", "off"})
_chosen: bool | None = None
_said_in: int | None = None


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


def is_silent(mode: str | None) -> bool:
    """Return whether a run of this mode does nothing in this process.

    Args:
        mode: argument of `init`: one of `MODES`, or None for the mode set by the environment.

    Raises:
        ValueError: it is unknown.
    """
    if mode not in (None, *MODES):
        raise ValueError(f"mode must be 'online', 'offline' or 'disabled', got {mode!r}")
    setting = _mode_of_environment()
    if setting not in MODES:
        say(f"RUNICORN_MODE is {setting!r}, which is unknown; use 'online', 'offline' or 'disabled'.")
    if not is_enabled():
        return True
    if mode == ONLINE or DISABLED in (mode, setting):
        return DISABLED in (mode, setting)
    rank = current_rank()
    if rank.number > 0:
        _say_once(rank)
    return rank.number > 0


def is_offline(mode: str | None) -> bool:
    """Return whether a run of this mode is stored here only, and never uploaded."""
    return (mode or _mode_of_environment()) == OFFLINE


def _mode_of_environment() -> str:
    return get_setting("RUNICORN_MODE").strip().lower()


def _say_once(rank: Rank) -> None:
    global _said_in
    if _said_in != os.getpid():
        _said_in = os.getpid()
        text = f"this process is rank {rank.number} of its training ({rank.source}) and logs nothing; rank 0 does."
        say(f"{text} To log here too: init(mode='online').")
