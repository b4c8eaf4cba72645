"""Mirrors by manifests follow every change of a store, over real SSH."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from runicorn._platform import file_lock
from runicorn.manifest import ManifestGenerator, ManifestSyncClient, ManifestType
from runicorn.store.samples import writer
from runicorn_tools.sync import transport
from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.stopping import StopRequest
from tests.tools.sync.far import TalkativeSshd, over_asyncssh
from tests.tools.sync.stores import age, contents, put, write_store
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")


@pytest.fixture
def sync(sftp: Any, there: Path, folder: Path) -> Callable[..., dict[str, Any]]:
    """Return a sync of `folder` by a full manifest generated on the remote host."""
    client = ManifestSyncClient(sftp, there, folder, jitter_max=0)

    def once(*, manifest: bool = True) -> dict[str, Any]:
        if manifest:
            ManifestGenerator(there).generate()
        return client.sync()

    return once


def test_a_new_mirror_is_equal_and_says_what_it_did(any_sftp: Any, there: Path, folder: Path) -> None:
    runs = write_store(there, 12)
    (runs[0] / ".deleted").write_text('{"deleted_at": 1.0, "reason": "old"}')
    manifest, _ = ManifestGenerator(there).generate()
    progress: list[tuple[int, int, str]] = []
    client = ManifestSyncClient(any_sftp, there, folder, jitter_max=0)
    result = client.sync(lambda number, total, path: progress.append((number, total, path)))
    assert contents(folder) == contents(there)
    assert result["files_synced"] == result["full_count"] == manifest.total_files == len(progress)
    assert result["bytes_downloaded"] == manifest.total_bytes
    assert (result["failed_count"], result["incremental_count"], result["problems"]) == (0, 0, [])
    assert (result["manifest_revision"], result["manifest_snapshot_id"]) == (1, manifest.snapshot_id)
    assert [count for count, _, _ in progress] == list(range(1, len(progress) + 1))
    assert progress[0][1] == len(progress)
    cursor = json.loads((folder / ".sync_cursor.json").read_text())
    assert (cursor["last_revision"], cursor["last_snapshot_id"], cursor["sync_count"]) == (
        1,
        manifest.snapshot_id,
        1,
    )
    again = client.sync()
    assert (again["skipped"], again["reason"]) == (True, "no_changes")


def test_a_journal_grows_by_what_is_new(any_sftp: Any, there: Path, folder: Path) -> None:
    (run,) = write_store(there, 1)
    journal = run / "events.jsonl"
    journal.write_bytes(b'{"line": 1}\n' * 50_000)
    ManifestGenerator(there).generate()
    client = ManifestSyncClient(any_sftp, there, folder, jitter_max=0)
    client.sync()
    with journal.open("ab") as file:
        file.write(b'{"line": 2}\n' * 10)
    ManifestGenerator(there).generate()
    result = client.sync()
    assert (result["files_synced"], result["incremental_count"]) == (1, 1)
    assert result["bytes_downloaded"] <= 4096 + 120
    assert contents(folder) == contents(there)


def test_samples_grow_and_their_sealed_form_replaces_them(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = write_store(there, 1)
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    rollouts = writer.SampleWriter(run, "rollouts/a b")
    rollouts.append([{"n": n, "text": str(n) * 2000} for n in range(100)], step=1)
    sync()
    assert contents(folder) == contents(there)
    rollouts.append([{"n": 100}], step=2)
    result = sync()
    assert (result["files_synced"], result["incremental_count"]) == (2, 2)
    assert contents(folder) == contents(there)
    rollouts.close()
    sync()
    assert sorted(path.name for path in folder.glob("**/samples/*/*")) == [
        "00000.index.jsonl",
        "00000.jsonl.gz",
    ]
    assert contents(folder) == contents(there)


def test_media_of_every_kind_are_fetched(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    (run,) = write_store(there, 1)
    for name in ("clip.webm", "tone.wav", "report.html", "notes.md", "no suffix"):
        (run / "media" / name).write_bytes(name.encode())
    sync()
    assert contents(folder) == contents(there)


def test_a_rewritten_journal_is_fetched_completely(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    first, second, third = write_store(there, 3)
    for run in (first, second, third):
        (run / "events.jsonl").write_bytes(b"a" * 10_000)
    sync()
    (first / "events.jsonl").write_bytes(b"b" * 20_000)
    # Only its beginning differs; the bytes just before the new ones are the same.
    (second / "events.jsonl").write_bytes(b"b" * 4096 + b"a" * 15_904)
    (third / "events.jsonl").write_bytes(b"shorter")
    result = sync()
    assert (result["files_synced"], result["full_count"]) == (3, 3)
    assert contents(folder) == contents(there)


def test_a_manifest_that_is_behind_does_no_harm(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    first, second = write_store(there, 2)
    put(first / "status.json", '{"status": "running"}')
    put(second / "status.json", '{"status": "running"}')
    ManifestGenerator(there).generate()
    with (first / "events.jsonl").open("ab") as file:
        file.write(b"{}\n")
    (first / "summary.json").write_text('{"much": "longer than it was before"}')
    (second / "events.jsonl").write_bytes(b"x" * 5)
    result = sync(manifest=False)
    assert result["failed_count"] == 0
    # The end of the first journal was not in the manifest yet; a rewritten file is copied as it is now.
    assert contents(folder)[f"{first.relative_to(there)}/summary.json"].startswith(b'{"much"')
    assert contents(folder)[f"{second.relative_to(there)}/events.jsonl"] == b"xxxxx"
    sync()
    assert contents(folder) == contents(there)


def test_deletions_go_into_the_recycle_bin_and_come_back(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    first, second = write_store(there, 2)
    sync()
    (first / ".deleted").write_text('{"deleted_at": 5.0}')
    shutil.move(second, there.parent / "aside")
    result = sync()
    mine = folder / second.relative_to(there)
    assert result["deleted_count"] == 1
    assert (folder / first.relative_to(there) / ".deleted").read_text() == '{"deleted_at": 5.0}'
    assert json.loads((mine / ".deleted").read_text())["original_status"] == "finished"
    assert (mine / "events.jsonl").exists()
    (first / ".deleted").unlink()
    shutil.move(there.parent / "aside", second)
    sync()
    assert contents(folder) == contents(there)


def test_an_active_manifest_deletes_nothing_and_hides_nothing(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    old, running = write_store(there, 2)
    sync()
    put(running / "status.json", '{"status": "running"}')
    with (running / "events.jsonl").open("ab") as file:
        file.write(b"{}\n")
    os.utime(old / "meta.json", (1, 1))
    ManifestGenerator(there).generate(ManifestType.ACTIVE)
    result = sync(manifest=False)
    assert result["incremental_count"] == 1 and result["deleted_count"] == 0
    assert contents(folder) == contents(there)
    (there / "project0/new/runs/20260102_000000_abcdef").mkdir(parents=True)
    (there / "project0/new/runs/20260102_000000_abcdef/meta.json").write_text("{}")
    sync()  # a full manifest: the active one is older now and must not hide the new run
    assert contents(folder) == contents(there)


def test_a_folder_that_could_not_be_read_was_not_deleted(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    first, _ = write_store(there, 2)
    sync()
    shutil.move(first, there.parent / "aside")
    _, path = ManifestGenerator(there).generate()
    content = json.loads(path.read_text())
    content["unread"] = [first.relative_to(there).as_posix()]
    path.write_text(json.dumps(content))
    path.with_name(f"{path.name}.gz").unlink()
    assert sync(manifest=False)["deleted_count"] == 0
    assert not (folder / first.relative_to(there) / ".deleted").exists()


def test_local_curation_is_kept(sync: Callable[..., dict[str, Any]], there: Path, folder: Path) -> None:
    first, second = write_store(there, 2)
    (first / "curation.json").write_text('{"tags": ["theirs"]}')
    (second / ".deleted").write_text("{}")
    sync()
    mine = folder / first.relative_to(there)
    (mine / "curation.json").write_text('{"tags": ["mine"], "description": "here"}')
    (mine / ".deleted").write_text('{"reason": "here"}')
    (folder / second.relative_to(there) / ".deleted").unlink()
    with (first / "events.jsonl").open("ab") as file:
        file.write(b"{}\n")
    sync()
    assert "mine" in (mine / "curation.json").read_text() and (mine / ".deleted").exists()
    assert not (folder / second.relative_to(there) / ".deleted").exists()
    assert (mine / "events.jsonl").read_bytes() == (first / "events.jsonl").read_bytes()


def test_damaged_and_missing_local_files_are_fetched_again(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    runs = write_store(there, 3)
    sync()
    mine = [folder / run.relative_to(there) for run in runs]
    (mine[0] / "meta.json").write_text("torn")
    (mine[0] / "events.jsonl").write_bytes(b"half")
    shutil.rmtree(mine[1])
    (mine[2] / "media" / "1_picture.png").unlink()
    sync()
    assert contents(folder) == contents(there)


def test_a_lost_memory_fetches_nothing_again(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    write_store(there, 3)
    sync()
    (folder / ".sync_state.json").unlink()
    (folder / ".sync_cursor.json").unlink()
    result = sync()
    assert (result["skipped"], result["reason"], result["files_synced"]) == (True, "no_file_changes", 0)


def test_another_run_of_the_same_id_is_left_as_it_is(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    first, _ = write_store(there, 2)
    mine = folder / first.relative_to(there)
    mine.mkdir(parents=True)
    (mine / "meta.json").write_text('{"id": "mine", "created_at": 1.0}')
    result = sync()
    assert any("as another run" in problem for problem in result["problems"])
    assert os.listdir(mine) == ["meta.json"]
    put(first / "status.json", '{"status": "running"}')
    again = sync()
    assert any("as another run" in problem for problem in again["problems"])
    assert os.listdir(mine) == ["meta.json"]


def test_files_deleted_on_the_remote_host_are_deleted_here(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    (run,) = write_store(there, 1)
    sync()
    (run / "media" / "1_picture.png").unlink()
    (run / "summary.json").unlink()
    (run / "events.jsonl").unlink()
    sync()
    mine = folder / run.relative_to(there)
    assert not (mine / "summary.json").exists() and not (mine / "media" / "1_picture.png").exists()
    # The journal is kept: without it there is no run.
    assert (mine / "events.jsonl").exists()


def test_what_failed_is_tried_again(sync: Callable[..., dict[str, Any]], there: Path, folder: Path) -> None:
    (run,) = write_store(there, 1)
    mine = folder / run.relative_to(there)
    (mine / "logs.txt").mkdir(parents=True)  # a folder instead of the file
    result = sync()
    assert result["failed_count"] == 1 and "logs.txt" in result["problems"][0]
    (mine / "logs.txt").rmdir()
    result = sync(manifest=False)  # with the old manifest
    assert (result["files_synced"], result["failed_count"]) == (1, 0)
    assert contents(folder) == contents(there)


def test_a_transfer_that_breaks_off_goes_on_where_it_was(
    server: TalkativeSshd, there: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SLICE", 64 * 1024)
    (run,) = write_store(there, 1)
    size = 48 * 2**20
    for path in run.rglob("*.*"):
        path.unlink()
    (run / "events.jsonl").write_bytes(os.urandom(size))
    ManifestGenerator(there).generate()
    parts = folder / ".sync_parts"

    def cut_soon() -> None:
        until(lambda: max((part.stat().st_size for part in parts.glob("*")), default=0) > size // 8)
        server.cut()

    with over_asyncssh(server) as client:
        thread = threading.Thread(target=cut_soon)
        thread.start()
        with pytest.raises(ConnectionError):
            ManifestSyncClient(client, there, folder, jitter_max=0).sync()
        thread.join()
    assert not (folder / run.relative_to(there) / "events.jsonl").exists()
    with over_asyncssh(server) as client:
        result = ManifestSyncClient(client, there, folder, jitter_max=0).sync()
    assert result["bytes_downloaded"] < size * 0.9
    assert contents(folder) == contents(there)
    assert not list(parts.glob("*"))


def test_concurrent_syncs_of_one_mirror_are_safe(sftp: Any, there: Path, folder: Path) -> None:
    write_store(there, 6)
    ManifestGenerator(there).generate()
    with ThreadPoolExecutor(3) as pool:
        clients = [ManifestSyncClient(sftp, there, folder, jitter_max=0.05) for _ in range(3)]
        results = list(pool.map(lambda client: client.sync(), clients))
    assert sum(result["files_synced"] for result in results) == len(contents(there))
    assert contents(folder) == contents(there)


def test_a_sync_that_waits_for_another_one_can_be_stopped(sftp: Any, there: Path, folder: Path) -> None:
    write_store(there, 2)
    stop = StopRequest()

    def once() -> dict[str, Any]:
        return mirror_store(transport.wrap_client(sftp), str(there), folder, "far", stop=stop)

    once()
    (lock,) = folder.glob(".runicorn/sync/*/.sync.lock")
    with file_lock(lock), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(once)
        stop.requested = True
        with pytest.raises(ConnectionError, match="stopped"):
            waiting.result(60)


async def test_in_the_loop_of_the_client_itself_it_says_what_to_do(
    server: TalkativeSshd, there: Path
) -> None:
    options = {"username": server.username, "client_keys": [str(server.key)], "known_hosts": None}
    async with asyncssh.connect(server.host, server.port, config=None, **options) as connection:
        client = ManifestSyncClient(await connection.start_sftp_client(), there, there, jitter_max=0)
        with pytest.raises(RuntimeError, match=r"asyncio\.to_thread"):
            client.sync()
        with pytest.raises(OSError, match="No valid manifest found on server"):
            await asyncio.to_thread(client.sync)


def test_an_object_that_is_no_sftp_client_is_refused(folder: Path) -> None:
    with pytest.raises(TypeError, match="asyncssh or of paramiko"):
        ManifestSyncClient(object(), "/data", folder, jitter_max=0).sync()


def test_times_are_those_of_the_other_machine(
    sync: Callable[..., dict[str, Any]], there: Path, folder: Path
) -> None:
    (run,) = write_store(there, 1)
    age(there, 12_345)
    sync()
    mine = folder / run.relative_to(there) / "events.jsonl"
    assert mine.stat().st_mtime == pytest.approx((run / "events.jsonl").stat().st_mtime)
