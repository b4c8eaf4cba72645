"""All rows of a long run are streamed in constant memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from django.http import StreamingHttpResponse
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up
from metrics.query import series
from metrics.store.cache import Cache
from runs.models import Run
from tests.large import many
from tests.server.metrics.journals import append, new_run

STEPS = 60_000
MOST_BYTES = 24 * 1024 * 1024


def lines(start: int, stop: int) -> bytes:
    return b"".join(
        b'{"ts":%d,"type":"metrics","data":{"loss":%d.5,"acc":0.25,"global_step":%d,"time":%d.0}}\n'
        % (10**9 + i, i, i, 10**9 + i)
        for i in many(range(start, stop))
    )


@pytest.fixture
def run(store: Path) -> Run:
    """A run that logged so many steps, was resumed in its middle and logged the second half again."""
    run = new_run(1)
    append(run, lines(0, STEPS))
    append(run, lines(STEPS // 2, STEPS))
    assert catch_up(run, wait=120) == 0
    return run


def pieces(response: object) -> Iterator[bytes]:
    assert isinstance(response, StreamingHttpResponse)
    yield from response.streaming_content


@pytest.mark.parametrize("route", ["metrics", "metrics_step"])
def test_memory_does_not_grow_with_the_rows(
    run: Run, api: APIClient, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("metrics.query.series_view.cache",):
        monkeypatch.setattr(module, Cache(max_bytes=4 * 1024 * 1024))
    response = api.get(f"/api/runs/{run.run_id}/{route}")
    tracemalloc.start()
    size = sum(map(len, pieces(response)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 4_000_000
    assert peak < MOST_BYTES


def test_every_row_arrives(run: Run, api: APIClient) -> None:
    response = api.get(f"/api/runs/{run.run_id}/metrics_step")
    answer = orjson.loads(b"".join(pieces(response)))
    assert answer["total"] == answer["sampled"] == STEPS == len(answer["rows"])
    assert response.headers["X-Total-Count"] == str(STEPS)
    assert [row["global_step"] for row in answer["rows"]] == list(range(STEPS))
    assert all(row["loss"] == row["global_step"] + 0.5 for row in answer["rows"])


def test_a_step_that_never_moves_is_one_row(store: Path) -> None:
    run = new_run(2)
    event = '{{"ts":1.0,"type":"metrics","data":{{"{name}":{i},"global_step":7,"time":{i}.0}}}}\n'
    text = "".join(event.format(name="first" if i < 100 else "loss", i=i) for i in many(range(20_000)))
    append(run, text.encode())
    assert catch_up(run, wait=60) == 0
    (rows,) = series.rows_by_step(run).blocks()
    assert json.loads(json.dumps(rows)) == [{"global_step": 7, "first": 99, "loss": 19_999, "time": 19_999.0}]
    assert series.run_series(run)["series"][0]["count"] == 1
