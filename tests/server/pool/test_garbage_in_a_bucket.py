"""Contents that no version names are removed from a bucket, and those that a version names never."""

from __future__ import annotations

import json
import threading

from tests.server.pool.uploading import Lab, Upload, content_of, upload

FIRST, SECOND, BOTH = (content_of(3000, seed) for seed in range(10, 13))


def test_deleted_versions_are_restored_or_free_what_only_they_use(lab: Lab) -> None:
    viewer = lab.viewer()
    upload(viewer, "net", {"a": FIRST, "b": BOTH})
    upload(viewer, "net", {"a": SECOND, "b": BOTH})
    version = "/api/artifacts/net/v1"
    assert viewer.delete(version).json()["success"] is True
    assert sorted(lab.s3.keys(lab.prefix)) == sorted(map(lab.key, (FIRST, SECOND, BOTH)))
    assert viewer.post(f"{version}/restore").json()["status"] == "ready"
    assert viewer.get(f"{version}/files/a").content == FIRST
    freed = viewer.delete(f"{version}?permanent=true").json()["freed_bytes"]
    assert freed >= len(FIRST)
    assert sorted(lab.s3.keys(lab.prefix)) == sorted(map(lab.key, (SECOND, BOTH)))
    assert viewer.get("/api/artifacts/net/v2/files/b").content == BOTH


def test_contents_of_uploads_that_were_never_completed_are_collected(lab: Lab) -> None:
    viewer = lab.viewer()
    upload(viewer, "net", {"a": FIRST})
    Upload(viewer, "net", {"a": FIRST, "b": SECOND}).send(viewer)
    lab.s3.client().create_multipart_upload(Bucket="artifacts", Key=lab.key(BOTH))
    dry = json.loads(lab.command("clean", "--dedup", "--dry-run", "--json").stdout)
    assert (dry["blobs"], dry["bytes"]) == (1, len(SECOND))
    assert sorted(lab.s3.keys(lab.prefix)) == sorted(map(lab.key, (FIRST, SECOND)))
    assert lab.command("clean", "--dedup", "--force").returncode == 0
    assert lab.s3.keys(lab.prefix) == [lab.key(FIRST)]
    # Uploads in parts are aborted after a day; moto says that this one began in 2010.
    assert lab.s3.unfinished(lab.prefix) == ([] if lab.s3.is_moto else [lab.key(BOTH)])
    assert lab.command("fsck").returncode == 0


def test_parts_of_a_killed_server_are_aborted_even_if_there_is_nothing_else_to_clean(lab: Lab) -> None:
    upload(lab.viewer(), "net", {"a": FIRST})
    lab.s3.client().create_multipart_upload(Bucket="artifacts", Key=lab.key(BOTH))
    if not lab.s3.is_moto:  # they are aborted after a day; moto says that this one began in 2010
        return
    dry = json.loads(lab.command("clean", "--dedup", "--dry-run", "--json").stdout)
    assert (dry["blobs"], dry["rests"]) == (0, 1)
    assert lab.s3.unfinished(lab.prefix) == [lab.key(BOTH)]
    assert lab.command("clean", "--dedup", "--force").returncode == 0
    assert lab.s3.unfinished(lab.prefix) == []
    assert lab.s3.keys(lab.prefix) == [lab.key(FIRST)]


def test_two_servers_upload_collect_and_delete_at_the_same_time(lab: Lab) -> None:
    first, second = lab.viewer(), lab.viewer(RUNICORN_DATA_DIR=str(lab.home / "second"))
    ends = threading.Event()
    problems: list[str] = []

    def collect() -> None:
        while not ends.is_set():
            process = lab.command("clean", "--dedup", "--force")
            if process.returncode and "try again later" not in process.stderr:
                problems.append(process.stderr)

    def replace(name: str) -> None:
        """Upload versions with the same contents, and delete those before permanently."""
        for number in range(1, 5):
            version_upload = Upload(first if number % 2 else second, name, {"a": FIRST, "b": BOTH})
            server = second if number % 2 else first
            for _ in range(50):  # contents that were collected in between are sent again
                version_upload.send(server)
                response = version_upload.complete(server)
                if response.status_code == 201:
                    break
            else:
                problems.append(response.text)
            if number > 1:
                server.delete(f"/api/artifacts/{name}/v{number - 1}?permanent=true")

    collector = threading.Thread(target=collect)
    uploaders = [threading.Thread(target=replace, args=(name,)) for name in ("one", "two")]
    for thread in (collector, *uploaders):
        thread.start()
    for thread in uploaders:
        thread.join()
    ends.set()
    collector.join()
    assert problems == []
    for name in ("one", "two"):
        for server in (first, second):
            assert server.get(f"/api/artifacts/{name}/v4/files/b").content == BOTH
    assert lab.command("fsck").returncode == 0
