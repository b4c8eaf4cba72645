"""Rows of the table that shows a trace: messages of a conversation, spans, and metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runicorn.store.values import described


def trace_rows(
    messages: Iterable[Mapping[str, Any]], metadata: Mapping[str, Any], spans: Iterable[Any]
) -> list[dict[str, Any]]:
    rows = [
        {
            "role": message.get("role"),
            "content": _text(message.get("content")),
            **{name: _text(value) for name, value in message.items() if name not in ("role", "content")},
        }
        for message in messages
    ]
    rows += [{"role": "span", "content": _text(span)} for span in spans]
    if metadata:
        rows.append({"role": "metadata", "content": _text(metadata)})
    return rows


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(described(value), ensure_ascii=False, default=str)
