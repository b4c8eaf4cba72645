"""Incremental scan of a store for runs and their files, at the cost of what may have changed. Pure.

The time of a folder changes when files in it are created, deleted or replaced, but not when a file grows or is
overwritten. So a run is *settled* when it is not running and was not written for an hour: then only its folder's time is
compared, which the listing of the folder above contains. A run that is not settled is listed each time. Changes that no
folder shows (a settled run whose files are overwritten or appended to by hand) are found by the daily scan of every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from runicorn.store import layout
from runicorn.store.run_files import MOST_DEPTH, SUBFOLDERS, is_run_folder, is_safe_part, priority_of

QUIET_SECONDS = 3600.0
"""Time without writes after which an ended run is settled."""
SILENT_SECONDS = 86_400.0
"""The same for a run without a status; also the interval after which every run is scanned again."""
YOUNG_SECONDS = 5.0
"""A folder changed this shortly before it was listed may change again without a new time."""


class Item(NamedTuple):
    """An entry of a folder.

    Attributes:
        is_folder: whether it is a folder, not a regular file; other kinds are left out.
        size: size in bytes.
        mtime: Unix seconds, in the precision of the source.
        stamp: changes with the folder.
    """

    name: str
    is_folder: bool
    size: int
    mtime: float
    stamp: str


Listing = list[Item] | OSError


class Reader(Protocol):
    """Lists folders, local or remote. Paths are relative to the root, with forward slashes."""

    def many(self, folders: Iterable[str]) -> Iterator[tuple[str, Listing]]:
        """Yield the content of each folder, or the error, in any order."""

    def status(self, folder: str) -> str | None:
        """Return the status of a run, if known."""


@dataclass(slots=True)
class RunFiles:
    """Known files of a run's folder."""

    stamp: str
    looked_at: float = 0.0
    settled: bool = False
    files: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Size and time by name relative to the run's folder."""
    media: dict[str, str] = field(default_factory=dict)
    """Stamps of folders below `media`, which are not listed again while unchanged."""

    @property
    def modified_at(self) -> float:
        """Return when a file was last written."""
        return max((mtime for _, mtime in self.files.values()), default=0.0)

    def to_list(self) -> list[Any]:
        """Return its JSON form."""
        return [self.stamp, self.looked_at, self.settled, self.files, self.media]

    @classmethod
    def from_list(cls, value: Any) -> RunFiles:
        """Create it from its JSON form.

        Raises:
            ValueError, TypeError, AttributeError: it is malformed.
        """
        stamp, looked_at, settled, files, media = value
        sizes = {str(name): (int(size), float(mtime)) for name, (size, mtime) in files.items()}
        stamps = {str(name): str(mark) for name, mark in media.items()}
        return cls(str(stamp), float(looked_at), settled is True, sizes, stamps)


@dataclass(slots=True)
class ScanResult:
    """Result of a scan."""

    runs: dict[str, RunFiles] = field(default_factory=dict)
    """Runs by folder relative to the root."""
    unread: list[str] = field(default_factory=list)
    """Folders that could not be listed; their known runs are still in `runs`."""
    looked: set[str] = field(default_factory=set)
    """Runs that were scanned, not taken from the last result."""


def scan(
    reader: Reader, previous: Mapping[str, RunFiles], clock: Callable[[], float] = time.time
) -> ScanResult:
    """Scan a store for runs and their files.

    Args:
        reader: lists its folders.
        previous: result of the last scan.
        clock: returns Unix seconds.

    Raises:
        OSError: the root could not be listed, or is empty although it had runs, so its disk is not mounted.
    """
    result = ScanResult()
    waiting: dict[str, Item] = {}
    for parent, items in _folders_of_runs(reader, previous, result):
        waiting |= _runs_in(parent, items)
    while waiting:
        unread = {
            folder: item
            for folder, item in waiting.items()
            if not _take_over(result, previous, folder, item, clock())
        }
        waiting = {}
        for folder, listing in reader.many(unread):
            if isinstance(listing, OSError) or _is_run(folder, listing):
                _record_run(reader, result, previous.get(folder), folder, unread[folder], listing, clock())
            elif folder.startswith(f"{layout.RUNS}/"):
                waiting |= _runs_in(folder, listing)
    _keep_unread(result, previous)
    return result


def _runs_in(parent: str, items: list[Item]) -> dict[str, Item]:
    """Yield the folders in a folder that may be runs."""
    return {
        folder: item for item in items if item.is_folder and is_run_folder(folder := f"{parent}/{item.name}")
    }


