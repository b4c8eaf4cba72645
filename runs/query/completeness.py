"""Comparison of a run's record counts in `status.json` with its folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext

from runicorn.store import layout
from runs.models import Run, RunMedia


def missing_records(
    logged: int | None,
    unwritten: int | None,
    stored: int | None,
    journal_bytes: int,
    journal_end: int | None,
) -> int | None:
    """Return how many records of a run are not in its journal; None if unknown or `status.json` has no counts.

    Args:
        logged: records that the training has put into the journal.
        stored: records read from the journal; None while it has not been read to its end.
        journal_bytes: size of the journal when the folder was last read.
        journal_end: its size when the run ended.
    """
    if logged is None:
        return None
    if stored is None and 0 < journal_bytes < (journal_end or 0):
        return None
    there = 0 if stored is None and not journal_bytes else stored
    return (unwritten or 0) + (0 if there is None else max(0, logged - there))


def missing_of(run: Run) -> int | None:
    """Return how many records of a run are not in its journal; None if `status.json` has no counts."""
    counts = run.journal_records, run.journal_bytes, run.journal_end
    return missing_records(run.records_written, run.records_unwritten, *counts)


def in_words(run: Run) -> str:
    """Return `19,990 of 20,000`, `? of 20,000` if a damaged journal was not counted; "" without counts."""
    if run.records_written is None:
        return ""
    missing, total = missing_of(run), run.records_written + (run.records_unwritten or 0)
    # The count may be older than the damage.
    is_unknown = missing is None or (missing <= (run.records_unwritten or 0) and _journal(run))
    count = "?" if missing is None or is_unknown else f"{total - missing:,}"
    return gettext("%(found)s of %(total)s") % {"found": count, "total": f"{total:,}"}


def problems(run: Run) -> list[str]:
    """Return a sentence for each kind of data that is missing from the run's folder now."""
    return [sentence for sentence in (_unwritten(run), _journal(run), _media(run)) if sentence]


def _unwritten(run: Run) -> str:
    if not run.records_unwritten:
        return ""
    total = (run.records_written or 0) + run.records_unwritten
    return gettext(
        "%(lost)s of %(total)s records could not be written, for example because the disk was full."
    ) % {
        "lost": f"{run.records_unwritten:,}",
        "total": f"{total:,}",
    }


def _journal(run: Run) -> str:
    if run.status == layout.RUNNING or not run.journal_end:
        return ""
    try:
        size = os.stat(run.path / layout.EVENTS, follow_symlinks=False).st_size
    except FileNotFoundError:
        return gettext("The journal is missing. It had %(size)s bytes when the run ended.") % {
            "size": f"{run.journal_end:,}"
        }
    except OSError as error:
        return gettext("The journal cannot be read: %(reason)s.") % {"reason": error.strerror or error}
    if size < run.journal_end:
        return gettext("The journal was truncated to %(size)s of %(end)s bytes after the run ended.") % {
            "size": f"{size:,}",
            "end": f"{run.journal_end:,}",
        }
    stored, logged = run.journal_records, run.records_written or 0
    if stored is not None and stored < logged:
        return gettext(
            "The journal was changed after the run ended: %(found)s of %(total)s records are left."
        ) % {
            "found": f"{stored:,}",
            "total": f"{logged:,}",
        }
    return ""


def _media(run: Run) -> str:
    folder = run.path / layout.MEDIA
    try:
        mtime = os.stat(folder).st_mtime_ns
    except OSError:
        mtime = 0
    total, missing = _missing_media(run.pk, str(folder), run.media_mark, run.media_offset, mtime)
    if not missing:
        return ""
    return gettext("%(missing)s of %(total)s logged media files are missing.") % {
        "missing": f"{missing:,}",
        "total": f"{total:,}",
    }


@lru_cache(maxsize=256)
def _missing_media(key: int, folder: str, mark: str, offset: int, mtime: int) -> tuple[int, int]:
    """Return how many media the journal names, and how many of them have no file.

    `mark`, `offset` and `mtime` name the state of journal and folder that the answer belongs to.
    """
    paths = RunMedia.objects.filter(run=key).values_list("path", flat=True)
    there = set(os.listdir(folder)) if mtime else set()
    missing = [path for path in paths if path not in there and not (Path(folder) / path).is_file()]
    return len(paths), len(missing)
