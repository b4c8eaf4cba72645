"""Demo started from a page: `runicorn demo` as a child process of the server."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_noop

import runicorn
from runicorn.store import layout
from runs.active_root import active_root
from runs.models import Run, StorageRoot

RUNS = 12
LAST_BYTES = 2000
READ_ONLY = gettext_noop("The storage root is read-only, so the demo cannot write runs.")
logger = logging.getLogger(__name__)


class CannotStart(Exception):
    """The demo cannot be started now; the text is a sentence for people."""


@dataclass
class Training:
    """One demo: its process and what it says."""

    root: StorageRoot
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    cancelled: bool = False
    began: float = field(default_factory=time.time)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def number(self) -> int:
        """Which of the `RUNS` runs it is at, from 1."""
        begun = Run.objects.in_root(self.root).filter(
            created__gte=self.began - 1, group__startswith="search-"
        )
        return max(1, min(begun.count(), RUNS))

    @property
    def done(self) -> int:
        """Runs that have ended."""
        return self.number - 1

    @property
    def failure(self) -> str:
        """Why it ended early: the last line it said; empty when it did not."""
        if self.running or self.cancelled or self.process.returncode == 0:
            return ""
        size = self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, size - LAST_BYTES))
        lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        return layout.CONTROL.sub("", lines[-1]) if lines else f"exit status {self.process.returncode}"

    def forget(self) -> None:
        """Release the resources of an ended process."""
        self.process.wait()
        self.errors.close()
        if self.process.stdin is not None:
            self.process.stdin.close()


class Demo:
    """The demo of this server: at most one at a time."""

    total = RUNS

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._training: Training | None = None

    @property
    def training(self) -> Training | None:
        """The demo of the active root that was started last, running or ended."""
        training = self._training
        return training if training is not None and training.root.pk == active_root().pk else None

    @property
    def impossible(self) -> str:
        """Why the active root can take no demo; empty when it can."""
        return "" if os.access(active_root().path, os.W_OK | os.X_OK) else READ_ONLY

    def start(self) -> None:
        """Train a dozen networks into the active root.

        Raises:
            CannotStart: it is running already, or nothing can be written.
        """
        with self._lock:
            if self._training is not None and self._training.running:
                raise CannotStart(gettext_noop("The demo is already running."))
            root = active_root()
            if self.impossible:
                raise CannotStart(self.impossible)
            if self._training is not None:
                self._training.forget()
            self._training = _begin(root)

    def cancel(self) -> None:
        """Stop it; the run that it is at ends as interrupted."""
        with self._lock:
            if self._training is not None and self._training.running:
                self._training.cancelled = True
                self._training.process.terminate()


def _begin(root: StorageRoot) -> Training:
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the training
    place = str(Path(runicorn.__file__).resolve().parent.parent)
    path = os.pathsep.join([place, *filter(None, [os.environ.get("PYTHONPATH")])])
    # `-P`: a folder of the user's that is called like a module of ours must not get in the way.
    command = [sys.executable, "-P", "-m", "runicorn", "demo", "--storage", root.path, "--runs", str(RUNS)]
    process = subprocess.Popen(
        [*command, "--while-open"],
        # The server never writes to it. It closes when the server ends in any way, and so does the child.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=os.environ | {"PYTHONPATH": path},
    )
    logger.info("The demo trains into %s (pid %s)", root.path, process.pid)
    return Training(root, process, errors)


demo = Demo()
