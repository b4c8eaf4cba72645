"""Conversion of `assets.json`, in which Runicorn 0.6 and 0.7 keep settings and data sets, to config values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runicorn.store.flatten import flatten

LISTS = {"datasets": "uri", "pretrained": "path_or_uri", "outputs": "path"}
"""The lists of `assets.json`, and the key by which an entry says where its content is."""


def settings_of(assets: Mapping[str, Any]) -> dict[str, Any]:
    """Return config values: those of `args` and `extra`, `config_files`, and `<list>.<name>` with the place of each entry.

    Args:
        assets: what `assets.json` holds; entries of another form are left out.
    """
    found: dict[str, Any] = {}
    given = assets.get("config")
    if isinstance(given, dict):
        for part in ("args", "extra"):
            if isinstance(given.get(part), dict):
                found |= flatten(given[part])
        if isinstance(given.get("config_files"), list):
            found["config_files"] = given["config_files"]
    for part, key in LISTS.items():
        entries = assets.get(part)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                found[f"{part}.{entry['name']}"] = entry.get(key)
    return found
