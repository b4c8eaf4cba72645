"""The place where Runicorn 0.5 kept runs: `from runicorn.sdk import get_active_run`. Everything here is in `runicorn` too."""

from __future__ import annotations

from runicorn.tracking.init import get_active_run, init
from runicorn.tracking.run import Run

__all__ = ["Run", "get_active_run", "init"]
