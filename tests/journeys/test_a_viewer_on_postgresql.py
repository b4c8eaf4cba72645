"""A viewer on a PostgreSQL server: a store is found, ingested, searched, changed and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.folders import append_metrics, write_run
from tests.postgresql import postgresql
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl")

FIRST, SECOND = "20260101_120000_aaaaaa", "20260101_120000_bbbbbb"


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty database on a server for this test."""
    with postgresql() as server:
        yield server.url()


def test_a_store_is_found_read_searched_and_changed(
    folder: Path, database: str, start_viewer: Callable[..., Viewer]
) -> None:
    points = [{"loss": 1 / step, "state": "a\0b", "acc": float("nan")} for step in range(1, 301)]
    write_run(folder, "vision", "resnet", run_id=FIRST, metrics=points, config={"lr": 0.1}, created_at=1.7e9)
    write_run(folder, "speech", "conformer", run_id=SECOND, summary={"odd": "\0"}, group="\0")
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off", RUNICORN_DATABASE_URL=database)
    assert viewer.get("/api/health").json()["database"]["vendor"] == "postgresql"

    def list_ids(query: str = "") -> list[str]:
        return [run["id"] for run in viewer.get(f"/api/runs{query}").json()]

    def series() -> dict[str, Any]:
        answer = viewer.get(f"/api/v2/experiments/{FIRST}/series?names=loss").json()
        return answer["series"][0]

    until(lambda: list_ids() == [SECOND, FIRST])
    assert list_ids("?search=ESNE") == list_ids("?search=es+vi") == [FIRST]
    assert list_ids("?order_by=config.lr") == [FIRST, SECOND]
    assert (series()["count"], series()["min"], series()["last"]) == (300, 1 / 300, 1 / 300)
    append_metrics(folder, "vision", "resnet", FIRST, [{"loss": 0.0, "global_step": 301}], 1.7e9 + 300)
    assert (series()["count"], series()["last"]) == (301, 0.0)
    assert viewer.get(f"/api/runs/{FIRST}/metrics_step?downsample=100").json()["total"] == 301
    assert list_ids("?order_by=metric.loss.min&order_desc=false") == [FIRST, SECOND]

    assert viewer.post("/api/runs/tags", json={"run_ids": [FIRST], "add": ["good"]}).json()["updated"] == 1
    assert list_ids("?tags=good") == [FIRST]
    assert viewer.post("/api/runs/soft-delete", json={"run_ids": [FIRST]}).json()["deleted_count"] == 1
    assert list_ids() == [SECOND]
    assert viewer.post("/api/recycle-bin/restore", json={"run_ids": [FIRST]}).json()["restored_count"] == 1
    assert list_ids("?tags=good") == [FIRST]
    for page in ("/", f"/runs/{FIRST}", f"/runs/{SECOND}", "/admin/runs/run/"):
        assert viewer.get(page).status_code == 200, page
    assert "ERROR" not in viewer.output, viewer.output
