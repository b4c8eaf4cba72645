"""Sync client, importable as in Runicorn 0.5."""

from __future__ import annotations

from runicorn.extension_points import NAMES, load

ManifestSyncClient = load(NAMES, "ManifestSyncClient")

__all__ = ["ManifestSyncClient"]
