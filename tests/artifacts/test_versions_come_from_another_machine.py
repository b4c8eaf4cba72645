"""An upload is told, sent in parts and completed: whole or not there, whatever is wrong with what was sent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from runicorn.artifacts import garbage
from runicorn.artifacts.store import Store

pytestmark = pytest.mark.django_db
BIG = os.urandom(100_000)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def told(path: str, content: bytes) -> dict[str, Any]:
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
    begun = begin(api, *(told(f"{n}.bin", content) for n, content in enumerate(contents)), name=name).json()
    for content in contents:
        if digest(content) in begun["missing"]:
            assert part(api, begun["upload_id"], content, 0, content).json() == {"size": len(content)}
    return complete(api, begun["upload_id"])


def test_a_version_is_sent_in_parts(api: Any, store: Path) -> None:
    begun = begin(
        api,
        told("w/big.bin", BIG),
        told("copy.bin", BIG),
        told("empty", b""),
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
    made = complete(api, upload)
    assert made.status_code == 201
    assert (made.json()["version"], made.json()["num_files"], made.json()["tags"]) == (1, 3, ["t"])
    assert made.json()["created_by_run"] == "20260101_120000_abcdef"
    whole = api.get("/api/artifacts/m/v1/files/w/big.bin")
    assert b"".join(whole.streaming_content) == BIG
    assert complete(api, upload).status_code == 404


def test_what_is_there_is_not_asked_for(api: Any, store: Path) -> None:
    assert send(api, "m", BIG).json()["version"] == 1
    begun = begin(api, told("other", BIG)).json()
    assert begun["missing"] == []
    assert complete(api, begun["upload_id"]).json()["version"] == 2


def test_a_wrong_digest_makes_nothing(api: Any, store: Path) -> None:
    begun = begin(api, told("a", b"right")).json()
    assert part(api, begun["upload_id"], b"right", 0, b"wrong").status_code == 200
    answer = complete(api, begun["upload_id"])
    assert answer.status_code == 409 and "has another digest" in answer.json()["detail"]
    assert api.get("/api/artifacts").json() == []
    part(api, begun["upload_id"], b"right", 0, b"right")
    assert complete(api, begun["upload_id"]).status_code == 201


def test_sizes_that_lie_are_refused(api: Any, store: Path) -> None:
    begun = begin(api, told("a", b"abc")).json()
    for offset, chunk in ((0, b"abcd"), (2, b"bc"), (10**18, b"")):
        assert part(api, begun["upload_id"], b"abc", offset, chunk).status_code == 400
    twice = [told("a", b"abc"), {**told("b", b"abc"), "size": 5}]
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
def test_what_could_never_be_a_version_is_refused(api: Any, store: Path, wrong: dict[str, Any]) -> None:
    answer = begin(api, told("a", b"abc") | wrong)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == ["files"]
    assert not (store / "artifacts").exists()


@pytest.mark.parametrize(
    "more", [{"name": "../x"}, {"type": "Model"}, {"files": []}, {"files": {}}, {"run_id": "x"}]
)
def test_names_and_types_are_checked(api: Any, store: Path, more: dict[str, Any]) -> None:
    answer = begin(api, told("a", b"abc"), **more)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == list(more)
    assert not (store / "artifacts").exists()


def test_there_is_no_upload_of_another_form(api: Any, store: Path) -> None:
    for upload in ("x", "..", "0" * 32, "%2e%2e"):
        assert complete(api, upload).status_code == 404
        assert part(api, upload, b"a", 0, b"a").status_code == 404
    begun = begin(api, told("a", b"abc")).json()
    assert part(api, begun["upload_id"], b"never told", 0, b"x").status_code == 400
    json = api.put(f"/api/artifacts/uploads/{begun['upload_id']}/parts?digest=x&offset=0", {}, format="json")
    assert json.status_code == 415


def test_an_upload_that_nobody_goes_on_with_is_collected(api: Any, store: Path) -> None:
    begun = begin(api, told("a", BIG)).json()
    part(api, begun["upload_id"], BIG, 0, BIG[:1000])
    shelves = Store(store)
    assert not garbage.find(shelves).rests
    folder = store / "artifacts/.uploads" / begun["upload_id"]
    os.utime(folder, (1, 1))
    assert garbage.collect(shelves).bytes >= 1000
    assert not folder.exists()
