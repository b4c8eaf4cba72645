"""Import of SwanLab: folders `run-<time>-<id>` of an offline (or any other) run, with their record file.

Since version 0.10 it is `run-<id>.swanlab`: a log of LevelDB with messages of swanlab/proto/swanlab/record/v1/record.proto in
https://github.com/SwanHubX/SwanLab. Older versions write `backup.swanlab` (`backup.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runicorn import regular_file
from runicorn.store import layout
from runicorn_importers.experiment import (
    DAMAGED,
    Entry,
    Experiment,
    NotReadable,
    Point,
    Unreadable,
    sizes,
    text_lines,
)
from runicorn_importers.formats import leveldb_log, protobuf
from runicorn_importers.swanlab import backup
from runicorn_importers.swanlab.common import HEAD, config, host, media, open_status, system_point

START, FINISH, COLUMN, SCALAR, MEDIA, LOG = 10, 11, 12, 13, 14, 16
RECORDS = frozenset({START, FINISH, COLUMN, SCALAR, MEDIA, LOG})
STATUS = {1: layout.FINISHED, 2: layout.FAILED, 3: layout.INTERRUPTED}
TYPES = {2: "image", 3: "audio", 4: "text", 5: "video", 6: "echarts", 7: "object3d", 8: "molecule", 9: "html"}
"""Folders of media by their number in `ColumnType`."""
SYSTEM = 2
"""Class of columns with statistics of the machine."""


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs below a folder, or of one file.

    Raises:
        NotReadable: there is no run of SwanLab.
    """
    files = [path] if path.is_file() else sorted([*path.rglob("run-*.swanlab"), *path.rglob(backup.NAME)])
    if not files:
        raise NotReadable(f"{path} contains no file run-….swanlab or {backup.NAME} of SwanLab.")
    for file in files:
        try:
            yield backup.experiment(file) if file.name == backup.NAME else _experiment(file)
        except DAMAGED as error:
            yield Unreadable(str(file), str(error))


@dataclass
class _Head:
    """The records of a file without its values."""

    start: bytes = b""
    finish: bytes = b""
    system: set[str] = field(default_factory=set)


def _head(file: Path) -> _Head:
    head = _Head()
    for kind, message in _records(file):
        if kind == START:
            head.start = message
        elif kind == FINISH:
            head.finish = message
        elif kind == COLUMN and protobuf.integer(message, 1) == SYSTEM:
            head.system.add(protobuf.text(message, 3))
    if not head.start:
        raise NotReadable(f"{file} does not name its run.")
    return head


def _records(file: Path) -> Iterator[tuple[int, bytes]]:
    for record in leveldb_log.records(file, HEAD, "SwanLab"):
        for number, value in protobuf.fields(record):
            if isinstance(value, bytes) and number in RECORDS:
                yield number, value


def _experiment(file: Path) -> Experiment:
    head = _head(file)
    start, omissions = head.start, list[str]()
    run_id = protobuf.text(start, 10) or file.stem.removeprefix("run-")
    if head.finish:
        status = STATUS.get(protobuf.integer(head.finish, 1), layout.INTERRUPTED)
        reason = protobuf.text(head.finish, 2).strip().rpartition("\n")[2]
    else:
        status, reason = open_status(file)
    return Experiment(
        origin=f"swanlab:{protobuf.text(start, 1)}/{run_id}",
        project=protobuf.text(start, 1) or "swanlab",
        name=protobuf.text(start, 4) or run_id,
        started=protobuf.moment(protobuf.first(start, 12)),
        ended=protobuf.moment(protobuf.first(head.finish, 3)),
        status=status,
        reason=reason,
        config=config(file),
        tags=[tag.decode("utf-8", "replace") for tag in protobuf.every(start, 6)],
        notes=protobuf.text(start, 5),
        group=protobuf.text(start, 7),
        host=host(file),
        entries=lambda: _entries(file, head.system, omissions),
        lines=lambda: _lines(file),
        omissions=omissions,
        fingerprint=sizes([file]),
    )


def _entries(file: Path, system: set[str], omissions: list[str]) -> Iterator[Entry]:
    for kind, message in _records(file):
        if kind not in (SCALAR, MEDIA):
            continue
        key, step = protobuf.text(message, 1), protobuf.integer(message, 2)
        time, value = protobuf.moment(protobuf.first(message, 4)), protobuf.first(message, 5)
        if kind == MEDIA:
            folder = TYPES.get(protobuf.integer(message, 3), "")
            for item in protobuf.every(value, 1):
                if folder == "text":
                    continue
                about = protobuf.text(item, 1), protobuf.text(item, 4)
                if medium := media(file.parent / "media" / folder, key, step, time, *about):
                    yield medium
                else:
                    omissions.append(f"a file of {key!r} is missing.")
            continue
        number = protobuf.double(protobuf.first(value, 1))  # 0.0, the default, is not in the message
        if key in system:
            yield system_point(key, time, number)
        else:
            yield Point(step, time, {key: number})


def _lines(file: Path) -> Iterator[str]:
    """Yield the terminal output and the logged texts."""
    for kind, message in _records(file):
        if kind == LOG:
            yield protobuf.text(message, 1)
        elif kind == MEDIA and TYPES.get(protobuf.integer(message, 3)) == "text":
            for item in protobuf.every(protobuf.first(message, 5), 1):
                path = file.parent / "media" / "text" / Path(protobuf.text(item, 1)).name
                if path.is_file() and not path.is_symlink():
                    words = regular_file.read_text(path, errors="replace")
                    yield from text_lines(protobuf.text(message, 1), protobuf.integer(message, 2), words)
