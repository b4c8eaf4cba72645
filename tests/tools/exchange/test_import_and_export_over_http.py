"""The routes of the exchange, asked by the client, by curl's means, and by those who send what they should not."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

import runicorn.api as client_api
from runicorn_site.transport.body_limits import MAX_BODY
from tests.answers import read
from tests.conftest import FIXTURE_STORE
from tests.documents.store import RUN, SECOND, THIRD
from tests.folders import write_run
from tests.mounts import read_only as _read_only
from tests.processes import Viewer
from tests.tools.exchange.packing import good, snapshot, zipped

read_only = _read_only
Pack = Callable[..., Path]
ARCHIVE = "/api/import/archive"


@pytest.fixture
def exported_store(full: Path, home: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The full store, active in this process."""
    from runs.active_root import activate

    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    activate(full)
    return full


def send(api: Any, data: bytes, **fields: Any) -> Any:
    file = io.BytesIO(data)
    file.name = "archive.zip"
    return api.post(ARCHIVE, {"file": file, **fields}, format="multipart")


def test_an_archive_is_imported(store: Path, full: Path, pack: Pack, api: Any) -> None:
    data = pack(full).read_bytes()
    summary = send(api, data, dry_run="true").json()
    assert summary["dry_run"] and len(summary["new_run_ids"]) == 3 and read(api.get("/api/runs")) == []
    answer = send(api, data)
    assert answer.status_code == 200 and answer.json() == summary | {"dry_run": False}
    assert answer.json()["new_run_dirs"] == sorted(
        f"{store}/{place}/runs/{run}"
        for place, run in (("nlp/bert", THIRD), ("vision/resnet", RUN), ("vision/resnet", SECOND))
    )
    assert {run["id"] for run in read(api.get("/api/runs"))} == {RUN, SECOND, THIRD}
    assert [artifact["name"] for artifact in api.get("/api/artifacts").json()]
    again = send(api, data).json()
    assert again["ok"] and again["new_run_ids"] == [] and len(again["left"]) == 6
    replaced = send(api, data, overwrite="true").json()
    assert replaced["replaced_run_ids"] == sorted([RUN, SECOND, THIRD]) and replaced["new_run_ids"] == []
    assert list((store / ".runicorn").iterdir()) == [store / ".runicorn" / "import.lock"]


def test_a_store_of_the_old_version_is_imported(store: Path, api: Any) -> None:
    # Its paths begin with the name of the folder: no part of a store.
    answer = send(api, FIXTURE_STORE.read_bytes())
    assert answer.status_code == 400 and "runicorn-store-0.5.3" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("data", "status", "phrase"),
    [
        (b"no archive", 400, "not a zip, tar or tar.gz file"),
        (zipped({**good(), "../evil": b""}), 400, "'../evil'"),
        (zipped({**good(), "p/n/runs/x/zeros": bytes(30_000_000)}), 413, "more than 200 times its size"),
        (zipped({}), 400, "neither runs nor artifacts"),
    ],
)
def test_errors_of_an_archive_are_reported(
    store: Path, api: Any, data: bytes, status: int, phrase: str
) -> None:
    before = snapshot(store)
    answer = send(api, data)
    assert answer.status_code == status and phrase in answer.json()["detail"]
    assert snapshot(store) == before


def test_a_form_without_a_file_is_bad_input(store: Path, api: Any) -> None:
    for body in ({}, {"file": "text"}, {"file": ""}):
        answer = api.post(ARCHIVE, body, format="multipart")
        assert answer.status_code == 400 and answer.json()["errors"]["file"]
    assert send(api, zipped(good()), overwrite="perhaps").json()["errors"]["overwrite"]
    assert api.post(ARCHIVE, b"x", content_type="multipart/form-data").status_code == 400


def test_a_read_only_store_accepts_no_archive(store: Path, api: Any, read_only: Any) -> None:
    with read_only(store):
        answer = send(api, zipped(good()))
    assert answer.status_code == 403 and "read-only" in answer.json()["detail"]


