"""Page of groups: seeds group themselves, ties share a rank, the baseline, the pivot table, formulas."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from metrics.ingest.catch_up import catch_up_several
from metrics.pages.groups.board import board, newest_members
from runicorn.store.project import analysis
from runicorn_site.web import moments
from runicorn_site.web.moments import Moment
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from runs.query.analysis import column_cache, grouping
from runs.query.find import find_runs
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]
MEANS = {(0.1, "sgd"): 0.90, (0.1, "adam"): 0.905, (0.2, "sgd"): 0.70, (0.2, "adam"): 0.50}
SPREAD = (-0.01, 0.0, 0.01)


@pytest.fixture
def project(store: Path, page: Page) -> Page:
    """Four settings with three seeds each, the best two of which are within noise."""
    for (lr, optimizer), mean in MEANS.items():
        for seed, shift in enumerate(SPREAD):
            write_run(
                store,
                "vision",
                f"run-{lr}-{optimizer}-{seed}",
                config={"lr": lr, "optim": optimizer, "seed": seed, "output_dir": f"/out/{seed}"},
                metrics=[{"val_acc": mean + shift, "gap|x": 1.0}],
            )
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass  # a busy machine needs several rounds
    return page


@pytest.mark.django_db
def test_seeds_group_themselves_and_ties_share_a_rank(project: Page) -> None:
    markup = project("/projects/vision/groups?metric=val_acc")
    cells = markup.texts("td")
    labels = [text for text in cells if re.match(r"lr 0", text)]
    assert sorted(labels[:2]) == ["lr 0.1, optim adam", "lr 0.1, optim sgd"]
    assert labels[2:] == ["lr 0.2, optim sgd", "lr 0.2, optim adam"]
    ranks = [cells[cells.index(label) - 1] for label in labels]
    assert ranks == ["1", "1", "3", "4"]
    assert "0.905 ± 0.025" in cells
    assert any("Noise floor of the project: 0.01" in text for text in markup.texts("p"))


@pytest.mark.django_db
def test_a_diverged_group_does_not_break_the_pages(store: Path, page: Page) -> None:
    ids = [
        write_run(store, "vision", f"run-{n}", config={"lr": lr, "seed": n}, metrics=[{"ppl": value}] * 2)
        for n, (lr, value) in enumerate([(0.1, 1e200), (0.1, 3e199), (0.1, 2e200), (0.2, 1.5), (0.2, 2.0)])
    ]
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass  # a busy machine needs several rounds
    analysis.update(store, "vision", lambda content: content.update({**content, "baseline": ids[3:]}))
    for by in ("config.lr", "replicas", "config.lr,config.seed"):
        cells = page(f"/projects/vision/groups?by={by}&metric=ppl").texts("td")
        assert not any("inf" in cell or "nan" in cell or len(cell) > 150 for cell in cells)
    columns = "col=metric.ppl.last&col=verdict&col=difference"
    for query in (
        "",
        "&group=config.lr",
        "&group=replicas&sort=metric.ppl.last",
        "&group=replicas&statistic=std",
    ):
        cells = page(f"/?project=vision&{columns}{query}").texts("td")
        assert any("e+" in cell or "e2" in cell or "e19" in cell for cell in cells)
    page(f"/runs/{ids[0]}/changed?against=baseline")


@pytest.mark.django_db
def test_a_run_that_is_removed_by_another_process_breaks_no_remembered_groups(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        write_run(store, "vision", f"run-{number}", config={"lr": number // 2}, metrics=[{"acc": 0.5}])
    discovery.full(active_root())
    monkeypatch.setattr(column_cache, "EXPENSIVE_SECONDS", -1)
    monkeypatch.setattr(column_cache, "LASTS", 1e9)
    root, by = active_root(), ["config.lr"]
    with moments.at(Moment(root.pk, "v1", True)):
        assert [row.n for row in board(find_runs(root, project="vision"), "vision", by, "acc", []).rows] == [
            2,
            2,
        ]
    removed = Run.objects.order_by("pk").first()
    assert removed is not None
    removed.delete()
    with moments.at(Moment(root.pk, "v2", True)):
        matches = find_runs(root, project="vision")
        assert len(board(matches, "vision", by, "acc", []).rows) == 2
        members = [run_id for lr in (0.0, 1.0) for run_id in newest_members(matches, by, (lr,))]
    assert removed.run_id not in members and len(members) == 3


@pytest.mark.django_db
def test_columns_of_the_same_groups_are_bounded(store: Path) -> None:
    write_run(store, "vision")
    discovery.full(active_root())
    membership = grouping.group(find_runs(active_root(), project="vision"), ["project"])
    for number in range(3 * grouping.MOST_COMPUTED):
        assert membership.computed(("column", number), lambda number=number: number) == number  # type: ignore[misc]
        assert membership.computed("used always", lambda: "first") == "first"
    assert len(membership._computed) == grouping.MOST_COMPUTED
    assert membership.computed("used always", lambda: "again") == "first" and membership.seconds >= 0


@pytest.mark.django_db
def test_labels_of_replicas_tell_all_of_them_apart(store: Path, page: Page) -> None:
    for n, (hidden, lr) in enumerate([("16", 0.1), ("32", 0.1), ("64", 0.2), ("64", 0.0), ("128", 0.3)]):
        config = {"batch": 16 if n % 2 else 32, "decay": 0.0, "hidden": hidden, "lr": lr}
        write_run(store, "vision", f"run-{n}", config=config, metrics=[{"val_acc": 0.9740312}])
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass
    cells = page("/projects/vision/groups?metric=val_acc").texts("td")
    labels = {text for text in cells if text.startswith("hidden")}
    assert len(labels) == 5
    assert "hidden 64, lr 0, batch 16" in labels
    assert cells.count("0.97403") == 10, "mean and median have the same digits"


@pytest.mark.django_db
def test_groups_that_differ_in_many_settings_have_names_of_their_own(store: Path, page: Page) -> None:
    keys = ("augment", "batch", "data.name", "decay", "depth", "optim.name")
    for n in range(2 ** len(keys)):
        config = {key: f"v{n >> bit & 1}" for bit, key in enumerate(keys)}
        write_run(store, "vision", "sweep", config=config, metrics=[{"val_acc": n / 100}])
    for end in "ab":
        write_run(
            store,
            "vision",
            "twin",
            config={"prompt": "too long for a name, " + end * 9},
            metrics=[{"val_acc": 1.0}],
        )
    labels = page("/projects/vision/groups?metric=val_acc").texts("td", "wraps")
    assert len(labels) >= 2 ** len(keys) and len(set(labels)) == len(labels)
    assert {"optim.name v0", "data.name v1"} <= {part for label in labels for part in label.split(", ")}


@pytest.mark.django_db
def test_the_metric_of_the_table_is_the_first_metric_of_the_page(store: Path, page: Page) -> None:
    write_run(store, "vision", metrics=[{"epoch": 1, "train/loss": 2.0, "val/acc": 0.5}])
    assert "val/acc" in page("/projects/vision/groups").texts("th")
    assert "Best val/acc" in page("/?project=vision").texts("th", "c-best")


@pytest.mark.django_db
def test_a_baseline_is_set_and_read(project: Page, store: Path, client: Client) -> None:
    markup = project("/projects/vision/groups?by=config.optim&metric=val_acc")
    assert "Against the baseline" not in markup.texts("th"), "no baseline is set"
    runs = set(Run.objects.filter(config__optim="sgd").values_list("run_id", flat=True))
    assert '["sgd"]' in [field.attributes.get("value") for field in markup.all("input")]
    posted = client.post(
        "/projects/vision/change-baseline",
        {"group": '["sgd"]', "address": "by=config.optim&metric=val_acc"},
    )
    assert posted.status_code == 302
    assert posted["Location"] == "/projects/vision/groups?by=config.optim&metric=val_acc"
    assert set(analysis.read(store, "vision")["baseline"]) == runs
    markup = project(posted["Location"])
    cells = markup.texts("td")
    assert "baseline" in cells and "Against the baseline" in markup.texts("th")
    assert any(text.startswith("within noise") for text in cells)
    refused = client.post(
        "/projects/vision/change-baseline", {"group": '["no"]', "address": "by=config.optim"}
    )
    assert refused.status_code == 400 and set(analysis.read(store, "vision")["baseline"]) == runs
    client.post("/projects/vision/change-baseline", {})
    assert analysis.read(store, "vision")["baseline"] == []


@pytest.mark.django_db
def test_all_runs_of_a_large_group_are_the_baseline(
    store: Path, page: Page, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [
        write_run(store, "vision", config={"lr": 0.1, "seed": seed}, metrics=[{"val_acc": seed / 100}])
        for seed in range(120)
    ]
    write_run(store, "vision", config={"lr": 0.2}, metrics=[{"val_acc": 0.3}])
    address = "by=config.lr&metric=val_acc"
    page(f"/projects/vision/groups?{address}")
    form = {"group": "[0.1]", "address": address}
    assert client.post("/projects/vision/change-baseline", form).status_code == 302
    assert set(analysis.read(store, "vision")["baseline"]) == set(ids)
    monkeypatch.setattr(analysis, "MOST_RUNS", 5)
    assert "Set the newest 5 as baseline" in page(f"/projects/vision/groups?{address}").texts("button")
    assert client.post("/projects/vision/change-baseline", form).status_code == 302
    assert len(analysis.read(store, "vision")["baseline"]) == 5
    assert "baseline (the newest 5 runs)" in page(f"/projects/vision/groups?{address}").texts("td")


@pytest.mark.django_db
def test_a_pivot_table_is_copied_as_latex_markdown_and_csv(project: Page) -> None:
    markup = project("/projects/vision/groups?by=config.lr&columns=config.optim&metric=val_acc")
    latex, markdown, csv = markup.texts("pre")
    assert r"\begin{tabular}{lrr}" in latex and r"lr & adam & sgd \\" in latex
    assert r"0.1 & $\mathbf{0.905 \pm 0.025}$ & $\mathbf{0.900 \pm 0.025}$ \\" in latex
    assert "| 0.1 | **0.905 ± 0.025** | **0.900 ± 0.025** |" in markdown
    assert csv.startswith("lr,optim,val_acc,half_interval,n,best 0.1,adam,0.90") and csv.endswith(",3,0")


@pytest.mark.django_db
def test_a_formula_is_defined_and_its_mistake_is_shown(project: Page, store: Path, client: Client) -> None:
    posted = client.post("/projects/vision/add-formula", {"name": "error", "formula": "1 - val_acc"})
    assert posted.status_code == 302 and "metric=error" in posted["Location"]
    markup = project(posted["Location"])
    assert "error" in markup.texts("th") and "1 - val_acc" in markup.texts("dd")
    posted = client.post("/projects/vision/add-formula", {"name": "x", "formula": "1 - "})
    assert any(
        "at position 4" in text or "at position 5" in text for text in project(posted["Location"]).texts("p")
    )
    assert list(analysis.read(store, "vision")["formulas"]) == ["error"]
    assert any(
        "Invalid" in text or "position" in text
        for text in project("/projects/vision/groups?where=lr+<").texts("p")
    )
    run = Run.objects.first()
    assert run is not None
    assert "error" in project(f"/runs/{run.run_id}").texts("h3")


@pytest.mark.django_db
def test_a_formula_of_metrics_that_no_run_logs_is_refused(project: Page, store: Path, client: Client) -> None:
    typed = {"name": "twice", "formula": "nosuch * 2 + val_acc - other"}
    posted = client.post("/projects/vision/add-formula", typed)
    markup = project(posted["Location"])
    assert "No run of this project logs nosuch, other." in markup.texts("p", "notice")
    assert analysis.read(store, "vision")["formulas"] == {}
    fields = {field.attributes.get("name"): field.attributes.get("value") for field in markup.all("input")}
    assert typed.items() <= fields.items()
    posted = client.post("/projects/vision/add-formula", {"name": "twice", "formula": "val_acc * 2"})
    assert posted["Location"] == "/projects/vision/groups?metric=twice"


@pytest.mark.django_db
def test_a_formula_is_renamed_and_deleted_on_the_page(project: Page, store: Path, client: Client) -> None:
    def formulas() -> dict[str, str]:
        return dict(analysis.read(store, "vision")["formulas"])

    def post(action: str, **fields: str) -> str:
        answer = client.post(f"/projects/vision/{action}-formula", fields)
        assert answer.status_code == 302
        return str(answer["Location"])

    for name in ("error", "other"):
        post("add", name=name, formula="1 - val_acc")
    location = post("add", name="miss", formula="2 - val_acc", replaces="error")
    assert "metric=miss" in location and formulas() == {"miss": "2 - val_acc", "other": "1 - val_acc"}
    buttons = project(location).texts("button")
    assert buttons.count("Delete") == 2
    for taken in ("other", "val_acc"):
        refused = post("add", name=taken, formula="2 - val_acc", replaces="miss")
        assert any("has this name already" in text for text in project(refused).texts("p"))
    assert set(formulas()) == {"miss", "other"}
    location = post("delete", name="miss", address="by=config.lr&metric=miss")
    assert set(formulas()) == {"other"} and "by=config.lr" in location
    assert "miss" not in project(location).texts("option")
    post("delete", name="miss")
    assert "was deleted" in " ".join(
        project(post("add", name="x", formula="val_acc", replaces="miss")).texts("p")
    )


@pytest.mark.django_db
def test_the_panel_of_hyperparameters_begins_with_those_that_matter(store: Path, page: Page) -> None:
    source = random.Random(3)
    runs = []
    for number in range(60):
        config = {"a_noise": source.random(), "depth": number % 4, "width": source.randrange(9)}
        loss = 10.0 * config["depth"] + source.random()
        # The trees depend on the order of the runs.
        run_id = f"20260101_000000_{number:06x}"
        runs.append(
            write_run(
                store, "vision", f"run-{number}", run_id=run_id, config=config, metrics=[{"loss": loss}]
            )
        )
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass
    markup = page(f"/runs-panel?tab=hyperparameters&project=vision&runs={','.join(runs)}")
    assert any(text.startswith("What matters for loss: depth 0.") for text in markup.texts("p")), (
        markup.texts("p")
    )
    (section,) = [part for part in markup.all("section") if part.attributes.get("id") == "relation"]
    values = json.loads(section.attributes["data-values"])
    assert dict(zip(values["runs"], values["names"], strict=True)) == {
        run: f"run-{number}" for number, run in enumerate(runs)
    }
    assert all(len(str(value)) <= 8 for value in values["metrics"]["loss"]), "six digits at most"
