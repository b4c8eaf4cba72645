"""A process that imports the libraries of the viewer once and forks for each start of one; see `tests/forks.py`.

With the arguments `plain` and a folder it imports the server as well, or with `users` one to which users sign in. Only the
settings depend on the environment; a fork reads them again.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import secrets
import select
import signal
import socket
import sys
import warnings
from contextlib import suppress
from typing import Any

SETTINGS = ("RUNICORN_", "DJANGO_")
USERS = "RUNICORN_USERS"
"""On it depend the imports of the server: each kind is for one value."""
SETTINGS_MODULE = "runicorn_site.settings"
IMPORTS = (
    *("django.core.management.base", "django.db.backends.sqlite3.base", "django.db.migrations.executor"),
    *("django.template.loader", "django.urls", "django.views.generic.base", "django.views.static"),
    *("django.contrib.staticfiles.finders", "django.db.models.sql.compiler", "django.forms"),
    *("cryptography.hazmat.primitives.serialization", "jinja2", "markdown", "markdown_it", "numpy", "orjson"),
    *("prometheus_client", "psutil", "typer", "uritemplate", "yaml"),
    *("autobahn.wamp.message", "autobahn.websocket.protocol", "hyperlink"),
    *("twisted.internet.asyncioreactor", "twisted.internet.endpoints", "twisted.web.http"),
    *("http.cookiejar", "multiprocessing.context", "tarfile", "tomllib", "unittest.mock"),
    *("wsgiref.simple_server", "xml.dom.minidom", "zipfile"),
    *("runicorn.api.responses.watching", "runicorn_site.cli.viewer", "runicorn_tools.export.exporters"),
    *("runicorn_importers.watching.service", "runicorn_tools.fsck", "runicorn_tools.sync.mirror"),
)
"""Nothing that starts a thread of Python, opens a descriptor or installs an event loop."""
SERVER = (
    *("runicorn_site.urls", "runicorn_site.server.serve", "runicorn_site.server.worker"),
    *("runicorn_site.server.application", "runicorn_site.server.greeting"),
    *("runicorn_site.database.prepare", "people.database", "people.services"),
    *("runicorn_site.security.policy", "remote.services.connections"),
    *("alerts.delivery.links", "django.core.management.commands.migrate"),
    *("django.contrib.sessions.backends.db", "django.contrib.sessions.backends.signed_cookies"),
    *("django.contrib.messages.storage.session", "django.contrib.auth.backends", "encodings.idna"),
    *("runicorn_site.server.launch_request", "runicorn_site.server.remote_mode"),
)
"""Imported after the settings, with the same limits."""
ITERATIONS = 1000
"""Of the hash of a password, instead of a million: half a second each."""


class Environment(os._Environ[str]):
    """Variables of the process while it imports: what is imported holds for forks with any settings."""

    def __getitem__(self, name: str) -> str:
        assert name == USERS or not name.startswith(SETTINGS), f"{name} is read by an import"
        return super().__getitem__(name)


def main() -> None:
    """Import, then fork for each request; a fork leaves the loop and runs its program."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    usual, os.environ.__class__ = os.environ.__class__, Environment
    import_all(IMPORTS)
    has_server = len(sys.argv) > 2
    added = import_server(usual) if has_server else {}
    os.environ.__class__ = usual
    gc.freeze()
    request = serve(control)
    if has_server:
        renew(added)
    become(**request)


def import_all(names: tuple[str, ...]) -> None:
    for name in names:
        with suppress(ImportError):  # other versions may have other modules
            importlib.import_module(name)


def import_server(usual: type[os._Environ[str]]) -> dict[str, Any]:
    """Import the server, with settings read for this alone; return the settings that applications added to them."""
    import django
    from django.conf import settings

    # Not the folder of this file, which has a package `artifacts` too.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    kind, data = sys.argv[2:]
    own = {f"RUNICORN_{name}_DIR": data for name in ("CONFIG", "DATA")}
    own |= {"DJANGO_SETTINGS_MODULE": SETTINGS_MODULE}
    os.environ.__class__ = usual
    os.environ.update(own | {USERS: "yes" if kind == "users" else "no"})
    before = set(dir(settings))  # reads them
    for name in own:
        del os.environ[name]
    os.environ.__class__ = Environment
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    django.setup()
    PBKDF2PasswordHasher.iterations = ITERATIONS
    from runicorn_site.server import serve

    with serve._without(*serve.SPARED):
        importlib.import_module("rest_framework.compat")
    import_all(SERVER)
    from django.db.migrations.loader import MigrationLoader
    from django.template.loader import get_template
    from django.urls import Resolver404, resolve

    MigrationLoader(None)
    for name in settings.MIDDLEWARE:
        importlib.import_module(name.rpartition(".")[0])
    with suppress(Resolver404):
        resolve("/no/such/address")  # compiles all patterns
    (folder,) = settings.TEMPLATES[0]["DIRS"]
    for path in folder.rglob("*.html"):
        get_template(path.relative_to(folder).as_posix())
    return {name: getattr(settings, name) for name in set(dir(settings)) - before}


def renew(added: dict[str, Any]) -> None:
    """Forget the settings and what depends on them, and what must differ from process to process."""
    from asgiref.local import Local
    from django.apps import apps
    from django.conf import LazySettings, settings
    from django.core.cache import caches
    from django.db import connections
    from django.utils.functional import empty

    from metrics.ingest import intake
    from remote.ssh import credentials

    installed, kind = list(settings.INSTALLED_APPS), sys.argv[2]

    def populate(chosen: list[str]) -> None:
        assert list(chosen) == installed, f"tests/forks.py chose {kind!r}"

    def read(self: LazySettings, name: str | None = None) -> None:
        usual(self, name)
        vars(self._wrapped).update(added)

    apps.populate = populate
    usual, LazySettings._setup = LazySettings._setup, read
    del sys.modules[SETTINGS_MODULE]
    settings._wrapped = empty
    for handler in (connections, caches):
        vars(handler).pop("settings", None)
        handler._settings = None
        handler._connections = Local(handler.thread_critical)
    intake._OWNER = f"{os.getpid()}-{secrets.token_hex(4)}"
    credentials._KEY = secrets.token_bytes(len(credentials._KEY))


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
            request, descriptors, _, _ = socket.recv_fds(control, 2**20, 4)
            if not request:
                os._exit(0)
            *streams, end = descriptors
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # threads of numpy, which survive a fork
                pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                control.detach()
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                return dict(json.loads(request))
            for stream in streams:
                os.close(stream)
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
