"""How static files are called: by addresses that hold a version, so that a browser keeps them and asks once.

The version is a folder in front of all others, so what a file names relative to itself (a module its imports) has it
too. While developing (`RUNICORN_DEBUG`) there is none, and a changed file is seen with the next load of a page.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage

VERSIONED = re.compile(r"v-([0-9a-f]{16})/(.+)", re.DOTALL)


class VersionedFiles(StaticFilesStorage):
    """Gives the `static` tag of the templates its addresses."""

    def url(self, name: str | None) -> str:
        """The address of a file, or of a folder when the name ends in `/`."""
        return super().url(name if settings.DEBUG else f"v-{version()}/{name}")


@lru_cache(maxsize=1)
def version() -> str:
    """Sixteen digits that change with any static file, ours or of a package; the same as long as this process lives."""
    known = blake2b(digest_size=8)
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            state = os.stat(storage.path(name))
            known.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return known.hexdigest()


def split(path: str) -> tuple[str, bool]:
    """The name of a file without its version, and whether the version is the present one."""
    match = VERSIONED.fullmatch(path)
    return (match[2], match[1] == version()) if match else (path, False)
