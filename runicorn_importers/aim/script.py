"""Print the runs of an Aim repository, one JSON object per line. Executed by a Python with Aim, without Runicorn.

Written for Aim 3. Images, figures and sounds are written as files into the folder of the second argument. Terminal logs
are not exported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OBJECTS = {
    "images": "get_image_sequence",
    "distributions": "get_distribution_sequence",
    "figures": "get_figure_sequence",
    "texts": "get_text_sequence",
    "audios": "get_audio_sequence",
}


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


def objects(run: Any, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the objects of all sequences but metrics, and what cannot be exported."""
    from aim.storage.context import Context

    entries: list[dict[str, Any]] = []
    problems: list[str] = []
    for kind, getter in OBJECTS.items():
        for info in run.collect_sequence_info((kind,))[kind]:
            sequence = getattr(run, getter)(info["name"], Context(info["context"]))
            name = metric_name(sequence)
            try:
                steps, (values, times) = sequence.data.view(("val", "time")).items_list()
                for place, step in enumerate(steps):
                    value, time = values[place], times[place]
                    for item in value if isinstance(value, list) else [value]:
                        about = described(kind, item, folder / f"{run.hash}-{len(entries)}")
                        entries.append({"kind": kind, "name": name, "step": int(step), "time": time, **about})
            except (RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
                problems.append(f"{name!r} ({kind}) cannot be read: {type(error).__name__}: {error}")
    return entries, problems


def described(kind: str, item: Any, file: Path) -> dict[str, Any]:
    """Return what an object has, with its bytes written to a file."""
    if kind == "distributions":
        counts, edges = item.to_np_histogram()
        return {"counts": counts.tolist(), "edges": [float(edge) for edge in edges]}
    if kind == "texts":
        return {"text": str(item.data)}
    content = item.storage["data"].load()
    file.write_bytes(content.encode() if isinstance(content, str) else bytes(content))
    form = "plotly.json" if kind == "figures" else str(item.storage["format"])
    caption = "" if kind == "figures" else str(item.storage["caption"] or "")
    return {"file": file.name, "format": form, "caption": caption}


def tell(run: Any, folder: Path) -> dict[str, Any]:
    entries, problems = objects(run, folder)
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
        "objects": entries,
        "problems": problems,
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
            answer = tell(opened(name, repository), Path(sys.argv[2]))
        except unreadable as error:
            answer = {"hash": name, "problem": f"{type(error).__name__}: {error}"}
        json.dump(answer, sys.stdout, default=str)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
