"""`runicorn sql` answers from the files of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.documents.store import RUN, write_store
from tests.folders import append_metrics, write_run
from tests.tools.terminal.conftest import call


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_store(tmp_path)
    return tmp_path


def ask(store: Path, statement: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = call("sql", statement, "--storage", str(store), "--json")
    return answer


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT count(*) n FROM runs WHERE project = 'vision'", [{"n": 2}]),
        ("SELECT run_id FROM params WHERE key = 'lr' AND number = 0.1", [{"run_id": RUN}]),
        ("SELECT sum(count) n FROM metrics WHERE name = 'loss'", [{"n": 900.0}]),
        (
            f"SELECT count(*) n, max(step) s, max(value) v FROM points WHERE name = 'val_acc' AND run_id = '{RUN}'",
            [{"n": 300, "s": 300, "v": 0.3}],
        ),
        (
            "SELECT name, version FROM artifacts WHERE type = 'model' ORDER BY version",
            [{"name": "resnet", "version": 1}, {"name": "resnet", "version": 2}],
        ),
        (
            "SELECT r.name, count(*) n FROM runs r JOIN params p ON p.run_id = r.id WHERE p.key = 'optim.name'"
            " GROUP BY r.name ORDER BY r.name",
            [{"name": "bert", "n": 1}, {"name": "resnet", "n": 2}],
        ),
    ],
)
def test_a_table_is_asked(store: Path, statement: str, rows: list[dict[str, Any]]) -> None:
    assert ask(store, statement) == rows


def test_points_that_came_meanwhile_are_seen(store: Path) -> None:
    statement = f"SELECT max(step) AS step FROM points WHERE run_id = '{RUN}'"
    assert ask(store, statement) == [{"step": 300}]
    append_metrics(store, "vision", "resnet", RUN, [{"loss": 0.1, "global_step": 301}], 1768404645.0)
    assert ask(store, statement) == [{"step": 301}]


def test_whole_numbers_beyond_doubles_are_read(tmp_path: Path) -> None:
    run_id = write_run(
        tmp_path, metrics=[{"tokens": 2**53 + 1}, {"tokens": 2**70}], config={"seed": 2**53 + 1, "n": 10**400}
    )
    rows = ask(tmp_path, f"SELECT max(value) AS top FROM points WHERE run_id = '{run_id}'")
    assert rows == [{"top": float(2**70)}]
    for table in ("runs", "params", "metrics"):
        assert len(ask(tmp_path, f"SELECT * FROM {table}")) >= 1


def test_samples_are_a_table(tmp_path: Path) -> None:
    import runicorn as rn

    with rn.init(project="rl", name="grpo", storage=str(tmp_path), capture_env=False) as run:
        run.log_samples(
            "rollouts", [{"prompt": "1+1", "completion": str(n), "reward": n / 4} for n in range(5)], step=3
        )
    rows = ask(
        tmp_path,
        "SELECT step, count(*) AS n, max(reward) AS best FROM samples WHERE prompt = '1+1' GROUP BY step",
    )
    assert rows == [{"step": 3, "n": 5, "best": 1.0}]
    assert ask(tmp_path, "SELECT data->>'completion' AS c FROM samples WHERE reward = 0.5") == [{"c": "2"}]


def test_numbers_that_json_cannot_hold_are_texts_within_lists_and_structs_too(store: Path) -> None:
    statement = (
        "SELECT CAST('-inf' AS DOUBLE) AS f, [CAST('nan' AS DOUBLE), 1.5::DOUBLE] AS l,"
        " {'a': {'b': CAST('inf' AS DOUBLE)}} AS s, MAP {2: CAST('nan' AS DOUBLE)} AS m, [DATE '2026-01-02'] AS d"
    )
    assert ask(store, statement) == [
        {"f": "-inf", "l": ["nan", 1.5], "s": {"a": {"b": "inf"}}, "m": {"2": "nan"}, "d": ["2026-01-02"]}
    ]


def test_columns_of_one_name_are_numbered(store: Path) -> None:
    assert ask(store, "SELECT 1 AS a, 2 AS a, 3 AS b, 4 AS a_1, 5 AS a") == [
        {"a": 1, "a_1": 2, "b": 3, "a_1_1": 4, "a_2": 5}
    ]


@pytest.mark.parametrize("statement", ["selec", "SELECT * FROM nothing", "SELECT nothing FROM runs"])
def test_a_wrong_statement_is_one_sentence(store: Path, statement: str) -> None:
    text = call("sql", statement, "--storage", str(store), code=2)
    assert text.startswith("runicorn: ") and text.count("\n") == 1
