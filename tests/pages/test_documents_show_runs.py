"""Notebook and reports show runs by live blocks; a block that cannot be shown is a sentence; pages are safe."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from metrics.query.formulas import definitions
from runicorn.store.project import analysis, documents
from runicorn.store.project.documents import Document
from runicorn.store.samples.writer import SampleWriter
from runicorn_site.documents.blocks import Context
from runicorn_site.documents.render import render
from runs.active_root import active_root
from runs.index import discovery
from tests.folders import folder_of, write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]
Look = Callable[[], None]
pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(store: Path, look: Look) -> list[str]:
    """Four runs of two learning rates, the last of another project."""
    ids = [
        write_run(
            store,
            "vision" if number < 3 else "speech",
            f"run-{number}",
            config={"lr": (0.1, 0.1, 0.01, 0.1)[number], "optim": ("sgd", "adam")[number % 2]},
            metrics=[{"loss": 1 / (step + 1 + number), "val/acc": step * number} for step in range(3)],
        )
        for number in range(4)
    ]
    analysis.update(store, "vision", lambda content: content.update(baseline=[ids[2]]))
    look()
    return ids


@pytest.fixture
def report_page(store: Path, runs: list[str], page: Page) -> Callable[[str], Markup]:
    """The page of a report with a text."""

    def show(text: str) -> Markup:
        documents.write(store, "vision", documents.REPORTS, "main", Document("Weekly", text))
        return page("/projects/vision/reports/main")

    return show


@pytest.fixture
def source(report_page: Callable[[str], Markup], client: Client) -> Callable[[str], str]:
    """The same page as text."""

    def show(text: str) -> str:
        report_page(text)
        return html.unescape(client.get("/projects/vision/reports/main").content.decode())

    return show


def test_a_chart_waits_for_points_that_are_not_indexed_yet(store: Path) -> None:
    write_run(store, "vision", "new", metrics=[{"loss": 1.0}, {"loss": 0.5}])
    discovery.full(active_root())
    text = render(block("chart", "metrics: loss", "runs: latest"), Context(active_root(), "vision"))
    assert "No run has" not in text and 'data-name="loss"' in text


def test_a_formula_is_shown_for_runs_that_no_query_has_computed_it_for(store: Path) -> None:
    write_run(store, "vision", "new", metrics=[{"loss": 1.0}, {"loss": 0.5}])
    discovery.full(active_root())
    analysis.update(
        store, "vision", lambda content: content["formulas"].update(twice="loss * 2", thrice="loss * 3")
    )
    definitions.invalidate(str(store))
    text = render(block("chart", "metrics: twice", "runs: latest"), Context(active_root(), "vision"))
    assert "No run has" not in text and 'data-name="twice"' in text
    columns = "columns: metric.thrice.last, metric.loss.last"
    text = render(block("table", columns, "runs: latest"), Context(active_root(), "vision"))
    cells = [re.sub(r"<[^>]+>|\s", "", cell) for cell in re.findall(r"<td.*?</td>", text, re.DOTALL)]
    assert cells[1:] == ["1.5", "0.5"]


def block(kind: str, *lines: str) -> str:
    return "\n".join((f"```{kind}", *lines, "```", ""))


def entries(markup: Markup) -> list[str]:
    return [text for text in markup.texts("h2") if text.startswith("About")]


def cells(markup: Markup) -> list[str]:
    return [" ".join(text.split()) for text in markup.texts("td")]


def test_a_table_has_the_values_of_its_runs_and_marks_the_best(report_page: Callable[[str], Markup]) -> None:
    markup = report_page(
        block("table", "columns: config.lr, metric.loss.min, state", "sort: metric.loss.min", "# a comment")
    )
    rows = cells(markup)
    assert [text for text in rows if "run-" in text] == ["finished run-2", "finished run-1", "finished run-0"]
    assert rows[1:3] == ["0.01", "0.2"] and "0.33333" in rows
    assert markup.texts("strong") == ["0.2"]


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["where: config.lr < 0.05"], ["run-2"]),
        (["project: speech"], ["run-3"]),
        (["project: *", "limit: 2", "sort: name"], ["run-0", "run-1"]),
        (["runs: best:loss, @baseline, speech/latest"], ["run-2", "run-3"]),
        (["runs: run-1"], ["run-1"]),
    ],
)
def test_runs_are_named_or_matched(
    report_page: Callable[[str], Markup], lines: list[str], names: list[str]
) -> None:
    matches = [re.search(r"run-\d", text) for text in cells(report_page(block("runs", *lines)))]
    assert [match[0] for match in matches if match] == names


def test_a_chart_names_its_runs_for_the_script(source: Callable[[str], str], runs: list[str]) -> None:
    text = source(block("chart", "metrics: loss, val/acc", "runs: run-0, run-2", "smoothing: 0.5", "x: time"))
    assert text.count('data-name="loss"') == text.count('data-name="val/acc"') == 1
    assert f'"key": "{runs[2]}"' in text and runs[1] not in text
    assert '"weight": 0.5' in text and '"x": "time"' in text


def test_pivot_and_difference(report_page: Callable[[str], Markup]) -> None:
    markup = report_page(
        block("pivot", "rows: lr", "columns: optim", "metric: loss")
        + block("difference", "a: run-0", "b: run-2")
    )
    texts = [" ".join(text.split()) for text in markup.texts("th")]
    assert texts[:3] == ["lr \\ optim", "adam", "sgd"]
    assert any("lr 0.1 → 0.01" in text for text in markup.texts("li"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (block("chart", "metrics: nothing"), "No run has the metric nothing."),
        (block("chart"), "A chart needs “metrics: NAME”."),
        (block("chart", "metrics: loss", "smoothing: 2"), "smoothing must be a number from 0 to 0.9999."),
        (block("table", "colour: red"), "colour is no option of this block: it has columns, limit,"),
        (block("table", "red"), "“red” is not an option: write “key: value”."),
        (block("table", "where: lr <"), "expected a value at position 5"),
        (block("table", "sort: size"), "sort: sort must be one of"),
        (block("table", "limit: 0"), "limit must be a number from 1 to 200."),
        (block("table", "limit: 00000000199999"), "limit must be a number from 1 to 200."),
        (block("runs", f"limit: 000000001{'9' * 5000}"), "limit must be a number from 1 to 200."),
        (block("table", "project: a/b"), "Invalid project 'a/b'"),
        (block("runs", "where: config.lr > 5"), "No run matches."),
        (block("runs", "runs: nobody"), "Run not found: nobody"),
        (block("runs", "runs: 2"), "give more of the id."),
        (block("samples", "name: rollouts"), "No sample matches."),
        (block("samples", "name: rollouts", "having: reward <"), "expected a value"),
        (block("samples", "name: rollouts", "step: --5"), "step must be a whole number."),
        (block("samples", "name: rollouts", f"step: {'9' * 5000}"), "step must be a whole number."),
        (block("pivot", "rows: lr"), "A pivot table needs"),
        (block("difference", "a: run-0"), "A difference needs"),
    ],
)
def test_a_block_that_cannot_be_shown_is_a_sentence(
    report_page: Callable[[str], Markup], text: str, sentence: str
) -> None:
    texts = report_page(text + "\nThe text goes on.").texts("p")
    assert sentence in " ".join(texts) and "The text goes on." in texts


def test_a_table_of_samples_has_as_many_rows_as_its_limit(
    store: Path, report_page: Callable[[str], Markup], runs: list[str], look: Look
) -> None:
    writer = SampleWriter(folder_of(store, runs[2]), "rollouts", root=store)
    writer.append([{"id": f"id{number:02d}", "prompt": "p"} for number in range(30)], 3, 1.0)
    writer.sync()
    writer.close(seal_last=False)
    look()
    for limit, count in {"limit: 20": 20, "limit: 3": 3, "": 5}.items():
        cells = report_page(block("samples", f"runs: {runs[2]}", "name: rollouts", limit)).texts("td")
        assert sum(cell.startswith("id") for cell in cells) == count
    newest = report_page(block("samples", "where: name = run-2", "name: rollouts", "limit: 20")).texts("td")
    assert sum(cell.startswith("id") for cell in newest) == 20


def test_markdown_and_values_are_safe(
    store: Path, report_page: Callable[[str], Markup], client: Client, look: Look
) -> None:
    hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    write_run(store, "vision", "odd", config={"text": hostile}, metrics=[{hostile: 1.0}])
    look()
    report_page(
        hostile
        + "\n\n[x](javascript:alert(3))\n"
        + block("table", "runs: odd", "columns: config.text", f"title: {hostile}")
        + block("chart", "runs: odd", f"metrics: {hostile}")
        + block("table", f"runs: {hostile}")
        + block('python onload="x"', "print(1)")
    )
    page = client.get("/projects/vision/reports/main").content.decode()
    assert "<img" not in page and "<script>alert" not in page and 'href="javascript:' not in page
    assert page.count("onerror=alert(1)&gt;") >= 4 and "print(1)" in page


def test_the_list_filters_searches_and_shows_decisions_as_a_whole(
    store: Path, runs: list[str], page: Page
) -> None:
    for kind, text in (
        ("decision", "We take **0.1**."),
        ("hypothesis", "Faster with 0.1?"),
        ("result", "Yes."),
    ):
        documents.create(
            store, "vision", "notebook", Document(f"About {kind}", text, kind, ["ada"], [runs[0]])
        )
    markup = page("/projects/vision/notebook")
    assert sorted(entries(markup)) == ["About decision", "About hypothesis", "About result"]
    assert "We take 0.1." in markup.texts("p")
    assert entries(page("/projects/vision/notebook?q=faster")) == ["About hypothesis"]
    decisions = page("/projects/vision/notebook?kind=decision")
    assert entries(decisions) == ["About decision"] and decisions.texts("strong") == ["0.1"]
    assert entries(page("/projects/vision/notebook?q=nothing")) == []
    assert "No reports yet" in page("/projects/vision/reports").texts("h2")
    assert "Notebook" in " ".join(page("/projects/vision").texts("a"))


def test_filters_of_the_list_are_kept_in_its_links(store: Path, runs: list[str], page: Page) -> None:
    for number in range(120):
        about = Document(f"About {number}", "A & b", "ques&tion", ["ada"], [runs[number % 2]])
        documents.create(store, "vision", "notebook", about)
    filters = f"q=A+%26&run={runs[0]}&kind=ques%26tion"
    links = [
        parse_qs(urlsplit(link).query) for link in _links(page(f"/projects/vision/notebook?{filters}&page=0"))
    ]
    expected = {"q": ["A &"], "run": [runs[0]]}
    kinds = ("note", "hypothesis", "result", "decision")
    assert links == [
        expected,
        *({**expected, "kind": [kind]} for kind in kinds),
        {**expected, "kind": ["ques&tion"], "page": ["2"]},
    ]
    second = page(f"/projects/vision/notebook?{filters}&page=2")
    assert len(entries(second)) == 10
    assert parse_qs(urlsplit(_links(second)[-1]).query)["page"] == ["1"]


def _links(markup: Markup) -> list[str]:
    links = [element.attributes.get("href", "") for element in markup.all("a")]
    return [link for link in links if link.startswith("?")]


def test_missing_documents_and_projects_are_not_found(client: Client, runs: list[str]) -> None:
    for address in ("vision/notebook/missing", "vision/reports/a:b", "unknown/notebook", "a%2Fb/reports"):
        assert client.get(f"/projects/{address}").status_code == 404
    assert client.get("/projects/vision/reports/missing/page.html").status_code == 404


def test_a_document_is_saved_as_one_page_with_a_tag(
    client: Client, store: Path, report_page: Callable[[str], Markup], runs: list[str]
) -> None:
    report_page(block("chart", "metrics: loss", "runs: run-0") + block("runs", "runs: run-1"))
    address = "/projects/vision/reports/main/page.html"
    answer = client.get(address)
    text = answer.content.decode()
    assert '"name":"loss"' in text and '"name":"val/acc"' not in text
    assert not re.search(r'(?:src|href)="(?!#|data:|http://testserver/runs/)', text.partition("<script")[0])
    assert answer["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")
    tag = answer["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    documents.append(store, "vision", "reports", "main", "More.", "bo")
    changed = client.get(address, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and "More." in changed.content.decode()


def test_runs_and_their_board_are_saved_as_one_page(client: Client, store: Path, runs: list[str]) -> None:
    (store / "vision" / "boards").mkdir()
    (store / "vision" / "boards" / "main.json").write_text(
        '{"title": "Mine", "sections": [{"items": [{"markdown": "*Look*"}]}]}'
    )
    address = f"/page.html?runs={runs[0]},{runs[1]}&board=main"
    answer = client.get(address)
    text = answer.content.decode()
    assert "<h1>Mine</h1>" in text and "\\u003cem>Look\\u003c/em>" in text and text.count(runs[1]) >= 2
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get("/page.html?runs=20200101_000000_abcdef").status_code == 404


def test_the_preview_renders_what_is_not_saved(client: Client, runs: list[str]) -> None:
    answer: Any = client.post("/projects/vision/notebook-preview", {"text": block("runs", "runs: run-1")})
    assert answer.status_code == 200 and "run-1" in answer.content.decode()


@pytest.mark.parametrize("place", documents.FOLDERS)
def test_no_document_is_in_a_folder_that_is_a_link_out_of_the_store(
    store: Path, runs: list[str], client: Client, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "main.md").write_text("---\ntitle: Outside\n---\nText")
    (store / "vision" / place).symlink_to(outside)
    for address in ("main", "main?edit", "main/page.html"):
        answer = client.get(f"/projects/vision/{place}/{address}")
        assert answer.status_code == 404 and b"Outside" not in answer.content
