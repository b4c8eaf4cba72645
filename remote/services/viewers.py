"""The verbs of viewers on other machines; those of the connections are in `remote/services/connections.py`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from django.db import connections

from remote.environments import discovery, probe
from remote.errors import RemoteError, RemoteOperationFailed
from remote.services import connections as services
from remote.ssh import sftp
from remote.ssh.address import Address
from remote.ssh.credentials import Credentials
from remote.ssh.loop import loop
from remote.ssh.pool import PooledConnection, pool
from remote.viewers import session_rows, wheel
from remote.viewers.errors import SessionNotFound, TooManySessions, ViewerFailed
from remote.viewers.session import LIMITS, Connect, Session, SessionParameters, sessions
from runicorn.api.responses.remote import CopiedProgram
from runicorn.settings.user import get

MOST = 32
"""Sessions of one process, and as many that have failed."""
AT_ONCE_SECONDS = 5.0
"""For what waits for nobody else."""
START_SECONDS = sum(LIMITS.values()) + 10
STOP_SECONDS = 20.0
COPY_SECONDS = 360.0
FOLDER = "~/.cache/runicorn"


def patience() -> float:
    """Seconds that a viewer waits for a lost session: `RUNICORN_REMOTE_PATIENCE`, at least one."""
    try:
        return max(1.0, float(get("RUNICORN_REMOTE_PATIENCE")))
    except ValueError:
        return 120.0


def start_viewer(
    *, wanted: SessionParameters, address: Address, credentials: Credentials | None = None, wait: bool = True
) -> Session:
    """Start a viewer on another machine and a tunnel to it.

    Args:
        wanted: what it is to show.
        address: where, and as whom.
        credentials: how to connect; without them there is a connection already.
        wait: return when it runs. Else at once: `viewer_session` tells how far it is, and why it failed.

    Raises:
        ConnectionNotFound: there is none to the address.
        LocalPortInUse: the port that was asked for is somebody's.
        TooManySessions: too many sessions run already.
        ProgramNotInstalled: the environment does not have this program in it.
        ViewerFailed: a stage failed or took too long, or somebody stopped the session meanwhile.
        and as `services.connect`.
    """
    if credentials is None:
        pool.get(address.id)
    session = loop.run(_begun(address, wanted, _connecting(address, credentials)), AT_ONCE_SECONDS)
    if wait:
        try:
            loop.run(_running(session), START_SECONDS)
        except RemoteError:
            loop.run(_end(session), STOP_SECONDS)
            raise
    return session


def _connecting(address: Address, credentials: Credentials | None) -> Connect:
    def by_row() -> PooledConnection:
        """`services.connect` writes rows and waits for the loop: both are for a thread."""
        assert credentials is not None
        try:
            return services.connect(address=address, credentials=credentials)
        finally:
            connections.close_all()

    async def connect() -> PooledConnection:
        return pool.get(address.id) if credentials is None else await asyncio.to_thread(by_row)

    return connect


async def _begun(address: Address, wanted: SessionParameters, connect: Connect) -> Session:
    failed = [session for session in sessions.all() if session.state == "failed"]
    if len(sessions.all()) - len(failed) >= MOST:
        raise TooManySessions(MOST)
    for session in failed[: 1 - MOST]:  # nobody has looked at them for long
        await _end(session)
    session = Session(address, wanted, session_rows.follow)
    session.begin(connect)
    sessions.add(session)
    return session


async def _running(session: Session) -> None:
    try:
        await asyncio.shield(session.ready)
    except asyncio.CancelledError:
        if not session.ready.cancelled():  # it is the waiting that ends
            raise
        raise ViewerFailed("The start of the viewer was stopped.") from None


async def _end(session: Session) -> None:
    sessions.forget(session)
    await session.end()


def stop_viewer(*, session_id: str) -> None:
    """End the tunnel, the viewer over there and the row, in this order; one that failed is forgotten.

    Raises:
        SessionNotFound: there is no such session.
    """
    loop.run(_end(viewer_session(session_id=session_id)), STOP_SECONDS)
    session_rows.flush(AT_ONCE_SECONDS)


def viewer_sessions() -> list[Session]:
    """The viewers of this process, in the order in which they were started."""
    return sessions.all()


def viewer_session(*, session_id: str) -> Session:
    """One of them.

    Raises:
        SessionNotFound: there is no such session.
    """
    session = sessions.by_id.get(session_id)
    if session is None:
        raise SessionNotFound(session_id)
    return session


def copy_program(*, connection_id: str, environment: str) -> CopiedProgram:
    """Copy this program as a wheel to another machine; where it is, and the command that installs it there.

    Raises:
        ConnectionNotFound: there is no such connection.
        EnvironmentNotFound: there is no such environment.
        RemoteOperationFailed: this program could not be packed or copied; nothing is left over there.
        RemotePermissionDenied: the user there may not write into the home.
        ConnectionLost: the connection was lost.
    """
    connection = pool.get(connection_id)
    try:
        content = wheel.own_wheel()
    except wheel.CannotPack as error:
        raise RemoteOperationFailed(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="runicorn-wheel-") as folder:
        source = Path(folder) / wheel.NAME
        source.write_bytes(content)
        python, place, own = loop.run(_copied(connection, environment, source), COPY_SECONDS)
    return {
        "ok": True,
        "file": place,
        "size": len(content),
        "python": python,
        "command": wheel.install_command(python, place, own),
        "message": f"Copied to {place} on {connection.address.host}. Run the command there, then start the viewer again.",
    }


async def _copied(connection: PooledConnection, environment: str, source: Path) -> tuple[str, str, str]:
    """Copy the wheel; the Python, where the wheel is, and the folder of the environment to make for it or ""."""
    one = await discovery.called(connection, environment)
    place = await sftp.put(connection.link, source, f"{FOLDER}/{source.name}")
    output = await connection.link.run(
        one.path, "-", stdin=probe.script("own_environment.py"), timeout=discovery.DESCRIBE_SECONDS
    )
    lines = output.stdout.decode("utf-8", "replace").splitlines()
    own = next((line[len(wheel.OWN_MARK) :] for line in lines if line.startswith(wheel.OWN_MARK)), "")
    return one.path, place, own
