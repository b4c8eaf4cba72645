"""Differences in words, as on the card "What changed"."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from runicorn.api.responses.differences import CodeDifference, Difference, ValueDifference
from runicorn.message import Message

NAMED = 4
"""Changes of a section that are named."""
VALUE_LENGTH = 40


def sentences(difference: Difference, seed_keys: Collection[str] = ()) -> list[str]:
    """Return a sentence for each section with changes, in the order of the difference; one sentence for a replica."""
    other = difference["a"]["id"]
    if difference["replica"]:
        if difference["seed"]:
            return [Message("Replica of run {other} but for the seed", other=other)]
        return [Message("Replica of run {other}", other=other)]
    lines: list[str] = []
    for section in difference["order"]:
        if section == "code":
            lines.append(_code(difference["code"]))
        elif section == "command":
            lines.append(Message("Command line changed"))
        elif section == "seed":
            lines.append(
                Message("Seed {a} → {b}", a=short(difference["seed"]["a"]), b=short(difference["seed"]["b"]))
            )
        else:
            entries: ValueDifference = difference[section]  # type: ignore[literal-required]
            if text := _values(entries, seed_keys if section == "config" else ()):
                lines.append(_titled(section, text))
    return lines or [Message("Nothing is known to have changed since run {other}", other=other)]


def _titled(section: str, changes: str) -> str:
    if section == "config":
        return Message("Config: {changes}", changes=changes)
    if section == "packages":
        return Message("Packages: {changes}", changes=changes)
    if section == "environment":
        return Message("Environment variables: {changes}", changes=changes)
    if section == "hardware":
        return Message("Hardware: {changes}", changes=changes)
    return Message("Data: {changes}", changes=changes)


def _values(difference: ValueDifference, left_out: Collection[str]) -> str:
    parts = [
        f"{entry['key']} {short(entry['a'])} → {short(entry['b'])}"
        for entry in difference["changed"]
        if entry["key"] not in left_out
    ]
    parts += [
        f"+{entry['key']} {short(entry['b'])}"
        for entry in difference["added"]
        if entry["key"] not in left_out
    ]
    parts += [f"−{entry['key']}" for entry in difference["removed"] if entry["key"] not in left_out]
    if len(parts) > NAMED:
        return Message(
            "{named} and {more} more", named=", ".join(parts[:NAMED]), more=f"{len(parts) - NAMED:,}"
        )
    return ", ".join(parts)


def _code(code: CodeDifference) -> str:
    files = code.get("files", [])
    if not files:
        a, b = code.get("commit_a"), code.get("commit_b")
        if a and b and a != b:
            return Message("Code: commit {a} → {b}", a=a[:8], b=b[:8])
        return Message("Code: the difference is not known")
    largest = sorted(files, key=lambda file: -(file["added"] + file["removed"]))[:3]
    names = ", ".join(file["path"].rpartition("/")[2] for file in largest)
    values = {
        "count": len(files),
        "added": f"{sum(file['added'] for file in files):,}",
        "removed": f"{sum(file['removed'] for file in files):,}",
        "names": names if len(files) <= 3 else f"{names}, …",
    }
    if len(files) == 1:
        return Message("Code: 1 file, +{added} −{removed}, {names}", **values)
    return Message("Code: {count} files, +{added} −{removed}, {names}", **values)


def short(value: Any) -> str:
    """Return a value in at most 40 characters."""
    if value is None:
        text = "none"
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"
