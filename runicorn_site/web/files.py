"""Open files of a storage root for responses and live readers. No Django."""

from __future__ import annotations

import os
from pathlib import Path

from runicorn._platform import open_regular


class OpenFile:
    """A descriptor that is closed when the last reference to it goes.

    A read in a worker thread outlives the cancelled task that started it. If the descriptor were closed explicitly,
    that read could hit another file under the same number.
    """

    def __init__(self, path: Path) -> None:
        """Open a regular file, not following a symbolic link.

        Raises:
            OSError: it is missing, or not a regular file.
        """
        self.fd = -1
        self.fd = open_regular(path, follow_links=False)

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
