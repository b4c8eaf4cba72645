"""An archive is shown before it is taken in, and runs are saved from their page and from the table."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.documents.store import RUN, SECOND, THIRD, write_store
from tests.processes import Viewer
from tests.screens import open_run_details
from tests.tools.exchange.conftest import full as _full
from tests.tools.exchange.conftest import pack as _pack
from tests.tools.exchange.packing import good, snapshot, zipped

full, pack = _full, _pack
Pack = Callable[..., Path]


def upload(client: Client, data: bytes) -> Any:
    file = io.BytesIO(data)
    file.name = "archive.zip"
    return client.post("/import", {"file": file})


def key_in(answer: Any) -> str:
    match = re.search(r'name="key" value="(\w+)"', answer.content.decode())
    assert match
    return match[1]


def test_an_import_is_previewed_before_it_starts(store: Path, full: Path, pack: Pack, client: Client) -> None:
    assert b"Preview import" in client.get("/import").content
    before = snapshot(store)
    answer = upload(client, pack(full).read_bytes())
    page = answer.content.decode()
    assert answer.status_code == 200 and "Preview" in page and "Import 6 new entries" in page and RUN in page
    assert not (store / "vision").exists() and snapshot(store).keys() - before.keys()  # it waits
    response = client.post("/import/take", {"key": key_in(answer)})
    assert b"were added" in response.content and (store / "vision" / "resnet" / "runs" / RUN).is_dir()
    assert [path.name for path in (store / ".runicorn").iterdir()] == ["import.lock"]
    assert client.post("/import/take", {"key": key_in(answer)}).status_code == 410


def test_existing_runs_are_replaced_by_a_separate_button(
    store: Path, full: Path, pack: Pack, client: Client
) -> None:
    data = pack(full).read_bytes()
    client.post("/import/take", {"key": key_in(upload(client, data))})
    (store / "vision" / "resnet" / "runs" / RUN / "summary.json").write_text("{}")
    answer = upload(client, data)
    page = answer.content.decode()
    assert "is already in this store" in page and "Replace 3 runs" in " ".join(page.split())
    response = client.post("/import/take", {"key": key_in(answer), "overwrite": "1"})
    assert b"Replaced" in response.content
    assert "best_metric_name" in (store / "vision" / "resnet" / "runs" / RUN / "summary.json").read_text()


def test_a_file_that_is_not_an_archive_is_refused_on_the_page(store: Path, client: Client) -> None:
    for data, phrase in ((b"text", "not a zip"), (zipped({"../evil": b""}), "evil")):
        answer = upload(client, data)
        assert answer.status_code == 400 and phrase in answer.content.decode()
        assert "Nothing was changed" in answer.content.decode()
    assert client.post("/import").status_code == 400
    for key in ("../../etc/passwd", "", "0" * 32):
        assert client.post("/import/take", {"key": key}).status_code == 410
    assert not list((store / ".runicorn").glob("[au]*-*"))


def test_a_form_of_another_site_is_refused(store: Path) -> None:
    careful = Client(enforce_csrf_checks=True)
    assert upload(careful, zipped(good())).status_code == 403
    assert careful.post("/import/take", {"key": "0" * 32}).status_code == 403
    assert careful.post("/export-runs", {"run_ids": "x"}).status_code == 403


def test_archives_without_a_decision_are_removed(
    store: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, zipped(good()))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3700)
    upload(client, zipped(good("20260102_000000_bbbbbb")))
    assert len(list((store / ".runicorn").glob("archive-*"))) == 1


def test_runs_are_saved_as_files(store: Path, client: Client) -> None:
    write_store(store)
    for kind, begins in (("zip", b"PK"), ("csv", b"global_step,"), ("html", b"<!DOCTYPE"), ("json", b"{")):
        answer = client.get(f"/runs/{RUN}/export?format={kind}")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert content.startswith(begins) and answer["Content-Disposition"].startswith("attachment")
        if kind == "json":
            assert json.loads(content)["media"]
    assert client.get(f"/runs/{RUN}/export?format=exe").status_code == 404
    assert client.get("/runs/20200101_000000_nobody/export?format=zip").status_code == 404
    answer = client.post("/export-runs", {"run_ids": f"{RUN}\n{THIRD}\nnothing"})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[3] for name in archive.namelist() if name.count("/") > 3} == {RUN, THIRD}
    assert client.post("/export-runs", {"run_ids": "nothing"}).status_code == 302


@pytest.mark.journey
def test_a_browser_uploads_and_downloads_archives(
    viewer: Viewer, browser: Any, chromium: Any, full: Path, pack: Pack, tmp_path: Path
) -> None:
    browser.goto(f"{viewer.url}/settings")
    browser.get_by_role("link", name="Import runs").click()
    browser.set_input_files("input[type=file]", pack(full))
    browser.click("text=Preview import")
    browser.click("text=Import 6 new entries")
    browser.click("text=Show runs")
    browser.check(f'input[value="{RUN}"]')
    browser.check(f'input[value="{SECOND}"]')
    with browser.expect_download() as download:
        browser.click("#export")
    download.value.save_as(tmp_path / "saved.zip")
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        assert {name.split("/")[3] for name in archive.namelist() if name.count("/") > 3} == {RUN, SECOND}
    browser.goto(f"{viewer.url}/runs/{RUN}")
    open_run_details(browser)
    browser.click("#export-menu summary")
    with browser.expect_download() as download:
        browser.click("text=Report (HTML)")
    download.value.save_as(tmp_path / "report.html")
    page, urls = chromium.new_page(), []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(f"file://{tmp_path}/report.html")
    assert page.locator("svg").count() == 2 and "resnet" in page.content()
    page.close()
    assert urls == [f"file://{tmp_path}/report.html"]
