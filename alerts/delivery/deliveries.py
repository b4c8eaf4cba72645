"""Deliver events to channels from the table `AlertDelivery`.

Rows are claimed by a conditional update with a lease, so that of several viewers one sends; the claim of a killed one
ends. Each channel has a thread of its own while it has something to send: one that hangs delays no other.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache

from django.db import connections
from django.db.models import F, Min, Q

from alerts.models import AlertChannel, AlertDelivery, with_runs
from runicorn import _platform
from runicorn.store.process_identity import ProcessRecord, has_ended, host_identity

PATIENCE = (1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3 * 3600.0)
"""Seconds before the second and each further attempt."""
LEASE_SECONDS = 120.0
"""Longer than one message may take."""
MOST = 500
SINGLY = 5
"""Of more events that wait for a channel, one message tells all."""
POLL_SECONDS = 1.0
IDLE_SECONDS = 600.0
wake = threading.Event()
"""Set when there may be something new to deliver."""
logger = logging.getLogger(__name__)


class Deliverer:
    """Threads that deliver messages."""

    def __init__(self) -> None:
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def until(self, goes_on: Callable[[], bool]) -> None:
        """Start threads for channels with due messages as long as `goes_on()`."""
        release_claims_of_ended_processes()
        while goes_on():
            wake.clear()
            for channel in due_channels():
                self._start(channel)
            wake.wait(seconds_until_due())

    def _start(self, channel: int) -> None:
        with self._lock:
            if channel in self._busy:
                return
            self._busy.add(channel)
        threading.Thread(target=self._run, args=(channel,), name=f"alerts-{channel}", daemon=True).start()

    def _run(self, channel: int) -> None:
        try:
            deliver(channel)
        finally:
            connections.close_all()
            with self._lock:
                self._busy.discard(channel)


def due_channels() -> list[int]:
    """Return the channels that have something to send now."""
    due = AlertDelivery.objects.filter(_due(time.time()), channel__enabled=True)
    return list(due.values_list("channel_id", flat=True).distinct())


def seconds_until_due() -> float:
    """Return when the next message is due."""
    pending = AlertDelivery.objects.filter(status=AlertDelivery.PENDING, channel__enabled=True)
    due_at: float | None = pending.aggregate(due_at=Min("due_at"))["due_at"]
    if due_at is None:
        return IDLE_SECONDS
    # One that is due may be claimed by another server, whose claim ends.
    return min(max(POLL_SECONDS, due_at - time.time()), IDLE_SECONDS)


def deliver(channel_id: int) -> int:
    """Send what is due for a channel; return how many events were delivered."""
    from alerts.delivery import sending

    channel = AlertChannel.objects.filter(pk=channel_id, enabled=True).first()
    if channel is None:
        return 0
    token, now = f"{_place()}-{os.getpid()}-{secrets.token_hex(8)}", time.time()
    free = AlertDelivery.objects.filter(_due(now), channel=channel)
    keys = list(free.order_by("pk").values_list("pk", flat=True)[:MOST])
    free.filter(pk__in=keys).update(claim=token, claimed_until=now + LEASE_SECONDS)
    ours = AlertDelivery.objects.filter(claim=token, status=AlertDelivery.PENDING)
    rows = list(ours.select_related("event__rule").order_by("pk"))
    with_runs(row.event for row in rows)
    groups = [rows] if len(rows) > SINGLY else [[row] for row in rows]
    for delivered, group in enumerate(groups):
        # Others may have them once the lease has ended: a stopped process that goes on again sends nothing twice.
        ids = [row.pk for row in group]
        claimed_count = ours.filter(pk__in=ids).update(claimed_until=time.time() + LEASE_SECONDS)
        if claimed_count != len(ids):
            continue
        try:
            # A service may refuse the picture: every second attempt is made without.
            pictured = group[0].tries % 2 == 0
            sending.send(channel, [row.event for row in group], pictured=pictured)
        except sending.NotSent as error:
            _fail(token, channel, [row for rest in groups[delivered:] for row in rest], str(error))
            return delivered
        ours.filter(pk__in=ids).update(status=AlertDelivery.SENT, tries=F("tries") + 1, claim="")
        AlertChannel.objects.filter(pk=channel.pk).exclude(last_error=None).update(last_error=None)
    return len(rows)


def release_claims_of_ended_processes() -> None:
    """Release what processes of this machine claimed that were killed, instead of waiting for the end of their leases."""
    pending = AlertDelivery.objects.filter(status=AlertDelivery.PENDING).exclude(claim="")
    for claim in set(pending.values_list("claim", flat=True)):
        place, _, rest = claim.partition("-")
        pid = rest.partition("-")[0]
        if (
            place == _place()
            and pid.isdigit()
            and has_ended(ProcessRecord.from_dict({"pid": int(pid), **host_identity()}))
        ):
            pending.filter(claim=claim).update(claim="", claimed_until=0.0)


@cache
def _place() -> str:
    """Return a digest of where process ids mean the same processes: machine, boot and namespace."""
    place = f"{_platform.machine_id()} {_platform.boot_id()} {_platform.pid_namespace()}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _due(now: float) -> Q:
    """Return the condition on rows that may be claimed. Times too far ahead are from before the clock was set back."""
    # Another server may have claimed it by a clock that is slightly ahead of this one.
    latest = now + LEASE_SECONDS
    due = Q(due_at__lte=now) | Q(due_at__gt=latest + PATIENCE[-1])
    free = Q(claimed_until__lt=now) | Q(claimed_until__gt=latest + LEASE_SECONDS) | Q(claim="")
    return Q(status=AlertDelivery.PENDING) & due & free


def _fail(token: str, channel: AlertChannel, rows: Sequence[AlertDelivery], reason: str) -> None:
    """Put off what could not be sent, and give up after the last attempt."""
    logger.warning("Channel %s (%s): %s", channel.pk, channel.kind, reason)
    AlertChannel.objects.filter(pk=channel.pk).update(last_error=reason)
    ours = AlertDelivery.objects.filter(claim=token, status=AlertDelivery.PENDING)
    for tries in {row.tries for row in rows}:
        alike = ours.filter(pk__in=[row.pk for row in rows if row.tries == tries])
        if tries < len(PATIENCE):
            alike.update(tries=tries + 1, due_at=time.time() + PATIENCE[tries], claim="", claimed_until=0.0)
        else:
            alike.update(tries=tries + 1, status=AlertDelivery.FAILED, claim="", claimed_until=0.0)
