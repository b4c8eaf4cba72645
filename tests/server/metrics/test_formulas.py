"""Formulas of a project are metrics: as curves, in conditions and orders, in groups and verdicts."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up_all, catch_up_several
from metrics.models import Journal, Series
from metrics.query.formulas import curves, definitions, index, tiles
from runicorn.store.project import analysis
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run, RunMetric
from runs.query import counts
from tests.folders import append_metrics
from tests.large import many
from tests.server.site.test_lists_can_be_asked_again import Program

MakeRun = Callable[..., str]
ROUTE = "/api/v2/projects/vision/formulas"


def _read() -> None:
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass  # a busy machine needs several rounds


def _define(api: APIClient, name: str, formula: str) -> Any:
    return api.post(ROUTE, {"name": name, "formula": formula}, format="json")


def _series(api: APIClient, run_id: str, name: str, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/api/v2/experiments/{run_id}/series", {"names": name, **query})
    assert answer.status_code == 200, answer.content
    (entry,) = answer.json()["series"]
    return entry


@pytest.fixture
def run(store: Path, make_run: MakeRun) -> str:
    """A run with a loss at each of 1,000 steps, and a validation loss at each hundredth."""
    metrics: list[dict[str, Any]] = []
    for step in range(1, 1001):
        record: dict[str, Any] = {"loss": 100 / step + math.sin(step), "tokens": 10.0 * step}
        if step % 100 == 0:
            record["val/loss"] = 200 / step
        metrics.append(record)
    run_id = make_run(store, "vision", metrics=metrics, config={"lr": 1})
    _read()
    return run_id


LOSS = np.array([100 / step + math.sin(step) for step in range(1, 1001)])


def _ema(values: np.ndarray, weight: float) -> np.ndarray:
    average, result = 0.0, []
    for count, value in enumerate(values, 1):
        average = weight * average + (1 - weight) * value
        result.append(average / (1 - weight**count))
    return np.array(result)


def test_a_formula_has_the_curve_of_its_values(api: APIClient, run: str, subtests: pytest.Subtests) -> None:
    formulas = [
        ("loss / first(loss)", LOSS / LOSS[0]),
        ("-2 * loss + 1", -2 * LOSS + 1),
        ("ema(loss, 0.99)", _ema(LOSS, 0.99)),
        ("abs(loss)", np.abs(LOSS)),
        ("cummin(loss) - min(loss)", np.minimum.accumulate(LOSS) - LOSS.min()),
        ("rate(tokens)", np.r_[np.nan, np.full(999, 10.0)]),
        ("log10(tokens)", np.log10(10.0 * np.arange(1, 1001))),
        ("val/loss - loss", 200 / np.arange(100, 1001, 100) - LOSS[99::100]),
    ]
    for number, (formula, expected) in enumerate(formulas):
        name = f"f{number}"
        with subtests.test(formula):
            created = _define(api, name, formula)
            assert created.status_code == 201 and created.json()["metrics"]
            entry = _series(api, run, name, points=5000)
            values = np.array([math.nan if value is None else value for value in entry["y"]])
            assert values == pytest.approx(expected, nan_ok=True)
            assert entry["count"] == len(expected)
            few = _series(api, run, name, points=20)
            assert len(few["y"]) <= 20
            assert (few["min"], few["max"]) == pytest.approx((np.nanmin(expected), np.nanmax(expected)))
            assert np.nanmin(np.array(few["y"], float)) == pytest.approx(np.nanmin(expected))
            assert np.nanmax(np.array(few["y"], float)) == pytest.approx(np.nanmax(expected))
            part = _series(api, run, name, points=5000, step_range="101:300")
            assert part["x"] == [x for x in entry["x"] if 101 <= x <= 300]
            assert part["y"] == [y for x, y in zip(entry["x"], entry["y"], strict=True) if 101 <= x <= 300]


def test_a_formula_is_overlaid_smoothed_and_grouped(
    api: APIClient, run: str, store: Path, make_run: MakeRun
) -> None:
    other = make_run(store, "vision", metrics=[{"loss": 4.0}, {"loss": 2.0}], config={"lr": 1})
    _read()
    _define(api, "half", "loss / 2")
    query = {"ids": f"{run},{other}", "names": "half", "group_by": "config.lr"}
    answer = api.get("/api/v2/series", query).json()
    assert [entry["id"] for entry in answer["series"]] == [run, other]
    assert answer["series"][1]["y"] == [2.0, 1.0]
    (group,) = answer["groups"]
    assert group["series"][0]["name"] == "half" and group["series"][0]["runs"] == 2
    smooth = {**query, "smoothing": "ema", "smoothing_weight": 0.9}
    answer = api.get("/api/v2/series", smooth)
    assert answer.status_code == 200 and answer.json()["series"][1]["smoothed"]["y"]
    relative = api.get("/api/v2/series", {"ids": run, "names": "half", "x": "relative"}).json()
    assert relative["series"][0]["x"] == sorted(relative["series"][0]["x"])


def test_runs_are_found_sorted_and_grouped_by_a_formula(
    api: APIClient, store: Path, make_run: MakeRun
) -> None:
    runs = [
        make_run(
            store, "vision", metrics=[{"a": 9.0, "b": 1.0}, {"a": a, "b": b}], config={"k": a}, name=f"n{a}"
        )
        for a, b in ((3.0, 1.0), (5.0, 4.5), (4.0, 9.0))
    ]
    elsewhere = make_run(store, "text", metrics=[{"a": 1.0, "b": 1.0}])
    without = make_run(store, "vision", metrics=[{"a": 1.0}])
    _read()
    assert _define(api, "gap", "a - b").status_code == 201
    ordered = api.get("/api/v2/experiments", {"order_by": "metric.gap.last", "order_desc": "false"}).json()
    ids = [entry["id"] for entry in ordered["experiments"]]
    assert ids[:3] == [runs[2], runs[1], runs[0]] and set(ids[3:]) == {elsewhere, without}
    document = api.get("/api/v2/experiments", {"where": "metric.gap > 0 and metric.gap.max >= 8"}).json()
    assert {entry["id"] for entry in document["experiments"]} == {runs[0], runs[1]}
    groups = api.get("/api/v2/groups", {"by": "config.k", "metrics": "gap", "project": "vision"}).json()
    means = [group["metrics"]["gap"]["mean"] for group in groups["groups"]]
    assert means == [2.0, -5.0, 0.5, None]
    verdict = api.get("/api/v2/verdict", {"metric": "gap", "a": runs[0], "b": runs[1]}).json()
    assert verdict["difference"] == 1.5
    # New points and a new formula count at once.
    append_metrics(store, "vision", "n3.0", runs[0], [{"a": 0.0, "b": 50.0, "global_step": 3}], 0)
    _read()
    ordered = api.get("/api/v2/experiments", {"order_by": "metric.gap.last", "order_desc": "false"}).json()
    assert ordered["experiments"][0]["id"] == runs[0]
    _define(api, "gap", "b - a")
    ordered = api.get("/api/v2/experiments", {"order_by": "metric.gap.last", "order_desc": "true"}).json()
    assert ordered["experiments"][0]["id"] == runs[0]


def test_formulas_are_listed_refused_and_deleted(api: APIClient, run: str, store: Path) -> None:
    assert api.get(ROUTE).json() == []
    assert _define(api, "val/gap", "'val/loss' - loss").json() == {
        "name": "val/gap",
        "formula": "'val/loss' - loss",
        "metrics": ["val/loss", "loss"],
    }
    malformed = _define(api, "x", "loss +")
    assert malformed.status_code == 400
    assert malformed.json()["errors"] == {"formula": ["expected a number or a metric at position 7"]}
    assert list(_define(api, "loss", "loss * 2").json()["errors"]) == ["name"]
    assert list(_define(api, "me", "me * 2").json()["errors"]) == ["formula"]
    assert list(_define(api, "step", "loss * 2").json()["errors"]) == ["name"]
    assert (
        api.post("/api/v2/projects/other/formulas", {"name": "a", "formula": "b"}, format="json").status_code
        == 404
    )
    document = json.loads((store / "vision" / "analysis.json").read_text())
    assert document == {"formulas": {"val/gap": "'val/loss' - loss"}}
    assert api.get("/api/v2/experiments", {"order_by": "metric.val/gap.last"}).status_code == 200
    assert RunMetric.objects.filter(key="val/gap").exists()
    assert api.delete(f"{ROUTE}/val/gap").status_code == 200
    assert api.delete(f"{ROUTE}/val/gap").status_code == 404
    assert not RunMetric.objects.filter(key="val/gap").exists()
    names = [entry["name"] for entry in api.get(f"/api/v2/experiments/{run}/series").json()["series"]]
    assert "val/gap" not in names and "loss" in names
    (store / "vision" / "analysis.json").write_text('{"formulas": {"bad": "1 +", "good": "loss"}}')
    assert [("error" in entry) for entry in api.get(ROUTE).json()] == [True, False]
    assert _series(api, run, "good")["count"] == 1000


def test_a_formula_over_too_many_points_is_refused(
    api: APIClient, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "MOST_POINTS", 500)
    assert _define(api, "smooth", "ema(loss, 0.9)").status_code == 201
    answer = api.get(f"/api/v2/experiments/{run}/series", {"names": "smooth"})
    assert answer.status_code == 400 and "needs 1,000 points" in answer.json()["detail"]
    _define(api, "scaled", "loss * 3")
    assert _series(api, run, "scaled")["count"] == 1000


def _numbers(values: list[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


TILED = [
    "ema(loss, 0.9)",
    "cumsum(loss) + cummin(loss) - cummax(loss)",
    "diff(loss) * diff(loss)",
    "rate(tokens) / last(tokens)",
    "abs(loss - tokens) / max(loss)",
]


@pytest.mark.parametrize("formula", TILED)
def test_a_formula_of_tiles_is_that_of_all_points(
    api: APIClient,
    store: Path,
    make_run: MakeRun,
    small_pieces: None,
    formula: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    losses = random.normal(size=2500)
    losses[[7, 900, 1601]] = np.nan
    records = [
        {"loss": float(loss), "tokens": float(step**2)} for step, loss in many(list(enumerate(losses)))
    ]
    run_id = make_run(store, "vision", metrics=records, config={})
    _read()
    assert _define(api, "made", formula).status_code == 201
    tiled = [
        _series(api, run_id, "made", **query)
        for query in (
            {"points": 4000},
            {"points": 60},
            {"points": 60, "step_range": "333:2222"},
            {"points": 60, "x": "time"},
        )
    ]
    monkeypatch.setattr(curves, "derived_curve", lambda *args: None)
    whole = _series(api, run_id, "made", points=4000, _="whole")
    assert tiled[0]["x"] == whole["x"]
    assert _numbers(tiled[0]["y"]) == pytest.approx(_numbers(whole["y"]), nan_ok=True, rel=1e-9, abs=1e-9)
    finite = [value for value in whole["y"] if value is not None]
    for part in tiled[1:]:
        assert part["count"] == (1890 if part is tiled[2] else 2500)
        if part is not tiled[2]:
            assert (part["min"], part["max"]) == pytest.approx((min(finite), max(finite)))
    values = dict(zip(whole["x"], whole["y"], strict=True))
    for x, y in zip(tiled[2]["x"], tiled[2]["y"], strict=True):
        assert values[x] is None if y is None else values[x] == pytest.approx(y, rel=1e-9, abs=1e-9)


def test_only_new_tiles_of_a_formula_are_evaluated(
    api: APIClient, store: Path, make_run: MakeRun, small_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(
        store, "vision", metrics=[{"loss": math.sin(step)} for step in many(range(2000))], config={}
    )
    _read()
    place_counts: list[int] = []
    decoded = tiles._Reader._decoded

    def counted(self: Any, places: Any) -> Any:
        place_counts.append(len(places))
        return decoded(self, places)

    monkeypatch.setattr(tiles._Reader, "_decoded", counted)
    assert _define(api, "smooth", "ema(loss, 0.99)").status_code == 201
    first = _series(api, run_id, "smooth", points=10)
    assert sum(place_counts) > 30
    place_counts.clear()
    assert _series(api, run_id, "smooth", points=10, _="again") == first | {"x": first["x"]}
    assert sum(place_counts) == 0


@pytest.mark.django_db(transaction=True)
def test_answers_follow_formulas_that_are_written_outside_the_server(
    shared_store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "SECONDS", 0.0)
    runs = [make_run(shared_store, "vision", metrics=[{"loss": loss}] * 3) for loss in (1.0, 2.0)]
    _read()
    file = shared_store / "vision" / "analysis.json"
    program = Program()
    addresses = (
        ("/api/v2/series/distribution", "project=vision&names=f"),
        ("/api/v2/series", f"ids={','.join(runs)}&names=f"),
        (f"/api/v2/experiments/{runs[0]}/series", "names=f"),
        ("/api/v2/groups", "by=project&project=vision&metrics=f"),
        ("/api/v2/verdict", f"metric=f&a={runs[0]}&b={runs[1]}"),
        ("/api/v2/experiments", "order_by=metric.f.best&order_desc=true&where=metric.f.last+>+2.5"),
    )
    tags: dict[str, set[str]] = {path: set() for path, _ in addresses}
    for formula, is_listed in (("loss * 2", [runs[1]]), ("loss * -3", []), ("loss * 3", runs[::-1])):
        # As a sync and editors replace it.
        (file.parent / "new.json").write_text(json.dumps({"formulas": {"f": formula}}))
        (file.parent / "new.json").replace(file)
        for path, query in addresses:
            answers = [program.get(path, query) for _ in range(3)]
            assert {status for status, _, _ in answers} == {200}, answers
            assert all("etag" in headers for _, headers, _ in answers), (path, answers)
            (tag,) = {headers["etag"] for _, headers, _ in answers}
            assert tag not in tags[path], (path, formula)
            tags[path].add(tag)
        entries = json.loads(program.get(*addresses[5])[2])["experiments"]
        assert [entry["id"] for entry in entries] == is_listed
        assert all(entry.get("best_metric_step") is None for entry in entries)


def test_the_formulas_of_many_small_runs_are_computed_without_storing_their_points(
    client: Client, store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "AT_ONCE", 20)
    monkeypatch.setattr(index, "SECONDS", 0.0)
    monkeypatch.setattr(index, "PAGE_SECONDS", 60.0)  # on a busy machine too
    for number in range(70):
        steps = [{"a": 1.0, "b": 1.0}, {"a": number + 0.5, "b": number / 100}]
        make_run(store, "vision", metrics=steps, created_at=1e9 + number)
    discovery.full(active_root())
    catch_up_all(active_root())
    # Written outside of the server: nothing is computed before a request.
    analysis.update(store, "vision", lambda content: content["formulas"].update({"gap": "a - b"}))
    definitions.invalidate(active_root().path)

    def cells_of(address: str) -> tuple[list[str], str]:
        page = client.get(
            f"{address}&columns_of=vision&col=name&col=metric.gap.last&per_page=50"
        ).content.decode()
        cells = re.findall(r'<td class="[^"]*number[^"]*"[^>]*>\s*([-\d.]+)\s*</td>', page)
        return cells, page

    cells, page = cells_of("/?project=vision")
    assert len(cells) == 50 and cells[0] == "68.81" and "Computing gap" not in page
    RunMetric.objects.filter(key="gap").delete()
    counts.invalidate(active_root())
    cells, page = cells_of("/?project=vision&sort=metric.gap.last")
    assert "Computing gap: 20 of 70 runs" in page and len(cells) == 50
    while index.work_off(active_root(), 0.0, threading.Event()):
        pass
    cells, page = cells_of("/?project=vision&sort=metric.gap.last")
    assert "Computing" not in page
    assert [float(cell) for cell in cells] == pytest.approx([n + 0.5 - n / 100 for n in range(50)])
    assert not Journal.objects.exists() and not Series.objects.exists()
