"""Page of the audit log, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from people.changes import MOST_LINES, ChangeRecord, read_changes
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking

MOST = 500
RESULTS = {"": _("All"), "done": _("Done"), "refused": _("Refused")}


class Filters(NamedTuple):
    """Filters of the page: text in the user, in everything else, earliest day, and result."""

    user: str
    text: str
    since: str
    result: str

    def matches(self, change: ChangeRecord) -> bool:
        if self.user and self.user.casefold() != change.get("user", "").casefold():
            return False
        fields = (
            change.get("path", ""),
            change.get("address", ""),
            change.get("about", ""),
            *change.get("runs", ()),
        )
        if self.text and not any(self.text.casefold() in field.casefold() for field in fields):
            return False
        if self.result and (change.get("status", 0) >= 400) != (self.result == "refused"):
            return False
        return change.get("at", 0) >= self.earliest

    @property
    def earliest(self) -> float:
        """The beginning of the first day, in Unix seconds; 0 without one."""
        try:
            return datetime.fromisoformat(self.since).timestamp()
        except ValueError:
            return 0.0


@access(Scope.ADMIN)
@blocking
@never_cache
@require_safe
def changes_page(request: HttpRequest) -> HttpResponse:
    """Render the last changes that pass the filters, newest first."""
    filters = Filters(*(request.GET.get(field, "").strip() for field in Filters._fields))
    context = {
        "changes": read_changes(filters.matches, MOST),
        "filters": filters,
        "results": list(RESULTS.items()),
        "kept": MOST_LINES,
        "most": MOST,
    }
    return render(request, "people/changes.html", context)
