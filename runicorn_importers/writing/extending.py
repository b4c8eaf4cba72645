"""Append new records of the source to an imported run, without rewriting it.

The lines of the existing journal and log are compared with those that the source yields now. If they are its beginning, the
rest is appended, so that a viewer reads only what is new; an interrupted append is continued by the next one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO

from runicorn.store import curation, layout
from runicorn.store.containment import check_inside
from runicorn_importers.experiment import Entry, Point
from runicorn_importers.writing.run_writer import RunWriter


def extend(writer: RunWriter) -> bool:
    """Append to the existing run of a writer; return False, with nothing lost, if its beginning has changed."""
    folder = check_inside(writer.root, writer.root / writer.place)
    writer.folder = folder
    (folder / layout.MEDIA).mkdir(exist_ok=True)
    if not _extend_log(writer, folder) or not _extend_journal(writer, folder):
        return False
    writer.write_small_files()
    curation.stir(folder)
    return True


def _extend_journal(writer: RunWriter, folder: Path) -> bool:
    with _opened(folder / layout.EVENTS) as journal:
        is_new = False
        for entry in writer.entries():
            line = b"" if is_new else journal.readline()
            if is_new or not line:
                is_new = True
                writer.append(entry, journal)
            elif not _is_record_of(writer, entry, line):
                return False
            writer.add_samples(entry)
        writer.close_samples()
        return is_new or not journal.readline()


def _extend_log(writer: RunWriter, folder: Path) -> bool:
    with _opened(folder / layout.LOGS) as log:
        is_new = False
        for text in writer.experiment.lines():
            last_line = (text.rstrip("\r\n") + "\n").encode("utf-8", "replace")
            line = b"" if is_new else log.readline()
            if is_new or not line:
                is_new = True
                log.write(last_line)
            elif line != last_line:
                return False
        return is_new or not log.readline()


def _is_record_of(writer: RunWriter, entry: Entry, line: bytes) -> bool:
    moment = writer.moment(entry.time)
    if isinstance(entry, Point):
        return line == writer.line(entry, moment)
    try:
        data = json.loads(line)["data"]
        about = data["key"], data["step"], data.get("caption")
        return about == (entry.key, entry.step, entry.caption or None)
    except (ValueError, LookupError, TypeError):
        return False


class _opened:
    """A file that is read from its beginning and appended to, and is on the disk when the block ends."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        self.file: IO[bytes] = os.fdopen(os.open(path, flags, 0o666), "r+b")

    def __enter__(self) -> IO[bytes]:
        return self.file

    def __exit__(self, *error: object) -> None:
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
