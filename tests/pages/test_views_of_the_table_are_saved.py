"""Columns and views of the runs table are kept in the user's configuration and reached by an address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from runicorn_site.web import preferences
from runicorn_site.web.legacy_files import import_once
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def heads(markup: Markup) -> list[str]:
    return [head.text for head in markup.all("th") if "data-key" in head.attributes]


@pytest.fixture
def filled(store: Path) -> Path:
    """A store with a run."""
    write_run(store, "p", "n", config={"lr": 0.1}, notes="A note", tags=["t"], hostname="there")
    return store


def test_columns_are_chosen_ordered_and_remembered(filled: Path, page: Page, client: Client) -> None:
    markup = page("/?col=created&col=name&col=note&col=tags&col=host")
    assert heads(markup) == ["Created", "Name", "Note", "Tags", "Host"]
    assert markup.texts("td", "c-note") == ["A note"]
    assert markup.texts("td", "c-host") == ["there"]
    assert client.post("/runs-columns", {"col": ["note", "name", "nonsense"]}).status_code == 204
    assert heads(page("/")) == ["Note", "Name"]
    assert heads(page("/?col=name&col=id")) == ["Name", "ID"]
    client.post("/runs-columns")
    assert heads(page("/"))[:3] == ["Status", "Name", "ID"]


def test_links_on_the_page_keep_the_columns_that_are_seen(filled: Path, page: Page, client: Client) -> None:
    client.post("/runs-columns", {"col": ["name", "created"]})
    links = [link.attributes["href"] for link in page("/").all("a", "chip")]
    assert "/?status=failed&col=name&col=created" in [link.replace("&amp;", "&") for link in links]


def test_widths_are_drawn_by_the_server(filled: Path, page: Page, client: Client) -> None:
    assert not page("/").all("col")
    preferences.set_column_widths("runs", "any", {"status": 90, "best": 300})
    markup = page("/?col=status&col=name&col=best")
    assert [column.attributes.get("width") for column in markup.all("col")] == [
        *("40", "90", "320", "300"),
        None,
    ]


def test_a_view_is_saved_found_renamed_and_deleted(filled: Path, page: Page, client: Client) -> None:
    answer = client.post("/runs-view", {"next": "q=n&page=3&sort=name", "name": " The <best> "})
    assert answer["Location"] == "/?q=n&sort=name&page=3&view=The+%3Cbest%3E"
    (view,) = preferences.saved_views()
    assert view.name == "The <best>"
    assert view.query.startswith("q=n&col=status&col=name&") and view.query.endswith("&sort=name")
    assert client.get("/?view=The+%3Cbest%3E")["Location"] == f"/?{view.query}&view=The+%3Cbest%3E"
    assert client.get("/?view=none")["Location"] == "/"
    current = [link for link in page("/?q=n&sort=name").all("a") if "aria-current" in link.attributes]
    assert "The <best>" in [link.text for link in current]

    client.post("/runs-view", {"next": "", "old": "The <best>", "name": "Second"})
    assert [view.name for view in preferences.saved_views()] == ["Second"]
    client.post("/runs-view", {"next": "", "old": "unknown", "name": "Third"})
    assert [view.name for view in preferences.saved_views()] == ["Second"]
    client.post("/runs-view", {"next": "", "old": "Second", "name": "x", "delete": "1"})
    assert preferences.saved_views() == []


def test_a_view_of_one_name_is_replaced(filled: Path, client: Client) -> None:
    client.post("/runs-view", {"next": "q=a", "name": "one"})
    client.post("/runs-view", {"next": "q=b", "name": "one"})
    assert [view.query.split("&")[0] for view in preferences.saved_views()] == ["q=b"]


@pytest.mark.parametrize("name", ["", "  ", "n" * 101, "a\x07b"])
def test_an_invalid_name_is_reported(filled: Path, client: Client, name: str) -> None:
    assert client.post("/runs-view", {"next": "", "name": name}).status_code == 400
    assert preferences.saved_views() == []


def test_views_do_not_grow_without_an_end(
    filled: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "MOST_VIEWS", 1)
    client.post("/runs-view", {"next": "", "name": "one"})
    answer = client.post("/runs-view", {"next": "", "name": "two"})
    assert answer.status_code == 400
    assert "No more than 1 views can be saved" in answer.content.decode()


def test_malformed_entries_of_the_file_are_skipped(filled: Path, home: Path, page: Page) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    text = '{"views": [1, {"name": 2}, {"name": "a", "query": "q=x"}], "columns": [1, "name", "\\u0000"]}'
    (home / "config" / "ui_preferences.json").write_text(text)
    import_once(preferences.FILE.path, preferences.import_file, is_written=True)
    assert heads(page("/")) == ["Name"]
    assert [view.name for view in preferences.saved_views()] == ["a"]


def test_the_open_view_is_named_and_updated_where_it_differs(
    filled: Path, page: Page, client: Client
) -> None:
    client.post("/runs-view", {"next": "sort=name", "name": "Mine"})
    opened = client.get("/?view=Mine")["Location"]
    assert "Mine" in page(opened).texts("summary", "button")
    assert "Update view" not in page(opened).texts("button")
    changed = page(opened.replace("sort=name", "sort=-name"))
    assert "Mine" in changed.texts("summary", "button")
    assert "Update view" in changed.texts("button")
    answer = client.post("/runs-view", {"next": "sort=-name&view=Mine", "name": "Mine"})
    assert answer["Location"] == "/?sort=-name&view=Mine"
    assert [view.query.endswith("sort=-name") for view in preferences.saved_views()] == [True]


def test_views_of_other_projects_are_not_listed(filled: Path, page: Page, client: Client) -> None:
    for project in ("p", "other", ""):
        client.post("/runs-view", {"next": f"project={project}", "name": f"view of {project or 'all'}"})
    names = [link.text for link in page("/?project=p").all("a") if "view=" in link.attributes.get("href", "")]
    assert names == ["view of all", "view of p"]


def test_columns_are_those_of_a_project(filled: Path, page: Page, client: Client) -> None:
    write_run(filled, "q", "m", config={"lr": 1})
    client.post("/runs-columns", {"col": ["name", "config.lr"], "project": "p"})
    assert heads(page("/?project=p")) == ["Name", "lr"]
    assert "lr" not in heads(page("/?project=q"))
    assert heads(page("/"))[:3] == ["Status", "Name", "Project"]
    client.post("/runs-columns", {"col": ["name", "metric.acc.max"]})
    assert "acc max" not in heads(page("/?project=q")), "a metric of all projects may be missing in this one"
    client.post("/runs-columns", {"project": "p"})
    client.post("/runs-columns")
    assert heads(page("/?project=p"))[:2] == ["Status", "Name"]


def test_config_keys_that_differ_are_columns_of_a_project(filled: Path, page: Page) -> None:
    for number in range(3):
        config = {"lr": number, "opt": "adam" if number else "sgd", "same": 1, "path": f"/data/{number}"}
        write_run(filled, "differing", "n", config=config)
    assert heads(page("/?project=differing"))[4:6] == ["lr", "opt"]
    assert not {"same", "path"} & set(heads(page("/?project=differing")))


def test_columns_of_a_form_are_left_when_its_project_changes(filled: Path, page: Page) -> None:
    assert "lr" in heads(page("/?project=p&columns_of=p&col=name&col=config.lr"))
    assert "lr" not in heads(page("/?project=p&columns_of=q&col=name&col=config.lr"))
