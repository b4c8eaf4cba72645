"""The sources of a run: `sources.json` and the packs in the folder of the run."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.artifacts.contents import Contents
from runicorn.artifacts.pool import Pool, seal
from runicorn.capture.sources import pack
from runicorn.newer_python import sha256
from runicorn.store import layout
from runicorn.store.containment import check_inside

ENDING = ".zip"
_DIGEST = re.compile(r"[0-9a-f]{64}")
LATE_SECONDS = 30.0
"""Seconds after the end of a run within which its sources may still be stored."""
BEGAN = "began_at"
"""Key of `sources.json` while the sources are being stored; it stays if they never are."""
PACKS = 64
"""Maximum number of packs of a run."""


class Sources:
    """The sources of one run.

    Attributes:
        about: content of `sources.json`; {} without sources.
    """

    def __init__(self, run_dir: Path) -> None:
        self._folder = run_dir / layout.SOURCES
        self.about: dict[str, Any] = {}
        self.refresh()

    def __bool__(self) -> bool:
        return bool(packs_of(self.about))

    def refresh(self) -> None:
        """Read `sources.json` again."""
        self.about = layout.read_json(self._folder.with_name(layout.SOURCES_FILE))[0]

    @property
    def is_unfinished(self) -> bool:
        """Return whether storing them has begun and not ended."""
        return not self and BEGAN in self.about

    @property
    def identity(self) -> str:
        """Return the digest by which equal states are recognised; "" without one."""
        value = self.about.get("identity")
        return value if isinstance(value, str) else ""

    @cached_property
    def files(self) -> dict[str, pack.File]:
        """Return the files by path.

        Raises:
            ValueError, OSError: the pack with the tree is damaged or missing.
        """
        head = self.about.get("head")
        if head not in packs_of(self.about):
            return {}
        return {file.path: file for file in pack.read_tree(self._folder / f"{head}{ENDING}")}

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises:
            KeyError: there is no such file.
            ValueError, OSError: the pack with it is damaged or missing.
        """
        return next(content for _, content in self.contents([self.files[path]]))

    def contents(self, files: list[pack.File]) -> Iterator[tuple[pack.File, bytes]]:
        """Yield files with their contents, pack by pack.

        Raises:
            ValueError, OSError: a pack is damaged or missing.
        """
        import zipfile

        by_pack: dict[str, list[pack.File]] = {}
        for file in files:
            by_pack.setdefault(file.pack or str(self.about.get("head")), []).append(file)
        for digest, members in by_pack.items():
            if digest not in packs_of(self.about):
                raise ValueError(f"The pack of {members[0].path} is not in the list of the run")
            path = self._folder / f"{digest}{ENDING}"
            with open(_platform.open_regular(path, follow_links=False), "rb") as stream:
                try:
                    with zipfile.ZipFile(stream) as archive:
                        for file in members:
                            yield file, pack.member(archive, file.name)
                except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError) as error:
                    raise ValueError(f"{path.name} is damaged") from error


def packs_of(about: dict[str, Any]) -> dict[str, int]:
    """Return the packs in the content of `sources.json` with their sizes; invalid entries are left out."""
    packs = about.get("packs")
    if not isinstance(packs, dict) or len(packs) > PACKS:
        return {}
    return {
        digest: size
        for digest, size in packs.items()
        if _DIGEST.fullmatch(digest) and isinstance(size, int) and size > 0
    }


def link(pool: Pool, run_dir: Path, digest: str) -> None:
    """Add a pack of the pool to the folder of a run: by a hard link, else by a copy.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = run_dir / layout.SOURCES
    folder.mkdir(exist_ok=True)
    target = folder / f"{digest}{ENDING}"
    if not target.exists():
        link_or_copy(pool.blob(digest), target)


def link_or_copy(path: Path, target: Path) -> None:
    """Make a hard link, or a copy where the file system has none."""
    try:
        os.link(path, target)
    except OSError:
        _platform.replace_file(target, path.read_bytes())


def settle(root: Path, run_dir: Path, pool: Pool) -> list[str]:
    """Share the packs of a run that came from elsewhere with the pool; return those that are missing.

    A pack that the run lacks is taken from the pool; one that the pool lacks is added to it if its digest is right.

    Raises:
        OSError: a folder cannot be written.
    """
    packs = packs_of(layout.read_json(run_dir / layout.SOURCES_FILE)[0])
    if not packs:
        return []
    missing = []
    check_inside(root, run_dir / layout.SOURCES)
    with pool.in_use():
        for digest, size in packs.items():
            path = run_dir / layout.SOURCES / f"{digest}{ENDING}"
            if pool.holds(digest, size):
                if path.is_file() and not path.is_symlink() and not os.path.samefile(path, pool.blob(digest)):
                    path.unlink()
                link(pool, run_dir, digest)
            elif path.is_file() and not path.is_symlink():
                _add(pool, path, digest)
            else:
                missing.append(digest)
    return missing


def adopt(pool: Pool, path: Path, digest: str) -> None:
    """Add a pack that came from elsewhere to the pool, if its digest is right and the pool lacks it."""
    with pool.in_use():
        if not pool.holds(digest, path.stat().st_size):
            _add(pool, path, digest)


def _add(pool: Pool, path: Path, digest: str) -> None:
    if not is_intact(path, digest):
        return
    blob = pool.blob(digest)
    check_inside(pool.root, blob.parent).mkdir(exist_ok=True)
    with suppress(OSError):  # no hard links here: the run has a copy of its own
        seal(path, digest)
        with suppress(FileNotFoundError):
            blob.unlink()  # torn, else the pool would have it
        os.link(path, blob)


def pool_of(root: Path) -> Pool:
    """Return the pool of a storage root."""
    return Contents(root, root / "artifacts").pool


def is_intact(path: Path, digest: str) -> bool:
    """Return whether a pack has the content that its name says."""
    try:
        with open(_platform.open_regular(path, follow_links=False), "rb") as file:
            return sha256(file) == digest
    except OSError:
        return False


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
