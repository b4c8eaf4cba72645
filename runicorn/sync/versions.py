"""Versions of artifacts of another machine, brought after the runs that made or used them.

A version never changes, so each is looked at once. Its manifest is judged before anything is fetched; contents that the
pool has are not fetched, the others lie beside the state until all of them have their digests, and then the version gets
the number that it has over there. Where the store here has another version of that number, that one stays.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from runicorn import _platform
from runicorn.archives import versions as arriving
from runicorn.archives.limits import ArchiveRefused
from runicorn.archives.paths import SKIPPED
from runicorn.archives.staging import Unpacked
from runicorn.artifacts import create, names, store
from runicorn.artifacts.copying import hash_file
from runicorn.artifacts.errors import ArtifactError, DamagedFile
from runicorn.artifacts.manifest import ALGORITHM, Manifest
from runicorn.artifacts.records import ENTRIES
from runicorn.settings import free_space
from runicorn.store import layout
from runicorn.sync.budget import Budget
from runicorn.sync.client import MOST_PROBLEMS, Ending, Progress, alone
from runicorn.sync.state import PARTS
from runicorn.sync.transport import Remote, joined

STATE = ".sync_versions.json"
BINNED = "in the recycle bin"
STANDS = "another one stands here"
LISTS = (layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED)


class Key(NamedTuple):
    """Which version."""

    type: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.type}/{self.name}:v{self.number}"


class Versions:
    """The versions of one store on another machine, on their way into the store here.

    Args:
        remote: the files of the other machine.
        remote_root: the storage root there.
        root: the storage root here.
        state_dir: where is remembered what was looked at; on the same file system.
        ending: of the connection, on purpose.
    """

    def __init__(
        self, remote: Remote, remote_root: str, root: Path, state_dir: Path, ending: Ending | None = None
    ) -> None:
        self._remote = remote
        self._remote_root = remote_root
        self._root = root
        self._shelves = store.Store(root)
        self._state = state_dir / STATE
        self._state_dir = state_dir
        self._ending = ending or Ending()
        self._parts = state_dir / PARTS
        self._known: dict[str, str] = {}
        self._result: dict[str, Any] = {"artifacts_synced": 0, "bytes_downloaded": 0, "failed_count": 0}
        self._problems: list[str] = []
        self._counting = threading.Lock()
        self._budget = Budget(self._parts)

    def bring(self, folders: Iterable[str], progress: Progress | None = None) -> dict[str, Any]:
        """Bring the versions that some mirrored runs made or used.

        Args:
            folders: of the runs, relative to the root.
            progress: is told files done, files in all, and the path of the last, version by version.

        Returns:
            `artifacts_synced`, `bytes_downloaded`, `failed_count`, `problems` and `duration`.

        Raises:
            ConnectionError: the connection is lost; what came until then is kept.
            OSError: the folder here cannot be written.
        """
        began = time.monotonic()
        self._parts.mkdir(parents=True, exist_ok=True)
        with alone(self._state_dir, self._ending):
            known = layout.read_json(self._state)[0]
            self._known = {key: word for key, word in known.items() if isinstance(word, str)}
            for key in dict.fromkeys(key for folder in folders for key in self._named(folder)):
                if not self._is_settled(key):
                    self._one(key, progress)
        return {**self._result, "problems": self._problems, "duration": time.monotonic() - began}

    def _named(self, folder: str) -> Iterator[Key]:
        """The versions that the lists of a run name, as far as they can be."""
        for file in LISTS:
            entries = layout.read_json(self._root / folder / file)[0].get(ENTRIES)
            for entry in entries if isinstance(entries, list) else ():
                about = entry if isinstance(entry, dict) else {}
                kind, name, number = (about.get(field) for field in ("type", "name", "version"))
                if isinstance(kind, str) and type(number) is int and 0 < number < 2**31:
                    with suppress(ArtifactError):
                        own = names.check_stored_type(names.MISPLACED.get(kind, kind))
                        yield Key(own, names.check_name(name), number)

    def _is_settled(self, key: Key) -> bool:
        """Whether nothing is to be done about it: what it gave way to here may be gone."""
        word = self._known.get(str(key))
        return word is not None and (word != STANDS or self._is_in_the_way(key))

    def _is_in_the_way(self, key: Key) -> bool:
        folder = self._shelves.folder(key.type, key.name)
        return bool(create.clash_of(folder)) or folder.version(key.number).path.is_dir()

    def _one(self, key: Key, progress: Progress | None) -> None:
        try:
            word = self._take(key, progress)
        except (FileNotFoundError, ArchiveRefused, ArtifactError) as error:
            # Not there any more, or not to be trusted: that will not be otherwise at the next visit.
            word = "gone" if isinstance(error, FileNotFoundError) else f"refused: {error}"
            if word != "gone":
                self._tell(f"{key} was not taken: {error}")
        except ConnectionError:
            raise
        except OSError as error:
            self._result["failed_count"] += 1
            self._tell(f"{key}: {error.strerror or error}")
            return
        if word == BINNED:  # it may come back
            return
        self._known[str(key)] = word
        layout.write_json(self._state, self._known)

    def _take(self, key: Key, progress: Progress | None) -> str:
        """Bring one version; a word for what became of it.

        Raises:
            FileNotFoundError: it is not there any more.
            ArchiveRefused, ArtifactError: its manifest is not to be trusted.
        """
        shelf, there = self._found(key)
        if layout.DELETED in there:
            return BINNED
        place = f"{shelf}/v{key.number}"
        arrival = self._arrival(key, shelf, there)
        if clash := create.clash_of(arrival.folder):
            self._tell(
                f"{key} was not taken: there is an artifact {clash!r} here, which differs in nothing but case."
            )
            return STANDS
        if arrival.is_there:
            if arrival.is_same:
                return "here already"
            self._tell(f"{key} was not taken: there is another version of that number here.")
            return STANDS
        parts = self._contents(place, arrival, progress)
        with self._shelves.pool.in_use():
            gone = [file for file in arrival.files if not self._holds(file.digest, file.size, parts)]
            if gone:  # thrown away since it was looked for
                raise OSError(errno.EAGAIN, f"{gone[0].path} is to be fetched again")
            if not arriving.put(self._shelves, arrival, parts):
                return "here already"
        self._result["artifacts_synced"] += 1
        return "taken"

    def _holds(self, digest: str, size: int, parts: dict[str, Unpacked]) -> bool:
        return digest in parts or self._shelves.pool.holds(digest, size)

    def _found(self, key: Key) -> tuple[str, set[str]]:
        """The folder of the artifact over there, and the names in that of the version.

        Raises:
            FileNotFoundError: it is not there.
        """
        for kind in names.folders(key.type):
            shelf = f"{store.ARTIFACTS}/{kind}/{key.name}"
            with suppress(FileNotFoundError):
                items = self._remote.list(joined(self._remote_root, f"{shelf}/v{key.number}"))
                return shelf, {item.name for item in items}
        raise FileNotFoundError(errno.ENOENT, "no such version over there", str(key))

    def _arrival(self, key: Key, shelf: str, there: set[str]) -> arriving.Arrival:
        small, own = {}, hashlib.sha256(str(key).encode()).hexdigest()[:32]
        for name in {store.MANIFEST, store.METADATA, store.CURATION} & (there | {store.MANIFEST}):
            ceiling = store.MANIFEST_CEILING if name == store.MANIFEST else layout.JSON_CEILING
            small[name] = self._parts / f"{own}-{name}"
            # Once it is placed it is remembered, and never fetched again.
            _platform.replace_file(small[name], self._small(f"{shelf}/v{key.number}/{name}", ceiling))
        value, problem = layout.read_json(small[store.MANIFEST], ceiling=store.MANIFEST_CEILING)
        if problem:
            raise DamagedFile(problem)
        files = Manifest.from_dict(value).files
        names.check_paths(file.path for file in files)
        folder = self._shelves.folder(key.type, key.name)
        return arriving.Arrival(folder, key.number, small, files, tuple(self._aliases(key, shelf)))

    def _aliases(self, key: Key, shelf: str) -> Iterator[str]:
        with suppress(FileNotFoundError):
            content = self._small(f"{shelf}/{store.INDEX}", layout.JSON_CEILING)
            with suppress(ValueError, RecursionError, AttributeError):
                for alias, number in json.loads(content).get("aliases", {}).items():
                    if number == key.number:
                        with suppress(ArtifactError):
                            yield names.check_alias(alias)

    def _small(self, path: str, ceiling: int) -> bytes:
        pieces: list[bytes] = []
        self._remote.read(joined(self._remote_root, path), 0, ceiling + 1, pieces.append)
        self._result["bytes_downloaded"] += sum(map(len, pieces))
        return b"".join(pieces)

    def _contents(
        self, place: str, arrival: arriving.Arrival, progress: Progress | None
    ) -> dict[str, Unpacked]:
        """The contents that the pool lacks, as files of their own."""
        lacking = {
            file.digest: file
            for file in arrival.files
            if not self._shelves.pool.holds(file.digest, file.size)
        }
        pool = ThreadPoolExecutor(max_workers=self._remote.together, thread_name_prefix="runicorn-sync")
        found: dict[str, Unpacked] = {}
        try:
            waiting: dict[Future[Path], str] = {
                pool.submit(self._content, f"{place}/{store.FILES}/{file.path}", digest, file.size): digest
                for digest, file in lacking.items()
            }
            for future in as_completed(waiting):
                file = lacking[waiting[future]]
                found[file.digest] = Unpacked(SKIPPED, future.result(), file.size, file.digest)
                if progress is not None:
                    progress(len(found), len(lacking), f"{place}/{store.FILES}/{file.path}")
        finally:
            pool.shutdown(cancel_futures=True)
        return found

    def _content(self, path: str, digest: str, size: int) -> Path:
        """A content beside the state, with its digest; what came of it before is gone on from.

        Raises:
            OSError: it could not be read or written, is missing, or has another digest.
        """
        part = self._parts / digest.removeprefix(ALGORITHM)
        far = joined(self._remote_root, path)
        with open(part, "r+b" if part.exists() else "w+b") as file:
            have = file.seek(0, os.SEEK_END)
            free_space.require(self._parts, size - have)
            if have < size:
                self._read(far, have, size - have, file)
            file.flush()
            if os.fstat(file.fileno()).st_size == size and ALGORITHM + hash_file(file.fileno()) == digest:
                return part
        part.unlink()
        raise OSError(errno.EIO, f"{path} is not what its manifest says")

    def _read(self, far: str, offset: int, size: int, file: BinaryIO) -> None:
        def take(piece: bytes) -> None:
            self._budget.spend(len(piece))
            file.write(piece)
            with self._counting:
                self._result["bytes_downloaded"] += len(piece)

        try:
            self._remote.read(far, offset, size, take)
        except FileNotFoundError as error:  # the version is there, and not whole
            raise OSError(errno.EIO, "it is missing over there", far) from error

    def _tell(self, sentence: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(sentence)
