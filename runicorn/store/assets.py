"""Conversion of `assets.json`, where Runicorn 0.6 and 0.7 keep settings and data sets, to config values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runicorn.store.flatten import flatten

LISTS = {"datasets": "uri", "pretrained": "path_or_uri", "outputs": "path"}
"""Lists in `assets.json`, and the key of an entry's location."""


def settings_of(assets: Mapping[str, Any]) -> dict[str, Any]:
    """Return config values: `args`, `extra`, `config_files`, and the location of each entry as `<list>.<name>`.

    Args:
        assets: content of `assets.json`; entries of another form are ignored.
    """
    settings: dict[str, Any] = {}
    config = assets.get("config")
    if isinstance(config, dict):
        for part in ("args", "extra"):
            if isinstance(config.get(part), dict):
                settings |= flatten(config[part])
        if isinstance(config.get("config_files"), list):
            settings["config_files"] = config["config_files"]
    for part, key in LISTS.items():
        entries = assets.get(part)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                settings[f"{part}.{entry['name']}"] = entry.get(key)
    return settings
