"""Ancestors and descendants of a version across runs, within a depth, and with cycles."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import runicorn as rn
from artifacts.index import discovery as artifact_discovery
from artifacts.lineage import query
from artifacts.lineage.graph import PRODUCES, USES, Edge, Questions, walk
from artifacts.services import lookup
from runs.active_root import active_root
from runs.index import discovery
from tests.waiting import until

Write = Callable[..., Path]


@pytest.fixture
def chain(store: Path, write: Write) -> list[str]:
    """raw → prepare → clean → train → model → evaluate → report, and a side branch of another training."""

    def step(name: str, uses: list[str], makes: list[tuple[str, str]]) -> str:
        with rn.init("p", name, storage=store, capture_env=False, system_metrics=False, mode="online") as run:
            for spec in uses:
                run.use_artifact(spec)
            for artifact, kind in makes:
                run.log_artifact(rn.Artifact(artifact, kind).add_file(write(f"{artifact}-{name}", name)))
            return run.id

    runs = [
        step("collect", [], [("raw", "dataset")]),
        step("prepare", ["raw:latest"], [("clean", "dataset")]),
        step("train", ["clean:latest"], [("model", "model")]),
        step("other", ["clean:latest"], [("side", "model")]),
        step("evaluate", ["model:latest"], [("report", "custom")]),
    ]
    _look()
    return runs


def _look() -> None:
    """As the background does."""
    discovery.full(active_root())
    until(lambda: not lookup.catch_up_all(active_root(), thorough=True))  # it stops after half a second


def _lineage(api: Any, name: str, depth: int = 10) -> dict[str, Any]:
    graph: dict[str, Any] = api.get(f"/api/artifacts/{name}/v1/lineage?max_depth={depth}").json()
    return graph


@pytest.mark.django_db
def test_both_directions_and_no_siblings(api: Any, chain: list[str]) -> None:
    collect, prepare, train, _, evaluate = chain
    graph = _lineage(api, "model")
    assert graph["root_artifact"] == "model:v1"
    nodes = {node["node_id"] for node in graph["nodes"]}
    assert nodes == {"model:v1", "clean:v1", "raw:v1", "report:v1", collect, prepare, train, evaluate}
    edges = {(edge["source"], edge["target"], edge["edge_type"]) for edge in graph["edges"]}
    assert edges == {
        (collect, "raw:v1", "produces"),
        ("raw:v1", prepare, "uses"),
        (prepare, "clean:v1", "produces"),
        ("clean:v1", train, "uses"),
        (train, "model:v1", "produces"),
        ("model:v1", evaluate, "uses"),
        (evaluate, "report:v1", "produces"),
    }
    about = {node["node_id"]: node["metadata"] for node in graph["nodes"]}
    assert about[train]["project"] == "p" and about[train]["name"] == "train"
    assert about["raw:v1"]["type"] == "dataset" and about["raw:v1"]["size"] == len("collect")
    assert [n["node_type"] for n in graph["nodes"] if n["node_id"] == train] == ["run"]


@pytest.mark.django_db
def test_the_depth_counts_edges(api: Any, chain: list[str], subtests: pytest.Subtests) -> None:
    for depth, count in [(0, 1), (1, 3), (2, 5), (3, 6), (10, 8)]:
        with subtests.test(depth=depth, count=count):
            assert len(_lineage(api, "model", depth)["nodes"]) == count


@pytest.mark.django_db
def test_an_invalid_depth_is_refused(api: Any, chain: list[str]) -> None:
    for depth in ("-1", "11", "x"):
        assert api.get(f"/api/artifacts/model/v1/lineage?max_depth={depth}").status_code == 400
    assert api.get("/api/artifacts/model/v7/lineage").status_code == 404


@pytest.mark.django_db
def test_the_number_of_questions_does_not_grow_with_the_runs(
    api: Any, store: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A young artifact is read again by each request, and whether it is still young depends on the load of the machine.
    monkeypatch.setattr(artifact_discovery, "YOUNG_NANOSECONDS", 0)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api.get("/api/artifacts/d/v1/lineage?max_depth=2").status_code == 200
        return len(captured)

    def use(times: int) -> None:
        for _ in range(times):
            with rn.init(
                "p", "n", storage=store, capture_env=False, system_metrics=False, mode="online"
            ) as run:
                run.use_artifact("d:1")

    with rn.init("p", "n", storage=store, capture_env=False, system_metrics=False, mode="online") as run:
        run.log_artifact(rn.Artifact("d", "dataset").add_file(write("d")))
    counts = []
    for times in (1, 5):
        use(times)
        _look()
        counts.append(queries())
    assert counts[0] == counts[1]
    assert len(_lineage(api, "d", 1)["nodes"]) == 8


@pytest.mark.django_db
def test_a_level_costs_at_most_two_questions_in_each_direction(api: Any, chain: list[str]) -> None:
    version = lookup.get_version("clean", 1)
    counts = []
    for depth in range(9):
        with CaptureQueriesContext(connection) as queries:
            query.lineage_response(version, query.follow(version, depth))
        counts.append(len(queries))
    assert all(more - less <= 4 for less, more in pairwise(counts)), counts
    assert counts[7] == counts[8], "beyond the last level nothing is asked"


def test_cycles_end() -> None:
    a, b = ("model", "a", 1), ("model", "b", 1)
    outputs = {"r1": [b], "r2": [a]}
    inputs = {"r1": [a], "r2": [b]}

    def of_runs(table: dict[str, list[Any]]) -> Callable[[list[str]], list[tuple[str, Any]]]:
        return lambda runs: [(run, key) for run in runs for key in table[run]]

    def of_keys(table: dict[str, list[Any]]) -> Callable[[list[Any]], list[tuple[str, Any]]]:
        return lambda keys: [(run, key) for run, held in table.items() for key in held if key in keys]

    graph = walk(a, 10, Questions(of_keys(outputs), of_runs(inputs), of_keys(inputs), of_runs(outputs)))
    assert set(graph.depths) == {a, b, "r1", "r2"}
    assert set(graph.edges) == {
        Edge("r2", a, PRODUCES),
        Edge(b, "r2", USES),
        Edge("r1", b, PRODUCES),
        Edge(a, "r1", USES),
    }
