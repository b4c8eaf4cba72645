"""Leases that elect one of several servers on a database for each background task.

The clock of the database decides, so the clocks of the servers need not agree. A killed server is replaced after
`LEASE_SECONDS`; one that ends releases what it holds.
"""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.db.models import Q
from django.db.models.functions import Now

from runicorn_site.cluster.models import Lease

LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.0
UNREACHABLE = (OperationalError, InterfaceError)
logger = logging.getLogger(__name__)


class HeldLease:
    """A lease of this process, which another thread renews."""

    def __init__(self, asked_at: float) -> None:
        self.asked_at = asked_at
        """When the last successful request for it was sent, by `time.monotonic()`."""

    def is_held(self) -> bool:
        """Return whether no other server can hold it; call this between steps of the work."""
        return time.monotonic() < self.asked_at + LEASE_SECONDS


class Leases:
    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()[:40]}-{secrets.token_hex(8)}"
        self._held: dict[str, HeldLease] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="leases", daemon=True)

    def start(self) -> None:
        """Start to renew leases; returns at once."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._ended.set()
        self._thread.join(timeout)

    @contextmanager
    def hold(self, name: str) -> Iterator[HeldLease]:
        """Acquire a lease, and release it at the end.

        Raises:
            BlockingIOError: another server holds it.
            django.db.Error: the database cannot be reached.
        """
        lease = HeldLease(time.monotonic())
        if not self._acquire(name):
            raise BlockingIOError(name)
        with self._lock:
            self._held[name] = lease
        try:
            yield lease
        finally:
            with self._lock:
                del self._held[name]
            with suppress(*UNREACHABLE):  # it expires
                close_old_connections()
                Lease.objects.filter(name=name, owner=self.owner).update(until=Now())

    def _acquire(self, name: str) -> bool:
        free = Lease.objects.filter(Q(until__lte=Now()) | Q(owner=self.owner), name=name)
        if free.update(owner=self.owner, until=_end()):
            return True
        if Lease.objects.filter(name=name).exists():
            return False
        # Of several servers that find no row one inserts it, and all compete for it.
        Lease.objects.bulk_create([Lease(name=name, owner="", until=Now())], ignore_conflicts=True)
        return bool(free.update(owner=self.owner, until=_end()))

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            try:
                close_old_connections()
                self._renew_once()
            except UNREACHABLE as error:
                logger.debug("Leases are not renewed: %s", error)
        connections.close_all()

    def _renew_once(self) -> None:
        with self._lock:
            leases = dict(self._held)
        for name, lease in leases.items():
            asked_at = time.monotonic()
            # An expired lease is not revived: another server may have held it meanwhile.
            mine = Lease.objects.filter(name=name, owner=self.owner, until__gt=Now())
            if lease.is_held() and mine.update(until=_end()):
                lease.asked_at = asked_at


def _end() -> object:
    return Now() + timedelta(seconds=LEASE_SECONDS)
