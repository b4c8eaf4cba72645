from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runs.index.media_index import media_of
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import row

PNG = b"\x89PNG\r\n\x1a\n"


def log_image(folder: Path, name: str, content: bytes = PNG, **data: Any) -> None:
    """Write a file below media/ and its event to the journal."""
    (folder / "media" / name).parent.mkdir(exist_ok=True)
    (folder / "media" / name).write_bytes(content)
    about = {"key": "sample", "path": f"media/{name}", "step": None, "caption": None} | data
    with (folder / "events.jsonl").open("a", encoding="utf-8") as journal:
        journal.write(json.dumps({"ts": 1.7e9, "type": "image", "data": about}) + "\n")


@pytest.fixture
def run(store: Path, make_run: Any) -> Path:
    """The folder of a run."""
    return folder_of(store, make_run(store, metrics=[{"path": "no file"}, {"loss": 1.0}]))


def media_list(api: Any, run: Path) -> Any:
    return read(api.get(f"/api/runs/{run.name}/media"))


def test_media_are_listed_as_they_were_logged(run: Path, api: Any) -> None:
    log_image(run, "b.png", step=7, caption="erste 预测")
    log_image(run, "a b.png", PNG + b"more", key="raw")
    assert media_list(api, run) == [
        {
            "key": "sample",
            "path": "b.png",
            "step": 7,
            "caption": "erste 预测",
            "created_at": 1.7e9,
            "size": 8,
        },
        {"key": "raw", "path": "a b.png", "step": None, "caption": None, "created_at": 1.7e9, "size": 12},
    ]


def test_media_are_listed_once_as_the_journal_grows(run: Path, api: Any) -> None:
    for number in range(3):
        log_image(run, f"{number}.png")
        assert [entry["path"] for entry in media_list(api, run)] == [f"{n}.png" for n in range(number + 1)]
    assert len(media_list(api, run)) == 3


def test_an_incomplete_line_waits(run: Path, api: Any) -> None:
    log_image(run, "a.png")
    content = (run / "events.jsonl").read_bytes()
    (run / "events.jsonl").write_bytes(content[:-10])
    assert media_list(api, run) == []
    (run / "events.jsonl").write_bytes(content)
    assert len(media_list(api, run)) == 1


def test_a_replaced_journal_is_indexed_again(run: Path, api: Any) -> None:
    log_image(run, "old.png")
    log_image(run, "older.png")
    assert len(media_list(api, run)) == 2
    (run / "events.jsonl").unlink()
    log_image(run, "new.png")
    assert [entry["path"] for entry in media_list(api, run)] == ["new.png"]


@pytest.mark.parametrize(
    "path", ["../meta.json", "media/../meta.json", "/etc/passwd", "media", "media/", "meta.json", 5, None]
)
def test_an_event_with_a_path_outside_media_is_ignored(run: Path, api: Any, path: Any) -> None:
    log_image(run, "a.png", path=path)
    assert media_list(api, run) == []


def test_a_file_that_is_gone_is_left_out(run: Path, api: Any) -> None:
    log_image(run, "a.png")
    (run / "media" / "a.png").unlink()
    assert media_list(api, run) == []


def test_paths_of_windows_are_understood(run: Path, api: Any) -> None:
    log_image(run, "a.png", path="media\\a.png")
    assert [entry["path"] for entry in media_list(api, run)] == ["a.png"]


@pytest.mark.parametrize("prefix", ["", "media/"])
@pytest.mark.parametrize("page", ["/api", ""])
def test_an_image_is_served_inline(run: Path, api: Any, prefix: str, page: str) -> None:
    log_image(run, "a b.png")
    answer = api.get(f"{page}/runs/{run.name}/media/{prefix}a b.png")
    assert b"".join(answer.streaming_content) == PNG
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("image/png", "inline")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.json", "a", "a.png.html"])
def test_other_files_are_served_as_attachments(run: Path, api: Any, name: str) -> None:
    log_image(run, name, b"<script>alert(1)</script>")
    answer = api.get(f"/api/runs/{run.name}/media/{name}")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_range_of_a_file_is_served(run: Path, api: Any) -> None:
    log_image(run, "a.png")
    answer = api.get(f"/api/runs/{run.name}/media/a.png", headers={"Range": "bytes=1-3"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"PNG")


@pytest.mark.parametrize(
    "path",
    [
        "../meta.json",
        "%2e%2e/meta.json",
        "..%2Fmeta.json",
        "%2Fetc%2Fpasswd",
        "none.png",
        "sub",
        "a%00.png",
        ".",
    ],
)
def test_nothing_outside_of_media_is_served(run: Path, api: Any, path: str) -> None:
    (run / "media" / "sub").mkdir()
    assert api.get(f"/api/runs/{run.name}/media/{path}").status_code == 404


def test_links_are_not_followed(run: Path, tmp_path: Path, api: Any) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    (run / "media" / "link.png").symlink_to(tmp_path / "secret.png")
    (run / "media" / "folder").symlink_to(tmp_path)
    for path in ("link.png", "folder/secret.png"):
        assert api.get(f"/api/runs/{run.name}/media/{path}").status_code == 404


def test_pages_get_media_as_rows(run: Path, api: Any) -> None:
    log_image(run, "a.png")
    api.get(f"/api/runs/{run.name}")
    assert [media.path for media in media_of(row(run.name))] == ["a.png"]
