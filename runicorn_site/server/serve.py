"""Serving: the only way to start the application, for `runicorn viewer` and `manage.py runserver` alike.

    listen → make the database ready → open the storage root → daphne → background work → the same in reverse

Nothing of it happens at import or in `ready()`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from people import options as people_options
from runicorn.settings import capabilities
from runicorn.settings import user as own
from runicorn_site.security.forwarding import BadForwarding, Forwarding, networks, path_prefix
from runicorn_site.security.listening import is_loopback, listen, url
from runicorn_site.security.unix_socket import listen_on, name_of
from runicorn_site.server.limits import limit_allocator, raise_descriptor_limit
from runicorn_site.server.options import Options
from runicorn_site.web.hidden_modules import COLORS, MAIL, defer, replaced, without
from runicorn_tools.cli.support.browser import open_privately

if TYPE_CHECKING:
    from daphne.server import Server

    from runicorn_site.security.guard import Policy

STOP_SECONDS = 2.5
"""From the end of the last answer to the end of the process, whatever a view still waits for."""

REMOTE_SECONDS = 1.5
"""Of these for the end of viewers on other machines and of the connections to them."""

SWITCH_SECONDS = 0.0005
"""Turn of a thread during the start."""

SPARED = ("django.contrib.postgres.fields", "markdown", "requests", "pygments", "yaml", "uritemplate")
"""REST framework loads these where they are installed, for uses that it does not have here: a seventh of the start."""

SCHEMAS = "rest_framework.schemas.openapi"
"""Its own description of an API; drf-spectacular makes that of this one."""

TLS = "OpenSSL"
"""Twisted loads it where it is installed, a tenth of the start; this server speaks plain HTTP."""

logger = logging.getLogger(__name__)


class MissingRoot(Exception):
    """The requested storage root is missing or not a folder."""


def serve(options: Options) -> None:
    """Serve until SIGTERM or Ctrl-C; the process then ends in here.

    Raises:
        CannotListen: the port is taken, or the host is not an address of this machine.
        BadToken: others can reach the address and there is no token, or its file holds none.
        BadForwarding: the base path or a trusted proxy is malformed.
    """
    if options.reload:
        from django.utils import autoreload

        autoreload.run_with_reloader(Serving(options, signals=False).run)
    else:
        Serving(options).run()


def existing_root(path: Path | None) -> Path:
    """The folder to show; made when none was named, for a new user does not have it yet.

    Raises:
        MissingRoot: the requested root is missing or cannot be created.
    """
    root = own.storage_root(path)
    if path is None:
        with suppress(OSError):  # reported below as missing
            root.mkdir(parents=True, exist_ok=True)
    if not root.is_dir():
        raise MissingRoot(f"There is no folder {root}")
    return root


def bind_pool(root: Path, options: Options) -> None:
    """Use the bucket of the options, or of the environment, for the contents that this root receives.

    Raises:
        BadPool: it is malformed, or belongs to another store.
    """
    if options.artifact_pool:
        os.environ["RUNICORN_ARTIFACT_POOL"] = options.artifact_pool
    if options.presigned_downloads:
        os.environ["RUNICORN_PRESIGNED_DOWNLOADS"] = "yes"
    if url := own.get("RUNICORN_ARTIFACT_POOL"):
        from runicorn.artifacts.s3.binding import bind
        from runicorn.artifacts.store import Store

        bind(root, Store(root).path, url)


class Serving:
    """One viewer process, from its listening socket to its end."""

    def __init__(self, options: Options, *, signals: bool = True) -> None:
        """Prepare nothing yet; with `signals` SIGTERM and Ctrl-C end the process once it runs.

        Raises:
            BadForwarding: the base path or a trusted proxy is malformed.
        """
        self.options = options
        self.signals = signals
        self.runtime_files: list[Path] = []
        self.token_file: Path | None = None
        self.makes_token = False
        self.is_loaded = False
        self.failure: BaseException | None = None
        self.switch_interval = sys.getswitchinterval()
        trusted = options.trusted_proxies or (own.get("RUNICORN_TRUSTED_PROXY"),)
        base = options.base_path or own.get("RUNICORN_BASE_PATH")
        self.forwarding = Forwarding(path_prefix(base), networks(trusted), options.auth_header, _is_route)
        if options.auth_header and not self.forwarding.trusted:
            raise BadForwarding("--auth-header needs --trusted-proxy: only that proxy may name the user")

    def run(self) -> NoReturn:
        """Start everything, serve, stop everything in reverse, and exit the process."""
        # What is imported stays: looking for garbage among it again and again takes a third of the start.
        gc.disable()
        capabilities.disable(self.options.disable)
        self.root = existing_root(self.options.storage)
        raise_descriptor_limit()
        limit_allocator()
        if self.signals:  # until those of the loop: what was made so far is removed again
            signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        with ExitStack() as failing:
            failing.callback(self.remove_runtime_files)
            self.listen()
            self.prepare()
            self.daphne = self.server()
            failing.pop_all()
        status = 0
        try:
            self.daphne.run()
            if self.failure is not None:
                raise self.failure
        except Exception:
            # The edge of the main thread: the process ends without coming back from here.
            logger.exception("The server failed")
            status = 1
        finally:
            self.stop(status)

    def listen(self) -> None:
        """Bind the port."""
        if self.options.socket is not None:
            path = self.options.socket.expanduser().absolute()
            self.listening = listen_on(path)
            self.runtime_files.append(path)
            self.bound, self.port = "localhost", 0
            self.url = f"unix:{path}"
            return
        self.listening = listen(self.options.host, self.options.port)
        self.bound, self.port = self.listening.getsockname()[:2]
        # `localhost` may lead a browser to ::1, where another user can listen on the same port.
        self.url = url(self.bound if is_loopback(self.bound) else self.options.host, self.port)
        self.url += self.forwarding.base

    def prepare(self) -> None:
        """Guard, tables, storage root."""
        import django

        os.environ[people_options.SETTING] = people_options.ON if self.has_users() else "no"
        with replaced(COLORS, color_style=None), replaced(MAIL, get_connection=None, send_mail=None):
            import django.utils.log

            django.setup()
        from django.db import connections

        from runicorn_site.database import prepare as database
        from runicorn_site.database.durable import prepare_durable
        from runs.active_root import activate

        bind_pool(self.root, self.options)
        logging.getLogger().setLevel(self.options.log_level)
        self.policy = self.admission_policy()
        database.prepare()
        prepare_durable()
        activate(self.root)
        database.watch(reopen)
        connections.close_all()  # this thread asks no more; their caches are for what is imported next

    def has_users(self) -> bool:
        """Return whether users sign in to this viewer.

        Raises:
            BadToken: it is to have users and a token.
        """
        from runicorn_site.security.token_source import BadToken

        options = self.options
        if options.users and (options.token or options.no_token):
            raise BadToken("--users excludes --token and --no-token")
        if options.users or options.auth_header or (people_options.has_users() and not options.token):
            return True
        token = options.token or options.no_token or own.get("RUNICORN_TOKEN")
        return options.socket is None and not is_loopback(self.bound) and not token

    def admission_policy(self) -> Policy:
        from django.conf import settings

        from runicorn_site.security import policy as admission
        from runicorn_site.security.token_source import AUTO, NEW

        allowed = self.options.allowed_hosts or tuple(own.get("RUNICORN_ALLOWED_HOSTS").split(","))
        if people_options.has_users():
            from people.directory import Directory
            from runicorn_site.security.guard import Policy
            from runicorn_site.security.request_rules import allowed_names

            names = allowed_names(self.options.host, (self.bound, *allowed))
            return Policy(names, people=Directory(), forwarding=self.forwarding)
        socket = self.options.socket
        token = self.options.token or ("" if self.options.no_token else own.get("RUNICORN_TOKEN"))
        token_path = settings.STATE_DIR / f"token-{name_of(socket) if socket else self.port}"
        if not (socket or self.options.port):  # the next start has another port
            self.runtime_files.append(token_path)
        wishes = admission.TokenOptions(token, self.options.no_token or (socket is not None and not token))
        policy = admission.policy(
            self.bound, self.options.host, allowed, wishes, token_path, settings.TOKEN_COOKIE_NAME
        )
        self.makes_token = policy.tokens is not None and token in ("", AUTO, NEW)
        if policy.tokens is not None:
            self.token_file = token_path if self.makes_token else Path(token).expanduser().absolute()
        return replace(policy, forwarding=self.forwarding)

    def load(self) -> None:
        """Import all there is to import, before a second thread could do the same."""
        from django.conf import settings
        from django.urls import get_resolver

        with without(*SPARED), replaced(SCHEMAS, AutoSchema=None, SchemaGenerator=None):
            import rest_framework.compat
            import rest_framework.schemas  # noqa: F401
        from remote.services import connections
        from runicorn_site.server.worker import Worker

        self.remote = connections
        self.worker = Worker(Path(settings.STATE_DIR))
        with replaced(MAIL, EmailMultiAlternatives=None):
            get_resolver().check()
        self.is_loaded = True

    def server(self) -> Server:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured

        from runicorn_site.server.checked_settings import check_settings
        from runicorn_site.server.opening import Opening
        from runicorn_site.transport import deferred_sockets
        from runicorn_tools.archives.limits import configured

        defer("http.cookiejar")  # of twisted's client, with that of urllib
        with without(TLS), replaced("twisted.internet.endpoints", serverFromString=None):
            deferred_sockets.install()
            from runicorn_site.server.runner import SiteServer

        try:
            limits = configured()
        except ValueError as error:
            raise ImproperlyConfigured(str(error)) from error
        check_settings()
        self.policy = replace(self.policy, forwarding=self.forwarding)
        self.opening = Opening(self.policy)
        return SiteServer(
            self.served(),
            self.policy,
            self.listening,
            self.ready,
            self.start_shutdown_timer,
            self.signals,
            settings.STATE_DIR,
            limits.bytes,
        )

    def served(self) -> Any:
        """Return the ASGI application that answers while the site is imported, and hands over to it."""
        return self.opening

    def application(self) -> Any:
        from runicorn_site.server.application import build

        self.policy = replace(self.policy, forwarding=self.forwarding)
        return build(self.policy)

    def ready(self) -> None:
        """daphne listens: say so, import the site, and then begin the background work."""
        self.announce()
        # A request that comes meanwhile would wait 5 ms for each turn of the thread that imports.
        sys.setswitchinterval(SWITCH_SECONDS)
        loop = asyncio.get_event_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="start")
        started = thread.submit(self._start, loop)
        started.add_done_callback(lambda task: loop.call_soon_threadsafe(self._check_start, task))
        thread.shutdown(wait=False)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        from django.db import connections

        from runicorn_site.server.greeting import notify_systemd

        self.load()
        from metrics.api.requests import SeriesQuery
        from metrics.query import first_chart
        from people.access.routes import table
        from runicorn_site.transport.routing import compile_patterns
        from runicorn_site.web.compiled_query import compiled
        from runs.index import discovery

        # What a request may need is there before the first one is handed over.
        discovery.expect_first_scan()
        self.remote.start()
        application = self.application()
        loop.call_soon_threadsafe(self.opening.hand_over, application)
        gc.freeze()
        gc.enable()
        self.worker.start()
        notify_systemd()
        compile_patterns()
        table()
        compiled(SeriesQuery)
        # On a thread that answers requests: it keeps its connections for the first of them.
        application.requests.pools["quick"].submit(first_chart.prepare)
        connections.close_all()

    def _check_start(self, started: Future[None]) -> None:
        sys.setswitchinterval(self.switch_interval)
        self.failure = started.exception()
        if self.failure is not None:
            self.daphne.stop()

    def announce(self) -> None:
        """Announce the viewer's URL: in the terminal, to the SDK, and in the browser."""
        from alerts.delivery import links

        links.set_own(self.url)
        tokens = self.policy.tokens
        if self.options.socket is None:  # the SDK prints links, and a socket has none
            self.register()
        if tokens is not None:
            tokens.publish_once()
        entry = self.url if tokens is None or self.options.socket else f"{self.url}/?once={tokens.once}"
        print("\n".join(self.greeting(entry)), flush=True)  # noqa: T201
        if self.options.open_browser and self.options.socket is None:
            private = self.url if self.policy.owner is not None else entry
            threading.Thread(target=open_privately, args=(private,), daemon=True).start()

    def register(self) -> None:
        """Add this viewer to the list of viewers, from which the SDK takes links."""
        try:
            note = own.register_viewer(
                self.url,
                self.root,
                token_needed=self.policy.is_closed,
                token_file=self.token_file,
                owner_passes=self.policy.owner is not None,
            )
        except OSError as error:
            logger.error("Runs print no link to this viewer, since it cannot write its address: %s", error)
        else:
            self.runtime_files.append(note)

    def greeting(self, entry: str) -> list[str]:
        from runicorn_site.server import greeting

        new_token_file = self.token_file if self.makes_token else None
        return greeting.lines(entry, self.root, self.options, self.policy, new_token_file)

    def start_shutdown_timer(self, draining: float) -> None:
        """Exit `STOP_SECONDS` after the `draining` seconds that connections may take, whatever hangs."""
        timer = threading.Timer(draining + STOP_SECONDS, self.exit_now)
        timer.daemon = True
        timer.start()

    def exit_now(self) -> None:
        """End at once: what there was to stop took too long."""
        try:
            self.remove_runtime_files()
        finally:
            os._exit(0)

    def stop(self, status: int) -> NoReturn:
        """Stop the background work, clear up and end, without waiting for views that hang."""
        try:
            with ExitStack() as ends:  # from the last line to the first, each whatever became of the others
                ends.callback(sys.stdout.flush)
                ends.callback(logging.shutdown)
                ends.push(_log_error)
                ends.callback(self.remove_runtime_files)
                if self.is_loaded:
                    ends.callback(self.worker.stop, timeout=STOP_SECONDS)
                    ends.callback(self.remote.stop, REMOTE_SECONDS)
        finally:
            # Python would join the threads of the request pools, and one may wait for another host for minutes.
            os._exit(status)

    def remove_runtime_files(self) -> None:
        """Remove the files that stand for this process."""
        for path in self.runtime_files:
            path.unlink(missing_ok=True)


def _is_route(path: str) -> bool:
    from runicorn_site.server.application import is_route  # imports the site

    return is_route(path)


def _log_error(kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
    if error is not None:
        logger.error("The end failed", exc_info=error)
    return True


def reopen() -> None:
    """Show the storage root again after its database was rebuilt, without what was remembered of earlier rows."""
    from metrics.ingest import catch_up as metrics
    from runs.active_root import activate, active_root
    from runs.index import discovery
    from runs.query import counts

    earlier = active_root()
    discovery.forget(earlier)
    metrics.forget(earlier)
    root = activate(earlier.path)
    discovery.forget(root)
    metrics.forget(root)
    counts.invalidate(root)
