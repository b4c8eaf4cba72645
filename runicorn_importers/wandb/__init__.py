"""Import of offline runs of Weights & Biases: folders `wandb/offline-run-…` (and `run-…`) with a file `run-<id>.wandb`.

Format: the log of LevelDB (`runicorn_importers/formats/leveldb_log.py`) with messages `wandb_internal.Record` of
wandb/proto/wandb_internal.proto.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.store import layout
from runicorn_importers.experiment import Entry, Experiment, NotReadable, Point, Unreadable, open_ended, sizes
from runicorn_importers.formats import leveldb_log, protobuf
from runicorn_importers.formats.open_files import is_open
from runicorn_importers.wandb.artifacts import artifacts
from runicorn_importers.wandb.history import own_fields, row_entries, summary_of

HEAD = b":W&B"
HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, ARTIFACT, OUTPUT_RAW, RUN, EXIT = 2, 3, 4, 5, 7, 8, 13, 17, 18
KINDS = frozenset({HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, ARTIFACT, OUTPUT_RAW, RUN, EXIT})
"""Numbers of the kinds of records that are read."""
OUTPUT_LOG = Path("files", "output.log")


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs below a folder, or of one file; a resumed run is one run, however many folders it has.

    Raises:
        NotReadable: there is no run of W&B.
    """
    files = [path] if path.is_file() else sorted(path.rglob("run-*.wandb"))
    if not files:
        raise NotReadable(f"{path} contains no file run-….wandb of Weights & Biases.")
    runs: dict[str, list[_Part]] = {}
    for file in files:
        try:
            part = _part(file)
            if part is not None:
                runs.setdefault(part.origin, []).append(part)
        except (NotReadable, OSError, protobuf.Malformed) as error:
            yield Unreadable(str(file), str(error))
    for parts in runs.values():
        # W&B appends a number to the second folder of the same second.
        parts.sort(key=lambda part: (part.started or 0.0, str(part.file)))
        yield _experiment(parts)


@dataclass
class _Part:
    """The records of one file without its history."""

    file: Path
    run: bytes = b""
    exit_code: int | None = None
    config: list[bytes] = field(default_factory=list)
    summary: list[bytes] = field(default_factory=list)
    artifacts: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> str:
        names = (protobuf.text(self.run, number) for number in (2, 3, 1))
        return f"wandb:{'/'.join(names)}"

    @property
    def started(self) -> float | None:
        return protobuf.moment(protobuf.first(self.run, 17))


def _part(file: Path) -> _Part | None:
    """Return the records of a file; None if the run has just begun.

    W&B keeps the first records of a run, its project among them, in memory for about 15 seconds.

    Raises:
        NotReadable: it is not a file of W&B, or has no run.
    """
    part, stat = _Part(file), file.stat()
    if stat.st_size == 0 and open_ended(stat.st_mtime)[0] == layout.RUNNING:
        return None
    for kind, message in _records(file):
        if kind == RUN:
            part.run = message
            part.config.append(protobuf.first(message, 4))
        elif kind == CONFIG:
            part.config.append(message)
        elif kind == SUMMARY:
            part.summary.append(message)
        elif kind == ARTIFACT:
            part.artifacts.append(message)
        elif kind == EXIT:
            part.exit_code = protobuf.integer(message, 1)
    if not part.run and open_ended(stat.st_mtime)[0] == layout.RUNNING:
        return None
    if not part.run:
        raise NotReadable(f"{file} does not name its run.")
    return part


