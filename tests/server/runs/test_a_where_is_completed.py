"""While a condition is written: bare keys, suggestions, and how many runs it finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from runicorn_site.web.readable import EVERYTHING, Readable, restrict
from runs.active_root import active_root
from runs.query import counts, where_keys
from runs.query.where.ast import Comparison, Field, Kind
from runs.query.where.completion import cursor_context
from runs.query.where.parser import unfinished

MakeRun = Callable[..., str]


@pytest.fixture(autouse=True)
def runs(store: Path, make_run: MakeRun, look: Callable[[], None]) -> None:
    for i in range(3):
        config = {"optim": {"lr": 0.1 * (i + 1), "name": "adam w"}, "seed": i, "data": {"seed": i}}
        make_run(store, project="vision", config=config, tags=["good"] if i else [])
    make_run(store, project="text", config={"learning rate": 1, "x": {"width": 3}, "width": 4})
    look()


@pytest.fixture
def complete(api: APIClient) -> Callable[..., dict[str, Any]]:
    def ask(where: str, **query: Any) -> dict[str, Any]:
        answer = api.get("/where", {"where": where, **query})
        assert answer.status_code == 200
        return answer.json()

    return ask


Complete = Callable[..., dict[str, Any]]


def texts(answer: dict[str, Any]) -> list[str]:
    return [suggestion["text"] for suggestion in answer["suggestions"]]


def test_a_bare_key_stands_for_the_only_key_of_that_name(api: APIClient) -> None:
    response = api.get("/api/v2/experiments", {"where": "lr < 0.25"})
    assert response.status_code == 200 and response.json()["total"] == 2
    assert "unknown field" not in api.get("/", {"where": "lr < 0.25"}).content.decode()
    assert "unknown field" in api.get("/", {"where": "seed < 0.25"}).content.decode()


def test_a_bare_key_stands_for_the_config_key_whatever_metrics_are_called(
    api: APIClient, store: Path, make_run: MakeRun, look: Callable[[], None]
) -> None:
    for number, name in enumerate(("lr", "optim/lr")):
        run_id = make_run(store, project="vision", metrics=[{name: 5.0}], name=f"n{number}")
        look()
        assert api.get(f"/api/runs/{run_id}/metrics").status_code == 200
    counts.invalidate(active_root())
    response = api.get("/api/v2/experiments", {"where": "lr < 0.25"})
    assert response.status_code == 200 and response.json()["total"] == 2


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        (
            "pinned = true and seed = 1",
            "where: unknown field 'seed' at position 19. Did you mean config.seed or config.data.seed?",
        ),
        ("lrr < 1", "where: unknown field 'lrr' at position 1. Did you mean config.optim.lr?"),
        ("statu = failed", "where: unknown field 'statu' at position 1. Did you mean status?"),
        ("zzz < 1", "where: unknown field 'zzz' at position 1"),
    ],
)
def test_an_uncertain_key_is_asked_about(
    api: APIClient, complete: Complete, where: str, problem: str
) -> None:
    answer = complete(where)
    assert not answer["valid"] and "total" not in answer
    assert set(answer["error"].rstrip("?").split()) == set(problem.rstrip("?").split())
    assert answer["position"] == int(problem.split("position ")[1].split(".")[0])
    assert api.get("/api/v2/experiments", {"where": where}).json()["errors"]["where"] == [
        answer["error"].removeprefix("where: ")
    ]


@pytest.mark.parametrize(
    ("where", "fixed"),
    [
        (
            "pinned = true and seed = 1 ",
            ["pinned = true and config.seed = 1", "pinned = true and config.data.seed = 1"],
        ),
        ("lrr < 1", ["config.optim.lr < 1"]),
        ("statu = failed", ["status = failed"]),
        ("zzz < 1", []),
        ("pinned < 1 2", []),
    ],
)
def test_an_unknown_field_is_corrected_by_a_suggestion(
    complete: Complete, where: str, fixed: list[str]
) -> None:
    answer = complete(where)
    assert not answer["valid"] and sorted(texts(answer)) == sorted(fixed)
    if fixed:
        assert answer["start"] == 0 and complete(fixed[0])["valid"]


def test_counts_beside_suggestions_are_those_of_the_project_and_no_hits(complete: Complete) -> None:
    def runs(where: str, **query: str) -> dict[str, int | None]:
        return {word["text"]: word.get("runs") for word in complete(where, **query)["suggestions"]}

    assert runs("config.optim.l", project="vision") == {"config.optim.lr": 3}
    assert "config.optim.lr" not in runs("optim", project="text")
    assert runs("config.seed = ", project="text") == {}
    assert runs("lrr < 1") == {"config.optim.lr < 1": None}


def test_hits_are_counted_while_writing(complete: Complete) -> None:
    assert complete("")["total"] == 4
    assert complete("config.optim.lr > 0.15")["total"] == 2
    assert complete("config.width = 4", project="vision")["total"] == 0


def test_fields_keys_operators_and_values_are_completed(complete: Complete) -> None:
    assert texts(complete("opt"))[:2] == ["config.optim.lr", "config.optim.name"]
    assert 'config."learning rate"' in texts(complete("config.lea"))
    assert texts(complete("stat")) == ["status", "state", "state_reason"]
    assert texts(complete("statu")) == ["status"]
    assert texts(complete("config.optim.lr "))[:4] == ["=", "!=", "<", "<="]
    assert texts(complete("pinned ")) == ["=", "!="] and texts(complete("pinned = ")) == ["true", "false"]
    names = complete('config.optim.name = "ad')
    assert names["suggestions"] == [{"text": '"adam w"', "kind": "value", "runs": 3}]
    assert names["start"] == len("config.optim.name = ")
    assert complete("project = ")["suggestions"][0] == {"text": "vision", "kind": "value", "runs": 3}
    assert texts(complete("tags in (go")) == ["good"]
    assert texts(complete("pinned = true ")) == ["and", "or"]
    assert texts(complete("conf = 1 and proj", cursor=3))[0] == "config.data.seed"
    assert "project" in texts(complete("config.seed = 1 and proj"))


def test_texts_that_look_like_numbers_are_completed_in_quotes(
    store: Path, make_run: MakeRun, look: Callable[[], None], complete: Complete
) -> None:
    for value in ("1e-5", 0.25, "True", "sgd"):
        make_run(store, project="words", config={"warm": value})
    look()
    suggestions = texts(complete("config.warm = "))
    assert sorted(suggestions) == ['"1e-5"', '"True"', "0.25", "sgd"]
    assert [complete(f"config.warm = {text}")["total"] for text in suggestions] == [1] * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "field"),
        ("not (", "field"),
        ("lr", "operator"),
        ("lr <", "value"),
        ("lr in (1,", "value"),
        ("lr < 1", "connective"),
        ("(lr < 1", "connective"),
        ("lr < 1 or", "field"),
        ("lr < < 1", "nothing"),
        ("lr < 1)", "nothing"),
    ],
)
def test_what_is_expected_is_known_at_every_place(text: str, expected: str) -> None:
    assert unfinished(text).expected == expected
    assert cursor_context(text + " ", len(text) + 1).expected == expected


@pytest.fixture
def two_spellings(store: Path, make_run: MakeRun, look: Callable[[], None]) -> None:
    """Another project whose learning rate is called otherwise, with a key twice within it."""
    for rate in (0.15, 0.2, 0.5):
        config = {"model": {"lr": rate}, "a": {"depth": 1}, "b": {"depth": 2}}
        make_run(store, project="speech", config=config)
    look()


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"where": "lr < 0.25", "project": "speech"}, 2),
        ({"where": "lr < 0.15", "project": "vision"}, 1),
        ({"where": "project = speech and lr < 0.25"}, 2),
        ({"where": 'lr < 0.25 and project in ("speech", text)'}, 2),
        ({"where": "(project = speech or project = text) and not lr > 0.3"}, 3),
        # No run of the project has it yet: it is that of the others.
        ({"where": "optim.name = sgd", "project": "text"}, 0),
    ],
)
def test_a_bare_key_is_looked_up_in_the_project_of_the_question(
    api: APIClient, two_spellings: None, query: dict[str, str], total: int
) -> None:
    document = api.get("/api/v2/experiments", query).json()
    assert document["total"] == total, document
    assert api.get("/where", query).json()["total"] == total
    assert "unknown field" not in api.get("/", query).content.decode()
    ids = {item["id"] for item in document["experiments"]}
    curves = api.get("/api/v2/series", {**query, "names": "loss"})
    assert curves.status_code == 200 and curves.json()["missing"] == []
    grouped = api.get("/api/v2/groups", {**query, "by": "name", "metrics": "loss"})
    assert grouped.status_code == 200
    assert sum(len(group["run_ids"]) for group in grouped.json()["groups"]) == len(ids) == total


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"where": "lr < 1"}, {"config.optim.lr", "config.model.lr"}),
        ({"where": "lr < 1 and project in (speech, vision)"}, {"config.optim.lr", "config.model.lr"}),
        ({"where": "depth < 1", "project": "speech"}, {"config.a.depth", "config.b.depth"}),
    ],
)
def test_a_bare_key_of_several_meanings_is_refused_by_one_sentence(
    api: APIClient, complete: Complete, two_spellings: None, query: dict[str, str], names: set[str]
) -> None:
    (sentence,) = api.get("/api/v2/experiments", query).json()["errors"]["where"]
    assert set(sentence.rpartition("Did you mean ")[2].rstrip("?").split(" or ")) == names
    fixed = texts(complete(query["where"] + " ", **{k: v for k, v in query.items() if k != "where"}))
    assert {text.partition(" <")[0] for text in fixed} == names


def test_keys_of_projects_that_are_hidden_have_no_meaning(two_spellings: None) -> None:
    restrict(Readable(frozenset({"speech"})))
    try:
        for projects in ((), ("speech",), ("vision",)):
            node = where_keys.parse(active_root(), "lr < 1", *projects)
            assert node == Comparison(Field(Kind.CONFIG, "optim.lr"), "<", (1.0,))
    finally:
        restrict(EVERYTHING)
