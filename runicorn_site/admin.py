"""The admin site is for curation. Users and groups have no place there: there is one user, and no login."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _

admin.site.unregister([User, Group])
admin.site.site_header = admin.site.site_title = "Runicorn"
admin.site.index_title = _("Curation")
