"""Rows of viewer sessions, which follow the state in memory.

Sessions change in the loop of `remote/ssh/loop.py`, which must not wait for a database, so one thread writes in order.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any, TypedDict

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from remote.models import Connection, ViewerSession
from remote.ssh.address import Address
from remote.viewers.session import Session
from runicorn.store.process_identity import ProcessRecord, has_ended, host_identity, own_identity

logger = logging.getLogger(__name__)
writer = ThreadPoolExecutor(1, thread_name_prefix="remote-rows")


def follow(session: Session) -> None:
    """Write the current state of a session to its row; delete the row of an ended one."""
    if session.state == "stopped":
        forget(session)
    else:
        writer.submit(_write_row, _keep, session.id, session.address, _fields(session))


def forget(session: Session) -> None:
    writer.submit(_write_row, _remove, session.id, None, None)


def flush(timeout: float) -> None:
    """Wait until all pending changes are written, at most `timeout` seconds."""
    with suppress(NotInTime):
        writer.submit(connections.close_all).result(timeout)


def delete_stale() -> None:
    """Delete the rows of processes of this machine that have exited."""
    here = host_identity()
    places = {"machine_id": here["machine_id"], "pid_namespace": here["pid_namespace"]}
    for row in ViewerSession.objects.filter(**places):
        if has_ended(ProcessRecord(row.owner_pid, row.owner_start, boot_id=row.boot_id, **places)):
            row.delete()


class SessionFields(TypedDict):
    remote_root: str
    environment: str
    local_port: int
    remote_port: int
    remote_pid: int | None
    state: str
    stage: str
    error_message: str
    started: float


def _fields(session: Session) -> SessionFields:
    report = session.report
    return {
        "remote_root": report.root if report is not None else session.parameters.root,
        "environment": session.target.environment
        if session.target is not None
        else session.parameters.environment,
        "local_port": session.tunnel.port,
        "remote_port": report.port if report is not None else 0,
        "remote_pid": report.pid if report is not None else None,
        "state": session.state,
        "stage": session.stage,
        "error_message": session.error_message,
        "started": session.started_at,
    }


def _write_row(write: Any, session_id: str, address: Address | None, fields: SessionFields | None) -> None:
    try:
        close_old_connections()
        write(session_id, address, fields)
    except (DatabaseError, InterfaceError):  # the session itself is unaffected
        logger.exception("The row of session %s could not be written", session_id)


def _keep(session_id: str, address: Address, fields: SessionFields) -> None:
    address_fields = {"host": address.host, "port": address.port, "username": address.username}
    defaults = {**fields, "connection": Connection.objects.filter(**address_fields).first()}
    own = own_identity()
    owner = {"owner_pid": own.pop("pid"), "owner_start": own.pop("process_start"), **own}
    ViewerSession.objects.update_or_create(
        session_id=session_id, defaults=defaults, create_defaults=defaults | owner
    )


def _remove(session_id: str, _address: Address | None, _fields: None) -> None:
    ViewerSession.objects.filter(session_id=session_id).delete()
