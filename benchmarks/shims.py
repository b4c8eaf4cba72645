"""`wandb.log` through the shim, compared with `Run.log` and with the real W&B in offline mode.

Each case is a process that logs five metrics; cases alternate, and the median of all calls counts. The real W&B is
measured if it is installed (requirements-integrations.txt).

python -m benchmarks.shims
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.support.rounds import alternating, line

CALLS = 3000
OURS, REAL = 2.0, 0.1
PROGRAM = """
import statistics, time
{start}
metrics = {{"train/loss": 0.123, "train/acc": 0.987, "lr": 0.001, "grad_norm": 1.234, "epoch": 3.0}}
clock, durations = time.perf_counter_ns, []
for _ in range({calls}):
    began = clock()
    log(metrics)
    durations.append(clock() - began)
print("median", statistics.median(durations) / 1000, flush=True)
"""
CASES = {
    "Run.log": "import runicorn; log = runicorn.init('bench', system_metrics=False).log",
    "wandb.log through the shim": "import wandb; wandb.init(project='bench'); log = wandb.log",
    "wandb.log of the real W&B, offline": "import wandb; wandb.init(project='bench', mode='offline'); log = wandb.log",
}


def main() -> None:
    names = [*CASES][: 3 if importlib.util.find_spec("wandb") else 2]
    with tempfile.TemporaryDirectory(prefix="runicorn-bench-") as folder:
        medians = alternating({name: partial(measure, name, Path(folder)) for name in names})
    for name, value in medians.items():
        line(f"{name}, five metrics, median", value, "µs")
    ours, shim, *real = medians.values()
    within_limits = line("through the shim / Run.log", shim / ours, "times", OURS)
    for value in real:
        within_limits &= line("through the shim / the real W&B", shim / value, "times", REAL)
    if not real:
        print("The real W&B is not installed: not measured", flush=True)
    sys.exit(not within_limits)


def measure(name: str, folder: Path) -> float:
    """Return the median of a call in microseconds."""
    script = folder / "train.py"
    script.write_text(PROGRAM.format(start=CASES[name], calls=CALLS))
    runner = ["-m", "runicorn.compat"] if "shim" in name else []
    private = {"RUNICORN_DIR": str(folder / "store"), "HOME": str(folder), "WANDB_SILENT": "true"}
    process = subprocess.run(
        [sys.executable, *runner, script],
        cwd=folder,
        env=os.environ | private | {"RUNICORN_CONFIG_DIR": str(folder), "RUNICORN_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(next(text for text in process.stdout.splitlines() if text.startswith("median")).split()[1])


if __name__ == "__main__":
    main()
