"""Long curves of a saved page are thinned, but smoothed and put over another metric from all points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runicorn.store.project import analysis
from runicorn_site.catalog.formulas import read_with_formulas
from runicorn_site.catalog.names import find_runs
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.page_file.content import page_content
from runicorn_site.page_file.curves import ChartOptions
from runicorn_site.page_file.options import charts_of
from tests.folders import write_run

COUNT, WEIGHT = 20_000, 0.95


@pytest.fixture
def embedded(tmp_path: Path) -> tuple[np.ndarray, dict]:
    """The values of a noisy run, and its curve with an EMA over epochs of 1,000 steps."""
    values = np.random.default_rng(3).normal(size=COUNT)
    points = [{"loss": float(value), "epoch": step // 1000} for step, value in enumerate(values, 1)]
    run_id = write_run(tmp_path, metrics=points)
    catalog = StoreCatalog(tmp_path)
    chart = ChartOptions(("loss",), "epoch", {"method": "ema", "weight": WEIGHT})
    content = page_content(catalog, find_runs(catalog, [run_id]), 1_700_000, {"loss"}, [chart])
    (metric,) = content.metrics
    (curve,) = metric["curves"]
    return values, curve


def test_smoothed_curves_are_those_of_all_points(embedded: tuple[np.ndarray, dict]) -> None:
    values, curve = embedded
    exact, average = [], 0.0
    for number, value in enumerate(values, 1):
        average = WEIGHT * average + (1 - WEIGHT) * value
        exact.append(average / (1 - WEIGHT**number))
    (smoothed,) = curve["steps"]["smoothed"]
    assert 60 <= len(smoothed["x"]) < COUNT / 10
    assert np.allclose(smoothed["y"], np.array(exact)[np.array(smoothed["x"]) - 1])
    (by_time,) = curve["times"]["smoothed"]
    assert np.allclose(by_time["y"], np.array(exact)[np.round(by_time["x"]).astype(int) - 1])


def test_points_band_and_smoothed_curve_have_the_metric_that_is_their_x_axis(
    embedded: tuple[np.ndarray, dict],
) -> None:
    values, curve = embedded
    steps = curve["steps"]
    for columns in (steps, steps["band"], *steps["smoothed"]):
        assert columns["along"]["epoch"] == [step // 1000 for step in columns["x"]]
    assert steps["count"] == COUNT and steps["band"]["noise"] is True
    assert abs(np.nanmean(np.array(steps["band"]["mean"], dtype=float)) - values.mean()) < 0.05
    # A logarithmic axis begins with the first points.
    assert steps["x"][:20] == list(range(1, 21))


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ("x=epoch&smooth=mean:20", ChartOptions(None, "epoch", {"method": "mean", "window": 20.0})),
        ("smooth=0.5&x=relative", ChartOptions(None, "", {"method": "ema", "weight": 0.5})),
        ("smooth=gaussian:1e99", None),
        ("smooth=ema:2&x=step", None),
        ("smooth=nonsense", None),
        ("", None),
    ],
)
def test_settings_of_an_address_are_read(settings: str, options: ChartOptions | None) -> None:
    assert charts_of({"board": {}, "texts": {}, "settings": settings}) == ([options] if options else [])


def test_any_stage_and_any_value_is_json(tmp_path: Path) -> None:
    points = [
        {"loss": value, "stage": stage}
        for value, stage in [
            (float("inf"), float("nan")),
            (2**70, "main"),
            (None, "without a value"),
            ("text", 2),
            (1e308, float("-inf")),
        ]
    ]
    run_id = write_run(tmp_path, metrics=points)
    catalog = StoreCatalog(tmp_path)
    content = page_content(catalog, find_runs(catalog, [run_id]), 0)
    json.dumps(content.metrics, allow_nan=False)
    (metric,) = content.metrics
    assert [stage for _, stage in metric["curves"][0]["steps"]["stages"]] == [None, "main", 2, None]


def test_only_requested_metrics_and_their_axes_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [{"loss": 2.0, "acc": 1.0, "epoch": 1.0, "tokens": 5.0, "other": 0.0, "lr": 0.1}] * 3
    run_id = write_run(tmp_path, metrics=points)
    meta = next(tmp_path.rglob("meta.json"))
    content = json.loads(meta.read_text())
    meta.write_text(json.dumps({**content, "metrics": {"acc": {"step_metric": "tokens"}}}))
    project = find_runs(StoreCatalog(tmp_path), [run_id])[0].project
    analysis.update(tmp_path, project, lambda content: content.update(formulas={"twice": "loss * 2"}))
    names: list[set[str]] = []

    def recorded(*arguments: Any) -> Any:
        series = read_with_formulas(*arguments)
        names.append(set(series))
        return series

    monkeypatch.setattr("runicorn_site.page_file.content.read_with_formulas", recorded)
    catalog = StoreCatalog(tmp_path)
    entries = find_runs(catalog, [run_id])
    chart = ChartOptions(("twice",), "epoch")
    page = page_content(catalog, entries, 0, {"acc", "twice"}, [chart])
    assert names == [{"acc", "twice", "epoch", "tokens"}]
    assert [(metric["name"], metric["x"]) for metric in page.metrics] == [("acc", "tokens"), ("twice", "")]
    (curve,) = page.metrics[1]["curves"]
    assert (curve["steps"]["y"], curve["steps"]["along"]["epoch"]) == ([4.0] * 3, [1.0] * 3)
    assert page_content(catalog, entries, 0, set()).metrics == [] and len(names) == 1


def test_metrics_without_steps_have_times_alone(tmp_path: Path) -> None:
    run_id = write_run(tmp_path, metrics=[{"loss": 1.0}])
    journal = next(tmp_path.rglob("events.jsonl"))
    journal.write_text('{"ts": 10.5, "type": "system", "data": {"system/cpu": 3}}\n')
    catalog = StoreCatalog(tmp_path)
    content = page_content(catalog, find_runs(catalog, [run_id]), 0)
    (metric,) = content.metrics
    assert metric["time_only"] and "steps" not in metric["curves"][0]
    assert metric["curves"][0]["times"]["y"] == [3]
