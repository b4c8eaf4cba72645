"""Samples of a store without a viewer are those that its server would return."""

from __future__ import annotations

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from runicorn.store.samples.writer import SampleWriter
from runicorn_site.catalog.base import BadQuestion
from runicorn_site.catalog.names import find_run
from runicorn_site.catalog.samples import SampleQuery, sample_page, sample_row, sample_sets
from runicorn_site.catalog.store import StoreCatalog
from runs.active_root import active_root
from runs.index import discovery
from tests.folders import folder_of, write_run

pytestmark = pytest.mark.django_db
REWARDS = (1, 0.5, float("nan"), None, 2, -1)
TEXTS = ("hi", "step", "row", "None", "id", '"hi"', "it's", "C:\\temp", "漢", "ok C:")
CONDITIONS = ("reward > 0", "reward is null", "reward != 1", "flag", "not flag", "n.x > 2", "id in (1, 2)")
ORDERS = ("reward", "-reward", "n.x", "-_row", "mixed", "-flag", "id")
Answer = tuple[list[str], int] | None


def test_store_and_server_agree(store: Path, api: APIClient) -> None:
    run_id = write_run(store, metrics=[])
    with SampleWriter(folder_of(store, run_id), "set") as writer:
        rows: list[dict[str, object]] = [
            {"id": str(n), "prompt": f'say "hi" {n}', "completion": "it's\nok C:\\temp é漢", "reward": reward}
            | {"n": {"x": n}, "flag": n % 2 == 0, "mixed": "a" if n else 3}
            for n, reward in enumerate(REWARDS)
        ]
        writer.append(rows, 3)
    discovery.full(active_root())
    catalog = StoreCatalog(store)
    entry = find_run(catalog, run_id)

    def both(where: str = "", text: str = "", order: str = "") -> tuple[Answer, Answer]:
        try:
            page_rows, total = sample_page(catalog, entry, "set", SampleQuery(None, where, text, order))
            ours: Answer = [str(row["id"]) for row in page_rows], total
        except BadQuestion:
            ours = None
        params = {"where": where, "q": text, "order_by": order}
        query = {key: value for key, value in params.items() if value}
        response = api.get(f"/api/v2/experiments/{run_id}/samples/set", query)
        if response.status_code == 400:
            return ours, None
        answer = response.json()
        return ours, ([row["id"] for row in answer["rows"]], answer["total"])

    for text in TEXTS:
        ours, theirs = both(text=text)
        assert ours == theirs, text
    for where in (*CONDITIONS, "reward = nan", "nope = 1", "reward <"):
        ours, theirs = both(where=where)
        assert ours == theirs, where
    for order in (*ORDERS, "nope"):
        ours, theirs = both(order=order)
        assert ours == theirs, order
    assert both(where="nope = 1")[0] is None
    (described,) = sample_sets(catalog, entry)
    entry_of_api = api.get(f"/api/v2/experiments/{run_id}/samples").json()["samples"][0]
    assert (described.rows, described.steps) == (entry_of_api["rows"], entry_of_api["steps"])
    assert described.columns == [column["name"] for column in entry_of_api["columns"]]
    assert sample_row(catalog, entry, "set", 4)["id"] == "4"
