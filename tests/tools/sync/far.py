"""A remote host with a store: a real SSH server that logs SFTP requests, and real clients of it."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import paramiko

from tests.processes import PROJECT
from tests.sshd import Sshd
from tests.waiting import until

SFTP_SERVER = "/usr/lib/openssh/sftp-server"


class TalkativeSshd(Sshd):
    """A server that logs each SFTP request to a file, and whose Python has Runicorn."""

    def __init__(self, folder: Path, *settings: str) -> None:
        super().__init__(folder, *settings)
        self.sftp_log = folder / "sftp.log"
        self.sftp_log.touch()
        home, log = shlex.quote(str(self.home)), shlex.quote(str(self.sftp_log))
        self._script("sftp", f"exec {SFTP_SERVER} -e -l DEBUG3 -d {home} 2>>{log}")
        self.python = self._script(
            "python", f'PYTHONPATH={shlex.quote(str(PROJECT))} exec {shlex.quote(sys.executable)} "$@"'
        )

    def _script(self, name: str, line: str) -> str:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
        return str(path)

    def config(self) -> str:
        """The server's configuration."""
        usual = f'Subsystem sftp internal-sftp -d "{self.home}"'
        assert usual in super().config()
        return super().config().replace(usual, f"Subsystem sftp {self.folder / 'sftp'}")

    def requests(self) -> list[str]:
        """Return the types of SFTP requests so far, in order."""
        return re.findall(r"^debug\d: request \d+: (?!sent)(\w+)", self.sftp_log.read_text(), re.MULTILINE)

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Collect the requests of the block, until all connections have ended."""
        before = len(self.requests())
        requests: list[str] = []
        yield requests
        until(lambda: not self.sessions())
        requests += self.requests()[before:]


@contextmanager
def over_asyncssh(server: Sshd) -> Iterator[Any]:
    """asyncssh's SFTP client in the event loop of another thread."""
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

    connection, client = asyncio.run_coroutine_threadsafe(connect(), loop).result(90)
    try:
        yield client
    finally:
        asyncio.run_coroutine_threadsafe(disconnect(connection), loop).result(90)
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
    """The path of the remote store."""
    return server.home / "store"
