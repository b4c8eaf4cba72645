"""`log_table`: many kinds of tables, one small JSON file each."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runicorn as rn
from runicorn.media import tables
from runicorn.media.tables import table
from tests.sdk.tracking.scripts import Recorded

TWO = {"columns": ["a", "b"], "rows": [[1, "x"], [2, None]]}


def _shape(value: dict[str, Any]) -> dict[str, Any]:
    return {"columns": value["columns"], "rows": value["rows"]}


def test_a_table_is_a_file_and_an_event(begin: Callable[..., rn.Run]) -> None:
    with begin(system_metrics=False, capture_env=False) as run:
        path = run.log_table("val/errors", [{"a": 1, "b": math.nan}], step=3)
    assert path.startswith("media/") and path.endswith("_val_errors.table.json")
    assert json.loads((run.run_dir / path).read_text()) == {
        "format": "runicorn.table/1",
        "columns": ["a", "b"],
        "rows": [[1, None]],
        "special": [[0, 1, "nan"]],
        "total_rows": 1,
    }
    (event,) = Recorded(run.run_dir).events("table")
    assert (event["key"], event["path"], event["step"]) == ("val/errors", path, 3)


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": "x"}, {"a": 2}],
        ({"a": 1, "b": "x"}, {"b": None, "a": 2}),
        {"a": [1, 2], "b": ["x"]},
        {"a": np.array([1, 2]), "b": ("x", None)},
        iter([{"a": 1, "b": "x"}, [2]]),
    ],
)
def test_many_kinds_are_one_table(rows: Any) -> None:
    assert _shape(table(rows)) == TWO


def test_plain_lists_have_numbered_columns_or_the_given_ones() -> None:
    assert _shape(table([[1, 2], [3]])) == {"columns": ["0", "1"], "rows": [[1, 2], [3, None]]}
    assert _shape(table([[1, "x"], [2]], columns=["a", "b"])) == TWO
    assert _shape(table([{"b": "x", "c": 1, "a": 1}, {"a": 2}], columns=["a", "b"])) == TWO
    assert _shape(table(np.arange(4).reshape(2, 2))) == {"columns": ["0", "1"], "rows": [[0, 1], [2, 3]]}
    assert _shape(table([])) == {"columns": [], "rows": []}


def test_a_frame_is_a_table() -> None:
    import pandas

    assert _shape(table(pandas.DataFrame({"a": [1, 2], "b": ["x", None]}, dtype=object))) == TWO


def test_a_frame_keeps_columns_of_one_name_and_its_missing_values() -> None:
    import pandas

    frame = pandas.DataFrame([[1, 2.5], [3, math.nan]], columns=["a", "a"])
    document = table(frame)
    assert document["columns"] == ["a", "a"]
    assert document["rows"] == [[1, 2.5], [3, None]] and document["special"] == [[1, 1, "nan"]]


def test_cells_of_any_kind_become_plain() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    cells = [
        np.float32(0.5),
        np.int64(3),
        np.bool_(True),
        Decimal("1.5"),
        datetime.date(2026, 1, 2),
        [1, [2]],
        {"k": math.inf},
        Odd(),
        Broken(),
        "x" * 5000,
        -math.inf,
    ]
    document = table([cells])
    assert document["rows"][0][:9] == [
        0.5,
        3,
        True,
        1.5,
        "2026-01-02",
        "[1, [2]]",
        '{"k": Infinity}',
        "odd",
        "<Broken>",
    ]
    assert document["rows"][0][9] == "x" * 5000
    assert document["special"] == [[0, 10, "-inf"]]


def test_large_tables_are_cut_and_say_so() -> None:
    document = table([[n] for n in range(tables.ROWS + 5)])
    assert (len(document["rows"]), document["total_rows"]) == (tables.ROWS, tables.ROWS + 5)
    assert len(table([list(range(tables.COLUMNS + 5))])["rows"][0]) == tables.COLUMNS
    for letter in ("x", "ä"):
        wide = table([[letter * 4000] * 100 for _ in range(200)])
        assert 40 < len(wide["rows"]) < 110 and wide["total_rows"] == 200
        assert 0.9 * tables.SIZE < len(tables.encode(wide)) < 1.2 * tables.SIZE


@pytest.mark.parametrize("wrong", [5, None, "text", b"bytes", [1, 2], ["ab"], {"a": 1}])
def test_what_is_no_table_is_reported_and_not_raised(
    wrong: Any, begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TypeError):
        table(wrong)
    with begin() as run:
        assert run.log_table("t", wrong) == run.log_table("t", wrong) == ""
    assert capsys.readouterr().err.count("the table 't' was not stored: ") == 1


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b\\c", "", "ü" * 300, "\0\n", ".hidden", "CON"])
def test_the_file_lies_under_media_whatever_the_key(key: str, begin: Callable[..., rn.Run]) -> None:
    with begin(system_metrics=False, capture_env=False) as run:
        path = run.log_table(key, [[1]])
    assert (run.run_dir / path).parent == run.run_dir / "media"
    assert len((run.run_dir / path).name.encode()) < 255
    assert Recorded(run.run_dir).events("table")[0]["key"] == key


def test_a_full_disk_is_reported_and_not_raised(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    with begin(system_metrics=False, capture_env=False) as run:
        (run.run_dir / "media").write_text("in the way")
        assert run.log_table("t", [[1]]) == ""
        assert run.log_histogram("h", [1.0]) == ""
    assert capsys.readouterr().err.count("cannot write to") == 1


def test_a_silent_run_keeps_nothing(begin: Callable[..., rn.Run]) -> None:
    with begin(mode="disabled") as run:
        assert run.log_table("t", [[1]]) == run.log_histogram("h", [1]) == ""
    assert not run.run_dir.exists()


CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.lists(st.integers())
)


@given(
    st.lists(st.dictionaries(st.text() | st.integers(), CELLS), max_size=8)
    | st.lists(st.lists(CELLS), max_size=8)
)
def test_any_rows_become_valid_json_of_one_width(rows: Any) -> None:
    document = json.loads(tables.encode(table(rows)))
    assert len(document["rows"]) == len(rows)
    assert {len(row) for row in document["rows"]} <= {len(document["columns"])}
