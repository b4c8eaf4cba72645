"""Samples in archives, in uploads and in the recycle bin: as any other file of a run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from runicorn.store import find
from runicorn.store.samples import writer
from runicorn.store.samples.names import Chunk, samples_folder
from runicorn.store.samples.reader import read_samples
from runicorn_tools.archives.read import import_archive
from tests.answers import read
from tests.server.samples.conftest import Log, sample


def test_an_archive_contains_samples_and_their_notes(log: Log, api: Any, client: Any, tmp_path: Path) -> None:
    run = log([sample(n) for n in range(9)], name="eval/a b", step=2)
    body = {"row": 3, "label": "good", "note": ""}
    read(api.post(f"/runs/{run.name}/samples-data/notes/eval/a b", body, format="json"))
    archive = tmp_path / "run.zip"
    archive.write_bytes(b"".join(client.get(f"/runs/{run.name}/export?format=zip").streaming_content))
    target = tmp_path / "target"
    target.mkdir()
    with archive.open("rb") as file:
        import_archive(target, file)
    (copy,) = (target / relative for relative in find.all_runs(target))
    assert [row.data["id"] for row in read_samples(copy, "eval/a b")] == [f"p{n % 8}" for n in range(9)]
    assert (copy / "sample_notes.json").read_bytes() == (run / "sample_notes.json").read_bytes()


def test_a_sealed_chunk_that_is_uploaded_replaces_the_growing_one(
    log: Log, api: Any, rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    run = log([{"a": 1}], name="other")
    near = tmp_path / "near"
    near.mkdir()
    rollouts = writer.SampleWriter(near, "rollouts")
    rollouts.append([sample(n) for n in range(20)], step=1)
    chunk = Chunk(0, samples_folder(near, "rollouts"))

    def send(path: Path, query: str) -> int:
        address = f"/api/runs/{run.name}/files/samples/rollouts/{path.name}?{query}"
        answer = api.put(address, path.read_bytes(), content_type="application/octet-stream")
        return int(answer.status_code)

    assert send(chunk.plain, "offset=0") == send(chunk.index, "offset=0") == 200
    before = rows(run, q="number7")["rows"]
    rollouts.close()
    digest = hashlib.sha256(chunk.sealed.read_bytes()).hexdigest()
    assert send(chunk.sealed, f"digest=sha256:{digest}") == 200
    assert sorted(
        path.name for path in samples_folder(run, "rollouts").iterdir() if path.suffix != ".lock"
    ) == [
        "00000.index.jsonl",
        "00000.jsonl.gz",
    ]
    assert rows(run, q="number7")["rows"] == before
    for name in (
        "samples/x/../../meta.json",
        "samples/rollouts/evil.py",
        "samples/00000.jsonl",
        "samples/a/b/00000.jsonl",
    ):
        address = f"/api/runs/{run.name}/files/{name}?offset=0"
        assert api.put(address, b"x", content_type="application/octet-stream").status_code in (400, 404)
