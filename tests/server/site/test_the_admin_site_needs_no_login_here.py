from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from people.services import accounts
from tests.processes import Viewer


@pytest.mark.django_db
def test_every_visitor_acts_as_the_user_local() -> None:
    page = Client().get("/admin/")
    assert page.status_code == 200
    assert "log-in" not in page.content.decode() and "logout" not in page.content.decode()
    user = User.objects.get()
    assert (user.username, user.has_usable_password()) == ("local", False)
    # The row is of nobody in a viewer with users, who are in the same table.
    assert (user.is_active, user.is_staff, user.is_superuser) == (False, False, False)
    assert not accounts().exists()


@pytest.mark.django_db
def test_there_are_no_users_to_curate() -> None:
    page = Client().get("/admin/").content.decode()
    assert "/admin/auth/" not in page
    assert Client().get("/admin/auth/user/").status_code == 404


@pytest.mark.django_db
def test_the_user_local_cannot_log_in() -> None:
    Client().get("/admin/")
    assert not Client().login(username="local", password="!")
    assert not Client().login(username="local", password="")


def test_a_form_without_its_csrf_token_changes_nothing(plain: Viewer) -> None:
    answer = plain.post("/admin/logout/", data={"a": "b"})
    assert answer.status_code == 403
    assert "<h1>" in answer.text


def test_the_admin_site_works_under_the_content_security_policy(plain: Viewer, browser: Any) -> None:
    browser.goto(plain.url + "/admin/")
    browser.wait_for_selector("#theme:not([hidden])")
