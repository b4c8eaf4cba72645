"""Mirror of the artifact versions that mirrored runs created or used.

A version never changes, so each is fetched once. Its manifest is validated first; contents in the local pool are not
fetched, the others are kept beside the state until all digests match. The version keeps its remote number; a local
version of that number wins.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from runicorn import _platform
from runicorn.artifacts import create, names, store
from runicorn.artifacts.copying import hash_file
from runicorn.artifacts.errors import ArtifactError, BadPool, DamagedFile, PoolUnavailable
from runicorn.artifacts.manifest import ALGORITHM, Manifest
from runicorn.artifacts.records import ENTRIES
from runicorn.artifacts.s3.binding import FILE, POOL, named_bucket
from runicorn.artifacts.s3.connection import is_url
from runicorn.settings import free_space
from runicorn.store import layout
from runicorn_tools.archives import versions
from runicorn_tools.archives.limits import ArchiveRefused
from runicorn_tools.archives.paths import SKIPPED
from runicorn_tools.archives.staging import Unpacked
from runicorn_tools.sync.budget import Budget
from runicorn_tools.sync.run_mirror import MOST_PROBLEMS, Progress
from runicorn_tools.sync.state import PARTS
from runicorn_tools.sync.stopping import StopRequest, exclusive
from runicorn_tools.sync.transport import RemoteFiles, join_path

STATE = ".sync_versions.json"
DELETED = "in the recycle bin"
CONFLICTS = "another one exists here"
LISTS = (layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED)


class VersionKey(NamedTuple):
    type: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.type}/{self.name}:v{self.number}"


class ArtifactMirror:
    """Mirror of the artifact versions of a remote store.

    Args:
        remote: the files of the remote host.
        state_dir: folder of the sync state, on the same file system.
        stop: request to stop, set by another thread or a signal handler.
    """

    def __init__(
        self,
        remote: RemoteFiles,
        remote_root: str,
        root: Path,
        state_dir: Path,
        stop: StopRequest | None = None,
    ) -> None:
        self._remote = remote
        self._remote_root = remote_root
        self._root = root
        self._store = store.Store(root)
        self._state = state_dir / STATE
        self._state_dir = state_dir
        self._stop = stop or StopRequest()
        self._parts = state_dir / PARTS
        self._known: dict[str, str] = {}
        self._result: dict[str, Any] = {"artifacts_synced": 0, "bytes_downloaded": 0, "failed_count": 0}
        self._problems: list[str] = []
        self._counting = threading.Lock()
        self._budget = Budget(self._parts)

    def run(self, folders: Iterable[str], progress: Progress | None = None) -> dict[str, Any]:
        """Mirror the versions that runs created or used.

        Args:
            folders: the folders of the runs, relative to the root.
            progress: called with files done, files in total, and the path of the last, for each version.

        Returns:
            `artifacts_synced`, `bytes_downloaded`, `failed_count`, `problems` and `duration`.

        Raises:
            ConnectionError: the connection is lost; what was fetched until then is kept.
        """
        began = time.monotonic()
        self._parts.mkdir(parents=True, exist_ok=True)
        with exclusive(self._state_dir, self._stop):
            outcomes = layout.read_json(self._state)[0]
            self._known = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, str)}
            for key in dict.fromkeys(key for folder in folders for key in self._referenced(folder)):
                if not self._is_settled(key):
                    self._mirror_version(key, progress)
        return {**self._result, "problems": self._problems, "duration": time.monotonic() - began}

    def _referenced(self, folder: str) -> Iterator[VersionKey]:
        """Yield the valid versions in the lists of a run."""
        for file in LISTS:
            entries = layout.read_json(self._root / folder / file)[0].get(ENTRIES)
            for entry in entries if isinstance(entries, list) else ():
                about = entry if isinstance(entry, dict) else {}
                kind, name, number = (about.get(field) for field in ("type", "name", "version"))
                if isinstance(kind, str) and type(number) is int and 0 < number < 2**31:
                    with suppress(ArtifactError):
                        own = names.check_stored_type(names.MISPLACED.get(kind, kind))
                        yield VersionKey(own, names.check_name(name), number)

    def _is_settled(self, key: VersionKey) -> bool:
        """Return whether it needs no work; a conflicting local version may have been deleted."""
        outcome = self._known.get(str(key))
        return outcome is not None and (outcome != CONFLICTS or self._is_blocked(key))

    def _is_blocked(self, key: VersionKey) -> bool:
        folder = self._store.folder(key.type, key.name)
        return bool(create.clash_of(folder)) or folder.version(key.number).path.is_dir()

    def _mirror_version(self, key: VersionKey, progress: Progress | None) -> None:
        try:
            outcome = self._fetch_version(key, progress)
        except (BadPool, PoolUnavailable) as error:  # of this machine: the next sync may succeed
            self._fail(f"{key}: {error}")
            return
        except (FileNotFoundError, ArchiveRefused, ArtifactError) as error:
            # Deleted or invalid: the next sync would find the same.
            outcome = "gone" if isinstance(error, FileNotFoundError) else f"refused: {error}"
            if outcome != "gone":
                self._report(f"{key} was not mirrored: {error}")
        except ConnectionError:
            raise
        except OSError as error:
            self._fail(f"{key}: {error.strerror or error}")
            return
        if outcome == DELETED:  # it may be restored
            return
        self._known[str(key)] = outcome
        layout.write_json(self._state, self._known)

    def _fetch_version(self, key: VersionKey, progress: Progress | None) -> str:
        """Fetch one version; return its outcome."""
        shelf, there = self._locate(key)
        if layout.DELETED in there:
            return DELETED
        place = f"{shelf}/v{key.number}"
        arrival = self._arrival(key, shelf, there)
        if clash := create.clash_of(arrival.folder):
            self._report(
                f"{key} was not mirrored: the artifact {clash!r} exists here and differs only in case."
            )
            return CONFLICTS
        if arrival.is_there:
            if arrival.is_same:
                return "here already"
            self._report(f"{key} was not mirrored: another version has this number here.")
            return CONFLICTS
        parts = self._contents(place, arrival, progress)
        with self._store.in_use():
            missing = [file for file in arrival.files if not self._holds(file.digest, file.size, parts)]
            if missing:  # collected as garbage since the check
                raise OSError(errno.EAGAIN, f"{missing[0].path} must be fetched again")
            if not versions.put(self._store, arrival, parts):
                return "here already"
        self._result["artifacts_synced"] += 1
        return "taken"

    def _holds(self, digest: str, size: int, parts: dict[str, Unpacked]) -> bool:
        return digest in parts or self._store.holds(digest, size)

    def _locate(self, key: VersionKey) -> tuple[str, set[str]]:
        """Return the remote folder of the artifact, and the names in that of the version."""
        for kind in names.folders(key.type):
            shelf = f"{store.ARTIFACTS}/{kind}/{key.name}"
            with suppress(FileNotFoundError):
                items = self._remote.list(join_path(self._remote_root, f"{shelf}/v{key.number}"))
                return shelf, {item.name for item in items}
        raise FileNotFoundError(errno.ENOENT, "no such version on the remote host", str(key))

    def _arrival(self, key: VersionKey, shelf: str, there: set[str]) -> versions.Arrival:
        small, own = {}, hashlib.sha256(str(key).encode()).hexdigest()[:32]
        for name in {store.MANIFEST, store.METADATA, store.CURATION} & (there | {store.MANIFEST}):
            ceiling = store.MANIFEST_CEILING if name == store.MANIFEST else layout.JSON_CEILING
            small[name] = self._parts / f"{own}-{name}"
            # A placed version is recorded, and never fetched again.
            _platform.replace_file(small[name], self._small(f"{shelf}/v{key.number}/{name}", ceiling))
        value, problem = layout.read_json(small[store.MANIFEST], ceiling=store.MANIFEST_CEILING)
        if problem:
            raise DamagedFile(problem)
        files = Manifest.from_dict(value).files
        names.check_paths(file.path for file in files)
        folder = self._store.folder(key.type, key.name)
        return versions.Arrival(folder, key.number, small, files, tuple(self._aliases(key, shelf)))

    def _aliases(self, key: VersionKey, shelf: str) -> Iterator[str]:
        with suppress(FileNotFoundError):
            content = self._small(f"{shelf}/{store.INDEX}", layout.JSON_CEILING)
            with suppress(ValueError, RecursionError, AttributeError):
                for alias, number in json.loads(content).get("aliases", {}).items():
                    if number == key.number:
                        with suppress(ArtifactError):
                            yield names.check_alias(alias)

    def _small(self, path: str, ceiling: int) -> bytes:
        pieces: list[bytes] = []
        self._remote.read(join_path(self._remote_root, path), 0, ceiling + 1, pieces.append)
        self._result["bytes_downloaded"] += sum(map(len, pieces))
        return b"".join(pieces)

    def _contents(
        self, place: str, arrival: versions.Arrival, progress: Progress | None
    ) -> dict[str, Unpacked]:
        """Fetch the contents missing in the pool into files."""
        missing = set(self._store.lacking({file.digest: file.size for file in arrival.files}))
        lacking = {file.digest: file for file in arrival.files if file.digest in missing}
        pool = ThreadPoolExecutor(max_workers=self._remote.parallel, thread_name_prefix="runicorn-sync")
        members: dict[str, Unpacked] = {}
        try:
            waiting: dict[Future[Path], str] = {
                pool.submit(self._content, f"{place}/{store.FILES}/{file.path}", digest, file.size): digest
                for digest, file in lacking.items()
            }
            for future in as_completed(waiting):
                file = lacking[waiting[future]]
                members[file.digest] = Unpacked(SKIPPED, future.result(), file.size, file.digest)
                if progress is not None:
                    progress(len(members), len(lacking), f"{place}/{store.FILES}/{file.path}")
        finally:
            pool.shutdown(cancel_futures=True)
        return members

    def _content(self, path: str, digest: str, size: int) -> Path:
        """Fetch a content beside the state, resuming a partial file, and verify its digest."""
        part = self._parts / digest.removeprefix(ALGORITHM)
        far = join_path(self._remote_root, path)
        with open(part, "r+b" if part.exists() else "w+b") as file:
            have = file.seek(0, os.SEEK_END)
            free_space.require(self._parts, size - have)
            if have < size:
                self._read(far, digest, have, size - have, file)
            file.flush()
            if os.fstat(file.fileno()).st_size == size and ALGORITHM + hash_file(file.fileno()) == digest:
                return part
        part.unlink()
        raise OSError(errno.EIO, f"{path} differs from its manifest")

    def _read(self, far: str, digest: str, offset: int, size: int, file: BinaryIO) -> None:
        def write(piece: bytes) -> None:
            self._budget.spend(len(piece))
            file.write(piece)
            with self._counting:
                self._result["bytes_downloaded"] += len(piece)

        try:
            self._remote.read(far, offset, size, write)
        except FileNotFoundError as error:  # the version exists but is incomplete
            self._read_from_bucket(far, digest, offset, write, error)

    def _read_from_bucket(
        self, far: str, digest: str, offset: int, write: Callable[[bytes], None], absent: OSError
    ) -> None:
        """Read a content from the bucket of the remote store, if the environment names the same one.

        Raises:
            OSError: the store has no bucket, or the bucket is not used here.
        """
        if not self._remote_bucket:
            raise OSError(errno.EIO, "it is missing on the remote host", far) from absent
        bucket = named_bucket()
        if bucket is None or bucket.url != self._remote_bucket:
            sentence = (
                f"its contents are in {self._remote_bucket}, not on the remote host: fetch it with `runicorn sync "
                f"--artifacts`, with {POOL}={self._remote_bucket} and the variables of AWS"
            )
            raise OSError(errno.EIO, sentence, far) from absent
        try:
            for block in bucket.blocks(digest, offset):
                write(block)
        except FileNotFoundError as error:
            raise OSError(errno.EIO, f"it is missing in {bucket.url}", far) from error

    @cached_property
    def _remote_bucket(self) -> str:
        """The bucket of the remote store, "" for none."""
        try:
            value = json.loads(self._small(f"{store.ARTIFACTS}/{FILE}", layout.JSON_CEILING))
        except (FileNotFoundError, ValueError, RecursionError):
            return ""
        url = value.get("url") if isinstance(value, dict) else ""
        return url if isinstance(url, str) and is_url(url) else ""

    def _fail(self, sentence: str) -> None:
        self._result["failed_count"] += 1
        self._report(sentence)

    def _report(self, sentence: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(sentence)
