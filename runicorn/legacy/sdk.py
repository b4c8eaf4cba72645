"""Names of `runicorn`, importable from `runicorn.sdk` as in Runicorn 0.5."""

from __future__ import annotations

from runicorn.tracking.init import get_active_run, init
from runicorn.tracking.run import Run

__all__ = ["Run", "get_active_run", "init"]
