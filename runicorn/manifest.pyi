"""For type checkers, which do not know the search path of the package: `legacy/manifest/`."""

from runicorn_tools.sync.client import ManifestSyncClient as ManifestSyncClient
from runicorn_tools.sync.manifest.generator import ManifestGenerator as ManifestGenerator
from runicorn_tools.sync.manifest.model import ExperimentEntry as ExperimentEntry
from runicorn_tools.sync.manifest.model import FileEntry as FileEntry
from runicorn_tools.sync.manifest.model import ManifestType as ManifestType
from runicorn_tools.sync.manifest.model import SyncManifest as SyncManifest
