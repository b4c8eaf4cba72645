"""`get_effective_rnconfig`, importable from `runicorn.rnconfig` as in Runicorn 0.6."""

from __future__ import annotations

from runicorn.legacy.workspace import get_effective_rnconfig

__all__ = ["get_effective_rnconfig"]
