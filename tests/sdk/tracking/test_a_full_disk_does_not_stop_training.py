"""The disk is full: one warning, the training goes on, and the end says what is missing."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn.store.journal.records import metric_records
from tests.sdk.tracking.limited_disks import small_disk
from tests.sdk.tracking.scripts import Script, only_run
from tests.waiting import until

FILLS = """
run = rn.init("p", "n", storage=sys.argv[1], system_metrics=False)
run.set_primary_metric("loss", "min")
for step in range(1, 3001):
    run.log({"loss": 1 / step, "text": "x" * 100}, step=step)
run.log_text("a last word")
run.summary({"a": 1})
run.log_image("sample", b"x" * 100_000)
print("trained", flush=True)
if sys.argv[2] == "free":
    os.unlink(os.path.join(sys.argv[1], "ballast"))
    run.log({"loss": 0.5}, step=5000)
run.finish()
"""
LIMITED = """
import resource
run = rn.init("p", "n", storage=sys.argv[1], system_metrics=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for step in range(1, 1001):
    run.log({"loss": 1 / step, "text": "x" * 100}, step=step)
print("trained", flush=True)
"""


def _whole_steps(path: Path) -> list[int]:
    steps = []
    # What has no newline yet is not written, even if only the newline is missing.
    for line in (path / "events.jsonl").read_bytes().split(b"\n")[:-1]:
        try:
            steps.append(json.loads(line)["data"]["global_step"])
        except (ValueError, KeyError):
            continue
    return steps


def metric_steps(path: Path) -> list[int]:
    return [record["global_step"] for record in metric_records(path)]


def _missing(stderr: str) -> int:
    match = re.search(r"is incomplete\. Not written: ([\d,]+) records of the journal", stderr)
    assert match, stderr
    return int(match.group(1).replace(",", ""))


def test_training_goes_on_and_the_missing_records_are_counted(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        ended = script(FILLS, str(disk), "full")
        assert ended.end() == 0 and "trained" in ended.stdout
        there = _whole_steps(only_run(disk).path)
        assert only_run(disk).status == "finished"
    assert ended.stderr.count("The program continues") == 1
    assert len(there) + _missing(ended.stderr) == 3000
    assert there == list(range(1, len(there) + 1))


def test_records_of_a_full_disk_are_written_when_there_is_room_again(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "1536k") as disk:
        (disk / "ballast").write_bytes(b"x" * 1_200_000)
        ended = script(FILLS, str(disk), "free")
        assert ended.end() == 0
        run = only_run(disk)
        assert _whole_steps(run.path) == [*range(1, 3001), 5000] and run.status == "finished"
        counts = run.json("status")
        assert (counts["records_written"], counts["records_missing"]) == (3001, 0)
        assert metric_steps(run.path) == [*range(1, 3001), 5000]
        assert b"}{" not in (run.path / "events.jsonl").read_bytes()
    assert "records of the journal" not in ended.stderr


def test_the_status_file_says_how_many_records_are_missing(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        ended = script(FILLS, str(disk), "full")
        assert ended.end() == 0
        there, counts = _whole_steps(only_run(disk).path), only_run(disk).json("status")
    assert counts["records_written"] == len(there)
    assert counts["records_missing"] == 3000 - len(there) == _missing(ended.stderr)


def test_the_status_file_of_a_running_run_has_the_missing_records(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    def counted() -> dict[str, Any]:
        with suppress(ValueError):
            status = only_run(disk).json("status")
            if status.get("records_written", 0) + status.get("records_missing", 0) == 3000:
                return status
        return {}

    with small_disk(tmp_path / "disk") as disk:
        waiting = script(FILLS.replace("run.finish()", "input()"), str(disk), "full")
        assert waiting.hear() == "trained"
        # It is written every few seconds, also while the training still logs, and in its place.
        status = until(counted)
        assert status["status"] == "running" and status["records_missing"] > 0
        waiting.signal(signal.SIGKILL)
        waiting.end()


def test_a_file_size_limit_is_handled_like_a_full_disk(script: Callable[..., Script], folder: Path) -> None:
    ended = script(LIMITED, str(folder))
    assert ended.end() == 0 and "trained" in ended.stdout
    assert ended.stderr.count("The program continues") == 1
    there = _whole_steps(only_run(folder).path)
    assert len(there) + _missing(ended.stderr) == 1000
    assert only_run(folder).status == "finished"
