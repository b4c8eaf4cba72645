"""A signed-in user cannot fill the record of changes, nor push others' lines out of it."""

from __future__ import annotations

from typing import cast

import pytest
from django.db import DatabaseError

from people import changes
from people.changes import ChangeRecord, Folding, append
from people.models import Change

pytestmark = pytest.mark.django_db


def change(user: str, path: str, status: int = 200, at: float = 600.0) -> ChangeRecord:
    return ChangeRecord(at=at, user=user, address="192.0.2.1", method="POST", path=path, status=status)


def lines() -> list[ChangeRecord]:
    """What is recorded, the oldest first."""
    rows = Change.objects.order_by("pk").values("user", "path", "count")
    return [cast(ChangeRecord, {name: value for name, value in row.items() if value}) for row in rows]


def test_equal_requests_of_a_minute_are_two_lines() -> None:
    folding = Folding()
    for number in range(1000):
        folding.add(change("mallory", "/runs-change", at=600.0 + number / 100), False)
    folding.add(change("ada", "/runs-change"), False)
    folding.add(change("ada", "/runs-change", at=660.0), False)
    users_and_counts = [(change["user"], change.get("count")) for change in lines()]
    assert users_and_counts == [("mallory", None), ("ada", None), ("mallory", 999), ("ada", None)]


def test_refused_requests_are_counted_and_what_was_done_has_a_line() -> None:
    folding = Folding()
    for number in range(1000):
        folding.add(change("mallory", f"/runs/{number}", 403), False)
    folding.add(change("mallory", "/delete-runs"), False)
    folding.add(change("ada", "/delete-runs", 403), False)
    folding.flush()
    recorded = lines()
    assert len(recorded) == changes.MOST_REFUSED + 3
    assert sum(change.get("count", 1) for change in recorded) == 1002
    assert [change["user"] for change in recorded if change["path"] == "/delete-runs"] == ["mallory", "ada"]


def test_the_oldest_lines_are_removed_and_those_of_administrators_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "MOST_LINES", 50)
    monkeypatch.setattr(changes, "SLACK", 10)
    append(change("root", "/users/1/disable"))
    folding = Folding()
    for number in range(200):
        folding.add(change("mallory", f"/projects/{number}/description", at=600.0 + number), False)
    of_others = Change.objects.filter(is_admin=False)
    assert 50 <= of_others.count() <= 60
    assert of_others.order_by("-pk")[0].path == "/projects/199/description"
    assert Change.objects.get(is_admin=True).path == "/users/1/disable"


def test_a_change_that_cannot_be_stored_is_logged_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**fields: object) -> None:
        raise DatabaseError("database is locked")

    monkeypatch.setattr(Change.objects, "create", refuse)
    append(change("root", "/users/1/disable"))
    assert "could not be recorded: database is locked" in caplog.text


def test_names_that_a_database_refuses_are_recorded() -> None:
    append(change("a\ud800\0b", "/x" * 5000))
    assert Change.objects.get().user == "a?b"
