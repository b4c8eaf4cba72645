"""Format of the server's log."""

from __future__ import annotations

import logging
import re

LINK = re.compile(r"(/(?:s|invitations)/)[\w.-]{20,}")
"""A shared link, or an invitation, in an address."""


class WithoutLinks(logging.Formatter):
    """Lines without the secrets of links, which readers of the log could open."""

    def format(self, record: logging.LogRecord) -> str:
        return LINK.sub(r"\1…", super().format(record))
