"""A million samples of 8 kB behind a real viewer: the first index, questions over HTTP, memory, and freshness.

The chunks of the set are links to one of them, so that a million samples take no 5 GB of disk: all are read from the
cache of the system. Freshness is the time from the write of a framework to the answer that has the sample: of a training
that logs itself, and of a verifiers file in a folder that `runicorn watch` follows.

Usage: python -m benchmarks.samples_served [samples]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil

import runicorn as rn
from benchmarks.samples import RARE, texts, write
from benchmarks.support.journals import write_run
from benchmarks.support.processes import Viewer, environment
from benchmarks.support.rounds import line, percentile, viewer, workplace
from benchmarks.support.waiting import until
from runicorn.store.samples.names import Chunk, chunks, samples_folder
from runicorn.store.samples.reader import read_index

ROWS = 1_000_000
RUN = "20260101_000000_000001"
INDEX_SECONDS, PAGE_MS, QUESTION_MS, MEMORY_MB, FRESH_SECONDS = 60.0, 100.0, 150.0, 100.0, 10.0
REPEATS = 9
MB = 1e6


def main(rows: int) -> bool:
    with workplace() as (root, home):
        count = fill(write_run(root, RUN, [range(10)], ["loss"]).parent, rows)
        with viewer(root, home) as server:
            within_limits = index(server, count)
        # Of a viewer that has not indexed anything itself.
        with viewer(root, home) as server:
            within_limits &= questions(server)
            within_limits &= freshness_of_a_training(server, root)
            return within_limits & freshness_of_a_watched_folder(server, root, home)


def fill(run_dir: Path, rows: int) -> int:
    """Write a set of at least so many samples; return their number."""
    write(run_dir, min(50_000, rows))
    written_chunks = chunks(samples_folder(run_dir, "rollouts"))
    rows_by_chunk = [sum(entry.rows for entry in read_index(chunk)) for chunk in written_chunks]
    source, number, count = written_chunks[0], written_chunks[-1].number, sum(rows_by_chunk)
    while count < rows:
        number += 1
        link = Chunk(number, source.folder)
        os.link(source.sealed, link.sealed)
        os.link(source.index, link.index)
        count += rows_by_chunk[0]
    return count


def rows_of(server: Viewer, run_id: str = RUN, name: str = "rollouts", **query: Any) -> Any:
    return server.get(f"/api/v2/experiments/{run_id}/samples/{name}", params={"per_page": 50, **query})


def index(server: Viewer, count: int) -> bool:
    began = time.perf_counter()
    answer = rows_of(server).json()
    first = time.perf_counter() - began
    while answer["pending"]:
        time.sleep(1.0)  # a question takes time of the processes that index
        answer = rows_of(server).json()
    took = time.perf_counter() - began
    assert answer["total"] == count, answer["total"]
    line("first answer, of the samples that are indexed by then", first, "s")
    return line(f"{count:,} samples indexed", took, "s", INDEX_SECONDS * max(count / ROWS, 0.05))


def questions(server: Viewer) -> bool:
    process = psutil.Process(server.process.pid)
    rest = process.memory_info().rss
    condition = "reward < 0.2 and truncated and tool_calls > 3"
    cases: dict[str, tuple[dict[str, Any], float | None]] = {
        "first page": ({}, PAGE_MS),
        "page 10,000": ({"page": 10_000}, PAGE_MS),
        condition: ({"where": condition}, QUESTION_MS),
        "sorted by reward": ({"order_by": "-reward"}, None),
        "sorted by a text": ({"order_by": "id"}, None),
        "a rare word": ({"q": RARE}, QUESTION_MS),
        "a frequent word": ({"q": texts(1)[0].split()[5]}, QUESTION_MS),
        "a word that is nowhere": ({"q": "qqqqqqq"}, QUESTION_MS),
    }
    within_limits = True
    for label, (query, limit) in cases.items():
        within_limits &= line(f"{label}, over HTTP", median(partial(rows_of, server, **query)), "ms", limit)
    return within_limits & line(
        "memory of the viewer, more", (process.memory_info().rss - rest) / MB, "MB", MEMORY_MB
    )


def median(ask: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        ask().raise_for_status()
        times.append((time.perf_counter() - began) * 1000)
    return percentile(times, 0.5)


def freshness_of_a_training(server: Viewer, root: Path) -> bool:
    run = rn.init("bench", "training", storage=str(root), capture_env=False, system_metrics=False)
    run.log_samples("rollouts", [{"id": "0", "prompt": "a", "reward": 0.0}], step=0).wait()
    until(lambda: rows_of(server, run.id).ok)
    times = []
    for step in range(1, 6):
        began = time.perf_counter()
        run.log_samples("rollouts", [{"id": str(step), "prompt": "a", "reward": 1.0}], step=step)
        until(partial(has_step, server, run.id, step))
        times.append(time.perf_counter() - began)
    run.finish()
    return line("from log_samples to the answer that has it, the slowest", max(times), "s", FRESH_SECONDS)


def has_step(server: Viewer, run_id: str, step: int) -> bool:
    return bool(rows_of(server, run_id, step=step).json()["total"])


def freshness_of_a_watched_folder(server: Viewer, root: Path, home: Path) -> bool:
    folder = home / "outputs" / "evals" / "gsm8k--model" / "a1b2c3d4"
    folder.mkdir(parents=True)
    about = {"env_id": "gsm8k", "model": "model", "num_examples": 99, "rollouts_per_example": 1}
    (folder / "metadata.json").write_text(json.dumps(about))
    results = folder / "results.jsonl"
    with watching(root, home / "outputs", home), results.open("a") as file:
        times = []
        for number in range(5):
            text = f"watched {number}"
            row = {
                "example_id": number,
                "prompt": [{"role": "user", "content": text}],
                "completion": [{"role": "assistant", "content": "42"}],
                "reward": 1.0,
            }
            began = time.perf_counter()
            file.write(json.dumps(row) + "\n")
            file.flush()
            until(partial(has_watched, server, number + 1))
            times.append(time.perf_counter() - began)
    return line("from a file of verifiers to the answer that has it", max(times), "s", FRESH_SECONDS)


@contextmanager
def watching(root: Path, folder: Path, home: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "runicorn", "watch", str(folder), "--storage", str(root)]
    follower = subprocess.Popen(command, env=environment(home), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        follower.terminate()
        follower.wait(30)


def has_watched(server: Viewer, count: int) -> bool:
    """Return whether the runs that are not those of this benchmark have so many samples."""
    rows = 0
    for run in server.get("/api/v2/experiments", params={"per_page": 50}).json()["experiments"]:
        if run["id"] == RUN or run["project"] == "bench":
            continue
        for entry in server.get(f"/api/v2/experiments/{run['id']}/samples").json()["samples"]:
            rows += entry["rows"]
    return rows >= count


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
