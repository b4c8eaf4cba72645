"""Sync client, importable as in Runicorn 0.5."""

from __future__ import annotations

from runicorn_tools.sync.client import ManifestSyncClient

__all__ = ["ManifestSyncClient"]
