"""Spans of time of a sample, from the forms in which frameworks record them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from runicorn.json_value import JsonObject

TIMES = ("timing", "events", "phases", "spans", "timeline", "trace")
SIDES = (("start", "end"), ("t0", "t1"), ("start_time", "end_time"), ("timestamp", "completed"))
"""Keys of start and end: numbers in seconds, or ISO 8601."""
MOST = 200


def spans_of(row: JsonObject) -> list[JsonObject]:
    """Return the spans of a sample or a record, `{name, start, end}` in seconds; as many as `MOST`."""
    spans = [span for key in TIMES for span in _of(row.get(key))]
    return spans[:MOST]


def _of(value: Any) -> Iterator[JsonObject]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    begun: dict[Any, JsonObject] = {}
    for key, item in items:
        if not isinstance(item, dict):
            continue
        label = item.get("name") or item.get("event") or item.get("type") or key
        # Inspect has an event for each side of a span.
        if item.get("event") == "span_begin":
            begun[item.get("id")] = {"name": f"{label}"[:100], "start": _seconds(item.get("timestamp"))}
        elif item.get("event") == "span_end":
            span = begun.pop(item.get("id"), None)
            end = _seconds(item.get("timestamp"))
            if span and span["start"] is not None and end is not None:
                yield {**span, "end": end}
        else:
            for sides in SIDES:
                start, end = (_seconds(item.get(side)) for side in sides)
                if start is not None and end is not None and end >= start:
                    yield {"name": f"{label}"[:100], "start": start, "end": end}
                    break


def _seconds(value: Any) -> float | None:
    if type(value) in (int, float):
        return float(value) if value == value and abs(value) != float("inf") else None
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