def test_a_run_is_exported_whole(exported_store: Path, api: Any) -> None:
    answer = api.post("/api/export", {"run_id": RUN})
    assert answer["Content-Disposition"] == f'attachment; filename="{RUN}.json"'
    document = read(answer)
    assert document["format"] == "runicorn.run/1" and document["id"] == RUN and "media" not in document
    assert document["metrics"][-1]["loss"] is None and len(document["metrics"]) == 301
    assert document["logs"].count("\n") == 50 and document["curation"]["tags"] == ["kept"]
    media = read(api.post("/api/export", {"run_id": RUN, "include_media": True}))["media"]
    content = {entry["path"]: base64.b64decode(entry["base64"]) for entry in media}
    assert content.pop("media/samples.png").startswith(b"\x89PNG")
    assert content == {
        f"media/{name}": name.encode() for name in ("clip.webm", "cloud.pts.json", "report.html")
    }


@pytest.mark.parametrize(
    ("name", "format"), [("logs.txt", "json"), ("events.jsonl", "json"), ("events.jsonl", "csv")]
)
def test_a_run_whose_log_or_journal_is_a_link_is_not_exported(
    exported_store: Path, api: Any, name: str, format: str
) -> None:
    (folder,) = exported_store.glob(f"*/*/runs/{RUN}")
    (folder / name).rename(exported_store / name)
    (folder / name).symlink_to(exported_store / name)
    answer = api.post("/api/export", {"run_id": RUN, "format": format})
    if format == "csv":
        assert api.get(f"/api/export/{RUN}/csv").status_code == 409
    assert answer.status_code == 409 and f"{name} of the run cannot be read" in answer.json()["detail"]


def test_metrics_are_exported_as_csv(exported_store: Path, api: Any) -> None:
    posted = b"".join(api.post("/api/export", {"run_id": RUN, "format": "csv"}).streaming_content)
    answer = api.get(f"/api/export/{RUN}/csv")
    text = b"".join(answer.streaming_content)
    assert text == posted and answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(text.decode(), newline="")))
    assert rows[0] == ["global_step", "time", "loss", "val_acc"] and len(rows) == 302
    empty = write_run(exported_store, metrics=None)
    assert b"".join(api.get(f"/api/export/{empty}/csv").streaming_content) == b"global_step,time\r\n"


def test_no_cell_is_a_formula(exported_store: Path, api: Any) -> None:
    formula = '=HYPERLINK("http://evil.example")'
    metrics = [{"@cmd": formula, "-x": "+1", "plain": "a\tb", "neg": -5.0, "tab": "\tx", "cr": "\rx"}]
    metrics[0] |= {"wide": "＝1+1", "line": "\n=1+1"}
    run_id = write_run(exported_store, metrics=metrics)
    text = b"".join(api.get(f"/api/export/{run_id}/csv").streaming_content).decode()
    head, row = csv.reader(io.StringIO(text, newline=""))
    cells = dict(zip(head, row, strict=True))
    assert cells["'@cmd"] == f"'{formula}" and cells["'-x"] == "'+1" and cells["neg"] == "-5.0"
    assert cells["plain"] == "a\tb" and cells["tab"] == "'\tx" and cells["cr"] == "'\rx"
    assert cells["wide"] == "'＝1+1" and cells["line"] == "'\n=1+1"


