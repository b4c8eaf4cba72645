"""Fifty small projects are run, removed, and run again from what their runs recorded: `python -m benchmarks.reruns`.

Each must reproduce its metrics, or say before it starts what cannot be the same. `python -m benchmarks.reruns Hydra 7` runs
those of that name and number 7; `uv` must be installed for the projects with it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.reruns.projects import projects
from benchmarks.support.reruns.repeat import Failed, repeat


def main() -> None:
    """Print a line for each project, and the totals."""
    totals: dict[str, int] = {}
    only = sys.argv[1:]
    for number, (project, is_repository) in enumerate(projects(), 1):
        if only and project.name not in only and str(number) not in only:
            continue
        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            try:
                result, output = repeat(project, Path(place), is_repository)
            except Failed as error:
                result, output = "failed", str(error)
        totals[result] = totals.get(result, 0) + 1
        kind = "repository" if is_repository else "no repository"
        print(
            f"{number:2} {project.name:14} {kind:14} {result:10} {time.perf_counter() - began:5.1f} s",
            flush=True,
        )
        if result == "failed":
            print(output, flush=True)
        else:
            for line in output.splitlines():
                if "annot be" in line or "Environment: a new" in line:
                    print(f"   {line}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in sorted(totals.items())))


if __name__ == "__main__":
    main()
