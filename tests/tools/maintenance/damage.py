"""A store with a little of everything, and random faults in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import runicorn as rn
from runicorn.artifacts.store import FILES, INDEX, MANIFEST, METADATA

Fault = Callable[[Path, Random], None]


def make_store(root: Path, work: Path) -> None:
    """Three finished runs with a log and media, and two versions of artifacts."""
    (work / "data").mkdir(parents=True)
    for n in range(4):
        (work / "data" / f"{n}.bin").write_bytes(Random(n).randbytes(3000 + n))
    for n in range(3):
        run = rn.init("p", f"n{n}", storage=root, capture_env=False, system_metrics=False, config={"n": n})
        for step in range(1, 301):
            run.log({"loss": 1 / step, "acc": step / 300}, step=step)
            if step % 60 == 0:
                run.log_text(f"step {step}")
                run.log_image("sample", Random(step).randbytes(2000))
        run.log_table("rows", [{"a": 1, "b": 2.5}])
        run.log_samples("rollouts", [{"id": k, "text": Random(k).randbytes(2000).hex()} for k in range(100)])
        run.summary({"best": n})
        if n < 2:
            run.log_artifact(rn.Artifact("data", "dataset").add_dir(work / "data"))
            (work / "data" / "0.bin").write_bytes(b"second version")
        run.finish()


def delete(path: Path, chance: Random) -> None:
    path.unlink()


def truncate(path: Path, chance: Random) -> None:
    size = len(path.read_bytes().rstrip())  # without the checksum of a small file, which is no data
    os.chmod(path, 0o600)
    os.truncate(path, chance.randrange(size))


def flip(path: Path, chance: Random) -> None:
    """Flip one bit of one byte."""
    os.chmod(path, 0o600)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def flip_digit(path: Path, chance: Random) -> None:
    """Flip the lowest bit of a digit, which mostly keeps JSON valid."""
    content = bytearray(path.read_bytes())
    digits = [i for i, byte in enumerate(content) if byte in b"0123456789"]
    content[chance.choice(digits)] ^= 1
    os.chmod(path, 0o600)
    path.write_bytes(content)


def repeat_line(path: Path, chance: Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    at = chance.randrange(len(lines))
    path.write_bytes(b"".join([*lines[: at + 1], *lines[at:]]))


def swap_lines(path: Path, chance: Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    first, other = chance.sample(range(len(lines)), 2)
    lines[first], lines[other] = lines[other], lines[first]
    path.write_bytes(b"".join(lines))


def faults(root: Path) -> list[tuple[Fault, Path]]:
    """All faults that the store has a record against."""
    pairs: list[tuple[Fault, Path]] = []
    for run in sorted(root.glob("*/*/runs/*")):
        journal = (delete, truncate, flip, flip, flip, repeat_line, swap_lines)
        pairs += [(fault, run / "events.jsonl") for fault in journal]
        pairs += [(fault, run / "logs.txt") for fault in (delete, truncate, flip)]
        for path in sorted((run / "samples" / "rollouts").iterdir()):
            is_sealed = path.suffix == ".gz"
            pairs += [(fault, path) for fault in ((delete, truncate, flip) if is_sealed else (delete, flip))]
        for name in ("meta.json", "status.json"):
            pairs += [(fault, run / name) for fault in (delete, truncate, flip, flip_digit)]
        for name in ("config.json", "summary.json"):
            pairs += [(fault, run / name) for fault in (truncate, flip, flip_digit)]
        if (run / "artifacts_created.json").exists():
            pairs += [(fault, run / "artifacts_created.json") for fault in (delete, truncate, flip)]
        pairs += [
            (fault, path) for path in sorted((run / "media").iterdir()) for fault in (delete, truncate, flip)
        ]
    for version in sorted(root.glob("artifacts/dataset/*/v[0-9]*")):
        small = (delete, truncate, flip, flip_digit)
        pairs += [(fault, version / name) for name in (MANIFEST, METADATA) for fault in small]
        pairs += [
            (fault, path)
            for path in sorted((version / FILES).rglob("*.bin"))
            for fault in (delete, truncate, flip)
        ]
    for artifact in sorted(root.glob("artifacts/dataset/*")):
        pairs += [(fault, artifact / INDEX) for fault in (delete, truncate, flip_digit)]
    for blob in sorted((root / "artifacts" / ".dedup").glob("??/*")):
        pairs += [(truncate, blob), (flip, blob)]
    return pairs


def copy_store(source: Path, target: Path) -> Path:
    """Copy a store; contents that are links into the pool stay so."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=_copy_or_link(source, target))
    return target


def _copy_or_link(source: Path, target: Path) -> Callable[[str, str], object]:
    links: dict[int, str] = {}

    def copy(path: str, other: str) -> object:
        inode = os.stat(path).st_ino
        if inode in links:
            return os.link(links[inode], other)
        links[inode] = other
        return shutil.copy2(path, other)

    return copy
