"""Where programs that tests need are found."""

from __future__ import annotations

import shutil
from pathlib import Path


def find(program: str) -> str | None:
    """The path of a program; Debian keeps those of PostgreSQL's server out of PATH."""
    found = shutil.which(program)
    if found:
        return found
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return str(newest) if newest else None
