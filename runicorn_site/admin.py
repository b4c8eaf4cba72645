"""Configuration of the admin site: runs and artifacts only, without users and groups."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from runicorn_site.web.addresses import site_address


def _change_password(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    return redirect(site_address("/account"))


admin.site.unregister([User, Group])
# Django's own view would not count wrong old passwords.
admin.site.password_change = _change_password  # type: ignore[method-assign, assignment]
admin.site.site_header = admin.site.site_title = "Runicorn"
admin.site.index_title = _("Curation")
