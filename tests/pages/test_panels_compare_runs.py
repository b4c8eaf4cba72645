"""The panels of the workspace without scripts: what differs, what is best, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

import runicorn as rn
from runs.models import Run

MakeRun = Callable[..., str]


@pytest.fixture
def runs(store: Path, make_run: MakeRun) -> list[str]:
    """Three runs with two learning rates."""
    return [
        make_run(
            store,
            name=f"n{i}",
            config={"lr": [0.1, 0.1, 0.01][i], "optim": {"name": "adam"}, "seed": i},
            metrics=[{"loss": 3.0 - i, "acc": i / 10, "lr": 0.1 * i}, {"loss": 5.0, "acc": 0.0}],
            summary={"best_metric_name": "acc", "best_metric_value": i / 10, "note": "x"},
        )
        for i in range(3)
    ]


@pytest.fixture
def compare(look: Callable[[], None], client: Client) -> Callable[..., str]:
    """The page's HTML for some runs."""

    def ask(query: str) -> str:
        look()
        answer = client.get(f"/compare?{query}", follow=True)
        assert answer.status_code == 200 and answer.wsgi_request.path == "/"
        return answer.content.decode()

    return ask


def part(html: str, beginning: str, end: str) -> str:
    return html.split(beginning, 1)[1].split(end, 1)[0]


def test_the_differences_of_config_come_first_and_the_rest_is_folded(
    runs: list[str], compare: Callable[..., str]
) -> None:
    html = compare(f"runs={','.join(runs)}&tab=config")
    table = part(html, 'id="config-table"', "</table>")
    assert "<bdi>lr</bdi>" in table and "<bdi>seed</bdi>" in table and "optim.name" not in table
    folded = part(html, "identical value", "</details>")
    assert "optim.name" in folded and "adam" in folded and "seed" not in folded


def test_the_best_of_each_metric_is_marked_in_its_direction(
    runs: list[str], compare: Callable[..., str]
) -> None:
    table = part(compare(f"runs={','.join(runs)}&tab=metrics"), 'id="metric-table"', "</table>")
    rows = {
        row.split("data-key>")[1].split("<")[0]: row.split("<td")[1:] for row in table.split("<tr>")[1:][1:]
    }
    assert list(rows) == ["acc", "loss", "lr"]
    assert ["best: " in cell for cell in rows["loss"]] == [False, False, True]
    assert ["best: " in cell for cell in rows["acc"]] == [False, False, True]
    assert not any("best: " in cell for cell in rows["lr"]), "a learning rate has no best value"
    hints = [row.split('class="faint">')[1].split("<")[0] for row in table.split("data-key>")[1:]]
    assert hints == ["highest", "lowest", "last"]
    assert "last 5" in " ".join(table.split())


def test_a_metric_whose_goal_the_script_defines_has_a_best_value(
    store: Path, compare: Callable[..., str]
) -> None:
    ids = []
    for size in (1.0, 2.0):
        with rn.init("p", storage=store, capture_env=False, system_metrics=False) as run:
            run.define_metric("size", goal="min")
            run.log({"size": size, "epoch": size})
            ids.append(run.id)
    table = part(compare(f"runs={','.join(ids)}&tab=metrics"), 'id="metric-table"', "</table>")
    epoch, size = table.split("data-key>")[1:]
    assert "best: " not in epoch and "highest" not in epoch, "that it trained longer is no merit"
    assert ["best: " in cell for cell in size.split("<td")[1:]] == [True, False] and "lowest" in size


def test_the_runs_are_compared_with_the_baseline(
    store: Path, make_run: Callable[..., str], compare: Callable[..., str], client: Client
) -> None:
    ids = [
        make_run(store, config={"lr": lr, "seed": seed}, metrics=[{"acc": 0.9 / lr + seed / 1000}])
        for lr in (1, 2)
        for seed in range(2)
    ]
    address = f"runs={','.join(ids)}&tab=metrics"
    assert "vs baseline" not in compare(address)
    project = Run.objects.get(run_id=ids[0]).project
    client.put(f"/api/v2/projects/{project}/baseline", {"run_ids": ids[:2]}, content_type="application/json")
    row = part(part(compare(address), 'id="metric-table"', "</table>"), "vs baseline", "</tr>")
    assert row.count("<td") == len(ids) and row.count("worse by") >= 2 and "acc" in row


def test_there_is_one_chart_a_metric_and_ways_to_group(runs: list[str], compare: Callable[..., str]) -> None:
    html = compare("&".join(f"runs={run}" for run in runs))
    assert html.count("<figure data-name=") == 3
    assert '<option value="config.lr" data-groups="2">lr</option>' in html
    assert 'value="config.seed" data-groups' not in html


def test_runs_can_be_grouped_by_the_group_of_their_script(
    store: Path, make_run: Callable[..., str], compare: Callable[..., str]
) -> None:
    ids = [make_run(store, metrics=[{"loss": 1.0}], group=group) for group in ("big", "small")]
    html = compare(f"runs={','.join(ids)}")
    assert '<option value="group" data-groups="2">group</option>' in html


def test_unknown_and_too_many_runs_are_reported(runs: list[str], compare: Callable[..., str]) -> None:
    html = " ".join(compare(f"runs={runs[0]},20260101_000000_aaaaaa,<b>&tab=config").split())
    assert "recycle bin: " in html and "20260101_000000_aaaaaa" in html and "&lt;b&gt;" in html
    assert "Add a run to see differences" in html
    assert "The first 100 are shown" in compare("runs=" + ",".join(f"x{i}" for i in range(101)))


def test_without_runs_the_newest_are_shown_and_all_can_be_chosen(
    runs: list[str], compare: Callable[..., str]
) -> None:
    html = compare("runs=")
    assert html.count("<figure data-name=") == 3
    assert all(f'value="{run}"' in html for run in runs)


def test_many_runs_take_as_many_queries_as_two(
    store: Path,
    make_run: MakeRun,
    look: Callable[[], None],
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ids = [make_run(store, metrics=[{"loss": 1.0}], config={"lr": i}) for i in range(12)]
    look()
    for tab in ("charts", "config", "metrics", "hyperparameters"):
        client.get(f"/runs-panel?runs={','.join(ids)}&tab={tab}")
        for count in (2, 12):
            # Config keys and metrics of all runs, and their importance.
            with django_assert_max_num_queries(12 if tab == "hyperparameters" else 8):
                client.get(f"/runs-panel?runs={','.join(ids[:count])}&tab={tab}")


def test_the_old_address_leads_to_the_charts_with_everything_kept(client: Client) -> None:
    answer = client.get("/compare?runs=a,b&runs=c&group=config.lr&smooth=0.6&hide=a&hide=b")
    assert answer.status_code == 302
    assert answer["Location"] == "/?group=config.lr&smooth=0.6&hide=a&hide=b&layout=charts&runs=a%2Cb%2Cc"
    assert client.get("/compare")["Location"] == "/?layout=charts"
