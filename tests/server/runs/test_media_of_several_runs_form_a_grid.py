from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runs.pages.media.grid import MediaGrid, media_grid
from tests.folders import folder_of
from tests.server.runs.conftest import row
from tests.server.runs.test_media_are_served import log_image


@pytest.fixture
def runs(store: Path, make_run: Any) -> list[Path]:
    """The folders of two runs."""
    return [folder_of(store, make_run(store, name=f"n{i}")) for i in range(2)]


def grid(api: Any, runs: list[Path], *query: Any) -> MediaGrid:
    for run in runs:
        api.get(f"/api/runs/{run.name}")  # finds it
    return media_grid([row(run.name) for run in runs], *query)


def steps(context: MediaGrid) -> list[list[tuple[int, int | None]]]:
    """Column and step of the media of each row."""
    return [
        [(n, medium.step) for n, cell in enumerate(row.cells) for medium in cell.media]
        for row in context["rows"]
    ]


def test_rows_are_runs_and_columns_are_steps(runs: list[Path], api: Any) -> None:
    for step in (0, 5, 10):
        log_image(runs[0], f"a{step}.png", step=step)
    log_image(runs[1], "b5.png", step=5, caption="five")
    context = grid(api, list(reversed(runs)), "sample")
    assert [row.run.run_id for row in context["rows"]] == [runs[1].name, runs[0].name]
    assert [column.last for column in context["columns"]] == [0, 5, 10]
    assert steps(context) == [[(1, 5)], [(0, 0), (1, 5), (2, 10)]]
    assert json.loads(context["rows"][0].cells[1].entries) == [
        {
            "kind": "images",
            "key": "sample",
            "address": f"/runs/{runs[1].name}/media/b5.png",
            "step": 5,
            "caption": "five",
        }
    ]


def test_many_steps_are_sampled_and_a_column_can_be_opened(runs: list[Path], api: Any) -> None:
    for step in range(200):
        log_image(runs[0], f"{step}.png", step=step * 10)
        if step % 7 == 0:
            log_image(runs[1], f"{step}.png", step=step * 10)
    context = grid(api, runs)
    columns = context["columns"]
    assert len(columns) == 50
    assert (columns[0].first, columns[-1].last) == (0, 1990)
    assert sum(column.steps for column in columns) == 200
    first, second = steps(context)
    assert first == [(n, column.last) for n, column in enumerate(columns)]
    for n, step in second:  # the last one of the run in the column
        assert step is not None and columns[n].first <= step <= columns[n].last < step + 70
    opened = grid(api, runs, "sample", columns[3].first, columns[3].last)
    assert [column.steps for column in opened["columns"]] == [1] * columns[3].steps
    assert [step for _, step in steps(opened)[0]] == list(range(columns[3].first, columns[3].last + 1, 10))


def test_keys_are_ordered_by_kind_and_the_first_one_is_shown(runs: list[Path], api: Any) -> None:
    log_image(runs[0], "a.html", key="report", step=1)
    log_image(runs[0], "b.png", key="b", step=1)
    log_image(runs[1], "b.png", key="b", step=2)
    log_image(runs[1], "a.png", key="a", step=2)
    context = grid(api, runs, "unknown")
    assert [(entry.key, entry.kind) for entry in context["keys"]] == [
        ("a", "images"),
        ("b", "images"),
        ("report", "documents"),
    ]
    assert (context["key"], steps(context)) == ("a", [[], [(0, 2)]])


def test_media_without_steps_are_counted(runs: list[Path], api: Any) -> None:
    for name in ("a.png", "b.png"):
        log_image(runs[0], name)
    context = grid(api, runs[:1])
    assert (context["is_counted"], [column.last for column in context["columns"]]) == (True, [0, 1])


def test_media_of_the_same_step_share_a_cell(runs: list[Path], api: Any) -> None:
    for name in ("a.png", "b.png", "c.png"):
        log_image(runs[0], name, step=3)
    assert steps(grid(api, runs)) == [[(0, 3)] * 3, []]


@pytest.mark.parametrize(
    "query", ["", "&steps=1", "&steps=1:x", "&steps=1:2:3", "&media=%00", "&ids=unknown"]
)
def test_runs_without_media_and_odd_queries_are_no_error(runs: list[Path], api: Any, query: str) -> None:
    answer = api.get(f"/runs-media?ids={runs[0].name}{query}")
    assert (answer.status_code, "have no media" in answer.content.decode()) == (200, True)


def test_an_image_that_the_browser_has_is_not_sent_again(runs: list[Path], api: Any) -> None:
    log_image(runs[0], "a.png")
    address = f"/runs/{runs[0].name}/media/a.png"
    tag = api.get(address)["ETag"]
    assert api.get(address, headers={"If-None-Match": tag}).status_code == 304
    (runs[0] / "media" / "a.png").write_bytes(b"another image")
    assert api.get(address, headers={"If-None-Match": tag}).status_code == 200
