"""Rows of groups in the runs table: statistics of all members, order, nesting, members in place, selection."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client

from runicorn_site.catalog.base import Query
from runicorn_site.catalog.store import StoreCatalog
from runs.pages.table.columns import COLUMNS
from tests.folders import write_run
from tests.pages.markup import Element, Markup

Page = Callable[..., Markup]
MEANS = {(0.1, "sgd"): 0.90, (0.1, "adam"): 0.905, (0.2, "sgd"): 0.70, (0.2, "adam"): 0.50}
SPREAD = (-0.01, 0.0, 0.02)
pytestmark = pytest.mark.django_db


@pytest.fixture
def seeds(store: Path) -> dict[tuple[float, str], list[str]]:
    """Four settings with three seeds each; the last seed of one has failed."""
    return {
        (lr, optimizer): [
            write_run(
                store,
                "vision",
                f"run-{optimizer}",
                config={"lr": lr, "optim": optimizer, "seed": seed, "output_dir": f"/out/{seed}"},
                status="failed" if (lr, optimizer, seed) == (0.2, "adam", 2) else "finished",
                tags=["first"] if seed == 0 else [],
                metrics=[{"val_acc": mean + shift, "train_loss": 1 - mean}],
            )
            for seed, shift in enumerate(SPREAD)
        ]
        for (lr, optimizer), mean in MEANS.items()
    }


def groups(markup: Markup) -> list[list[str]]:
    """Return the texts of the cells of each row of a group."""
    return [row_texts(markup, row) for row in markup.elements if row.tag == "tr" and row.has("group-row")]


def row_texts(markup: Markup, row: Element) -> list[str]:
    return [cell.text for cell in markup.elements if cell.tag == "td" and row in cell.parents]


def members(markup: Markup) -> list[str]:
    """Return the ids of the runs that rows show, in their order."""
    return [
        element.attributes["value"]
        for element in markup.elements
        if element.tag == "input" and element.has("pick")
    ]


def headings(markup: Markup) -> dict[str, str]:
    """Return the addresses of the headings by their texts."""
    links = [link for link in markup.elements if link.tag == "a" and link.parents[-1].tag == "th"]
    return {link.text: link.attributes["href"] for link in links}


def opening(*values: Any, page: int = 1) -> str:
    """Return the parameter that opens a group."""
    text = json.dumps(values, separators=(",", ":"))
    return f"&open={quote(text + (str(page) if page > 1 else ''))}"


def test_the_columns_stay_while_a_group_is_opened(seeds: dict[Any, list[str]], page: Page) -> None:
    """Only the rows are replaced then."""
    address = "/?project=vision&group=config.lr"
    closed, opened = page(address), page(address + opening(0.1))
    assert members(opened)
    assert opened.texts("th") == closed.texts("th")


def test_seeds_are_one_row_with_mean_and_spread(seeds: dict[Any, list[str]], page: Page) -> None:
    first = page("/?project=vision")
    (link,) = [element for element in first.elements if element.attributes.get("id") == "group-seeds"]
    markup = page(link.attributes["href"] + "&col=metric.val_acc.last&sort=-metric.val_acc.last")
    names = ["lr 0.1, optim adam", "lr 0.1, optim sgd", "lr 0.2, optim sgd", "lr 0.2, optim adam"]
    rows = groups(markup)
    assert [next(text for text in row if text.startswith("lr")) for row in rows] == names
    spread = statistics.stdev(SPREAD)
    assert f"0.908 ± {spread:.3f}" in rows[0] and "3" in rows[0]
    assert "3 (1 failed)" in rows[3]
    assert not members(markup)
    (cell,) = [cell for cell in markup.elements if cell.tag == "td" and cell.text == "0.908 ± 0.015"]
    assert "median 0.905" in cell.attributes["title"] and "0.895 … 0.925" in cell.attributes["title"]
    assert "4 groups (12 runs)" in markup.texts("span")[-1] or any(
        "of 4 groups (12 runs)" in text for text in markup.texts("span")
    )


def test_groups_are_sorted_by_the_statistic_that_is_shown(store: Path, page: Page) -> None:
    for name, values in {"even": [5.0, 5.0, 5.0], "skewed": [0.0, 4.0, 20.0], "short": [6.0]}.items():
        for value in values:
            write_run(store, "p", name, metrics=[{"score": value}])
    address = "/?group=name&col=metric.score.last&sort=-metric.score.last"
    orders = {
        statistic: [row[2] for row in groups(page(f"{address}&statistic={statistic}"))]
        for statistic in ("mean", "median", "min", "max", "std")
    }
    assert orders == {
        "mean": ["name skewed", "name short", "name even"],
        "median": ["name short", "name even", "name skewed"],
        "min": ["name short", "name even", "name skewed"],
        "max": ["name skewed", "name short", "name even"],
        "std": ["name skewed", "name even", "name short"],
    }
    by_size = groups(page("/?group=name&sort=n"))
    assert by_size[0][2] == "name short"
    assert "sort=n" in headings(page("/?group=name&sort=-n"))["Runs"]


def test_links_of_a_table_sorted_by_the_number_of_runs_open(seeds: Any, page: Page) -> None:
    for address in ("/?project=vision&group=config.lr&sort=-n", "/?group=tag&sort=failed,-n"):
        markup = page(address)
        links = {link.attributes.get("href", "") for link in markup.elements if link.tag == "a"}
        for link in sorted(link for link in links if link.startswith("/?"))[:20]:
            page(link)
    charts = page("/?project=vision&group=config.lr&sort=n&layout=charts")
    assert len(members(charts)) == 12
    assert len(members(page("/?project=vision&group=bogus&sort=n"))) == 12


@pytest.mark.parametrize("key", [*COLUMNS, "n", "failed", "config.lr", "summary.x", "metric.val_acc.last"])
def test_groups_without_a_run_are_sorted_by_any_column(seeds: Any, page: Page, key: str) -> None:
    for group in ("project", "replicas", "config.lr,tag"):
        assert not groups(page(f"/?group={group}&sort={key}&q=nothing"))


def test_a_group_that_is_too_deep_opens_nothing(seeds: Any, page: Page) -> None:
    assert len(groups(page(f"/?group=project&open={quote('[' * 1000 + ']' * 1000)}"))) == 1


def test_groups_are_nested_and_open_in_place(seeds: dict[Any, list[str]], page: Page) -> None:
    address = "/?project=vision&group=config.optim,config.lr&sort=-best"
    assert [row[2] for row in groups(page(address))] == ["optim sgd", "optim adam"]
    opened = page(address + opening("sgd") + opening("sgd", 0.2))
    assert [row[2] for row in groups(opened)] == ["optim sgd", "lr 0.1", "lr 0.2", "optim adam"]
    assert set(members(opened)) == set(seeds[0.2, "sgd"])
    closing = next(
        link.attributes["href"]
        for link in opened.elements
        if link.tag == "a" and link.attributes.get("aria-expanded") == "true" and "sgd" in link.text
    )
    assert not members(page(closing))
    ids = [row.attributes["id"] for row in opened.elements if row.tag == "tr" and "id" in row.attributes]
    assert len(ids) == len(set(ids))


def test_members_of_a_large_group_are_paged(store: Path, page: Page) -> None:
    runs = [
        write_run(store, "p", "n", created_at=1_700_000_000.0 + at, metrics=[{"a": 1.0}]) for at in range(120)
    ]
    address = "/?group=project"
    first = page(address + opening("p"))
    assert members(first) == runs[:-51:-1]
    assert "120" in groups(first)[0]
    (following,) = [link for link in first.elements if link.attributes.get("rel") == "next"]
    assert members(page(following.attributes["href"])) == runs[-51:-101:-1]
    last = page(address + opening("p", page=3))
    assert members(last) == runs[19::-1]


def test_filters_choose_the_members_of_groups(seeds: dict[Any, list[str]], page: Page) -> None:
    rows = groups(page("/?project=vision&group=replicas&where=val_acc > 0.6 and seed < 2"))
    assert len(rows) == 3 and all("2" in row for row in rows)
    assert not groups(page("/?project=vision&group=replicas&where=val_acc > 5"))
    assert groups(page("/?group=project")) and not groups(page("/?group=nonsense"))


def test_a_run_with_two_tags_is_in_both_groups(store: Path, page: Page) -> None:
    run = write_run(store, "p", "n", tags=["a", "b"], metrics=[{"x": 1.0}])
    write_run(store, "p", "n", metrics=[{"x": 2.0}])
    markup = page("/?group=tag&sort=name" + opening("a") + opening("b"))
    assert [row[2] for row in groups(markup)] == ["tag a", "tag b", "tag –"]
    assert members(markup) == [run, run]
    ids = [row.attributes["id"] for row in markup.elements if row.tag == "tr" and "id" in row.attributes]
    assert len(ids) == len(set(ids))


def test_what_members_have_in_common_is_shown(seeds: dict[Any, list[str]], page: Page) -> None:
    columns = "".join(f"&col={key}" for key in ("name", "project", "config.lr", "config.optim", "summary.x"))
    rows = {row[1]: row for row in groups(page(f"/?group=config.lr{columns}"))}
    assert rows["lr 0.1"][2:] == ["6", "vision", "0.1", "2 values", ""]


def test_pinned_groups_come_first_and_have_the_colour_of_their_members(
    seeds: dict[Any, list[str]], page: Page, client: Client
) -> None:
    page("/")
    chosen = seeds[0.2, "adam"]
    client.post("/runs-change", {"action": "pin", "run_ids": chosen})
    assert (
        client.post("/runs-change", {"action": "color", "tag": "red", "run_ids": chosen}).status_code == 400
    )
    coloured = client.post("/runs-change", {"action": "color", "tag": "#aa0000", "run_ids": chosen}).json()
    assert coloured == {"changed": chosen, "refused": 0}
    markup = page("/?project=vision&group=replicas&sort=-best")
    assert "lr 0.2, optim adam" in groups(markup)[0]
    assert any(element.attributes.get("fill") == "#aa0000" for element in markup.elements)


def test_a_group_is_selected_with_all_of_its_members(
    seeds: dict[Any, list[str]], page: Page, client: Client
) -> None:
    markup = page("/?project=vision&group=config.optim,config.lr&where=seed > 0")
    tokens = [box.attributes["value"] for box in markup.elements if box.has("pick-group")]
    assert tokens == ['["adam"]', '["sgd"]'] or tokens == ['["sgd"]', '["adam"]']
    query = {"project": "vision", "group": "config.optim,config.lr", "where": "seed > 0"}
    answer = client.get("/runs-matching", {**query, "in": ['["sgd"]', '["sgd",0.2]', '["none"]', "["]}).json()
    assert {group: set(ids) for group, ids in answer["groups"].items()} == {
        '["sgd"]': set(seeds[0.1, "sgd"][1:] + seeds[0.2, "sgd"][1:]),
        '["sgd",0.2]': set(seeds[0.2, "sgd"][1:]),
    }
    too_many = client.get("/runs-matching", {**query, "in": [f"[{n}]" for n in range(201)]})
    assert too_many.status_code == 400 and "At most 200 groups" in too_many.content.decode()


def test_the_row_of_runs_without_a_value_opens_exactly_these(store: Path, page: Page) -> None:
    configs: list[dict[str, Any]] = [{"w": None}] * 3 + [{"v": 1}] * 2 + [{"w": "none"}]
    ids = [write_run(store, "vision", f"run-{n}", config=config) for n, config in enumerate(configs)]
    markup = page("/?project=vision&group=config.w&sort=name")
    counted = [next(text for text in row if text.isdigit()) for row in groups(markup)]
    links = [link for link in markup.elements if link.attributes.get("title") == "Charts of these runs"]
    opened = [set(members(page(link.attributes["href"]))) for link in links]
    assert sorted(map(len, opened)) == sorted(map(int, counted)) == [1, 5]
    assert set(ids[:5]) in opened and {ids[5]} in opened


def test_a_text_that_looks_like_a_number_opens_the_runs_with_that_text(store: Path, page: Page) -> None:
    values = ["1e-5", 1e-5, "1", 1, 1.0, "1.0", "True", True, "true", "007", "1e999", "nan"]
    ids = [write_run(store, "vision", "r", config={"lr": value}) for value in values]
    markup = page("/?project=vision&group=config.lr&sort=name")
    links = [link for link in markup.elements if link.attributes.get("title") == "Charts of these runs"]
    opened = [frozenset(members(page(link.attributes["href"]))) for link in links]
    together = [{3, 4}, {7, 8}]  # equal numbers, and a boolean with its JSON
    alone = [{at} for at in range(len(values)) if not any(at in group for group in together)]
    assert set(opened) == {frozenset(ids[at] for at in group) for group in together + alone}
    menu = page("/runs-filter?next=project%3Dvision&filter=config.lr")
    choices = {link.text: link.attributes["href"] for link in menu.elements if link.tag == "a"}
    chosen = next(address for text, address in choices.items() if text.startswith("1e-5"))
    assert members(page(chosen)) == [ids[0]]


def test_a_group_is_handed_over_to_the_charts(seeds: dict[Any, list[str]], page: Page) -> None:
    markup = page("/?project=vision&group=config.lr&sort=name&where=seed < 2")
    link = next(link for link in markup.elements if link.attributes.get("title") == "Charts of these runs")
    charts = page(link.attributes["href"])
    assert set(members(charts)) == {*seeds[0.1, "sgd"][:2], *seeds[0.1, "adam"][:2]}


def test_many_seeds_are_handed_over_to_the_charts(store: Path, page: Page) -> None:
    ids = {
        lr: {write_run(store, "vision", "many", config={"lr": lr, "seed": seed}) for seed in range(count)}
        for lr, count in ((0.1, 42), (0.2, 3))
    }
    lone = write_run(store, "vision", "alone")
    markup = page("/?project=vision&group=replicas&sort=-n")
    links = [link for link in markup.elements if link.attributes.get("title") == "Charts of these runs"]
    charts = [set(members(page(link.attributes["href"]))) for link in links]
    assert charts == [ids[0.1], ids[0.2], {lone}]
    (where,) = parse_qs(urlsplit(links[0].attributes["href"]).query)["where"]
    assert "project = vision and replica_key = " in where and not any(run_id in where for run_id in ids[0.1])
    entries = StoreCatalog(store).select(Query(where=where))
    assert {entry.id for entry in entries} == ids[0.1]


def test_a_baseline_has_a_column_with_verdicts_and_differences(
    seeds: dict[Any, list[str]], page: Page, client: Client
) -> None:
    page("/")
    base = seeds[0.1, "adam"]
    body = json.dumps({"run_ids": base})
    assert client.put("/api/v2/projects/vision/baseline", body, "application/json").status_code == 200
    markup = page(
        "/?project=vision&group=replicas&sort=-metric.val_acc.last&add=difference&add=metric.val_acc.last"
    )
    by_name = {row[2]: row for row in groups(markup)}
    assert "vs baseline" in markup.texts("th") and "Δ baseline" in markup.texts("th")
    assert "baseline" in by_name["lr 0.1, optim adam"]
    within = by_name["lr 0.1, optim sgd"]
    assert any(text.startswith("≈ −0.55 %") and "within noise" in text for text in within)
    assert "−0.005 (−0.55 %)" in within
    assert any(
        text.startswith("✗ −44")
        and "worse by 44" in text
        and text.endswith("(3 and 3 seeds), if more is better?")
        for text in by_name["lr 0.2, optim adam"]
    )
    titles = [cell.attributes.get("title", "") for cell in markup.elements if cell.tag == "td"]
    assert any("−0.005 (−0.55 %) against the baseline 0.90833" in title for title in titles)
    # Only the name of the metric says that more is better: the tooltip asks.
    assert any("if more is better?" in title for title in titles)
    assert any("corrected for 3 comparisons" in title for title in titles)


def test_single_runs_are_judged_by_the_noise_of_the_project(
    seeds: dict[Any, list[str]], page: Page, client: Client
) -> None:
    page("/")
    (base, *_), (other, *_) = seeds[0.1, "adam"], seeds[0.2, "sgd"]
    client.put("/api/v2/projects/vision/baseline", json.dumps({"run_ids": [base]}), "application/json")
    markup = page("/?project=vision&where=" + quote(f"id in ({base}, {other})"))
    (first, second) = [
        row_texts(markup, row)
        for row in markup.elements
        if row.tag == "tr" and row.attributes.get("id") in (f"run-{base}", f"run-{other}")
    ]
    texts = [*first, *second]
    assert "baseline" in texts
    assert any(text.startswith("✗ −") and "worse by" in text and "one run each" in text for text in texts)
    table = page("/?project=vision&layout=charts")
    titles = [cell.attributes.get("title", "") for cell in table.elements if cell.tag == "td"]
    assert any("−0.195 (−21.8 %) against the baseline 0.895" in title for title in titles)
    client.put("/api/v2/projects/vision/baseline", json.dumps({"run_ids": []}), "application/json")
    assert "vs baseline" not in page("/?project=vision").texts("th")


def test_a_new_run_without_metrics_does_not_empty_the_column_of_its_project(store: Path, page: Page) -> None:
    write_run(store, "p", "old", created_at=1_700_000_000.0, metrics=[{"val_acc": 0.75}])
    write_run(store, "p", "new", created_at=1_700_000_100.0, status="running", pid=1)
    assert any("0.75" in text for text in page("/").texts("td"))


def test_only_runs_of_visible_groups_are_selected(
    seeds: dict[Any, list[str]], page: Page, client: Client
) -> None:
    page("/")
    query = {"project": "vision", "group": "config.lr", "having": "metric.val_acc.mean > 0.7"}
    answer = client.get("/runs-matching", query).json()
    assert set(answer["ids"]) == {*seeds[0.1, "sgd"], *seeds[0.1, "adam"]} and answer["total"] == 6
    assert client.get("/runs-matching", {**query, "having": "n > 99"}).json() == {"ids": [], "total": 0}
    assert client.get("/runs-matching", {**query, "having": "lr > 1"}).status_code == 400


def test_groups_are_filtered_by_their_statistics(seeds: dict[Any, list[str]], page: Page) -> None:
    def labels(having: str) -> list[str]:
        return [
            row[2]
            for row in groups(page(f"/?project=vision&group=config.lr&sort=name&having={quote(having)}"))
        ]

    assert labels("") == ["lr 0.1", "lr 0.2"]
    assert labels("metric.val_acc.mean > 0.7") == ["lr 0.1"]
    assert labels("metric.val_acc.std > 0.05 or failed = 0") == ["lr 0.1", "lr 0.2"]
    assert labels("n = 6 and not failed = 0") == ["lr 0.2"]
    assert labels("n < 6") == []
    filtered = page("/?project=vision&group=config.lr&having=metric.val_acc.mean > 0.7")
    assert any("of 1 group (6 runs)" in text or "1 group (6 runs)" in text for text in filtered.texts("span"))
    nested = "/?project=vision&group=config.lr,config.optim&sort=name&having=metric.val_acc.mean > 0.55"
    opened = page(nested + opening(0.1) + opening(0.2))
    values = ["lr 0.1", "optim adam", "optim sgd", "lr 0.2", "optim adam", "optim sgd"]
    assert [row[2] for row in groups(opened)] == values  # the condition is on the groups that are counted
    wrong = page("/?project=vision&group=config.lr&having=lr > 1")
    (problem,) = [element for element in wrong.elements if element.attributes.get("id") == "where-problem"]
    assert "unknown field 'lr' at position 1" in problem.text and len(groups(wrong)) == 2
    (field,) = [element for element in wrong.elements if element.attributes.get("id") == "having"]
    assert field.attributes["aria-invalid"] == "true" and field.attributes["value"] == "lr > 1"
    link = next(link for link in filtered.elements if link.attributes.get("title") == "Charts of these runs")
    assert set(members(page(link.attributes["href"]))) == {*seeds[0.1, "sgd"], *seeds[0.1, "adam"]}
