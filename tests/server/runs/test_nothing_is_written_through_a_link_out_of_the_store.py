"""No writing route, command or call of the SDK changes anything outside of the storage root, whatever in it is a link."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

import runicorn as rn
from runicorn.artifacts import curation as curating
from runicorn.artifacts import garbage, verify
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.store import Store
from runicorn.store import curation, layout
from runicorn.upload.state import UploadState
from runicorn_tools.archives.limits import ArchiveRefused
from runicorn_tools.archives.read import import_archive
from runicorn_tools.sync.manifest.generator import ManifestGenerator
from runs.active_root import activate
from tests.large import many

RUN, OTHER, UPLOADED, IMPORTED = (f"20260101_12000{number}_abcdef" for number in range(4))
BIG = b"b" * (2 * 1024 * 1024)
RUN_FOLDER = f"p/n/runs/{RUN}"
LINKED = [
    "p",
    "p/n",
    "p/n/runs",
    RUN_FOLDER,
    f"{RUN_FOLDER}/media",
    f"{RUN_FOLDER}/meta.json",
    f"{RUN_FOLDER}/status.json",
    f"{RUN_FOLDER}/events.jsonl",
    f"{RUN_FOLDER}/logs.txt",
    f"{RUN_FOLDER}/curation.json",
    f"{RUN_FOLDER}/artifacts_created.json",
    f"{RUN_FOLDER}/.artifacts.lock",
    f"{RUN_FOLDER}/.heartbeat",
    "artifacts",
    "artifacts/model",
    "artifacts/model/m",
    "artifacts/model/m/.lock",
    "artifacts/model/m/versions.json",
    "artifacts/model/m/v1",
    "artifacts/model/m/v1/files",
    "artifacts/model/m/v1/metadata.json",
    "artifacts/model/m/v1/curation.json",
    "artifacts/.dedup",
    "artifacts/.dedup/.lock",
    "artifacts/.dedup/.incoming",
    "artifacts/.dedup/.sizes",
    "artifacts/.dedup/*",
    "artifacts/.uploads",
    ".runicorn",
    ".runicorn/trash",
    ".runicorn/parts",
    ".runicorn/upload",
    ".runicorn/curation.lock",
]
TOGETHER = {
    "top": ["p", "artifacts", ".runicorn"],
    "second": ["p/n", "artifacts/model", "artifacts/.dedup", ".runicorn/trash", ".runicorn/parts"],
    "third": [
        "p/n/runs",
        "artifacts/model/m",
        "artifacts/.dedup/*",
        "artifacts/.uploads",
        ".runicorn/upload",
    ],
    "fourth": [RUN_FOLDER, "artifacts/model/m/v1", "artifacts/.dedup/.incoming", "artifacts/.dedup/.sizes"],
    "media": [f"{RUN_FOLDER}/media", "artifacts/model/m/v1/files"],
    "files": [place for place in LINKED if "." in place.rpartition("/")[2][1:] and "dedup/" not in place],
}
"""Links of one depth at once, for the everyday tests; one by one each is tried in the long form."""
ELSEWHERE = (
    *("/api/config/", "/api/remote/", "/api/export"),
    *("/api/v2/alerts/", "/api/v2/shares", "/api/v2/watched-folders"),
)
"""Routes that write no file of the storage root."""


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def snapshot(folder: Path) -> dict[str, Any]:
    """Everything below a folder: contents, times of files and links."""
    state: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        state[str(path.relative_to(folder))] = (about.st_mode, about.st_mtime_ns, content)
    return state


def fill(root: Path, source: Path) -> None:
    """A run, an artifact with two versions that share a large file, and the folders that writing leaves behind."""
    for run_id in (RUN, OTHER):
        with rn.init(
            "p", "n", storage=root, run_id=run_id, capture_env=False, system_metrics=False, mode="online"
        ) as run:
            run.log({"loss": 1.0})
            run.log_text("text")
            run.log_image("picture", b"\x89PNG", step=1)
            for number in range(2):
                (source / "small.txt").write_text(f"{number}")
                run.log_artifact(rn.Artifact("m").add_file(source / "big.bin").add_file(source / "small.txt"))
    curating.soft_delete(Store(root).find("m").existing(2))
    verify.verify(Store(root).find("m").existing(1))
    for name in ("trash", "parts", "upload"):
        (curation.private_folder(root) / name).mkdir(exist_ok=True)
    current = {"tags": [], "description": "", "pinned": False, "archived": False}
    curation.note(root, root / RUN_FOLDER, current, {"tags": ["t"]})
    (root / "artifacts" / ".uploads").mkdir(exist_ok=True)
    (root / RUN_FOLDER / ".heartbeat").write_text("1.0")


def link_out(root: Path, place: str, outside: Path) -> None:
    """Move a part of the store out of it, and put a link in its place."""
    outside = outside / place.replace("/", "_").replace("*", "any")
    outside.mkdir()
    paths = sorted(path for path in root.glob(place) if not place.endswith("*") or len(path.name) == 2)
    assert paths, place
    for number, path in enumerate(paths):
        moved = outside / f"{number}"
        shutil.move(path, moved)
        path.symlink_to(moved)


def archive() -> bytes:
    """An archive with a run and a version."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        meta = {"id": IMPORTED, "project": "p", "name": "n", "created_at": 1.0}
        packed.writestr(f"p/n/runs/{IMPORTED}/meta.json", json.dumps(meta))
        file = {"path": "a", "size": 3, "digest": digest(b"new")}
        packed.writestr("artifacts/model/m/v9/manifest.json", json.dumps({"files": [file]}))
        packed.writestr(f"artifacts/.dedup/{digest(b'new')[7:9]}/{digest(b'new')[7:]}", b"new")
    return held.getvalue()


