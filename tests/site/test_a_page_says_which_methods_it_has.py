"""A walk over every page: a method that it does not have is 405, a form without its token 403."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import resolve

from runicorn_site.security.headers import is_api
from runicorn_site.security.methods import methods
from tests.site.test_nobody_answers_another_site import ADDRESSES

PAGES = [path for path in ADDRESSES if not is_api(path) and not path.startswith("/admin/")]


@pytest.fixture
def form() -> Client:
    """A browser whose forms have no token."""
    return Client(enforce_csrf_checks=True)


def test_what_methods_a_page_has_is_known_of_every_page() -> None:
    assert [path for path in PAGES if methods(resolve(path).func) is None] == []
    assert methods(resolve("/").func) == ("GET", "HEAD")
    assert len(PAGES) > 10


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_a_method_that_is_not_there(store: object, form: Client, path: str) -> None:
    allowed = methods(resolve(path).func) or ()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allowed):
        answer = form.generic(method, path)
        assert answer.status_code == 405
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert "<h1>" in answer.content.decode()
        assert answer["Allow"] == ", ".join(allowed)


@pytest.mark.django_db
def test_a_form_without_its_token(store: object, form: Client) -> None:
    forms = [path for path in PAGES if methods(resolve(path).func) == ("POST",)]
    assert forms
    for path in forms:
        assert form.post(path).status_code == 403


@pytest.mark.django_db
def test_an_address_that_is_none_stays_so(store: object, form: Client) -> None:
    for path in ("/nothing", "/runs/a/b/c/d"):
        assert form.post(path).status_code == 404
