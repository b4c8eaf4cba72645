"""Import of TensorBoard event files: each folder with event files is a run, as in TensorBoard itself.

Format: TFRecords of `tensorflow.Event` (see `runicorn_tools/export/tensorboard_events.py`, which writes them). Scalars are a
`simple_value` (PyTorch) or a tensor of the plugin `scalars` (TensorFlow 2), hyperparameters data of the plugin `hparams`
(https://github.com/tensorflow/tensorboard/blob/master/tensorboard/plugins/hparams/plugin_data.proto).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn import _platform, regular_file
from runicorn.store import layout
from runicorn_importers.experiment import (
    Entry,
    Experiment,
    NotReadable,
    Point,
    Unreadable,
    open_ended,
    sizes,
    text_lines,
)
from runicorn_importers.formats import protobuf
from runicorn_importers.tensorboard.counting import scalars
from runicorn_importers.tensorboard.media import DOUBLE, FLOAT, media, plugin, texts
from runicorn_tools.export.tensorboard_events import masked_crc32c

MARK = ".tfevents."
LONGEST = 512 * 1024 * 1024
HPARAMS = "_hparams_/session_start_info"
TEXT, TEXT_SUFFIX = "text", "/text_summary"
SESSION_START = b"\x08\x01"
"""`SessionLog(status=START)`, which is field 7 of an event."""
RESTART = b"\x3a\x02" + SESSION_START


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs below a folder, or of one event file.

    Raises:
        NotReadable: there is no event file.
    """
    top = path if path.is_dir() else path.parent
    folders = {path.parent: [path]} if path.is_file() else _folders(path)
    if not folders:
        raise NotReadable(f"{path} contains no event file of TensorBoard.")
    for folder in sorted(folders):
        files = sorted(folders[folder])
        try:
            yield _experiment(top, folder, files)
        except (NotReadable, OSError) as error:
            yield Unreadable(_origin(top, folder, files), str(error))


def _folders(top: Path) -> dict[Path, list[Path]]:
    events_by_folder: dict[Path, list[Path]] = {}
    for folder, _, files in os.walk(top):
        events = [Path(folder, name) for name in files if MARK in name]
        if events:
            events_by_folder[Path(folder)] = events
    return events_by_folder


def _experiment(top: Path, folder: Path, files: list[Path]) -> Experiment:
    relative = folder.relative_to(top).as_posix()
    started, config = _head(files)
    omissions: list[str] = []
    return Experiment(
        origin=_origin(top, folder, files),
        project=top.resolve().name,
        name=folder.name if relative == "." else relative,
        started=started,
        status=_status(files),
        config=config,
        entries=lambda: _entries(files, omissions),
        lines=lambda: _lines(files),
        check=lambda: scalars(files),
        omissions=omissions,
        fingerprint=sizes(files),
    )


def _origin(top: Path, folder: Path, files: list[Path]) -> str:
    # The name of the first file has its time, host and process.
    return f"tensorboard:{folder.relative_to(top).as_posix()}/{files[0].name}"


def _status(files: list[Path]) -> str:
    """Return `running` while a file seems to grow: the format does not record an end."""
    if all(_is_closed(file) for file in files):
        return layout.FINISHED
    status, _ = open_ended(max(file.stat().st_mtime for file in files))
    return status if status == layout.RUNNING else layout.FINISHED


def _is_closed(file: Path) -> bool:
    """Return whether the process in the file name belongs to this machine and has ended."""
    host, _, rest = file.name.partition(MARK)[2].partition(".")[2].partition(_platform.host_name())
    pid = rest.lstrip(".").partition(".")[0]
    return not host and bool(rest) and pid.isdecimal() and _platform.process_gone(int(pid), None, "")


def _head(files: list[Path]) -> tuple[float | None, dict[str, Any]]:
    """Return the start and the hyperparameters of a run, which are among the first records."""
    started: float | None = None
    config: dict[str, Any] = {}
    for file in files:
        for number, (time, _, values) in enumerate(_events(file)):
            started = time if started is None else started
            for value in values:
                if protobuf.text(value, 1) == HPARAMS:
                    config |= _hparams(value)
            if number > 100:
                break
    return started, config


def _entries(files: list[Path], omissions: list[str]) -> Iterator[Entry]:
    plugins: dict[str, str] = {}
    restarts = _restarts(files)
    for file_number, file in enumerate(files):
        for offset, time, step, values in _records(file):
            if any(place > (file_number, offset) and step >= first for place, first in restarts):
                continue
            scalars: dict[str, Any] = {}
            for value in values:
                tag = protobuf.text(value, 1)
                number = _scalar(value)
                if number is not None:
                    if tag in scalars:
                        yield Point(step, time, scalars)
                        scalars = {}
                    scalars[tag] = number
                    continue
                name = plugins[tag] = plugin(value) or plugins.get(tag, "")
                if media_entries := media(tag, step, time, value, name):
                    yield from media_entries
                elif not tag.startswith("_hparams_/") and name != TEXT:
                    omissions.append(
                        f"{tag!r} is neither a number nor a known kind of media and was not imported."
                    )
            if scalars:
                yield Point(step, time, scalars)


