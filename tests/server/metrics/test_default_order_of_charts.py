"""Charts begin with what a reader looks for, and end with counters and the machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from django.test import Client

from metrics.ingest.catch_up import catch_up
from metrics.pages import comparison, panels
from metrics.pages.chart_order import in_default_order, metrics_of_list
from metrics.pages.panels import Curve
from runs.query.where import parser
from runs.services.lookup import get_run

MakeRun = Callable[..., str]
NAMES = (
    "acc_per_class/1 acc_per_class/10 acc_per_class/2 epoch eval/bleu loss lr perf/step_time system/cpu_percent"
    " train/acc train/epoch train/grad_norm train/loss val/acc val/loss"
)


def order(*, primary: str = "", chosen: list[str] = []) -> str:  # noqa: B006
    curves = [Curve.of(name, time_only=name.startswith("system/")) for name in NAMES.split()]
    return " ".join(curve.name for curve in in_default_order(curves, primary={primary}, preferred=chosen))


def test_validation_comes_before_training_and_counters_before_the_machine() -> None:
    assert order() == (
        "eval/bleu val/acc val/loss train/acc train/grad_norm train/loss train/epoch loss epoch lr"
        " acc_per_class/1 acc_per_class/2 acc_per_class/10 perf/step_time system/cpu_percent"
    )


def test_the_primary_metric_and_those_of_the_list_come_first() -> None:
    assert order(primary="train/loss", chosen=["perf/step_time", "val/loss"]).split()[:6] == [
        "train/loss",
        "train/acc",
        "train/grad_norm",
        "train/epoch",
        "perf/step_time",
        "val/loss",
    ]


def test_a_list_names_the_metrics_it_is_sorted_and_filtered_by() -> None:
    where = parser.parse("metric.val/acc.best > 0.9 and config.lr < 1 or metric.loss < 2")
    names = metrics_of_list(["-metric.train/loss.last", "created_at", "metric.val/acc.max"], where)
    assert names == ["train/loss", "val/acc", "loss"]


def test_run_page_and_compare_page_have_the_same_order(store: Path, make_run: MakeRun) -> None:
    rows = [dict.fromkeys(("epoch", "eval/bleu", "train/loss", "val/acc", "perf/speed"), 1.0)] * 2
    run = get_run(make_run(store, metrics=rows, summary={"best_metric_name": "train/loss"}))
    catch_up(run, wait=60)
    names = [chart.name for group in panels.chart_groups(run) for chart in group.charts]
    assert names == ["train/loss", "eval/bleu", "val/acc", "perf/speed", "epoch"]
    assert [c.name for group in comparison.chart_groups([run, run]) for c in group.charts] == names


def test_the_workspace_begins_with_the_metrics_of_its_list(
    store: Path, make_run: MakeRun, client: Client
) -> None:
    rows = [dict.fromkeys(("val/acc", "perf/speed", "train/loss"), 1.0)] * 2
    run = get_run(make_run(store, metrics=rows, summary={"best_metric_name": "none"}))
    catch_up(run, wait=60)
    for query, expected in {
        "": ["val/acc", "train/loss", "perf/speed"],
        "sort=-created,metric.perf/speed.last": ["perf/speed", "val/acc", "train/loss"],
        "where=metric.train/loss.last > 0": ["train/loss", "val/acc", "perf/speed"],
        "where=broken >": [],
    }.items():
        page = client.get(f"/?layout=charts&{query}").content.decode()
        assert re.findall(r'<figure data-name="([^"]*)"', page) == expected
