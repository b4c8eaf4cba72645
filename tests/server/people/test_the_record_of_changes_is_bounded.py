"""A signed-in user cannot fill the record of changes, nor push others' lines out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from people import changes
from people.changes import ChangeRecord, Folding, append, read_changes


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(changes, "data_directory", lambda: tmp_path)
    return tmp_path


def change(user: str, path: str, status: int = 200, at: float = 600.0) -> ChangeRecord:
    return ChangeRecord(at=at, user=user, address="192.0.2.1", method="POST", path=path, status=status)


def lines(file: Path) -> list[ChangeRecord]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_equal_requests_of_a_minute_are_two_lines(data: Path) -> None:
    folding = Folding()
    for number in range(1000):
        folding.add(change("mallory", "/runs-change", at=600.0 + number / 100), False)
    folding.add(change("ada", "/runs-change"), False)
    folding.add(change("ada", "/runs-change", at=660.0), False)
    users_and_counts = [(change["user"], change.get("count")) for change in lines(data / "changes.jsonl")]
    assert users_and_counts == [("mallory", None), ("ada", None), ("mallory", 999), ("ada", None)]


def test_refused_requests_are_counted_and_what_was_done_has_a_line(data: Path) -> None:
    folding = Folding()
    for number in range(1000):
        folding.add(change("mallory", f"/runs/{number}", 403), False)
    folding.add(change("mallory", "/delete-runs"), False)
    folding.add(change("ada", "/delete-runs", 403), False)
    folding.flush()
    recorded = lines(data / "changes.jsonl")
    assert len(recorded) == changes.MOST_REFUSED + 3
    assert sum(change.get("count", 1) for change in recorded) == 1002
    assert [change["user"] for change in recorded if change["path"] == "/delete-runs"] == ["mallory", "ada"]


def test_generations_are_kept_and_lines_of_administrators_stay(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LARGEST_FILE", 2_000)
    append(change("root", "/users/1/disable"))
    folding = Folding()
    for number in range(2000):
        folding.add(change("mallory", f"/projects/{number}/description", at=600.0 + number), False)
    rotated = {path.name for path in data.glob("changes.jsonl*")} - {"changes.jsonl"}
    assert rotated == {f"changes.jsonl.{number}" for number in range(1, changes.GENERATIONS + 1)}
    assert sum(path.stat().st_size for path in data.iterdir()) < 2_500 * (changes.GENERATIONS + 2)
    recorded = read_changes(lambda change: True, 10_000)
    assert recorded[0]["path"] == "/projects/1999/description"
    assert [change["at"] for change in recorded] == sorted(
        (change["at"] for change in recorded), reverse=True
    )
    assert [change["path"] for change in recorded if change["user"] == "root"] == ["/users/1/disable"]