def ask_every_route(api: APIClient) -> set[tuple[str, str]]:
    """Send a valid request to each route that writes to the store; the routes."""
    routes = set()

    def ask(method: str, pattern: str, body: object = None, query: str = "", **names: object) -> Any:
        routes.add((method, pattern))
        path = pattern.format(**names) + query
        if isinstance(body, bytes):
            return api.generic(method.upper(), path, body, content_type="application/octet-stream")
        return getattr(api, method)(path, body, format="json")

    artifact = "/api/artifacts/{name}"
    ask("put", artifact + "/aliases/{alias}", {"version": 1}, name="m", alias="best")
    ask("delete", artifact + "/aliases/{alias}", name="m", alias="best")
    version = artifact + "/v{number}"
    ask("patch", version, {"description": "d", "tags": ["x"]}, name="m", number=1)
    ask("post", version + "/evaluate", {"metrics": {"a": 1.0}}, name="m", number=1)
    ask("post", version + "/promote", {"to_stage": "staging"}, name="m", number=1)
    ask("post", version + "/restore", name="m", number=2)
    for permanent in ("false", "true"):
        ask("delete", version, query=f"?permanent={permanent}", name="m", number=2)
    contents = {"big.bin": b"B" * len(BIG), "small.txt": b"s"}
    files = [{"path": p, "size": len(c), "digest": digest(c)} for p, c in contents.items()]
    about = {"name": "m", "type": "model", "files": files[:1], "total_files": 2}
    begun = ask("post", "/api/artifacts/uploads", about)
    upload = begun.json()["upload_id"] if begun.status_code == 201 else "0" * 32
    uploads = "/api/artifacts/uploads/{upload_id}"
    ask("post", uploads + "/files", {"files": files[1:]}, upload_id=upload)
    query = f"?digest={digest(contents['big.bin'])}&offset=0"
    ask("put", uploads + "/parts", contents["big.bin"], query, upload_id=upload)
    ask("put", uploads + "/contents", (1).to_bytes(8) + b"s", upload_id=upload)
    ask("post", uploads + "/complete", upload_id=upload)

    file = "/api/runs/{run_id}/files/{name}"
    meta = json.dumps({"id": UPLOADED, "project": "p", "name": "n", "created_at": 1.0}).encode()
    for run_id in (UPLOADED, OTHER, RUN):
        ask("put", file, meta, f"?digest={digest(meta)}", run_id=run_id, name="meta.json")
        ask("put", file, b"{}\n", "?offset=0", run_id=run_id, name="events.jsonl")
        ask("put", file, b"x", f"?digest={digest(b'x')}", run_id=run_id, name="media/x.png")
        parted = f"?digest={digest(BIG)}&offset=0&size={len(BIG)}"
        ask("put", file, BIG[:-1], parted, run_id=run_id, name="media/y.png")
    ids = [RUN, OTHER]
    for run_id in ids:
        ask("put", "/api/runs/{run_id}/heartbeat", run_id=run_id)
        ask("patch", "/api/runs/{run_id}", {"description": "d", "pinned": True}, run_id=run_id)
    board = "/api/v2/projects/{project}/boards/{name}"
    ask("put", board, {"title": "b"}, project="p", name="b")
    ask("delete", board, project="p", name="b")
    for folder in ("notebook", "reports"):
        document = f"/api/v2/projects/{{project}}/{folder}"
        ask("post", document, {"title": "t", "text": "t"}, project="p")
        ask("put", document + "/{name}", {"title": "d", "text": "t"}, project="p", name="d")
        ask("post", document + "/{name}/append", {"text": "t"}, project="p", name="d")
        ask("delete", document + "/{name}", project="p", name="d")
    decided = "/api/v2/projects/{project}"
    ask("put", decided + "/baseline", {"run_ids": ids}, project="p")
    ask("put", decided + "/replica-rules", {"seed_keys": ["s"]}, project="p")
    ask("post", decided + "/formulas", {"name": "f", "formula": "loss * 2"}, project="p")
    ask("delete", decided + "/formulas/{name}", project="p", name="f")
    note = {"row": 0, "label": "good", "note": "t"}
    ask("post", "/api/v2/experiments/{run_id}/sample-notes/{name}", note, run_id=RUN, name="s")
    ask("post", "/api/runs/tags", {"run_ids": ids, "add": ["y"]})
    ask("post", "/api/runs/move", {"run_ids": ids, "project": "q"})
    ask("post", "/api/experiments/tag", {"experiment_ids": ids, "tags": ["z"]})
    ask("post", "/api/status/check")
    ask("post", "/api/runs/soft-delete", {"run_ids": ids})
    ask("post", "/api/recycle-bin/restore", {"run_ids": ids})
    ask("post", "/api/v2/experiments/batch-delete", {"exp_ids": ids})
    routes.add(("post", "/api/import/archive"))
    upload_file = io.BytesIO(archive())
    upload_file.name = "archive.zip"
    api.post("/api/import/archive", {"file": upload_file}, format="multipart")
    ask("delete", "/api/experiments/delete", {"experiment_ids": [RUN], "force": True})
    ask("post", "/api/recycle-bin/empty", {"confirm": True})
    return routes


