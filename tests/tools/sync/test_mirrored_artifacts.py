"""`--artifacts` copies the versions that mirrored runs created or used: verified, once each, numbers unchanged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn.artifacts import Artifact, curation, records
from runicorn.artifacts.store import Store, Version
from runicorn.artifacts.verify import verify
from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.transport import wrap_client
from tests.processes import environment
from tests.sshd import Sshd
from tests.tools.sync.stores import write_store

pytestmark = pytest.mark.needs("sshd")
BIG = os.urandom(6 * 2**20)
NAME = "模" * 83
"""As long as the name of a folder can be."""
Visit = Callable[[], dict[str, Any]]


def log(root: Path, run: Path, tmp_path: Path, content: bytes = BIG, name: str = "net") -> Version:
    """Create a version of the run."""
    source = tmp_path / "source.bin"
    source.write_bytes(content)
    artifact = Artifact(name, metadata={"acc": 0.5}, description="a net").add_tags("good")
    artifact.add_file(source, "weights/net.pt").add_file(source, "copy.pt").add_reference("s3://b/k")
    version = artifact.log_to(Store(root), run.name)
    records.record_created(run, version)
    return version


@pytest.fixture
def run(there: Path) -> Path:
    """A run in the remote store."""
    return write_store(there, 1)[0]


@pytest.fixture
def bring(sftp: Any, there: Path, folder: Path) -> Visit:
    """Mirror the store with artifacts."""
    return lambda: mirror_store(wrap_client(sftp), str(there), folder, "far", artifacts=True)


def test_versions_are_mirrored_unchanged_and_once(
    any_sftp: Any, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    theirs = log(there, run, tmp_path, name=NAME)
    curation.set_alias(theirs.artifact, "best", 1)

    def bring() -> dict[str, Any]:
        return mirror_store(wrap_client(any_sftp), str(there), folder, "far", artifacts=True)

    result = bring()
    assert (result["artifacts_synced"], result["failed_count"], result["problems"]) == (1, 0, [])
    assert len(BIG) < result["bytes_downloaded"] < len(BIG) + 100_000  # each content is copied once
    ours = Store(folder).find(NAME).existing(1)
    assert ours.manifest == theirs.manifest and ours.metadata == theirs.metadata
    assert ours.file_path("weights/net.pt").read_bytes() == BIG and not verify(ours).damaged
    assert ours.artifact.aliases() == {"best": 1, "latest": 1}
    again = bring()
    assert again["skipped"] and again["artifacts_synced"] == again["bytes_downloaded"] == 0
    shutil.rmtree(ours.path)  # versions removed here are not copied again
    assert bring()["artifacts_synced"] == 0


def test_without_the_option_no_artifacts_are_mirrored(
    sftp: Any, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    log(there, run, tmp_path)
    assert "artifacts_synced" not in mirror_store(wrap_client(sftp), str(there), folder, "far")
    assert not (folder / "artifacts").exists()


def test_a_content_goes_on_where_it_was(
    bring: Visit, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    version = log(there, run, tmp_path)
    manifest = version.path / "manifest.json"
    text = manifest.read_text()
    manifest.write_text("{")  # the first mirror copies nothing of it
    assert bring()["artifacts_synced"] == 0
    (state,) = (folder / ".runicorn/sync").iterdir()
    (state / ".sync_versions.json").unlink()
    manifest.write_text(text)
    digest = version.manifest.files[0].digest.removeprefix("sha256:")
    (state / ".sync_parts" / digest).write_bytes(BIG[:5_000_000])
    result = bring()
    assert result["artifacts_synced"] == 1 and result["bytes_downloaded"] < len(BIG) - 4_900_000
    assert not verify(Store(folder).find("net").existing(1)).damaged


def test_a_conflicting_local_version_stays_and_is_reported_once(
    bring: Visit, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    log(there, run, tmp_path)
    here = write_store(folder, 2)[1]
    mine = log(folder, here, tmp_path, b"mine")
    result = bring()
    assert result["artifacts_synced"] == result["failed_count"] == 0
    assert result["problems"] == ["model/net:v1 was not mirrored: another version has this number here."]
    assert mine.file_path("copy.pt").read_bytes() == b"mine" and bring()["problems"] == []
    shutil.rmtree(mine.path)  # there is space now
    assert bring()["artifacts_synced"] == 1
    assert Store(folder).find("net").existing(1).file_path("copy.pt").read_bytes() == BIG


def test_what_runicorn_05_put_into_another_folder_comes_too(
    bring: Visit, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    theirs = log(there, run, tmp_path)
    curation.set_alias(theirs.artifact, "best", 1)
    artifacts = there / "artifacts"
    (artifacts / "model").rename(artifacts / "ArtifactType.MODEL")
    for file in run.glob("artifacts_*.json"):
        file.write_text(file.read_text().replace('"model"', '"ArtifactType.MODEL"'))
    result = bring()
    assert (result["artifacts_synced"], result["problems"]) == (1, [])
    ours = Store(folder).find("net")
    assert ours.aliases() == {"best": 1, "latest": 1} and not verify(ours.existing(1)).damaged


def test_a_deleted_version_is_mirrored_once_it_is_restored(
    bring: Visit, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    version = log(there, run, tmp_path)
    (version.path / ".deleted").write_text("{}")
    assert bring()["artifacts_synced"] == 0 and not (folder / "artifacts").exists()
    (version.path / ".deleted").unlink()
    assert bring()["artifacts_synced"] == 1


@pytest.mark.parametrize(
    "path", ["../../../../../evil", "/etc/passwd", "a/../../b", "weights/net.pt\0", "con", ""]
)
def test_a_manifest_that_leads_elsewhere_is_refused(
    bring: Visit, there: Path, folder: Path, run: Path, tmp_path: Path, path: str
) -> None:
    version = log(there, run, tmp_path)
    manifest = json.loads((version.path / "manifest.json").read_text())
    manifest["files"][0]["path"] = path
    (version.path / "manifest.json").write_text(json.dumps(manifest))
    result = bring()
    assert result["artifacts_synced"] == 0 and "was not mirrored" in result["problems"][0]
    assert not list((folder / "artifacts").rglob("*.pt"))


def test_lists_that_lead_elsewhere_bring_nothing(bring: Visit, folder: Path, run: Path) -> None:
    entries = [
        {"type": "../..", "name": "x", "version": 1},
        {"type": "model", "name": "../../x", "version": 1},
        {"type": "model", "name": "x", "version": "../1"},
        {"type": "model", "name": "x", "version": -1},
        {"type": "model", "name": "never there", "version": 1},
        "x",
        None,
    ]
    (run / "artifacts_used.json").write_text(json.dumps({"artifacts": entries}))
    result = bring()
    assert (result["artifacts_synced"], result["failed_count"], result["problems"]) == (0, 0, [])


def test_a_damaged_content_is_reported_and_no_version_is_created(
    bring: Visit, there: Path, folder: Path, run: Path, tmp_path: Path
) -> None:
    version = log(there, run, tmp_path)
    for path in ("weights/net.pt", "copy.pt"):
        file = version.file_path(path)
        file.chmod(0o644)
        file.write_bytes(BIG[:-1] + bytes([BIG[-1] ^ 1]))
    result = bring()
    assert result["artifacts_synced"] == 0 and result["failed_count"] == 1
    assert "differs from its manifest" in result["problems"][0]
    assert not list((folder / "artifacts").rglob("*.pt"))
    for path in ("weights/net.pt", "copy.pt"):
        version.file_path(path).write_bytes(BIG)
    assert bring()["artifacts_synced"] == 1


def test_the_command_line_mirrors_artifacts(
    server: Sshd, there: Path, folder: Path, home: Path, run: Path, tmp_path: Path
) -> None:
    log(there, run, tmp_path)
    (home / "config").mkdir(parents=True)
    (home / "config" / "known_hosts").write_text(server.known_hosts_line)
    command = [sys.executable, "-m", "runicorn", "sync", f"{server.username}@{server.host}:{there}"]
    command += ["--port", str(server.port), "--key", str(server.key), "--into", str(folder), "--artifacts"]
    process = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert process.returncode == 0 and "1 artifact version" in process.stdout, process.stderr
    assert not verify(Store(folder).find("net").existing(1)).damaged
