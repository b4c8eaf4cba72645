"""A walk over every page: a method that it does not have is 405, a form without its token 403."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import resolve

from runicorn_site.security.headers import is_api
from runicorn_site.security.methods import methods
from tests.large import many
from tests.server.site.test_requests_of_other_sites_are_refused import ADDRESSES

PAGES = [path for path in ADDRESSES if not is_api(path) and not path.startswith("/admin/")]


@pytest.fixture
def form() -> Client:
    """A browser whose forms have no token."""
    return Client(enforce_csrf_checks=True)


def test_every_page_declares_its_methods() -> None:
    assert [path for path in PAGES if methods(resolve(path).func) is None] == []
    assert methods(resolve("/").func) == ("GET", "HEAD")
    assert len(PAGES) > 10


@pytest.mark.django_db
def test_an_unsupported_method_is_405(store: object, form: Client, subtests: pytest.Subtests) -> None:
    for path in many(PAGES):
        with subtests.test(path=path):
            allowed = methods(resolve(path).func) or ()
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allowed):
                answer = form.generic(method, path)
                assert answer.status_code == 405
                assert answer["Content-Type"] == "text/html; charset=utf-8"
                assert "<h1>" in answer.content.decode()
                assert answer["Allow"] == ", ".join(allowed)


@pytest.mark.django_db
def test_a_form_without_its_csrf_token_is_403(store: object, form: Client) -> None:
    forms = [path for path in PAGES if methods(resolve(path).func) == ("POST",)]
    assert forms
    for path in forms:
        assert form.post(path).status_code == 403


@pytest.mark.django_db
def test_an_unknown_url_is_404_for_every_method(store: object, form: Client) -> None:
    for path in ("/nothing", "/runs/a/b/c/d"):
        assert form.post(path).status_code == 404
