"""A run page shows charts of a journal without ingested points, and adds those of later metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from runs.active_root import active_root
from runs.index import discovery
from tests.folders import write_run


@pytest.mark.django_db(transaction=True)
def test_a_journal_is_read_before_its_page_is_drawn(store: Path, client: Client) -> None:
    run_id = write_run(store, "p", "n", metrics=[{"train/loss": 1 / (i + 1), "acc": i} for i in range(5)])
    discovery.full(active_root())
    page = client.get(f"/runs/{run_id}").content.decode()
    assert 'data-name="train/loss"' in page and 'data-name="acc"' in page
    assert "No metrics yet" not in page


def test_a_page_asks_which_series_there_are(modules: Any, js: Callable[..., Any]) -> None:
    def answer(route: Any) -> None:
        by_step = parse_qs(urlsplit(route.request.url).query)["x"] == ["step"]
        names = ["loss"] if by_step else ["loss", "system/cpu_percent"]
        route.fulfill(json={"series": [{"name": name} for name in names]})

    modules.route("**/runs/x/series?*", answer)
    series = js("run/series.js", "async (m) => [...await m.seriesOf('/runs/x/series')]")
    modules.unroute("**/runs/x/series?*")
    assert series == [["loss", False], ["system/cpu_percent", True]]
