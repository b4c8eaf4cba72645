"""Alerts that a script raises."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runicorn.store.journal import encode
from runicorn.store.run_folder import RunFolder

if TYPE_CHECKING:
    from runicorn.api.responses.alerts import Level

LEVELS: tuple[Level, ...] = ("info", "warn", "error")
TITLE_LENGTH, TEXT_LENGTH = 200, 1000


class Alerting:
    """The part of a run that raises alerts."""

    _folder: RunFolder

    def _notice_when_ended(self) -> None:
        raise NotImplementedError

    def alert(self, title: str, text: str = "", level: Level = "info") -> None:
        """Raise an alert: a record of the run that the viewer lists and sends to its channels.

        Args:
            title: what happened, up to 200 characters.
            text: details, up to 1,000 characters.
            level: "info", "warn" or "error".

        Raises:
            ValueError: the title is empty, or the level is unknown.
        """
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
        shown = str(title).strip()
        if not shown:
            raise ValueError("title must not be empty")
        data: dict[str, Any] = {
            "title": shown[:TITLE_LENGTH],
            "text": str(text)[:TEXT_LENGTH],
            "level": level,
        }
        self._folder.append(self._folder.events, encode("alert", data, time.time()))
        self._notice_when_ended()
