"""Demo as a child process of the server, and the form actions that start and stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_POST
from rest_framework import status

from runicorn.newer_python import module_command
from runicorn.store import layout
from runicorn_site.demo.trials import PROJECT
from runicorn_site.web.access import Scope, access
from runicorn_site.web.service_error import ServiceError
from runs.active_root import active_root
from runs.models import Run, StorageRoot

RUNNING = gettext_noop("The demo is already running.")
READ_ONLY = gettext_noop("The storage root is read-only, so the demo cannot write runs.")


class CannotStart(ServiceError):
    """The demo cannot be started now."""

    status_code = status.HTTP_409_CONFLICT


class Demo:
    """The demo of this server: at most one at a time, which ends with the server at the latest."""

    total = 14

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread()
        self._root: StorageRoot | None = None
        self._began, self._failure = 0.0, ""

    @property
    def running(self) -> bool:
        """Whether it trains into the active root."""
        return self._thread.is_alive() and self._root == active_root()

    @property
    def number(self) -> int:
        """Which of the `total` runs it is at, from 1."""
        runs = Run.objects.in_root(active_root()).filter(project=PROJECT)
        return max(1, min(runs.filter(created__gte=self._began - 1).count(), self.total))

    @property
    def failure(self) -> str:
        """Why it ended early in the active root: the last line it said; empty when it did not."""
        return self._failure if self._root == active_root() else ""

    @property
    def impossible(self) -> str:
        """Why the active root can take no demo; empty when it can."""
        return "" if os.access(active_root().path, os.W_OK | os.X_OK) else gettext(READ_ONLY)

    def start(self) -> None:
        """Train small networks into the active root.

        Raises:
            CannotStart: it is running already, or nothing can be written.
        """
        with self._lock:
            if self._thread.is_alive():
                raise CannotStart(RUNNING)
            if self.impossible:
                raise CannotStart(READ_ONLY)
            self._root, self._began, self._failure = active_root(), time.time(), ""
            options = "--storage", self._root.path, "--runs", str(self.total), "--while-open"
            # Its standard input is closed when this process ends, however that happens.
            self._process = subprocess.Popen(
                module_command("runicorn", "demo", *options),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            self._thread = threading.Thread(target=self._wait, args=(self._process,), daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """Stop it; the run that it is at ends as interrupted."""
        if self._process is not None:
            self._process.terminate()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of the process; one that was told to stop has not failed."""
        with process:
            errors = process.stderr.read() if process.stderr is not None else b""
        if process.returncode not in (0, -signal.SIGTERM):
            lines = errors.decode("utf-8", "replace").strip().splitlines()
            self._failure = (
                layout.CONTROL.sub("", lines[-1]) if lines else f"exit status {process.returncode}"
            )


demo = Demo()


@access(Scope.ADMIN)
@require_POST
def start_demo(request: HttpRequest) -> HttpResponse:
    """Start training the demo, and redirect to the runs table."""
    demo.start()
    return redirect("runs")


@access(Scope.ADMIN)
@require_POST
def cancel_demo(request: HttpRequest) -> HttpResponse:
    """Stop the demo; its runs stay."""
    demo.cancel()
    return redirect("runs")


page_patterns = [
    path("demo/start", start_demo, name="start-demo"),
    path("demo/cancel", cancel_demo, name="cancel-demo"),
]
