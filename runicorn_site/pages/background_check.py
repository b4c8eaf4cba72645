"""The check of the store that was started last on the settings page."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from runicorn.artifacts.errors import ArtifactError
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


def start_check(*, contents: bool) -> None:
    """Start a check of the active root, unless one is running."""
    global _latest
    with _lock:
        check = latest_check()
        if check is None or check.ended is not None:
            _latest = StoreCheck(active_root().path, contents=contents)
            threading.Thread(target=_latest.run, name="store-check", daemon=True).start()


def repair_findings() -> None:
    """Repair what the last check found in derived files, unless one is running."""
    root = active_root()
    with _lock:
        check = latest_check()
        if check is None or check.ended is None:
            return
        try:
            repair(Path(root.path), check.report)
        except OSError as error:
            reason = error.strerror or error
            check.problem = format_lazy(_("Not everything could be repaired: {reason}."), reason=reason)
        discovery.full(root)
