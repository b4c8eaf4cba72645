"""Services for remote viewers; those for connections are in `remote/services/connections.py`."""

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
"""Sessions of one process; also the number of failed ones that are kept."""
AT_ONCE_SECONDS = 5.0
"""For work that waits for no other host."""
START_SECONDS = sum(LIMITS.values()) + 10
STOP_SECONDS = 20.0
COPY_SECONDS = 360.0
FOLDER = "~/.cache/runicorn"


def patience() -> float:
    """Return the seconds that a viewer waits for a lost session: `RUNICORN_REMOTE_PATIENCE`, at least one."""
    try:
        return max(1.0, float(get("RUNICORN_REMOTE_PATIENCE")))
    except ValueError:
        return 120.0


def start_viewer(
    *,
    parameters: SessionParameters,
    address: Address,
    credentials: Credentials | None = None,
    wait: bool = True,
) -> Session:
    """Start a remote viewer and a tunnel to it.

    Args:
        parameters: what the viewer shows, and how.
        credentials: for a new connection; None uses the open one.
        wait: return once the viewer runs. If false, return at once; `viewer_session` has the progress and the error.

    Raises:
        TooManySessions: the limit of running sessions is reached.
        ViewerFailed: a stage failed or timed out, or the session was stopped meanwhile.
    """
    if credentials is None:
        pool.get(address.id)
    session = loop.run(_begin_session(address, parameters, _connector(address, credentials)), AT_ONCE_SECONDS)
    if wait:
        try:
            loop.run(_wait_until_ready(session), START_SECONDS)
        except RemoteError:
            loop.run(_end(session), STOP_SECONDS)
            raise
    return session


def _connector(address: Address, credentials: Credentials | None) -> Connect:
    def by_row() -> PooledConnection:
        """Run `services.connect` on a thread: it writes rows and waits for the loop."""
        assert credentials is not None
        try:
            return services.connect(address=address, credentials=credentials)
        finally:
            connections.close_all()

    async def connect() -> PooledConnection:
        return pool.get(address.id) if credentials is None else await asyncio.to_thread(by_row)

    return connect


async def _begin_session(address: Address, parameters: SessionParameters, connect: Connect) -> Session:
    failed = [session for session in sessions.all() if session.state == "failed"]
    if len(sessions.all()) - len(failed) >= MOST:
        raise TooManySessions(MOST)
    for session in failed[: 1 - MOST]:  # the oldest
        await _end(session)
    session = Session(address, parameters, session_rows.follow)
    session.begin(connect)
    sessions.add(session)
    return session


async def _wait_until_ready(session: Session) -> None:
    try:
        await asyncio.shield(session.ready)
    except asyncio.CancelledError:
        if not session.ready.cancelled():  # only the wait is cancelled
            raise
        raise ViewerFailed("The start of the viewer was stopped.") from None


async def _end(session: Session) -> None:
    sessions.forget(session)
    await session.end()


def stop_viewer(*, session_id: str) -> None:
    """Close the tunnel, stop the remote viewer and delete the row, in this order; a failed one is only removed."""
    loop.run(_end(viewer_session(session_id=session_id)), STOP_SECONDS)
    session_rows.flush(AT_ONCE_SECONDS)


def viewer_sessions() -> list[Session]:
    """Return the viewers of this process in the order of their start."""
    return sessions.all()


def viewer_session(*, session_id: str) -> Session:
    session = sessions.by_id.get(session_id)
    if session is None:
        raise SessionNotFound(session_id)
    return session


def copy_program(*, connection_id: str, environment: str) -> CopiedProgram:
    """Copy this program as wheels to a remote host; return their paths and the command that installs them.

    Raises:
        RemoteOperationFailed: this program could not be packed or copied; no partial file is left on the host.
    """
    connection = pool.get(connection_id)
    try:
        wheels = wheel.own_wheels()
    except wheel.CannotPack as error:
        raise RemoteOperationFailed(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="runicorn-wheel-") as folder:
        sources = [Path(folder, name) for name in wheels]
        for source in sources:
            source.write_bytes(wheels[source.name])
        python, files, own = loop.run(_copy_wheels(connection, environment, sources), COPY_SECONDS)
    return {
        "ok": True,
        "file": files[-1],
        "files": files,
        "size": sum(map(len, wheels.values())),
        "python": python,
        "command": wheel.install_command(python, files, own),
        "message": f"Copied to {' and '.join(files)} on {connection.address.host}. Run the command there, then start the viewer again.",
    }


async def _copy_wheels(
    connection: PooledConnection, environment: str, sources: list[Path]
) -> tuple[str, list[str], str]:
    """Copy the wheels; return the Python, the paths of the wheels, and the virtual environment to create or ""."""
    target = await discovery.find_by_name(connection, environment)
    files = [await sftp.put(connection.link, source, f"{FOLDER}/{source.name}") for source in sources]
    output = await connection.link.run(
        target.path, "-", stdin=probe.script("own_environment.py"), timeout=discovery.DESCRIBE_SECONDS
    )
    lines = output.stdout.decode("utf-8", "replace").splitlines()
    own = next((line[len(wheel.OWN_MARK) :] for line in lines if line.startswith(wheel.OWN_MARK)), "")
    return target.path, files, own
