"""Location of a content that only the bucket of a store has."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass

from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.manifest import ALGORITHM, FileEntry
from runicorn.artifacts.s3.bucket import Bucket
from runicorn.store.progress import NO_PROGRESS, Progress


@dataclass(frozen=True)
class BucketPlace:
    """A file of a version whose content is in a bucket."""

    bucket: Bucket
    file: FileEntry

    @property
    def address(self) -> str:
        """Return its URL, for messages."""
        return self.bucket.address(self.file.digest)

    def blocks(self, first: int = 0, last: int | None = None) -> Generator[bytes]:
        """Yield its bytes, or those from `first` to `last`, which are not verified."""
        return self.bucket.blocks(self.file.digest, first, last)

    def require(self) -> None:
        """Check that the bucket has it.

        Raises:
            DamagedFile: it is missing, or has another size.
        """
        stored = self.bucket.stored(self.file.digest)
        if stored is None or stored.size != self.file.size:
            raise DamagedFile(
                "{path} is missing or torn in {url}.", path=repr(self.file.path), url=self.bucket.url
            )

    def damage(self, progress: Progress = NO_PROGRESS) -> str:
        """Return how it differs from what was stored; "" if it does not. Reads it only if its size is right."""
        stored = self.bucket.stored(self.file.digest)
        if stored is None:
            return "missing"
        written_at = stored.modified.strftime("%Y-%m-%d %H:%M:%S UTC")
        if stored.size != self.file.size:
            return f"{stored.size:,} bytes instead of {self.file.size:,}, last written {written_at}"
        hashed = hashlib.sha256()
        for block in self.blocks():
            hashed.update(block)
            progress.advance(len(block))
        is_whole = ALGORITHM + hashed.hexdigest() == self.file.digest
        return "" if is_whole else f"content differs, last written {written_at}"
