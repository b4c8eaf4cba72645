from __future__ import annotations

import json
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runicorn.store import find
from runs.active_root import active_root
from runs.index.metric_index import record_metrics
from runs.query import selectivity
from runs.query.find import find_runs
from runs.query.where.parser import parse
from runs.query.where.record import RunEvaluator
from runs.store.folder_stat import read_state
from runs.store.metric_stats import MetricStats
from runs.store.reader import read_run
from tests.answers import read
from tests.server.runs.conftest import row

CONFIGS: list[dict[str, Any]] = [
    {"lr": 0.1, "opt": "adam", "amp": True},
    {"lr": 0.01, "opt": "SGD", "amp": False, "odd key!": "a,b"},
    {"lr": "0.1", "opt": None},
    {},
    {"lr": 1, "opt": "adamw", "optim": {"wd": 0.5}},
    {"lr": -0.5, "opt": "100%", "amp": "true"},
]
METRICS: list[dict[str, float | None]] = [
    {"acc": 0.5},
    {"acc": 0.9, "val/loss": 1.0},
    {"val/loss": -2.0},
    {},
    {"acc": 0.9},
    {"acc": None},
]
TAGS = [["a"], ["a", "b c"], [], ["b c"], ["A"], ["a", "x"]]


def facts(value: float | None) -> MetricStats:
    """`value` last and best, one less as the minimum, one more as the maximum."""
    low, high = (None, None) if value is None else (value - 1, value + 1)
    return MetricStats(value, 1, low, 1, high, 1, 1)


@pytest.fixture
def six(store: Path, make_run: Any, look: Any) -> None:
    """Six runs that differ in everything a condition can ask for."""
    run_ids = [
        make_run(
            store,
            run_id=f"20231114_221320_{number:06d}",
            project=f"p{number % 2}",
            name="net" + "abc"[number % 3],
            status=("finished", "running")[number == 3],
            created_at=1.7e9 + number,
            group="g" if number == 2 else None,
            tags=TAGS[number],
            config=config,
            summary={"best_metric_name": "val/loss", "best_metric_mode": "min"} if number == 1 else {},
        )
        for number, config in enumerate(CONFIGS)
    ]
    look()
    for run_id, values in zip(run_ids, METRICS, strict=True):
        recorded = {key: facts(value) for key, value in values.items()}
        record_metrics(run=row(run_id), values=recorded, last_write=1.7e9)


def find_numbers(text: str) -> set[int]:
    """What the database finds, which is what a look at the folders finds."""
    runs = find_runs(active_root(), where=parse(text)).runs
    numbers = {int(run.run_id[-6:]) for run in runs}
    assert numbers == in_folders(text), text
    return numbers


def in_folders(text: str) -> set[int]:
    root = Path(active_root().path)
    numbers = set()
    for folder in find.all_runs(root):
        record = read_run(str(root), folder, read_state(root / folder))[0]
        number = int(record.run_id[-6:])
        recorded = {key: facts(value) for key, value in METRICS[number].items()}
        if RunEvaluator(record, lambda values=recorded: values).satisfies(parse(text)):
            numbers.add(number)
    return numbers


CONDITIONS: list[tuple[str, set[int]]] = [
    ("config.lr < 0.1", {1, 5}),
    ("config.lr <= 0.1", {0, 1, 5}),
    ("config.lr = 0.1", {0}),
    ("config.lr = '0.1'", {0, 2}),
    ("config.lr != 0.1", {1, 2, 4, 5}),
    ("not config.lr = 0.1", {1, 2, 3, 4, 5}),
    ("config.lr in (0.1, 1)", {0, 4}),
    ("config.lr not in (0.1, 1)", {1, 2, 3, 5}),
    ("config.opt = adam", {0}),
    ("config.opt != adam", {1, 4, 5}),
    ("config.opt contains ADAM", {0, 4}),
    ("config.opt contains '%'", {5}),
    ("config.opt contains _", set()),
    ("config.opt in (adam, SGD)", {0, 1}),
    ("config.opt exists", {0, 1, 4, 5}),
    ("config.opt is null", {2, 3}),
    ("config.amp = true", {0, 5}),
    ("config.'odd key!' = 'a,b'", {1}),
    ("config.optim.wd >= 0.5", {4}),
    ("config.never = 1 or config.lr = 1", {4}),
    ("metric.acc > 0.5", {1, 4}),
    ("metric.acc.max >= 1.5", {0, 1, 4}),
    ("metric.acc.min < -0.1", {0}),
    ("metric.acc.best = 1.5", {0}),
    ("metric.val/loss.best < 0.5", {1, 2}),
    ("metric.acc != 0.5", {1, 4}),
    ("metric.acc exists", {0, 1, 4}),
    ("metric.acc is null", {2, 3, 5}),
    ("metric.acc in (0.5, 7)", {0}),
    ("replica_key exists and config.lr = 1", {4}),
    ("replica_key = nothing", set()),
    ("tags contains a", {0, 1, 5}),
    ("tags contains 'b c' and tags = a", {1}),
    ("tags in (A, x)", {4, 5}),
    ("tags exists", {0, 1, 3, 4, 5}),
    ("tags is null", {2}),
    ("not tags contains a and not tags contains A", {2, 3}),
    ("project = p1", {1, 3, 5}),
    ("project != p1", {0, 2, 4}),
    ("name contains TC", {2, 5}),
    ("name in (neta, netb)", {0, 1, 3, 4}),
    ("id = 20231114_221320_000004", {4}),
    ("status = running", {3}),
    ("duration exists", {0, 1, 2, 4, 5}),
    ("not duration > 0", {3}),
    ("not (duration > 0 and project = p1)", {0, 2, 3, 4}),
    ("not (not duration > 0 or project = p1)", {0, 2, 4}),
    ("group is null", {0, 1, 3, 4, 5}),
    ("group = ''", {0, 1, 3, 4, 5}),
    ("group != x", {2}),
    ("group contains ''", {0, 1, 2, 3, 4, 5}),
    ("exit_reason != x", set()),
    ("exit_reason in (x, y)", set()),
    ("name contains ETA", {0, 3}),
    ("description contains é", set()),
    ('name ~ "^net[ab]$"', {0, 1, 3, 4}),
    ('name ~ "(ta|TB)"', {0, 3}),
    (r"not name ~ 't.?c$' and project ~ '^p\d+$'", {0, 1, 3, 4}),
    ("id ~ 22132.*[45]$", {4, 5}),
    ("group ~ '^$'", {0, 1, 3, 4, 5}),
    ("exit_reason ~ x", set()),
    ("config.lr contains .1", {0, 2}),
    ("config.lr in ('0.1', 1)", {0, 2, 4}),
    ("config.opt > 0", set()),
    ("config.opt != null-ish", {0, 1, 4, 5}),
    ("metric.'val/loss' = -2", {2}),
    ("group = g", {2}),
    ("created_at >= 1700000004", {4, 5}),
    ("created_at < 2023-11-14T22:13:21Z", {0}),
    ("best_metric_value < 5", {1}),
    ("best_metric_name = val/loss", {1}),
    ("best_metric_name is null", {0, 2, 3, 4, 5}),
    ("pinned = false", {0, 1, 2, 3, 4, 5}),
    ("pinned != false", set()),
    ("deleted_at exists", set()),
    ("(config.lr < 0.1 or metric.acc > 0.5) and not project = p1", {4}),
]


