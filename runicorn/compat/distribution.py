"""Metadata of a foreign package that one of our modules replaces."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path
from typing import Any


class ShimDistribution(Distribution):
    """A distribution with a name and a version only.

    Args:
        name: the foreign package.
        version: the version whose interface is implemented.
    """

    def __init__(self, name: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        """Return the path of a file of the distribution, which has none."""
        return Path(path)
