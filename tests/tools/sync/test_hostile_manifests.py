"""Hostile manifests: no entry leads out of the folder or outside a run."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn_tools.sync import inventory
from runicorn_tools.sync.discovery import read_manifests
from runicorn_tools.sync.manifest.scan import Item
from runicorn_tools.sync.run_mirror import RunMirror

RUN = "p/n/runs/20260101_000000_abcdef"
ODD_PATHS = [
    "../../outside/runs/x/meta.json",
    "p/../../runs/x/meta.json",
    "p/n/runs/../../../../etc/meta.json",
    f"{RUN}/../../../../../../tmp/meta.json",
    f"{RUN}/../meta.json",
    f"{RUN}/./meta.json",
    f"{RUN}//meta.json",
    f"/{RUN}/meta.json",
    "/etc/passwd",
    "//server/share/runs/x/meta.json",
    "C:\\Windows\\runs\\x\\meta.json",
    "p\\n\\runs\\x\\meta.json",
    f"{RUN}\\meta.json",
    "~/runs/x/meta.json",
    "meta.json",
    "p/meta.json",
    "p/n/meta.json",
    "p/n/runs/meta.json",
    "p/n/other/20260101_000000_abcdef/meta.json",
    f"{RUN}/evil.sh",
    f"{RUN}/.bashrc",
    f"{RUN}/.deleted/x",
    f"{RUN}/meta.json/x",
    f"{RUN}/media",
    f"{RUN}/media/",
    f"{RUN}/media/../../../../../x.png",
    f"{RUN}/media/..",
    f"{RUN}/media/.hidden",
    f"{RUN}/media/a\0b.png",
    f"{RUN}/media/a\nb.png",
    f"{RUN}/media/{'x' * 300}",
    f"{RUN}/media/{'/'.join('a' * 40)}",
    f"{RUN}/Meta.json",
    f"{RUN}/events.jsonl ",
    ".runicorn/n/runs/x/meta.json",
    ".ssh/authorized_keys/runs/x/meta.json",
    "artifacts/model/runs/x/meta.json",
    "evaluations/a/runs/x/meta.json",
    "p/.git/runs/x/meta.json",
    "p/n/runs/.hidden/meta.json",
    "p/\x1b[31m/runs/x/meta.json",
    "p/\u2028/runs/x/meta.json",
    "p//runs/x/meta.json",
    "runs/../meta.json",
    "",
    "/",
    ".",
    "..",
    "p/n/runs/x",
    "p/" + "n" * 256 + "/runs/x/meta.json",
]
GOOD = {"path": f"{RUN}/meta.json", "size": 2, "mtime": 1.0}


class Far:
    """A remote host that answers every request and records it."""

    parallel = 2

    def __init__(self, manifest: bytes, name: str = "full_manifest.json") -> None:
        self.manifest = manifest
        self.name = name
        self.asked: list[str] = []

    def list(self, path: str) -> list[Item]:
        return [Item(self.name, False, len(self.manifest), 1.0, "1")]

    def stat(self, path: str) -> Item:
        return Item(path, False, 2, 1.0, "1")

    def read(self, path: str, offset: int, size: int, write: Any) -> None:
        if path.endswith(self.name):
            write(self.manifest)
            return
        self.asked.append(path)
        write(b"{}"[offset : offset + size])


def manifest(*runs: Any, **more: Any) -> bytes:
    head = {"format_version": "1.0", "manifest_type": "full", "revision": 1, "snapshot_id": "x"}
    return json.dumps(head | {"generated_at": 1.0, "experiments": list(runs), "unread": []} | more).encode()


def run(*files: Any, run_id: Any = "20260101_000000_abcdef") -> dict[str, Any]:
    return {"run_id": run_id, "project": "p", "name": "n", "status": "x", "files": list(files)}


def mirror(far: Far, folder: Path) -> dict[str, Any]:
    run_mirror = RunMirror(far, "/data", folder, folder)
    return run_mirror.run(lambda state: read_manifests(far, "/data"))


def below(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".sync" not in path.name
    )


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_path_outside_a_run_is_refused_and_the_other_runs_are_fetched(path: str, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c" / "mirror"
    folder.mkdir(parents=True)
    parts = path.split("/")
    odd = run({**GOOD, "path": path}, run_id=parts[-2] if len(parts) > 1 else "x")
    far = Far(manifest(odd, run(GOOD)))
    result = mirror(far, folder)
    assert (result["refused_count"], result["files_synced"]) == (1, 1)
    assert far.asked == [f"/data/{RUN}/meta.json"]
    assert below(tmp_path) == [f"a/b/c/mirror/{RUN}/meta.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"path": None},
        {"path": 5},
        {"path": ["p"]},
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"size": "2"},
        {"size": None},
        {"size": 10**30},
        {"mtime": "now"},
        {"mtime": None},
        {"mtime": 1e300},
        {"mtime": -1e300},
        {"mtime": 10**400},
        {"mtime": float("nan")},
        {"mtime": float("inf")},
        {"path": f"{RUN}/events.jsonl", "tail_hash": "short"},
        {"path": f"{RUN}/events.jsonl", "tail_hash": 5},
        {"path": f"{RUN}/logs.txt", "head_hash": "Z" * 32},
    ],
)
def test_a_malformed_file_entry_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    far = Far(manifest(run({**GOOD, **change})))
    assert mirror(far, tmp_path)["refused_count"] == 1
    assert not far.asked and not below(tmp_path)


@pytest.mark.parametrize("odd", [None, 5, "run", [], {}, {"files": None}, {"files": {}}, {"files": "x"}])
def test_a_malformed_run_is_refused(odd: Any, tmp_path: Path) -> None:
    result = mirror(Far(manifest(odd, run(GOOD))), tmp_path)
    assert (result["refused_count"], result["files_synced"]) == (1, 1)


def test_files_belong_to_their_run_and_come_once(tmp_path: Path) -> None:
    other = {**GOOD, "path": "p/n/runs/20260101_000000_ffffff/status.json"}
    far = Far(manifest(run(GOOD, GOOD, other), run(GOOD), run(GOOD, run_id="another")))
    result = mirror(far, tmp_path)
    assert result["refused_count"] == 4 and len(far.asked) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        manifest(format_version="2.0"),
        manifest(format_version=1),
        manifest(manifest_type="other"),
        manifest(manifest_type=["full"]),
        manifest(manifest_type="active"),  # with the name of a full one
        manifest(revision=0),
        manifest(revision=True),
        manifest(revision="1"),
        manifest(snapshot_id=None),
        manifest(experiments={}),
    ],
)
def test_what_is_no_manifest_is_not_used(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No valid manifest found on server"):
        mirror(Far(content), tmp_path)
    with pytest.raises(OSError, match="No valid manifest found on server"):
        mirror(Far(gzip.compress(content), "full_manifest.json.gz"), tmp_path)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MOST_BYTES", 2**20)
    bomb = gzip.compress(b"\0" * 2 * 2**20, compresslevel=1)
    with pytest.raises(inventory.InvalidManifest, match="unpacks to more than"):
        inventory.unpack(bomb)
    with pytest.raises(inventory.InvalidManifest, match="truncated"):
        inventory.unpack(gzip.compress(b"x" * 10_000)[:-9])
    with pytest.raises(inventory.InvalidManifest, match="not a gzip file"):
        inventory.unpack(b"plain")


@pytest.mark.parametrize("place", ["p", "p/n", "p/n/runs", RUN, f"{RUN}/meta.json"])
def test_links_are_not_followed_out(place: str, tmp_path: Path) -> None:
    folder, outside = tmp_path / "mirror", tmp_path / "outside"
    (folder / place).parent.mkdir(parents=True)
    outside.mkdir()
    (outside / "n" / "runs").mkdir(parents=True)
    (folder / place).symlink_to(outside / "new" if place.endswith(".json") else outside)
    result = mirror(Far(manifest(run(GOOD))), folder)
    assert result["files_synced"] == 0 and result["problems"]
    assert not [path for path in outside.rglob("*") if path.is_file()]


def test_a_size_beyond_the_disk_costs_one_file(tmp_path: Path) -> None:
    huge = {"path": f"{RUN}/events.jsonl", "size": 2**59, "mtime": 1.0}
    result = mirror(Far(manifest(run(GOOD, huge))), tmp_path)
    assert (result["files_synced"], result["failed_count"]) == (1, 1)
    assert "No space left on the disk" in result["problems"][0]


def test_a_forged_sync_state_removes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    folder.mkdir()
    precious = tmp_path / "precious.txt"
    precious.write_text("keep me")
    mark = {"size": precious.stat().st_size, "mtime": precious.stat().st_mtime}
    state = {"version": "1.0", "files": {"../precious.txt": mark}, "seen": {"..": 0.0, "../../x": 0.0}}
    (folder / ".sync_state.json").write_text(json.dumps(state))
    mirror(Far(manifest(run(GOOD), generated_at=5.0)), folder)
    assert precious.exists() and not (tmp_path / ".deleted").exists()


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["..", ".", "", "p", "runs", "media", "a"])).map("/".join)
)
def test_every_accepted_path_is_within_a_run(path: str) -> None:
    if inventory.is_run_file(path):
        assert not os.path.isabs(path) and ".." not in path.split("/")
        assert os.path.normpath(path) == path and "runs" in path.split("/")
