"""Archives of a store, compared with `zip -0` and `unzip` of the same folders, each with `sync`.

python -m benchmarks.export [GIBIBYTES]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.support.rounds import line
from runicorn.store import find
from runicorn_tools.archives import write
from runicorn_tools.archives.read import import_archive

RUNS = 1000
RECORDS = 200
ROUNDS = 3


def main(gibibytes: float) -> None:
    with tempfile.TemporaryDirectory(prefix="runicorn-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        write_runs(small, RUNS)
        write_runs(large, 4)
        for run in find.all_runs(large):
            with (large / run / "model.bin").open("wb") as file:
                for _ in range(int(gibibytes * 2**30 / 4 / 2**24)):
                    file.write(os.urandom(2**24))
        compare(f"{RUNS:,} runs of {RECORDS} records", small, Path(folder), 2.5)
        compare(f"{gibibytes:g} GiB in 4 runs", large, Path(folder), 1.5)


def write_runs(root: Path, count: int) -> None:
    """Write runs with the usual files."""
    journal = b"".join(
        b'{"ts": %d.5, "type": "metrics", "data": {"loss": 0.%d, "global_step": %d}}\n' % (n, n, n)
        for n in range(RECORDS)
    )
    for number in range(count):
        run = root / "bench" / f"net{number % 10}" / "runs" / f"20260101_000000_{number:06d}"
        run.mkdir(parents=True)
        for name in ("meta", "status", "summary", "config"):
            (run / f"{name}.json").write_text(f'{{"status": "finished", "id": "{number}"}}')
        (run / "events.jsonl").write_bytes(journal)
        (run / "logs.txt").write_bytes(b"a line of the log\n" * 50)


def compare(what: str, root: Path, folder: Path, limit: float) -> None:
    """Export and import a store, alternating with the other programs."""
    ours, theirs = folder / "ours.zip", folder / "theirs.zip"
    runs = list(find.all_runs(root))

    def pack() -> None:
        first, entries = write.about(runs, ()), write.run_entries(root, runs)
        write.to_file(ours, lambda file: write.write_zip(file, first, entries))

    def zip_it() -> None:
        subprocess.run(["zip", "-0", "-q", "-r", theirs, "."], cwd=root, check=True)
        subprocess.run(["sync", theirs], check=True)

    def import_it() -> None:
        (folder / "into").mkdir()
        with ours.open("rb") as file:
            import_archive(folder / "into", file)

    def unzip_it() -> None:
        subprocess.run(["unzip", "-q", theirs, "-d", folder / "beside"], check=True)
        subprocess.run(["sync", "-f", folder], check=True)

    packing = ratio(pack, zip_it, [ours, theirs])
    line(f"export, {what}, to zip -0 + sync", packing, "times", limit)
    pack()
    zip_it()
    line(
        f"import, {what}, to unzip + sync",
        ratio(import_it, unzip_it, [folder / "into", folder / "beside"]),
        "times",
    )
    for path in (ours, theirs):
        path.unlink()


def ratio(ours: Callable[[], object], peer: Callable[[], object], results: list[Path]) -> float:
    """Return the ratio of the medians of several rounds; created files are removed before each."""
    pairs = []
    for _ in range(ROUNDS):
        times = []
        for work in (ours, peer):
            for path in results:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            subprocess.run(["sync"], check=True)
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        pairs.append(times)
    for path in results:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return sorted(own for own, _ in pairs)[ROUNDS // 2] / sorted(other for _, other in pairs)[ROUNDS // 2]


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
