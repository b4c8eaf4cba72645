"""Manifests of a store, and the client that mirrors a store by them.

from runicorn.manifest import ManifestGenerator, ManifestSyncClient, ManifestType

manifest, path = ManifestGenerator("/data/store").generate(ManifestType.FULL)
ManifestSyncClient(sftp, "/data/store", "/home/me/mirror").sync()
"""

from __future__ import annotations

from runicorn_tools.sync.client import ManifestSyncClient
from runicorn_tools.sync.manifest.generator import ManifestGenerator
from runicorn_tools.sync.manifest.model import ExperimentEntry, FileEntry, ManifestType, SyncManifest

__all__ = [
    "ExperimentEntry",
    "FileEntry",
    "ManifestGenerator",
    "ManifestSyncClient",
    "ManifestType",
    "SyncManifest",
]
