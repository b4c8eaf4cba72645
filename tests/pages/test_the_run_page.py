"""The page of one run as the server draws it: all of it can be read without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from django.test import Client

from runs.active_root import active_root
from runs.services.recycle_bin import soft_delete_runs
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def facts(markup: Markup) -> dict[str, str]:
    return dict(zip(markup.texts("dt"), markup.texts("dd"), strict=True))


def folder_of(store: Path, run_id: str) -> Path:
    (run_folder,) = store.glob(f"*/*/runs/{run_id}")
    return run_folder


def test_the_run_page_has_header_charts_log_config_and_summary(store: Path, page: Page) -> None:
    run_id = write_run(
        store,
        "vision",
        "resnet",
        metrics=[{"train/loss": 0.5, "train/acc": 0.1, "lr": 1e-5}, {"train/loss": 0.25, "lr": 1e-5}],
        config={"optim": {"name": "adam", "betas": [0.9, 0.99]}, "amp": True},
        summary={"best_metric_name": "train/acc", "best_metric_value": 0.1, "note": "fine"},
        logs="first\nlast words\n",
        tags=["paper"],
        notes="A note.\nOf two lines.",
    )
    markup = page(f"/runs/{run_id}")
    assert markup.texts("h1") == ["resnet"]
    assert markup.texts("a", "tag") == ["paper"]
    assert markup.texts("div", "description") == ["A note. Of two lines."]
    about = facts(markup)
    assert (about["ID"], about["Step"], about["Best train/acc"]) == (run_id, "2", "0.1")
    assert (about["optim.name"], about["optim.betas"], about["amp"]) == ("adam", "[0.9, 0.99]", "true")
    assert about["note"] == "fine"
    assert [
        figure.attributes["data-name"] for figure in markup.all("figure") if "data-name" in figure.attributes
    ] == [
        "train/acc",
        "train/loss",
        "lr",
    ]
    assert "2 points, lowest 0.25, highest 0.5." in markup.texts("figure")[1]
    assert "last words" in " ".join(markup.texts("pre"))


def test_a_run_with_nothing_in_it_says_what_would_be_here(store: Path, page: Page) -> None:
    text = page(f"/runs/{write_run(store, 'p', 'n')}").texts("main")[0]
    assert "No metrics" in text
    assert "No config." in text
    assert "No log." in text
    text = page(f"/runs/{write_run(store, 'p', 'n', status='running')}").texts("main")[0]
    assert "No metrics yet" in text and "No lines yet." in text


def test_problems_of_a_run_are_described_plainly(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", metrics=[{"loss": 1.0}])
    folder = folder_of(store, run_id)
    (folder / "summary.json").write_text('{"torn": ')
    (folder / "status.json").write_text(json.dumps({"status": "failed", "exit_reason": "process_not_found"}))
    notices = page(f"/runs/{run_id}").texts("p", "notice")
    assert any("The process of this run ended without an exit status" in notice for notice in notices)
    assert any("summary.json" in notice for notice in notices)


def test_the_head_alone_is_sent_for_a_page_that_has_the_rest(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", metrics=[{"loss": 1.0}])
    markup = page(f"/runs/{run_id}?part=header")
    assert markup.texts("h1") == ["n"]
    assert not markup.all("html") and not markup.all("figure")


def test_images_stand_by_key_and_step(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n")
    folder = folder_of(store, run_id)
    with (folder / "events.jsonl").open("w") as journal:
        for step in (1, 2):
            (folder / "media" / f"a {step}.png").write_bytes(b"\x89PNG")
            data = {"key": "samples", "path": f"media/a {step}.png", "step": step, "caption": "<i>cap</i>"}
            journal.write(json.dumps({"ts": 1.0, "type": "image", "data": data}) + "\n")
    images = [image.attributes for image in page(f"/runs/{run_id}").all("img")]
    assert [image["src"] for image in images] == [f"/runs/{run_id}/media/a%20{step}.png" for step in (1, 2)]
    assert images[0]["alt"] == "samples, step 1, <i>cap</i>"


def test_an_unknown_run_gets_a_not_found_page(store: Path, page: Page, client: Client) -> None:
    for run_id in ("20260101_000000_abcdef", "nonsense"):
        for address in (f"/runs/{run_id}", f"/runs/{run_id}/diff", f"/runs/{run_id}/sources"):
            missing = page(address, status=404)
            assert missing.texts("p", "sentence") == [f"Run not found: {run_id}"]
            assert "Go to runs" in missing.texts("a", "main")
    assert client.get("/api/v2/experiments/nonsense").status_code == 400, (
        "the API tells what an id looks like"
    )


def test_system_metrics_are_drawn_over_time_and_come_last(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", metrics=[{"z/loss": 1.0}])
    with (folder_of(store, run_id) / "events.jsonl").open("a") as journal:
        event = {"ts": 2.0, "type": "system", "data": {"system/cpu_percent": 3.0}}
        journal.write(json.dumps(event) + "\n")
    figures = [
        element.attributes
        for element in page(f"/runs/{run_id}").all("figure")
        if "data-name" in element.attributes
    ]
    assert [figure["data-name"] for figure in figures] == ["z/loss", "system/cpu_percent"]
    assert ["data-axis" in figure for figure in figures] == [False, True]


def test_a_deleted_run_says_so_and_can_be_restored(store: Path, page: Page, client: Client) -> None:
    run_id = write_run(store, "p", "n")
    page(f"/runs/{run_id}")
    soft_delete_runs(root=active_root(), run_ids=[run_id])
    markup = page(f"/runs/{run_id}")
    assert markup.texts("h1") == ["n is in the recycle bin"]
    assert "Restore this run" in markup.texts("button")
    answer = client.post("/restore-runs", {"run_ids": run_id, "from": "run"})
    assert answer["Location"] == f"/runs/{run_id}"
    assert page(f"/runs/{run_id}").texts("h1") == ["n"]


def test_a_running_run_shows_its_progress(store: Path, page: Page) -> None:
    metrics = [{"loss": 1.0} for _ in range(25)]
    run_id = write_run(store, "p", "n", status="running", metrics=metrics, config={"max_steps": 100})
    assert facts(page(f"/runs/{run_id}"))["Progress"].startswith("25 of 100, ")


def test_nested_keys_stand_together(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", config={"a": 1, "optim": {"lr": 2, "beta": {"one": 3}}})
    lines = page(f"/runs/{run_id}").all("div", "begins")
    assert [line.text for line in lines][:3] == ["a1", "optim.lr2", "optim.beta.one3"]
