"""Process that watches folders: started with the first folder, ended with the viewer."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from runicorn.settings import capabilities
from runicorn_importers.watching import watched_folders as watched
from runicorn_tools.entry_list import UnreadableList

SERVICE = "runicorn_importers.watching.service"
CHECK_SECONDS = 1.0
STOP_SECONDS = 5.0
AFTER_END_SECONDS = 10.0
logger = logging.getLogger(__name__)


class WatchProcess:
    """The process for one storage root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, goes_on: Callable[[], bool], wait: Callable[[float], object]) -> None:
        """Start and end the process as folders are added and removed, until `goes_on` says no.

        Args:
            goes_on: whether this server is to watch.
            wait: wait a number of seconds, or less if the server ends.
        """
        try:
            while goes_on():
                if self._process is not None and (code := self._process.poll()) is not None:
                    logger.warning("The process that watches folders ended with code %s", code)
                    self._process = None
                    wait(AFTER_END_SECONDS)
                elif self._is_wanted() and self._process is None:
                    self._start()
                elif not self._is_wanted():
                    self.stop()
                wait(CHECK_SECONDS)
        finally:
            self.stop()

    def _is_wanted(self) -> bool:
        try:
            return "watch" not in capabilities.disabled() and bool(watched.read(str(self.root)))
        except (UnreadableList, capabilities.UnknownCapability, OSError):
            return False

    def _start(self) -> None:
        # Its standard input is closed when this process ends, however that happens.
        self._process = subprocess.Popen(
            [sys.executable, "-m", SERVICE, str(self.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """End the process: it writes nothing that a later one could not complete."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
