"""Videos and sounds are played inline, documents are sandboxed, and the API sends both as attachments."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runs.pages.media import plotly_figures
from tests.folders import folder_of
from tests.server.runs.test_media_are_served import log_image

SCRIPT = b"<script>alert(1)</script>"


@pytest.fixture
def run(store: Path, make_run: Any) -> Path:
    """The folder of a run."""
    return folder_of(store, make_run(store))


@pytest.mark.parametrize(
    ("name", "kind"), [("a.mp4", "video/mp4"), ("A.WEBM", "video/webm"), ("a.wav", "audio/wav")]
)
def test_a_page_plays_videos_and_sounds_in_ranges(run: Path, api: Any, name: str, kind: str) -> None:
    log_image(run, name, SCRIPT)
    answer = api.get(f"/runs/{run.name}/media/{name}", headers={"Range": "bytes=1-6"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"script")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (kind, "inline")
    assert answer["X-Content-Type-Options"] == "nosniff"
    attached = api.get(f"/api/runs/{run.name}/media/{name}")
    assert attached["Content-Type"] == "application/octet-stream"
    assert attached["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xhtml", "a.xml", "a.js", "a.mp4.html", "a"])
def test_files_that_may_be_active_are_never_inline(run: Path, api: Any, name: str) -> None:
    log_image(run, name, SCRIPT)
    answer = api.get(f"/runs/{run.name}/media/{name}")
    assert answer["Content-Disposition"].startswith("attachment")
    if name == "a.svg":  # an `img` shows it; opened directly, it runs no scripts
        assert answer["Content-Type"] == "image/svg+xml"
        assert answer["Content-Security-Policy"].endswith("; sandbox")
        assert "script-src" not in answer["Content-Security-Policy"]
    else:
        assert answer["Content-Type"] == "application/octet-stream"


def test_a_browser_keeps_the_policy_of_a_drawing_that_it_has(run: Path, api: Any) -> None:
    log_image(run, "a.svg", SCRIPT * 50)
    address, zipped = f"/runs/{run.name}/media/a.svg", {"Accept-Encoding": "gzip"}
    first = api.get(address, headers=zipped)
    again = api.get(address, headers={**zipped, "If-None-Match": first["ETag"]})
    assert (first["ETag"][:2], again.status_code) == ("W/", 304)
    assert again["Content-Security-Policy"] == first["Content-Security-Policy"]


def test_a_document_has_an_origin_of_its_own(run: Path, api: Any) -> None:
    log_image(run, "a.html", SCRIPT)
    answer = api.get(f"/runs/{run.name}/document/a.html")
    assert (answer.content, answer["Content-Type"]) == (SCRIPT, "text/html; charset=utf-8")
    policy = answer["Content-Security-Policy"].split("; ")
    assert "sandbox allow-scripts" in policy  # without `allow-same-origin`
    assert {"default-src 'none'", "form-action 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert not any("http" in part or part.startswith("connect-src") for part in policy)


FIGURE = {
    "data": [{"y": [1, float("inf")], "name": "</script><script>alert(1)</script>"}],
    "layout": {},
    "frames": [],
}


def test_a_plotly_figure_is_a_document_with_the_installed_script(run: Path, api: Any) -> None:
    log_image(run, "a.plotly.json", json.dumps(FIGURE).encode())
    answer = api.get(f"/runs/{run.name}/document/a.plotly.json")
    assert "sandbox allow-scripts" in answer["Content-Security-Policy"].split("; ")
    content = answer.content.decode()
    assert b"plotly.js v" in answer.content and "alert(1)</script>" not in content
    (text,) = re.findall(r'<script type="application/json" id="content">(.*?)</script>', content)
    assert json.loads(text) == {"data": [FIGURE["data"][0] | {"y": [1, None]}], "layout": {}}
    inert = plotly_figures.page(json.dumps(FIGURE).encode(), is_inert=True)
    assert b"<script>" not in inert and b"&lt;script&gt;" in inert


@pytest.mark.parametrize("content", [b"[1]", b"{", b"", b"[" * 100_000])
def test_a_file_that_is_no_figure_is_no_document(run: Path, api: Any, content: bytes) -> None:
    log_image(run, "a.plotly.json", content)
    assert api.get(f"/runs/{run.name}/document/a.plotly.json").status_code == 404


def test_a_figure_is_a_file_without_plotly(run: Path, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotly_figures, "library", lambda: None)
    log_image(run, "a.plotly.json", json.dumps(FIGURE).encode())
    (entry,) = json.loads(api.get(f"/runs/{run.name}/media").content)["media"]
    assert (entry["kind"], entry["file"]) == ("files", f"/runs/{run.name}/media/a.plotly.json")
    assert api.get(f"/runs/{run.name}/document/a.plotly.json").status_code == 404


@pytest.mark.parametrize("path", ["a.png", "a.json", "../meta.json", "none.html", "..%2Fa.html"])
def test_only_documents_are_sent_as_documents(run: Path, api: Any, path: str) -> None:
    log_image(run, "a.png", SCRIPT)
    log_image(run, "a.json", SCRIPT)
    assert api.get(f"/runs/{run.name}/document/{path}").status_code == 404


def test_the_beginning_of_a_text_is_previewed_as_text(run: Path, api: Any) -> None:
    log_image(run, "a.pdb", b"ATOM <b>1</b>\n" + SCRIPT)
    content = api.get(f"/runs/{run.name}/preview/a.pdb").content.decode()
    assert "ATOM &lt;b&gt;1&lt;/b&gt;" in content
    assert "<script>" not in content
    assert f'href="/runs/{run.name}/media/a.pdb" download' in content


def test_markdown_is_rendered_without_its_html(run: Path, api: Any) -> None:
    log_image(run, "a.md", b"# Notes\n\n**bold**\n\n" + SCRIPT)
    content = api.get(f"/runs/{run.name}/preview/a.md").content.decode()
    assert "<strong>bold</strong>" in content
    assert "<script>" not in content


def test_every_kind_of_file_is_listed_for_its_pane(run: Path, api: Any) -> None:
    names = {
        "a.PNG": "images", "b.svg": "images", "c.mp4": "videos", "d.ogg": "audio", "e.html": "documents",
        "f.table.json": "tables", "g.histogram.json": "histograms", "h.glb": "files", "i": "files",
    }  # fmt: skip
    for name in names:
        log_image(run, name)
    entries = json.loads(api.get(f"/runs/{run.name}/media").content)["media"]
    assert [entry["kind"] for entry in entries] == list(names.values())
    places = {entry["kind"]: entry["address"].split("/")[3] for entry in entries}
    assert places == {
        "images": "media", "videos": "media", "audio": "media", "documents": "document", "tables": "table",
        "histograms": "media", "files": "preview",
    }  # fmt: skip
    files = [entry["file"] for entry in entries if "file" in entry]
    assert files == [f"/runs/{run.name}/media/{name}" for name in names if name[0] in "efhi"]
