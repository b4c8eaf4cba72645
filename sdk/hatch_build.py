"""Version and files of runicorn-sdk: those of the checkout around this folder, or of an unpacked source distribution."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


def source(root: str) -> Path:
    """Return the folder with `runicorn/` and `LICENSE`."""
    here = Path(root)
    return here if (here / "runicorn").is_dir() else here.parent


def files(folder: Path) -> dict[str, str]:
    """Return the files of the package `runicorn`, all of it, and the license, with their names in the distribution."""
    members = {str(folder / "LICENSE"): "runicorn/LICENSE"}
    for path in sorted((folder / "runicorn").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            members[str(path)] = path.relative_to(folder).as_posix()
    return members


class Version(MetadataHookInterface):
    """Read the version of the program."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the version."""
        text = (source(self.root) / "runicorn" / "_version.py").read_text(encoding="utf-8")
        match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
        assert match is not None
        metadata["version"] = match[1]


class Files(BuildHookInterface):
    """Include the files of the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files, and the license once more where a source distribution has it."""
        included = files(source(self.root))
        if self.target_name == "sdist":
            included[str(source(self.root) / "LICENSE")] = "LICENSE"
        build_data["force_include"].update(included)
