"""Keeping a copy of a store up to date over SFTP."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.manifest.model import folder_of
from runicorn.store import layout
from runicorn.sync import source
from runicorn.sync.checking import Told
from runicorn.sync.fetching import Fetched, Fetcher, target_of
from runicorn.sync.plan import Job, Plan, plan
from runicorn.sync.state import LOCK, State, sweep
from runicorn.sync.transport import Remote, joined, remote_of

Progress = Callable[[int, int, str], None]
"""Called with the files that are done, the files in all, and the path of the last."""
SAVE_SECONDS = 5.0
LOOK_SECONDS = 0.1
MOST_PROBLEMS = 20


@dataclass
class Ending:
    """Whether somebody has hung up on purpose.

    Attributes:
        stopped: somebody has.
        to_go_on: the parts of files that came are kept for the next visit.
    """

    stopped: bool = False
    to_go_on: bool = False


@contextmanager
def alone(state_dir: Path, ending: Ending) -> Iterator[None]:
    """The only visit to that store; another one is waited for.

    Raises:
        ConnectionError: somebody has hung up meanwhile.
        OSError: the folder cannot be written.
    """
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(_platform.file_lock(state_dir / LOCK, blocking=False))
                break
            except BlockingIOError:
                if ending.stopped:
                    raise ConnectionError(errno.ECONNABORTED, "the visit was stopped") from None
                time.sleep(LOOK_SECONDS)
        yield


class Mirror:
    """A folder that is kept like a storage root of another machine.

    Args:
        remote: the files of the other machine.
        remote_root: the storage root there.
        root: the folder here; a storage root of its own, which may hold other runs too.
        state_dir: where is remembered what was done; on the same file system.
        ending: of the connection, on purpose.
    """

    def __init__(
        self,
        remote: Remote,
        remote_root: str,
        root: Path,
        state_dir: Path,
        ending: Ending | None = None,
    ) -> None:
        self._remote = remote
        self._remote_root = remote_root
        self._root = root
        self._state_dir = state_dir
        self._ending = ending or Ending()
        self.state = State(state_dir)
        self._problems: list[str] = []
        self._stirred: set[str] = set()
        self._saved = time.monotonic()

    def visit(self, look: Callable[[State], Told], progress: Progress | None = None) -> dict[str, Any]:
        """Make the folder what the other machine's is.

        A file that could not be fetched is told of, and tried again at the next visit. Runs that are gone over there
        go into the recycle bin here; what a person said of a run here stays.

        Args:
            look: finds out what is on the other machine; it is given what is remembered.
            progress: is told how far it is.

        Returns:
            The fields of the result of `ManifestSyncClient.sync`.

        Raises:
            ConnectionError: the connection is lost; what was fetched until then is kept, parts of files too unless
                somebody has stopped it.
            OSError: what is over there could not be found out, or the folder here cannot be written.
        """
        began = time.monotonic()
        self._state_dir.mkdir(parents=True, exist_ok=True)
        with alone(self._state_dir, self._ending):
            self.state.load()
            last = self.state.cursor.get("last_snapshot_id")
            told = look(self.state)
            known = len(self.state.files)
            made = plan(told, self.state, self._root)
            self._leave_strangers(made)
            result = _counts(made, told)
            try:
                self._fetch(made, result, progress)
                self._tidy(made, told, result)
            finally:
                if made.jobs or self._stirred or len(self.state.files) != known:
                    self.state.save()
                self._stir()
                if self._ending.stopped and not self._ending.to_go_on:
                    sweep(self.state.parts(), age=0)
            if self.state.listed:
                self.state.save_listing()
            self.state.save_cursor(told)
            sweep(self.state.parts())
        result["problems"] = told.problems + self._problems
        result["duration"] = time.monotonic() - began
        if not (made.jobs or self._stirred or result["problems"]):
            reason = "no_changes" if last == told.snapshot_id else "no_file_changes"
            return {"skipped": True, "reason": reason, **result}
        return result

    def _leave_strangers(self, made: Plan) -> None:
        """Take no file of a run that is here already and is another one than that over there."""
        others = {folder for folder in made.strangers if not self._is_the_same(folder)}
        made.jobs = [job for job in made.jobs if folder_of(job.path) not in others]
        for folder in sorted(others):
            self._tell(f"{folder} is here already and is another run: it was left as it is.")

    def _is_the_same(self, folder: str) -> bool:
        mine = layout.read_json(self._root / folder / layout.META)[0]
        if not mine:
            return not any((self._root / folder / name).exists() for name in (layout.EVENTS, layout.STATUS))
        pieces: list[bytes] = []
        try:
            path = joined(self._remote_root, f"{folder}/{layout.META}")
            self._remote.read(path, 0, layout.JSON_CEILING, pieces.append)
        except FileNotFoundError:
            return False
        theirs = _object(b"".join(pieces))
        return all(mine.get(key) == theirs.get(key) for key in ("id", "created_at", "pid"))

    def _fetch(self, made: Plan, result: dict[str, Any], progress: Progress | None) -> None:
        fetcher = Fetcher(self._remote, self._remote_root, self._root, self.state.parts())
        total, done = len(made.jobs), 0
        pool = ThreadPoolExecutor(max_workers=self._remote.together, thread_name_prefix="runicorn-sync")
        try:
            waiting = {pool.submit(fetcher.fetch, job.path, job.mark): job for job in made.jobs}
            for future in as_completed(waiting):
                done += 1
                self._note(waiting[future], future, result)
                if progress is not None:
                    progress(done, total, waiting[future].path)
        finally:
            pool.shutdown(cancel_futures=True)

    def _note(self, job: Job, future: Future[Fetched], result: dict[str, Any]) -> None:
        try:
            fetched = future.result()
        except FileNotFoundError as error:
            if error.filename == joined(self._remote_root, job.path):  # gone since: the next visit tells
                result["skipped_count"] += 1
                return
            self._failed(job, error, result)
        except ConnectionError:
            raise
        except OSError as error:
            self._failed(job, error, result)
        else:
            self.state.files[job.path] = (fetched.size, fetched.mtime)
            self._stirred.add(folder_of(job.path))
            result["files_synced"] += 1
            result["bytes_downloaded"] += fetched.moved
            result["incremental_count" if fetched.grew else "full_count"] += 1
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.state.save()
            self._saved = time.monotonic()

    def _failed(self, job: Job, error: OSError, result: dict[str, Any]) -> None:
        result["failed_count"] += 1
        self._tell(f"{job.path}: {error.strerror or error}")

    def _tell(self, sentence: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(sentence)

    def _tidy(self, made: Plan, told: Told, result: dict[str, Any]) -> None:
        for folder in told.runs:
            self.state.seen[folder] = told.generated_at
        for path in made.unlink:
            with suppress(FileNotFoundError):
                os.unlink(target_of(self._root, path))
            del self.state.files[path]
            self._stirred.add(folder_of(path))
        for folder in made.unbin:
            self._unbin(folder)
        for folder in made.bin:
            result["deleted_count"] += self._bin(folder)

    def _bin(self, folder: str) -> bool:
        """Put a run into the recycle bin; whether it was not there already."""
        if not (self._root / folder).is_dir():
            self._forget(folder)
            return False
        marker = target_of(self._root, f"{folder}/{layout.DELETED}")
        is_new = not marker.exists()
        if is_new:
            status = layout.read_json(self._root / folder / layout.STATUS)[0].get("status")
            about = {"deleted_at": time.time(), "reason": "gone on the other machine"}
            layout.write_json(marker, about | {"original_status": status or "unknown"})
        self.state.binned[folder] = marker.stat().st_mtime if is_new else 0.0
        self._stirred.add(folder)
        return is_new

    def _unbin(self, folder: str) -> None:
        """Take a run that is back out of the recycle bin, unless somebody else put it there."""
        marker = self._root / folder / layout.DELETED
        with suppress(FileNotFoundError):
            if marker.stat(follow_symlinks=False).st_mtime == self.state.binned[folder]:
                marker.unlink()
        del self.state.binned[folder]
        self._stirred.add(folder)

    def _forget(self, folder: str) -> None:
        self.state.seen.pop(folder, None)
        for path in [path for path in self.state.files if folder_of(path) == folder]:
            del self.state.files[path]

    def _stir(self) -> None:
        """Let viewers notice within a second: they look at the folders above the runs."""
        for parent in {folder.rpartition("/")[0] for folder in self._stirred}:
            with suppress(OSError):
                os.utime(self._root / parent)


class ManifestSyncClient:
    """Keeps a folder like a store of another machine, by the manifests that lie there.

    Args:
        sftp_client: asyncssh's `SFTPClient`, or paramiko's.
        remote_root: the storage root there.
        cache_dir: the folder here, made when it is missing.
        jitter_max: up to so many seconds are waited before, so that many who are woken at once do not come at once.
        loop: the event loop of asyncssh's client, where it is not found by itself.
    """

    def __init__(
        self,
        sftp_client: Any,
        remote_root: str | os.PathLike[str],
        cache_dir: str | os.PathLike[str],
        jitter_max: float = 5.0,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._client = sftp_client
        self._loop = loop
        self.remote_root = os.fspath(remote_root)
        self.cache_dir = Path(cache_dir)
        self.jitter_max = jitter_max

    def sync(self, progress_callback: Progress | None = None) -> dict[str, Any]:
        """Bring the folder up to date; waits until that is done.

        Args:
            progress_callback: called with files done, files in all, and the path of the last.

        Returns:
            `files_synced`, `bytes_downloaded`, `incremental_count` (files that were only added to), `full_count`,
            `skipped_count` (files that are as they should be), `failed_count` (tried again next time),
            `refused_count` (entries of the manifest that cannot be believed), `deleted_count` (runs that went into the
            recycle bin), `problems` (sentences), `duration` (seconds), `manifest_revision`, `manifest_snapshot_id`.
            When nothing was to be done also `skipped: True` with the `reason` `no_changes` (the manifest is that of
            the last time) or `no_file_changes`.

        Raises:
            OSError: there is no valid manifest, the connection was lost, or the folder cannot be written.
            TypeError: `sftp_client` is none.
            RuntimeError: called in the event loop of the client itself.
        """
        remote = remote_of(self._client, self._loop)
        if self.jitter_max > 0:
            time.sleep(random.uniform(0, self.jitter_max))
        mirror = Mirror(remote, self.remote_root, self.cache_dir, self.cache_dir)
        return mirror.visit(lambda state: source.manifests(remote, self.remote_root), progress_callback)


def _counts(made: Plan, told: Told) -> dict[str, Any]:
    return {
        "files_synced": 0,
        "bytes_downloaded": 0,
        "incremental_count": 0,
        "full_count": 0,
        "skipped_count": made.same,
        "failed_count": 0,
        "refused_count": told.refused,
        "deleted_count": 0,
        "problems": [],
        "duration": 0.0,
        "manifest_revision": told.revision,
        "manifest_snapshot_id": told.snapshot_id,
    }


def _object(content: bytes) -> dict[str, Any]:
    import json

    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
