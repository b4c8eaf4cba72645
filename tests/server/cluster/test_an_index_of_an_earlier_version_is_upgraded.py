"""An index that an earlier version had in PostgreSQL is migrated in place when the viewer starts.

`tests/fixtures/database-7e3e9fca.postgresql.sql.gz` is a dump of a database that a server of this commit filled, with one
run of a store `/store`.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.folders import write_run
from tests.postgresql import PostgreSQL
from tests.processes import Viewer
from tests.waiting import until

FIXTURE = Path(__file__).parents[2] / "fixtures" / "database-7e3e9fca.postgresql.sql.gz"
RUN = "20261201_150031_17b7ff"
pytestmark = pytest.mark.needs("initdb", "pg_ctl")


def test_the_index_of_7e3e9fca_keeps_its_rows_and_the_run_its_curves(
    folder: Path, home: Path, database: PostgreSQL
) -> None:
    url = database.create("earlier_index")
    dump = gzip.decompress(FIXTURE.read_bytes()).decode()
    # Lines with a backslash are commands of psql.
    database.execute(
        "\n".join(line for line in dump.splitlines() if not line.startswith("\\")), "earlier_index"
    )
    database.execute(f"UPDATE public.runs_storageroot SET path = '{folder}'", "earlier_index")
    write_run(
        folder, "proj", "old0", run_id=RUN, tags=["one"], metrics=[{"loss": step} for step in range(60)]
    )
    viewer = Viewer(folder, home, RUNICORN_DATABASE_URL=url)
    try:
        viewer.wait_until_it_answers()
        until(lambda: viewer.get(f"/api/runs/{RUN}").json().get("tags") == ["one"])
        series = f"/api/v2/experiments/{RUN}/series?names=loss"
        until(lambda: [entry["count"] for entry in viewer.get(series).json()["series"]] == [60])
        assert viewer.get("/readyz").status_code == 200
        rows = database.execute("SELECT id, run_id, state FROM public.runs_run", "earlier_index")
        assert rows == [(1, RUN, "finished")]
    finally:
        viewer.kill()
