"""Values of the runs table: aligned by their decimal points, words left, NaN told from missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import analysis
from runs.pages.table.values import FIGURE_SPACE, PUNCTUATION_SPACE, aligned
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def test_measured_values_of_a_column_have_equal_digits() -> None:
    assert aligned([0.777, 0.76878, None]) == ["0.77700", "0.76878", "–"]
    assert aligned([1234.5, 0.25]) == [f"1,234.5{FIGURE_SPACE}", "0.25"]


def test_settings_are_aligned_by_blanks_and_get_no_zeros() -> None:
    padded = f"1{PUNCTUATION_SPACE}{FIGURE_SPACE * 3}"
    assert aligned([0.001, 1.0, 1e-7], exact=True) == ["0.001", padded, "1e-7"]


def test_integers_and_words_are_unchanged() -> None:
    assert aligned([10.0, 7.0, float("nan")]) == ["10", "7", "NaN"]
    assert aligned(["adamw", 1.0]) == ["adamw", "1"]


@pytest.mark.parametrize(
    "values",
    [
        [0.9312, 0.87137, 0.861],
        [1234.5, 0.25, -3.0, 0.0],
        [1.0, 1e-7, 123456.78, 0.5],
        [2.0, 3.0],
        [],
    ],
)
def test_the_legend_aligns_values_like_the_table(js: Callable[..., Any], values: list[float]) -> None:
    assert js("chart/text/format.js", "(m, values) => m.alignNumbers(values)", values) == aligned(values)


def test_the_list_beside_the_charts_aligns_its_values(store: Path, page: Page) -> None:
    for n, best in enumerate([0.9312, 0.87137, 0.861]):
        summary = {"best_metric_name": "val/acc", "best_metric_value": best}
        write_run(store, "p", f"r{n}", metrics=[{"val/acc": best}], summary=summary, created_at=1.7e9 - n)
    for query in ("", "&sort=-metric.val%2Facc.last"):
        assert page(f"/?layout=charts{query}").texts("td", "value") == ["0.93120", "0.87137", "0.86100"]


@pytest.fixture
def two(store: Path) -> Path:
    """A run that diverged, and one without the metric."""
    metrics = [{"loss": 1.0}, {"loss": float("nan")}]
    write_run(store, "p", "diverged", metrics=metrics, config={"opt": "adamw", "lr": 0.1}, created_at=1.7e9)
    write_run(store, "p", "other", metrics=[{"acc": 0.5}], config={"opt": "sgd", "lr": 1}, created_at=1.8e9)
    return store


def test_a_last_value_that_is_nan_is_told_from_a_missing_one(two: Path, page: Page) -> None:
    markup = page("/?col=metric.loss.last")
    assert markup.texts("td", "c-extra") == ["–", "NaN"]
    assert page("/?col=metric.loss.max").texts("td", "c-extra") == ["–", "1"]


def test_words_are_aligned_left_and_numbers_right(two: Path, page: Page) -> None:
    heads = {
        head.text: head.has("number") for head in page("/?col=config.opt&col=config.lr").all("th", "c-extra")
    }
    assert heads == {"opt": False, "lr": True}


def test_the_project_has_a_column_only_where_there_may_be_several(two: Path, page: Page) -> None:
    assert not page("/").all("th", "c-project")
    write_run(two, "q", "another", metrics=[{"acc": 0.5}])
    assert [head.text for head in page("/").all("th", "c-project")] == ["Project"]
    assert not page("/?project=p").all("th", "c-project")


def test_a_first_run_of_a_second_project_leaves_the_columns_of_the_others(store: Path, page: Page) -> None:
    base = write_run(store, "demo", "base", metrics=[{"acc": 0.5}], config={"batch": 16, "lr": 0.1})
    write_run(store, "demo", "other", metrics=[{"acc": 0.6}], config={"batch": 32, "lr": 0.1})
    analysis.write(analysis.path_of(store, "demo"), {**analysis.empty(), "baseline": [base]})
    assert {"vs baseline", "batch"} <= _heads(page("/"))
    write_run(store, "mine", "first", metrics=[{"loss": 0.6}], config={"depth": 3})
    assert {"vs baseline", "batch", "depth"} <= _heads(page("/"))


def _heads(markup: Markup) -> set[str]:
    return {head.text for head in markup.all("th")}


def test_a_metric_that_all_rows_show_is_named_in_the_head(store: Path, page: Page) -> None:
    for n in range(2):
        write_run(store, "p", f"r{n}", metrics=[{"val/acc": n / 2}], created_at=1.7e9 - n)
    markup = page("/")
    assert markup.texts("th", "c-best") == ["Best val/acc"]
    assert markup.texts("td", "c-best") == ["0.0", "0.5"]
    write_run(store, "q", "other", metrics=[{"loss": 0.3}], created_at=1.8e9)
    markup = page("/")
    assert markup.texts("th", "c-best") == ["Best metric"]
    assert [text.split()[0] for text in markup.texts("td", "c-best")] == [
        "loss0.3",
        "val/acc0.0",
        "val/acc0.5",
    ]


def test_a_long_list_of_tags_is_shortened(store: Path, page: Page) -> None:
    write_run(store, "p", "tagged", tags=["a", "b", "c", "d"])
    markup = page("/")
    assert markup.texts("a", "tag") == ["a", "b"]
    (more,) = markup.all("button", "more")
    assert (more.text, more.attributes["title"]) == ("+2 tags", "c, d")


def test_tags_that_all_rows_have_are_named_in_the_head(store: Path, page: Page) -> None:
    for n in range(2):
        write_run(store, "p", f"r{n}", tags=["demo", f"t{n}"], created_at=1.7e9 - n)
    markup = page("/")
    (head,) = markup.all("th", "c-name")
    assert "demo" in head.text and "t0" not in head.text
    cells = markup.texts("td", "c-name")
    assert [("demo" in text, f"t{n}" in text) for n, text in enumerate(cells)] == [(False, True)] * 2
    assert "demo" not in page("/?col=name&col=tags").all("th", "c-name")[0].text
    write_run(store, "p", "untagged")
    assert page("/").texts("td", "c-name")[1:] == ["r0demot0", "r1demot1"]


def test_an_id_is_short_and_copied_in_full(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n")
    (cell,) = page("/").all("button", "id")
    assert (cell.text, cell.attributes["data-copy-text"]) == (run_id[-6:], run_id)