@pytest.mark.parametrize("rare", [0, 1000])
def test_each_condition_finds_the_matching_runs(
    six: None, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(selectivity, "RARE", rare)
    assert [(text, find_numbers(text)) for text, _ in CONDITIONS] == CONDITIONS


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Plain = Callable[[int], bool]
"""Whether the run of that number satisfies a condition, by looking at what was written."""


def config_test(key: str, sign: str, value: float | str) -> tuple[str, Plain]:
    def plain(number: int) -> bool:
        has = CONFIGS[number].get(key)
        if has is None:
            return False
        if isinstance(value, str):
            text = has if isinstance(has, str) else json.dumps(has)
            return OPERATORS[sign](text, value)
        is_number = isinstance(has, int | float) and not isinstance(has, bool)
        return OPERATORS[sign](has, value) if is_number else sign == "!="

    return f"config.{key} {sign} {json.dumps(value)}", plain


def metric_test(key: str, figure: str, sign: str, value: float) -> tuple[str, Plain]:
    def plain(number: int) -> bool:
        has = METRICS[number].get(key)
        if has is None:
            return False
        best = -1 if "loss" in key else 1
        return OPERATORS[sign](has + {"last": 0, "min": -1, "max": 1, "best": best}[figure], value)

    return f"metric.{key}.{figure} {sign} {value}", plain


def tag_test(tag: str) -> tuple[str, Plain]:
    return f"tags contains {json.dumps(tag)}", lambda number: tag in TAGS[number]


signs, numbers = st.sampled_from(list(OPERATORS)), st.sampled_from([-2.0, -0.5, 0.01, 0.1, 0.5, 0.9, 1.0, 2])
tests = (
    st.builds(config_test, st.sampled_from(["lr", "opt", "amp"]), signs, numbers)
    | st.builds(
        config_test, st.sampled_from(["lr", "opt", "amp"]), st.sampled_from(["=", "!="]), st.just("true")
    )
    | st.builds(
        metric_test,
        st.sampled_from(["acc", "val/loss"]),
        st.sampled_from(["last", "best", "min", "max"]),
        signs,
        numbers,
    )
    | st.builds(tag_test, st.sampled_from(["a", "b c", "x", "never"]))
)


def joined(inner: Any) -> Any:
    both = st.tuples(inner, inner)
    return (
        both.map(lambda two: (f"({two[0][0]} and {two[1][0]})", lambda n: two[0][1](n) and two[1][1](n)))
        | both.map(lambda two: (f"({two[0][0]} or {two[1][0]})", lambda n: two[0][1](n) or two[1][1](n)))
        | inner.map(lambda pair: (f"not {pair[0]}", lambda n: not pair[1](n)))
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=st.recursive(tests, joined, max_leaves=6), rare=st.sampled_from([0, 1000]))
def test_any_condition_agrees_with_a_plain_evaluation(
    six: None, monkeypatch: pytest.MonkeyPatch, case: tuple[str, Plain], rare: int
) -> None:
    monkeypatch.setattr(selectivity, "RARE", rare)
    text, plain = case
    assert find_numbers(text) == {number for number in range(6) if plain(number)}, text


def test_a_condition_combines_with_other_filters(six: None, api: Any) -> None:
    answer = read(
        api.get(
            "/api/v2/experiments",
            {"where": "config.lr exists", "project": "p0", "order_by": "config.lr", "per_page": 2},
        )
    )
    assert [item["id"][-1] for item in answer["experiments"]] == ["4", "0"]
    assert (answer["total"], answer["has_next"]) == (3, True)


def test_an_invalid_condition_names_its_parameter_and_position(store: Path, api: Any) -> None:
    answer = api.get("/api/v2/experiments", {"where": "config.lr <"})
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "detail": "where: expected a value at position 12",
            "errors": {"where": ["expected a value at position 12"]},
        },
    )
