"""Helpers of all benchmarks: alternating rounds, medians, and output of values with their limits."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.support.processes import Viewer

ROUNDS = 5


def alternating(cases: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median of each case; cases alternate, so that a slow minute of the machine affects all of them."""
    measured: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            measured[name].append(measure())
    return {name: statistics.median(values) for name, values in measured.items()}


def line(what: str, value: float, unit: str, limit: float | None = None, *, at_least: bool = False) -> bool:
    """Print a value with its limit, the highest or with `at_least` the lowest; return whether the limit is met."""
    within_limits = limit is None or (value >= limit if at_least else value <= limit)
    suffix = "" if limit is None else f"   limit {limit:g} {unit}   {'kept' if within_limits else 'MISSED'}"
    print(f"{what:<58} {value:10.3f} {unit}{suffix}", flush=True)
    return within_limits


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` (0..1) of `values` are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def workplace() -> Iterator[tuple[Path, Path]]:
    """Yield a temporary storage root and home."""
    with tempfile.TemporaryDirectory(prefix="runicorn-bench-") as folder:
        root = Path(folder) / "store"
        root.mkdir()
        yield root, Path(folder) / "home"


@contextmanager
def viewer(root: Path, home: Path, **environment: str) -> Iterator[Viewer]:
    """Start a real viewer without rate limits; stop it at the end."""
    limits = {"RUNICORN_RATE_LIMIT": "off", "RUNICORN_MAX_SOCKETS": "0"}
    server = Viewer(root, home, **(limits | environment)).wait_until_it_answers()
    try:
        yield server
    finally:
        server.stop()


def use_store(root: Path, home: Path) -> None:
    """Open the databases of `home` in this process, for benchmarks that fill it through the models."""
    os.environ.update(RUNICORN_CONFIG_DIR=str(home / "config"), RUNICORN_DATA_DIR=str(home / "data"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "runicorn_site.settings")
    import django

    django.setup(set_prefix=False)
    from django.core.management import call_command

    from runicorn_site.database.durable import prepare_durable

    call_command("migrate", verbosity=0)
    prepare_durable()
    from runs.active_root import activate

    activate(root)
