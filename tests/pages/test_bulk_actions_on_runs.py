"""What the selection bar sends: one action for up to a hundred runs, and what the table's address matches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runs.models import Run
from runs.pages.table import actions
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


@pytest.fixture
def four(store: Path, page: Page) -> list[str]:
    """Four runs, the youngest first."""
    run_ids = [write_run(store, "p", name, created_at=1.7e9 + age) for age, name in enumerate("abcd")]
    page("/")
    return run_ids[::-1]


def change(client: Client, action: str, ids: list[str], **more: str) -> tuple[int, Any]:
    answer = client.post("/runs-change", {"action": action, "run_ids": ids} | more)
    return answer.status_code, answer.json() if answer.status_code == 200 else answer.content.decode()


@pytest.mark.parametrize(
    ("action", "inverse", "field", "value"),
    [("pin", "unpin", "pinned", True), ("archive", "unarchive", "archived", True)],
)
def test_flags_are_set_and_undone(
    four: list[str], client: Client, action: str, inverse: str, field: str, value: bool
) -> None:
    assert change(client, action, four[:2]) == (200, {"changed": four[:2], "refused": 0})
    assert set(Run.objects.filter(**{field: value}).values_list("run_id", flat=True)) == set(four[:2])
    change(client, inverse, four[:2])
    assert not Run.objects.filter(**{field: value}).exists()


def test_a_tag_is_taken_back_only_from_those_that_got_it(four: list[str], client: Client) -> None:
    change(client, "tag", four[:1], tag="paper")
    status, answer = change(client, "tag", four[:3], tag=" paper ")
    assert (status, answer) == (200, {"changed": four[1:3], "refused": 0})
    change(client, "untag", answer["changed"], tag="paper")
    assert [run.run_id for run in Run.objects.all() if run.tags == ["paper"]] == four[:1]


def test_deleted_runs_are_restored_and_what_cannot_be_changed_is_counted(
    four: list[str], client: Client
) -> None:
    assert change(client, "delete", four)[1]["changed"] == four
    assert change(client, "delete", four[:1])[1] == {"changed": [], "refused": 1}
    assert change(client, "pin", [four[0], "no-such-run"])[1] == {"changed": [], "refused": 2}
    assert change(client, "restore", four)[1] == {"changed": four, "refused": 0}


@pytest.mark.parametrize(
    ("action", "ids", "more"),
    [
        ("explode", ["x"], {}),
        ("pin", [], {}),
        ("pin", [str(n) for n in range(101)], {}),
        ("tag", ["x"], {"tag": " "}),
        ("tag", ["x"], {"tag": "a\nb"}),
        ("tag", ["x"], {"tag": "t" * 256}),
    ],
)
def test_bad_input_is_reported_on_a_page(
    store: Path, client: Client, action: str, ids: list[str], more: dict[str, str]
) -> None:
    status, text = change(client, action, ids, **more)
    assert status == 400
    assert 'class="sentence"' in text


def test_all_matching_runs_are_listed_in_order(
    four: list[str], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/runs-matching").json() == {"ids": four, "total": 4}
    assert client.get("/runs-matching?where=name+%3D+b&sort=name").json() == {"ids": [four[2]], "total": 1}
    order = [four[2], four[0], four[3]]
    assert client.get(f"/runs-matching?runs={','.join(order)}").json() == {"ids": order, "total": 3}
    monkeypatch.setattr(actions, "MOST_CHOSEN", 2)
    assert client.get("/runs-matching?sort=name").json() == {"ids": four[:1:-1], "total": 4}
    assert client.get("/runs-matching?where=x").status_code == 400


def test_changes_require_the_csrf_token(four: list[str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    for address in ("/runs-change", "/runs-columns", "/runs-view"):
        assert strict.post(address, {"action": "delete", "run_ids": four}).status_code == 403
    assert Run.objects.filter(deleted=None).count() == 4
