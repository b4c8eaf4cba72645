"""Contents of a store: the pool on disk, and the bucket that receives contents from other machines if there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from runicorn.artifacts.pool import Pool
from runicorn.settings import user

if TYPE_CHECKING:
    from runicorn.artifacts.s3.bucket import Bucket


class Contents:
    """The contents of a store.

    Attributes:
        path: the folder of the store in it, which need not exist.
        pool: the contents on disk.
    """

    def __init__(self, root: Path, path: Path) -> None:
        self.root = root
        self.path = path
        self.pool = Pool(path / ".dedup", root)

    @cached_property
    def bucket(self) -> Bucket | None:
        """Return the bucket that receives contents from other machines; None if the store uses none here.

        Raises:
            BadPool: `RUNICORN_ARTIFACT_POOL` is malformed.
        """
        if not user.get("RUNICORN_ARTIFACT_POOL"):
            return None
        from runicorn.artifacts.s3.binding import bucket_of

        return bucket_of(self.path)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Lock the pool while storing contents, as `Pool.in_use`; the bucket stays the same meanwhile."""
        with self.pool.in_use():
            self.__dict__.pop("bucket", None)  # its contents may have been moved to the folder
            yield

    @property
    def unused_bucket(self) -> str | None:
        """Return the URL of the bucket that has contents of the store if this process does not use it."""
        from runicorn.artifacts.s3.binding import bound_to

        return None if self.bucket else bound_to(self.path)

    def holds(self, digest: str, size: int) -> bool:
        """Return whether the pool or the bucket has a content."""
        return not self.lacking({digest: size})

    def lacking(self, sizes: Mapping[str, int]) -> list[str]:
        """Return the digests of those contents that neither the pool nor the bucket has, given their sizes."""
        lacking = [digest for digest, size in sizes.items() if not self.pool.holds(digest, size)]
        if lacking and self.bucket is not None:
            lacking = self.bucket.lacking({digest: sizes[digest] for digest in lacking})
        return lacking

    def adopt(self, path: Path, digest: str, size: int) -> None:
        """Move a file to the bucket, or to the pool without one. The caller holds the lock of the pool.

        Its digest is verified.

        Raises:
            PoolUnavailable: the bucket does not have it; the file is unchanged.
            OSError: it could not be renamed; it is unchanged.
        """
        if self.bucket is None:
            self.pool.adopt(path, digest, size)
        else:
            self.bucket.put_file(path, digest, size)
            path.unlink()
