"""`log_samples`: any JSON value is kept whole, by any number of processes, and survives a kill once acknowledged."""

from __future__ import annotations

import gzip
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import runicorn as rn
from runicorn.store.samples import sealing, writer
from runicorn.store.samples.names import Chunk, check_name, chunks, folder_name, sample_sets, samples_folder
from runicorn.store.samples.reader import OpenChunk, read_index, read_samples, torn_bytes
from runicorn.store.samples.sealing import DamagedChunk, SealedChunk
from tests.processes import PROJECT, environment

Begin = Callable[..., rn.Run]


def rows_of(run: rn.Run, name: str = "s") -> list[dict[str, Any]]:
    return [sample.data for sample in read_samples(run.run_dir, name)]


@pytest.mark.parametrize(
    "row",
    [
        {"text": "x" * 3_000_000},
        {"text": "line\none\u2028two\x00\x1b[31m", "html": "<script>alert(1)</script>", "\u202e": "bidi"},
        {"lone": "a\ud800b", "\udfff": 1},
        {"inf": math.inf, "minus": -math.inf, "huge": 10**30, "null": None, "bool": True},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": [1, {"b": 2}]}}}]}]},
        {"token_ids": list(range(5000)), "logprobs": [-0.1] * 5000},
    ],
    ids=["long", "hostile", "surrogates", "numbers", "messages", "tokens"],
)  # fmt: skip
def test_any_json_value_is_kept_whole(begin: Begin, row: dict[str, Any]) -> None:
    run = begin()
    assert run.log_samples("s", [row, row], step=7).wait(30)
    samples = list(read_samples(run.run_dir, "s"))
    assert [sample.data for sample in samples] == [row, row]
    assert {(sample.step, sample.is_intact) for sample in samples} == {(7, True)}
    (chunk,) = chunks(samples_folder(run.run_dir, "s"))
    assert sum(entry.rows for entry in read_index(chunk)) == 2


def test_nan_is_kept_and_a_value_that_is_not_json_is_kept_as_what_stands_for_it(begin: Begin) -> None:
    run, deep = begin(), [1]
    for _ in range(400):
        deep = [deep]  # type: ignore[list-item]
    circle: dict[str, Any] = {}
    circle["self"] = circle
    values = {
        "nan": math.nan,
        "array": np.arange(3),
        "float32": np.float32(0.5),
        (1, 2): {3: "key"},
        "path": Path("a/b"),
        "set": {2, 1},
        "bytes": b"\x00\xff",
        "deep": deep,
        "circle": circle,
    }
    run.log_samples("s", [values]).wait(30)
    (row,) = rows_of(run)
    assert math.isnan(row.pop("nan"))
    assert (row["array"], row["float32"], row["(1, 2)"], row["path"]) == ([0, 1, 2], 0.5, {"3": "key"}, "a/b")
    assert row["set"] == [1, 2] and row["bytes"] == {"_type": "bytes", "base64": "AP8="}
    assert json.dumps(row["deep"]).count("[") >= 100 and "self" in row["circle"]


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_data_frames_are_rows(begin: Begin, library: str) -> None:
    import pandas as pd
    import pyarrow as pa

    frame: Callable[[Any], Any] = pd.DataFrame if library == "pandas" else pa.Table.from_pylist
    run, rows = begin(), [{"prompt": "a", "reward": 0.5}, {"prompt": "b", "reward": 1.0}]
    run.log_samples("s", frame(rows)).wait(30)
    assert rows_of(run) == rows


def test_rows_may_be_changed_once_the_call_returned(begin: Begin) -> None:
    run, row = begin(), {"messages": [{"role": "user", "content": "before"}], "tokens": [1], "a": np.zeros(2)}
    batch = run.log_samples("s", [row])
    row["messages"][0]["content"] = "after"  # type: ignore[index]
    row["tokens"].append(2)  # type: ignore[union-attr]
    row["a"][0] = 9  # type: ignore[index]
    batch.wait(30)
    (sample,) = rows_of(run)
    assert (sample["messages"][0]["content"], sample["tokens"], sample["a"]) == ("before", [1], [0, 0])


def test_images_are_stored_below_media_and_referred_to(begin: Begin) -> None:
    run = begin()
    run.log_samples("s", [{"messages": [{"content": [Image.new("RGB", (4, 3))]}]}]).wait(30)
    (reference,) = rows_of(run)[0]["messages"][0]["content"]
    with Image.open(run.run_dir / reference["path"]) as image:
        assert reference["_type"] == "image" and image.size == (4, 3)


