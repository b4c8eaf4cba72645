"""Check the folder of a run: its small files, journal, log, media and samples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runicorn.capture.sources.record import ENDING, is_intact, packs_of
from runicorn.message import Message
from runicorn.store import find, layout
from runicorn.store.file_checksums import crc32_of
from runicorn_tools.fsck.journal import JournalState, read_journal
from runicorn_tools.fsck.report import Report
from runicorn_tools.fsck.samples import check_samples

SHOWN = 5
"""Maximum number of line numbers in a message."""


def check_runs(root: Path, report: Report, *, contents: bool) -> None:
    """Check all runs of a store.

    Args:
        contents: read media too; by default only their sizes are compared.
    """
    for relative in find.all_runs(root):
        report.runs += 1
        _RunCheck(root / relative, relative, report).check(contents)


class _RunCheck:
    def __init__(self, folder: Path, relative: str, report: Report) -> None:
        self.folder, self.relative, self.report = folder, relative, report

    def check(self, contents: bool) -> None:
        status = self._small_files()
        journal = self._journal(status)
        self._log(status)
        for data in journal.media:
            self.report.media += 1
            self._medium(data, contents)
        check_samples(self.folder, self.relative, self.report, contents=contents)
        self._sources(contents)

    def _sources(self, contents: bool) -> None:
        """Check the packs of sources; they are read with `contents`."""
        for digest, size in packs_of(layout.read_json(self.folder / layout.SOURCES_FILE)[0]).items():
            name = f"{layout.SOURCES}/{digest}{ENDING}"
            path, place = self.folder / name, f"{self.relative}/{name}"
            if not path.is_file():
                self.report.error("sources-missing", place, "A pack of sources is missing.")
            elif path.stat().st_size != size or (contents and not is_intact(path, digest)):
                self.report.error("sources-damaged", place, "The pack of sources does not match its digest.")

    def _small_files(self) -> dict[str, Any]:
        """Check the small files, and return the content of `status.json`."""
        for name in sorted(layout.SMALL):
            self.report.check_json(self.folder / name, f"{self.relative}/{name}")
        for name in (layout.META, layout.STATUS):
            if not os.path.lexists(self.folder / name):
                self.report.error("missing", f"{self.relative}/{name}", "{name} is missing.", name=name)
        return layout.read_json(self.folder / layout.STATUS)[0]

    def _journal(self, status: dict[str, Any]) -> JournalState:
        path, place = self.folder / layout.EVENTS, f"{self.relative}/{layout.EVENTS}"
        has_ended = status.get("status") != layout.RUNNING
        end, recorded = _count(status, "journal_bytes"), _count(status, "records_written")
        try:
            state = read_journal(path)
        except FileNotFoundError:
            if end:
                self.report.error(
                    "journal-missing", place, "The journal is missing: it had {end} bytes.", end=f"{end:,}"
                )
            return JournalState()
        except OSError as error:
            self.report.error(
                "unreadable", place, "The journal cannot be read: {reason}.", reason=error.strerror or error
            )
            return JournalState()
        self.report.records += state.records
        self._damage(state, place)
        if state.size >= end and not state.altered and not _has_checksum(path, end, status, "journal_crc32"):
            self._displacement(state, place)
        if has_ended and state.size < end:
            self.report.error(
                "journal-truncated",
                place,
                "The journal was truncated: {size} of {end} bytes are left.",
                size=f"{state.size:,}",
                end=f"{end:,}",
            )
        elif has_ended and state.records < recorded:
            self.report.error(
                "records-missing",
                place,
                "The journal has {records} of {written} records.",
                records=f"{state.records:,}",
                written=f"{recorded:,}",
            )
        if unwritten := _count(status, "records_missing"):
            self.report.warn(
                "records-unwritten",
                place,
                "The training could not write {unwritten} of its records.",
                unwritten=f"{unwritten:,}",
            )
        return state

    def _damage(self, state: JournalState, place: str) -> None:
        if lines := _listed(state.altered):
            single = Message("Line {lines} does not match the checksum.", lines=lines)
            more = Message("Lines {lines} do not match the checksum.", lines=lines)
            self.report.error("record-altered", place, single if len(state.altered) == 1 else more)
        if lines := _listed(state.bad):
            single = Message("Line {lines} does not hold a record.", lines=lines)
            more = Message("Lines {lines} do not hold a record.", lines=lines)
            self.report.warn("line-unreadable", place, single if len(state.bad) == 1 else more)
        if state.is_torn:
            self.report.warn("line-torn", place, "The last line is incomplete.")

    def _displacement(self, state: JournalState, place: str) -> None:
        """Report a journal whose lines are intact, but not those that were written."""
        if lines := _listed(state.displaced):
            singular = Message("Line {lines} is repeated or out of order.", lines=lines)
            more = Message("Lines {lines} are repeated or out of order.", lines=lines)
            self.report.error("journal-altered", place, singular if len(state.displaced) == 1 else more)
        else:
            self.report.error("journal-altered", place, "The journal does not match its checksum.")

    def _log(self, status: dict[str, Any]) -> None:
        end, path = _count(status, "log_bytes"), self.folder / layout.LOGS
        try:
            size = os.stat(path, follow_symlinks=False).st_size
        except OSError:
            size = 0
        if size >= end and not _has_checksum(path, end, status, "log_crc32"):
            place = f"{self.relative}/{layout.LOGS}"
            self.report.error("log-altered", place, "The log does not match its checksum.")
        if size < end and status.get("status") != layout.RUNNING:
            self.report.error(
                "log-truncated",
                f"{self.relative}/{layout.LOGS}",
                "The log was truncated: {size} of {end} bytes are left.",
                size=f"{size:,}",
                end=f"{end:,}",
            )

    def _medium(self, data: dict[str, Any], contents: bool) -> None:
        path = self.folder / data["path"]
        place = f"{self.relative}/{data['path']}"
        try:
            size = os.stat(path, follow_symlinks=False).st_size
            checksum = crc32_of(path) if contents and isinstance(data.get("crc32"), str) else None
        except FileNotFoundError:
            self.report.error("media-missing", place, "A file in the journal is missing.")
            return
        except OSError as error:
            self.report.error(
                "unreadable", place, "The file cannot be read: {reason}.", reason=error.strerror or error
            )
            return
        expected = data.get("size")
        if isinstance(expected, int) and size != expected:
            self.report.error(
                "media-damaged",
                place,
                "The file has {size} of {expected} bytes.",
                size=f"{size:,}",
                expected=f"{expected:,}",
            )
        elif checksum is not None and checksum != data["crc32"]:
            self.report.error("media-damaged", place, "The file does not match its checksum.")


def _count(status: dict[str, Any], key: str) -> int:
    value = status.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _has_checksum(path: Path, end: int, status: dict[str, Any], key: str) -> bool:
    """Return whether the beginning of a file matches the checksum in `status.json`, or has none."""
    expected = status.get(key)
    try:
        return not end or not isinstance(expected, str) or crc32_of(path, end) == expected
    except OSError:  # reported elsewhere
        return True


def _listed(numbers: list[int]) -> str:
    text = ", ".join(map(str, numbers[:SHOWN]))
    if len(numbers) > SHOWN:
        return Message("{shown} and {more} more", shown=text, more=f"{len(numbers) - SHOWN:,}")
    return text
