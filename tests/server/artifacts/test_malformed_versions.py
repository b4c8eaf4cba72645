"""Artifacts of custom types, and versions whose manifest is missing or torn."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import runicorn as rn
from runicorn.artifacts import garbage
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.store import Store
from runicorn_tools.archives.read import import_archive
from runicorn_tools.cli import app
from runs.active_root import activate

Write = Callable[..., Path]


def logged(run: rn.Run, name: str, *files: Path) -> Path:
    """The folder of a new version of those files."""
    artifact = rn.Artifact(name)
    for file in files:
        artifact.add_file(file)
    number = run.log_artifact(artifact)
    return run.storage_root / "artifacts" / "model" / name / f"v{number}"


@pytest.fixture
def tokenizer(run: rn.Run, write: Write) -> Path:
    """An artifact of an unknown type, as Runicorn 0.5 stores it."""
    version = logged(run, "bpe", write("vocab.txt", "a b c"))
    own = run.storage_root / "artifacts" / "tokenizer" / "bpe"
    own.parent.mkdir()
    version.parent.rename(own)
    about = json.loads((own / "v1" / "metadata.json").read_text())
    (own / "v1" / "metadata.json").write_text(json.dumps(about | {"type": "tokenizer"}))
    return own


def cli(root: Path, *words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--storage", str(root)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_collection_keeps_the_contents_of_every_type(tokenizer: Path, shelves: Store) -> None:
    assert garbage.find(shelves) == garbage.Garbage()
    assert not garbage.collect(shelves)
    assert cli(tokenizer.parents[2], "clean", "--dedup", "--force").exit_code == 0
    assert len(list(shelves.pool.blobs())) == 1


@pytest.mark.parametrize("is_link", [True, False])
def test_collection_keeps_what_a_version_without_a_manifest_holds(
    run: rn.Run, write: Write, shelves: Store, is_link: bool
) -> None:
    version = logged(run, "m", write("w.bin", "weights"))
    (version / "manifest.json").unlink()
    if not is_link:
        copy = version / "files" / "copy"
        shutil.copyfile(version / "files" / "w.bin", copy)
        os.replace(copy, version / "files" / "w.bin")
    assert garbage.find(shelves) == garbage.Garbage()
    shutil.rmtree(version)
    assert len(garbage.find(shelves).blobs) == 1


def test_nothing_is_collected_while_a_manifest_of_any_type_is_torn(tokenizer: Path, shelves: Store) -> None:
    (tokenizer / "v1" / "manifest.json").write_text("{")
    with pytest.raises(DamagedFile, match=r"bpe:v1.*manifest\.json"):
        garbage.collect(shelves)
    result = cli(tokenizer.parents[2], "clean", "--dedup", "--force")
    assert result.exit_code != 0 and "manifest.json" in result.output
    assert len(list(shelves.pool.blobs())) == 1


def test_a_version_of_any_type_is_used(tokenizer: Path, run: rn.Run, tmp_path: Path) -> None:
    for spec in ("bpe:latest", "tokenizer/bpe:v1"):
        artifact = run.use_artifact(spec)
        assert artifact.type == "tokenizer"
        assert (artifact.download(tmp_path / spec[:3]) / "vocab.txt").read_text() == "a b c"


@pytest.mark.django_db
def test_an_artifact_of_any_type_is_listed(tokenizer: Path, home: Path, api: Any) -> None:
    root = tokenizer.parents[2]
    activate(root)
    (item,) = api.get("/api/artifacts").json()
    assert (item["type"], item["name"], item["num_versions"]) == ("tokenizer", "bpe", 1)
    assert api.get("/api/artifacts?type=tokenizer").json() == [item]
    assert api.get("/api/artifacts/bpe/v1?type=tokenizer").json()["type"] == "tokenizer"
    assert api.get("/api/artifacts/stats").json()["by_type"]["tokenizer"]["count"] == 1
    page = api.get("/artifacts").content.decode()
    assert "bpe" in page and "Tokenizer" in page
    assert api.get("/artifacts/tokenizer/bpe").status_code == 200
    result = cli(root, "artifacts", "--action", "list", "--json")
    assert [entry["type"] for entry in json.loads(result.output)] == ["tokenizer"]


@pytest.mark.django_db
@pytest.mark.parametrize("damage", ["missing", "torn"])
def test_a_version_that_cannot_be_read_is_listed_with_what_is_wrong(
    run: rn.Run, write: Write, home: Path, api: Any, damage: str
) -> None:
    manifest = logged(run, "m", write("w.bin", "weights")) / "manifest.json"
    manifest.unlink() if damage == "missing" else manifest.write_text("{")
    activate(run.storage_root)
    (item,) = api.get("/api/artifacts").json()
    assert (item["name"], item["num_versions"]) == ("m", 1)
    (version,) = api.get("/api/artifacts/m/versions").json()
    assert (version["version"], version["status"], version["num_files"]) == (1, "corrupted", 0)
    about = api.get("/api/artifacts/m/v1").json()
    assert about["status"] == "corrupted" and "manifest.json is" in about["problem"]
    for page in ("/artifacts/model/m", "/artifacts/model/m/v1"):
        assert "manifest.json is" in api.get(page).content.decode()
    result = cli(run.storage_root, "artifacts", "--action", "versions", "--name", "m")
    assert result.exit_code == 0 and "corrupted" in result.output and "manifest.json is" in result.output


def test_whole_and_damaged_versions_are_exported(
    tokenizer: Path, run: rn.Run, write: Write, tmp_path: Path
) -> None:
    (logged(run, "m", write("w.bin", "weights")) / "manifest.json").unlink()
    archive, other = tmp_path / "all.zip", tmp_path / "other"
    result = cli(tokenizer.parents[2], "export", "--include-artifacts", "--output", str(archive))
    assert result.exit_code == 0, result.output
    other.mkdir()
    with archive.open("rb") as file:
        outcome = import_archive(other, file)
    assert outcome.versions == ["tokenizer/bpe:v1"]
    assert list(outcome.left) == ["artifacts/model/m/v1"] and "manifest.json" in str(outcome.left.values())
    assert (other / "artifacts" / "tokenizer" / "bpe" / "v1" / "files" / "vocab.txt").read_text() == "a b c"
