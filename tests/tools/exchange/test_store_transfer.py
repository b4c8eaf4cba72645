"""Exported and imported into an empty store, every answer of the API is what it was."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts.services import lookup
from runicorn.artifacts.store import Store
from runicorn.store import find
from runicorn_tools.archives.read import OTHER, RUNNING, THERE, import_archive
from runs.active_root import activate, active_root
from runs.index import discovery
from tests.conftest import FIXTURE_STORE
from tests.documents.store import RUN, SECOND, THIRD
from tests.large import many
from tests.tools.exchange.packing import snapshot
from tests.waiting import until

Pack = Callable[..., Path]
RUNS = (RUN, SECOND, THIRD)
PLACES = [
    "/api/runs",
    "/api/projects",
    "/api/recycle-bin",
    "/api/v2/experiments?include_deleted=true",
    "/api/artifacts",
    "/api/artifacts/stats",
    *(
        f"/api/artifacts/resnet/{rest}"
        for rest in ("versions", "v1", "v2", "v1/files", "v2/lineage?max_depth=10")
    ),
    *(f"/api/artifacts/cifar10/{rest}" for rest in ("versions", "v1", "v1/files/train.csv", "v1/lineage")),
    *(
        f"/api/{place.format(run_id)}"
        for run_id in RUNS
        for place in (
            "runs/{}",
            "runs/{}/metrics",
            "runs/{}/metrics_step",
            "runs/{}/logs",
            "runs/{}/media",
            "runs/{}/artifacts",
            "runs/{}/progress",
            "environment/{}",
            "v2/experiments/{}",
            "v2/experiments/{}/series",
            "experiments/search?text={}",
        )
    ),
]
TAKES_TIME = {"query_time_ms", "generation"}


def answers(root: Path, api: Any) -> dict[str, Any]:
    """Return the responses of the API about a store, without its path."""
    activate(root)
    discovery.full(active_root())
    until(lambda: not lookup.catch_up_all(active_root(), thorough=True))
    answers = {}
    for place in PLACES:
        answer = api.get(place)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = content.decode().replace(str(root), "<root>")
        answers[place] = (answer.status_code, _lasting(json.loads(text)) if text[:1] in "[{" else text)
    return answers


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(item) for key, item in value.items() if key not in TAKES_TIME}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["whole.zip", "small.zip", "whole.tar.gz"])
def test_every_answer_is_the_same(
    full: Path, folder: Path, home: Path, pack: Pack, api: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    with pack(full, name, **({"compress": True} if name == "small.zip" else {})).open("rb") as file:
        outcome = import_archive(folder, file)
    assert len(outcome.runs) == 3 and len(outcome.versions) == 3 and not outcome.left
    before, after = answers(full, api), answers(folder, api)
    assert all(status == 200 for status, _ in before.values())
    for place in many(PLACES):
        assert after[place] == before[place], place


def test_a_second_import_changes_nothing(full: Path, folder: Path, pack: Pack) -> None:
    archive = pack(full)
    with archive.open("rb") as file:
        import_archive(folder, file)
    before = _states(folder)
    with archive.open("rb") as file:
        outcome = import_archive(folder, file)
    assert set(outcome.left.values()) == {THERE} and len(outcome.left) == 6 and outcome.files == 0
    assert _states(folder) == before


def _states(root: Path) -> dict[str, tuple[int, int, int]]:
    return {
        path.relative_to(root).as_posix(): (about.st_ino, about.st_mtime_ns, about.st_size)
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock" and path.name != ".lock"
        for about in [path.stat()]
    }


def test_a_dry_run_reports_the_same_and_changes_nothing(full: Path, folder: Path, pack: Pack) -> None:
    archive, before = pack(full), snapshot(folder)
    with archive.open("rb") as file:
        preview = import_archive(folder, file, dry_run=True)
    assert snapshot(folder) == before
    with archive.open("rb") as file:
        assert import_archive(folder, file) == preview


def test_existing_runs_are_replaced_only_on_request(full: Path, folder: Path, pack: Pack) -> None:
    archive = pack(full)
    with archive.open("rb") as file:
        import_archive(folder, file)
    ours = folder / "vision" / "resnet" / "runs"
    (ours / RUN / "events.jsonl").write_text("changed here\n")
    (ours / RUN / "more.txt").write_text("of ours")
    (ours / SECOND / "status.json").write_text('{"status": "running"}')
    with archive.open("rb") as file:
        assert import_archive(folder, file).runs == []
    assert (ours / RUN / "more.txt").exists()
    with archive.open("rb") as file:
        outcome = import_archive(folder, file, overwrite=True)
    assert f"vision/resnet/runs/{RUN}" in outcome.replaced
    assert outcome.left[f"vision/resnet/runs/{SECOND}"] == RUNNING
    assert not (ours / RUN / "more.txt").exists()
    source = full / "vision" / "resnet" / "runs" / RUN
    assert (ours / RUN / "events.jsonl").read_bytes() == (source / "events.jsonl").read_bytes()
    assert [path.name for path in (folder / ".runicorn").iterdir()] == ["import.lock"]


def test_a_run_in_another_folder_is_the_same_run(full: Path, folder: Path, pack: Pack) -> None:
    shutil.copytree(full / "vision", folder / "older")
    with pack(full).open("rb") as file:
        outcome = import_archive(folder, file)
    assert outcome.runs == [f"nlp/bert/runs/{THIRD}"] and not (folder / "vision").exists()
    with pack(full).open("rb") as file:
        import_archive(folder, file, overwrite=True)
    assert sorted(find.all_runs(folder)) == sorted(find.all_runs(full))


def test_another_version_of_that_number_stays(full: Path, folder: Path, pack: Pack) -> None:
    with pack(full).open("rb") as file:
        import_archive(folder, file)
    other = full.parent / "other"
    shutil.copytree(full, other)
    manifest = other / "artifacts" / "model" / "resnet" / "v2" / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b"weights.pt", b"weights.pth"))
    with pack(other, "other.zip").open("rb") as file:
        outcome = import_archive(folder, file, overwrite=True)
    assert outcome.left["model/resnet:v2"] == OTHER and outcome.left["model/resnet:v1"] == THERE


def test_contents_are_in_the_pool_once_and_aliases_are_kept(full: Path, folder: Path, pack: Pack) -> None:
    archive = pack(full)
    with zipfile.ZipFile(archive) as packed:
        inside = packed.namelist()
    assert len([name for name in inside if "/.dedup/" in name]) == 3 and not any(
        "/files/" in n for n in inside
    )
    with archive.open("rb") as file:
        import_archive(folder, file)
    shelves = Store(folder)
    assert shelves.find("resnet").aliases() == {"latest": 2, "best": 1}
    version = shelves.find("resnet").existing(1)
    assert version.file_path("weights.pt").read_bytes() == b"1" * 4096
    assert shelves.pool.holds(version.manifest.files[0].digest, 4096)


def test_exact_times_survive(full: Path, folder: Path, pack: Pack) -> None:
    path = Path("nlp") / "bert" / "runs" / THIRD / "events.jsonl"
    for name, exact in (("t.zip", 1_600_000_000_123_456_700), ("t.tar.gz", 1_600_000_001_123_456_700)):
        os.utime(full / path, ns=(exact, exact))
        with pack(full, name).open("rb") as file:
            import_archive(folder, file, overwrite=True)
        assert abs((folder / path).stat().st_mtime_ns - exact) < 100


def test_stores_of_runicorn_05_are_imported_from_a_tar(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(FIXTURE_STORE) as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / FIXTURE_STORE.name.removesuffix(".tar.gz")
    # What its `export` packs: the folders of runs, relative to the root; and the folders of artifacts by hand.
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                info = tarfile.TarInfo(path.relative_to(root).as_posix())
                info.size, info.mtime = len(content), path.stat().st_mtime
                archive.addfile(info, io.BytesIO(content))
    outcome = import_archive(folder, io.BytesIO(packed.getvalue()))
    assert sorted(outcome.runs) == sorted(find.all_runs(root)) and outcome.runs
    theirs, ours = snapshot(root), snapshot(folder)
    for relative in outcome.runs:
        of_run = [
            name for name in theirs if name.startswith(f"{relative}/") and isinstance(theirs[name], bytes)
        ]
        assert of_run and all(ours[name] == theirs[name] for name in of_run)
    there = {f"{folder.type}/{folder.name}": folder.numbers() for folder in Store(root).folders()}
    assert {f"{f.type}/{f.name}": f.numbers() for f in Store(folder).folders()} == there and there
