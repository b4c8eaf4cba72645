"""Samples of Inspect AI: its logs, `.eval` (ZIP) and `.json`.

Format: https://inspect.aisi.org.uk/eval-logs.html. Members are compressed with Zstandard (method 93) since 0.3.206. A log without
`header.json` is of an evaluation that is running or was killed. NaN stands for "not scored".
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn_importers.sample_rows.row import SampleRow, sample
from runicorn_importers.samples.source import SampleSource

ZSTD = 93
MEMBER = re.compile(r"samples/.+_epoch_\d+\.json")
ATTACHMENT = "attachment://"
WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Values of Inspect's own scorers: correct, incorrect, partially correct, no answer."""


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the logs of a folder."""
    for path in sorted(folder.glob("*.eval")):
        if _is_archive(path):
            yield SampleSource(path, _task(path), _members)
    for path in sorted(folder.glob("*.json")):
        if _is_log(path):
            yield SampleSource(path, _task(path), _document)


def _task(path: Path) -> str:
    """Return the task in `<time>_<task>_<id>`."""
    parts = path.stem.split("_")
    return "_".join(parts[1:-1]) or path.stem


def _is_archive(path: Path) -> bool:
    try:
        with regular_file.open_binary(path) as file:
            return zipfile.is_zipfile(file)
    except OSError:
        return False


def _is_log(path: Path) -> bool:
    try:
        with regular_file.open_binary(path) as file:
            head = file.read(4096)
    except OSError:
        return False
    return b'"status"' in head and b'"eval"' in head and b'"version"' in head


def _members(path: Path, start: int) -> Iterator[SampleRow]:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if MEMBER.fullmatch(member.filename)]
        for number, member in enumerate(members):
            if number >= start:
                yield SampleRow(_sample(json.loads(_content(archive, member))), end=number + 1)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the content of a member, also of a compression that `zipfile` reads only since Python 3.14."""
    if member.compress_type != ZSTD:
        return archive.read(member)
    import pyarrow as pa

    file = archive.fp
    if file is None:
        raise ValueError("The archive is closed.")
    file.seek(member.header_offset + 26)
    name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
    file.seek(member.header_offset + 30 + name + extra)
    with pa.CompressedInputStream(pa.py_buffer(file.read(member.compress_size)), "zstd") as stream:
        content: bytes = stream.read()
    return content


def _document(path: Path, start: int) -> Iterator[SampleRow]:
    log = json.loads(path.read_bytes())
    for number, record in enumerate(log.get("samples") or ()):
        if number >= start and isinstance(record, dict):
            yield SampleRow(_sample(record), end=number + 1)


def _sample(record: dict[str, Any]) -> dict[str, Any]:
    record = _attached(record, record.get("attachments") or {})
    output = record.get("output") or {}
    choices = [choice for choice in output.get("choices") or () if isinstance(choice, dict)]
    scores = {name: _score(score) for name, score in (record.get("scores") or {}).items()}
    values = {name: value for name, value in scores.items() if value is not None}
    first = next(iter(values.values()), None)
    logprobs = ((choices[0].get("logprobs") or {}) if choices else {}).get("content") or []
    target = record.get("target")
    named = {
        "id": str(record.get("id")),
        "group": str(record.get("id")),
        "messages": record.get("messages"),
        "completion": output.get("completion") if not record.get("messages") else None,
        "target": target,
        "reward": first,
        "rewards": values or None,
        "correct": bool(first) if first in (0.0, 1.0) else None,
        "truncated": bool(record.get("limit"))
        or (bool(choices) and choices[0].get("stop_reason") == "max_tokens"),
        "tokens": [entry.get("token") for entry in logprobs] or None,
        "logprobs": [entry.get("logprob") for entry in logprobs] or None,
        "tool_calls": sum(len(message.get("tool_calls") or ()) for message in record.get("messages") or ()),
    }
    return sample(record, named, ("id", "messages", "target", "attachments"))


def _score(score: Any) -> float | None:
    """Return the number of a score; None where the value is no number, or NaN."""
    value = score.get("value") if isinstance(score, dict) else None
    if isinstance(value, str):
        return WORDS.get(value)
    return float(value) if isinstance(value, int | float) and value == value else None


def _attached(value: Any, attachments: dict[str, Any]) -> Any:
    """Return a value with its references to attachments replaced by their texts."""
    if isinstance(value, str):
        return (
            attachments.get(value.removeprefix(ATTACHMENT), value) if value.startswith(ATTACHMENT) else value
        )
    if isinstance(value, dict):
        return {
            key: item if key == "attachments" else _attached(item, attachments) for key, item in value.items()
        }
    return [_attached(item, attachments) for item in value] if isinstance(value, list) else value
