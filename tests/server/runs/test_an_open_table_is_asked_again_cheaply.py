"""Looks for newer rows: 304 without building the table while nothing has changed, for a few seconds."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from runicorn_site.web import moments
from runicorn_site.web.actor import ACTOR
from runs.pages.table import polls
from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

NOW, LATER = moments.Moment(1, "7"), moments.Moment(1, "8")


def ask(address: str = "/?q=a", tag: str = 'W/"built"', actor: str = "", **headers: str) -> HttpRequest:
    request = RequestFactory().get(address, headers={"If-None-Match": tag, **headers})
    request.scope = {ACTOR: actor}  # type: ignore[attr-defined]
    return request


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the module reads, after a table was built at 0."""
    seconds = [0.0]
    monkeypatch.setattr(polls.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(polls, "_answers", type(polls._answers)())
    with moments.at(NOW):
        polls.remember(ask(), HttpResponse(headers={"ETag": 'W/"built"'}))
    return seconds


def test_the_same_page_of_the_same_reader_is_not_built_again(clock: list[float]) -> None:
    with moments.at(NOW):
        answer = polls.not_modified(ask())
        assert answer is not None and (answer.status_code, answer["ETag"]) == (304, 'W/"built"')
        for other in (
            ask("/?q=b"),
            ask(tag='W/"other"'),
            ask(actor="ada"),
            ask(Cookie="a=1"),
            ask(**{"Accept-Language": "zh-CN"}),
        ):
            assert polls.not_modified(other) is None
    for moment in (LATER, None):
        with moments.at(moment):
            assert polls.not_modified(ask()) is None


def test_what_has_no_version_is_seconds_old_at_most(clock: list[float]) -> None:
    with moments.at(NOW):
        clock[0] = polls.SECONDS
        assert polls.not_modified(ask()) is not None
        clock[0] = polls.SECONDS + 0.1
        assert polls.not_modified(ask()) is None


def test_a_change_is_seen_by_the_next_look(viewer: Viewer) -> None:
    run_id = write_run(viewer.root, "p", "n")

    def fetch(tag: str = "") -> Any:
        return viewer.get("/", headers={"HX-Request": "true", "If-None-Match": tag})

    until(lambda: run_id in fetch().text)
    tag = fetch().headers["ETag"]
    until(lambda: fetch(tag).status_code == 304)
    assert (
        requests.patch(f"{viewer.url}/api/runs/{run_id}", json={"tags": ["new-tag"]}, timeout=30).status_code
        == 200
    )
    assert "new-tag" in fetch(tag).text
