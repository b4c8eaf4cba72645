"""`PUT /api/runs/{id}/files/{name}`: appended exactly there, or not at all."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from rest_framework.test import APIClient

from runicorn.store import layout
from tests.folders import write_run
from tests.processes import Viewer

RUN = "20260116_120000_a1b2c3"
META = {"id": RUN, "project": "vision", "name": "sent", "created_at": 100.0, "hostname": "gpu7"}


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def put(api: APIClient, name: str, content: bytes, run_id: str = RUN, **query: Any) -> Any:
    text = "&".join(f"{key}={value}" for key, value in query.items())
    path = f"/api/runs/{run_id}/files/{name}?{text}"
    return api.put(path, content, content_type="application/octet-stream")


def upload(api: APIClient, name: str, content: bytes, **query: Any) -> Any:
    return put(api, name, content, digest=digest(content), **query)


def begin(api: APIClient, **meta: Any) -> Any:
    return upload(api, "meta.json", json.dumps(META | meta).encode())


@pytest.fixture
def run(store: Path, api: APIClient) -> Path:
    """Create a run of another machine and return its folder."""
    assert begin(api).status_code == 200
    return store / "vision" / "sent" / "runs" / RUN


def test_a_run_begins_with_its_meta_and_is_in_the_list_at_once(run: Path, api: APIClient) -> None:
    assert json.loads((run / "meta.json").read_text()) == META
    answer = api.get(f"/api/runs/{RUN}").json()
    assert (answer["project"], answer["name"], answer["hostname"]) == ("vision", "sent", "gpu7")


def test_a_run_with_a_path_is_stored_where_the_path_says(store: Path, api: APIClient) -> None:
    meta = {"project": "cv", "name": "detection/yolo", "path": "cv/detection/yolo"}
    assert begin(api, **meta).status_code == 200
    assert (store / "runs" / "cv" / "detection" / "yolo" / RUN / "meta.json").is_file()
    answer = api.get(f"/api/runs/{RUN}").json()
    assert (answer["project"], answer["name"]) == ("cv", "detection/yolo")
    other = RUN.replace("a1b2c3", "ffffff")
    # Users of a server may not write into the runs of others.
    inside = f"cv/detection/yolo/{RUN}"
    for path in ("../up", "a//b", ".hidden", 7, inside, f"{inside}/media"):
        content = json.dumps(META | {"id": other, "path": path}).encode()
        assert upload(api, "meta.json", content, run_id=other).status_code == 400
    assert not list(store.rglob(other))


def test_before_its_meta_a_run_is_not_found(store: Path, api: APIClient) -> None:
    answer = put(api, "events.jsonl", b"{}\n", offset=0)
    assert (answer.status_code, answer.json()["detail"]) == (404, f"Run not found: {RUN}")
    assert not list(store.glob("*/*"))


def test_project_and_experiment_may_be_sent_with_the_first_file(store: Path, api: APIClient) -> None:
    answer = put(api, "events.jsonl", b"{}\n", offset=0, project="p", experiment="n")
    assert answer.status_code == 200
    assert (store / "p" / "n" / "runs" / RUN / "events.jsonl").read_bytes() == b"{}\n"


def test_bytes_are_added_exactly_at_their_offset(run: Path, api: APIClient) -> None:
    first, second = b'{"a": 1}\n', b'{"b": 2}\n{"torn'
    assert put(api, "events.jsonl", first, offset=0).json() == {"size": len(first)}
    again = put(api, "events.jsonl", first, offset=0)
    assert (again.status_code, again.json()["size"]) == (409, len(first))
    assert again.json()["detail"] == f"The file has {len(first)} bytes, not 0."
    beyond = put(api, "events.jsonl", second, offset=len(first) + 1)
    assert (beyond.status_code, beyond.json()["size"]) == (409, len(first))
    assert put(api, "events.jsonl", second, offset=len(first)).json() == {"size": len(first + second)}
    assert (run / "events.jsonl").read_bytes() == first + second
    assert put(api, "logs.txt", b"", offset=0).json() == {"size": 0}


def test_metrics_that_came_are_answered(run: Path, api: APIClient) -> None:
    line = {"ts": 1.0, "type": "metrics", "data": {"loss": 0.5, "global_step": 1, "time": 1.0}}
    put(api, "events.jsonl", json.dumps(line).encode() + b"\n", offset=0)
    rows = api.get(f"/api/runs/{RUN}/metrics_step").json()["rows"]
    assert [row["loss"] for row in rows] == [0.5]


def test_small_files_are_replaced_whole_and_change_the_run(run: Path, api: APIClient) -> None:
    assert upload(api, "status.json", b'{"status": "running", "started_at": 1.0}').status_code == 200
    assert api.get(f"/api/runs/{RUN}").json()["status"] == "running"
    upload(api, "status.json", b'{"status": "finished", "started_at": 1.0, "ended_at": 2.0}')
    assert api.get(f"/api/runs/{RUN}").json()["status"] == "finished"
    wrong = put(api, "summary.json", b"{}", digest=digest(b"other"))
    assert wrong.status_code == 409 and not (run / "summary.json").exists()


def test_the_run_of_another_machine_that_is_running_is_left_alone(store: Path, api: APIClient) -> None:
    begin(api, pid=2**22 - 1, machine_id="another", process_start=1.0, pid_namespace="pid:[1]", boot_id="x")
    upload(api, "status.json", b'{"status": "running", "started_at": 1.0}')
    api.post("/api/status/check")
    assert api.get(f"/api/runs/{RUN}").json()["status"] == "running"


def test_images_land_below_media_in_parts_if_they_are_large(run: Path, api: APIClient) -> None:
    small, large = b"\x89PNG small", b"\x89PNG" + bytes(3_000_000)
    assert upload(api, "media/1_a.png", small).status_code == 200
    assert (run / "media" / "1_a.png").read_bytes() == small
    about = {"digest": digest(large), "size": len(large)}
    half = len(large) // 2
    assert put(api, "media/b.png", large[:half], offset=0, **about).json() == {"size": half}
    assert not (run / "media" / "b.png").exists()
    repeated = put(api, "media/b.png", large[:half], offset=0, **about)
    assert (repeated.status_code, repeated.json()["size"]) == (409, half)
    assert put(api, "media/b.png", large[half:], offset=half, **about).json() == {"size": len(large)}
    assert (run / "media" / "b.png").read_bytes() == large
    damaged = {"digest": digest(b"x"), "size": 3}
    assert put(api, "media/c.png", b"abc", offset=0, **damaged).json()["size"] == 0
    assert not (run / "media" / "c.png").exists()


def test_a_file_whose_parts_are_all_there_is_completed_when_it_is_met_again(
    run: Path, api: APIClient
) -> None:
    content = b"\x89PNG" + bytes(3_000_000)
    about = {"digest": digest(content), "size": len(content)}
    half = len(content) // 2
    put(api, "media/a.png", content[:half], offset=0, **about)
    # The server is killed between the last part and the rename.
    (part,) = (path for path in (run.parents[3] / ".runicorn").rglob("*") if path.stat().st_size == half)
    with part.open("ab") as file:
        file.write(content[half:])
    again = put(api, "media/a.png", content[half:], offset=half, **about)
    assert (again.status_code, again.json()) == (200, {"size": len(content)})
    assert (run / "media" / "a.png").read_bytes() == content


def test_the_digest_of_an_uploaded_file_is_returned(run: Path, api: APIClient) -> None:
    put(api, "events.jsonl", b'{"a": 1}\n{"b": 2}\n', offset=0)
    path = f"/api/runs/{RUN}/files/events.jsonl"
    assert api.get(path).json() == {"size": 18, "digest": digest(b'{"a": 1}\n{"b": 2}\n')}
    assert api.get(f"{path}?size=9").json() == {"size": 9, "digest": digest(b'{"a": 1}\n')}
    assert api.get(f"{path}?size=19").status_code == 404
    assert api.get(f"/api/runs/{RUN}/files/logs.txt").status_code == 404
    assert api.get(f"/api/runs/{RUN}/files/secret.txt").status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        ".deleted",
        "curation.json",
        "evil.sh",
        "media",
        "media/.hidden",
        "media/a%5Cb",
        "media/%00",
        "media/a%0Ab",
        "meta.json.tmp",
        "..%2Fmeta.json",
        "media/..%2F..%2Fx.png",
        "Events.jsonl",
    ],
)
def test_other_names_are_refused(name: str, run: Path, api: APIClient) -> None:
    before = sorted(path.name for path in run.rglob("*"))
    answer = upload(api, name, b"{}")
    assert answer.status_code in (400, 404)
    assert sorted(path.name for path in run.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("events.jsonl", {}),
        ("events.jsonl", {"digest": digest(b"{}")}),
        ("events.jsonl", {"offset": -1}),
        ("events.jsonl", {"offset": "x"}),
        ("status.json", {}),
        ("status.json", {"offset": 0}),
        ("status.json", {"digest": "md5:1"}),
        ("media/a.png", {"digest": digest(b"{}"), "offset": 0}),
        ("media/a.png", {"digest": digest(b"{}"), "size": 2}),
    ],
)
def test_what_is_sent_the_wrong_way_is_bad_input(
    name: str, query: dict[str, Any], run: Path, api: APIClient
) -> None:
    answer = put(api, name, b"{}", **query)
    assert answer.status_code == 400 and answer.json()["detail"]


@pytest.mark.parametrize(
    "meta",
    [
        {"project": "../evil"},
        {"project": "artifacts"},
        {"name": ".hidden"},
        {"name": 5},
        {"id": "20260116_120000_ffffff"},
    ],
)
def test_a_meta_that_leads_elsewhere_makes_no_run(meta: dict[str, Any], store: Path, api: APIClient) -> None:
    assert begin(api, **meta).status_code == 400
    assert not list(store.glob("**/meta.json"))


def test_a_malformed_run_id_is_refused(store: Path, api: APIClient) -> None:
    content = json.dumps(META | {"id": "mine"}).encode()
    answer = put(api, "meta.json", content, run_id="mine", digest=digest(content))
    assert answer.status_code == 400 and "Invalid run_id format" in answer.json()["detail"]


def test_another_run_of_the_same_id_is_not_overwritten(store: Path, api: APIClient) -> None:
    write_run(store, "vision", "sent", run_id=RUN, created_at=5.0)
    answer = begin(api)
    assert answer.status_code == 409 and "Another run has the id" in answer.json()["detail"]
    assert begin(api, created_at=5.0, project="other").status_code == 409


def test_a_run_of_this_very_store_is_recognised(store: Path, api: APIClient) -> None:
    write_run(store, "vision", "sent", run_id=RUN, created_at=100.0)
    notes = store / ".runicorn" / "upload"
    notes.mkdir(parents=True)
    layout.write_json(notes / f"{RUN}.json", {"sender": "abc"})
    content = json.dumps(META).encode()
    answer = upload(api, "meta.json", content, sender="abc")
    assert answer.status_code == 409 and answer.json()["same_store"] is True
    assert upload(api, "meta.json", content, sender="another").status_code == 200


def test_links_are_not_written_through(run: Path, api: APIClient, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    (run / "logs.txt").symlink_to(outside)
    (run / "media").symlink_to(tmp_path)
    assert put(api, "logs.txt", b"x", offset=8).status_code in (403, 404, 503)
    assert upload(api, "media/a.png", b"x").status_code in (403, 404, 503)
    assert outside.read_text() == "precious" and not (tmp_path / "a.png").exists()


def test_a_link_in_the_place_of_an_incomplete_file_is_not_written_through(
    run: Path, api: APIClient, store: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    about = {"digest": digest(b"precious, and more"), "size": 18}
    assert put(api, "media/a.png", b"precious", offset=0, **about).json() == {"size": 8}
    (part,) = (store / ".runicorn" / "parts").iterdir()
    part.unlink()
    part.symlink_to(outside)
    answer = put(api, "media/a.png", b", and more", offset=8, **about)
    assert answer.status_code in (403, 404, 503)
    assert outside.read_text() == "precious"
    assert not (run / "media" / "a.png").exists() and part.is_symlink()


def test_a_run_in_the_recycle_bin_goes_on_being_written(run: Path, api: APIClient) -> None:
    api.post("/api/runs/soft-delete", {"run_ids": [RUN]}, format="json")
    assert put(api, "logs.txt", b"x\n", offset=0).status_code == 200
    assert api.get(f"/api/runs/{RUN}").status_code == 404


def test_of_two_at_one_offset_exactly_one_is_right(viewer: Viewer) -> None:
    session = requests.Session()
    url, kind = f"{viewer.url}/api/runs/{RUN}/files", {"Content-Type": "application/octet-stream"}
    content = json.dumps(META).encode()
    session.put(f"{url}/meta.json", params={"digest": digest(content)}, data=content, headers=kind)

    def send(number: int, offset: int) -> int:
        body = f"{number:03d}\n".encode()
        answer = requests.put(
            f"{url}/events.jsonl", params={"offset": offset}, data=body, headers=kind, timeout=30
        )
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        for turn in range(8):
            codes = list(pool.map(lambda number, at=turn * 4: send(number, at), range(8)))
            assert sorted(codes) == [200] + [409] * 7
    path = viewer.root / "vision" / "sent" / "runs" / RUN / "events.jsonl"
    assert len(path.read_bytes()) == 32
