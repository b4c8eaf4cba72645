"""Several servers on one PostgreSQL, and queries of V2 over very many runs there.

Requests per second of one, two and three server processes on PostgreSQL, and of one on SQLite, by as many clients as
the machine has cores twice over; and the queries of `benchmarks.query` on PostgreSQL, compared with `/api/health`.

Usage: python -m benchmarks.cluster [runs as rows alone, 0 for none]
"""

from __future__ import annotations

import os
import sys

from benchmarks import query
from tests.postgresql import postgresql

ROWS = 1_000_000
OPTIONS = (
    "-c fsync=off -c shared_buffers=256MB -c work_mem=16MB -c maintenance_work_mem=256MB -c max_wal_size=8GB"
)


def main() -> int:
    """Run the benchmark; return 1 if a limit is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with postgresql(OPTIONS) as server:
        os.environ["RUNICORN_DATABASE_URL"] = server.url()
        kept = query.rows_alone(count, RUNICORN_DATABASE_URL=server.url()) if count else True
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
