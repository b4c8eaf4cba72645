"""Rows of runs without a primary metric show a metric, and rows of equal names what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics.ingest import catch_up
from runs.models import Run
from runs.pages.table.names import END, parted
from runs.query.usual_metric import choose, fill
from tests.folders import folder_of, write_run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["train/loss", "val/acc", "eval/acc"], "val/acc"),
        (["lr", "train/loss", "eval/acc"], "eval/acc"),
        (["lr", "train/loss"], "train/loss"),
        (["system/cpu", "reward"], "reward"),
        (["system/cpu"], None),
        ([], None),
    ],
)
def test_the_usual_metric_is_one_of_a_validation_else_a_loss(keys: list[str], chosen: str | None) -> None:
    assert choose(keys) == chosen


def test_the_first_row_shows_a_metric_without_a_primary_one(
    store: Path, look: Callable[[], None], client: Client
) -> None:
    run_id = write_run(
        store, "vision", "first", metrics=[{"train/loss": 3.0, "val/loss": 0.75}, {"val/loss": 0.5}]
    )
    look()
    catch_up.catch_up(Run.objects.get(run_id=run_id), wait=60)
    for address in ("/", "/?layout=charts", "/projects/vision"):
        text = client.get(address).content.decode()
        assert "val/loss" in text and "0.5" in text, address
    assert Run.objects.get(run_id=run_id).best_metric_name is None


def test_the_metric_shown_without_a_primary_one_follows_its_definition(
    store: Path, look: Callable[[], None]
) -> None:
    rules = {"train/loss": {"goal": "max"}}
    run_id = write_run(store, metrics=[{"train/loss": 3.0}, {"train/loss": 1.0}])
    path = folder_of(store, run_id) / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"metrics": rules}))
    look()
    catch_up.catch_up(Run.objects.get(run_id=run_id), wait=60)
    run = Run.objects.get(run_id=run_id)
    with CaptureQueriesContext(connection) as queries:
        fill([run])
    assert (run.best_metric_value, run.best_metric_mode, run.best_metric_step) == (3.0, "max", 1)
    assert len(queries) == 2


def test_runs_of_equal_names_show_the_setting_that_differs(
    store: Path, look: Callable[[], None], client: Client
) -> None:
    for seed in range(3):
        write_run(store, "vision", "baseline", config={"optim": {"lr": 0.1}, "seed": seed, "half": seed > 0})
    twins = [write_run(store, "vision", "twin", config={"seed": 1}) for _ in range(2)]
    write_run(store, "vision", "alone", config={"seed": 7})
    look()
    text = client.get("/").content.decode()
    for seed in range(3):
        assert f">seed={seed}</span>" in text
    assert "seed=7" not in text and "half=" not in text
    # Nothing but their ids differs, which the table has in a column.
    assert all(f'title="{run_id[-6:]}"' not in text for run_id in twins)
    text = client.get("/projects/vision").content.decode()
    assert all(f'<span class="faint extra">{run_id[-6:]}</span>' in text for run_id in twins)


def test_the_end_of_a_long_name_is_never_cut() -> None:
    assert parted("resnet50") == "resnet50"
    name = "an-experiment-with-a-long-name-and-seed-3"
    assert f'<span class="end">{name[-END:]}</span>' in parted(name)
    assert "<b>" not in parted("<b>" * 20)
