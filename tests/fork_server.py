"""A process that imports the libraries of the viewer once and forks for each start of one; see `tests/forks.py`."""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import warnings
from contextlib import suppress
from typing import Any

SETTINGS = ("RUNICORN_", "DJANGO_")
IMPORTS = (
    *("django.core.management.base", "django.db.backends.sqlite3.base", "django.db.migrations.executor"),
    *("django.template.loader", "django.urls", "django.views.generic.base", "django.views.static"),
    *("django.contrib.staticfiles.finders", "django.db.models.sql.compiler", "django.forms"),
    *("cryptography.hazmat.primitives.serialization", "jinja2", "markdown", "markdown_it", "numpy", "orjson"),
    *("prometheus_client", "psutil", "tsdownsample", "typer", "uritemplate", "yaml"),
    *("autobahn.wamp.message", "autobahn.websocket.protocol", "hyperlink"),
    *("twisted.internet.asyncioreactor", "twisted.internet.endpoints", "twisted.web.http"),
    *("http.cookiejar", "multiprocessing.context", "tarfile", "tomllib", "unittest.mock"),
    *("wsgiref.simple_server", "xml.dom.minidom", "zipfile"),
    *("runicorn.api.responses.watching", "runicorn.cli.viewer", "runicorn.export.exporters"),
    *("runicorn.importers.watch_service", "runicorn.maintenance.fsck", "runicorn.sync.mirror"),
)
"""Nothing that starts a thread of Python, opens a descriptor or installs an event loop."""


class Environment(os._Environ[str]):
    """Variables of the process while it imports: what is imported holds for forks with any settings."""

    def __getitem__(self, name: str) -> str:
        assert not name.startswith(SETTINGS), f"{name} is read by an import"
        return super().__getitem__(name)


def main() -> None:
    """Import, then fork for each request; a fork leaves the loop and runs its program."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    usual, os.environ.__class__ = os.environ.__class__, Environment
    for name in IMPORTS:
        with suppress(ImportError):  # other versions of the libraries may have other modules
            importlib.import_module(name)
    os.environ.__class__ = usual
    gc.freeze()
    become(**serve(control))


def serve(control: socket.socket) -> dict[str, Any]:
    """Return in forks only; the process ends when the other end of `control` is closed."""
    ends: dict[int, int] = {}
    wakeup, written = os.pipe()
    os.set_blocking(written, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    while True:
        readable, _, _ = select.select([control, wakeup], [], [])
        if wakeup in readable:
            os.read(wakeup, 4096)
            report(ends)
        if control in readable:
            request, descriptors, _, _ = socket.recv_fds(control, 2**20, 2)
            if not request:
                os._exit(0)
            output, end = descriptors
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # threads of numpy, which survive a fork
                pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                os.dup2(output, 1)
                os.dup2(output, 2)
                control.detach()
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                return dict(json.loads(request))
            os.close(output)
            ends[pid] = end
            control.send(str(pid).encode())


def report(ends: dict[int, int]) -> None:
    """Write the status of each fork that has ended into its pipe."""
    for pid, end in list(ends.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del ends[pid]
            with suppress(BrokenPipeError):
                os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(end)


def become(module: str, arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """Run `python -m module …` as if this process had just begun."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[0] = folder
    sys.argv[1:] = arguments
    gc.enable()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
