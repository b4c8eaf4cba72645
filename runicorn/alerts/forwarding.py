"""Where alerts of monitors are listed: in the active run, once there is one."""

from __future__ import annotations

from collections.abc import Callable

listeners: list[Callable[[str], None]] = []
"""Called with the text of each alert; `runicorn.tracking.init` adds one."""
