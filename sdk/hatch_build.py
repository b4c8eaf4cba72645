"""Version and files of runicorn-sdk: those of the checkout around this folder, or of an unpacked source distribution."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


def package(root: str) -> Path:
    """Return the folder `runicorn`."""
    inside = Path(root, "runicorn")
    return inside if inside.is_dir() else Path(root).parent / "runicorn"


class Version(MetadataHookInterface):
    """Read the version of the program."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the version."""
        text = (package(self.root) / "_version.py").read_text(encoding="utf-8")
        match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
        assert match is not None
        metadata["version"] = match[1]


class Files(BuildHookInterface):
    """Include the files of the package, all of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files."""
        if version == "editable":  # it imports the checkout, and a copy would come first
            return
        folder = package(self.root)
        build_data["force_include"].update(
            (str(path), path.relative_to(folder.parent).as_posix())
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        )
