"""Update runs while the files of other trackers grow, for `runicorn watch`."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from runicorn.store import layout
from runicorn_importers import mlflow, tensorboard, trackio, wandb
from runicorn_importers.experiment import DAMAGED, Experiment, NotReadable, Unreadable
from runicorn_importers.mlflow.database import is_ours as is_of_mlflow
from runicorn_importers.samples.folders import SampleFolder, import_samples, needs_arrow, sample_folders
from runicorn_importers.trackio import is_ours as is_of_trackio
from runicorn_importers.writing.writer import ImportReport, Item, import_experiments

Reader = Callable[[Path], Iterator[Experiment | Unreadable]]
Stamp = tuple[int, int, int]
"""Number of files, their size in bytes and their latest change in nanoseconds."""

READERS: dict[str, Reader] = {
    "tensorboard": tensorboard.read,
    "wandb": wandb.read,
    "mlflow": mlflow.read,
    "trackio": trackio.read,
}
OPEN_SECONDS = 60.0
"""Interval at which a source with running runs is read although it has not changed: their end may be a silence."""
SEARCH_SECONDS = 20.0
"""Interval at which new folders of samples are searched."""
MLRUNS, WANDB_BEGIN, WANDB_END = "mlruns", "run-", ".wandb"


@dataclass
class Source:
    """Files of one tracker that are read together.

    Attributes:
        tracker: a key of `READERS`.
        path: what its reader reads.
        stamp: of its files when it was last read; None before.
        read_at: when that was, in seconds of the monotonic clock.
        is_open: whether it had running runs then.
    """

    tracker: str
    path: Path
    stamp: Stamp | None = None
    read_at: float = 0.0
    is_open: bool = False

    def is_due(self, stamp: Stamp) -> bool:
        """Return whether the source has to be read, its files having this stamp now."""
        return stamp != self.stamp or (self.is_open and time.monotonic() - self.read_at > OPEN_SECONDS)

    def experiments(self) -> Iterator[Experiment | Unreadable]:
        """Yield its experiments, and remember whether one of them is running."""
        self.is_open = False
        for experiment in READERS[self.tracker](self.path):
            self.is_open |= isinstance(experiment, Experiment) and experiment.status == layout.RUNNING
            yield experiment


@dataclass
class Watcher:
    """Import the files of all known trackers below some paths, again and again.

    Attributes:
        root: the storage root, which is not looked into itself.
        project: project of all runs, instead of their own.
        run: id of the run that samples of frameworks belong to; "" to find it.
    """

    root: Path
    paths: tuple[Path, ...]
    project: str = ""
    run: str = ""
    _sources: dict[tuple[str, Path], Source] = field(default_factory=dict)
    _folders: list[SampleFolder] = field(default_factory=list)
    _searched_at: float = -math.inf
    _databases: dict[Path, tuple[int, str | None]] = field(default_factory=dict)
    """Size and tracker of each database: those of other programs are opened once for each size only."""

    def scan(self) -> ImportReport:
        """Import what is new since the last scan.

        Raises:
            runicorn.store.layout.InvalidName: `project` is invalid.
        """
        report = ImportReport()
        for key, stamp in self._stamps().items():
            source = self._sources.setdefault(key, Source(*key))
            if not source.is_due(stamp):
                continue
            source.stamp, source.read_at = stamp, time.monotonic()
            try:
                part = import_experiments(
                    self.root,
                    source.experiments(),
                    project=self.project,
                    source=f"{source.tracker}:{source.path.resolve()}",
                )
            except NotReadable:  # it was removed meanwhile, or is not complete so far
                source.stamp = None
                continue
            if part.failed:  # perhaps a locked database, or a record that was half written
                source.is_open = True
            report.items += part.items
            report.points += part.points
            report.versions += part.versions
            report.omissions += part.omissions
        self._scan_samples(report)
        return report

    def _scan_samples(self, report: ImportReport) -> None:
        """Import new samples of frameworks; their folders are searched less often than they are looked into."""
        if time.monotonic() - self._searched_at > SEARCH_SECONDS:
            self._folders = [folder for top in _outermost(self.paths) for folder in sample_folders(top)]
            self._searched_at = time.monotonic()
        for folder in self._folders:
            try:
                part = import_samples(self.root, folder, project=self.project, run=self.run)
            except ImportError as error:
                report.items.append(Item(str(folder.path), "failed", reason=needs_arrow(error)))
            except DAMAGED as error:
                report.items.append(Item(str(folder.path), "failed", reason=str(error)))
            else:
                report.items += part.items
                report.points += part.points
                report.omissions += part.omissions

    def _stamps(self) -> dict[tuple[str, Path], Stamp]:
        """Return the sources below the paths with the stamps of their files."""
        stamps: dict[tuple[str, Path], Stamp] = {}
        for top in _outermost(self.paths):
            for key, file in self._files(top):
                try:
                    stat = file.stat()
                except OSError:
                    continue
                if not S_ISREG(stat.st_mode):
                    continue
                count, size, latest = stamps.get(key, (0, 0, 0))
                stamps[key] = count + 1, size + stat.st_size, max(latest, stat.st_mtime_ns)
        return stamps

    def _files(self, top: Path) -> Iterator[tuple[tuple[str, Path], Path]]:
        """Yield the files of trackers below a path, each with its source."""
        if top.is_file():
            if (tracker := self._tracker_of(top)) is not None:
                yield (tracker, top), top
            return
        root = self.root.resolve()
        for name, folders, files in os.walk(top):
            folder = Path(name)
            if folder.resolve() == root:
                folders.clear()
                continue
            if MLRUNS in folders or folder.name == MLRUNS:
                below = folder if folder.name == MLRUNS else folder / MLRUNS
                folders[:] = [] if folder.name == MLRUNS else [name for name in folders if name != MLRUNS]
                yield from ((("mlflow", below), file) for file in _all_files(below))
            for file in (folder / name for name in files):
                tracker = self._tracker_of(file)
                if tracker is not None:
                    is_of_folder = tracker in ("tensorboard", "wandb")
                    yield (tracker, top if is_of_folder else _database(file)), file

    def _tracker_of(self, file: Path) -> str | None:
        """Return the tracker that writes a file, by its name and, for databases, its tables."""
        if tensorboard.MARK in file.name:
            return "tensorboard"
        if file.name.startswith(WANDB_BEGIN) and file.name.endswith(WANDB_END):
            return "wandb"
        database = _database(file)
        return self._tracker_of_database(database) if database.suffix in mlflow.DATABASES else None

    def _tracker_of_database(self, database: Path) -> str | None:
        try:
            size = database.stat().st_size
        except OSError:
            return None
        known_size, tracker = self._databases.get(database, (-1, None))
        if tracker is None and size != known_size:
            tracker = "trackio" if is_of_trackio(database) else "mlflow" if is_of_mlflow(database) else None
            self._databases[database] = size, tracker
        return tracker


def _outermost(paths: tuple[Path, ...]) -> list[Path]:
    """Return the paths that are not below another one: runs are named by their place below the watched path."""
    places = {path.resolve(): path for path in reversed(paths)}
    return [path for place, path in places.items() if places.keys().isdisjoint(place.parents)]


def _database(file: Path) -> Path:
    """Return the database of a file, which may be its write-ahead log."""
    return file.with_name(file.name.removesuffix("-wal"))


def _all_files(folder: Path) -> Iterator[Path]:
    for name, _, files in os.walk(folder):
        yield from (Path(name, file) for file in files)