def write_with_the_sdk(root: Path, source: Path) -> None:
    """What training scripts and commands write, each on its own."""

    def train(run_id: str) -> None:
        options: dict[str, Any] = {"capture_env": False, "system_metrics": False, "mode": "online"}
        with rn.init("p", "n", storage=root, run_id=run_id, resume=True, config={"a": 1}, **options) as run:
            run.log({"loss": 2.0})
            run.log_text("more")
            run.log_image("picture", b"\x89PNG", step=2)
            run.summary({"acc": 1})
            with suppress(ArtifactError):
                run.use_artifact("m:v1")
            run.log_artifact(rn.Artifact("m").add_file(source / "big.bin").add_file(source / "new.txt"))

    store = Store(root)
    current = {"tags": [], "description": "", "pinned": False, "archived": False}

    def curate(change: Callable[..., object], *more: object) -> None:
        change(store.find("m").existing(1), *more)

    steps: list[Callable[[], object]] = [
        lambda: train(RUN),
        lambda: train("20260101_120009_abcdef"),
        lambda: curate(curating.soft_delete),
        lambda: curate(curating.restore),
        lambda: curating.set_alias(store.find("m"), "good", 1),
        lambda: curate(lambda version: curating.describe(version, description="d")),
        lambda: curate(verify.verify),
        lambda: garbage.collect(store),
        lambda: curate(curating.delete_for_good),
        lambda: curation.note(root, root / RUN_FOLDER, current, {"tags": ["u"]}),
        lambda: curation.put_into_bin(root, root / RUN_FOLDER, layout.FINISHED),
        lambda: curation.put_aside(root, root / RUN_FOLDER),
        lambda: import_archive(root, io.BytesIO(archive()), overwrite=True),
        lambda: UploadState(root, RUN).begin("http://127.0.0.1:1"),
        lambda: ManifestGenerator(root).generate(),
    ]
    for step in steps:
        with suppress(OSError, ArtifactError, ArchiveRefused):
            step()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "big.bin").write_bytes(BIG)
    (folder / "new.txt").write_text("new content")
    return folder


PLACES = [
    *(pytest.param(places, id=name) for name, places in TOGETHER.items()),
    *(pytest.param([place], id=place, marks=pytest.mark.torture) for place in LINKED),
]


@pytest.mark.parametrize("places", PLACES)
def test_no_route_writes_through_a_link(
    places: list[str],
    store: Path,
    source: Path,
    outside: Path,
    api: APIClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    fill(store, source)
    assert api.get("/api/runs").status_code == api.get("/api/artifacts").status_code == 200
    for place in many(places):
        link_out(store, place, outside)
    before = snapshot(outside)
    ask_every_route(api)
    assert snapshot(outside) == before


@pytest.mark.parametrize("places", PLACES)
def test_neither_the_sdk_nor_a_command_writes_through_a_link(
    places: list[str], folder: Path, source: Path, outside: Path, home: Path
) -> None:
    fill(folder, source)
    for place in places:
        link_out(folder, place, outside)
    before = snapshot(outside)
    write_with_the_sdk(folder, source)
    assert snapshot(outside) == before


def test_every_route_that_writes_to_the_store_is_asked(
    store: Path, source: Path, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    fill(store, source)
    routes = ask_every_route(api)
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    writing = {
        (method, path)
        for path, operations in many(schema["paths"]).items()
        for method in operations
        if method in {"post", "put", "patch", "delete"} and not path.startswith(ELSEWHERE)
    }
    assert routes == writing


def test_a_root_that_is_a_link_is_written_to(
    tmp_path: Path, store: Path, source: Path, api: APIClient, db: None
) -> None:
    linked = tmp_path / "linked"
    linked.symlink_to(store)
    activate(linked)
    fill(linked, source)
    assert api.patch(f"/api/runs/{RUN}", {"description": "d"}, format="json").status_code == 200
    assert (store / RUN_FOLDER / "curation.json").is_file()


def test_a_refused_write_says_why(store: Path, source: Path, outside: Path, api: APIClient) -> None:
    fill(store, source)
    api.get("/api/artifacts")
    link_out(store, "artifacts/model/m", outside)
    answer = api.patch("/api/artifacts/m/v1", {"description": "d"}, format="json")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "A link leads out of the storage root: nothing was changed"