def test_without_a_step_samples_have_that_of_the_last_record(begin: Begin) -> None:
    run = begin()
    run.log({"reward": 1}, step=41)
    run.log_samples("s", [{"a": 1}]).wait(30)
    assert [sample.step for sample in read_samples(run.run_dir, "s")] == [41]


def test_samples_after_a_record_of_step_0_have_step_0_and_those_before_it_none(begin: Begin) -> None:
    run = begin()
    run.log_samples("s", [{"a": 1}])
    run.log({"reward": 1}, step=0)
    run.log_samples("s", [{"a": 1}])
    run.finish()
    resumed = begin(run_id=run.id, resume=True)
    resumed.log_samples("s", [{"a": 1}]).wait(30)
    assert [sample.step for sample in read_samples(run.run_dir, "s")] == [None, 0, 0]
    resumed.log({"reward": 1})
    resumed.log_samples("s", [{"a": 1}]).wait(30)
    assert [sample.step for sample in read_samples(run.run_dir, "s")] == [None, 0, 0, 1]


@pytest.mark.parametrize("rows", [{"a": [1]}, "text", 5, [1], [["a"]]])
def test_rows_of_another_type_are_reported_once(
    begin: Begin, rows: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    assert run.log_samples("s", rows).count == run.log_samples("s", rows).count == 0
    assert capsys.readouterr().err.count("were not stored") == 1
    assert sample_sets(run.run_dir) == []


@pytest.mark.parametrize(
    "name", ["eval/gsm8k", "a b", ".hidden", "50%", "长文", "con", 'a<b>:"c"|?*', "dot."]
)
def test_a_name_is_read_back_from_its_folder(begin: Begin, name: str) -> None:
    run = begin()
    run.log_samples(name, [{"a": 1}]).wait(30)
    assert sample_sets(run.run_dir) == [name] and rows_of(run, name) == [{"a": 1}]
    assert not set('/\\<>:"|?*') & set(folder_name(name))


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", 5, "长" * 90])
def test_an_invalid_name_is_refused(begin: Begin, name: Any) -> None:
    with pytest.raises(rn.InvalidName):
        check_name(name)
    assert begin().log_samples(name, [{"a": 1}]).count == 0


def test_a_full_chunk_is_sealed_and_each_line_is_read_without_those_before(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 500_000)
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    monkeypatch.setattr(writer, "WRITE_BYTES", 100_000)
    run, rows = begin(), [{"id": n, "text": f"{n} " * (n % 700)} for n in range(2000)]
    for start in range(0, 2000, 100):
        run.log_samples("s", rows[start : start + 100], step=start)
    run.finish()
    assert rows_of(run) == rows
    folder = samples_folder(run.run_dir, "s")
    assert len(chunks(folder)) > 3 and not [
        path for path in folder.glob("0*.jsonl") if "index" not in path.name
    ]
    for chunk in chunks(folder):
        whole = gzip.decompress(chunk.sealed.read_bytes())  # any other program reads it
        with chunk.sealed.open("rb") as raw:
            assert sealing._members(raw.fileno()) == sealing._listed(raw.fileno())
        with OpenChunk(chunk) as file:
            assert (
                file.is_sealed and file.size == len(whole) and len(list(file.lines())) == whole.count(b"\n")
            )
            for offset in (0, 1, 65_535, 200_001, len(whole) - 5):
                assert file.read(offset, 70_000) == whole[offset : offset + 70_000]


def test_a_damaged_block_is_reported_and_others_are_read(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    run = begin()
    run.log_samples("s", [{"text": os.urandom(3000).hex()} for _ in range(100)])
    run.finish()
    (chunk,) = chunks(samples_folder(run.run_dir, "s"))
    file = SealedChunk(chunk.sealed)
    content = bytearray(chunk.sealed.read_bytes())
    content[file.blocks.places[1] + 200] ^= 1
    chunk.sealed.write_bytes(content)
    damaged = SealedChunk(chunk.sealed)
    assert damaged.content(0) == file.content(0)
    with pytest.raises(DamagedChunk):
        damaged.content(1)
    chunk.sealed.write_bytes(content[:-10])
    with pytest.raises(DamagedChunk):
        SealedChunk(chunk.sealed)


@pytest.mark.parametrize("size", [2**63 - 1, 2**63, 2**64 - 1])
def test_a_block_cannot_promise_more_than_its_bytes_can_hold(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    monkeypatch.setattr(sealing, "MOST_LISTED", 0)
    run = begin()
    run.log_samples("s", [{"text": "x"}])
    run.finish()
    (chunk,) = chunks(samples_folder(run.run_dir, "s"))
    content = bytearray(chunk.sealed.read_bytes())
    content[24:32] = size.to_bytes(8, "little")  # after its own size, in the extra field of the first member
    chunk.sealed.write_bytes(content)
    with pytest.raises(DamagedChunk):
        SealedChunk(chunk.sealed).content(0)


def test_a_resumed_run_and_a_forked_child_have_chunks_of_their_own(begin: Begin) -> None:
    run = begin()
    run.log_samples("s", [{"by": "parent"}]).wait(30)
    if not (child := os.fork()):
        is_written = run.log_samples("s", [{"by": "child"}]).wait(30)
        os._exit(not is_written)
    assert os.waitpid(child, 0)[1] == 0
    run.log_samples("s", [{"by": "parent again"}]).wait(30)
    run.finish()
    resumed = begin(run_id=run.id, resume=True)
    resumed.log_samples("s", [{"by": "resumed"}]).wait(30)
    folder = samples_folder(run.run_dir, "s")
    assert [chunk.number for chunk in chunks(folder)] == [0, 1, 2]
    assert [row["by"] for row in rows_of(run)] == ["parent", "parent again", "child", "resumed"]


def test_the_disk_that_is_full_for_a_while_costs_no_sample(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, failures = begin(), iter([True, True, True])
    write = os.write

    def failing(fd: int, content: Any) -> int:
        if len(content) > 50_000 and next(failures, False):
            write(fd, content[:1000])  # half a line gets through
            raise OSError(28, "No space left on device")
        return write(fd, content)

    monkeypatch.setattr(os, "write", failing)
    monkeypatch.setattr("runicorn.tracking.samples.RETRY_SECONDS", 0.01)
    run.log_samples("s", [{"n": n, "text": "x" * 60_000} for n in range(30)]).wait(30)
    monkeypatch.setattr(os, "write", write)
    assert [row["n"] for row in rows_of(run)] == list(range(30))
    (chunk,) = chunks(samples_folder(run.run_dir, "s"))
    with OpenChunk(chunk) as file:
        assert torn_bytes(file) == 0


def test_a_disabled_run_accepts_samples(tmp_path: Path) -> None:
    run = rn.init("p", "n", storage=str(tmp_path), mode="disabled")
    assert run.log_samples("s", [{"a": 1}]).wait(1) and not list(tmp_path.rglob("samples"))
    run.finish()


LOGGING = """
import sys, runicorn as rn
run = rn.init("p", "n", run_id=sys.argv[1], storage=sys.argv[2], capture_env=False, system_metrics=False)
number = 0
while True:
    batch = run.log_samples("s", [{"n": number + k, "text": "x" * 8000} for k in range(64)], step=number)
    number += 64
    batch.wait()
    print(number, flush=True)
"""


def test_no_acknowledged_sample_is_lost_by_a_kill(tmp_path: Path) -> None:
    for attempt in range(3):
        run_id = f"20260101_00000{attempt}_abcdef"
        command = [sys.executable, "-c", LOGGING, run_id, str(tmp_path)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=environment(tmp_path)
        ) as training:
            assert training.stdout is not None
            for line in training.stdout:
                acknowledged = int(line)
                if acknowledged > 5000 * (attempt + 1):
                    break
            training.send_signal(signal.SIGKILL)
        run_dir = tmp_path / "p" / "n" / "runs" / run_id
        numbers = [sample.data["n"] for sample in read_samples(run_dir, "s")]
        assert numbers == list(range(len(numbers))) and len(numbers) >= acknowledged


def test_half_a_line_is_told_and_hides_no_sample(begin: Begin) -> None:
    run = begin()
    run.log_samples("s", [{"n": 1}, {"n": 2}]).wait(30)
    run.finish()
    chunk = Chunk(0, samples_folder(run.run_dir, "s"))
    with chunk.plain.open("ab") as file:
        file.write(b'{"ts":1,"step":1,"data":{"n":')
    with OpenChunk(chunk) as opened:
        assert torn_bytes(opened) == 29
    assert [row["n"] for row in rows_of(run)] == [1, 2]
