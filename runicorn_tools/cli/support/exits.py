"""Exit codes of the command line."""

from __future__ import annotations

FAILED = 1
USAGE = 2
"""Wrong usage or configuration."""
PERMISSION = 3
NOT_AVAILABLE = 4
"""A port is in use, or a path is missing."""
