"""Process that watches folders: started with the first folder, ended with the viewer."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.db import DatabaseError, close_old_connections

from runicorn.settings import capabilities
from runicorn_importers.watching.state import Folder
from runicorn_site.watching.services import folders_of

SERVICE = "runicorn_importers.watching.service"
CHECK_SECONDS = 1.0
IDLE_SECONDS = 30.0
STOP_SECONDS = 5.0
AFTER_END_SECONDS = 10.0
logger = logging.getLogger(__name__)


class WatchProcess:
    """The process for one storage root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._process: subprocess.Popen[bytes] | None = None
        self._told: list[Folder] = []

    def run(self, goes_on: Callable[[], bool], wait: Callable[[float], object]) -> None:
        """Start and end the process as folders are added and removed, until `goes_on` says no.

        Args:
            goes_on: whether this server is to watch.
            wait: wait a number of seconds, or less if a row changes or the server ends.
        """
        try:
            while goes_on():
                if self._process is not None and (code := self._process.poll()) is not None:
                    logger.warning("The process that watches folders ended with code %s", code)
                    self._process = None
                    wait(AFTER_END_SECONDS)
                else:
                    self._tell(self._folders())
                # A folder that is added rings; that watching is allowed again does not.
                wait(IDLE_SECONDS if self._process is None else CHECK_SECONDS)
        finally:
            self.stop()

    def _folders(self) -> list[Folder]:
        try:
            if "watch" in capabilities.disabled():
                return []
        except capabilities.UnknownCapability:
            return []
        close_old_connections()
        try:
            return [Folder(row.id, row.path, row.project) for row in folders_of(str(self.root))]
        except DatabaseError as error:
            logger.error("The watched folders cannot be read: %s", error)
            return self._told

    def _tell(self, folders: list[Folder]) -> None:
        """Start or end the process, and send it the folders where they have changed."""
        if not folders:
            self.stop()
            return
        if self._process is None:
            self._start()
        elif folders == self._told:
            return
        assert self._process is not None and self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended
            self._process.stdin.write(json.dumps(folders).encode() + b"\n")
            self._process.stdin.flush()
        self._told = folders

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
