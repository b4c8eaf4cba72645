"""Forwarding of monitor alerts to the active run."""

from __future__ import annotations

from collections.abc import Callable

listeners: list[Callable[[str], None]] = []
"""Called with the text of each alert; `runicorn.tracking.init` adds one."""
