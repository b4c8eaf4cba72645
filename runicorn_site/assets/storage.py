"""Versioned URLs of static files, which browsers cache permanently.

The version is the first folder of the path, so relative URLs in a file (imports of a module) have it too. With
`RUNICORN_DEBUG` there is no version, and a changed file is loaded with the next page.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage

from runicorn_site.web.addresses import site_address

VERSIONED = re.compile(r"v-([0-9a-f]{16})/(.+)", re.DOTALL)


class VersionedFiles(StaticFilesStorage):
    """Storage that gives the `static` template tag its URLs."""

    def url(self, name: str | None) -> str:
        """Return the URL of a file, or of a folder if the name ends in `/`."""
        own = super().url(name if settings.DEBUG else f"v-{version()}/{name}")
        return site_address(own)


@lru_cache(maxsize=1)
def version() -> str:
    """Return a digest of all static files, computed once per process."""
    digest = blake2b(digest_size=8)
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            state = os.stat(storage.path(name))
            digest.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def split(path: str) -> tuple[str, bool]:
    """Split a path into the name of the file and whether its version is the current one."""
    match = VERSIONED.fullmatch(path)
    return (match[2], match[1] == version()) if match else (path, False)
