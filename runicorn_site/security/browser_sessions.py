"""Revocation of all browser sessions: the cookies that stand for the token.

What a cookie holds depends on a salt in a file, which all viewers of a user on a machine share. A new salt ends every
session at once, also those of viewers in other processes; the token stays.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from runicorn import _platform

FILE = "browser-sessions"
LARGEST_FILE = 1024


def end_all(directory: Path) -> None:
    """End the sessions of all browsers with the viewers that keep their state in `directory`.

    Raises:
        OSError: the new salt could not be written; the sessions go on.
    """
    _platform.replace_file(directory / FILE, secrets.token_hex(16).encode(), mode=0o600)


class BrowserSessions:
    """The salt of the cookies that are valid now."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._stamp: tuple[int, int, int] | None = None
        self._salt = ""

    def salt(self) -> str:
        """Return the salt; it is read again when its file was replaced. Empty until sessions were ended once."""
        try:
            info = self.path.stat()
            stamp = (info.st_ino, info.st_mtime_ns, info.st_size)
            if stamp != self._stamp:
                content = _platform.read_regular(self.path, LARGEST_FILE, follow_links=False)
                self._salt, self._stamp = content.decode("ascii", errors="replace"), stamp
        except OSError:
            # Only its owner can have removed it; the salt of before stays valid while this process runs.
            return self._salt
        return self._salt
