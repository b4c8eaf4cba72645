"""The process that searches a log with a regular expression; see `log_pattern`. It imports no Django."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress

from runs.live import log_search

SECONDS = 10
REQUEST = "RUNICORN_LOG_PATTERN"
"""Environment variable with the request: arguments of a process are visible to other users."""


def main() -> None:
    """Write the answer to the request in the environment to standard output, as JSON."""
    with suppress(ImportError):  # Windows has none; there the parent alone limits the time
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    request = json.loads(os.environ[REQUEST])
    pattern = re.compile(request["pattern"], re.IGNORECASE)
    lines = log_search.lines_that(sys.stdin.fileno(), pattern.search, ended=request["ended"])
    answer = log_search.collect(lines) if request["kind"] == "lines" else log_search.count(lines)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
