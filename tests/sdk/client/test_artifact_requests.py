from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runicorn.api as api
from tests.sdk.client.recorder import Recorder, Says

VERSIONS = [
    {"version": 1, "aliases": ["best"], "status": "ready"},
    {"version": 2, "aliases": ["latest"], "status": "ready"},
    {"version": 3, "aliases": [], "status": "deleted"},
]


@pytest.fixture
def client(recorder: Recorder) -> Iterator[api.RunicornClient]:
    """A client of the server that answers as the test says."""
    with api.RunicornClient(recorder.url, max_retries=1) as client:
        yield client


def test_lists_are_limited_by_the_client(recorder: Recorder, client: api.RunicornClient) -> None:
    recorder.offer("GET", "/api/artifacts", [{"name": name} for name in "abcd"])
    list_artifacts = client.artifacts.list_artifacts
    assert [item["name"] for item in list_artifacts(type="model", limit=2, offset=1)] == ["b", "c"]
    assert recorder.asked[-1].query == [("type", "model")]
    assert len(list_artifacts()) == 4


def test_the_newest_version_comes_first(recorder: Recorder, client: api.RunicornClient) -> None:
    recorder.offer("GET", "/api/artifacts/my%20model/versions", VERSIONS)
    versions = client.artifacts.list_versions("my model", include_deleted=True)
    assert [version["version"] for version in versions] == [3, 2, 1]
    assert recorder.asked[-1].query == [("include_deleted", "true")]


@pytest.mark.parametrize(
    ("text", "version", "query"),
    [
        ("m:v3", 3, []),
        ("m:12", 12, []),
        ("m:best", 1, []),
        ("m:latest", 2, []),
        ("m", 2, []),
        ("dataset/m:v1", 1, [("type", "dataset")]),
        ("dataset/m:best", 1, [("type", "dataset")]),
    ],
)
def test_a_version_has_many_names(
    recorder: Recorder, client: api.RunicornClient, text: str, version: int, query: list[tuple[str, str]]
) -> None:
    recorder.offer("GET", "/api/artifacts/m/versions", VERSIONS)
    recorder.offer("GET", f"/api/artifacts/m/v{version}", {"version": version})
    assert client.artifacts.get_artifact(text)["version"] == version
    assert recorder.asked[-1].query == query


@pytest.mark.parametrize(
    ("text", "error"),
    [("", api.BadRequestError), ("m:", api.BadRequestError), ("m:worst", api.NotFoundError)],
)
def test_a_missing_name_is_refused(
    recorder: Recorder, client: api.RunicornClient, text: str, error: type[Exception]
) -> None:
    recorder.offer("GET", "/api/artifacts/m/versions", VERSIONS)
    with pytest.raises(error):
        client.artifacts.get_artifact(text)


def offer_files(recorder: Recorder, files: dict[str, bytes], *paths: str) -> None:
    listing = [
        {"path": path, "size": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        for path, content in files.items()
    ]
    recorder.offer("GET", "/api/artifacts/m/v1/files", {"files": listing})
    for path, content in zip(paths, files.values(), strict=False):
        recorder.offer("GET", f"/api/artifacts/m/v1/files/{path}", content)


def test_files_are_downloaded_into_a_folder(
    recorder: Recorder, client: api.RunicornClient, tmp_path: Path
) -> None:
    files = {"a b.bin": b"\0" * 3_000_000, "deep/ü.txt": b"text"}
    offer_files(recorder, files, "a%20b.bin", "deep/%C3%BC.txt")
    folder = client.artifacts.download_artifact("m:v1", tmp_path / "new" / "folder")
    assert {path: (folder / path).read_bytes() for path in files} == files
    assert sum(path.is_file() for path in folder.rglob("*")) == 2


def test_a_download_that_breaks_off_begins_again(
    recorder: Recorder, client: api.RunicornClient, tmp_path: Path
) -> None:
    offer_files(recorder, {"a": b"whole"}, "a")
    listing = recorder.routes["GET", "/api/artifacts/m/v1/files"]
    recorder.say(listing, Says(b"whole", whole=False))
    client.artifacts.download_artifact("m:v1", tmp_path)
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_other_content_than_the_digest_says_replaces_nothing(
    recorder: Recorder, client: api.RunicornClient, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("mine")
    offer_files(recorder, {"a": b"whole"})
    recorder.offer("GET", "/api/artifacts/m/v1/files/a", b"other")
    with pytest.raises(api.ServerError, match="does not match its digest"):
        client.artifacts.download_artifact("m:v1", tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "mine")]


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", "c:\\a", "", "."])
def test_no_file_is_written_outside_the_folder(
    recorder: Recorder, client: api.RunicornClient, tmp_path: Path, path: str
) -> None:
    offer_files(recorder, {path: b"x"})
    with pytest.raises(api.ServerError, match="leads out"):
        client.artifacts.download_artifact("m:v1", tmp_path / "here")
    assert list(tmp_path.rglob("*")) == [tmp_path / "here"]


@pytest.mark.parametrize(
    ("ask", "method", "path", "query", "body"),
    [
        (lambda a: a.get_artifact_lineage("m:v1", 5), "GET", "m/v1/lineage", [("max_depth", "5")], None),
        (lambda a: a.set_alias("m:v1", "best"), "PUT", "m/aliases/best", [], {"version": 1}),
        (
            lambda a: a.remove_alias("m", "best", "model"),
            "DELETE",
            "m/aliases/best",
            [("type", "model")],
            None,
        ),
    ],
)
def test_the_routes_are_the_documented_ones(
    recorder: Recorder,
    client: api.RunicornClient,
    ask: Callable[[Any], Any],
    method: str,
    path: str,
    query: list[tuple[str, str]],
    body: Any,
) -> None:
    recorder.offer(method, f"/api/artifacts/{path}", {"done": True})
    assert ask(client.artifacts) == {"done": True}
    assert (recorder.asked[-1].query, recorder.asked[-1].body) == (query, body)


def test_made_and_used_versions_are_distinguished(recorder: Recorder, client: api.RunicornClient) -> None:
    recorder.offer("GET", "/api/runs/r/artifacts", {"created": [{"name": "m"}], "used": [{"name": "d"}]})
    list_artifacts = client.artifacts.list_experiment_artifacts
    assert list_artifacts("r") == [{"relation": "created", "name": "m"}, {"relation": "used", "name": "d"}]
    assert list_artifacts("r", "used") == [{"relation": "used", "name": "d"}]


def test_a_server_without_artifacts_says_so(client: api.RunicornClient) -> None:
    with pytest.raises(
        api.NotFoundError, match=r"^This server does not offer PUT /api/artifacts/m/aliases/b \("
    ):
        client.artifacts.set_alias("m:v1", "b")
