from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import folder_of, read
from tests.runs.test_media_are_served import log_image


@pytest.fixture
def runs(store: Path, make_run: Any) -> list[Path]:
    """The folders of two runs."""
    return [folder_of(store, make_run(store, name=f"n{i}")) for i in range(2)]


def grid(api: Any, runs: list[Path], **query: str) -> Any:
    return read(api.get("/runs-media", {"ids": ",".join(run.name for run in runs), **query}))


def steps(found: Any) -> list[list[tuple[int, int]]]:
    """Column and step of the media of each row."""
    return [[(item["column"], item["step"]) for item in row["items"]] for row in found["rows"]]


def test_rows_are_runs_and_columns_are_steps(runs: list[Path], api: Any) -> None:
    for step in (0, 5, 10):
        log_image(runs[0], f"a{step}.png", step=step)
    log_image(runs[1], "b5.png", step=5, caption="five")
    found = grid(api, list(reversed(runs)), key="sample")
    assert [row["id"] for row in found["rows"]] == [runs[1].name, runs[0].name]
    assert [column["last"] for column in found["columns"]] == [0, 5, 10]
    assert steps(found) == [[(1, 5)], [(0, 0), (1, 5), (2, 10)]]
    assert found["rows"][0]["items"][0] == {
        "kind": "images", "key": "sample", "address": f"/runs/{runs[1].name}/media/b5.png", "step": 5,
        "caption": "five", "column": 1,
    }  # fmt: skip


def test_many_steps_are_sampled_and_a_column_can_be_opened(runs: list[Path], api: Any) -> None:
    for step in range(200):
        log_image(runs[0], f"{step}.png", step=step * 10)
        if step % 7 == 0:
            log_image(runs[1], f"{step}.png", step=step * 10)
    found = grid(api, runs)
    columns = found["columns"]
    assert len(columns) == 50
    assert (columns[0]["first"], columns[-1]["last"]) == (0, 1990)
    assert sum(column["steps"] for column in columns) == 200
    assert [item["step"] for item in found["rows"][0]["items"]] == [column["last"] for column in columns]
    for item in found["rows"][1]["items"]:  # the last one of the run in the column
        column = columns[item["column"]]
        assert column["first"] <= item["step"] <= column["last"]
        assert item["step"] + 70 > column["last"]
    opened = grid(api, runs, steps=f"{columns[3]['first']}:{columns[3]['last']}")
    assert [column["steps"] for column in opened["columns"]] == [1] * columns[3]["steps"]
    assert len(opened["rows"][0]["items"]) == columns[3]["steps"]


def test_keys_are_ordered_by_kind_and_the_first_one_is_shown(runs: list[Path], api: Any) -> None:
    log_image(runs[0], "a.html", key="report", step=1)
    log_image(runs[0], "b.png", key="b", step=1)
    log_image(runs[1], "b.png", key="b", step=2)
    log_image(runs[1], "a.png", key="a", step=2)
    found = grid(api, runs, key="unknown")
    assert [(entry["key"], entry["kind"], entry["runs"]) for entry in found["keys"]] == [
        ("a", "images", 1),
        ("b", "images", 2),
        ("report", "documents", 1),
    ]
    assert (found["key"], steps(found)) == ("a", [[], [(0, 2)]])


def test_media_without_steps_are_counted(runs: list[Path], api: Any) -> None:
    for name in ("a.png", "b.png"):
        log_image(runs[0], name)
    found = grid(api, runs[:1])
    assert (found["is_counted"], [column["last"] for column in found["columns"]]) == (True, [0, 1])


def test_media_of_the_same_step_share_a_cell(runs: list[Path], api: Any) -> None:
    for name in ("a.png", "b.png", "c.png"):
        log_image(runs[0], name, step=3)
    assert steps(grid(api, runs)) == [[(0, 3)] * 3, []]


def test_runs_without_media_and_unknown_runs_are_no_error(runs: list[Path], api: Any) -> None:
    found = grid(api, [*runs, Path("unknown")])
    assert (found["keys"], found["columns"], len(found["rows"])) == ([], [], 2)


@pytest.mark.parametrize("query", ["", "ids=a&steps=1", "ids=a&steps=1:x", "ids=a&steps=1:2:3"])
def test_a_malformed_query_is_refused(api: Any, query: str) -> None:
    assert api.get(f"/runs-media?{query}").status_code == 400


def test_an_image_that_the_browser_has_is_not_sent_again(runs: list[Path], api: Any) -> None:
    log_image(runs[0], "a.png")
    address = f"/runs/{runs[0].name}/media/a.png"
    tag = api.get(address)["ETag"]
    assert api.get(address, headers={"If-None-Match": tag}).status_code == 304
    (runs[0] / "media" / "a.png").write_bytes(b"another image")
    assert api.get(address, headers={"If-None-Match": tag}).status_code == 200
