"""Groups of runs, verdicts, replicas, importance and baselines over the API."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up_several
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from runs.query.analysis.forest import permutation_importance
from tests.folders import folder_of
from tests.large import many

MakeRun = Callable[..., str]
Get = Callable[..., Any]


@pytest.fixture
def get(api: APIClient) -> Get:
    """`get("groups", by="group")` reads everything and returns the JSON of a 200."""

    def ask(path: str, **query: Any) -> Any:
        discovery.full(active_root())
        while catch_up_several(list(Run.objects.select_related("root"))):
            pass  # a busy machine needs several rounds
        answer = api.get(f"/api/v2/{path}", query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


def _train(store: Path, make_run: MakeRun, values: list[float], lr: float = 0.1, **more: Any) -> list[str]:
    """Write a run for each final accuracy, with a seed of its own."""
    config = {"lr": lr, **more.pop("config", {})}
    return [
        make_run(
            store,
            "vision",
            f"run-{seed}",
            config={**config, "seed": seed, "output_dir": f"/out/{seed}"},
            metrics=[{"val/acc": value / 2}, {"val/acc": value}],
            **more,
        )
        for seed, value in enumerate(values)
    ]


def test_the_mean_of_equal_members_is_their_value(store: Path, make_run: MakeRun, get: Get) -> None:
    _train(store, make_run, [0.5] * 6)  # six sixths of it are 0.49999999999999994
    (group,) = get("groups", by="config.lr", metrics="val/acc")["groups"]
    assert (group["metrics"]["val/acc"]["mean"], group["metrics"]["val/acc"]["std"]) == (0.5, 0.0)


def test_groups_have_the_statistics_of_all_members(store: Path, make_run: MakeRun, get: Get) -> None:
    small = _train(store, make_run, [0.5, 0.6, 0.9], lr=0.1, group="a")
    large = _train(store, make_run, [0.7], lr=0.5, group="b", status="failed", tags=["x", "y"])
    answer = get("groups", by="config.lr", metrics="val/acc,val/acc.max")
    assert answer["total"] == 2
    first, second = answer["groups"]
    assert first["key"] == {"config.lr": 0.1} and (first["n"], first["failed"]) == (3, 0)
    assert set(first["run_ids"]) == set(small) and second["run_ids"] == large
    expected = {
        "n": 3,
        "mean": statistics.fmean([0.5, 0.6, 0.9]),
        "std": statistics.stdev([0.5, 0.6, 0.9]),
        "median": 0.6,
        "min": 0.5,
        "max": 0.9,
    }
    assert first["metrics"]["val/acc"] == pytest.approx(expected)
    assert second["metrics"]["val/acc"]["std"] is None and second["failed"] == 1
    assert [group["key"]["tag"] for group in get("groups", by="tag")["groups"]] == ["x", "y", None]
    nested = get("groups", by="group,config.lr", order_by="-n")["groups"]
    assert [list(group["key"].values()) for group in nested] == [["a", 0.1], ["b", 0.5]]
    best = get("groups", by="group", metrics="val/acc", order_by="-metric.val/acc.mean", per_page=1)
    by_other = get("groups", by="group", order_by="-metric.val/acc.mean", per_page=1)["groups"]
    assert [(group["key"], group["metrics"]) for group in by_other] == [(best["groups"][0]["key"], {})]
    assert best["total"] == 2 and best["groups"][0]["key"] == {"group": "b"}
    filtered = get("groups", by="group", metrics="val/acc", where="metric.val/acc < 0.65")
    assert [group["n"] for group in filtered["groups"]] == [2]

    def having(text: str, **more: Any) -> list[float]:
        answer = get("groups", by="config.lr", having=text, **more)
        assert answer["total"] == len(answer["groups"])
        return [group["key"]["config.lr"] for group in answer["groups"]]

    assert having("n >= 3") == [0.1] and having("failed = 1") == [0.5]
    assert having("metric.val/acc.mean > 0.68") == [0.5]
    assert having("metric.val/acc.max.mean >= 0.6 and metric.val/acc.n > 0", order_by="-n") == [0.1, 0.5]
    assert having("metric.val/acc.std exists") == [0.1] and having("not metric.val/acc.std > 0") == [0.5]
    assert having("n in (1, 2) or metric.unknown.mean < 1") == [0.5]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "by"),
        ({"by": "colour"}, "by"),
        ({"by": "config.a\0"}, "by"),
        ({"by": "group,name,tag,host,status"}, "by"),
        ({"by": "group", "order_by": "metric.loss.mode"}, "order_by"),
        ({"by": "group", "where": "lr <"}, "where"),
        ({"by": "group", "having": "metric.loss > 1"}, "having"),
        ({"by": "group", "having": "n > many"}, "having"),
        ({"by": "group", "having": "n contains 1"}, "having"),
        ({"by": "group", "against": "baseline"}, "against"),
    ],
)
def test_a_malformed_grouping_names_its_field(
    store: Path, api: APIClient, query: dict[str, str], field: str
) -> None:
    answer = api.get("/api/v2/groups", query)
    assert answer.status_code == 400 and list(answer.json()["errors"]) == [field]


def test_seeds_group_themselves(store: Path, make_run: MakeRun, get: Get) -> None:
    first = _train(store, make_run, [0.5, 0.6], lr=0.1)
    second = _train(store, make_run, [0.7, 0.8, 0.9], lr=0.2)
    make_run(store, "vision", config={"lr": 0.3, "seed": 1})
    make_run(store, "vision", config={})
    groups = {
        tuple(group["run_ids"]): group["seeds"] for group in get("replicas", project="vision")["groups"]
    }
    assert {frozenset(run_ids) for run_ids in groups} == {frozenset(first), frozenset(second)}
    assert sorted(map(sorted, groups.values())) == [[0, 1], [0, 1, 2]]
    assert sorted(group["n"] for group in get("groups", by="replicas")["groups"]) == [1, 1, 2, 3]
    document = get("replicas", project="vision", where="config.lr < 0.15")
    assert [set(group["run_ids"]) for group in document["groups"]] == [set(first)]


def test_a_project_names_its_seeds(store: Path, make_run: MakeRun, get: Get, api: APIClient) -> None:
    for split in range(3):
        make_run(store, "vision", config={"lr": 1, "split": split})
    assert get("replicas", project="vision")["groups"] == []
    route = "/api/v2/projects/vision/replica-rules"
    rules = {"seed_keys": ["split"], "compare_packages": False}
    assert api.put(route, rules).json() == api.get(route).json() == rules
    (group,) = get("replicas", project="vision")["groups"]
    assert sorted(group["seeds"]) == [0, 1, 2]
    # A run that is read later follows the rules, too, and so does one without a key.
    make_run(store, "vision", config={"lr": 1, "split": 3})
    assert len(get("replicas", project="vision")["groups"][0]["run_ids"]) == 4
    Run.objects.update(replica_key=None)
    assert len(get("replicas", project="vision")["groups"][0]["run_ids"]) == 4
    assert json.loads((store / "vision" / "analysis.json").read_text()) == {"seed_keys": ["split"]}


@pytest.mark.parametrize("value", [{"lr": float("inf")}, {"lr": 10**25}, {"args": {"lr": 1}}])
def test_keys_of_replicas_are_computed_alike_by_scan_and_update(
    store: Path, make_run: MakeRun, get: Get, value: dict[str, Any]
) -> None:
    runs = [make_run(store, "vision", config=None if "args" in value else value) for _ in range(2)]
    if "args" in value:
        for run_id in runs:
            (folder_of(store, run_id) / "assets.json").write_text(json.dumps({"config": value}))
    assert len(get("replicas", project="vision")["groups"][0]["run_ids"]) == 2
    Run.objects.filter(run_id=runs[0]).update(replica_key=None)
    assert len(get("replicas", project="vision")["groups"][0]["run_ids"]) == 2


def test_equal_runs_of_different_projects_are_no_replicas(store: Path, make_run: MakeRun, get: Get) -> None:
    for project in ("vision", "vision", "speech"):
        make_run(store, project, config={"lr": 0.1})
    groups = get("groups", by="replicas")["groups"]
    assert sorted(group["n"] for group in groups) == [1, 2]
    assert len({group["key"]["replicas"] for group in groups}) == 2
    assert get("groups", by="project,replicas")["total"] == 2


def test_a_verdict_on_two_groups_is_one_sentence(store: Path, make_run: MakeRun, get: Get) -> None:
    a = _train(store, make_run, [0.90, 0.91, 0.92, 0.91, 0.90], lr=0.1)
    b = _train(store, make_run, [0.80, 0.81, 0.82, 0.81, 0.80], lr=0.2)
    verdict = get("verdict", metric="val/acc", a=",".join(a), b=",".join(b))
    assert (verdict["verdict"], verdict["goal"], verdict["goal_assumed"]) == ("better", "max", True)
    assert (verdict["n_a"], verdict["n_b"], verdict["method"]) == (5, 5, "Welch's interval")
    assert verdict["difference"] == pytest.approx(0.1)
    assert verdict["relative"] == pytest.approx(0.1 / 0.808)
    low, high = verdict["interval"]
    assert low < 0.1 < high and verdict["noise"] is None
    assert verdict["sentence"].startswith("better by 12.4 % ± ")
    worse = get("verdict", metric="val/acc.max", a=",".join(b), b=",".join(a))
    assert worse["verdict"] == "worse" and worse["interval"] == pytest.approx([-high, -low])


def test_single_runs_are_judged_by_the_noise_of_the_project(store: Path, make_run: MakeRun, get: Get) -> None:
    (single,) = _train(store, make_run, [0.95], lr=0.01)
    (other,) = _train(store, make_run, [0.90], lr=0.02)
    unknown = get("verdict", metric="val/acc", a=single, b=other)
    assert (unknown["verdict"], unknown["sentence"]) == ("unknown", "one run each, noise unknown")
    for lr in (1, 2, 3):
        _train(store, make_run, [0.5 * lr, 0.5 * lr + 0.005, 0.5 * lr - 0.005], lr=lr)
    verdict = get("verdict", metric="val/acc", a=single, b=other)
    assert verdict["verdict"] == "better" and verdict["method"] == "noise floor of the project"
    assert verdict["noise"] == pytest.approx({"std": 0.005, "degrees_of_freedom": 6})
    # A failed replica is no noise.
    _train(store, make_run, [99.0], lr=3, status="failed")
    assert get("verdict", metric="val/acc", a=single, b=other)["noise"] == verdict["noise"]


def test_the_definition_of_a_metric_decides_goal_and_statistic(
    store: Path, make_run: MakeRun, get: Get
) -> None:
    rules = {"val/*": {"goal": "min", "summary": "best"}}
    runs = [
        make_run(store, "vision", metrics=[{"val/x": low}, {"val/x": 9.0}], config={"lr": lr})
        for lr, low in ((1, 1.0), (2, 2.0))
    ]
    for run_id in runs:
        path = store / "vision" / "resnet" / "runs" / run_id / "meta.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"metrics": rules}))
    verdict = get("verdict", metric="val/x", a=runs[0], b=runs[1])
    assert (verdict["goal"], verdict["goal_assumed"], verdict["difference"]) == ("min", False, -1.0)
    document = get("experiments", order_by="metric.val/x.best", order_desc="false", details="true")
    assert [entry["metric_values"]["val/x"]["best"] for entry in document["experiments"]] == [1.0, 2.0]


def test_groups_are_judged_against_the_baseline_of_the_project(
    store: Path, make_run: MakeRun, get: Get, api: APIClient
) -> None:
    base = _train(store, make_run, [0.80, 0.81, 0.82], lr=0.1)
    _train(store, make_run, [0.90, 0.91, 0.92], lr=0.2)
    _train(store, make_run, [0.79, 0.81, 0.83], lr=0.3)
    get("experiments")
    route = "/api/v2/projects/vision/baseline"
    assert api.get(route).json() == {"run_ids": []}
    assert api.put(route, {"run_ids": base}).json() == api.get(route).json() == {"run_ids": base}
    answer = get("groups", by="config.lr", project="vision", metrics="val/acc", against="baseline")
    words = [group["verdicts"]["val/acc"]["verdict"] for group in answer["groups"]]
    assert words == ["within_noise", "better", "within_noise"]
    verdict = answer["groups"][1]["verdicts"]["val/acc"]
    assert verdict["comparisons"] == 2 and "corrected for 2 comparisons" in verdict["method"]
    assert api.put(route, {"run_ids": ["20200101_000000_aaaaaa"]}).status_code == 400
    assert api.put("/api/v2/projects/other/baseline", {"run_ids": []}).status_code == 404
    for route_of in ("baseline", "formulas", "replica-rules"):
        assert api.get(f"/api/v2/projects/%2e%2e/{route_of}").status_code == 400
    assert api.get(route).json() == {"run_ids": base}
    assert api.put(route, {"run_ids": []}).json() == {"run_ids": []}
    assert not (store / "vision" / "analysis.json").exists()


def test_diverged_values_have_statistics_and_verdicts(
    store: Path, make_run: MakeRun, get: Get, api: APIClient
) -> None:
    diverged = _train(store, make_run, [1e200, 3e199, 2e200], lr=0.1)
    base = _train(store, make_run, [1.0, 2.0, 3.0], lr=0.2)
    get("experiments")
    assert api.put("/api/v2/projects/vision/baseline", {"run_ids": base}).status_code == 200
    answer = get("groups", by="config.lr", project="vision", metrics="val/acc", against="baseline")
    first, second = answer["groups"]
    assert first["metrics"]["val/acc"]["std"] == pytest.approx(statistics.stdev([10, 3, 20]) * 1e199)
    assert second["metrics"]["val/acc"]["std"] == 1.0
    assert first["verdicts"]["val/acc"]["verdict"] == "within_noise"
    for a in (",".join(diverged), diverged[0]):
        verdict = get("verdict", metric="val/acc", a=a, b=",".join(base))
        assert verdict["sentence"] and verdict["verdict"] in ("better", "within_noise")


def test_hyperparameters_matter_for_values_of_any_size(store: Path, make_run: MakeRun, get: Get) -> None:
    for number in many(range(40)):
        lr, width = 10.0 ** -(number % 4), number // 4 % 3
        make_run(store, "vision", config={"lr": lr, "width": width}, metrics=[{"loss": lr * 1e300}])
    lr, width = get("importance", metric="loss")["keys"]
    assert lr["key"] == "lr" and lr["importance"] > 0.5 > width["importance"]


def test_equal_values_of_many_runs_give_no_huge_importance() -> None:
    rng = np.random.default_rng(1)
    target = np.full(20, 0.1 / 0.9)
    target[:3] = 1.0, 0.7, 0.4
    importance, spread = permutation_importance(rng.random((20, 2)), target)
    assert np.abs(importance).max() < 10 and spread.max() < 10


def test_the_hyperparameters_that_matter_come_first(store: Path, make_run: MakeRun, get: Get) -> None:
    source = random.Random(1)
    for _ in many(range(80)):
        lr, depth, width = 10 ** source.uniform(-4, 0), source.choice([2, 4, 8]), source.randrange(100)
        loss = (math.log10(lr) + 2) ** 2 + 0.3 * depth + source.gauss(0, 0.1)
        config = {
            "lr": lr,
            "depth": depth,
            "width": width,
            "optimizer": "adam",
            "note": f"run {source.random()}",
        }
        make_run(store, "vision", config=config, metrics=[{"loss": loss}])
    answer = get("importance", metric="loss")
    keys = {entry["key"]: entry for entry in answer["keys"]}
    assert answer["n"] == 80 and list(keys) == ["lr", "depth", "width"]
    assert keys["lr"]["importance"] > keys["depth"]["importance"] > 3 * max(keys["width"]["importance"], 0.01)
    assert keys["depth"]["correlation"] > 0.3
    assert answer == get("importance", metric="loss")
    assert get("importance", metric="accuracy") == {"keys": [], "n": 0}


def test_unknown_runs_of_a_verdict_are_missing(store: Path, make_run: MakeRun, api: APIClient) -> None:
    (run_id,) = _train(store, make_run, [0.5])
    missing = api.get("/api/v2/verdict", {"metric": "x", "a": run_id, "b": "20200101_000000_aaaaaa"})
    assert missing.status_code == 404
    assert api.get("/api/v2/verdict", {"metric": "x", "a": run_id, "b": "!"}).status_code == 400
    assert api.get("/api/v2/verdict", {"a": run_id, "b": run_id}).status_code == 400
    (run_id,) = _train(store, make_run, [0.6], lr=9)
    assert api.get("/api/v2/verdict", {"metric": "x", "a": run_id, "b": run_id}).json()["n_a"] == 0
