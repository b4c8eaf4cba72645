"""Output files, which runs wrote beside their program and which are no sources.

A file was written by a run if it last changed while a run of the same folder was running. That does not count for files
that git tracks, for code by the ending of its name, for files that the command line names as inputs, and for texts such
as config files that an earlier run had as sources: a user may have edited those meanwhile.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources.listing import Candidate
from runicorn.store import layout
from runicorn.store.process_identity import ProcessRecord, has_ended

_CODE = (
    ".py .pyi .pyx .pxd .ipynb .sh .bash .zsh .ps1 .bat .c .cc .cpp .cxx .h .hh .hpp .cu .cuh .cl .metal .rs .go .js "
    ".mjs .ts .java .scala .kt .swift .r .jl .m .lua .f .f90 .proto .sql .cmake .bazel"
)
_TEXTS = ".json .jsonc .yaml .yml .toml .ini .cfg .conf .gin .jsonnet .libsonnet .hocon .xml .txt .md .rst .tmpl .j2"
CODE = frozenset(_CODE.split())
TEXTS = frozenset({"", *_TEXTS.split()})
"""Endings of texts that users edit; "" is a name without one, such as Makefile."""
AFTERWARDS = 3.0
"""Seconds after the end of a run in which its program may still write new files."""
MOST_RUNS = 100
"""Number of newest runs of a folder whose times are known."""
MOST_FILES = 20_000
ENDING = ".runs"
_OUTPUT = re.compile(r"out|save|log|result|export|dump|write|record", re.IGNORECASE)
_SHORT_OUTPUT = "-o"


class OutputFiles:
    """Which files of a folder its runs wrote.

    Args:
        root: the storage root.
        top: the folder of the sources.
        listing: file with the runs of this folder and their start times, a line each.
        cache: what the previous run knew: `files`, and `written`, the change times of outputs by path.
    """

    def __init__(
        self, root: Path, start: ProgramStart, top: Path, listing: Path, cache: Mapping[str, Any]
    ) -> None:
        self._root, self._began, self._listing = root, start.began, listing
        self._top = os.path.realpath(top)
        self._inputs = _named(start)
        files, times = cache.get("files"), cache.get("written")
        self._sources = files if isinstance(files, dict) else {}
        self._earlier: dict[str, int] = times if isinstance(times, dict) else {}
        self._runs = self._read()
        self._ends: dict[str, float] = {}
        self.times: dict[str, int] = {}
        """Change times of the outputs in nanoseconds, by path."""

    def has(self, candidate: Candidate) -> bool:
        """Return whether a file was written by a run."""
        is_output = not candidate.is_tracked and self._is_output(candidate)
        if is_output and len(self.times) < MOST_FILES:
            self.times[candidate.path] = candidate.about.st_mtime_ns
        return is_output

    def _is_output(self, candidate: Candidate) -> bool:
        path, changed = candidate.path, candidate.about.st_mtime
        ending = os.path.splitext(path)[1].lower()
        if ending in CODE or os.path.join(self._top, path) in self._inputs:
            return False
        if self._earlier.get(path) == candidate.about.st_mtime_ns:
            return True
        if ending in TEXTS and path in self._sources:
            return False
        if self._began and changed >= self._began:
            return True
        afterwards = 0.0 if path in self._sources else AFTERWARDS
        return any(began <= changed <= self._end_of(run) + afterwards for run, began in self._runs)

    def _read(self) -> list[tuple[str, float]]:
        runs = []
        with suppress(OSError):
            for line in self._listing.read_text(encoding="utf-8", errors="replace").splitlines()[-MOST_RUNS:]:
                began, _, run = line.partition(" ")
                with suppress(ValueError):
                    runs.append((run, float(began)))
        return runs[::-1]

    def _end_of(self, run: str) -> float:
        if run not in self._ends:
            self._ends[run] = _end_of(self._root / run)
        return self._ends[run]

    def add(self, run_dir: Path) -> None:
        """Add a run of this folder to the list; runs that begin together may both do so.

        Raises:
            OSError: the list cannot be written.
        """
        if not self._began:
            return
        line = f"{self._began:.3f} {Path(os.path.relpath(run_dir, self._root)).as_posix()}\n"
        if len(self._runs) < MOST_RUNS:
            with open(self._listing, "a", encoding="utf-8") as file:
                file.write(line)
            return
        lines = [f"{began:.3f} {run}\n" for run, began in self._runs[: MOST_RUNS // 2][::-1]]
        _platform.replace_file(self._listing, "".join([*lines, line]).encode())


def _end_of(run_dir: Path) -> float:
    """Return when a run ended or last wrote to its journal; infinity for one that is running."""
    status = layout.read_json(run_dir / layout.STATUS)[0]
    ended = status.get("ended_at")
    if isinstance(ended, (int, float)) and not isinstance(ended, bool):
        return float(ended)
    meta = layout.read_json(run_dir / layout.META)[0]
    if meta and not has_ended(ProcessRecord.from_dict(meta)):
        return math.inf
    with suppress(OSError):
        return os.stat(run_dir / layout.EVENTS).st_mtime
    return 0.0


def _named(start: ProgramStart) -> frozenset[str]:
    """Return the files that the command line names, but for those of options such as `--output`."""
    paths, option = [], ""
    for word in start.arguments[1:]:
        name, separator, value = word.partition("=")
        if not separator and word.startswith("-"):
            option = word
            continue
        name, value = (name, value) if separator else (option, word)
        option = ""
        if value and name != _SHORT_OUTPUT and not _OUTPUT.search(name):
            paths.append(os.path.realpath(os.path.join(start.folder, value)))
    return frozenset(paths)
