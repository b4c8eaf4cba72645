"""Process that reads a store for `rn.runs` and `Run.frame`: one question on stdin, one answer on stdout.

A script may have modules of its own that are called `runs` or `metrics`, so the apps are not imported beside it.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Never

from runicorn_site.import_path import make_importable


def answer_one(respond: Callable[[dict[str, Any]], Any]) -> Never:
    """Answer a JSON object on stdin with a pickled pair, the kind of an error or None and the value of `respond`; exit."""
    gc.disable()  # looking for cycles among the rows takes a third of the time, and the process ends soon
    make_importable()
    request = json.load(sys.stdin)
    from runicorn_site.catalog.base import CatalogError, UnknownRun

    answer: tuple[str | None, Any]
    try:
        answer = None, respond(request)
    except UnknownRun as error:
        answer = "LookupError", str(error)
    except CatalogError as error:
        answer = "ValueError", str(error)
    except OSError as error:
        answer = "OSError", f"{error.filename}: {error.strerror}" if error.filename else str(error)
    sys.stdout.buffer.write(pickle.dumps(answer, protocol=5))
    sys.stdout.flush()
    os._exit(0)  # freeing the rows one by one takes a twentieth of the time


def _answer(request: dict[str, Any]) -> Any:
    """Answer `{"question": …, "storage": …, …}`."""
    from runicorn_site.catalog.base import Query
    from runicorn_site.catalog.columns import columns_of_points, columns_of_runs
    from runicorn_site.catalog.names import find_run
    from runicorn_site.catalog.store import StoreCatalog

    if request["question"] == "points":
        return columns_of_points(Path(request["folder"]), request["metrics"])
    catalog = StoreCatalog(Path(request["storage"]))
    try:
        if request["question"] == "run":
            return find_run(catalog, request["run"], metrics=True)
        return columns_of_runs(catalog.select(Query(**request["query"], metrics=True)))
    finally:
        catalog.close()


if __name__ == "__main__":
    answer_one(_answer)
