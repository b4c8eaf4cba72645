"""Measure the size of `pip install` of Runicorn, of its SDK and of other trackers.

Each is installed from the package index into a separate virtual environment below FOLDER, or a temporary folder. The
environments have no pip, so everything in `site-packages` belongs to the tracker. Bytecode is what pip compiles; with
`pip install --no-compile` Python compiles only the modules that are imported.

python -m benchmarks.install [FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import NamedTuple

from benchmarks.support.rounds import line

PROJECT = Path(__file__).resolve().parents[1]
VIEWER, SDK = "Runicorn", "Runicorn SDK"
INSTALLS = {
    VIEWER: (str(PROJECT / "sdk"), str(PROJECT)),
    SDK: (str(PROJECT / "sdk"),),
    "Trackio": ("trackio",),
    "MLflow skinny": ("mlflow-skinny",),
    "W&B": ("wandb",),
    "TensorBoard": ("tensorboard",),
    "Aim": ("aim",),
}
VIEWER_LIMIT, SDK_LIMIT = 200.0, 3.0
MEGABYTE = 2**20


class Size(NamedTuple):
    """Size of an installation."""

    packages: int
    files: float
    """Megabytes without bytecode."""
    bytecode: float
    """Megabytes of bytecode."""
    seconds: float

    @property
    def total(self) -> float:
        """Megabytes as pip leaves it."""
        return self.files + self.bytecode


def main(folder: Path) -> bool:
    sizes = {name: install(folder / name, packages) for name, packages in INSTALLS.items()}
    for name, size in sizes.items():
        line(f"{name}: packages", size.packages, "")
        line(f"{name}: installed without bytecode", size.files, "MB")
        line(f"{name}: installed with bytecode", size.total, "MB")
        line(f"{name}: duration of the installation", size.seconds, "s")
    smallest = min(size.total for name, size in sizes.items() if name not in (VIEWER, SDK))
    within_limits = [
        line("viewer without bytecode", sizes[VIEWER].files, "MB", VIEWER_LIMIT),
        line("viewer with bytecode", sizes[VIEWER].total, "MB", VIEWER_LIMIT),
        line("SDK with bytecode", sizes[SDK].total, "MB", SDK_LIMIT),
        line("SDK with bytecode, of the smallest other one", sizes[SDK].total / smallest, "times", 1),
        line("SDK: packages", sizes[SDK].packages, "", 1),
    ]
    return all(within_limits)


def install(environment: Path, packages: tuple[str, ...]) -> Size:
    """Install packages into a new environment and measure it."""
    venv.EnvBuilder(with_pip=False, symlinks=True, clear=True).create(environment)
    python = environment / "bin" / "python"
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *packages], check=True
    )
    seconds = time.perf_counter() - began
    (site,) = environment.glob("lib/python*/site-packages")
    files = [path for path in site.rglob("*") if path.is_file() and not path.is_symlink()]
    compiled = sum(path.stat().st_size for path in files if path.suffix == ".pyc")
    total = sum(path.stat().st_size for path in files)
    distributions = len(list(site.glob("*.dist-info")))
    return Size(distributions, (total - compiled) / MEGABYTE, compiled / MEGABYTE, seconds)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(not main(Path(sys.argv[1]).resolve()))
    with tempfile.TemporaryDirectory(prefix="runicorn-install-") as place:
        sys.exit(not main(Path(place)))
