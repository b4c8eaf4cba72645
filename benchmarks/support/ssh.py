"""A remote host: an OpenSSH server on a loopback port, with its own keys and home, and clients of it."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.support.processes import PROJECT, free_port
from benchmarks.support.waiting import until

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
SFTP_SERVER = "/usr/lib/openssh/sftp-server"


def keygen(path: Path) -> Path:
    """Create a private key at `path`, and its public key beside it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


class Sshd:
    """An SSH server of this user that logs each SFTP request to a file.

    Commands of a login run with `HOME=<home>`; SFTP starts there. `python` has Runicorn.
    """

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir(parents=True)
        self.port, self.username = free_port(), getpass.getuser()
        self.key, self.host_key = keygen(folder / "user_key"), keygen(folder / "host_key")
        self.log, self.sftp_log = folder / "sshd.log", folder / "sftp.log"
        self.sftp_log.touch()
        home, log = shlex.quote(str(self.home)), shlex.quote(str(self.sftp_log))
        self.sftp = self._script("sftp", f"exec {SFTP_SERVER} -e -l DEBUG3 -d {home} 2>>{log}")
        interpreter, project = shlex.quote(sys.executable), shlex.quote(str(PROJECT))
        self.python = self._script("python", f'PYTHONPATH={project} exec {interpreter} "$@"')
        self.process: subprocess.Popen[bytes] | None = None

    def _script(self, name: str, line: str) -> str:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
        return str(path)

    @property
    def known_hosts_line(self) -> str:
        """The line for a known_hosts file."""
        public = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        return f"[{self.host}]:{self.port} {public}\n"

    def login(self, **more: object) -> dict[str, object]:
        """Return a body for `/api/remote/connect` with the right key."""
        body = {"host": self.host, "port": self.port, "username": self.username}
        return {**body, "private_key_path": str(self.key), **more}

    def start(self) -> Sshd:
        """Start listening."""
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        variables = f'RUNICORN_CONFIG_DIR="{self.home}/.config" RUNICORN_DATA_DIR="{self.home}/.local"'
        lines = [
            *(f"ListenAddress {self.host}", f"Port {self.port}", f"HostKey {self.host_key}", "PidFile none"),
            *("UsePAM no", "StrictModes no", "UseDNS no", "PermitRootLogin yes", "PrintMotd no"),
            *("AllowTcpForwarding yes", "MaxSessions 50", "MaxStartups 100:30:200"),
            f"AuthorizedKeysFile {self.folder / 'user_key.pub'}",
            f'SetEnv HOME="{self.home}" {variables}',
            f"Subsystem sftp {self.sftp}",
        ]
        config = self.folder / "sshd_config"
        config.write_text("\n".join(lines) + "\n")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._listens)
        return self

    def _listens(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(self.log.read_text(errors="replace"))
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def sessions(self) -> list[psutil.Process]:
        """Return the processes of logins and their commands."""
        if self.process is None:
            return []
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def requests(self) -> list[str]:
        """Return the types of SFTP requests so far, in order."""
        return re.findall(r"^debug\d: request \d+: (?!sent)(\w+)", self.sftp_log.read_text(), re.MULTILINE)

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Collect the requests of the block, until all connections have ended."""
        before = len(self.requests())
        collected: list[str] = []
        yield collected
        until(lambda: not self.sessions())
        collected += self.requests()[before:]

    def stop(self) -> None:
        """End the server and every login."""
        if self.process is None:
            return
        sessions = self.sessions()
        self.process.kill()
        self.process.wait(60)
        for session in sessions:
            with suppress(psutil.Error):
                session.kill()
        self.process = None


@contextmanager
def over_asyncssh(server: Sshd) -> Iterator[Any]:
    """Run asyncssh's SFTP client in the event loop of another thread."""
    import asyncssh

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


def create_environment(home: Path) -> None:
    """Create a virtual environment with Runicorn where remote viewers look for one."""
    target = home / ".venv"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(target)
    (site,) = target.glob("lib/python*/site-packages")
    ours = next(entry for entry in sys.path if entry.endswith("site-packages"))
    (site / "ours.pth").write_text(f"{PROJECT}\n{ours}\n")
