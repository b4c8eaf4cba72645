"""Labels of roles and scopes."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from people.access.actor import Role
from runicorn_site.web.access import Scope

ROLE_LABELS: dict[Role, Promise] = {
    Role.READ: _("Read"),
    Role.WRITE_OWN: _("Write own runs"),
    Role.WRITE_ALL: _("Write all runs"),
    Role.CURATE: _("Curate"),
    Role.ADMIN: _("Administer"),
}
SCOPE_LABELS: dict[Scope, Promise] = {
    Scope.READ: _("Read"),
    Scope.WRITE: _("Upload runs and artifacts"),
    Scope.CURATE: _("Curate"),
    Scope.ADMIN: _("Administer"),
}


def role_label(role: Role) -> Promise:
    return ROLE_LABELS[role]
