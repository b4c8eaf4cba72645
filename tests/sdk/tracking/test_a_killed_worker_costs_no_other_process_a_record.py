"""A process that is killed within a write leaves half a line; the records of other processes stay readable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.store.journal.checksums import seal
from runicorn.store.journal.records import metric_records
from tests.sdk.tracking.scripts import Script, only_run

FORKED = """
import random
run = rn.init(system_metrics=False, capture_env=False)
text, acknowledged = "x" * 12_000, 0
chance = random.Random(int(sys.argv[2]))
for kill in range(int(sys.argv[1])):
    if kill and kill % 40 == 0:
        print(acknowledged, flush=True)
    pid = os.fork()
    if pid == 0:
        while True:
            run.log({"who": "worker", "text": text})
    deadline = time.monotonic() + chance.uniform(0.001, 0.01)
    while time.monotonic() < deadline:
        acknowledged += 1
        run.log({"who": "trainer"}, step=acknowledged)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    for _ in range(3):
        acknowledged += 1
        run.log({"who": "trainer"}, step=acknowledged)
print(acknowledged, flush=True)
run.finish()
"""
OPENED = """
run = rn.init(run_id="20260101_000000_aaaaaa", resume=True, system_metrics=False, capture_env=False)
print("ready", flush=True)
if sys.argv[1] == "worker":
    while True:
        run.log({"who": "worker", "text": "x" * 12_000})
step = 0
for line in sys.stdin:
    for _ in range(20):
        step += 1
        run.log({"who": "trainer"}, step=step)
    print(step, flush=True)
"""


def _readable_by_lines(path: Path) -> list[int]:
    """The trainer's steps as any reader of JSON lines finds them."""
    steps = []
    for line in (path / "events.jsonl").read_bytes().split(b"\n"):
        try:
            data = json.loads(line)["data"]
        except ValueError:
            continue
        if data["who"] == "trainer":
            steps.append(data["global_step"])
    return steps


def _kill_workers(script: Callable[..., Script], folder: Path, kills: int) -> None:
    ended = script(FORKED, str(kills), "7")
    acknowledged = [int(ended.hear()) for _ in range(0, kills, 40)][-1]
    assert ended.end() == 0, ended.stderr
    expected = list(range(1, acknowledged + 1))
    assert _readable_by_lines(only_run(folder).path) == expected
    records = list(metric_records(only_run(folder).path))
    assert [record["global_step"] for record in records if record["who"] == "trainer"] == expected
    assert only_run(folder).json("status")["records_written"] == len(records)


def test_a_killed_forked_worker_swallows_no_record(script: Callable[..., Script], folder: Path) -> None:
    _kill_workers(script, folder, 40)


@pytest.mark.torture
def test_a_thousand_killed_workers_swallow_no_record(script: Callable[..., Script], folder: Path) -> None:
    _kill_workers(script, folder, 1000)


def test_a_killed_process_that_opened_the_run_itself_swallows_no_record(
    script: Callable[..., Script], folder: Path
) -> None:
    trainer = script(OPENED, "trainer")
    assert trainer.hear() == "ready"
    acknowledged = 0
    for _ in range(4):
        worker = script(OPENED, "worker")
        assert worker.hear() == "ready"
        for _ in range(20):
            trainer.tell("")
            acknowledged = int(trainer.hear())
        worker.signal(9)
        worker.process.wait(60)
        trainer.tell("")
        acknowledged = int(trainer.hear())
    trainer.end()
    records = metric_records(only_run(folder).path)
    steps = [record["global_step"] for record in records if record["who"] == "trainer"]
    assert steps == list(range(1, acknowledged + 1))


def test_a_record_behind_half_a_line_is_read(tmp_path: Path) -> None:
    line = seal(b'{"ts":1.0,"type":"metrics","data":{"loss":0.5,"global_step":1}}')
    (tmp_path / "events.jsonl").write_bytes(line[:-30] + line + line[1:])
    assert list(metric_records(tmp_path)) == [{"loss": 0.5, "global_step": 1}]


def test_a_journal_of_one_process_has_no_empty_lines(script: Callable[..., Script], folder: Path) -> None:
    ended = script(
        "run = rn.init()\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)\n"
        "for step in range(5):\n    run.log(loss=step)\n"
    )
    assert ended.end() == 0
    assert b"\n\n" not in (only_run(folder).path / "events.jsonl").read_bytes()
