"""Runicorn 0.5 reads our versions: its classes take exactly these fields, and fail on any other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from artifacts.services import curation, evaluations, lookup, maintenance, stages
from runicorn.artifacts.curation import soft_delete

Write = Callable[..., Path]


@dataclass
class OldMetadata:
    """The class of 0.5, created with the fields of `metadata.json` as keywords."""

    name: str
    type: str
    version: int
    created_at: float
    updated_at: float
    created_by_run: str
    created_by_user: str | None
    size_bytes: int
    num_files: int
    num_references: int
    status: str
    metadata: dict[str, Any]
    description: str
    tags: list[str]
    aliases: list[str]
    parent_artifacts: list[Any]
    manifest_digest: str | None


@dataclass
class OldFile:
    """An entry of `files` in `manifest.json`."""

    path: str
    size: int
    digest: str
    modified_at: float | None = None


@dataclass
class OldReference:
    """An entry of `references` in `manifest.json`."""

    uri: str
    checksum: str | None
    size: int | None
    metadata: dict[str, Any]


@dataclass
class OldManifest:
    """`manifest.json`."""

    files: list[Any]
    references: list[Any]
    total_size: int
    total_files: int
    total_references: int
    created_at: float


@dataclass
class OldVersion:
    """An entry of `versions` in `versions.json`."""

    version: int
    created_at: float
    created_by_run: str
    size_bytes: int
    num_files: int
    status: str
    aliases: list[str]


@dataclass
class OldIndex:
    """`versions.json`."""

    artifact_name: str
    artifact_type: str
    versions: list[Any]
    aliases: dict[str, int]
    created_at: float
    updated_at: float


def _json(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def read_as_05(root: Path, kind: str, name: str, alias: str) -> tuple[OldMetadata, list[OldFile]]:
    """What `use_artifact("name:alias")` of 0.5 reads, with the bytes compared with their digests."""
    folder = root / "artifacts" / kind / name
    index = OldIndex(**_json(folder / "versions.json"))
    assert [OldVersion(**entry).version for entry in index.versions]
    version = folder / f"v{index.aliases[alias]}"
    metadata = OldMetadata(**_json(version / "metadata.json"))
    manifest = OldManifest(**_json(version / "manifest.json"))
    assert [OldReference(**entry).uri for entry in manifest.references] == ["s3://b/k"]
    files = [OldFile(**entry) for entry in manifest.files]
    for file in files:
        content = (version / "files" / file.path).read_bytes()
        assert file.digest == f"sha256:{hashlib.sha256(content).hexdigest()}" and file.size == len(content)
        blob = root / "artifacts" / ".dedup" / file.digest[7:9] / file.digest[7:]
        assert blob.read_bytes() == content
    assert metadata.manifest_digest == hashlib.sha256((version / "manifest.json").read_bytes()).hexdigest()
    return metadata, files


@pytest.mark.django_db
def test_runicorn_05_reads_a_version_after_every_operation(
    either: str, store: Path, run: rn.Run, write: Write
) -> None:
    for number in (1, 2):
        artifact = rn.Artifact("m", metadata={"acc": number}, description="d").add_tags("t")
        artifact.add_file(write("w.bin", f"{number}")).add_file(write("c.json", "{}"), "conf/c.json")
        run.log_artifact(artifact.add_reference("s3://b/k", size=5))
    curation.set_alias(artifact=lookup.get_artifact("m"), alias="best", number=1)
    version = lookup.get_version("m", 1)
    for stage in ("staging", "production"):
        version = stages.promote(version=version, to_stage=stage, notes="n", evaluator_run_id=run.id)
    evaluations.evaluate(version=version, evaluation={"metrics": {"acc": 0.5}, "status": "ok"})
    curation.describe(version=version, description="new", tags=["x"], metadata={"b": [1]})
    maintenance.verify_version(version=version)
    soft_delete(version.artifact.on_disk.version(2))
    for alias in ("best", "production", "latest"):
        metadata, files = read_as_05(store, "model", "m", alias)
        assert (metadata.version, metadata.description, metadata.tags) == (1, "new", ["x"])
        assert [file.path for file in files] == ["conf/c.json", "w.bin"]
    curation.restore(version=lookup.get_version("m", 2))
    assert read_as_05(store, "model", "m", "latest")[0].metadata == {"acc": 2}
    made_by_run = json.loads((run.run_dir / "artifacts_created.json").read_text())["artifacts"]
    assert set(made_by_run[0]) == {
        "name", "type", "version", "created_at", "size_bytes", "num_files", "num_references"
    }  # fmt: skip
