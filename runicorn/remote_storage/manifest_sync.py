"""The client of manifests under its earlier name."""

from __future__ import annotations

from runicorn.manifest import ManifestSyncClient

__all__ = ["ManifestSyncClient"]
