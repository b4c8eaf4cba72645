"""Compare the runs of a store with those of a server, by digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runicorn.api.errors import NotFoundError
from runicorn.api.transport import Transport
from runicorn.maintenance.fsck.report import Report
from runicorn.store import find, layout
from runicorn.upload.client import token

TIMEOUT = 60.0
NUMBERED_ANEW = {layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED}
"""Versions of artifacts have other numbers on a server, and these files name them."""


def compare_with_server(root: Path, url: str, report: Report) -> None:
    """Report runs and files that the server lacks, or has with another content.

    Raises:
        ValueError: `url` is no address.
        runicorn.api.errors.RunicornAPIError: the server does not answer, or refuses.
    """
    transport = Transport(url, TIMEOUT, 2, token())
    for relative in find.all_runs(root):
        folder = root / relative
        for name in _files(folder):
            place = f"{relative}/{name}"
            path = f"/api/runs/{quote(folder.name)}/files/{quote(name)}"
            try:
                there: Any = transport.json("GET", path)
            except NotFoundError:
                report.error("not-on-server", place, f"{url} does not have this file.")
                continue
            if there["digest"] != _digest(folder / name):
                text = f"{url} has another content: {there['size']:,} bytes."
                report.error("differs-on-server", place, text)


def _files(folder: Path) -> Iterator[str]:
    """Yield the files of a run that are uploaded."""
    for name in sorted((layout.OF_THE_LIBRARY | layout.GROWING) - NUMBERED_ANEW):
        if os.path.isfile(folder / name):
            yield name
    media = folder / layout.MEDIA
    for name in sorted(os.listdir(media)) if media.is_dir() else ():
        yield f"{layout.MEDIA}/{name}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
