"""Process that makes the page of runs for a notebook: `{"storage": …, "runs": [id]}` on stdin, the answer on stdout.

A script may have modules of its own that are called `runs` or `metrics`, so the apps are not imported beside it.
"""

from __future__ import annotations

from typing import Any

from runicorn_site.catalog.child import answer_one


def _page(request: dict[str, Any]) -> str:
    from pathlib import Path

    from runicorn_site.catalog.names import find_runs
    from runicorn_site.catalog.store import StoreCatalog
    from runicorn_site.page_file.document import page_file

    catalog = StoreCatalog(Path(request["storage"]))
    return page_file(catalog, find_runs(catalog, request["runs"])).html


if __name__ == "__main__":
    answer_one(_page)
