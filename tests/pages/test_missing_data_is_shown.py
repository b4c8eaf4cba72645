"""A run that lacks records, a part of its journal or media files says so on its page, in the table and in the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import runicorn as rn


@pytest.fixture
def run(store: Path) -> rn.Run:
    run = rn.init("p", "n", storage=store, capture_env=False, system_metrics=False)
    for step in range(1, 201):
        run.log({"loss": 0.5 + step / 1000}, step=step)
    for _ in range(3):
        run.log_image("sample", b"image")
    run.finish()
    return run


def _item(client: Client) -> tuple[int | None, int | None]:
    (item,) = client.get("/api/runs?limit=10").json()
    (experiment,) = client.get("/api/v2/experiments").json()["experiments"]
    counts = item["records_written"], item["records_missing"]
    assert counts == (experiment["records_written"], experiment["records_missing"])
    return counts


def _warnings(client: Client, run: rn.Run) -> list[str]:
    warnings: list[str] = client.get(f"/api/runs/{run.id}").json()["warnings"]
    return warnings


def _keep_lines(run: rn.Run, count: int) -> None:
    journal = run.run_dir / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:count]))


def test_a_complete_run_says_that_no_record_is_missing(
    run: rn.Run, page: Callable[..., Any], client: Client
) -> None:
    text = page(f"/runs/{run.id}").texts("main")[0]
    assert "203 of 203" in text and "missing" not in text
    assert "Incomplete" not in page("/").texts("main")[0]
    assert "203 of 203" in page("/?col=name&col=records").texts("main")[0]
    assert _item(client) == (203, 0) and _warnings(client, run) == []


def test_a_truncated_journal_is_reported(run: rn.Run, page: Callable[..., Any], client: Client) -> None:
    page(f"/runs/{run.id}")
    size = (run.run_dir / "events.jsonl").stat().st_size
    _keep_lines(run, 150)
    remaining = (run.run_dir / "events.jsonl").stat().st_size
    text = page(f"/runs/{run.id}").texts("main")[0]
    assert f"The journal was truncated to {remaining:,} of {size:,} bytes" in text and "150 of 203" in text
    assert "Incomplete: 150 of 203 records" in page("/").texts("main")[0]
    assert _item(client) == (203, 53)


@pytest.mark.parametrize("is_known", [False, True])
def test_a_lost_journal_is_reported(
    run: rn.Run, page: Callable[..., Any], client: Client, is_known: bool
) -> None:
    if is_known:
        page(f"/runs/{run.id}")
    (run.run_dir / "events.jsonl").unlink()
    assert "The journal is missing" in page(f"/runs/{run.id}").texts("main")[0]
    assert _warnings(client, run)
    if not is_known:
        assert _item(client) == (203, 203)


def test_a_journal_cut_within_its_first_record_does_not_count_as_complete(
    run: rn.Run, page: Callable[..., Any], client: Client
) -> None:
    (run.run_dir / "events.jsonl").write_bytes((run.run_dir / "events.jsonl").read_bytes()[:20])
    text = page(f"/runs/{run.id}").texts("main")[0]
    assert "The journal was truncated to 20 of" in text and "203 of 203" not in text
    assert _item(client)[1] != 0


def test_a_journal_that_is_empty_after_a_power_cut_is_reported(
    run: rn.Run, page: Callable[..., Any], client: Client
) -> None:
    (run.run_dir / "events.jsonl").write_bytes(b"")
    assert "0 of 203" in page(f"/runs/{run.id}").texts("main")[0]
    assert _item(client) == (203, 203)


def test_a_replaced_journal_is_reported(run: rn.Run, page: Callable[..., Any], client: Client) -> None:
    page(f"/runs/{run.id}")
    line = b'{"ts":1.0,"type":"metrics","data":{"loss":1,"note":"%s","global_step":1}}\n' % (b"x" * 60_000)
    (run.run_dir / "events.jsonl").write_bytes(line)
    text = page(f"/runs/{run.id}").texts("main")[0]
    assert "The journal was changed after the run ended: 1 of 203 records are left." in text
    assert _item(client) == (203, 202)


def test_a_flipped_digit_is_reported(run: rn.Run, page: Callable[..., Any], client: Client) -> None:
    journal = run.run_dir / "events.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"loss":0.6,', b'"loss":9.6,'))
    assert "1 record of the journal does not match" in page(f"/runs/{run.id}").texts("main")[0]
    assert any("checksum" in sentence for sentence in _warnings(client, run))
    assert _item(client) == (203, 0)


def test_missing_media_are_reported(run: rn.Run, page: Callable[..., Any], client: Client) -> None:
    page(f"/runs/{run.id}")
    next((run.run_dir / "media").iterdir()).unlink()
    assert "1 of 3 logged media files are missing." in page(f"/runs/{run.id}").texts("main")[0]
    assert "1 of 3 logged media files are missing." in _warnings(client, run)


def test_records_that_a_full_disk_refused_are_reported(
    run: rn.Run, page: Callable[..., Any], client: Client
) -> None:
    status = run.run_dir / "status.json"
    status.write_text(status.read_text().replace('"records_missing": 0', '"records_missing": 7'))
    text = page(f"/runs/{run.id}").texts("main")[0]
    assert "7 of 210 records could not be written" in text and "203 of 210" in text
    assert _item(client) == (203, 7)


def test_a_run_without_counts_says_nothing(
    store: Path, make_run: Callable[..., str], page: Callable[..., Any], client: Client
) -> None:
    run_id = make_run(store, "p", "n", metrics=[{"loss": 1.0}])
    assert "Records" not in page(f"/runs/{run_id}").texts("main")[0]
    assert _item(client) == (None, None)
