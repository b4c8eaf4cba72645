"""Section of the settings page that checks the store in the background, as `runicorn fsck` does."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from runicorn.artifacts.errors import ArtifactError
from runicorn_site.pages.forms import CheckForm
from runicorn_site.pages.settings import show_settings
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import fragment
from runicorn_tools import fsck
from runicorn_tools.fsck.repair import DERIVED, repair
from runs.active_root import active_root
from runs.index import discovery

SHOWN = 50
"""Findings on the page; `runicorn fsck` prints all."""
logger = logging.getLogger(__name__)


@dataclass
class StoreCheck:
    root: str
    contents: bool
    report: fsck.Report = field(default_factory=fsck.Report)
    started: float = field(default_factory=time.time)
    ended: float | None = None
    problem: str | Promise = ""

    def run(self) -> None:
        try:
            fsck.check(Path(self.root), contents=self.contents, report=self.report)
        except (OSError, ValueError, ArtifactError) as error:
            logger.exception("The check of %s failed", self.root)
            self.problem = format_lazy(_("The check failed: {error}"), error=error)
        finally:
            self.ended = time.time()

    @property
    def visible_findings(self) -> list[fsck.Finding]:
        return self.report.findings[:SHOWN]

    @property
    def hidden(self) -> int:
        """Number of findings that are not shown."""
        return max(0, len(self.report.findings) - SHOWN)

    @property
    def repairable(self) -> int:
        """Number of findings about derived files."""
        return sum(f.kind in DERIVED and not f.is_repaired for f in self.report.findings)


_lock = threading.Lock()
_latest: StoreCheck | None = None


def latest_check() -> StoreCheck | None:
    """Return the check of the active root that was started last."""
    return _latest if _latest is not None and _latest.root == active_root().path else None


def _start_or_repair(request: HttpRequest) -> HttpResponse:
    """Start a check, unless one is running; with `repair`, repair what the last one found in derived files."""
    global _latest
    root, form = active_root(), CheckForm(request.POST)
    form.full_clean()
    with _lock:
        check = latest_check()
        is_running = check is not None and check.ended is None
        if form.cleaned_data["repair"] and check is not None and not is_running:
            try:
                repair(Path(root.path), check.report)
            except OSError as error:
                reason = error.strerror or error
                check.problem = format_lazy(_("Not everything could be repaired: {reason}."), reason=reason)
            discovery.full(root)
        elif not is_running:
            _latest = StoreCheck(root.path, contents=form.cleaned_data["contents"])
            threading.Thread(target=_latest.run, name="store-check", daemon=True).start()
    return redirect(site_address("/settings/check#check-title"))


# The disk of the store may not respond.
@access(Scope.ADMIN)
@blocking
@require_http_methods(["GET", "HEAD", "POST"])
def show_check(request: HttpRequest) -> HttpResponse:
    """Start a check, or render the settings with the latest one; to scripts that follow it, only the check."""
    if request.method == "POST":
        return _start_or_repair(request)
    if "HX-Request" in request.headers:
        return fragment(request, "_check.html", {"check": latest_check()})
    return show_settings(request, check=latest_check())


page_patterns = [path("settings/check", show_check, name="check-store")]