class Loads(HTMLParser):
    """What a page would ask for, or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        asks = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "a"}
        self.sources += [tag] if tag in asks else []
        self.sources += [
            name for name, _ in attrs if name in {"src", "href", "action"} or name.startswith("on")
        ]


def test_a_report_is_one_file(exported_store: Path, api: Any) -> None:
    answer = api.get(f"/api/export/{RUN}/report")
    assert (
        answer["Content-Type"] == "text/markdown; charset=utf-8" and b"# Experiment Report" in answer.content
    )
    answer = api.get(f"/api/export/{RUN}/report?format=html")
    page = answer.content.decode()
    assert answer["Content-Disposition"] == f'attachment; filename="{RUN}_report.html"'
    assert (
        "resnet" in page
        and "val_acc" in page
        and page.count("<svg") == 2
        and "<td>lr</td><td>0.1</td>" in page
    )
    assert Loads(page).sources == []
    refused = api.get(f"/api/export/{RUN}/report?format=pdf")
    assert (refused.status_code, refused.json()["detail"]) == (400, "Format must be markdown or html")


def test_a_missing_run_is_not_found(exported_store: Path, api: Any) -> None:
    unknown = "20200101_000000_nobody"
    for answer in (
        api.post("/api/export", {"run_id": unknown}),
        api.get(f"/api/export/{unknown}/csv"),
        api.get(f"/api/export/{unknown}/report"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (404, f"Run not found: {unknown}")
    assert api.post("/api/export", {"run_id": RUN, "format": "xml"}).status_code == 400
    assert api.post("/api/export", {"run_id": RUN, "format": "csv", "include_media": True}).status_code == 400


def test_the_client_sends_and_fetches(viewer: Viewer, full: Path, pack: Pack) -> None:
    with client_api.connect(viewer.url) as client:
        summary = client.import_archive(pack(full), dry_run=True)
        assert summary["dry_run"] and not client.list_experiments()
        assert sorted(client.import_archive(pack(full))["new_run_ids"]) == sorted([RUN, SECOND, THIRD])
        assert json.loads(client.export_experiment(RUN))["id"] == RUN
        assert client.export_experiment(RUN, format="csv").startswith(b"global_step,time,loss")
        assert "# Experiment Report" in client.export_report(RUN)
        with pytest.raises(client_api.BadRequestError, match="Format must be markdown or html"):
            client.export_report(RUN, "pdf")  # type: ignore[arg-type]
        with pytest.raises(client_api.NotFoundError, match="Run not found"):
            client.export_experiment("20200101_000000_nobody")
        hostile = full.parent / "hostile.zip"
        hostile.write_bytes(zipped({"../evil": b""}))
        with pytest.raises(client_api.BadRequestError, match="evil"):
            client.import_archive(hostile)


def large(path: Path, megabytes: int) -> Path:
    """An archive with a file of random bytes, many times larger than what a body may have."""
    block = os.urandom(1_000_000)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in good().items():
            archive.writestr(name, data)
        with archive.open("p/n/runs/20260101_000000_aaaaaa/model.bin", "w") as target:
            for _ in range(megabytes):
                target.write(block)
    return path


def test_a_large_archive_costs_no_memory(viewer: Viewer, tmp_path: Path, folder: Path) -> None:
    archive = large(tmp_path / "large.zip", 100)
    viewer.post(ARCHIVE, files={"file": b"warm"})
    process = psutil.Process(viewer.process.pid)
    before, highest = process.memory_info().rss, 0

    def watched() -> Iterator[bytes]:
        nonlocal highest
        boundary = b'--a-long-boundary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        yield boundary
        with archive.open("rb") as file:
            while block := file.read(1_000_000):
                highest = max(highest, process.memory_info().rss)
                yield block
        yield b"\r\n--a-long-boundary--\r\n"

    # In chunks, without a length: as a program sends what it is still making.
    kind = {"Content-Type": "multipart/form-data; boundary=a-long-boundary"}
    answer = requests.post(viewer.url + ARCHIVE, data=watched(), headers=kind, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["new_run_ids"] == ["20260101_000000_aaaaaa"]
    assert (folder / "p/n/runs/20260101_000000_aaaaaa/model.bin").stat().st_size == 100_000_000
    assert max(highest, process.memory_info().rss) - before < 40_000_000


def test_other_routes_limit_their_bodies(shared_viewer: Viewer) -> None:
    body = b"x" * (MAX_BODY + 1)
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (
        requests.post(f"{shared_viewer.url}/delete-runs", data=body, headers=kind, timeout=30).status_code
        == 413
    )
    answer = requests.post(
        f"{shared_viewer.url}/api/export", data=body, headers={"Content-Type": "application/json"}, timeout=30
    )
    assert answer.status_code == 413


def test_an_archive_beyond_the_limit_is_refused_before_it_is_read(
    start_viewer: Callable[..., Viewer], tmp_path: Path
) -> None:
    viewer = start_viewer(RUNICORN_IMPORT_BYTES="10000000")
    answer = viewer.post(ARCHIVE, files={"file": large(tmp_path / "l.zip", 12).read_bytes()})
    assert answer.status_code == 413 and "10000000" in answer.json()["detail"]


def test_the_request_guard_comes_first(shared_viewer: Viewer) -> None:
    foreign = {"Origin": "http://evil.example"}
    assert shared_viewer.post(ARCHIVE, files={"file": zipped(good())}, headers=foreign).status_code == 403
    assert shared_viewer.get("/api/runs").json() == []
