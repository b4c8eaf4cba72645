"""Exclusive lock of one mirror, and requests to stop a sync."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from runicorn import _platform
from runicorn_tools.sync.state import LOCK

LOCK_POLL_SECONDS = 0.1


@dataclass
class StopRequest:
    """Request to stop a sync, set by another thread or a signal handler.

    Attributes:
        requested: whether to stop.
        keep_partial: whether partial files are kept for the next sync.
    """

    requested: bool = False
    keep_partial: bool = False


@contextmanager
def exclusive(state_dir: Path, stop: StopRequest) -> Iterator[None]:
    """Acquire the lock of a mirror, waiting for another sync of it.

    Raises:
        ConnectionError: a stop was requested meanwhile.
    """
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_platform.file_lock(state_dir / LOCK, blocking=False))
                break
            except BlockingIOError:
                if stop.requested:
                    raise ConnectionError(errno.ECONNABORTED, "the sync was stopped") from None
                time.sleep(LOCK_POLL_SECONDS)
        yield
