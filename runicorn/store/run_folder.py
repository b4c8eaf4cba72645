"""Folder of one run, written by the SDK. File system errors are reported and counted, never raised."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runicorn import _platform
from runicorn.store import descriptor_reserve, layout
from runicorn.store.bulk_io import sync_file
from runicorn.store.containment import OutsideStore, check_inside
from runicorn.store.file_checksums import GrowingChecksum, extent
from runicorn.store.folder_lock import folder_lock
from runicorn.store.journal import count_records
from runicorn.store.journal.appender import Appender
from runicorn.store.notices import Notices, say
from runicorn.store.units import number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class RunFolder:
    """The small files of a run, its two append-only files, and the count of lost records.

    Attributes:
        root: the storage root; nothing is written outside of it.
        lock: held while a small file is read, changed and written.
        report: called by the sync thread when the count of missing records has changed.
    """

    def __init__(self, root: Path, path: Path, notices: Notices) -> None:
        self.root = root
        self.path = path
        self.notices = notices
        self.events = Appender(path / layout.EVENTS)
        self.logs = Appender(path / layout.LOGS, separate=False)
        self._checksums = (GrowingChecksum(self.events.path), GrowingChecksum(self.logs.path))
        self.lock = threading.RLock()
        self.report: Callable[[], None] = lambda: None
        self._reported = 0
        self._unsynced: set[str] = set()
        self._synced_folders: set[Path] = set()
        self._unwritten: set[str] = set()
        self._refusal: OutsideStore | None = None
        _platform.watch_forks(self)

    def after_fork(self) -> None:
        """Reset the lock, which another thread of the parent may have held at the fork."""
        self.lock = threading.RLock()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Lock the small files against threads, and briefly against other processes."""
        with descriptor_reserve.released(), self.lock, folder_lock(self.path):
            yield

    def claim(self) -> bool:
        """Create the folder. Return False if it exists; failure is reported and counts as new."""
        try:
            check_inside(self.root, self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir()
        except OutsideStore as error:
            self._refusal = self.events.refusal = self.logs.refusal = error
            self.report_error(self.path.name, error)
        except FileExistsError as error:
            if os.path.isdir(self.path):
                return False
            self.report_error(self.path.name, error)
        except OSError as error:
            self.report_error(self.path.name, error)
        return True

    def continue_checksums(self, status: dict[str, Any]) -> None:
        """Continue the checksums of an earlier part of the run, so that damage since then stays detectable."""
        for name, checksum in zip(("journal", "log"), self._checksums):
            with suppress(LookupError, TypeError, ValueError):
                checksum.state = int(status[f"{name}_bytes"]), int(status[f"{name}_crc32"], 16)

    def is_lost(self) -> bool:
        """Whether something could not be written already."""
        return bool(self._unwritten)

    def read(self, name: str) -> dict[str, Any]:
        """Return the object in a small file; {} if it is missing or damaged."""
        return layout.read_json(self.path / name)[0]

    def write(self, name: str, value: dict[str, Any], *, in_place: bool = False) -> bool:
        """Replace a small file; return False, after reporting it, if that failed.

        Args:
            in_place: if there is no space for a second file, overwrite the existing one.
        """
        return self._replace(name, lambda path: layout.write_json(path, value, in_place=in_place))

    def write_content(self, name: str, content: bytes) -> bool:
        """Do the same with the bytes of its content."""
        return self._replace(name, lambda path: _platform.replace_file(path, content))

    def _replace(self, name: str, replace: Callable[[Path], None]) -> bool:
        try:
            self.check()
            descriptor_reserve.attempt(lambda: replace(self.path / name))
        except OSError as error:
            self.report_error(name, error)
            return False
        self._unwritten.discard(name)
        return True

    def write_media(self, name: str, content: bytes) -> bool:
        """Write a new file into `media/`; return False, after reporting and counting it, if that failed."""
        path = self.path / layout.MEDIA / name
        try:
            self.check()
            check_inside(self.root, path).parent.mkdir(exist_ok=True)
            descriptor_reserve.attempt(lambda: path.write_bytes(content))
        except OutsideStore as error:
            self.report_error(name, error)
            return False
        except OSError as error:
            self.report_error(name, error)
            with suppress(OSError):
                path.unlink()
            return False
        self._unsynced.add(name)
        self._synced_folders -= {path.parent, self.path}
        return True

    def check(self) -> None:
        """Check that the run's folder was found to be inside the store."""
        if self._refusal is not None:
            raise self._refusal

    def append(self, file: Appender, line: bytes) -> None:
        """Append a line to an append-only file. Failed lines are counted; the first is reported."""
        if not file.write(line):
            self.warn(file)

    def warn(self, file: Appender) -> None:
        """Report, once, that lines of a growing file could not be written."""
        if file.error is not None:
            self._tell(file.error)

    def write_text(self, text: str) -> None:
        """Append a text to the log, prefixed with the local time."""
        line = f"{time.strftime('%H:%M:%S')} | {text.rstrip(chr(10))}\n"
        self.append(self.logs, line.encode("utf-8", "replace"))

    def stir(self) -> None:
        """Touch the folder of runs, which viewers watch."""
        try:
            self.check()
            os.utime(self.path.parent)
        except OSError as error:
            self._tell(error)

    def report_error(self, name: str, error: OSError) -> None:
        """Report that a file named `name` could not be written."""
        self._unwritten.add(name)
        self._tell(error)

    def counts(self) -> dict[str, int]:
        return {"records_written": self.events.written, "records_missing": self.events.missing}

    def final_counts(self) -> dict[str, Any]:
        """Return the counts at the end of the run, with the sizes and checksums of journal and log."""
        if self.events.has_other_writers:
            # Each process counts only its own records.
            self.events.written = count_records(self.events.path)
        return {**self.counts(), **extent(*self._checksums)}

    def sync(self) -> None:
        """Sync journal, log and media to disk, after retrying failed writes."""
        for file, checksum in zip((self.events, self.logs), self._checksums):
            file.flush()
            self._sync_file(file)
            # By parts while the run is running: at its end the whole files may be large.
            with suppress(OSError):
                checksum.advance()
        self._sync_media()
        self._sync_folders()
        if self.events.missing != self._reported:
            self._reported = self.events.missing
            self.report()

    def settle(self) -> None:
        """Do the same at the end of a run, including content of other processes."""
        if self.events.has_other_writers:
            with suppress(OSError):
                self._unsynced.update(os.listdir(self.path / layout.MEDIA))
        self._synced_folders.clear()
        self.sync()

    def _sync_media(self) -> None:
        names, self._unsynced = self._unsynced, set()
        while names:
            name = names.pop()
            try:
                sync_file(self.path / layout.MEDIA / name)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):  # again, when there are descriptors
                    self._unsynced.update(names, {name})
                    return
                self.report_error(name, error)

    def _sync_folders(self) -> None:
        for folder in (self.path / layout.MEDIA, self.path, *list(self.path.parents)[:4]):
            if folder not in self._synced_folders:
                with suppress(OSError):  # there may be no media, and a folder above may be closed to us
                    _platform.fsync_directory(folder)
                    self._synced_folders.add(folder)

    def _sync_file(self, file: Appender) -> None:
        try:
            if file.sync():
                self._synced_folders.discard(self.path)
        except OSError as error:
            self.report_error(file.path.name, error)

    def close(self) -> None:
        """Close all files and report what is not on disk."""
        self.events.close()
        self.logs.close()
        missing = [
            f"{number_of(count, what)} of the {place}"
            for count, what, place in (
                (self.events.missing, "record", "journal"),
                (self.logs.missing, "text", "log"),
            )
            if count
        ]
        if missing or self._unwritten:
            files = [f"the files {', '.join(sorted(self._unwritten))}"] if self._unwritten else []
            say(f"run {self.path.name} is incomplete. Not written: {'; '.join([*missing, *files])}.")

    def _tell(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        self.notices.once(
            "disk",
            f"cannot write to {self.path} ({reason}). The program continues; missing records are counted and reported at the end.",
        )
