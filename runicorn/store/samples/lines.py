"""Lines of samples: any JSON value as it is, other values as what stands for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from runicorn.store.config_objects import items_of, list_of
from runicorn.store.journal import checksums
from runicorn.store.values import REFUSALS, NotLoggable, jsonable, text_of

Reference = Callable[[Any], "dict[str, Any] | None"]
"""Returns what stands for a value that is stored elsewhere, such as an image; None for any other value."""


class Sample:
    """One line of a chunk.

    Attributes:
        step: the step, or None.
        time: Unix seconds.
        data: the row.
        is_intact: whether the line matches its checksum.
    """

    __slots__ = ("data", "is_intact", "step", "time")

    def __init__(self, step: int | None, time: float, data: dict[str, Any], is_intact: bool) -> None:
        self.step, self.time, self.data, self.is_intact = step, time, data, is_intact


def encoder(reference: Reference | None = None) -> Callable[[float, int | None, Mapping[str, Any]], bytes]:
    """Return a function of time, step and row that returns a line; it never fails for a value in the row."""

    def leaf(value: Any) -> Any:
        replacement = None if reference is None else reference(value)
        return _stand_in(value) if replacement is None else replacement

    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=leaf).encode

    def line(moment: float, step: int | None, row: Mapping[str, Any]) -> bytes:
        record = {"ts": moment, "step": step, "data": row}
        try:
            text = encode(record)
        except (TypeError, ValueError, RecursionError):  # keys that are no text, a circle, too deep
            record["data"] = _cleaned(row, leaf, 0)
            text = encode(record)
        try:
            return checksums.seal(text.encode())
        except UnicodeEncodeError:  # a lone surrogate, which only an escape can represent
            return checksums.seal(json.dumps(json.loads(text), separators=(",", ":")).encode())

    return line


def decode(line: bytes) -> Sample | None:
    """Return the sample in a line without its newline; None if there is none.

    After half a line of a killed process, the record behind it is returned.
    """
    sample = _decoded(line)
    if sample is None and (rest := checksums.salvage(line)):
        sample = _decoded(rest)
    return sample


def _decoded(line: bytes) -> Sample | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    data = record.get("data") if isinstance(record, dict) else None
    if not isinstance(data, dict):
        return None
    step, moment = record.get("step"), record.get("ts")
    return Sample(
        step if isinstance(step, int) and not isinstance(step, bool) else None,
        float(moment) if isinstance(moment, (int, float)) else 0.0,
        data,
        checksums.is_intact(line) is not False,
    )


def _stand_in(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"_type": "bytes", "base64": base64.b64encode(bytes(value)).decode()}
    if hasattr(value, "detach"):  # torch: off the graph and the device first
        try:
            value = value.detach().cpu()
        except REFUSALS:
            return text_of(value)
    try:
        # An array as a whole: converting each of its elements would take a hundred times as long.
        return value.tolist() if hasattr(value, "tolist") else jsonable(value, 0, text_of)
    except (NotLoggable, *REFUSALS):
        return text_of(value)


def _cleaned(value: Any, leaf: Callable[[Any], Any], depth: int) -> Any:
    """Return a value with text as keys, and texts in place of parts that are nested deeper than 100 levels."""
    if depth > 100:
        return text_of(value)
    if isinstance(value, (str, int, float)) or value is None:
        return value if not isinstance(value, int) or value.bit_length() <= 1024 else text_of(value)
    if (items := items_of(value)) is not None:
        return {text_of(key): _cleaned(item, leaf, depth + 1) for key, item in items.items()}
    if (elements := list_of(value)) is not None:
        return [_cleaned(item, leaf, depth + 1) for item in elements]
    return leaf(value)
