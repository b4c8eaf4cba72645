"""What was read of ended runs, kept for the next command in the user's data folder.

Reading the files of 10,000 small runs takes seconds, mostly for their journals. A run is read again once its folder or its
status has changed. The file can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from runicorn import _platform
from runicorn._version import __version__
from runicorn.settings import user
from runicorn.store import find, layout
from runs.store.folder_stat import stamp
from runs.store.metric_stats import MetricStats
from runs.store.reader import RunRecord

FIELDS = tuple(RunRecord.__slots__)
_FIELDS_OF = attrgetter(*FIELDS)
SETTLED_SECONDS = 2.0
"""A folder this young may change again without another time of change."""
WORTHWHILE = 200
"""Runs that must have been read anew before the file is written."""
T = TypeVar("T")
_Row = tuple[tuple[int, int], tuple[Any, ...], "dict[str, tuple[Any, ...]] | None"]


class RecordCache:
    """Records and statistics of ended runs by folder."""

    def __init__(self, root: Path) -> None:
        self._folder = str(root)
        name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:24]
        self._path = user.data_directory() / "catalog" / f"{name}.{sys.implementation.cache_tag}"
        self._version = (__version__, FIELDS, tuple(MetricStats.__slots__))
        self._rows = self._load()
        self._texts: dict[str, str] = {}
        self._new = 0

    def __contains__(self, folder: object) -> bool:
        """Return whether a folder was a run when it was read; `read` asks again if it has changed."""
        return folder in self._rows

    def read(self, folder: str, read: Callable[[], RunRecord | None]) -> RunRecord | None:
        """Return the record of a folder, by `read` unless it is known and unchanged."""
        path = f"{self._folder}/{folder}"
        mark = _mark(path)
        row = self._rows.get(folder)
        if row is not None and row[0] == mark:
            return RunRecord(*row[1])
        record = None if row is not None and not find.is_run(path) else read()
        if record is None or mark is None or record.status == layout.RUNNING or not _is_settled(path):
            self._rows.pop(folder, None)
        else:
            self._rows[folder] = (mark, self._share(_FIELDS_OF(record)), None)
            self._new += 1
        return record

    def stats(self, folder: str, read: Callable[[], Mapping[str, MetricStats]]) -> Mapping[str, MetricStats]:
        """Return the statistics of the metrics of a folder whose record was read before."""
        row = self._rows.get(folder)
        if row is not None and row[2] is not None:
            return {name: MetricStats(*values) for name, values in row[2].items()}
        stats = read()
        if row is not None:
            tuples = {name: astuple(values) for name, values in stats.items()}
            self._rows[folder] = (row[0], row[1], self._share(tuples))
            self._new += 1
        return stats

    def save(self) -> None:
        """Write the file if that spares the next command much work; failures are ignored."""
        if self._new < WORTHWHILE:
            return
        with suppress(OSError, ValueError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _platform.replace_file(self._path, marshal.dumps((self._version, self._rows)), mode=0o600)

    def _share(self, value: T) -> T:
        """Return a value in which equal texts are one object: the file has each once, and is read in half of the time."""
        shared: Any = value
        if isinstance(value, str):
            shared = self._texts.setdefault(value, value)
        elif isinstance(value, dict):
            shared = {self._share(key): self._share(item) for key, item in value.items()}
        elif isinstance(value, tuple):
            shared = tuple(map(self._share, value))
        return shared  # type: ignore[no-any-return]

    def _load(self) -> dict[str, _Row]:
        try:
            version, rows = marshal.loads(self._path.read_bytes())
        except (OSError, ValueError, EOFError, TypeError):
            return {}
        return rows if version == self._version else {}


def _mark(path: str) -> tuple[int, int] | None:
    """Return what changes with the small files, and the size of the journal: a mirror may append to that of an ended run."""
    mark = stamp(path)
    if mark is None:
        return None
    try:
        return mark, os.stat(f"{path}/{layout.EVENTS}").st_size
    except OSError:
        return mark, -1


def _is_settled(path: str) -> bool:
    try:
        return time.time() - Path(path).stat().st_mtime > SETTLED_SECONDS
    except OSError:
        return False
