"""Index of the images and tables in a run's journal, as rows.

The journal is indexed on request, from where the last request ended. An event names its file by a `path` below
`media/`, so a journal without media is only searched for that word.
"""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.db import transaction

from runicorn import _platform
from runicorn.store import journal, layout
from runs.models import Run, RunMedia
from runs.store.sanitize import clean_text, integer, number

BLOCK = 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024
"""Bytes indexed per request; the next request continues from there."""
MARK_BYTES = 256


def media_of(run: Run) -> list[RunMedia]:
    """The media of a run in the order in which they were logged, whether or not their files still exist."""
    catch_up(run)
    return list(RunMedia.objects.filter(run=run).order_by("id"))


def catch_up(run: Run) -> None:
    """Index the media in the part of the journal that is new."""
    try:
        fd = _platform.open_regular(run.path / layout.EVENTS, follow_links=False)
    except OSError:
        return
    try:
        if os.fstat(fd).st_size != run.media_offset:
            _read_on(run, fd)
    finally:
        os.close(fd)


def _read_on(run: Run, fd: int) -> None:
    start, mark = run.media_offset, run.media_mark
    if os.fstat(fd).st_size < start or (mark and mark != _mark(fd, int(mark.partition(":")[0]))):
        start, mark = 0, ""
    offset, lines = start, []
    while offset - start < MOST_BYTES and (block := journal.complete(fd, offset, BLOCK)):
        if b'"path"' in block:
            lines += [line for line in block.split(b"\n") if b'"path"' in line]
        offset += len(block)
    if offset == run.media_offset and mark == run.media_mark:
        return
    mark = mark or _mark(fd, min(MARK_BYTES, offset))
    with transaction.atomic():
        here = Run.objects.filter(pk=run.pk, media_offset=run.media_offset, media_mark=run.media_mark)
        if not here.update(media_offset=offset, media_mark=mark):
            return  # another request indexed the same lines first
        if start < run.media_offset:
            RunMedia.objects.filter(run=run).delete()
        RunMedia.objects.bulk_create([row for line in lines if (row := _row(run, line))], batch_size=500)


def _mark(fd: int, length: int) -> str:
    """Return a fingerprint of the first bytes of a journal, as many as it had when it was first indexed."""
    return f"{length}:{blake2b(_platform.read_at(fd, length, 0), digest_size=12).hexdigest()}"


def _row(run: Run, line: bytes) -> RunMedia | None:
    try:
        event = json.loads(line)
        data, path = event["data"], event["data"]["path"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(path, str) or not (relative := _below_media(path)):
        return None
    return RunMedia(
        run=run,
        key=clean_text(data.get("key"), 255) or Path(relative).stem[:255],
        path=relative,
        step=integer(data.get("step")),
        caption=_text(data.get("caption")),
        created=number(event.get("ts")) or run.created,
    )


def _below_media(path: str) -> str:
    """Return the part of a path below `media/`; "" for any other path."""
    parts = clean_text(path, 1024).replace("\\", "/").split("/")
    if parts[0] != layout.MEDIA or any(part in ("", ".", "..") for part in parts):
        return ""
    return "/".join(parts[1:])


def _text(value: Any) -> str | None:
    return clean_text(value, 10_000) if isinstance(value, str) else None
