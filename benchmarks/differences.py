"""Costs of sources and differences: `python -m benchmarks.differences`.

- sources of a tree of 2,000 files: CPU time in the training, in the process beside it, and bytes of a further run
- `init` and `log` with and without sources, in turns
- the difference of two runs of a project, and of two with 5,000 config keys and 20,000 changed lines
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources import keep
from runicorn.store import layout
from runicorn_tools.differences import engine
from runicorn_tools.differences.facts import RunFacts

FILES = 2000
ROUNDS = 7
PROGRAM = """
import resource, sys, time
import runicorn as rn
began, cpu = time.perf_counter(), time.process_time()
run = rn.init("bench", "sources", config={"lr": 0.1}, system_metrics=False)
init, durations = time.perf_counter() - began, []
clock = time.perf_counter_ns
for step in range(3000):
    at = clock()
    run.log({"loss": 0.5})
    durations.append(clock() - at)
time.sleep(2.5)  # until the process beside it has ended
spent = time.process_time() - cpu
durations.sort()
print(init * 1000, durations[1500] / 1000, durations[2970] / 1000, spent * 1000)
run.finish()
"""
LIMITS = {"beside": 20.0, "bytes": 100_000.0, "difference": 200.0}


def _tree(folder: Path) -> None:
    for number in range(FILES):
        path = folder / f"package{number % 40}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"def function_{number}_{line}(x):\n    return x * {line}\n" for line in range(60))
        path.write_text("".join(lines))
    (folder / "train.py").write_text(PROGRAM)


def _bytes(root: Path) -> int:
    sizes: dict[int, int] = {}
    for place, _, names in os.walk(root):
        for name in names:
            about = os.lstat(os.path.join(place, name))
            sizes[about.st_ino] = about.st_size
    return sum(sizes.values())


def _keep(root: Path, project: Path, number: int) -> tuple[float, int]:
    """Store the sources of a run; return CPU milliseconds with those of git, and bytes."""
    run_dir = root / "bench" / "n" / "runs" / f"20260101_000000_{number:06d}"
    run_dir.mkdir(parents=True)
    before, began = _bytes(root), _cpu()
    keep.keep(root, run_dir, ProgramStart(str(project), [], [], "train.py", dict(os.environ)))
    return (_cpu() - began) * 1000, _bytes(root) - before


def _cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _programs(project: Path, root: Path) -> None:
    results: dict[str, list[list[float]]] = {"off": [], "on": []}
    for _ in range(ROUNDS):
        for setting, rounds in results.items():
            variables = os.environ | {
                "RUNICORN_SOURCES": setting,
                "RUNICORN_DIR": str(root),
                "RUNICORN_COMPANION": "off",
                "PYTHONPATH": str(Path(__file__).parents[1]),
            }
            process = subprocess.run(
                [sys.executable, "train.py"],
                cwd=project,
                env=variables,
                capture_output=True,
                text=True,
                check=True,
            )
            rounds.append([float(word) for word in process.stdout.split()])
    names = ("init, ms", "log, median µs", "log, 99th percentile µs", "CPU of the training, ms")
    for position, name in enumerate(names):
        best = {setting: min(line[position] for line in rounds) for setting, rounds in results.items()}
        print(f"  {name:26} {best['off']:8.2f} without, {best['on']:8.2f} with sources")
    added = min(line[3] for line in results["on"]) - min(line[3] for line in results["off"])
    print(f"  sources beside the training: {added:.1f} ms of its CPU time (limit {LIMITS['beside']:.0f})")


def _sources(place: Path) -> None:
    for is_repository in (True, False):
        project, root = place / f"project{is_repository}", place / f"store{is_repository}"
        root.mkdir()
        project.mkdir()
        _tree(project)
        if is_repository:
            script = (
                "git init -q && git add -A && git -c user.name=a -c user.email=a@example.org commit -qm state"
            )
            subprocess.run(["sh", "-c", script], cwd=project, check=True)
        time.sleep(1)  # files younger than half a second are read again
        costs = [_keep(root, project, 0), _keep(root, project, 1)]
        (project / "package3" / "module3.py").write_text("x = 1\n")
        costs.append(_keep(root, project, 2))
        print(f"Sources of {FILES:,} files, {'a repository' if is_repository else 'no repository'}:")
        for name, (cpu, size) in zip(("first run", "unchanged", "one file changed"), costs, strict=True):
            print(f"  {name:18} {cpu:7.0f} ms CPU in the process beside the training, {size:9,} bytes")
        print(f"  a further run: {costs[2][1] / LIMITS['bytes']:.2f} of the limit of 100 kB")
    _programs(place / "projectTrue", place / "storeTrue")


def _run(root: Path, project: Path, number: int, keys: int) -> RunFacts:
    run_dir = root / "p" / "n" / "runs" / f"20260101_000000_{number:06d}"
    run_dir.mkdir(parents=True)
    config = {
        f"group{key % 50}": {f"key{inner}": inner * number for inner in range(key % 50, keys, 50)}
        for key in range(50)
    }
    packages = [f"package{item}=={number}.{item}" for item in range(400)]
    layout.write_json(run_dir / layout.META, {"id": run_dir.name})
    layout.write_json(run_dir / layout.CONFIG, config)
    layout.write_json(run_dir / layout.ENVIRONMENT, {"pip_packages": packages})
    (project / "train.py").write_text("".join(f"x{line} = {line * number}\n" for line in range(keys * 4)))
    keep.keep(root, run_dir, ProgramStart(str(project), [], [], "train.py", {}))
    return RunFacts(root, run_dir)


def _milliseconds(function: Callable[[], object]) -> float:
    durations = []
    for _ in range(ROUNDS):
        began = time.process_time()
        function()
        durations.append((time.process_time() - began) * 1000)
    return statistics.median(durations)


def _differences(place: Path) -> None:
    for keys in (50, 5000):
        root, project = place / f"differences{keys}", place / f"code{keys}"
        root.mkdir()
        project.mkdir()
        a, b = (_run(root, project, number, keys) for number in (1, 2))
        cost = _milliseconds(
            lambda a=a, b=b: engine.compare(RunFacts(a.root, a.folder), [RunFacts(b.root, b.folder)])  # type: ignore[misc]
        )
        share = cost / LIMITS["difference"]
        print(
            f"Difference of {keys:,} keys and {keys * 4:,} changed lines: {cost:.0f} ms, {share:.2f} of the limit of 200 ms"
        )


def main() -> None:
    """Print all costs."""
    with tempfile.TemporaryDirectory() as place:
        _sources(Path(place))
        _differences(Path(place))


if __name__ == "__main__":
    main()
