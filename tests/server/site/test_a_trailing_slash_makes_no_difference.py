from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.processes import Viewer


@pytest.mark.parametrize("path", ["/api/long", "/docs", "/openapi.json", "/api/nothing"])
def test_both_forms_answer_the_same(odd: Viewer, path: str) -> None:
    bare = odd.get(path, allow_redirects=False)
    slashed = odd.get(path + "/", allow_redirects=False)
    assert (slashed.status_code, slashed.content) == (bare.status_code, bare.content)


@pytest.mark.django_db
def test_both_forms_answer_the_same_on_the_admin_site(store: object, client: Client) -> None:
    for path in ("/admin", "/admin/runs", "/admin/runs/run"):
        bare, slashed = client.get(path), client.get(path + "/")
        assert (bare.status_code, slashed.status_code) == (200, 200)
        assert titles(bare) == titles(slashed)


def titles(page: HttpResponse) -> list[str]:
    """What a page is called."""
    return re.findall(r"<h1>(.*?)</h1>", page.content.decode(), re.DOTALL)


def test_two_slashes_are_another_url(odd: Viewer) -> None:
    assert odd.get("/api/long//").status_code == 404
