"""Print the runs of an Aim repository, one JSON object per line. Executed by a Python with Aim, without Runicorn.

Written for Aim 3. Terminal logs, images and distributions are only mentioned, not exported.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def metric_name(metric: Any) -> str:
    """Return the name with its context appended, as Aim shows it."""
    context = metric.context.to_dict()
    about = ", ".join(f"{key}={value}" for key, value in sorted(context.items()))
    return f"{metric.name} {{{about}}}" if about else metric.name


def series(run: Any) -> list[Any]:
    """Yield name, steps, times and values of each metric."""
    series_of_metrics = []
    for metric in run.metrics():
        # By the recorded steps: the keys of `metric.values` are hashes of them.
        steps, (values, times) = metric.data.view(("val", "time")).items_list()
        series_of_metrics.append(
            [metric_name(metric), [int(step) for step in steps], times, [float(v) for v in values]]
        )
    return series_of_metrics


def tell(run: Any) -> dict[str, Any]:
    info = run.collect_sequence_info(("metric", "images", "distributions", "figures", "texts", "audios"))
    others = [entry["name"] for kind, entries in info.items() if kind != "metric" for entry in entries]
    config = {
        key: value for key, value in run.meta_run_attrs_tree.collect().items() if not key.startswith("__")
    }
    return {
        "hash": run.hash,
        "experiment": run.experiment,
        "name": run.name,
        "description": run.description,
        "started": run.creation_time,
        "ended": run.end_time,
        "tags": list(run.tags),
        "config": config,
        "metrics": series(run),
        "others": sorted(set(others)),
    }


def opened(name: str, repository: Any) -> Any:
    """Open a run for reading, with all of its data from its own files.

    Aim takes parameters and names of metrics from an index of all runs instead, which from 3.26 on only a running
    `aim up` fills.
    """
    from aim import Run

    request = type(repository).request_tree

    def request_own(kind: str, sub: str | None = None, **options: Any) -> Any:
        return request(repository, kind, sub or name, **options)

    repository.request_tree = request_own
    return Run(name, repo=repository, read_only=True)


def main() -> None:
    """Print all runs of the given repository."""
    try:
        from aim import Repo
        from aimrocks import errors
    except ImportError:
        sys.exit(3)
    # Aim raises subclasses of RuntimeError; those of RocksDB have no common base.
    unreadable: tuple[Any, ...] = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, OSError)
    unreadable += (errors.RocksIOError, errors.Corruption, errors.NotFound, errors.InvalidArgument)
    repository = Repo(sys.argv[1])
    for name in sorted(repository.list_all_runs()):
        try:
            answer = tell(opened(name, repository))
        except unreadable as error:
            answer = {"hash": name, "problem": f"{type(error).__name__}: {error}"}
        json.dump(answer, sys.stdout, default=str)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
