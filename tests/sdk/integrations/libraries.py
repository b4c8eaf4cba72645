"""The libraries that we bring callbacks for, and that need not be there."""

from __future__ import annotations

import importlib.util

import pytest


def needs_library(*names: str) -> pytest.MarkDecorator:
    """Skips tests where one of the libraries is not installed (requirements-integrations.txt lists them)."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
