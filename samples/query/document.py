"""A sample as a document: messages with reasoning and tool calls, judges, errors, spans of time, and its fields.

Texts are cut, and each names the path by which the rest of it is fetched, so that a sample of any size opens at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from runicorn.json_value import JsonObject, JsonValue
from samples.query.spans import TIMES, spans_of

TEXT = 20_000
"""Characters of a text in a document."""
MOST_TEXT, SHORTENED = 400_000, 500
"""Characters of all messages of a document, and of each text beyond: a browser lays out millions for seconds."""
WINDOW = 200_000
"""Characters of a text that are fetched at once."""
RAW = 200_000
MOST_MESSAGES = 500
MOST_PARTS = 200
JUDGES = ("judge", "judges", "judgement", "verdict", "explanation", "feedback", "scores", "scoring", "grader")
ERRORS = ("error", "errors", "exception", "traceback")
KNOWN = frozenset({"messages", "prompt", "completion", "response", "target", "tokens", *JUDGES, *ERRORS})
REASONING = ("reasoning_content", "reasoning", "thinking")
PARTS_OF_REASONING = ("reasoning", "thinking", "text", "content")
PLACES: tuple[tuple[str, ...], ...] = ((), ("record",), ("record", "episode"))
"""Where judges, errors and times are: in the sample, or in the record that a framework wrote."""

Path = Sequence[str | int]


def document(row: JsonObject) -> JsonObject:
    """Return the document of a sample."""
    messages = _messages(row)
    _shorten(messages[:MOST_MESSAGES])
    return {
        "row": row.get("_row"),
        "step": row.get("_step"),
        "id": row.get("id"),
        "group": row.get("group"),
        "messages": messages[:MOST_MESSAGES],
        "more_messages": max(0, len(messages) - MOST_MESSAGES),
        "target": _text(row["target"], ["target"]) if row.get("target") is not None else None,
        "judges": list(_named(row, JUDGES)),
        "errors": list(_named(row, ERRORS)),
        "spans": [span for _, place in _places(row) for span in spans_of(place)],
        "fields": [
            pair for key, value in row.items() if _is_field(key, value) for pair in _fields(key, value)
        ],
        "has_tokens": any(isinstance(row.get(key), list) for key in ("token_ids", "tokens")),
    }


def text_at(row: JsonObject, path: Path, start: int) -> JsonObject:
    """Return a window of the text at a path of a sample, or of the JSON of what is there.

    Raises:
        LookupError, TypeError: there is nothing at the path.
    """
    value: Any = row
    for part in path:
        value = value[part]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return {"text": text[start : start + WINDOW], "start": start, "length": len(text)}


def _messages(row: JsonObject) -> list[JsonValue]:
    messages: list[JsonValue] = []
    if isinstance(row.get("messages"), list):
        return _of_list(row["messages"], ["messages"])
    for key, role in (("prompt", "user"), ("completion", "assistant"), ("response", "assistant")):
        value = row.get(key)
        if isinstance(value, list):
            messages += _of_list(value, [key])
        elif value is not None:
            messages.append(_message({"role": role, "content": value}, [key], content=[key]))
    return messages


def _shorten(messages: list[Any]) -> None:
    """Cut the texts of messages once they are `MOST_TEXT` characters together."""
    total = 0
    for message in messages:
        texts = [message.get("reasoning"), *message["parts"]]
        texts += [call["arguments"] for call in message.get("tool_calls") or ()]
        for item in texts:
            if item and "text" in item:
                item["text"] = item["text"][: max(SHORTENED, MOST_TEXT - total)]
                total += len(item["text"])


def _of_list(value: Any, path: Path) -> list[JsonValue]:
    return [_message(item, [*path, n]) for n, item in enumerate(value)]


def _message(item: Any, path: Path, content: Path | None = None) -> JsonObject:
    if not isinstance(item, dict):
        return {"role": "", "parts": [{"type": "text", **_text(item, path)}]}
    place = [*path, "content"] if content is None else content
    calls = item.get("tool_calls")
    return {
        "role": str(item.get("role", ""))[:100],
        "name": str(item["name"])[:200] if item.get("name") else None,
        "parts": list(_parts(item.get("content"), place)),
        "reasoning": _reasoning(item, path),
        "tool_calls": [
            _call(call, [*path, "tool_calls", n])
            for n, call in enumerate(calls[:200] if isinstance(calls, list) else [])
        ],
        "tool_call_id": str(item["tool_call_id"])[:200] if item.get("tool_call_id") else None,
    }


def _reasoning(item: dict[str, Any], path: Path) -> JsonObject | None:
    """Return the reasoning of a message: a key of it, or the first part of its content that is reasoning."""
    for key in REASONING:
        if item.get(key):
            return _text(item[key], [*path, key])
    content = item.get("content")
    for n, part in enumerate(content[:MOST_PARTS] if isinstance(content, list) else []):
        if _is_reasoning(part):
            key = next(key for key in PARTS_OF_REASONING if part.get(key))
            return _text(part[key], [*path, "content", n, key])
    return None


def _is_reasoning(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and part.get("type") in ("reasoning", "thinking")
        and any(part.get(key) for key in PARTS_OF_REASONING)
    )


def _parts(value: Any, path: Path) -> Iterator[JsonObject]:
    if value is None or value == "":
        return
    if not isinstance(value, list):
        yield {"type": "text", **_text(value, path)}
        return
    has_reasoning = False
    for n, part in enumerate(value[:MOST_PARTS]):
        if _is_reasoning(part) and not has_reasoning:
            has_reasoning = True  # folded, by `_reasoning`
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            yield {"type": str(part.get("type", "text"))[:40], **_text(part["text"], [*path, n, "text"])}
        elif image := _image(part):
            yield {"type": "image", "media": image}
        else:
            yield {"type": "json", **_text(part, [*path, n])}


def _image(part: Any) -> str | None:
    """Return the path of an image below `media/`; None if the part is no image, or leads to another address."""
    path = part.get("path") if isinstance(part, dict) and part.get("_type") == "image" else None
    if not isinstance(path, str) or not {"..", ".", ""}.isdisjoint(path.split("/")):
        return None
    return path.removeprefix("media/")


def _call(call: Any, path: Path) -> JsonObject:
    function = call.get("function") if isinstance(call, dict) else None
    about, place = (function, [*path, "function"]) if isinstance(function, dict) else (call, path)
    if not isinstance(about, dict):
        return {"name": "", "arguments": _text(call, path)}
    arguments = about.get("arguments", about.get("input"))
    key = "arguments" if "arguments" in about else "input"
    return {
        "name": str(about.get("name") or about.get("function") or "")[:200],
        "arguments": _text("" if arguments is None else arguments, [*place, key]),
    }


def _text(value: Any, path: Path) -> JsonObject:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return {"text": text[:TEXT], "length": len(text), "path": list(path)}


def _places(row: JsonObject) -> Iterator[tuple[Path, JsonObject]]:
    """Yield the sample, and the records in it that a framework wrote, with their paths."""
    for path in PLACES:
        value: Any = row
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, dict):
            yield path, value


def _named(row: JsonObject, keys: Sequence[str]) -> Iterator[JsonObject]:
    for path, place in _places(row):
        for key in keys:
            value = place.get(key)
            if value not in (None, "", [], {}):
                yield {"name": key, **_text(value, [*path, key])}


def _is_field(key: str, value: Any) -> bool:
    is_time = key in TIMES and isinstance(value, dict | list)
    return not (key in KNOWN or is_time or key.startswith("_"))


def _fields(key: str, value: Any) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        for inner, item in list(value.items())[:100]:
            yield _field(f"{key}.{inner}", item)
    else:
        yield _field(key, value)


def _field(key: str, value: Any) -> JsonValue:
    if isinstance(value, str | int | float) or value is None:
        return [key[:200], value[:500] if isinstance(value, str) else value]
    if isinstance(value, list):
        text = ", ".join(f"{item:.4g}" if isinstance(item, float) else str(item)[:80] for item in value[:5])
        return [key[:200], f"[{len(value)}] {text}{', …' if len(value) > 5 else ''}"]
    return [key[:200], json.dumps(value, ensure_ascii=False)[:500]]
