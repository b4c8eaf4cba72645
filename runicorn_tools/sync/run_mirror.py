"""One pass over the runs of a mirror: discover, plan, fetch, apply deletions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn.store import heartbeat, layout
from runicorn_tools.sync.fetcher import Fetcher, FetchResult, prepare_target
from runicorn_tools.sync.inventory import Inventory
from runicorn_tools.sync.manifest.model import folder_of
from runicorn_tools.sync.plan import Download, Plan, make_plan
from runicorn_tools.sync.result import SyncResult
from runicorn_tools.sync.state import State, sweep
from runicorn_tools.sync.stopping import StopRequest, exclusive
from runicorn_tools.sync.transport import RemoteFiles, join_path

Progress = Callable[[int, int, str], None]
"""Called with files done, files in total, and the path of the last."""
SAVE_SECONDS = 5.0
MOST_PROBLEMS = 20


class RunMirror:
    """Local copy of the runs of a storage root on a remote host.

    Args:
        remote: the files of the remote host.
        root: the local storage root, which may contain other runs too.
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
        self._state_dir = state_dir
        self._stop = stop or StopRequest()
        self.state = State(state_dir)
        self._problems: list[str] = []
        self._changed: set[str] = set()
        self._unrelated: set[str] = set()
        self._last_save = time.monotonic()

    def run(self, discover: Callable[[State], Inventory], progress: Progress | None = None) -> SyncResult:
        """Bring the local runs up to date.

        A file that could not be fetched is reported and retried at the next sync. Runs that were deleted on the remote
        host go into the local recycle bin; local curation of a run stays.

        Args:
            discover: returns the runs of the remote host, given the state of the last sync.
            progress: called after each file.

        Returns:
            The fields of the result of `ManifestSyncClient.sync`.

        Raises:
            ConnectionError: the connection is lost; what was fetched until then is kept, partial files too unless
                a stop was requested.
            OSError: the remote runs could not be discovered, or the local folder cannot be written.
        """
        began = time.monotonic()
        self._state_dir.mkdir(parents=True, exist_ok=True)
        with exclusive(self._state_dir, self._stop):
            self.state.load()
            last = self.state.cursor.get("last_snapshot_id")
            inventory = discover(self.state)
            file_count, running = len(self.state.files), self.state.running
            plan = make_plan(inventory, self.state, self._root)
            self._skip_unrelated_runs(plan)
            result = _counts(plan, inventory)
            try:
                self._fetch(plan, result, progress)
                self._apply_deletions(plan, inventory, result)
                self._write_heartbeats(inventory)
            finally:
                is_changed = len(self.state.files) != file_count or self.state.running != running
                if plan.downloads or self._changed or is_changed:
                    self.state.save()
                self._touch_parents()
                if self._stop.requested and not self._stop.keep_partial:
                    sweep(self.state.parts(), age=0)
            if self.state.listed:
                self.state.save_listing()
            self.state.save_cursor(inventory)
            sweep(self.state.parts())
        result["problems"] = inventory.problems + self._problems
        result["duration"] = time.monotonic() - began
        if not (plan.downloads or self._changed or result["problems"]):
            reason = "no_changes" if last == inventory.snapshot_id else "no_file_changes"
            return {"skipped": True, "reason": reason, **result}
        return result

    def _skip_unrelated_runs(self, plan: Plan) -> None:
        """Drop the downloads of runs whose id is used here by another run."""
        others = {folder for folder in plan.unrelated if not self._is_same_run(folder)}
        plan.downloads = [download for download in plan.downloads if folder_of(download.path) not in others]
        self._unrelated = others
        for folder in sorted(others):
            self._report(f"{folder} exists here already as another run; it was left unchanged.")

    def _is_same_run(self, folder: str) -> bool:
        local_meta = layout.read_json(self._root / folder / layout.META)[0]
        if not local_meta:
            return not any((self._root / folder / name).exists() for name in (layout.EVENTS, layout.STATUS))
        pieces: list[bytes] = []
        try:
            path = join_path(self._remote_root, f"{folder}/{layout.META}")
            self._remote.read(path, 0, layout.JSON_CEILING, pieces.append)
        except FileNotFoundError:
            return False
        remote_meta = _object(b"".join(pieces))
        return all(local_meta.get(key) == remote_meta.get(key) for key in ("id", "created_at", "pid"))

    def _fetch(self, plan: Plan, result: SyncResult, progress: Progress | None) -> None:
        fetcher = Fetcher(self._remote, self._remote_root, self._root, self.state.parts())
        total, count = len(plan.downloads), 0
        pool = ThreadPoolExecutor(max_workers=self._remote.parallel, thread_name_prefix="runicorn-sync")
        try:
            waiting = {
                pool.submit(fetcher.fetch, download.path, download.info): download
                for download in plan.downloads
            }
            for future in as_completed(waiting):
                count += 1
                self._record(waiting[future], future, result)
                if progress is not None:
                    progress(count, total, waiting[future].path)
        finally:
            pool.shutdown(cancel_futures=True)

    def _record(self, download: Download, future: Future[FetchResult], result: SyncResult) -> None:
        try:
            fetched = future.result()
        except FileNotFoundError as error:
            if error.filename == join_path(self._remote_root, download.path):  # deleted since discovery
                result["skipped_count"] += 1
                return
            self._failed(download, error, result)
        except ConnectionError:
            raise
        except OSError as error:
            self._failed(download, error, result)
        else:
            self.state.files[download.path] = (fetched.size, fetched.mtime)
            self._changed.add(folder_of(download.path))
            result["files_synced"] += 1
            result["bytes_downloaded"] += fetched.moved
            result["incremental_count" if fetched.grew else "full_count"] += 1
        if time.monotonic() - self._last_save > SAVE_SECONDS:
            self.state.save()
            self._last_save = time.monotonic()

    def _failed(self, download: Download, error: OSError, result: SyncResult) -> None:
        result["failed_count"] += 1
        self._report(f"{download.path}: {error.strerror or error}")

    def _report(self, sentence: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(sentence)

    def _apply_deletions(self, plan: Plan, inventory: Inventory, result: SyncResult) -> None:
        # Unrelated runs are compared again at the next sync.
        for folder in inventory.runs.keys() - self._unrelated:
            self.state.seen[folder] = inventory.generated_at
        for path in plan.unlink:
            # A chunk of samples that was sealed there stays until its sealed form is here.
            name = layout.split_run_path(path)[1]
            sealed = f"{name}.gz" in inventory.runs.get(folder_of(path), ())
            if sealed and not (self._root / f"{path}.gz").exists():
                continue
            with suppress(FileNotFoundError):
                os.unlink(prepare_target(self._root, path))
            del self.state.files[path]
            self._changed.add(folder_of(path))
        for folder in plan.to_restore:
            self._restore(folder)
        for folder in plan.to_bin:
            result["deleted_count"] += self._bin(folder)

    def _write_heartbeats(self, inventory: Inventory) -> None:
        running_before = self.state.running
        candidates = set(inventory.runs)
        if running_before is not None:
            candidates &= running_before | self._changed
        self.state.running = write_heartbeats(self._root, candidates - self._unrelated)

    def _bin(self, folder: str) -> bool:
        """Move a run into the recycle bin; return whether it was not in it before."""
        if not (self._root / folder).is_dir():
            self._forget(folder)
            return False
        marker = prepare_target(self._root, f"{folder}/{layout.DELETED}")
        is_new = not marker.exists()
        if is_new:
            status = layout.read_json(self._root / folder / layout.STATUS)[0].get("status")
            about = {"deleted_at": time.time(), "reason": "deleted on the remote host"}
            layout.write_json(marker, about | {"original_status": status or "unknown"})
        self.state.binned[folder] = marker.stat().st_mtime if is_new else 0.0
        self._changed.add(folder)
        return is_new

    def _restore(self, folder: str) -> None:
        """Restore a run that is back on the remote host, unless a user deleted it here."""
        marker = self._root / folder / layout.DELETED
        with suppress(FileNotFoundError):
            if marker.stat(follow_symlinks=False).st_mtime == self.state.binned[folder]:
                marker.unlink()
        del self.state.binned[folder]
        self._changed.add(folder)

    def _forget(self, folder: str) -> None:
        self.state.seen.pop(folder, None)
        for path in [path for path in self.state.files if folder_of(path) == folder]:
            del self.state.files[path]

    def _touch_parents(self) -> None:
        """Touch the folders above the runs: servers poll them, and notice within a second."""
        for parent in {folder.rpartition("/")[0] for folder in self._changed}:
            with suppress(OSError):
                os.utime(self._root / parent)


def _counts(plan: Plan, inventory: Inventory) -> SyncResult:
    return {
        "files_synced": 0,
        "bytes_downloaded": 0,
        "incremental_count": 0,
        "full_count": 0,
        "skipped_count": plan.same,
        "failed_count": 0,
        "refused_count": inventory.refused,
        "deleted_count": 0,
        "problems": [],
        "duration": 0.0,
        "manifest_revision": inventory.revision,
        "manifest_snapshot_id": inventory.snapshot_id,
    }


def _object(content: bytes) -> dict[str, Any]:
    import json

    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_heartbeats(root: Path, folders: Iterable[str]) -> set[str]:
    """Write the heartbeats of those of `folders` whose runs say they are running, and return these folders."""
    now = time.time()
    running = set()
    for folder in folders:
        run_dir = root / folder
        if layout.read_json(run_dir / layout.STATUS)[0].get("status") != layout.RUNNING:
            continue
        running.add(folder)
        if now - (heartbeat.read(run_dir) or 0.0) < heartbeat.INTERVAL_SECONDS:
            continue
        with suppress(OSError):  # a full disk or a link; the mirror itself reports what it could not write
            heartbeat.write(prepare_target(root, f"{folder}/{heartbeat.NAME}").parent, now)
            # The file is written in place: viewers notice by the folders.
            os.utime(run_dir)
            os.utime(run_dir.parent)
    return running
