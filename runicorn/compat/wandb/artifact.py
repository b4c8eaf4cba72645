"""`wandb.Artifact`: a draft of a version, or a stored version."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from runicorn.artifacts.artifact import Artifact as Stored
from runicorn.artifacts.store import Version
from runicorn.compat import artifacts
from runicorn.compat.media import Media, encode_json
from runicorn.compat.unknown import UnknownMethods, quiet
from runicorn.compat.wandb.active import require_run
from runicorn.compat.wandb.data_types import read_back


class Artifact(UnknownMethods):
    """A versioned set of files.

    Attributes:
        type: the type that the script gave; types that are not ours are stored as "custom".
    """

    _foreign_name = "wandb.Artifact"
    finalize = quiet("finalize")
    unlink = quiet("unlink")

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        **other: Any,
    ) -> None:
        self._stored = artifacts.draft(name, type, description, dict(metadata or {}))
        self._name, self.type = name, type
        self._folder: str | None = None
        self._aliases: list[str] = []

    @classmethod
    def _of(cls, original: Stored) -> Artifact:
        new = cls.__new__(cls)
        new._stored, new._folder, new._aliases = original, None, []
        new._name = original.name
        new.type = artifacts.foreign_type(new._version())
        return new

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        overwrite: bool = False,
    ) -> Any:
        self._stored.add_file(local_path, name)
        return ArtifactManifestEntry(self, name or Path(local_path).name)

    def add_dir(self, local_path: str | os.PathLike[str], name: str | None = None, **options: Any) -> None:
        self._stored.add_dir(local_path, name)

    def add_reference(
        self, uri: Any, name: str | None = None, checksum: bool = True, max_objects: int | None = None
    ) -> list[Any]:
        """Record data that are stored elsewhere."""
        address = str(getattr(uri, "uri", uri))
        self._stored.add_reference(address, name=name or address.rstrip("/").rpartition("/")[2])
        return []

    def add(self, obj: Any, name: str, overwrite: bool = False) -> Any:
        """Add a table or a medium as a file."""
        content, suffix = obj.encode() if isinstance(obj, Media) else encode_json(obj)
        path = name if Path(name).suffix else f"{name}.{suffix}"
        with self.new_file(path, "wb") as file:
            file.write(content)
        return ArtifactManifestEntry(self, path)

    @contextmanager
    def new_file(self, name: str, mode: str = "x", encoding: str | None = None) -> Iterator[IO[Any]]:
        """Yield a new file of the artifact, open for writing."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="runicorn_artifact_")
        path = Path(self._folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with io.open(path, mode.replace("x", "w"), encoding=encoding) as file:  # noqa: UP020
            yield file
        self._stored.add_file(path, name)

    def remove(self, item: Any) -> None:
        self._stored._files.pop(str(getattr(item, "path", item)), None)

    @property
    def name(self) -> str:
        """Return the name, with the version once it is stored."""
        return f"{self._name}:{self.version}" if self._stored.is_loaded else self._name

    @property
    def version(self) -> str | None:
        """Return v0, v1, … once it is stored."""
        return None if self._stored.version is None else artifacts.version_name(self._stored.version)

    source_name = qualified_name = name
    source_version = version

    @property
    def description(self) -> str:
        return self._stored.description

    @description.setter
    def description(self, text: str | None) -> None:
        self._stored.description = text or ""

    @property
    def metadata(self) -> dict[str, Any]:
        """Return the metadata, which may be changed before it is logged."""
        return self._stored.metadata

    @metadata.setter
    def metadata(self, values: Mapping[str, Any]) -> None:
        self._stored.metadata = dict(values)

    @property
    def aliases(self) -> list[str]:
        return artifacts.aliases_of(self._version()) if self._stored.is_loaded else list(self._aliases)

    @aliases.setter
    def aliases(self, values: list[str]) -> None:
        self._aliases = list(values)

    @property
    def tags(self) -> list[str]:
        return self._stored.tags

    @property
    def id(self) -> str:
        """Return our name of the version."""
        return self._stored.full_name

    @property
    def state(self) -> str:
        return "COMMITTED" if self._stored.is_loaded else "PENDING"

    @property
    def size(self) -> int:
        manifest = self._stored.get_manifest()
        return (
            manifest.total_size if manifest else sum(p.stat().st_size for p in self._stored._files.values())
        )

    @property
    def file_count(self) -> int:
        return len(self._paths())

    @property
    def digest(self) -> str:
        import hashlib

        manifest = self._stored.get_manifest()
        lines = [f"{file.path} {file.digest}" for file in manifest.files] if manifest else []
        return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()

    def is_draft(self) -> bool:
        return not self._stored.is_loaded

    def wait(self, timeout: int | None = None) -> Artifact:
        """Return the artifact: it is stored once it was logged."""
        return self

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Store it with the active run."""
        require_run("Artifact.save()").log_artifact(self)

    def link(self, target_path: str, aliases: list[str] | None = None) -> Artifact:
        """Set aliases; there is no registry."""
        artifacts.set_aliases(self._version(), aliases or [])
        return self

    def download(self, root: Any = None, allow_missing_references: bool = False, **options: Any) -> str:
        """Copy the files into a folder, by default `./artifacts/<name>:<version>`."""
        return str(self._stored.download(root or Path("artifacts", self.name.replace(":", "-"))))

    checkout = download

    def files(self, names: list[str] | None = None, per_page: int = 50) -> list[ArtifactManifestEntry]:
        return [ArtifactManifestEntry(self, path) for path in self._paths() if not names or path in names]

    def get_entry(self, name: str) -> ArtifactManifestEntry:
        """Return a file."""
        if name not in self._paths():
            raise KeyError(f"{self.name} has no file {name}")
        return ArtifactManifestEntry(self, name)

    get_path = get_entry

    def get(self, name: str) -> Any:
        """Return a table or a medium that was added under `name`; None if it does not exist."""
        path = next((p for p in self._paths() if p == name or p.startswith(f"{name}.")), None)
        return None if path is None else read_back(Path(ArtifactManifestEntry(self, path).local_path()))

    def file(self, root: str | None = None) -> str:
        """Return the path of the only file, copied into `root`."""
        (entry,) = self.files()
        return entry.download(root)

    @property
    def manifest(self) -> Any:
        """Return an object whose `entries` are the files by path."""
        from types import SimpleNamespace

        return SimpleNamespace(entries={path: ArtifactManifestEntry(self, path) for path in self._paths()})

    def delete(self, delete_aliases: bool = False) -> None:
        """Move the version to the recycle bin."""
        from runicorn.artifacts.curation import soft_delete

        soft_delete(self._version())

    def _paths(self) -> list[str]:
        manifest = self._stored.get_manifest()
        return [file.path for file in manifest.files] if manifest else list(self._stored._files)

    def _version(self) -> Version:
        return self._stored._loaded()


class ArtifactManifestEntry:
    """A file of an artifact.

    Attributes:
        path, name: its path in the artifact.
    """

    def __init__(self, artifact: Artifact, path: str) -> None:
        self.artifact = artifact
        self.path = self.name = path

    def local_path(self) -> str:
        """Return its path on this machine; files of versions are read-only."""
        original = self.artifact._stored
        return str(original.get_file_path(self.path) if original.is_loaded else original._files[self.path])

    def download(self, root: Any = None, *arguments: Any, **options: Any) -> str:
        """Copy it into a folder, by default that of `Artifact.download`."""
        import shutil

        target = Path(root or Path("artifacts", self.artifact.name.replace(":", "-")), self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.local_path(), target)
        return str(target)
