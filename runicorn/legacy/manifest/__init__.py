"""Manifests of a store, and the client that mirrors a store by them.

from runicorn.manifest import ManifestGenerator, ManifestSyncClient, ManifestType

manifest, path = ManifestGenerator("/data/store").generate(ManifestType.FULL)
ManifestSyncClient(sftp, "/data/store", "/home/me/mirror").sync()
"""

from __future__ import annotations

from runicorn.extension_points import NAMES, load

__all__ = [
    "ExperimentEntry",
    "FileEntry",
    "ManifestGenerator",
    "ManifestSyncClient",
    "ManifestType",
    "SyncManifest",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        return load(NAMES, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
