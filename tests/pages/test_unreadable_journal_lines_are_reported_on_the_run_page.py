from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def _journal(store: Path, run_id: str) -> Path:
    return store / "p" / "n" / "runs" / run_id / "events.jsonl"


def test_malformed_lines_are_counted(store: Path, make_run: Callable[..., str], page: Any) -> None:
    run_id = make_run(store, "p", "n", metrics=[{"loss": 1.0}])
    with _journal(store, run_id).open("a") as journal:
        journal.write("half a li\n{]\n")
    assert (
        "2 lines of the journal could not be read and were skipped."
        in page(f"/runs/{run_id}").texts("main")[0]
    )


def test_an_intact_journal_is_not_mentioned(store: Path, make_run: Callable[..., str], page: Any) -> None:
    run_id = make_run(store, "p", "n", metrics=[{"loss": 1.0}])
    assert "could not be read" not in page(f"/runs/{run_id}").texts("main")[0]
