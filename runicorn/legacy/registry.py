"""`get_config`, importable from `runicorn.registry` as in Runicorn 0.6."""

from __future__ import annotations

from runicorn.legacy.workspace import get_config

__all__ = ["get_config"]
