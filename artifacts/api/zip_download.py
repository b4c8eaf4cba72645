"""Stream a version as a zip file.

Nothing is compressed: models and datasets hardly shrink, and the disk should be the limit. Memory holds one block and the
central directory, which a zip file has at its end.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from artifacts.errors import http_errors
from artifacts.models import Version
from runicorn.artifacts import verify
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.manifest import FileEntry
from runicorn_tools.archives.write import EARLIEST, LATEST, Outlet

BATCH = 1000


def check(version: Version) -> None:
    """Check that every file exists with its size, so that an error has a status code.

    Raises:
        Damaged: a file is missing or has another size.
        Unavailable: the bucket of the store cannot be used.
    """
    on_disk, sizes, bucket = version.on_disk, dict[str, int](), None
    with http_errors():
        for entry in entries(version):
            place = verify.first_place(on_disk, entry)
            if not isinstance(place, Path):
                bucket, sizes[entry.digest] = place.bucket, entry.size
        stored_sizes = bucket.sizes(sizes) if bucket is not None else sizes
        for digest in sizes:
            if stored_sizes.get(digest) != sizes[digest]:
                raise DamagedFile(
                    "{version} is incomplete: {digest} is missing.", version=version, digest=digest
                )


def entries(version: Version) -> Iterator[FileEntry]:
    """Yield the files of a version by path, in batches: a slow client must not hold a query open."""
    after = ""
    while rows := list(
        version.files.filter(path__gt=after)
        .order_by("path")
        .values_list("path", "size", "digest", "modified")[:BATCH]
    ):
        yield from (FileEntry(*row) for row in rows)
        after = rows[-1][0]


def zipped(version: Version) -> Iterator[bytes]:
    """Yield the bytes of the zip file.

    Raises:
        DamagedFile: a file is damaged. The zip file is then incomplete, which every reader notices.
    """
    on_disk, outlet = version.on_disk, Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for entry in entries(version):
            place = verify.first_place(on_disk, entry)
            with archive.open(_info(entry), "w") as target:
                for block in verify.blocks(place, entry):
                    target.write(block)
                    yield outlet.drain()
            yield outlet.drain()
    yield outlet.drain()


def _info(entry: FileEntry) -> zipfile.ZipInfo:
    moment = min(max(entry.modified_at or EARLIEST, EARLIEST), LATEST)
    about = zipfile.ZipInfo(entry.path, time.gmtime(moment)[:6])
    about.file_size = entry.size
    about.external_attr = 0o644 << 16
    return about
