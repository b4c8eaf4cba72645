"""Generate manifests of a store for its mirrors, reading only what changed.

State is stored beside the manifests: `.manifest_state.json` counts revisions, `.manifest_scan.json` has the result of the
last scan. Both can be deleted: the next manifest is then generated from scratch, and its revision continues from the
existing manifests.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn import _platform, regular_file
from runicorn.store import layout
from runicorn.store.containment import check_inside
from runicorn.store.process_identity import ProcessRecord, is_alive
from runicorn.store.run_files import priority_of
from runicorn_tools.sync.manifest.about import SOURCES, About, about
from runicorn_tools.sync.manifest.disk import Disk, ends
from runicorn_tools.sync.manifest.model import ExperimentEntry, FileEntry, ManifestType, SyncManifest, encode
from runicorn_tools.sync.manifest.scan import RunFiles, ScanResult, scan

PRIVATE = ".runicorn"
STATE, SCAN, LOCK = ".manifest_state.json", ".manifest_scan.json", ".manifest.lock"
SCAN_VERSION = 1


class ScanMemory:
    """Result of the last scan."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._path = folder / SCAN
        self._root = str(root)
        self.runs: dict[str, RunFiles] = {}
        self.descriptions: dict[str, About] = {}
        self.hashes: dict[str, dict[str, tuple[str, str]]] = {}

    def load(self) -> None:
        """Read it; missing or damaged entries are scanned again."""
        try:
            content = json.loads(regular_file.read_bytes(self._path))
            if (content["version"], content["root"]) != (SCAN_VERSION, self._root):
                return
            for folder, (files, about_run, hashes) in content["runs"].items():
                self.runs[folder] = RunFiles.from_list(files)
                self.descriptions[folder] = About(*about_run)
                self.hashes[folder] = {name: (tail, head) for name, (tail, head) in hashes.items()}
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            self.runs.clear()

    def save(self) -> None:
        """Save it.

        Raises:
            OSError: it could not be written.
        """
        runs = {
            folder: [run.to_list(), self.descriptions[folder], self.hashes[folder]]
            for folder, run in self.runs.items()
        }
        content = {"version": SCAN_VERSION, "root": self._root, "runs": runs}
        _platform.replace_file(self._path, encode(content))


