"""Programs get the health from the event loop, everyone else from the view: the answers are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.processes import Viewer
from tests.waiting import until


@pytest.fixture
def viewer(plain: Viewer) -> Viewer:
    """A viewer that has imported its site."""
    plain.get("/api/projects")
    return plain


BROWSER = {"Accept": "text/html,*/*;q=0.8"}
CHANGING = {"etag", "x-ratelimit-remaining", "x-ratelimit-reset", "content-length"}


def test_a_program_gets_what_the_view_says(viewer: Viewer) -> None:
    direct, view = viewer.get("/api/health"), requests.head(f"{viewer.url}/api/health", timeout=60)
    by_name = [{name.lower(): value for name, value in answer.headers.items()} for answer in (direct, view)]
    assert by_name[0].keys() == by_name[1].keys()
    for name in by_name[0].keys() - CHANGING:
        assert by_name[0][name] == by_name[1][name], name
    assert {"status", "version", "timestamp", "storage", "database", "cache"} == direct.json().keys()
    assert viewer.get("/api/health/").json().keys() == direct.json().keys()


def test_others_are_answered_by_the_view(viewer: Viewer) -> None:
    assert viewer.get("/api/health", headers=BROWSER).headers["Content-Type"].startswith("text/html")
    assert viewer.post("/api/health").status_code == 405
    assert requests.options(f"{viewer.url}/api/health", timeout=60).status_code == 200


def test_its_limit_is_that_of_the_table(start_viewer: Callable[..., Viewer], home: Path) -> None:
    viewer = start_viewer()
    rates = {"endpoints": {"/api/health": {"max_requests": 3}}}
    (home / "config" / "rate_limits.json").write_text(json.dumps(rates), encoding="utf-8")

    def refusals() -> list[requests.Response]:
        return [answer for answer in (viewer.get("/api/health"),) if answer.status_code == 429]

    (refused,) = until(refusals, pause=0.1)
    assert refused.json()["detail"] == "Rate limit exceeded"
    assert (refused.headers["X-RateLimit-Limit"], refused.headers["X-RateLimit-Remaining"]) == ("3", "0")
