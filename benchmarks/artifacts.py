"""Storing and fetching artifacts, compared with `cp`, `sync` and `sha256sum`.

python -m benchmarks.artifacts [GIBIBYTES]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.support.rounds import line
from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.create import Draft, save
from runicorn.artifacts.store import Store

SMALL_FILES = 10_000
ROUNDS = 3


def main(gibibytes: float) -> None:
    with tempfile.TemporaryDirectory(prefix="runicorn-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        # Lazy imports are not measured.
        warm = {str(number): Path(folder) / f"warm-{number}" for number in range(20)}
        for name, path in warm.items():
            path.write_text(name)
        save(Store(Path(folder) / "warm-store"), Draft("warm", "model", files=warm))
        one_large(Path(folder), int(gibibytes * 2**30))
        many_small(Path(folder))


def one_large(folder: Path, size: int) -> None:
    """One file: saved, saved again unchanged and changed, and downloaded."""
    source = folder / "large.bin"
    with source.open("wb") as file:
        for _ in range(size // 2**26):
            file.write(os.urandom(2**26))
    _run("sync")
    draft = Draft("large", "model", files={"large.bin": source})
    firsts, peers = [], []
    with _Memory() as memory:
        for turn in range(ROUNDS):
            shutil.rmtree(folder / "store", ignore_errors=True)
            _run("sync")
            firsts.append(_timed(lambda: save(Store(folder / "store"), draft)))
            copy = folder / f"copy-{turn}"
            _run("sync")
            peers.append(
                _timed(lambda copy=copy: (_run("cp", source, copy), _run("sync"), _run("sha256sum", source)))
            )
            copy.unlink()
        store = Store(folder / "store")
        again, hashing = _alternating(lambda: save(store, draft), lambda: _run("sha256sum", source))
        changed, copying = _changed(store, draft, source, folder / "copy")
        artifact = Artifact.of(store.find("large").existing(1))

        def nothing_there() -> None:
            # Otherwise the next copy would pay for unwritten data of the last one.
            shutil.rmtree(folder / "out", ignore_errors=True)
            (folder / "copy").unlink(missing_ok=True)
            _run("sync")

        download, reading = _alternating(
            lambda: artifact.download(folder / "out"),
            lambda: (_run("cp", source, folder / "copy"), _run("sha256sum", source)),
            nothing_there,
        )
    gib = f"{size / 2**30:.1f} GiB"
    line(f"first save of {gib}, to cp + sync + sha256sum", _middle(firsts) / _middle(peers), "times", 1.3)
    line("the same again, to sha256sum", again / hashing, "times", 1.1)
    line("the same with another content, to cp + sha256sum", changed / copying, "times", 1.2)
    line("download (verified), to cp + sha256sum", download / reading, "times")
    line("peak memory of this", memory.growth, "MB", 50)
    for path in (source, folder / "copy", folder / "out", folder / "store"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _changed(store: Store, draft: Draft, source: Path, copy: Path) -> tuple[float, float]:
    """Return the median seconds of saving a file of which a page was changed, and of copying and hashing it."""
    pairs = []
    for turn in range(ROUNDS):
        with source.open("r+b") as file:
            file.seek(turn * 2**20)
            file.write(os.urandom(4096))
        copy.unlink(missing_ok=True)
        _run("sync")
        own = _timed(lambda: save(store, draft))
        _run("sync")
        pairs.append((own, _timed(lambda: (_run("cp", source, copy), _run("sha256sum", source)))))
    return _middle([own for own, _ in pairs]), _middle([other for _, other in pairs])


def many_small(folder: Path) -> None:
    """Ten thousand files of 1 kB."""
    sources = folder / "many"
    sources.mkdir()
    for number in range(SMALL_FILES):
        (sources / f"{number}.txt").write_bytes(os.urandom(1024))
    _run("sync")
    store = Store(folder / "store")
    files = {path.name: path for path in sources.iterdir()}
    saves, peers = [], []
    for turn in range(ROUNDS):
        saves.append(_timed(lambda turn=turn: save(store, Draft(f"many-{turn}", "dataset", files=files))))
        shutil.rmtree(folder / "store")
        copy = folder / f"copy-{turn}"
        peers.append(_timed(lambda copy=copy: (_run("cp", "-r", sources, copy), _run("sync"))))
        shutil.rmtree(copy)
    line(f"{SMALL_FILES:,} small files, to cp -r + sync", _middle(saves) / _middle(peers), "times", 4)


def _alternating(
    ours: Callable[[], object], peer: Callable[[], object], before: Callable[[], object] = lambda: None
) -> tuple[float, float]:
    pairs = []
    for _ in range(ROUNDS):
        before()
        own = _timed(ours)
        before()
        pairs.append((own, _timed(peer)))
    return _middle([own for own, _ in pairs]), _middle([other for _, other in pairs])


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


class _Memory:
    """Peak growth of the resident memory in MB, sampled every 20 ms."""

    growth = 0.0

    def __enter__(self) -> _Memory:
        self._before = self._now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self.growth = max(self.growth, self._now() - self._before)

    @staticmethod
    def _now() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 4.0)
