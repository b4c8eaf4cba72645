"""`/api/v2/series/distribution`: the curves of any number of runs in common columns."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up_several
from metrics.models import Series
from metrics.query.distribution import reading, sheet
from metrics.query.distribution.columns import Columns
from metrics.query.distribution.statistics import density, statistics
from metrics.query.formulas import curves
from metrics.store.cache import cache
from runicorn.store.project import analysis
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.folders import append_metrics
from tests.large import many
from tests.waiting import until

MakeRun = Callable[..., str]
ROUTE = "/api/v2/series/distribution"
COUNT = 120


def _values(run: int, steps: int = 20) -> list[float]:
    return [run / 10 + math.sin(step + run) / (1 + run % 3) for step in range(1, steps + 1)]


@pytest.fixture
def runs(store: Path, make_run: MakeRun) -> list[str]:
    """Runs of 20 steps, the last of 30, with three learning rates."""
    ids = [
        make_run(
            store,
            "vision",
            name=f"run {i}",
            metrics=[
                {"loss": value, "tokens": 100.0 * (step + 1)}
                for step, value in enumerate(_values(i, 30 if i == COUNT - 1 else 20))
            ],
            config={"lr": 10.0 ** -(i % 3)},
            created_at=1000.0 + i,
        )
        for i in many(range(COUNT))
    ]
    discovery.full(active_root())
    return ids


def _ask(api: APIClient, **query: Any) -> dict[str, Any]:
    answer = api.get(ROUTE, {"project": "vision", "names": "loss", **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def _complete(api: APIClient, **query: Any) -> dict[str, Any]:
    """Ask until every run is read: a busy machine needs several requests."""
    return until(lambda: (answer := _ask(api, **query))["unread"] == 0 and answer)


def _table() -> np.ndarray:
    table = np.full((COUNT, 30), np.nan)
    for i in range(COUNT):
        table[i, : 30 if i == COUNT - 1 else 20] = _values(i, 30 if i == COUNT - 1 else 20)
    return table


@pytest.mark.parametrize("ingested", [False, True])
def test_every_statistic_is_over_all_runs(api: APIClient, runs: list[str], ingested: bool) -> None:
    if ingested:
        catch_up_several(list(Run.objects.select_related("root")), wait=60)
    answer = _ask(api)
    assert (answer["matching"], answer["unread"]) == (COUNT, 0)
    (metric,) = answer["metrics"]
    assert metric["runs"] == COUNT and metric["x"] == list(range(1, 31)) and metric["density"] is None
    (group,) = metric["groups"]
    assert group["key"] == {} and group["n"] == group["runs"] == COUNT and group["members"] == []
    table = _table()
    of_columns = group["statistics"]
    assert of_columns["count"] == [COUNT] * 20 + [1] * 10
    for name, expected in {
        "mean": np.nanmean(table, axis=0),
        "min": np.nanmin(table, axis=0),
        "max": np.nanmax(table, axis=0),
        "p50": np.nanmedian(table, axis=0),
        "p10": np.nanquantile(table, 0.1, axis=0),
        "p95": np.nanquantile(table, 0.95, axis=0),
    }.items():
        assert of_columns[name] == pytest.approx(expected, rel=1e-5, abs=1e-6), name
    assert of_columns["std"][:20] == pytest.approx(np.std(table[:, :20], axis=0, ddof=1), rel=1e-5)
    assert of_columns["std"][20:] == of_columns["sem"][20:] == [None] * 10


def test_the_best_and_the_worst_five_are_named(api: APIClient, runs: list[str]) -> None:
    (metric,) = _ask(api)["metrics"]
    last = {runs[i]: _values(i, 30 if i == COUNT - 1 else 20)[-1] for i in range(COUNT)}
    order = sorted(last, key=last.__getitem__)
    assert metric["goal"] == "min"
    assert [entry["id"] for entry in metric["best"]] == order[:5]
    assert [entry["id"] for entry in metric["worst"]] == order[::-1][:5]
    best = metric["best"][0]
    assert best["name"] == f"run {runs.index(best['id'])}"
    assert best["y"][19] == pytest.approx(best["value"]) == pytest.approx(last[best["id"]])
    assert best["y"][20:] == [None] * 10


@pytest.mark.parametrize("name", ["val.acc.best", "val.loss.last", "a.min", "a.max"])
def test_a_metric_may_be_named_like_a_statistic(
    api: APIClient, store: Path, make_run: MakeRun, name: str
) -> None:
    ids = [make_run(store, "vision", metrics=[{name: i / 4, "a": 7.0}]) for i in range(4)]
    discovery.full(active_root())
    (metric,) = _ask(api, names=name)["metrics"]
    order = ids if metric["goal"] != "max" else ids[::-1]
    assert [entry["id"] for entry in metric["best"]] == order[:2]
    assert [entry["value"] for entry in metric["worst"]] == [ids.index(order[i]) / 4 for i in (3, 2)]


def test_a_density_counts_every_curve_once_in_each_column(api: APIClient, runs: list[str]) -> None:
    (metric,) = _ask(api, density=50, everything=True)["metrics"]
    grid = metric["density"]
    levels = np.frombuffer(base64.b64decode(grid["levels"]), dtype=np.uint8).reshape(50, 30)
    counts = np.expm1(levels / 255 * math.log1p(grid["most"])).round()
    table = _table()
    assert (grid["low"], grid["high"]) == pytest.approx((np.nanmin(table), np.nanmax(table)))
    assert counts[:, 0].sum() == pytest.approx(COUNT, abs=8)  # levels are rounded
    assert ((levels > 0).sum(axis=0)[20:] == 1).all()
    rows = ((table[:, 4] - grid["low"]) / (grid["high"] - grid["low"]) * 50).astype(int).clip(0, 49)
    assert ((levels[:, 4] > 0) == (np.bincount(rows, minlength=50) > 0)).all()
    assert (grid["above"], grid["below"]) == (0, 0)


def test_groups_have_all_of_their_members_and_show_some(api: APIClient, runs: list[str]) -> None:
    (metric,) = _ask(api, group_by="config.lr", members=7, where="config.lr < 0.5")["metrics"]
    assert [(group["key"], group["n"]) for group in metric["groups"]] == [
        ({"config.lr": 0.01}, 40),
        ({"config.lr": 0.1}, 40),
    ]
    for group, part in zip(metric["groups"], (2, 1), strict=True):
        members = [runs.index(member["id"]) for member in group["members"]]
        assert len(members) == 7 and all(i % 3 == part for i in members)
        assert members == sorted(members) and members[0] == part
        mean = np.mean(_table()[part::3, :20], axis=0)
        assert group["statistics"]["mean"][:20] == pytest.approx(mean, rel=1e-5)
    assert metric["runs"] == 80


def test_a_difference_is_that_to_the_mean_of_the_baseline(api: APIClient, runs: list[str]) -> None:
    base = np.nanmean(_table()[:2, :20], axis=0)
    against = ",".join(runs[:2])
    (metric,) = _ask(api, where="config.lr = 0.01", members=50, against=against)["metrics"]
    members = metric["groups"][0]["members"]
    assert [member["id"] for member in members] == runs[2::3]
    for member in members[:5]:
        row = _table()[runs.index(member["id"]), :20]
        assert member["y"][:20] == pytest.approx(row - base, rel=1e-4, abs=1e-5)
    (metric,) = _ask(api, members=150, against=against, difference="relative")["metrics"]
    row = (_table()[9, :20] - base) / np.abs(base)
    assert metric["groups"][0]["members"][9]["y"][:20] == pytest.approx(row, rel=1e-3, abs=1e-3)
    refused = api.get(ROUTE, {"where": "status = finished", "names": "loss", "against": "baseline"})
    assert refused.status_code == 400 and "needs a project" in refused.json()["detail"]


def test_other_x_axes(api: APIClient, runs: list[str]) -> None:
    over = _ask(api, x_metric="tokens", points=100)["metrics"][0]
    assert over["groups"][0]["statistics"]["count"][:1] == [COUNT]
    assert (over["x"][0], over["x"][-1]) == pytest.approx((100, 3000), abs=50)
    relative = _ask(api, x="relative")["metrics"][0]
    assert relative["groups"][0]["statistics"]["count"][0] == COUNT and 0 <= relative["x"][0] < 20
    part = _ask(api, step_range="5:8")["metrics"][0]
    assert part["x"] == [5, 6, 7, 8]
    assert part["groups"][0]["statistics"]["mean"] == pytest.approx(
        np.nanmean(_table(), axis=0)[4:8], rel=1e-5
    )


@pytest.fixture
def long(store: Path, make_run: MakeRun, small_pieces: None) -> list[str]:
    """Two runs of so many points that their series have tiles, and a short one."""
    ids = [
        make_run(
            store,
            "vision",
            created_at=1000.0,
            metrics=[
                {
                    "loss": float(step < 100) + math.sin(step) / 8,
                    "tokens": 100.0 * step,
                    "epoch": (step + 0.5) / 1000,
                }
                for step in range(1, steps + 1)
            ],
        )
        for steps in (200, 200, 5)
    ]
    discovery.full(active_root())
    catch_up_several(list(Run.objects.select_related("root")), wait=60)
    assert Series.objects.filter(name="epoch", nodes__gt=0).count() == 2
    return ids


def _drawn(metric: dict[str, Any], ids: list[str]) -> list[list[float | None]]:
    members = {member["id"]: member["y"] for member in metric["groups"][0]["members"]}
    return [members[run_id] for run_id in ids]


def test_a_zoom_shows_that_part_of_long_curves(api: APIClient, long: list[str]) -> None:
    for query, scale, offset in (
        ({"step_range": "80:120"}, 1.0, 0.0),
        ({"x_metric": "tokens", "step_range": "8000:12000"}, 100.0, 0.5),
        ({"x_metric": "epoch", "step_range": "0.08:1.2e-1"}, 0.001, 0.5),
        ({"x": "relative", "time_range": "80:120"}, 1.0, 0.5),
    ):
        (metric,) = _ask(api, members=3, points=50, **query)["metrics"]
        first = round(metric["x"][0] / scale - offset)
        assert (first, len(metric["x"])) == pytest.approx((80, 41), abs=1), query
        for y in _drawn(metric, long[:2]):
            values = {first + i: value for i, value in enumerate(y) if value is not None}
            assert len(values) >= 40, query
            expected = {step: (step < 100) + math.sin(step) / 8 for step in values}
            assert values == pytest.approx(expected, abs=1e-5), query


def test_a_zoom_beside_all_values_is_empty(api: APIClient, long: list[str]) -> None:
    for part, is_empty in (("2:", True), (":-1e9", True), ("1e999:", True), (".1999:1e999", False)):
        (metric,) = _ask(api, x_metric="epoch", step_range=part)["metrics"]
        assert (metric["x"] == []) == is_empty, part


def test_a_zoomed_smoothed_curve_is_the_part_of_the_whole_one(api: APIClient, long: list[str]) -> None:
    for smoothing in many(
        (
            {"smoothing": "ema", "smoothing_weight": 0.97},
            {"smoothing": "time_ema", "smoothing_half_life": 20},
            {"smoothing": "mean", "smoothing_window": 31},
            {"smoothing": "gaussian", "smoothing_sigma": 8},
        )
    ):
        document = api.get(f"/api/v2/experiments/{long[0]}/series", {"names": "loss", **smoothing}).json()
        of_run = document["series"][0]["smoothed"]
        exact = dict(zip(of_run["x"], of_run["y"], strict=True))
        for query, scale, steps in (
            ({"points": 300}, 1.0, range(1, 201)),
            ({"step_range": "95:125"}, 1.0, range(95, 126)),
            ({"x_metric": "tokens", "step_range": "9500:12500", "points": 40}, 100.0, range(95, 126)),
        ):
            (metric,) = _ask(api, members=3, **query, **smoothing)["metrics"]
            for y in _drawn(metric, long[:2]):
                values = dict(zip((x // scale for x in metric["x"]), y, strict=True))
                expected = {step: exact[step] for step in steps}
                assert {step: values[step] for step in steps} == pytest.approx(expected, abs=1e-5), query


def test_a_smoothed_formula_of_long_curves_falls_as_fast_as_its_metric(
    api: APIClient, long: list[str], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONG_POINTS", 8)
    analysis.update(store, "vision", lambda content: content.update(formulas={"same": "loss * 1"}))
    (metric,) = _ask(api, names="same", members=3, points=300, smoothing="ema", smoothing_weight=0.97)[
        "metrics"
    ]
    for y in _drawn(metric, long[:2]):
        at = round(metric["x"].index(130))
        assert y[at] == pytest.approx(0.97**30, abs=0.1)


def test_smoothed_curves_are_smoothed_one_by_one(api: APIClient, runs: list[str]) -> None:
    (metric,) = _ask(api, smoothing="ema", smoothing_weight=0.5, members=COUNT)["metrics"]
    weights = [0.5 * 0.5**back for back in range(3)]
    expected = sum(w * v for w, v in zip(weights, _values(3)[2::-1], strict=True)) / sum(weights)
    assert metric["groups"][0]["members"][3]["y"][2] == pytest.approx(expected)


def test_new_points_and_runs_are_read_beside_known_ones(
    api: APIClient, runs: list[str], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _ask(api)["metrics"][0]
    monkeypatch.setattr(
        sheet.CurveReader, "read", _only({*Run.objects.filter(run_id=runs[0]).values_list("pk", flat=True)})
    )
    run = Run.objects.select_related("root").get(run_id=runs[0])
    append_metrics(store, "vision", "run 0", runs[0], [{"loss": -5.0, "global_step": 21}], 2000.0)
    catch_up_several([run])
    after = _ask(api, where="config.lr > 0")["metrics"][0]
    statistics_before, statistics_after = before["groups"][0]["statistics"], after["groups"][0]["statistics"]
    assert statistics_after["count"][20] == 2 and statistics_after["min"][20] == -5.0
    assert statistics_after["mean"][:20] == statistics_before["mean"][:20]


def _only(keys: set[int]) -> Callable[..., Any]:
    """Return a reading that fails for any other run."""
    original = sheet.CurveReader.read

    def checked(reader: Any, requested: Any, *args: Any) -> Any:
        assert set(requested) <= keys
        return original(reader, requested, *args)

    return checked


def test_what_is_not_read_in_time_is_said_and_read_by_the_next_request(
    api: APIClient, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "SECONDS", -10.0)
    monkeypatch.setattr(reading, "AT_ONCE", 10)
    unread = [_ask(api)["unread"] for _ in range(3)]
    assert COUNT > unread[0] > unread[1] > unread[2] > 0
    monkeypatch.setattr(sheet, "SECONDS", 60.0)
    complete = _ask(api)
    assert complete["unread"] == 0
    cache._entries.clear()
    assert _ask(api, _="again")["metrics"] == complete["metrics"]


def test_the_list_of_a_page_is_compared_as_a_whole(client: Client, runs: list[str]) -> None:
    query = {"project": "vision", "where": "config.lr = 1", "size": 50, "page": 2, "names": "loss"}
    answer = client.get("/series/distribution", query).json()
    assert answer["matching"] == 40
    assert client.get("/series/distribution", {**query, "where": "lr <"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"names": "loss"}, "ids, project or where is required"),
        ({"project": "vision"}, "This field is required."),
        ({"project": "vision", "names": "loss", "group_by": "nonsense"}, "by must be one or more of"),
        ({"project": "vision", "names": "loss", "points": 5000}, "less than or equal to 2000"),
        ({"where": "lr <", "names": "loss"}, "position"),
        *(
            ({"project": "vision", "names": "loss", **query}, "Invalid step_range format, use 'min:max'")
            for query in (
                {"step_range": "0.5:1"},
                {"step_range": "1:2:3", "x_metric": "tokens"},
                {"step_range": "nan:inf", "x_metric": "tokens"},
            )
        ),
    ],
)
def test_bad_requests_say_why(api: APIClient, runs: list[str], query: dict[str, Any], sentence: str) -> None:
    answer = api.get(ROUTE, query)
    assert answer.status_code == 400 and sentence in answer.content.decode()


def test_series_take_a_condition_and_any_number_of_ids(api: APIClient, runs: list[str]) -> None:
    catch_up_several(list(Run.objects.select_related("root")), wait=60)
    answer = api.get("/api/v2/series", {"where": "config.lr = 1", "names": "loss"}).json()
    assert [entry["id"] for entry in answer["series"]] == runs[::3][::-1]
    everything = api.get("/api/v2/series", {"ids": ",".join([*runs, *runs]), "names": "loss"}).json()
    assert len(everything["series"]) == COUNT
    more = [f"20260101_000000_{i:06x}" for i in range(60)]
    assert len(api.get("/api/v2/series", {"ids": ",".join([*runs, *more])}).json()["missing"]) == 60
    assert api.get("/api/v2/series", {"names": "loss"}).status_code == 400


NUMBERS = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


@given(
    st.lists(st.dictionaries(st.integers(0, 40), NUMBERS, max_size=30), min_size=1, max_size=6),
    st.integers(2, 50),
)
def test_a_table_has_means_and_straight_lines_between_them(curves: list[dict[int, float]], most: int) -> None:
    columns = Columns.between(0, 40, most, is_integer=True)
    assert columns.count <= most
    sorted_curves = [(np.array(sorted(c), dtype=float), np.array([c[x] for x in sorted(c)])) for c in curves]
    table = columns.table(sorted_curves)
    for row, (x, y) in zip(table, sorted_curves, strict=True):
        x, y = x[np.isfinite(y)], y[np.isfinite(y)]
        at = (x // columns.width).astype(int)
        means = {int(column): y[at == column].mean() for column in np.unique(at)}
        for column, value in enumerate(row.tolist()):
            if not means or not min(means) <= column <= max(means):
                assert math.isnan(value)
            else:
                assert value == pytest.approx(
                    np.interp(column, sorted(means), [means[c] for c in sorted(means)]), rel=1e-5, abs=1e-2
                )


def test_columns_stay_where_they_are_while_curves_grow() -> None:
    before, after = (Columns.between(0, high, 400, is_integer=True) for high in (910, 990))
    assert (before.width, before.first) == (after.width, after.first) == (5, 0)
    assert after.x[: before.count].tolist() == before.x.tolist()
    wide = Columns.between(-1e308, 1.7e308, 100, is_integer=False)
    assert wide.count <= 100 and np.isfinite(wide.x).all()
    single = Columns.between(7, 7, 400, is_integer=True)
    assert single.x.tolist() == [7]


def test_a_density_leaves_outliers_out_and_counts_them() -> None:
    table = np.concatenate([np.linspace(0, 1, 400)[:, None].repeat(5, 1), np.full((2, 5), 1e6)]).astype(
        np.float32
    )
    grid = density(table, 20, log=False, everything=False)
    assert grid is not None and grid["high"] < 2 and grid["above"] == 2
    assert density(table, 20, log=False, everything=True)["high"] == 1e6  # type: ignore[index]
    logarithmic = density(table, 20, log=True, everything=True)
    assert logarithmic is not None and logarithmic["low"] > 0
    assert density(np.full((3, 2), np.nan, np.float32), 20, log=False, everything=False) is None
    assert density(np.full((3, 2), 7, np.float32), 20, log=False, everything=False)["low"] == 6.5  # type: ignore[index]


@pytest.mark.parametrize("value", [1e16, -1e18, 3e38, -3.4028e38, 1e-40])
@pytest.mark.parametrize("log", [False, True])
def test_equal_values_of_any_size_have_a_density(value: float, log: bool) -> None:
    table = np.full((3, 2), value, np.float32)
    grid = density(table, 20, log=log, everything=False)
    if log and value < 0:
        assert grid is None
        return
    assert grid is not None and grid["low"] < np.float32(value) < grid["high"]
    levels = np.frombuffer(base64.b64decode(grid["levels"]), dtype=np.uint8).reshape(20, 2)
    assert (grid["most"], np.count_nonzero(levels)) == (3, 2)


@pytest.mark.parametrize("query", [{}, {"scale": "log"}, {"scale": "log", "everything": True}])
def test_values_beyond_single_precision_are_left_out(
    api: APIClient, store: Path, make_run: MakeRun, query: dict[str, Any]
) -> None:
    for values in ([1.0, 2.0], [1.0, 1e200], [1.0, -1e39]):
        make_run(store, "vision", metrics=[{"loss": value} for value in values])
    discovery.full(active_root())
    (metric,) = _ask(api, density=20, **query)["metrics"]
    of_columns = metric["groups"][0]["statistics"]
    assert of_columns["count"] == [3, 1]
    assert [of_columns[name][1] for name in ("min", "p50", "mean", "max")] == [2.0] * 4
    grid = metric["density"]
    assert 0 < grid["low"] <= 1.0 and 2.0 <= grid["high"] < 3.0
    levels = np.frombuffer(base64.b64decode(grid["levels"]), dtype=np.uint8).reshape(20, 2)
    assert np.flatnonzero(levels[:, 1]) > np.flatnonzero(levels[:, 0])


def test_statistics_of_no_curves_are_missing() -> None:
    empty = statistics(np.empty((0, 3), dtype=np.float32))
    assert list(empty["count"]) == [0, 0, 0] and all(map(math.isnan, empty["mean"]))


def test_a_redefined_formula_is_drawn_anew(api: APIClient, store: Path, make_run: MakeRun) -> None:
    for value in (1.0, 2.0):
        make_run(store, "vision", metrics=[{"loss": value}] * 5)
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass
    for factor in (1, 100):
        body = {"name": "scaled", "formula": f"loss * {factor}"}
        assert api.post("/api/v2/projects/vision/formulas", body, format="json").status_code == 201
        (metric,) = _ask(api, names="scaled")["metrics"]
        (best,), (worst,) = metric["best"], metric["worst"]
        assert (best["value"], best["y"][0]) == (factor, factor)
        assert (worst["value"], worst["y"][0]) == (2 * factor, 2 * factor)
        (group,) = metric["groups"]
        assert [group["statistics"][name][0] for name in ("mean", "p50")] == [1.5 * factor] * 2


FORMULAS = {
    "twice": "loss * 2",
    "number": "last(loss) / first(loss)",
    "stepless": "free * 2",
    "of_nothing": "none + loss",
    "logarithm": "log(loss)",
    "average": "ema(loss, 0.5)",
}


@pytest.fixture
def formulas(store: Path, make_run: MakeRun) -> list[str]:
    """Runs with a loss, one of which logged a metric that is called like a formula, as another one without a loss did."""
    records: list[list[dict[str, Any]]] = [
        [{"loss": -1.0}, {"loss": 3.0}, {"loss": 4.0}],
        [{"loss": 1.0, "twice": 7.0}],
        [{"twice": 9.0}],
        [{"loss": 5.0, "twice": "text"}],
        [{"loss": 1.0, "free": 2.0, "global_step": None}, {"loss": 1.0}],
    ]
    ids = [
        make_run(store, "vision", metrics=metrics, created_at=1000.0 + i, name=str(i))
        for i, metrics in enumerate(records)
    ]
    analysis.update(store, "vision", lambda content: content.update(formulas=FORMULAS))
    discovery.full(active_root())
    return ids


def test_every_run_of_a_formula_is_read_though_it_has_no_points(
    api: APIClient, formulas: list[str], monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.setattr(curves, "MOST_POINTS", 2)
    monkeypatch.setattr(reading, "MOST_POINTS", 2)
    catch_up_several(list(Run.objects.select_related("root")), wait=60)
    # Of the run of three points, which is undefined at its lowest one, all points would be needed.
    expected = {"twice": 4, "logarithm": 3, "average": 3, "stepless": 0, "number": 0, "of_nothing": 0}
    for name, x in product(FORMULAS, ["step", "time", "relative"]):
        with subtests.test(x=x, name=name):
            assert _complete(api, names=name, x=x)["metrics"][0]["runs"] == expected[name]


def test_a_logged_metric_comes_before_a_formula_of_its_name(api: APIClient, formulas: list[str]) -> None:
    expected = {formulas[0]: [-2.0, 6.0, 8.0], formulas[1]: [7.0], formulas[2]: [9.0], formulas[4]: [2.0]}
    for ingested in (False, True):
        if ingested:
            catch_up_several(list(Run.objects.select_related("root")), wait=60)
        (metric,) = _complete(api, names="twice", members=10)["metrics"]
        (group,) = metric["groups"]
        values_by_run = {
            member["id"]: [y for y in member["y"] if y is not None] for member in group["members"]
        }
        assert values_by_run == expected and metric["runs"] == 4
        assert {member["id"]: member["value"] for member in group["members"]} == {
            run: values[-1] for run, values in expected.items()
        }
    answer = api.get("/api/v2/series", {"ids": ",".join(formulas), "names": "twice"}).json()
    curve_by_run = {entry["id"]: entry["y"] for entry in answer["series"]}
    assert len(answer["series"]) == 5 and curve_by_run == {**expected, formulas[3]: [0]}
    of_run = api.get(f"/api/v2/experiments/{formulas[1]}/series", {"names": "twice"}).json()
    assert [entry["y"] for entry in of_run["series"]] == [[7.0]]
    groups = api.get("/api/v2/groups", {"project": "vision", "by": "name", "metrics": "twice"}).json()
    assert {group["key"]["name"]: group["metrics"]["twice"]["mean"] for group in groups["groups"]} == {
        str(i): expected.get(run, [None])[-1] for i, run in enumerate(formulas)
    }


def test_formulas_of_runs_that_are_not_ingested_in_time_are_read_by_the_next_request(
    api: APIClient, formulas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(reading, "catch_up_several", lambda *_: 1)
        assert _ask(api, names="average")["unread"] == 4
    assert _complete(api, names="average")["metrics"][0]["runs"] == 4
