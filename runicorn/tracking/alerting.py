"""Alerts that a script raises."""

from __future__ import annotations

import time

from runicorn.store.journal import encode
from runicorn.store.values import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runicorn.api.responses.alerts import Level

LEVELS: tuple[Level, ...] = ("info", "warn", "error")
TITLE_LENGTH, TEXT_LENGTH = 200, 1000


def line(title: str, text: str, level: Level) -> bytes:
    """Return the line of an alert in the journal.

    Raises:
        ValueError: the title is empty, or the level is unknown.
    """
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
    plain_title = text_of(title).strip()
    if not plain_title:
        raise ValueError("title must not be empty")
    data: dict[str, Any] = {
        "title": plain_title[:TITLE_LENGTH],
        "text": text_of(text)[:TEXT_LENGTH],
        "level": level,
    }
    return encode("alert", data, time.time())
