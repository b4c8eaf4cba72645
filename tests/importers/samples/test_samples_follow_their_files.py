"""Samples of a growing or rewritten folder: each once, whatever is killed; the run that they join."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from runicorn.store.samples import writer as writer_module
from runicorn.store.samples.reader import read_samples
from runicorn.store.samples.writer import SampleWriter
from runicorn_importers.samples import landing
from runicorn_importers.samples.folders import FRAMEWORKS, import_samples, sample_folders
from runicorn_importers.watching.watch import Watcher
from tests.folders import folder_of, write_run
from tests.importers.samples import folders
from tests.tools.terminal.conftest import call


class Killed(BaseException):
    """End of the process, which no code handles."""


def ids(root: Path, name: str = "rollouts") -> list[str]:
    run_dir = next(root.glob("*/*/runs/*/samples")).parent
    return [str(sample.data["id"]) for sample in read_samples(run_dir, name)]


def scan(root: Path, source: Path) -> None:
    for folder in sample_folders(source):
        import_samples(root, folder)


def test_a_growing_file_is_continued_in_the_same_chunk(tmp_path: Path) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verifiers(source)
    for number in range(1, 6):
        scan(root, source)
        scan(root, source)
        folders.lines(source / "traces.jsonl", [folders.episode(number)])
    scan(root, source)
    assert ids(root) == [f"trace-{number}" for number in range(6)]
    assert len(list(root.glob("*/*/runs/*/samples/*/*.jsonl"))) == 2  # one chunk and its index


def test_a_torn_line_is_read_once_it_is_complete(tmp_path: Path) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verifiers(source)
    line = json.dumps(folders.episode(1))
    with (source / "traces.jsonl").open("a") as file:
        file.write(line[:200])
    scan(root, source)
    assert ids(root) == ["trace-0"]
    with (source / "traces.jsonl").open("a") as file:
        file.write(line[200:] + "\n")
    scan(root, source)
    assert ids(root) == ["trace-0", "trace-1"]


def test_sealing_a_chunk_repeats_nothing(tmp_path: Path) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    stream = source / "monitors" / "file" / "traces" / "stream"
    folders.lines(stream / "00000.jsonl", [folders.episode(0)])
    scan(root, source)
    (stream / "00000.jsonl").unlink()
    folders.prime_rl(source)
    scan(root, source)
    assert ids(root) == ["trace-0", "trace-1"]


def test_annotations_that_come_later_are_stored_once(tmp_path: Path) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.prime_rl(source)
    watcher = Watcher(root, (source,))
    watcher.scan()
    path = folders.annotate(source, "trainer", [folders.annotation(0, entropies=[None, None, 0.5, 0.6])])
    folders.annotate(source, "orchestrator", [folders.annotation(1)])
    watcher.scan()
    folders.annotate(source, "trainer", [folders.annotation(1, trainer_logprobs=[None, None, -0.5, -0.6])])
    Watcher(root, (source,)).scan()
    with pa.CompressedOutputStream(pa.OSFile(f"{path}.zst", "wb"), "zstd") as sealed:
        sealed.write(path.read_bytes())
    path.unlink()
    folders.annotate(source, "trainer", [folders.annotation(2)], chunk=1)
    watcher.scan()
    assert ids(root) == ["trace-0", "trace-1"]
    later = "rollouts.annotations"
    assert sorted(ids(root, later)) == ["trace-0", "trace-1", "trace-1", "trace-2"]
    run_dir = next(root.glob("*/*/runs/*/samples")).parent
    first = next(sample for sample in read_samples(run_dir, later) if sample.data["id"] == "trace-0")
    assert first.data["entropy"] == [None, None, 0.5, 0.6] and first.step is None
    assert first.data["record"] == {"version": 1, "info": {"ship": {"step": 5}}}


def test_a_kill_between_annotations_and_their_state_repeats_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.prime_rl(source)
    scan(root, source)
    folders.annotate(source, "trainer", [folders.annotation(0), folders.annotation(1)])

    def killed(writer: SampleWriter, **_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SampleWriter, "close", killed)
        with pytest.raises(Killed):
            scan(root, source)
    scan(root, source)
    assert ids(root, "rollouts.annotations") == ["trace-0", "trace-1"]
    assert ids(root) == ["trace-0", "trace-1"]


@pytest.mark.parametrize(("chunk", "write"), [(2000, 2**20), (2000, 500)])
def test_a_growing_file_fills_chunk_after_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, write: int
) -> None:
    monkeypatch.setattr(writer_module, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(writer_module, "WRITE_BYTES", write)
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verifiers(source)
    for number in range(1, 41, 4):
        folders.lines(source / "traces.jsonl", [folders.episode(n) for n in range(number, number + 4)])
        scan(root, source)
    assert ids(root) == [f"trace-{number}" for number in range(41)]


@pytest.mark.parametrize("saves", range(1, 9))
def test_a_kill_between_two_chunks_of_one_import_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: int
) -> None:
    monkeypatch.setattr(writer_module, "CHUNK_BYTES", 2000)
    monkeypatch.setattr(writer_module, "WRITE_BYTES", 500)
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verifiers(source)
    folders.lines(source / "traces.jsonl", [folders.episode(n) for n in range(1, 20)])

    save, remaining = landing.State.save, saves

    def killed(state: landing.State, folder: Path) -> None:
        nonlocal remaining
        remaining -= 1
        if remaining < 0:
            raise Killed
        save(state, folder)

    with monkeypatch.context() as patch:
        patch.setattr(landing.State, "save", killed)
        with suppress(Killed):
            scan(root, source)
    scan(root, source)
    assert ids(root) == [f"trace-{number}" for number in range(20)]
    folders.lines(source / "traces.jsonl", [folders.episode(n) for n in range(20, 30)])
    scan(root, source)
    assert ids(root) == [f"trace-{number}" for number in range(30)]


def test_a_rewritten_file_replaces_its_samples(tmp_path: Path) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verl(source)
    scan(root, source)
    assert ids(root, "train") == ["7_0_0", "7_1_0", "7_0_0", "7_1_0"]
    row = {"input": "2+2?", "output": "4", "gts": "4", "score": 1.0, "step": 1, "uid": "9_0_0"}
    (source / "1.jsonl").write_text(json.dumps(row) + "\n")
    scan(root, source)
    assert sorted(ids(root, "train")) == ["7_0_0", "7_1_0", "9_0_0"]


def test_a_kill_before_the_state_is_written_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verifiers(source)
    scan(root, source)
    folders.lines(source / "traces.jsonl", [folders.episode(1), folders.episode(2)])

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(landing.State, "save", killed)
        with pytest.raises(Killed):
            scan(root, source)
    folders.lines(source / "traces.jsonl", [folders.episode(3)])
    scan(root, source)
    assert ids(root) == [f"trace-{number}" for number in range(4)]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_kill_within_the_first_import_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_sealed: bool
) -> None:
    source, root = tmp_path / "run", tmp_path / "store"
    root.mkdir()
    folders.verifiers(source)
    folders.lines(source / "traces.jsonl", [folders.episode(1), folders.episode(2)])

    def killed(writer: SampleWriter) -> None:
        if is_sealed:
            writer.close()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "SMALL_BYTES", 0)
        patch.setattr(landing, "_count", lambda progress, row: killed(opened[0]))
        opened: list[SampleWriter] = []

        class Watched(SampleWriter):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                opened[:] = [self]

        patch.setattr(landing, "SampleWriter", Watched)
        with pytest.raises(Killed):
            scan(root, source)
    scan(root, source)
    assert sorted(ids(root)) == [f"trace-{number}" for number in range(3)]


def test_samples_join_the_run_that_wrote_into_the_folder(tmp_path: Path) -> None:
    root, source = tmp_path / "store", tmp_path / "outputs" / "grpo"
    run_id = write_run(root, config={"trainer": {"output_dir": str(source)}}, metrics=[{"loss": 1.0}])
    write_run(root, config={"trainer": {"output_dir": str(tmp_path / "other")}}, metrics=[])
    folders.trl(source)
    scan(root, source)
    assert next(root.glob("*/*/runs/*/samples")).parent.name == run_id


def test_samples_join_a_run_of_the_same_name_or_the_named_one(tmp_path: Path) -> None:
    root, source = tmp_path / "store", tmp_path / "outputs" / "grpo"
    named = write_run(root, name="grpo", metrics=[])
    other = write_run(root, metrics=[])
    folders.trl(source)
    scan(root, source)
    assert next(root.glob("*/*/runs/*/samples")).parent.name == named
    folders.verl(tmp_path / "rollouts")
    call("import-from", "samples", str(tmp_path / "rollouts"), "--run", other, "--storage", str(root))
    assert (next(root.glob(f"*/*/runs/{other}")) / "samples" / "train").is_dir()
    text = call(
        "import-from",
        "samples",
        str(tmp_path),
        "--run",
        "20260101_000000_abcdef",
        "--storage",
        str(root),
        code=1,
    )
    assert "There is no run 20260101_000000_abcdef." in text


def test_folders_of_one_name_in_two_places_are_two_runs(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.mkdir()
    for experiment in ("a", "b"):
        folders.verl(tmp_path / experiment / "outputs")
        scan(root, tmp_path / experiment)
        scan(root, tmp_path / experiment)
    assert [path.parts[-5] for path in sorted(root.glob("*/*/runs/*/samples"))] == ["a", "b"]
    assert ids(root, "train") == ["7_0_0", "7_1_0"] * 2


def test_another_run_gets_the_samples_that_are_there_already(tmp_path: Path) -> None:
    root, source = tmp_path / "store", tmp_path / "rollouts"
    root.mkdir()
    folders.verl(source)
    scan(root, source)
    shutil.rmtree(next(root.glob("*/*/runs/*")))
    scan(root, source)
    assert len(ids(root, "train")) == 4
    other = folder_of(root, write_run(root, metrics=[]))
    call("import-from", "samples", str(source), "--run", other.name, "--storage", str(root))
    assert len(list(read_samples(other, "train"))) == 4


def test_watching_survives_files_that_cannot_be_read(tmp_path: Path) -> None:
    root, source = tmp_path / "store", tmp_path / "outputs"
    root.mkdir()
    folders.verl(source / "rollouts")
    (source / "folder.json").mkdir()
    os.mkfifo(source / "pipe.json")
    os.mkfifo(source / "pipe.eval")
    (source / "loop.json").symlink_to("loop.json")
    assert [item.result for item in Watcher(root, (source,)).scan().items] == ["taken"]


def test_watching_continues_where_a_folder_cannot_be_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(folder: Path) -> Iterator[Any]:
        raise PermissionError(13, "Permission denied")
        yield

    root, source = tmp_path / "store", tmp_path / "outputs"
    root.mkdir()
    folders.verl(source / "rollouts")
    monkeypatch.setitem(FRAMEWORKS, "prime-rl", unreadable)
    assert [item.result for item in Watcher(root, (source,)).scan().items] == ["taken"]


def test_watching_sees_folders_of_samples(tmp_path: Path) -> None:
    root, source = tmp_path / "store", tmp_path / "outputs"
    root.mkdir()
    folders.verl(source / "rollouts")
    watcher = Watcher(root, (source,))
    report = watcher.scan()
    assert [item.result for item in report.items] == ["taken"]
    row = {"input": "2+2?", "output": "4", "score": 1.0, "step": 3, "uid": "9_0_0"}
    folders.lines(source / "rollouts" / "3.jsonl", [row])
    watcher.scan()
    assert ids(root, "train")[-1] == "9_0_0"
    assert watcher.scan().items == []


def test_a_folder_without_samples_is_one_sentence(tmp_path: Path) -> None:
    text = call("import-from", "samples", str(tmp_path), "--storage", str(tmp_path / "store"), code=1)
    assert "contains no samples of prime-rl" in text
