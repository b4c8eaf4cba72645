"""Deleting, undoing, restoring and emptying by plain forms, which ask for their token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.test import Client

from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def hidden(markup: Markup, name: str) -> list[str]:
    fields = [element.attributes for element in markup.all("input")]
    return [field["value"] for field in fields if field.get("name") == name and field["type"] == "hidden"]


def test_deleted_runs_leave_the_table_and_can_be_restored(store: Path, page: Page, client: Client) -> None:
    keep, run_id = write_run(store, "p", "keep"), write_run(store, "p", "gone")
    page("/")
    answer = client.post("/delete-runs", {"run_ids": [run_id, run_id], "next": "sort=name"})
    assert (answer.status_code, answer["Location"]) == (302, f"/?sort=name&undo={run_id}")

    after = page(answer["Location"])
    assert after.texts("a", "name") == ["keep"]
    assert "1 run moved to the recycle bin." in after.texts("form", "notice")[0]
    assert (store / "p" / "gone" / "runs" / run_id / ".deleted").exists()

    restored = client.post(
        "/restore-runs", {"run_ids": hidden(after, "run_ids"), "next": hidden(after, "next")[0]}
    )
    assert restored["Location"] == "/?sort=name"
    assert set(page("/").texts("a", "name")) == {"keep", "gone"}
    assert keep


def test_what_is_restored_already_is_not_offered_again(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n")
    assert page(f"/?undo={run_id}&undo=unknown").all("form", "notice") == []


def test_the_next_url_is_parsed_and_never_followed(store: Path, page: Page, client: Client) -> None:
    run_id = write_run(store, "p", "n")
    page("/")
    for evil in ("https://evil.example/", "//evil.example", "/admin/", "q=a&next=//evil"):
        answer = client.post("/delete-runs", {"run_ids": run_id, "next": evil})
        assert answer["Location"].startswith("/?") or answer["Location"] == "/"


def test_forms_without_the_csrf_token_change_nothing(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n")
    page("/")
    strict = Client(enforce_csrf_checks=True)
    for address in ("/delete-runs", "/restore-runs", "/recycle-bin/empty"):
        assert strict.post(address, {"run_ids": run_id, "confirm": "true"}).status_code == 403
    assert page("/").texts("a", "name") == ["n"]


def test_get_requests_change_nothing(store: Path, page: Page, client: Client) -> None:
    run_id = write_run(store, "p", "n")
    page("/")
    for address in ("/delete-runs", "/restore-runs", "/recycle-bin/empty"):
        assert client.get(f"{address}?run_ids={run_id}&confirm=true").status_code == 405


def test_the_recycle_bin_lists_and_restores_one_by_its_button(
    store: Path, page: Page, client: Client
) -> None:
    first, second = write_run(store, "p", "first"), write_run(store, "p", "second", status="failed")
    page("/")
    client.post("/delete-runs", {"run_ids": [first, second]})
    bin_page = page("/recycle-bin")
    assert set(bin_page.texts("b", "name")) == {"first", "second"}
    assert set(bin_page.texts("span", "status")) == {"finished", "failed"}

    answer = client.post("/restore-runs", {"only": first, "run_ids": second, "from": "bin"})
    after = page(answer["Location"])
    assert after.texts("b", "name") == ["second"]
    assert after.texts("p", "notice") == ["1 run restored. Show runs"]
    again = client.post("/restore-runs", {"only": first, "from": "bin"})
    assert page(again["Location"]).texts("p", "failed") == ["1 run could not be changed."]
    assert not page("/recycle-bin?restored=x&left=-1").all("p", "notice")
    assert page("/").texts("a", "name") == ["first"]


def test_the_bin_is_emptied_only_when_that_is_confirmed(store: Path, page: Page, client: Client) -> None:
    run_id = write_run(store, "p", "n")
    page("/")
    client.post("/delete-runs", {"run_ids": run_id})
    client.post("/recycle-bin/empty", {})
    assert (store / "p" / "n" / "runs" / run_id).exists()

    emptied = page(client.post("/recycle-bin/empty", {"confirm": "true"})["Location"])
    assert not (store / "p" / "n" / "runs" / run_id).exists()
    assert "1 run permanently deleted." in emptied.texts("p", "notice")
    assert "The recycle bin is empty" in emptied.texts("main")[0]


def test_failed_deletions_are_reported(store: Path, page: Page, client: Client) -> None:
    run_id = write_run(store, "p", "n")
    page("/")
    answer = client.post("/delete-runs", {"run_ids": [run_id, "20260101_000000_abcdef"]})
    assert "Couldn’t delete 1 run" in page(answer["Location"]).texts("p", "failed")[-1]
