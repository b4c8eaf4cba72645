"""Samples: `log_samples`, the first index, and questions to a set of many.

    python -m benchmarks.samples [rows] [folder]

Rows are texts of 8 kB of words with the frequencies of a language. Times of the index are CPU seconds of the processes
that build it; times of questions are medians of requests within the process, without a network.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import runicorn as rn
from runicorn.store.samples.writer import SampleWriter
from samples.query import table, where
from samples.query.table import Filter
from samples.store.index import SampleIndex

LIMITS = {"log_samples": 5.0, "first page": 100.0, "condition": 150.0, "search": 150.0, "sort": 150.0}
"""Milliseconds."""
RARE = "zyzzyva"


def texts(count: int, length: int = 8000) -> list[str]:
    chance = random.Random(7)
    letters = "etaoinshrdlucmfwypvbgk"
    vocabulary = [
        "".join(chance.choice(letters) for _ in range(chance.randint(2, 10))) for _ in range(30_000)
    ]
    weights = [1 / (n + 3) for n in range(len(vocabulary))]
    words = chance.choices(vocabulary, weights, k=400_000)
    result = []
    for _ in range(count):
        start = chance.randrange(len(words) - 2000)
        result.append(" ".join(words[start : start + 1500])[:length])
    return result


def row(number: int, text: str) -> dict[str, Any]:
    chance = number * 2654435761 % 1000 / 1000
    return {
        "id": f"prompt/{number % 4096}",
        "group": f"prompt/{number % 512}",
        "prompt": text[:400],
        "completion": f"{RARE} {text[400:]}" if number % 100_003 == 77 else text[400:],
        "reward": chance,
        "rewards": {"format": float(chance > 0.5), "correct": chance},
        "truncated": chance < 0.03,
        "tool_calls": number % 7,
    }


def write(run_dir: Path, rows: int) -> None:
    pool = texts(2048)
    with SampleWriter(run_dir, "rollouts") as writer:
        for step, start in enumerate(range(0, rows, 512)):
            writer.append(
                (row(n, pool[n * 31 % len(pool)]) for n in range(start, min(start + 512, rows))), step=step
            )


def milliseconds(work: Callable[[], Any], rounds: int = 7) -> tuple[float, float]:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), min(times)


def training(folder: Path) -> None:
    pool = texts(512)
    rows = [row(n, text) for n, text in enumerate(pool)]
    run = rn.init("bench", "samples", storage=str(folder), capture_env=False, system_metrics=False)
    run.log_samples("warm", rows[:1]).wait()
    times = []
    for step in range(15):
        began = time.perf_counter()
        batch = run.log_samples("rollouts", rows, step=step)
        times.append((time.perf_counter() - began) * 1000)
        batch.wait()
    run.finish()
    show(
        "log_samples", f"512 samples of 8 kB: {statistics.median(times):.2f} ms median, {min(times):.2f} best"
    )


def questions(index: SampleIndex) -> None:
    last = 0

    def ask(query: Filter, order: str = "", page: int = 1) -> Callable[[], None]:
        def once() -> None:
            nonlocal last
            with index.pieces() as pieces:
                selection = table.select(pieces, query)
                if order:
                    selection = table.ordered(selection, order, page * 50)
                last = table.page(index.source, selection, page, 50).total

        return once

    condition = where.parse("reward < 0.2 and truncated and tool_calls > 3")
    for name, label, work in (
        ("first page", "first page", ask(Filter())),
        ("first page", "page 10,000", ask(Filter(), page=10_000)),
        ("first page", "a step", ask(Filter(step=700))),
        ("condition", "reward < 0.2 and truncated and tool_calls > 3", ask(Filter(node=condition))),
        ("sort", "sorted by reward", ask(Filter(), "-reward")),
        ("search", f"a rare word ({RARE})", ask(Filter(text=RARE))),
        ("search", "a frequent word", ask(Filter(text=texts(1)[0].split()[5]))),
        ("search", "a word that is nowhere", ask(Filter(text="qqqqqqq"))),
        ("search", "a sample over all steps", ask(Filter(sample="prompt/77"))),
    ):
        median, best = milliseconds(work)
        show(
            name,
            f"{label}: {median:.0f} ms median, {best:.0f} best, {last:,} samples (limit {LIMITS[name]:.0f})",
        )


def decompression() -> float:
    """Return microseconds for the decompression of 8 kB, the part of the index that is not ours."""
    content = "".join(texts(64)).encode()
    packed = zlib.compress(content, 1)
    began = time.process_time()
    for _ in range(20):
        zlib.decompress(packed)
    return (time.process_time() - began) / 20 / 64 * 1e6


def scripts(folder: Path) -> None:
    """Index texts that are not ASCII."""
    pool = texts(256)
    for label, rows in (
        ("ASCII", pool),
        ("typographic quotes", [text.replace(" a", " “it’s”—a") for text in pool]),
        ("Chinese", ["模型的输出包含推理过程，以及工具调用。" * 145] * len(pool)),
        ("Russian", ["Модель отвечает на Вопросы " * 165] * len(pool)),
    ):
        run_dir = folder / f"script-{label}"
        run_dir.mkdir()
        with SampleWriter(run_dir, "one") as writer:
            writer.append(row(n, text) for n, text in enumerate(rows * 4))
        index = SampleIndex(run_dir, "one", folder / f"index-{label}")
        began = time.process_time()
        index.catch_up()
        show(
            "scripts",
            f"{label}: {(time.process_time() - began) / len(rows) / 4 * 1e6:.0f} CPU µs a sample of 8 kB",
        )


def show(name: str, text: str) -> None:
    print(f"{name:12} {text}", flush=True)


def main(rows: int, folder: Path) -> None:
    training(folder / "store")
    run_dir = folder / "run"
    if not run_dir.exists():
        run_dir.mkdir()
        began = time.process_time()
        write(run_dir, rows)
        show("write", f"{rows:,} samples in {time.process_time() - began:.0f} CPU s")
    index = SampleIndex(run_dir, "rollouts", folder / f"index-{os.getpid()}")
    began, wall = time.process_time(), time.perf_counter()
    index.catch_up(4 * 2**20)
    show("index", f"the first samples after {time.perf_counter() - wall:.2f} s")
    index.catch_up()
    seconds = time.process_time() - began
    show(
        "index",
        f"{rows:,} samples in {seconds:.0f} CPU s: {seconds / 2:.0f} s with two processes (limit {rows * 60e-6:.0f}); "
        f"{seconds / rows * 1e6:.0f} µs a sample, of which {decompression():.0f} to decompress it",
    )
    size = sum(path.stat().st_size for path in index.folder.iterdir())
    show(
        "index",
        f"{size / 2**20:,.0f} MB; peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB",
    )
    questions(index)
    show(
        "memory",
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB with Python and NumPy",
    )
    document(folder)
    if not (folder / "script-ASCII").exists():
        scripts(folder)


def document(folder: Path) -> None:
    run_dir = folder / "document"
    run_dir.mkdir(exist_ok=True)
    with SampleWriter(run_dir, "one") as writer:
        writer.append([{"id": "x", "messages": [{"role": "user", "content": "word " * 25_400_000}]}])
    index = SampleIndex(run_dir, "one", folder / f"index-one-{os.getpid()}")
    began = time.perf_counter()
    index.catch_up()
    indexed = time.perf_counter() - began
    began = time.perf_counter()
    with index.pieces() as pieces, table.Lines(index.source, pieces) as lines:
        line = table.read_row(lines, pieces, table.RowPlace(0, 0))
    assert line is not None
    seconds = time.perf_counter() - began
    show("document", f"127 MB opened in {seconds:.2f} s (limit 2), indexed before in {indexed:.1f} s")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        main(count, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(count, Path(place))