class ManifestGenerator:
    """Generate the manifests of one store. Concurrent generators, in any process, wait for each other.

    Args:
        remote_root: the storage root.
        output_dir: folder of the manifests; by default `.runicorn` in the root.
        active_window_seconds: time since its last write for which a run is in the active manifest. A running run whose
            process is alive on this machine always is.
        incremental: use the result of the last scan; otherwise every file is scanned again.
        clock: returns Unix seconds.
    """

    def __init__(
        self,
        remote_root: str | os.PathLike[str],
        output_dir: str | os.PathLike[str] | None = None,
        active_window_seconds: float = 3600,
        incremental: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.remote_root = Path(os.path.realpath(os.path.expanduser(remote_root)))
        self.output_dir = Path(output_dir) if output_dir is not None else self.remote_root / PRIVATE
        self.active_window_seconds = active_window_seconds
        self.incremental = incremental
        self._clock = clock

    def generate(
        self,
        manifest_type: ManifestType = ManifestType.FULL,
        output_path: str | os.PathLike[str] | None = None,
    ) -> tuple[SyncManifest, Path]:
        """Write a manifest, and a compressed copy beside it with the suffix `.gz`.

        If its runs differ from the last manifest of the type, its revision is above every earlier one of the folder;
        otherwise revision and snapshot id stay. Full and active manifests share the count.

        Args:
            manifest_type: all runs, or active ones.
            output_path: the file; by default `<type>_manifest.json` in the output folder.

        Returns:
            The manifest, and the path of the uncompressed file.

        Raises:
            FileNotFoundError: the storage root does not exist.
            OSError: the root could not be listed, or a file could not be written; the old manifest is unchanged.
        """
        kind = ManifestType(manifest_type)
        if self.output_dir == self.remote_root / PRIVATE:
            check_inside(self.remote_root, self.output_dir)
        self.output_dir.mkdir(parents=True, exist_ok=True)
        with _platform.file_lock(self.output_dir / LOCK, mode=0o666):
            memory = ScanMemory(self.output_dir, self.remote_root)
            if self.incremental:
                memory.load()
            result = scan(Disk(self.remote_root), memory.runs, self._clock)
            entries, lost = self._entries(result, memory)
            if kind is ManifestType.ACTIVE:
                entries = [entry for entry in entries if self._is_active(entry)]
            path = Path(output_path) if output_path is not None else self.output_dir / f"{kind}_manifest.json"
            if path.suffix == ".gz":
                path = path.with_suffix("")
            manifest = self._numbered(kind, entries, sorted({*result.unread, *lost}))
            content = manifest.to_json()
            _platform.replace_file(path, content)
            # Equal manifests must not differ by the time in the header.
            _platform.replace_file(path.with_name(f"{path.name}.gz"), gzip.compress(content, 6, mtime=0))
            if result.looked or memory.runs.keys() != result.runs.keys():
                memory.runs = result.runs
                memory.save()
        return manifest, path

    def _entries(self, result: ScanResult, memory: ScanMemory) -> tuple[list[ExperimentEntry], list[str]]:
        """Return the runs sorted by folder, and the folders that could not be read."""
        entries, lost = [], []
        for folder in sorted(result.runs):
            run = result.runs[folder]
            if folder in result.looked or folder not in memory.descriptions:
                try:
                    self._read(folder, run, memory)
                except OSError:
                    lost.append(folder)
                    memory.hashes[folder] = {}
            if run.files and folder in memory.descriptions:
                entries.append(_entry(folder, run, memory.descriptions[folder], memory.hashes[folder]))
        # Unreadable folders are forgotten, and so scanned again next time whatever their time.
        for folder in lost:
            del result.runs[folder]
        for removed in (memory.descriptions.keys() | memory.hashes.keys()) - result.runs.keys():
            memory.descriptions.pop(removed, None)
            memory.hashes.pop(removed, None)
        return entries, lost

    def _read(self, folder: str, run: RunFiles, memory: ScanMemory) -> None:
        before = memory.runs.get(folder)
        old = before.files if before else {}
        hashes = memory.hashes.get(folder, {})
        growing = {}
        for name in filter(layout.grows, run.files):
            if name in hashes and old.get(name) == run.files[name]:
                growing[name] = hashes[name]
            else:
                growing[name] = ends(self.remote_root / folder / name, run.files[name][0])
        if folder not in memory.descriptions or any(old.get(name) != run.files.get(name) for name in SOURCES):
            memory.descriptions[folder] = about(self.remote_root, folder, run.files)
        memory.hashes[folder] = growing

    def _is_active(self, entry: ExperimentEntry) -> bool:
        if self._clock() - entry.updated_at <= self.active_window_seconds:
            return True
        return entry.status == layout.RUNNING and _runs_here(self.remote_root / entry.folder)

    def _numbered(
        self, kind: ManifestType, entries: list[ExperimentEntry], unread: list[str]
    ) -> SyncManifest:
        path = self.output_dir / STATE
        state = layout.read_json(path)[0]
        digest = hashlib.sha256(encode([[entry.to_dict() for entry in entries], unread])).hexdigest()
        last = _positive_integer(state.get("last_revision"))
        last_of_kind = state.get(kind.value)
        last_of_kind = last_of_kind if isinstance(last_of_kind, dict) else {}
        if (
            last_of_kind.get("digest") == digest
            and _positive_integer(last_of_kind.get("revision"))
            and last_of_kind.get("snapshot_id")
        ):
            revision, snapshot = last_of_kind["revision"], str(last_of_kind["snapshot_id"])
        else:
            # After the loss of the state, revisions must not fall below those that clients know.
            last = last or max(_revision_in(self.output_dir, other) for other in ManifestType)
            revision = last + 1
            snapshot = str(uuid.uuid4())
        now = self._clock()
        mark = {"revision": revision, "snapshot_id": snapshot, "digest": digest}
        layout.write_json(
            path, {**state, "last_revision": max(last, revision), "last_generated": now, kind.value: mark}
        )
        host, root = _platform.host_name(), str(self.remote_root)
        return SyncManifest(kind, revision, snapshot, now, host, root, entries, unread)


def _entry(
    folder: str, run: RunFiles, about_run: About, hashes: dict[str, tuple[str, str]]
) -> ExperimentEntry:
    files = []
    for name, (size, mtime) in run.files.items():
        tail, head = hashes.get(name, (None, None))
        grows = layout.grows(name)
        files.append(FileEntry(f"{folder}/{name}", size, mtime, tail, head, priority_of(name) or 0, grows))
    return ExperimentEntry(
        run_id=folder.rpartition("/")[2],
        project=about_run.project,
        name=about_run.name,
        status=about_run.status,
        created_at=about_run.created_at,
        updated_at=run.modified_at,
        files=sorted(files, key=lambda file: (file.priority, file.path)),
        tags=about_run.tags,
        deleted_at=about_run.deleted_at,
    )


def _runs_here(folder: Path) -> bool:
    return is_alive(ProcessRecord.from_dict(layout.read_json(folder / layout.META)[0]))


def _revision_in(folder: Path, kind: ManifestType) -> int:
    try:
        return _positive_integer(
            json.loads(regular_file.read_bytes(folder / f"{kind}_manifest.json"))["revision"]
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return 0


def _positive_integer(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
