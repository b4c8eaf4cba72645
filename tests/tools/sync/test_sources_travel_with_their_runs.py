"""Sources of runs are in archives, uploads and mirrors, and are checked by fsck; shared packs stay shared."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from runicorn.artifacts import garbage
from runicorn.artifacts.store import Store
from runicorn.capture.sources.record import Sources
from runicorn.manifest import ManifestGenerator, ManifestSyncClient
from runicorn.store import layout
from runicorn.store.run_files import pack_of
from runicorn.upload.client import RequestRejected
from runicorn.upload.run_files import RunUpload
from runicorn.upload.state import UploadState
from runicorn_tools.archives import write as exporting
from runicorn_tools.archives.read import import_archive
from runicorn_tools.fsck.check import check
from tests.sdk.sources.projects import Project, write


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two runs of the same state and one of another."""
    place = tmp_path / "work"
    place.mkdir()
    project = Project(place)
    write(project.folder, {"train.py": "a = 1\n", "lib.py": "".join(f"x{n} = {n}\n" for n in range(500))})
    project.run()
    project.run()
    write(project.folder, {"train.py": "a = 2\n"})
    project.run()
    return project


def runs_of(root: Path) -> list[Path]:
    return sorted((root / "p" / "n" / "runs").iterdir())


def texts(root: Path) -> list[bytes]:
    return [Sources(run).read("train.py") for run in runs_of(root)]


def inodes(root: Path) -> set[int]:
    return {path.stat().st_ino for run in runs_of(root) for path in (run / layout.SOURCES).glob("*.zip")}


@pytest.mark.parametrize("make", [exporting.write_zip, exporting.write_tar])
def test_an_archive_has_each_pack_once(project: Project, make: Any, folder: Path, home: Path) -> None:
    runs = [run.relative_to(project.root).as_posix() for run in runs_of(project.root)]
    packed = io.BytesIO()
    make(packed, exporting.about(runs, []), exporting.run_entries(project.root, runs))
    assert packed.getvalue().count(b"runicorn-sources.json") in (
        0,
        4,
    )  # named twice in each; tar.gz is compressed
    other = folder
    for _ in range(2):
        packed.seek(0)
        import_archive(other, packed)
        assert texts(other) == [b"a = 1\n", b"a = 1\n", b"a = 2\n"]
        assert len(inodes(other)) == 2
    garbage.collect(Store(other))
    assert Store(other).pool.blob(Sources(runs_of(other)[0]).about["head"]).exists()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_server_links_packs_that_it_has(project: Project, store: Path, api: APIClient) -> None:
    def put(run: str, name: str, content: bytes) -> int:
        path = f"/api/runs/{run}/files/{name}?digest={digest(content)}"
        return int(api.put(path, content, content_type="application/octet-stream").status_code)

    names = []
    for run in runs_of(project.root):
        meta = layout.read_json(run / layout.META)[0] | {"created_at": 1.0}
        assert put(run.name, "meta.json", json.dumps(meta).encode()) == 200
        assert put(run.name, "sources.json", (run / "sources.json").read_bytes()) == 200
        for path in sorted((run / layout.SOURCES).iterdir()):
            name = f"sources/{path.name}"
            response = api.get(f"/api/runs/{run.name}/files/{name}")
            if response.status_code == 404:
                names.append(path.name)
                assert put(run.name, name, path.read_bytes()) == 200
            else:
                assert response.json()["digest"] == digest(path.read_bytes())
    assert len(names) == len(set(names)) == 2
    assert texts(store) == texts(project.root)
    assert len(inodes(store)) == 2
    run_id = runs_of(project.root)[0].name
    assert put(run_id, f"sources/{'0' * 64}.zip", b"another content") == 400
    assert put(run_id, "sources/x.py", b"print()") == 400

    def __init__(self) -> None:
        self.read_names: list[str] = []


@pytest.mark.needs("sshd")
def test_a_mirror_fetches_a_pack_once(project: Project, sftp: Any, there: Path, folder: Path) -> None:
    os.rename(project.root / "p", there / "p")
    ManifestGenerator(there).generate()
    client = ManifestSyncClient(sftp, there, folder, jitter_max=0)
    result = client.sync()
    assert (texts(folder), result["failed_count"]) == ([b"a = 1\n", b"a = 1\n", b"a = 2\n"], 0)
    assert len(inodes(folder)) == 2
    whole = sum(path.stat().st_size for path in there.rglob("*") if path.is_file())
    packs = sum(path.stat().st_size for path in (runs_of(there)[0] / layout.SOURCES).iterdir())
    assert result["bytes_downloaded"] < whole - packs
    ManifestGenerator(there).generate()
    assert client.sync().get("files_synced", 0) == 0


def test_fsck_finds_missing_and_damaged_packs(project: Project) -> None:
    first, _, third = runs_of(project.root)

    def kinds() -> list[str]:
        report = check(project.root, contents=True)
        return [finding.kind for finding in report.findings if finding.kind.startswith("sources")]

    assert kinds() == []
    damaged = next((third / layout.SOURCES).glob(f"{Sources(third).about['head']}*"))
    content = damaged.read_bytes()
    damaged.unlink()
    damaged.write_bytes(content[:-1] + b"x")
    next((first / layout.SOURCES).iterdir()).unlink()
    assert sorted(kinds()) == ["sources-damaged", "sources-missing"]


class Receiver:
    """A server that stores the uploaded files of a run in memory; with `digests` it has these packs already."""

    def __init__(self, digests: set[str], refuses: bool = False) -> None:
        self.digests, self.refuses = digests, refuses
        self.files: dict[str, bytes] = {}

    def digest(self, name: str, size: int | None = None) -> str | None:
        digest = pack_of(name)
        return f"sha256:{digest}" if digest in self.digests else None

    def replace(self, name: str, content: bytes) -> None:
        if self.refuses and name.startswith(layout.SOURCES):
            raise RequestRejected("No file of this name can be uploaded to a run")
        self.files[name] = content

    def append(self, name: str, offset: int, content: bytes) -> int:
        self.files[name] = self.files.get(name, b"") + content
        return len(self.files[name])


def upload_of(run: Path, root: Path, receiver: Receiver) -> RunUpload:
    state = UploadState(root, run.name).load()
    state.path.parent.mkdir(parents=True, exist_ok=True)
    upload = RunUpload(run, root, state, receiver)  # type: ignore[arg-type]
    upload.one_pass()
    return upload


def test_a_sender_leaves_out_packs_that_the_server_has(project: Project) -> None:
    first, _, third = runs_of(project.root)
    base, head = Sources(first).about["head"], Sources(third).about["head"]
    receiver = Receiver({base})
    upload = upload_of(third, project.root, receiver)
    assert f"sources/{head}.zip" in receiver.files
    assert f"sources/{base}.zip" not in receiver.files
    assert receiver.files["sources.json"] == (third / "sources.json").read_bytes()
    assert not upload.one_pass()  # nothing is sent twice
    assert upload.all_problems() == []


def test_a_server_without_sources_is_no_problem(project: Project) -> None:
    receiver = Receiver(set(), refuses=True)
    assert upload_of(runs_of(project.root)[0], project.root, receiver).all_problems() == []
    assert "meta.json" in receiver.files
