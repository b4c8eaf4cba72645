"""Page of a project: description in a file of its folder, best runs, activity, boards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn.store.project import analysis
from tests.folders import write_run
from tests.pages.markup import Markup
from tests.pages.test_accessibility_of_pages import violations
from tests.server.runs.test_states_of_runs import write_state

Page = Callable[..., Markup]
Open = Callable[..., Any]


@pytest.fixture
def project(store: Path, page: Page) -> Page:
    for number in range(3):
        summary = {"best_metric_name": "val/acc", "best_metric_value": number / 10, "best_metric_mode": "max"}
        write_run(store, "vision", f"run-{number}", summary=summary)
    return page


@pytest.mark.django_db
def test_the_best_runs_and_the_newest_are_listed(project: Page) -> None:
    markup = project("/projects/vision")
    assert markup.texts("h1") == ["vision"]
    assert "run-2" in markup.texts("td")
    assert "0.2" in markup.texts("td")
    assert len(markup.all("rect")) == 56


@pytest.mark.django_db
def test_runs_are_counted_as_in_the_table_and_those_under_way_have_run_until_now(
    store: Path, page: Page
) -> None:
    write_run(store, "nlp", "failed", status="failed")
    write_run(store, "nlp", "running", status="running", created_at=time.time() - 7200)
    killed = write_run(store, "nlp", "killed")
    write_state(store, killed, status="failed", exit_reason="SIGKILL")
    markup = page("/projects/nlp")
    facts = {
        " ".join(fact.text.split())
        for fact in markup.all("div")
        if any(up.tag == "dl" for up in fact.parents)
    }
    assert {"failed1", "killed1", "running1"} <= {fact.replace(" ", "") for fact in facts}
    assert any(fact.startswith("Total time") and "2 h" in fact for fact in facts)


@pytest.mark.django_db
def test_without_a_primary_metric_the_best_runs_are_those_of_the_metric_of_the_table(
    store: Path, page: Page
) -> None:
    for seed, loss in enumerate((0.3, 0.1, 0.2)):
        write_run(store, "nlp", "bert", config={"seed": seed}, metrics=[{"epoch": 9, "val/loss": loss}])
    write_run(store, "nlp", "empty")
    markup = page("/projects/nlp")
    (best,) = markup.all("table", "best-runs")
    cells = [cell.text for cell in markup.all("td", "number") if best in cell.parents]
    assert cells[::2] == ["0.1", "0.2", "0.3"]
    assert "Best runs val/loss" in markup.texts("h2")


@pytest.mark.django_db
def test_values_of_a_metric_have_their_points_in_line(store: Path, page: Page) -> None:
    for seed, accuracy in enumerate((0.97774, 0.9666)):
        summary = {"best_metric_name": "acc", "best_metric_value": accuracy, "best_metric_mode": "max"}
        write_run(store, "nlp", "bert", config={"seed": seed}, summary=summary)
    write_run(store, "nlp", "empty")
    markup = page("/projects/nlp")
    (newest,) = markup.all("table", "newest")
    cells = [cell.text for cell in markup.all("td", "number") if newest in cell.parents]
    assert sorted(cells[::3]) == ["", "0.96660", "0.97774"]
    assert "Newest runs acc" in markup.texts("h2")


@pytest.mark.django_db
def test_equal_names_are_told_apart_by_what_differs(store: Path, page: Page) -> None:
    for seed in range(3):
        write_run(store, "nlp", "bert", config={"seed": seed}, metrics=[{"val/loss": 0.1}])
    assert set(page("/projects/nlp").texts("span", "extra")) == {"seed=0", "seed=1", "seed=2"}
    rows = [row for row in page("/?project=nlp&layout=charts").all("tr") if "data-run" in row.attributes]
    assert {row.attributes["data-extra"] for row in rows} == {"seed=0", "seed=1", "seed=2"}


@pytest.mark.django_db
def test_long_names_keep_the_end_that_tells_them_apart(project: Page, store: Path) -> None:
    names = [f"resnet50-imagenet-cosine-warmup-lr0.1-seed{number}" for number in range(2)]
    for name in names:
        write_run(store, "vision", name)
    markup = project("/projects/vision")
    assert {link.attributes.get("title") for link in markup.all("a", "name")} >= set(names)
    assert {"-lr0.1-seed0", "-lr0.1-seed1"} <= set(markup.texts("span", "end"))


@pytest.mark.django_db
def test_a_folder_with_an_invalid_name_is_listed_and_shown_without_files(store: Path, page: Page) -> None:
    name = "p" * 120
    write_run(store, name, "run", metrics=[{"loss": 1.0}])
    assert name in page("/projects").texts("bdi")
    markup = page(f"/projects/{name}")
    assert markup.texts("h1") == [name]
    assert {"Boards", "Description"}.isdisjoint(markup.texts("h2"))
    for address in ("notebook", "reports", "groups"):
        page(f"/projects/{name}/{address}", 404)
    page("/projects/" + "q" * 120, 404)
    (charts,) = page(f"/?layout=charts&project={name}").all("section", "charts-pane")
    board = json.loads(charts.attributes["data-board"])
    assert (board["project"], board["error"]) == ("", "")


@pytest.mark.journey
@pytest.mark.parametrize("width", [390, 1440, 2560])
def test_long_names_leave_room_for_all_columns_and_wide_screens_are_used(
    open_project: Open, width: int
) -> None:
    page = open_project(width)
    newest = page.locator(".newest")
    assert newest.evaluate("(table) => table.scrollWidth <= table.parentElement.clientWidth")
    assert newest.locator("time").first.is_visible()
    right = page.locator(".cards").evaluate("(cards) => cards.getBoundingClientRect().right")
    assert right > width * 0.9


@pytest.fixture
def open_project(busy_site: Any, chromium: Any) -> Iterator[Open]:
    """Open the page of a project whose run has a name of a hundred characters."""
    contexts = []

    def open_page(width: int) -> Any:
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.goto(f"{busy_site.url}/projects/{'p' * 100}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.django_db
def test_the_baseline_is_named(project: Page, store: Path) -> None:
    assert "Baseline" not in project("/projects/vision").texts("dt")
    run_ids = [path.name for path in sorted(store.glob("vision/run-[01]/runs/*"))]
    analysis.update(store, "vision", lambda content: content.update({"baseline": run_ids}))
    markup = project("/projects/vision")
    assert "Baseline" in markup.texts("dt")
    assert any(text in ("run-0 +1", "run-1 +1") for text in markup.texts("dd"))


@pytest.mark.django_db
def test_a_description_is_kept_as_a_file_of_the_project(project: Page, store: Path, client: Client) -> None:
    project("/projects/vision")
    answer = client.post(
        "/projects/vision/description", {"description": "# Goal\r\n<b>x</b> https://example.com"}
    )
    assert answer.status_code == 302
    assert (store / "vision" / "description.md").read_text() == "# Goal\n<b>x</b> https://example.com"
    text = client.get("/projects/vision").content.decode()
    assert "<h3>Goal</h3>" in text and "<b>x" not in text and 'href="https://example.com"' in text
    client.post("/projects/vision/description", {"description": " "})
    assert not (store / "vision" / "description.md").exists()


@pytest.mark.django_db
def test_a_description_that_somebody_else_changed_meanwhile_is_kept_beside_ours(
    project: Page, store: Path, client: Client
) -> None:
    project("/projects/vision")
    client.post("/projects/vision/description", {"description": "Goal", "before": ""})
    theirs = {"description": "Goal\r\nTheir finding", "before": "Goal"}
    assert client.post("/projects/vision/description", theirs).status_code == 302
    ours = {"description": "Goal\r\nOur finding", "before": "Goal"}
    answer = client.post("/projects/vision/description", ours)
    assert answer.status_code == 409 and b"This description was changed meanwhile" in answer.content
    markup = Markup(answer.content.decode())
    (field,) = markup.all("textarea")
    assert "".join(field.pieces) == "Goal\nTheir finding\n\nOur finding"
    assert (store / "vision" / "description.md").read_text() == "Goal\nTheir finding"
    before = next(field for field in markup.all("input") if field.attributes.get("name") == "before")
    both = {"description": "".join(field.pieces), "before": before.attributes["value"]}
    assert client.post("/projects/vision/description", both).status_code == 302
    assert (store / "vision" / "description.md").read_text() == both["description"]


@pytest.mark.django_db
def test_a_project_of_moved_runs_has_a_description_and_boards(
    project: Page, store: Path, client: Client, api: APIClient
) -> None:
    run_id = write_run(store, "vision", "moved")
    api.patch(f"/api/runs/{run_id}", {"project": "audio"})
    assert not (store / "audio").exists()
    assert client.post("/projects/audio/description", {"description": "Sounds"}).status_code == 302
    assert api.put("/projects/audio/boards/main", {"pinned": ["loss"]}).status_code == 200
    text = client.get("/projects/audio").content.decode()
    assert "Sounds" in text and "board=main" in text


@pytest.mark.django_db
def test_a_description_that_is_too_long_is_refused(project: Page, store: Path, client: Client) -> None:
    project("/projects/vision")
    answer = client.post("/projects/vision/description", {"description": "x" * 50_001})
    assert answer.status_code == 400 and b"at most 50,000 characters" in answer.content
    assert not (store / "vision" / "description.md").exists()


@pytest.mark.django_db
def test_a_description_is_never_written_through_a_link(project: Page, store: Path, client: Client) -> None:
    project("/projects/vision")
    outside = store.parent / "outside.md"
    outside.write_text("secret")
    (store / "vision" / "description.md").symlink_to(outside)
    assert "secret" not in client.get("/projects/vision").content.decode()
    assert client.post("/projects/vision/description", {"description": "x"}).status_code == 403
    assert outside.read_text() == "secret"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["nothing", "..", ".runicorn"])
def test_an_unknown_project_is_not_found(project: Page, client: Client, name: str) -> None:
    project("/")
    assert client.get(f"/projects/{name}").status_code == 404
    assert client.post(f"/projects/{name}/description", {"description": "x"}).status_code == 404


@pytest.mark.parametrize(("size", "theme"), [("wide", "light"), ("phone", "dark")])
def test_the_project_page_has_no_violation(open_page: Open, size: str, theme: str) -> None:
    page = open_page("/projects/vision", size=size, theme=theme, bypass_csp=True)
    assert violations(page) == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.django_db
def test_all_projects_are_listed_with_what_they_are_about(project: Page, store: Path, client: Client) -> None:
    write_run(store, "audio", "lost", status="failed")
    project("/projects")
    client.post("/projects/vision/description", {"description": "# Faster *vision*\n\nMore"})
    markup = project("/projects")
    cells = [" ".join(text.split()) for text in markup.texts("td")]
    assert {"vision", "Faster *vision", "audio"} <= set(cells), cells
    assert any(cell.endswith("0.2") for cell in cells) and any(cell.startswith("failed") for cell in cells)
    links = [link.attributes for link in markup.all("a") if link.attributes.get("href") == "/projects"]
    assert links[0]["aria-current"] == "page"


@pytest.mark.django_db
def test_a_project_without_a_primary_metric_is_listed_with_its_best_run_by_the_usual_one(
    store: Path, page: Page
) -> None:
    runs = [write_run(store, "plain", f"n{loss}", metrics=[{"loss": loss}]) for loss in (0.3, 0.1, 0.2)]
    page("/")
    (link,) = [
        link for link in page("/projects").all("a") if link.attributes.get("href", "").startswith("/runs/")
    ]
    assert (link.text.split(), link.attributes["href"]) == (["loss", "0.1"], f"/runs/{runs[1]}")