def _is_run(folder: str, listing: list[Item]) -> bool:
    marks = layout.marks(folder.rpartition("/")[2])
    return any(item.name in marks and not item.is_folder for item in listing)


def _take_over(
    result: ScanResult, previous: Mapping[str, RunFiles], folder: str, item: Item, now: float
) -> bool:
    before = previous.get(folder)
    if before is None or before.stamp != item.stamp or not _is_believed(before, now):
        return False
    result.runs[folder] = before
    return True


def _is_believed(run: RunFiles, now: float) -> bool:
    return run.settled and 0 <= now - run.looked_at < SILENT_SECONDS


def _folders_of_runs(
    reader: Reader, previous: Mapping[str, RunFiles], result: ScanResult
) -> Iterator[tuple[str, list[Item]]]:
    top = dict(reader.many([""]))[""]
    if isinstance(top, OSError):
        raise top
    if not top and previous:
        raise OSError("The root is empty but had runs before; its disk may not be mounted.")
    projects = [item.name for item in top if item.is_folder and _is_name(item.name)]
    parents = [item.name for item in top if item.is_folder and item.name == layout.RUNS]
    for project, items in _readable_listings(reader, projects, result):
        parents += [
            f"{project}/{item.name}/runs" for item in items if item.is_folder and is_safe_part(item.name)
        ]
    yield from _readable_listings(reader, sorted(parents), result)


def _is_name(name: str) -> bool:
    return is_safe_part(name) and name not in layout.SKIPPED_TOP


def _readable_listings(
    reader: Reader, folders: list[str], result: ScanResult
) -> Iterator[tuple[str, list[Item]]]:
    for folder, listing in reader.many(folders):
        if not isinstance(listing, OSError):
            yield folder, listing
        elif not _is_missing(listing):
            result.unread.append(folder)


def _is_missing(error: OSError) -> bool:
    return isinstance(error, FileNotFoundError | NotADirectoryError)


def _record_run(
    reader: Reader,
    result: ScanResult,
    before: RunFiles | None,
    folder: str,
    item: Item,
    listing: Listing,
    now: float,
) -> None:
    if isinstance(listing, OSError):
        if not _is_missing(listing):
            result.unread.append(folder)
        return
    run = RunFiles(item.stamp, now)
    for entry in listing:
        if not entry.is_folder and priority_of(entry.name) is not None:
            run.files[entry.name] = (entry.size, entry.mtime)
        elif entry.is_folder and entry.name in SUBFOLDERS:
            _record_subfolder(reader, run, before, folder, entry, now)
    run.settled = _is_settled(reader.status(folder), max(run.modified_at, item.mtime), now)
    result.runs[folder] = run
    result.looked.add(folder)


def _record_subfolder(
    reader: Reader, run: RunFiles, before: RunFiles | None, folder: str, item: Item, now: float
) -> None:
    waiting = [(item.name, item)]
    while waiting:
        name, about = waiting.pop()
        if before is not None and before.media.get(name) == about.stamp:
            run.media[name] = about.stamp
            inside = {path: state for path, state in before.files.items() if path.rpartition("/")[0] == name}
            run.files.update(inside)
            continue
        listing = dict(reader.many([f"{folder}/{name}"]))[f"{folder}/{name}"]
        if isinstance(listing, OSError):
            if before is not None and not _is_missing(
                listing
            ):  # as it was: what cannot be seen was not deleted
                prefix = f"{name}/"
                run.files.update({p: state for p, state in before.files.items() if p.startswith(prefix)})
            continue
        inner = [entry for entry in listing if entry.is_folder and is_safe_part(entry.name)]
        waiting += [(f"{name}/{entry.name}", entry) for entry in inner if name.count("/") < MOST_DEPTH - 2]
        for entry in listing:
            path = f"{name}/{entry.name}"
            if not entry.is_folder and priority_of(path) is not None:
                run.files[path] = (entry.size, entry.mtime)
        # The time of a folder does not reflect changes in its subfolders, nor files of samples that grow.
        if not inner and item.name == layout.MEDIA and now - about.mtime > YOUNG_SECONDS:
            run.media[name] = about.stamp


def _is_settled(status: str | None, written_at: float, now: float) -> bool:
    if status == layout.RUNNING:
        return False
    return now - written_at > (SILENT_SECONDS if status is None else QUIET_SECONDS)


def _keep_unread(result: ScanResult, previous: Mapping[str, RunFiles]) -> None:
    for place in result.unread:
        for folder, run in previous.items():
            if folder == place or folder.startswith(f"{place}/"):
                result.runs.setdefault(folder, run)
