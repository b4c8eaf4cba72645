"""Alerts of other trackers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runicorn.compat.guard import guarded
from runicorn.tracking.alerting import LEVELS
from runicorn.tracking.run import Run

if TYPE_CHECKING:
    from runicorn.api.responses.alerts import Level


def raise_alert(run: Run, title: object, text: object, level: Any) -> None:
    """Raise an alert of our run, and add it to its log.

    Args:
        run: our run.
        title: what happened.
        text: details; empty or None without any.
        level: a word, or a member of the tracker's enumeration of levels; unknown ones become "info".
    """
    with guarded("an alert"):
        word = str(getattr(level, "value", level) or "info").lower()
        details = "" if text is None else str(text)
        run.log_text(f"{word.upper()} {title}: {details}" if details else f"{word.upper()} {title}")
        known_level: Level = next((candidate for candidate in LEVELS if candidate == word), "info")
        run.alert(str(title), details, known_level)
