"""Logged tables are sorted, paged and saved as CSV by the server; histograms of one key are a series over steps."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runicorn.media.histograms import histogram
from runicorn.media.tables import encode, table
from tests.answers import read
from tests.folders import folder_of
from tests.pages.markup import Markup

Log = Callable[..., str]
ROWS = [
    {"name": "b", "score": 2.0, "ok": True},
    {"name": "<i>a</i>", "score": math.nan, "ok": False},
    {"name": "C", "score": 10, "ok": None},
    {"name": "=1+1", "score": -3.5, "ok": True},
]


@pytest.fixture
def run(store: Path, make_run: Any) -> Path:
    """The folder of a run."""
    return folder_of(store, make_run(store))


@pytest.fixture
def log(run: Path) -> Log:
    """`log("t.table.json", content)`: write a file below `media/` and its event; returns the address of its page."""

    def write(name: str, content: bytes, key: str = "key", step: int | None = None) -> str:
        (run / "media" / name).write_bytes(content)
        about = {"key": key, "path": f"media/{name}", "step": step}
        with (run / "events.jsonl").open("a", encoding="utf-8") as journal:
            journal.write(json.dumps({"ts": 1.7e9, "type": "table", "data": about}) + "\n")
        return f"/runs/{run.name}/table/{name}"

    return write


def cells(client: Client, address: str) -> list[list[str]]:
    markup = Markup(client.get(address).content.decode())
    rows = markup.all("tr")[1:]
    return [[cell.text for cell in markup.all("td") if row in cell.parents] for row in rows]


def test_a_small_file_does_not_become_a_large_table(client: Client, log: Log) -> None:
    """Rows that are too short are filled up."""
    content = json.dumps({"columns": ["a"] * 500, "rows": [[]] * 500}).encode()
    assert client.get(log("t.table.json", content)).status_code == 404


def test_a_table_is_shown_as_it_was_logged(client: Client, log: Log) -> None:
    address = log("t.table.json", encode(table(ROWS)))
    markup = Markup(client.get(address).content.decode())
    assert markup.texts("th") == ["name", "score", "ok"]
    assert cells(client, address) == [
        ["b", "2.0", "true"],
        ["<i>a</i>", "NaN", "false"],
        ["C", "10", "–"],
        ["=1+1", "−3.5", "true"],
    ]
    assert "1–4 of 4 rows" in markup.texts("nav", "pages")[0]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("1", ["=1+1", "b", "C", "<i>a</i>"]),
        ("-1", ["C", "b", "=1+1", "<i>a</i>"]),
        ("0", ["<i>a</i>", "=1+1", "b", "C"]),
        ("-2", ["b", "=1+1", "<i>a</i>", "C"]),
        ("7", ["b", "<i>a</i>", "C", "=1+1"]),
        ("nonsense", ["b", "<i>a</i>", "C", "=1+1"]),
    ],
)
def test_a_table_is_sorted_by_any_column(client: Client, log: Log, sort: str, names: list[str]) -> None:
    address = log("t.table.json", encode(table(ROWS)))
    assert [row[0] for row in cells(client, f"{address}?sort={sort}")] == names


def test_pages_of_a_table_keep_the_order(client: Client, log: Log) -> None:
    address = log("t.table.json", encode(table([[n, n % 7] for n in range(120)], columns=["n", "rest"])))
    last = Markup(client.get(f"{address}?sort=-0&page=3").content.decode())
    assert "101–120 of 120 rows" in last.texts("nav", "pages")[0]
    links = {link.text: link.attributes["href"] for link in last.all("a")}
    assert links["Previous"] == f"{address}?sort=-0&page=2"
    assert "Next" not in links
    assert links["n"] == f"{address}?sort=0"
    assert cells(client, f"{address}?page=999999")[-1][0] == "119"


def test_long_cells_are_cut_until_they_are_opened(client: Client, log: Log) -> None:
    address = log("t.table.json", encode(table([["x" * 900]])))
    markup = Markup(client.get(address).content.decode())
    assert markup.texts("summary") == ["x" * 80 + "…"]
    assert "x" * 900 in markup.texts("details")[0]


def test_a_table_is_saved_as_csv_without_formulas(client: Client, log: Log) -> None:
    answer = client.get(log("t.table.json", encode(table(ROWS))) + "?format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="t.csv"'
    text = b"".join(answer.streaming_content).decode()
    lines = ["name,score,ok", "b,2.0,True", "<i>a</i>,nan,False", "C,10,", "'=1+1,-3.5,True"]
    assert text.splitlines() == lines


def test_a_page_that_has_the_rest_gets_the_table_alone(client: Client, log: Log) -> None:
    address = log("t.table.json", encode(table(ROWS)))
    markup = Markup(client.get(address, headers={"HX-Request": "true"}).content.decode())
    assert markup.all("table") and not markup.all("html")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"columns": 3, "rows": []}', b'{"columns": [], "rows": null}', b"\xff\xfe"],
)
def test_a_file_that_is_not_a_table_is_reported(client: Client, log: Log, content: bytes) -> None:
    answer = client.get(log("t.table.json", content))
    assert (answer.status_code, b"does not contain a table" in answer.content) == (404, True)


@pytest.mark.parametrize(
    "content",
    [
        {"columns": ["a"], "rows": [], "special": 5, "total_rows": "x"},
        {
            "columns": [1, None],
            "rows": [[1], [1, 2, 3], 7, [[1], {"a": 2}]],
            "special": [[0, 0, "nan"], [9, 9, "inf"]],
        },
        {"columns": [], "rows": [[]]},
    ],
)
def test_a_malformed_table_is_shown_in_part(client: Client, log: Log, content: Any) -> None:
    address = log("t.table.json", json.dumps(content).encode())
    assert client.get(address).status_code == client.get(f"{address}?sort=0").status_code == 200


def test_a_missing_file_is_not_found(client: Client, run: Path) -> None:
    for path in ("none.table.json", "x.png", "../meta.json", "%2e%2e/meta.json"):
        assert client.get(f"/runs/{run.name}/table/{path}").status_code == 404


def test_histograms_of_a_key_are_a_series(api: Any, run: Path, log: Log) -> None:
    for step in range(300):
        log(f"{step}.histogram.json", encode(histogram([step, step + 1.0, math.inf], 4)), "w", step)
    log("bad.histogram.json", b"{}", "v")
    log("none.histogram.json", encode(histogram([math.nan], 4)), "v")
    document = read(api.get(f"/runs/{run.name}/histograms?key=w"))
    assert (document["total"], document["unreadable"], len(document["items"])) == (300, 0, 120)
    first, last = document["items"][0], document["items"][-1]
    assert (first["step"], last["step"], last["edges"][0], sum(last["counts"])) == (0, 299, 299.0, 2)
    assert (last["count"], last["positive_infinity"]) == (2, 1)
    other = read(api.get(f"/runs/{run.name}/histograms?key=v"))
    assert (other["unreadable"], [item["counts"] for item in other["items"]]) == (1, [[]])
    assert api.get(f"/runs/{run.name}/histograms").status_code == 400


def test_a_page_receives_only_new_media(api: Any, run: Path, log: Log) -> None:
    log("a.png", b"", "a", 1)
    log("t.table.json", b"", "t")
    log("other.json", b"{}", "other")
    address = f"/runs/{run.name}/media"
    first = read(api.get(address))
    assert [(entry["kind"], entry["key"], entry["step"]) for entry in first["media"]] == [
        ("images", "a", 1),
        ("tables", "t", None),
        ("files", "other", None),
    ]
    log("h.histogram.json", b"", "h")
    place = f"{address}?after={first['last']}&mark={first['mark']}"
    again = read(api.get(place))
    assert ([entry["kind"] for entry in again["media"]], again["again"]) == (["histograms"], False)
    (run / "events.jsonl").unlink()
    log("new.png", b"", "n")
    second = read(api.get(place))
    assert ([entry["key"] for entry in second["media"]], second["again"]) == (["n"], True)