def _lines(files: list[Path]) -> Iterator[str]:
    """Yield the logged texts, as `SummaryWriter.add_text` of Runicorn writes them."""
    plugins: dict[str, str] = {}
    for file in files:
        for _, step, values in _events(file, containing=TEXT.encode()):
            for value in values:
                tag = protobuf.text(value, 1)
                plugins[tag] = plugin(value) or plugins.get(tag, "")
                for words in texts(value) if plugins[tag] == TEXT else ():
                    yield from text_lines(tag.removesuffix(TEXT_SUFFIX), step, words)


def _restarts(files: list[Path]) -> list[tuple[tuple[int, int], int]]:
    """Return the places (file, offset) at which a training was restarted, and its first step after that.

    TensorBoard discards what was logged before for this step and later ones; `purge_step` of a `SummaryWriter` writes
    such a record.
    """
    return [
        ((number, offset), step)
        for number, file in enumerate(files)
        for offset, _, step, _ in _records(file, containing=RESTART, is_restart=True)
    ]


def _events(file: Path, containing: bytes = b"") -> Iterator[tuple[float, int, list[bytes]]]:
    """Yield time, step and values of each record with values."""
    for _, time, step, values in _records(file, containing):
        yield time, step, values


def _records(
    file: Path, containing: bytes = b"", *, is_restart: bool = False
) -> Iterator[tuple[int, float, int, list[bytes]]]:
    """Yield offset, time, step and values of each record with values; an incomplete last record is skipped.

    Args:
        file: an event file.
        containing: records without these bytes are skipped unread: checksums in Python take most of the time.
        is_restart: yield the records of restarts instead, without values.
    """
    offset = 0
    with regular_file.open_binary(file) as source:
        while len(head := source.read(12)) == 12:
            (length,) = struct.unpack("<Q", head[:8])
            if length > LONGEST or head[8:] != masked_crc32c(head[:8]):
                raise NotReadable(f"{file} is damaged, or not an event file.")
            record = source.read(length + 4)
            if len(record) < length + 4:
                return
            offset += len(head) + len(record)
            if containing not in record:
                continue
            if record[length:] != masked_crc32c(record[:length]):
                raise NotReadable(f"{file} is damaged: the checksum of a record does not match.")
            try:
                event = list(protobuf.fields(record[:length]))
                summary = next((value for number, value in event if number == 5), b"")
                values = protobuf.every(summary, 1) if isinstance(summary, bytes) else []
            except protobuf.Malformed as error:
                raise NotReadable(f"{file} is damaged: {error}.") from error
            parts = dict(event)
            if (parts.get(7) == SESSION_START) if is_restart else values:
                time, step = parts.get(1, b""), parts.get(2, 0)
                yield (
                    offset,
                    protobuf.double(time) if isinstance(time, bytes) else 0.0,
                    step - 2**64 if isinstance(step, int) and step >= 2**63 else int(step),
                    values,
                )


def _scalar(value: bytes) -> float | None:
    fields = dict(protobuf.fields(value))
    simple, tensor = fields.get(2), fields.get(8)
    if isinstance(simple, bytes):
        return protobuf.single(simple)
    return _tensor_number(tensor) if isinstance(tensor, bytes) else None


def _tensor_number(tensor: bytes) -> float | None:
    """Return the number in a TensorProto without dimensions; None for any other."""
    parts = dict(protobuf.fields(tensor))
    kind, content = parts.get(1), parts.get(4, b"")
    if kind not in (FLOAT, DOUBLE) or protobuf.every(protobuf.first(tensor, 2), 2):
        return None
    packed = parts.get(5 if kind == FLOAT else 6, b"")
    number = content if isinstance(content, bytes) and content else packed
    if not isinstance(number, bytes):
        return None
    return protobuf.single(number[:4]) if kind == FLOAT else protobuf.double(number[:8])


def _hparams(value: bytes) -> dict[str, Any]:
    """Parse Value.metadata.plugin_data.content → HParamsPluginData.session_start_info.hparams."""
    start = protobuf.first(protobuf.first(protobuf.first(protobuf.first(value, 9), 1), 2), 3)
    params: dict[str, Any] = {}
    for entry in protobuf.every(start, 1):
        kinds = dict(protobuf.fields(protobuf.first(entry, 2)))
        number, words, truth = kinds.get(2), kinds.get(3), kinds.get(4)
        if isinstance(number, bytes):
            params[protobuf.text(entry, 1)] = protobuf.double(number)
        elif isinstance(words, bytes):
            params[protobuf.text(entry, 1)] = words.decode("utf-8", "replace")
        elif truth is not None:
            params[protobuf.text(entry, 1)] = bool(truth)
    return params
