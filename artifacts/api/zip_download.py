"""A whole version as a zip file that is written while it is sent.

Nothing is compressed: models and datasets hardly shrink, and the disk is to be the limit. The memory holds one block
and the table of contents, which a zip file has at its end.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator

from artifacts.errors import answered
from artifacts.models import Version
from runicorn.archives.write import EARLIEST, LATEST, Outlet
from runicorn.artifacts import verify
from runicorn.artifacts.manifest import FileEntry

BATCH = 1000


def check(version: Version) -> None:
    """Look whether every file is there with its size, so that a version that is not can be told of before it is sent.

    Raises:
        Damaged: one is not.
    """
    on_disk = version.on_disk
    with answered():
        for entry in entries(version):
            verify.first_place(on_disk, entry)


def entries(version: Version) -> Iterator[FileEntry]:
    """The files of a version by path, without a query that stays open while a slow client reads."""
    after = ""
    while rows := list(
        version.files.filter(path__gt=after)
        .order_by("path")
        .values_list("path", "size", "digest", "modified")[:BATCH]
    ):
        yield from (FileEntry(*row) for row in rows)
        after = rows[-1][0]


def zipped(version: Version) -> Iterator[bytes]:
    """The bytes of the zip file.

    Raises:
        DamagedFile: a file is not what was stored. The zip file has no end then, and nobody takes it for whole.
    """
    on_disk, outlet = version.on_disk, Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for entry in entries(version):
            place = verify.first_place(on_disk, entry)
            with archive.open(_info(entry), "w") as target:
                for block in verify.blocks(place, entry):
                    target.write(block)
                    yield outlet.taken()
            yield outlet.taken()
    yield outlet.taken()


def _info(entry: FileEntry) -> zipfile.ZipInfo:
    moment = min(max(entry.modified_at or EARLIEST, EARLIEST), LATEST)
    about = zipfile.ZipInfo(entry.path, time.gmtime(moment)[:6])
    about.file_size = entry.size
    about.external_attr = 0o644 << 16
    return about