def _experiment(parts: list[_Part]) -> Experiment:
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    for part in parts:
        for message in part.config:
            _update(config, message)
        for message in part.summary:
            _update(summary, message)
    last = parts[-1]
    run, run_id = last.run, protobuf.text(last.run, 1)
    files = [part.file for part in parts]
    omissions: list[str] = []
    if last.exit_code is None:
        changed = None if is_open(last.file) is False else last.file.stat().st_mtime
        status, reason = open_ended(changed, "wandb: the run has no end")
    else:
        status, reason = layout.FAILED if last.exit_code else layout.FINISHED, ""
    return Experiment(
        origin=last.origin,
        project=protobuf.text(run, 3) or "wandb",
        name=protobuf.text(run, 8) or run_id,
        started=parts[0].started,
        status=status,
        reason=reason,
        config={key: value for key, value in config.items() if key != "_wandb"}
        | own_fields(job_type=protobuf.text(run, 7), sweep=protobuf.text(run, 12)),
        summary=summary_of(summary, omissions),
        tags=[tag.decode("utf-8", "replace") for tag in protobuf.every(run, 10)],
        notes=protobuf.text(run, 9),
        group=protobuf.text(run, 6),
        host=protobuf.text(run, 13),
        entries=lambda: _entries(files, omissions),
        lines=lambda: (line for file in files for line in _lines(file)),
        files=artifacts([(part.file, message) for part in parts for message in part.artifacts], omissions),
        omissions=omissions,
        fingerprint=sizes([*files, *(file.parent / OUTPUT_LOG for file in files)]),
    )


def _update(target: dict[str, Any], message: bytes) -> None:
    """Apply a config or summary record to `target`."""
    _set(target, protobuf.every(message, 1))
    for item in protobuf.every(message, 2):
        target.pop(_keys(item)[0], None)


def _set(target: dict[str, Any], items: list[bytes]) -> None:
    """Set items; those with several keys are nested."""
    for item in items:
        place = target
        *above, last = _keys(item)
        for key in above:
            inner = place.get(key)
            place[key] = place = inner if isinstance(inner, dict) else {}
        place[last] = _json(protobuf.first(item, 16))


def _keys(item: bytes) -> list[str]:
    nested = [key.decode("utf-8", "replace") for key in protobuf.every(item, 2)]
    return nested or [protobuf.text(item, 1)]


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _entries(files: list[Path], omissions: list[str]) -> Iterator[Entry]:
    """Yield the history of all parts of a run.

    A resumed offline run does not know the last step of the previous part and counts from 0 again. Its steps are
    shifted, like those of a run that is resumed online.
    """
    last = -1
    for file in files:
        offset = None if last >= 0 else 0
        for entry in _part_entries(file, omissions):
            if isinstance(entry, Point) and entry.kind == "system":
                yield entry
                continue
            if offset is None:
                offset = last + 1 if entry.step == 0 else 0
                if offset:
                    omissions.append(
                        f"{file.parent.name} restarts its steps at 0; they were continued at {offset}."
                    )
            last = max(last, entry.step + offset)
            yield entry._replace(step=entry.step + offset)


def _part_entries(file: Path, omissions: list[str]) -> Iterator[Entry]:
    for kind, message in _records(file):
        if kind == HISTORY:
            yield from _history(file, message, omissions)
        elif kind == STATS:
            load = {
                f"system/{protobuf.text(entry, 1)}": _json(protobuf.first(entry, 16))
                for entry in protobuf.every(message, 3)
            }
            numbers = {name: value for name, value in load.items() if isinstance(value, int | float)}
            if numbers:
                yield Point(0, protobuf.moment(protobuf.first(message, 2)), numbers, "system")


def _history(file: Path, message: bytes, omissions: list[str]) -> Iterator[Entry]:
    values: dict[str, Any] = {}
    _set(values, protobuf.every(message, 1))
    step = protobuf.integer(protobuf.first(message, 2), 1)
    yield from row_entries(file.parent / "files", values, step, omissions)


def _lines(file: Path) -> Iterator[str]:
    """Yield the log: the saved terminal output, or the output records if the run did not finish."""
    output_log = file.parent / OUTPUT_LOG
    if output_log.is_file() and not output_log.is_symlink():
        with regular_file.open_text(output_log, errors="replace") as log:
            yield from log
        return
    text = "".join(
        protobuf.text(message, 3) for kind, message in _records(file) if kind in (OUTPUT, OUTPUT_RAW)
    )
    yield from text.splitlines()


def _records(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield kind and message of each record; an incomplete last record is skipped."""
    for record in leveldb_log.records(file, HEAD, "Weights & Biases"):
        try:
            for number, value in protobuf.fields(record):
                if isinstance(value, bytes) and number in KINDS:
                    yield number, value
        except protobuf.Malformed as error:
            raise NotReadable(f"{file} is damaged: {error}.") from error
