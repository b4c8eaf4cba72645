"""Another machine with a store: a real SSH server that tells each SFTP request, and real clients of it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import paramiko

from tests.remote.sshd import Sshd
from tests.waiting import until


class TalkativeSshd(Sshd):
    """A server whose log has a line for each request that its SFTP part is asked."""

    def config(self) -> str:
        """The server's configuration."""
        return (
            super().config().replace("Subsystem sftp internal-sftp", "Subsystem sftp internal-sftp -l DEBUG3")
        )

    def requests(self) -> list[str]:
        """The kinds of SFTP requests so far, in order."""
        return re.findall(r"debug\d: request \d+: (\w+)", self.output)

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The requests within the block, complete when it has been left and all connections have ended."""
        before = len(self.requests())
        found: list[str] = []
        yield found
        until(lambda: not self.sessions())
        found += self.requests()[before:]


@contextmanager
def over_asyncssh(server: Sshd) -> Iterator[Any]:
    """asyncssh's SFTP client, living in the loop of another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def connect() -> tuple[Any, Any]:
        options = {"username": server.username, "client_keys": [str(server.key)], "known_hosts": None}
        connection = await asyncssh.connect(server.host, server.port, config=None, **options)
        return connection, await connection.start_sftp_client()

    async def disconnect(connection: Any) -> None:
        connection.close()
        await connection.wait_closed()

    connection, client = asyncio.run_coroutine_threadsafe(connect(), loop).result(30)
    try:
        yield client
    finally:
        asyncio.run_coroutine_threadsafe(disconnect(connection), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def over_paramiko(server: Sshd) -> Iterator[Any]:
    """paramiko's SFTP client."""
    transport = paramiko.Transport((server.host, server.port))
    transport.connect(
        username=server.username, pkey=paramiko.Ed25519Key.from_private_key_file(str(server.key))
    )
    try:
        yield paramiko.SFTPClient.from_transport(transport)
    finally:
        transport.close()


LIBRARIES = {"asyncssh": over_asyncssh, "paramiko": over_paramiko}


def store_of(server: Sshd) -> Path:
    """Where the store of the other machine lies."""
    return server.home / "store"
