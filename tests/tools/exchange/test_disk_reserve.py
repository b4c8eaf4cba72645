"""Imports, uploads and syncs leave a reserve of the disk free."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient
from typer.testing import CliRunner

import runicorn as rn
from runicorn.settings import free_space
from runicorn.settings.free_space import Disk, NotEnoughSpace
from runicorn.store import layout
from runicorn_tools.archives.read import import_archive
from runicorn_tools.cli import app
from runicorn_tools.export.tensorboard_events import event
from runicorn_tools.sync.budget import Budget
from tests.processes import Viewer
from tests.sdk.tracking.limited_disks import small_disk
from tests.tools.exchange.packing import RUN, good, snapshot, zipped

GB = 10**9


@pytest.fixture
def set_free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the disk have as many bytes beside its reserve of 1 GB."""

    def set_to(usable: int) -> None:
        monkeypatch.setattr(free_space, "disk", lambda path: Disk(100 * GB, GB + usable))

    return set_to


@pytest.mark.parametrize(
    ("text", "total", "expected"),
    [
        ("", 100 * GB, GB),
        ("", 2 * GB, GB // 10),
        ("2GB", 100 * GB, 2 * GB),
        ("10%", 100 * GB, 10 * GB),
        ("1.5 GB, 50%", 2 * GB, GB),
        ("123", GB, 123),
        ("0", GB, 0),
        ("much", 100 * GB, GB),
    ],
)
def test_the_reserve_is_the_smallest_amount(
    text: str, total: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_RESERVE", text)
    assert free_space.reserve(total) == expected


def test_an_archive_that_needs_the_reserve_is_refused_before_it_is_unpacked(
    folder: Path, set_free: Callable[[int], None]
) -> None:
    content = zipped({**good(), f"{RUN}/model.bin": os.urandom(100_000)})
    set_free(90_000)
    with pytest.raises(NotEnoughSpace, match="stay free for running trainings"):
        import_archive(folder, io.BytesIO(content))
    assert snapshot(folder) == {}
    set_free(10**6)
    assert import_archive(folder, io.BytesIO(content)).runs == [RUN]


def test_an_archive_stops_when_the_disk_fills_while_it_comes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in {**good(), f"{RUN}/model.bin": bytes(5_000_000)}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    free = iter(range(9_000_000, 0, -1_500_000))  # other programs fill it
    monkeypatch.setattr(free_space, "disk", lambda path: Disk(100 * GB, GB + next(free)))
    with pytest.raises(NotEnoughSpace):
        import_archive(folder, packed)
    assert snapshot(folder) == {}


def test_the_command_line_says_why_it_imports_nothing(
    folder: Path, tmp_path: Path, set_free: Callable[[int], None]
) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(good()))
    set_free(10)
    result = CliRunner().invoke(app, ["import", str(tmp_path / "a.zip"), "--storage", str(folder)])
    assert result.exit_code == 1 and len(result.stderr.strip().splitlines()) == 1
    assert "No space left on the disk" in result.stderr and "1.0 GB stay free" in result.stderr


def test_import_from_stops_before_the_reserve(
    folder: Path, tmp_path: Path, set_free: Callable[[int], None]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "events.out.tfevents.1.x.1.0").write_bytes(event(1.7e9, 1, {"loss": 1.0}))
    set_free(0)
    words = ["import-from", "tensorboard", str(logs), "--storage", str(folder)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1 and "stay free" in result.stderr
    assert snapshot(folder) == {}


def test_an_upload_of_a_run_is_answered_507(
    store: Path, api: APIClient, set_free: Callable[[int], None]
) -> None:
    run_id = "20260114_160210_d4e5f6"
    meta = b'{"id": "%s", "project": "p", "name": "n", "created_at": 1.7e9}' % run_id.encode()
    digest = f"sha256:{hashlib.sha256(meta).hexdigest()}"
    kind = "application/octet-stream"
    set_free(10)
    url = f"/api/runs/{run_id}/files"
    first = api.put(f"{url}/{layout.META}?digest={digest}", meta, content_type=kind)
    assert first.status_code == 200, first.content
    line = b'{"type": "metrics"}\n'
    refused = api.put(f"{url}/{layout.EVENTS}?offset=0", line, content_type=kind)
    assert refused.status_code == 507
    assert "No space left on the disk" in refused.json()["detail"]
    set_free(10**6)
    assert api.put(f"{url}/{layout.EVENTS}?offset=0", line, content_type=kind).json() == {"size": len(line)}


def test_an_archive_over_http_is_answered_507(
    store: Path, api: APIClient, set_free: Callable[[int], None]
) -> None:
    set_free(10)
    file = io.BytesIO(zipped(good()))
    file.name = "a.zip"
    answer = api.post("/api/import/archive", {"file": file}, format="multipart")
    assert answer.status_code == 507 and "stay free" in answer.json()["detail"]
    assert str(store) not in answer.content.decode() and not list((store / ".runicorn").glob("upload-*"))


def test_a_sync_fetches_no_more_than_its_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, set_free: Callable[[int], None]
) -> None:
    monkeypatch.setenv("RUNICORN_MIRROR_BYTES", "1KB")
    budget = Budget(folder)
    budget.spend(600)
    with pytest.raises(OSError, match="RUNICORN_MIRROR_BYTES"):
        budget.spend(600)
    budget.spend(400)
    monkeypatch.setenv("RUNICORN_MIRROR_BYTES", "")
    set_free(10)
    with pytest.raises(NotEnoughSpace):
        Budget(folder).spend(11)
    monkeypatch.setenv("RUNICORN_MIRROR_BYTES", "a lot")
    with pytest.raises(OSError, match="must be an amount"):
        Budget(folder)


def test_a_training_is_warned_and_never_refused(
    folder: Path, tmp_path: Path, set_free: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.bin").write_bytes(bytes(1000))
    run = rn.init(project="p", name="n", storage=str(folder), capture_env=False)
    set_free(10)
    run.log_artifact(rn.Artifact("net", type="model").add_file(tmp_path / "model.bin"))
    run.finish()
    assert "almost full" in capsys.readouterr().err
    assert (folder / "artifacts" / "model" / "net" / "v1" / "manifest.json").is_file()


def test_a_training_beside_a_large_import_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "store", "4m") as root:
        run = rn.init(project="p", name="n", storage=str(root))
        content = {**good(), f"{RUN}/a.bin": os.urandom(2_500_000), f"{RUN}/b.bin": os.urandom(2_500_000)}
        with pytest.raises(NotEnoughSpace):
            import_archive(root, io.BytesIO(zipped(content)))
        for step in range(500):
            run.log({"loss": float(step)}, step=step)
        run.finish()
        assert (run.run_dir / layout.EVENTS).read_text().count('"loss"') == 500


def test_a_viewer_whose_disk_has_its_reserve_alone_takes_no_archive(
    start_viewer: Callable[..., Viewer], folder: Path
) -> None:
    viewer = start_viewer(RUNICORN_RESERVE="100%")
    answer = viewer.post("/api/import/archive", files={"file": zipped(good())})
    assert answer.status_code == 507 and "stay free" in answer.json()["detail"]
    body, kind = iter([zipped(good())]), {"Content-Type": "multipart/form-data; boundary=x"}
    assert viewer.post("/api/import/archive", data=body, headers=kind).status_code == 507
    assert viewer.get("/api/runs").json() == [] and list(folder.glob("*/*/runs/*")) == []


def test_many_small_files_are_written_with_few_looks_at_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []

    def disk(path: Path) -> Disk:
        looks.append(path)
        return Disk(100 * GB, 50 * GB)

    monkeypatch.setattr(free_space, "disk", disk)
    files = {f"{RUN}/media/{number}.txt": b"a line" for number in range(200)}
    import_archive(folder, io.BytesIO(zipped({**good(), **files})))
    assert len(looks) < 10
