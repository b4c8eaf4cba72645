"""Uploads are announced, sent in parts and completed: all or nothing, whatever is wrong with the contents."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from runicorn.artifacts import garbage
from runicorn.artifacts.store import Store
from tests.folders import write_run

pytestmark = pytest.mark.django_db
BIG = os.urandom(100_000)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "size": len(content), "digest": digest(content)}


def begin(api: Any, *files: dict[str, Any], **more: Any) -> Any:
    return api.post(
        "/api/artifacts/uploads", {"name": "m", "type": "model", "files": list(files), **more}, format="json"
    )


def part(api: Any, upload: str, content: bytes, offset: int, chunk: bytes) -> Any:
    address = f"/api/artifacts/uploads/{upload}/parts?digest={digest(content)}&offset={offset}"
    return api.put(address, data=chunk, content_type="application/octet-stream")


def complete(api: Any, upload: str) -> Any:
    return api.post(f"/api/artifacts/uploads/{upload}/complete")


def send(api: Any, name: str, *contents: bytes) -> Any:
    begun = begin(api, *(entry(f"{n}.bin", content) for n, content in enumerate(contents)), name=name).json()
    for content in contents:
        if digest(content) in begun["missing"]:
            assert part(api, begun["upload_id"], content, 0, content).json() == {"size": len(content)}
    return complete(api, begun["upload_id"])


def test_a_version_is_sent_in_parts(api: Any, store: Path) -> None:
    begun = begin(
        api,
        entry("w/big.bin", BIG),
        entry("copy.bin", BIG),
        entry("empty", b""),
        tags=["t"],
        metadata={"acc": 1},
        run_id="20260101_120000_abcdef",
        references=[{"uri": "s3://b/k"}],
    )
    assert begun.status_code == 201
    upload, missing = begun.json()["upload_id"], begun.json()["missing"]
    assert sorted(missing) == sorted({digest(BIG), digest(b"")})
    assert part(api, upload, BIG, 0, BIG[:60_000]).json() == {"size": 60_000}
    again = part(api, upload, BIG, 0, BIG[:60_000])
    assert (again.status_code, again.json()["size"]) == (409, 60_000)
    early = complete(api, upload)
    assert (early.status_code, early.json()["detail"][:43]) == (
        409,
        "Of 2 contents, 2 must still be sent; the fi",
    )
    assert api.get("/api/artifacts").json() == []
    assert part(api, upload, BIG, 60_000, BIG[60_000:]).json() == {"size": 100_000}
    assert part(api, upload, b"", 0, b"").json() == {"size": 0}
    completion = complete(api, upload)
    assert completion.status_code == 201
    assert (completion.json()["version"], completion.json()["num_files"], completion.json()["tags"]) == (
        1,
        3,
        ["t"],
    )
    assert completion.json()["created_by_run"] == "20260101_120000_abcdef"
    response = api.get("/api/artifacts/m/v1/files/w/big.bin")
    assert b"".join(response.streaming_content) == BIG
    assert complete(api, upload).status_code == 404


def test_stored_contents_are_not_requested(api: Any, store: Path) -> None:
    assert send(api, "m", BIG).json()["version"] == 1
    begun = begin(api, entry("other", BIG)).json()
    assert begun["missing"] == []
    assert complete(api, begun["upload_id"]).json()["version"] == 2


def test_a_wrong_digest_makes_nothing(api: Any, store: Path) -> None:
    begun = begin(api, entry("a", b"right")).json()
    answer = part(api, begun["upload_id"], b"right", 0, b"wrong")
    assert (answer.status_code, answer.json()["size"]) == (409, 0)
    assert "has another digest" in answer.json()["detail"]
    assert complete(api, begun["upload_id"]).status_code == 409
    assert api.get("/api/artifacts").json() == []
    part(api, begun["upload_id"], b"right", 0, b"right")
    assert complete(api, begun["upload_id"]).status_code == 201


def test_wrong_sizes_are_refused(api: Any, store: Path) -> None:
    begun = begin(api, entry("a", b"abc")).json()
    for offset, chunk in ((0, b"abcd"), (2, b"bc"), (10**18, b"")):
        assert part(api, begun["upload_id"], b"abc", offset, chunk).status_code == 400
    twice = [entry("a", b"abc"), {**entry("b", b"abc"), "size": 5}]
    assert "different sizes" in begin(api, *twice).json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "../up"},
        {"path": "/etc/passwd"},
        {"path": "a\\b"},
        {"path": ""},
        {"digest": "sha256:xyz"},
        {"digest": "../../x"},
        {"size": -1},
        {"size": "3"},
        {"size": 2**60},
    ],
)
def test_an_invalid_version_is_refused(api: Any, store: Path, wrong: dict[str, Any]) -> None:
    answer = begin(api, entry("a", b"abc") | wrong)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == ["files"]
    assert not (store / "artifacts").exists()


@pytest.mark.parametrize(
    "more", [{"name": "../x"}, {"type": "Model"}, {"files": []}, {"files": {}}, {"run_id": "x"}]
)
def test_names_and_types_are_checked(api: Any, store: Path, more: dict[str, Any]) -> None:
    answer = begin(api, entry("a", b"abc"), **more)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == list(more)
    assert not (store / "artifacts").exists()


@pytest.mark.parametrize(
    "run_id", ["my run", "x20260101_120000_abcdef", "20260101_120000_abcdefg", "../20260101_120000_abcdef"]
)
def test_the_id_of_its_run_is_checked(api: Any, store: Path, run_id: str) -> None:
    refused = begin(api, entry("a.bin", BIG), run_id=run_id)
    sentence = f"Invalid run_id format: {run_id}. Expected format: YYYYMMDD_HHMMSS_XXXXXX"
    assert (refused.status_code, refused.json()) == (
        400,
        {"detail": sentence, "errors": {"run_id": [sentence]}},
    )


def test_an_id_of_a_megabyte_is_not_repeated(api: Any, store: Path) -> None:
    refused = begin(api, entry("a.bin", BIG), run_id="x" * 1_000_000)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["run_id"])
    assert len(refused.content) < 1000


def test_a_run_id_of_an_older_store_is_accepted_in_any_form(api: Any, store: Path) -> None:
    write_run(store, run_id="my run")
    begun = begin(api, entry("a", b"abc"), run_id="my run").json()
    assert part(api, begun["upload_id"], b"abc", 0, b"abc").status_code == 200
    assert complete(api, begun["upload_id"]).json()["created_by_run"] == "my run"


def test_malformed_upload_ids_are_not_found(api: Any, store: Path) -> None:
    for upload in ("x", "..", "0" * 32, "%2e%2e"):
        assert complete(api, upload).status_code == 404
        assert part(api, upload, b"a", 0, b"a").status_code == 404
    begun = begin(api, entry("a", b"abc")).json()
    assert part(api, begun["upload_id"], b"never told", 0, b"x").status_code == 400
    json = api.put(f"/api/artifacts/uploads/{begun['upload_id']}/parts?digest=x&offset=0", {}, format="json")
    assert json.status_code == 415


def test_an_abandoned_upload_is_removed(api: Any, store: Path) -> None:
    begun = begin(api, entry("a", BIG)).json()
    part(api, begun["upload_id"], BIG, 0, BIG[:1000])
    shelves = Store(store)
    assert not garbage.find(shelves).rests
    folder = store / "artifacts/.uploads" / begun["upload_id"]
    os.utime(folder, (1, 1))
    assert garbage.collect(shelves).bytes >= 1000
    assert not folder.exists()


def parted(*contents: bytes) -> bytes:
    return b"".join(len(content).to_bytes(8) + content for content in contents)


def more(api: Any, upload: str, *files: dict[str, Any]) -> Any:
    return api.post(f"/api/artifacts/uploads/{upload}/files", {"files": list(files)}, format="json")


def contents(api: Any, upload: str, body: bytes) -> Any:
    address = f"/api/artifacts/uploads/{upload}/contents"
    return api.put(address, data=body, content_type="application/octet-stream")


def test_files_are_described_and_sent_in_several_requests(api: Any, store: Path) -> None:
    begun = begin(api, total_files=3)
    upload = begun.json()["upload_id"]
    assert (begun.status_code, begun.json()["missing"]) == (201, [])
    assert more(api, upload, entry("a", b"one")).json() == {"described_files": 1, "missing": [digest(b"one")]}
    # What was told before, by a request whose answer was lost, may be told again.
    again = more(api, upload, entry("a", b"one"), entry("b", b"two"))
    assert again.json() == {"described_files": 2, "missing": [digest(b"one"), digest(b"two")]}
    early = complete(api, upload)
    assert (early.status_code, early.json()["detail"]) == (409, "Of 3 files, 1 must still be declared.")
    assert contents(api, upload, parted(b"one", b"two")).json() == {"taken": 2}
    assert contents(api, upload, parted(b"one", b"two")).json() == {"taken": 2}
    assert more(api, upload, entry("c", b"")).json()["missing"] == [digest(b"")]
    state = api.get(f"/api/artifacts/uploads/{upload}").json()
    assert state == {"upload_id": upload, "described_files": 3, "total_files": 3, "missing": [digest(b"")]}
    assert contents(api, upload, parted(b"")).json() == {"taken": 1}
    assert complete(api, upload).json()["num_files"] == 3
    assert api.get(f"/api/artifacts/uploads/{upload}").status_code == 404
    assert not (store / "artifacts/.uploads" / upload).exists()


def test_further_files_are_validated(api: Any, store: Path) -> None:
    upload = begin(api, entry("a", b"one"), total_files=3).json()["upload_id"]
    for wrong in (
        [entry("a", b"other")],
        [entry("A", b"one")],
        [entry("a/b", b"one")],
        [entry("../x", b"one")],
        [entry("b", b"x"), entry("b", b"y")],
        [{**entry("b", b"one"), "size": 4}],
        [entry(name, b"one") for name in "bcd"],
        [{"path": "b"}],
    ):
        answer = more(api, upload, *wrong)
        assert answer.status_code == 400 and list(answer.json()["errors"]) == ["files"], wrong
    assert api.get(f"/api/artifacts/uploads/{upload}").json()["described_files"] == 1
    for body in (b"\0", parted(b"one")[:-1], (2**63).to_bytes(8), parted(b"one", b"never told")):
        assert contents(api, upload, body).status_code == 400
    assert begin(api, total_files=100_001).status_code == 400
    for nowhere in ("x", "0" * 32):
        assert more(api, nowhere, entry("a", b"one")).status_code == 404
        assert contents(api, nowhere, b"").status_code == 404
        assert api.get(f"/api/artifacts/uploads/{nowhere}").status_code == 404


def test_a_torn_list_of_files_is_continued(api: Any, store: Path) -> None:
    upload = begin(api, entry("a", b"one"), total_files=2).json()["upload_id"]
    with (store / "artifacts/.uploads" / upload / "files.jsonl").open("ab") as lines:
        lines.write(b'["b", 3, "sha')
    assert api.get(f"/api/artifacts/uploads/{upload}").json()["described_files"] == 1
    assert more(api, upload, entry("b", b"two")).json()["described_files"] == 2
    contents(api, upload, parted(b"one", b"two"))
    assert complete(api, upload).status_code == 201


def test_removed_contents_are_requested_again(api: Any, store: Path) -> None:
    upload = begin(api, entry("a", b"one")).json()["upload_id"]
    contents(api, upload, parted(b"one"))
    assert garbage.collect(Store(store)).bytes == 3  # no version holds it
    assert complete(api, upload).status_code == 409
    assert api.get(f"/api/artifacts/uploads/{upload}").json()["missing"] == [digest(b"one")]
    contents(api, upload, parted(b"one"))
    assert complete(api, upload).status_code == 201


def test_an_artifact_may_be_called_uploads(api: Any, store: Path) -> None:
    assert send(api, "uploads", b"x").status_code == 201
    assert [version["version"] for version in api.get("/api/artifacts/uploads/versions").json()] == [1]
    assert api.get("/api/artifacts/uploads/v1/files").json()["total_files"] == 1


def test_contents_completed_before_a_server_restart_are_used(api: Any, store: Path) -> None:
    begun = begin(api, entry("w.bin", BIG), entry("other.bin", b"right")).json()
    folder = store / "artifacts/.uploads" / begun["upload_id"]
    for content, name in ((BIG, BIG), (b"wrong", b"right")):  # all is written, nothing is in the pool
        (folder / digest(name).removeprefix("sha256:")).write_bytes(content)
    refused = complete(api, begun["upload_id"])
    assert refused.status_code == 409 and "has another digest" in refused.json()["detail"]
    assert part(api, begun["upload_id"], b"right", 0, b"right").status_code == 200
    assert complete(api, begun["upload_id"]).status_code == 201
    assert Store(store).find("m").existing(1).file_path("w.bin").read_bytes() == BIG
