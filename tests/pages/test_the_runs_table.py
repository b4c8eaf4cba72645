"""The home page without scripts: every filter, order and page is an address, and the server answers it whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.active_root import active_root
from runs.models import Run
from runs.pages.table.cells import CellContext
from runs.pages.table.columns import COLUMNS, Column
from runs.query import counts
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def names(markup: Markup) -> list[str]:
    return markup.texts("a", "name")


@pytest.fixture
def three(store: Path) -> Path:
    """Three runs, the youngest first: c, b, a."""
    for age, name in enumerate("abc"):
        write_run(
            store,
            "vision" if name != "b" else "nlp",
            name,
            status="failed" if name == "b" else "finished",
            metrics=[{"loss": {"a": 0.5, "b": 0.1, "c": 0.9}[name]}],
            config={"lr": age, "opt": name},
            tags=[f"tag-{name}", "all"],
            created_at=1_700_000_000 + age,
        )
    return store


def test_the_newest_run_stands_first(three: Path, page: Page) -> None:
    assert names(page("/")) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("project=nlp", ["b"]),
        ("status=finished", ["c", "a"]),
        ("status=finished&status=failed", ["c", "b", "a"]),
        ("tag=tag-a", ["a"]),
        ("tag=all&tag=tag-c", ["c"]),
        ("q=NLP", ["b"]),
        ("q=tag-c+vision", ["c"]),
        ("project=nowhere", []),
    ],
)
def test_the_table_is_filtered_on_the_server(
    three: Path, page: Page, query: str, expected: list[str]
) -> None:
    assert names(page(f"/?{query}")) == expected


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["a", "b", "c"]),
        ("-name", ["c", "b", "a"]),
        ("created", ["a", "b", "c"]),
        ("metric.loss.last", ["b", "a", "c"]),
        ("-metric.loss.max", ["c", "a", "b"]),
        ("-config.lr", ["c", "b", "a"]),
        ("config.opt", ["a", "b", "c"]),
    ],
)
def test_the_table_is_sorted_by_any_column(three: Path, page: Page, sort: str, order: list[str]) -> None:
    assert names(page(f"/?sort={sort}")) == order


def test_an_id_that_has_a_column_is_not_shown_beside_the_name_too(store: Path, page: Page) -> None:
    ids = [write_run(store, "p", "twin") for _ in range(2)]
    assert page("/").texts("span", "extra") == []
    assert set(page("/").texts("button", "id")) == {run_id[-6:] for run_id in ids}
    without = page("/?col=created&columns_of=")
    assert set(without.texts("span", "extra")) == {run_id[-6:] for run_id in ids}
    assert page("/?group=name").all("th", "c-id") == [], "a group has no id"


def test_columns_of_metrics_and_config_are_added(three: Path, page: Page) -> None:
    markup = page("/?col=metric.loss.last&col=config.opt&sort=name")
    assert markup.texts("td", "c-extra") == ["0.5", "a", "0.1", "b", "0.9", "c"]
    heads = [head.text for head in markup.all("th", "c-extra")]
    assert heads == ["loss", "opt"]


def test_a_heading_turns_its_order_round(three: Path, page: Page) -> None:
    markup = page("/?sort=-name&project=vision")
    (head,) = [element for element in markup.all("th") if element.attributes.get("aria-sort")]
    assert head.attributes["aria-sort"] == "descending"
    links = [element.attributes["href"] for element in markup.all("a") if head in element.parents]
    # The second one is the tag that the three runs share.
    assert links == ["/?project=vision&sort=name", "/?project=vision&tag=all&sort=-name"]


def test_pages_follow_each_other(store: Path, page: Page) -> None:
    for number in range(52):
        write_run(store, "p", f"r{number:02d}", created_at=1_700_000_000 + number)
    first, second = page("/"), page("/?page=2")
    assert (len(names(first)), names(second)) == (50, ["r01", "r00"])
    assert [link.attributes["href"] for link in first.all("a") if link.attributes.get("rel")] == ["/?page=2"]
    assert "51–52 of 52 runs" in " ".join(second.texts("span"))
    assert names(page("/?page=99")) == []


def test_an_empty_store_helps_with_the_first_steps(store: Path, page: Page) -> None:
    text = " ".join(page("/").texts("main"))
    assert "No runs yet" in text
    assert 'rn.init(project="first", name="hello",' in text and f'storage="{store}")' in text
    assert str(store) in text


def test_filters_without_a_match_say_so_and_can_be_cleared(three: Path, page: Page) -> None:
    markup = page("/?q=zzz&status=failed")
    text = " ".join(markup.texts("main"))
    assert "No runs match" in text
    assert "/" in [link.attributes["href"] for link in markup.all("a") if link.text == "Clear filters"]


@pytest.mark.parametrize(
    ("query", "hints"),
    [
        ("where=status = runing", ["'runing' is not one of running, finished, failed, interrupted."]),
        ("where=config.nosuch < 3", ["No run has the key config.nosuch."]),
        ("where=metric.nosuch.min < 3", ["No run has the key metric.nosuch."]),
        ("where=config.lr < 3 and config.x = 1&group=replicas", ["No run has the key config.x."]),
        ("where=config.x = 1&project=nlp", ["No run of project nlp has the key config.x."]),
        ("where=state in (stalled, running) and config.lr < 0", []),
        ("where=config.opt = runing and config.status = x", ["No run has the key config.status."]),
        ("where=not status = runing", []),
    ],
)
def test_a_filter_without_a_match_names_unknown_keys_and_states(
    three: Path, page: Page, query: str, hints: list[str]
) -> None:
    markup = page(f"/?{quote(query, safe='=&')}")
    shown = [element.text for element in markup.all("p") if any(p.has("empty") for p in element.parents)]
    assert shown == hints


def test_a_condition_finds_runs_and_an_invalid_one_names_the_position(three: Path, page: Page) -> None:
    assert names(page("/?where=config.lr+%3E+0+and+metric.loss.min+%3C+0.5")) == ["b"]
    broken = page("/?where=config.lr+%3C")
    assert names(broken) == []
    assert "Can’t read this filter: expected a value at position 12." in " ".join(broken.texts("p", "notice"))
    (field,) = [element for element in broken.all("input") if element.attributes.get("name") == "where"]
    assert field.attributes["aria-describedby"] == "where-problem"


def test_archived_runs_have_a_separate_view(three: Path, page: Page, client: Client) -> None:
    (box, *_) = [element.attributes["value"] for element in page("/?q=a+tag-a").all("input", "pick")]
    assert client.post("/runs-change", {"action": "archive", "run_ids": box}).json() == {
        "changed": [box],
        "refused": 0,
    }
    assert names(page("/")) == ["c", "b"]
    assert names(page("/?archived=1")) == ["a"]


def test_each_status_is_a_word_with_a_shape_and_a_number(three: Path, page: Page) -> None:
    markup = page("/")
    chips = {chip.text: chip.attributes["href"] for chip in markup.all("a", "chip")}
    assert chips["Failed 1"] == "/?status=failed"
    assert chips["Finished 2"] == "/?status=finished"
    assert markup.texts("span", "status") == ["finished", "failed", "finished"]


def test_a_table_that_did_not_change_is_not_sent_again(three: Path, page: Page, client: Client) -> None:
    page("/")
    first = client.get("/", headers={"HX-Request": "true"})
    again = client.get("/", headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert b"<html" not in first.content
    write_run(three, "new", "d")
    page("/")
    third = client.get("/", headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert third.status_code == 200


def test_the_address_of_a_sent_form_is_made_plain(three: Path, page: Page, client: Client) -> None:
    answer = client.get("/?q=&project=nlp&tag=&sort=-created", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == "/?project=nlp"


def test_a_changed_run_has_another_checksum(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", status="running", metrics=[{"loss": 1.0}], hostname="elsewhere")
    before = page("/").all("tr")[1].attributes
    from tests.folders import append_metrics

    append_metrics(store, "p", "n", run_id, [{"loss": 0.5, "global_step": 7}], 1_700_000_000)
    after = page("/").all("tr")[1].attributes
    assert before["id"] == after["id"] == f"run-{run_id}"
    assert before["data-mark"] != after["data-mark"]


def test_a_column_of_the_registry_has_a_head_a_cell_and_a_place_in_the_menu(
    three: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cell(css: str, context: CellContext) -> SafeString:
        return format_html('<td class="{}">folder {}</td>', css, context.run.folder)

    column = Column("folder", "Folder", "c-folder", cell, None, lambda run: run.folder, is_default=False)
    monkeypatch.setitem(COLUMNS, "folder", column)
    assert any(box.attributes.get("value") == "folder" for box in page("/runs-keys").all("input"))
    markup = page("/?col=name&col=folder")
    assert [head.attributes["data-key"] for head in markup.all("th") if "data-key" in head.attributes] == [
        "name",
        "folder",
    ]
    assert "folder " in " ".join(markup.texts("td"))


def test_runs_are_sorted_by_several_columns(store: Path, page: Page) -> None:
    for number, (opt, lr) in enumerate([("b", 1), ("a", 1), ("a", 2), ("b", 3)]):
        write_run(store, "p", f"{opt}{lr}", config={"opt": opt, "lr": lr}, created_at=1.7e9 + number)
    write_run(store, "p", "none", created_at=1.6e9)
    assert names(page("/?sort=config.opt,-config.lr")) == ["a2", "a1", "b3", "b1", "none"]
    assert names(page("/?sort=-config.lr,name")) == ["b3", "a2", "a1", "b1", "none"]
    markup = page("/?col=config.opt&col=config.lr&sort=config.opt,-config.lr")
    (link,) = [
        element
        for element in markup.all("a")
        if element.attributes.get("data-added") and element.text.startswith("lr")
    ]
    assert link.attributes["data-added"].endswith("sort=config.opt%2Cconfig.lr"), (
        "a second click turns it round"
    )
    (link,) = [
        element
        for element in markup.all("a")
        if element.attributes.get("data-added") and element.text == "Created"
    ]
    assert link.attributes["data-added"].endswith("sort=config.opt%2C-config.lr%2C-created")


def test_statuses_are_counted_while_filtered(three: Path, page: Page) -> None:
    chips = page("/?where=config.lr+%3E+0").texts("a", "chip")
    assert chips == ["All", "Running 0", "Finished 1", "Failed 1", "Interrupted 0"]
    assert "Failed 1" in page("/?q=nlp&status=finished").texts("a", "chip")


def test_a_malformed_filter_has_no_counts_of_statuses(three: Path, page: Page) -> None:
    chips = page("/?where=config.lr+%3E").texts("a", "chip")
    assert chips == ["All", "Running", "Finished", "Failed", "Interrupted"]


def test_the_columns_menu_searches_all_metrics(store: Path, page: Page) -> None:
    metrics = [{f"a/{number:02d}": 0.5 for number in range(70)} | {"val/acc": 0.9}]
    write_run(store, "p", "n", metrics=metrics, config={"optim": {"lr": 0.1}}, summary={"note": "x"})
    first = page("/runs-keys").texts("span", "clip")
    assert "val/acc" in first and "optim.lr" in first and "note" in first
    assert page("/runs-keys?find=A/6").texts("span", "clip") == [f"a/{number}" for number in range(60, 70)]
    assert "No matches." in " ".join(page("/runs-keys?find=zzz").texts("p"))


def test_selecting_all_says_how_many_are_selected(
    store: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.pages.table.rows.MOST_CHOSEN", 51)
    for number in range(52):
        write_run(store, "p", f"r{number}")
    (button,) = [
        element for element in page("/").all("button") if element.attributes.get("id") == "pick-matching"
    ]
    assert button.text == "Select the first 51 matching"


def test_runs_are_found_by_the_reason_of_their_end(three: Path, page: Page) -> None:
    """As the trials that Optuna has pruned are."""
    for name in "ac":
        (folder,) = three.glob(f"vision/{name}/runs/*")
        reason = "pruned at step 12" if name == "a" else "KeyboardInterrupt"
        (folder / "status.json").write_text(json.dumps({"status": "interrupted", "exit_reason": reason}))
    markup = page("/?where=exit_reason+contains+pruned&col=name&col=reason")
    assert names(markup) == ["a"]
    assert markup.texts("td", "c-reason") == ["Exit reason: pruned at step 12"]
    assert names(page('/?where=exit_reason+%3D+"pruned+at+step+12"')) == ["a"]
    assert names(page("/?where=state+%3D+interrupted")) == ["c", "a"]


def test_numbers_above_ten_thousand_are_exact_beside_each_other(
    three: Path, page: Page, client: Client
) -> None:
    page("/")
    root = active_root()
    copies = [
        Run(
            root=root,
            run_id=f"20260101_000000_{number:06x}",
            project="many",
            name="n",
            folder=f"many/n/runs/{number}",
            status="finished",
            state="finished",
            created=1.0,
            updated=1.0,
        )
        for number in range(10_010)
    ]
    Run.objects.bulk_create(copies)
    counts.invalidate(root)
    for address in ("/?project=many", "/?where=created_at+<+100"):
        # Not by `page`, which would look for their folders first.
        markup = Markup(client.get(address).content.decode())
        texts = [*markup.texts("span", "soft"), *markup.texts("label"), *markup.texts("option")]
        assert any("1–50 of 10,010 runs" in text for text in texts), address
        assert not any("10,000" in text for text in texts), address


def test_a_comparison_of_chosen_runs_has_no_filters_of_the_whole_list(three: Path, page: Page) -> None:
    page("/")
    run_ids = ",".join(run.run_id for run in Run.objects.all())
    for layout in ("", "&layout=charts"):
        assert page(f"/?project=vision{layout}").all("a", "chip")
        comparison = page(f"/?runs={run_ids}{layout}")
        assert not comparison.all("a", "chip")
        assert {"project", "tag", "archived"}.isdisjoint(
            element.attributes.get("name") for element in comparison.elements
        )
